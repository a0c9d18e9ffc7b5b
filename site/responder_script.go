package site

import (
	"bytes"

	"vitrine/site/resource"
	"vitrine/trace"
)

// target is what an application is asked for.
type target struct {
	file *resource.Found // nil: the application has no scripts
	name []byte          // SCRIPT_NAME
	info []byte          // PATH_INFO
}

// target finds the script that the path leads to. Nothing that is not there is ever asked for: neither a part of a path that
// only looks like a script, nor anything below a file. The next step is ask when there is one; otherwise it says where
// the walk goes on: a file, a redirect to the folder's slash, an error, or off the loop since something is not in memory.
func (v *visit) target() (out target, next step, why *trace.Reason) {
	t := v.settings
	r := t.responder
	path := v.request().Path()
	if len(r.conf.Split) == 0 {
		prefix := v.strippedPrefix()
		AppWhole.Reach()
		if v.looking() {
			v.tell("script", AppWhole, &r.conf.Pos, string(path), true)
		}
		return target{name: []byte(prefix), info: path[len(prefix):]}, ask, nil
	}
	below, _ := t.below(path)
	prefix := v.strippedPrefix()

	for start := 1; start < len(below); {
		end := len(below)
		if i := bytes.IndexByte(below[start:], '/'); i >= 0 {
			end = start + i
		}
		if r.ends(below[start:end]) {
			f, failure, wait := v.find(below[:end])
			switch {
			case wait:
				return v.findOff()
			case failure != nil && failure.Status != 404:
				next, why = v.failed(failure)
				return out, next, why
			case failure == nil && f.Kind == resource.File:
				return v.scriptIs(f, prefix, path[len(path)-(len(below)-end):], AppScript)
			}
			if failure != nil {
				break // nothing is below what is not there
			}
		}
		start = end + 1
	}
	f, failure, wait := v.find(below)
	switch {
	case wait:
		return v.findOff()
	case failure != nil && failure.Status != 404:
		next, why = v.failed(failure)
		return out, next, why
	case failure == nil && f.Kind == resource.Directory:
		if out, next, why, ok := v.folderScript(below, prefix); ok {
			return out, next, why
		}
	case failure == nil && r.conf.Static.V && !r.isScript(f.Path) && !r.isScript(f.Real):
		if !staticMethods.Names(v.request().Method, v.request().MethodBytes()) {
			next, why = v.filesOnly(staticMethods)
			return out, next, why
		}
		AppStatic.Reach()
		if v.looking() {
			v.tell("script", AppStatic, &r.conf.Static.Pos, f.Path, true)
		}
		return out, resolve, nil
	}
	if front := r.conf.Front.V; front != "" {
		f, failure, wait := v.find([]byte(front))
		switch {
		case wait:
			return v.findOff()
		case failure == nil && f.Kind == resource.File:
			return v.scriptIs(f, prefix, nil, AppFront)
		}
	}
	v.refusal.status = 404
	next, why = v.refused(AppNoScript.Reach(), &r.conf.Pos, []trace.Detail{trace.D("path", string(below))})
	return out, next, why
}

// strippedPrefix is what was taken from the front of the path.
func (v *visit) strippedPrefix() string {
	if _, stripped := v.settings.below(v.request().Path()); stripped {
		return v.settings.strip()
	}
	return ""
}

// folderScript is the script that answers for a folder, or the file, when files are served. ok is false when there is none.
func (v *visit) folderScript(below []byte, prefix string) (out target, next step, why *trace.Reason, ok bool) {
	t := v.settings
	r := t.responder
	folder := string(bytes.TrimSuffix(below, slash)) + "/"
	for _, index := range r.conf.Index {
		f, failure, wait := v.find([]byte(folder + index.V))
		switch {
		case wait:
			out, next, why = v.findOff()
			return out, next, why, true
		case failure != nil || f.Kind != resource.File:
			continue
		}
		if !bytes.HasSuffix(v.request().Path(), slash) {
			next, why = v.addSlash()
			return out, next, why, true
		}
		out, next, why = v.scriptIs(f, prefix, nil, AppIndex)
		return out, next, why, true
	}
	if !r.conf.Static.V {
		return out, next, why, false
	}
	for _, index := range t.conf.Files.Index {
		f, failure, wait := v.find([]byte(folder + index.V))
		switch {
		case wait:
			out, next, why = v.findOff()
			return out, next, why, true
		case failure == nil && f.Kind == resource.File && !r.isScript(f.Path):
			AppStatic.Reach()
			return out, resolve, nil, true
		}
	}
	return out, next, why, false
}

// scriptIs is the script that was found. Its name is the path that leads to it.
func (v *visit) scriptIs(f *resource.Found, prefix string, info []byte, how *trace.Reason) (target, step, *trace.Reason) {
	v.buf = append(append(v.buf[:0], prefix...), f.Path...)
	how.Reach()
	v.file = f.Path
	if v.looking() {
		v.tell("script", how, &v.settings.responder.conf.Pos, f.Path, true, trace.D("file", f.Real), trace.D("path info", string(info)))
	}
	return target{file: f, name: v.buf, info: info}, ask, nil
}

// find looks at what a path below the root leads to. On the loop it knows what is remembered; wait says that the disk must be
// asked.
func (v *visit) find(path []byte) (f *resource.Found, failure *resource.Failure, wait bool) {
	t := v.settings
	r := t.responder
	if !v.away {
		f = r.known.hot(path, v.x.Start, r.fresh)
		return f, nil, f == nil
	}
	f, failure = t.root.Find(string(path), t.load, v.x.Trace)
	if failure == nil && len(path) <= longestPath {
		r.known.keep(f, v.x.Start)
	}
	return f, failure, false
}

// findOff goes on off the loop.
func (v *visit) findOff() (target, step, *trace.Reason) {
	next, why := v.leave(ask)
	return target{}, next, why
}
