package site

import (
	"bytes"

	"vitrine/site/resource"
	"vitrine/trace"
)

// resolve finds the file that a path leads to: itself, a folder's index, a folder's listing, or the page for what is
// missing. On the loop it knows what is in memory, and goes off the loop for the rest.
func (v *visit) resolve() (step, *trace.Reason) {
	t := v.settings
	if v.looking() {
		v.resolved = len(v.x.Trace.Events)
	}
	if v.rehearsed() && !v.away && (t.root != nil || t.homes != nil) {
		return v.leave(resolve) // what is in memory may be older than what is on the disk
	}
	v.file = "" // the step begins anew off the loop
	v.forget()
	path, next, why, ok := v.place()
	if !ok {
		return next, why
	}
	e, failure := v.open(path)
	switch {
	case failure != nil:
		if failure.Status == 404 {
			if next, why, ok := v.variants(path); ok {
				return next, why
			}
		}
		return v.failed(failure)
	case e == nil:
		return v.leave(resolve)
	case e.Kind == resource.Directory:
		e.Release()
		return v.openFolder(path)
	}
	v.entry, v.file = e, e.Path
	v.memorize = v.inner == nil
	if v.isMap() {
		return v.typeMap()
	}
	return negotiate, nil
}

// open is what a path below the root leads to. On the loop it is nil without a failure when that is not in memory.
func (v *visit) open(path []byte) (*resource.Entry, *resource.Failure) {
	if v.away {
		return v.root.Load(string(path), v.settings.load, v.x.Trace)
	}
	e := v.root.Hot(path, v.x.Start)
	switch {
	case e != nil:
		e.Tell(v.x.Trace)
	case v.isMissing(path):
		return nil, resource.Missing(string(path))
	}
	return e, nil
}

// openFolder answers for a folder: with a redirect to its slash, its index, its listing, or as if nothing were there.
func (v *visit) openFolder(path []byte) (step, *trace.Reason) {
	if !bytes.HasSuffix(v.request().Path(), slash) {
		return v.addSlash()
	}
	t := v.settings
	files := &t.conf.Files
	if !bytes.HasSuffix(path, slash) {
		path = append(path[:len(path):len(path)], '/')
	}
	for i := range files.Index {
		index := &files.Index[i]
		v.buf = append(append(v.buf[:0], path...), index.V...)
		e, failure := v.open(v.buf)
		switch {
		case failure != nil && failure.Status == 404:
			if next, why, ok := v.variants(v.buf); ok {
				IndexFound.Reach()
				return next, why
			}
			continue
		case failure != nil:
			return v.failed(failure)
		case e == nil:
			return v.leave(resolve)
		case e.Kind == resource.Directory:
			e.Release()
			continue
		}
		if t.site != nil && t.site.hides { // else nobody else has a say in the index's own path
			if to := v.beside(index.V); !v.mayShow(to) {
				e.Release()
				return v.leadTo(to, IndexElsewhere, &index.Pos)
			}
		}
		v.entry, v.file = e, e.Path
		// A later name answers only as long as the earlier ones are not there, and nobody watches for that.
		v.memorize = i == 0
		IndexFound.Reach()
		if v.looking() {
			v.tell("resource", IndexFound, &index.Pos, e.Path, true)
		}
		return negotiate, nil
	}
	if files.Listing.V {
		if !v.away {
			return v.leave(resolve)
		}
		return v.list(string(path))
	}
	return v.notThere(NoIndex.Reach(), 404, &files.Listing.Pos)
}

// failed answers for a path that leads to nothing that can be served. What is no common 404 is told to the error log
// as well, with what the client is not told: which name on the way is to blame, its mode and who we are.
func (v *visit) failed(f *resource.Failure) (step, *trace.Reason) {
	if f.Status != 404 {
		v.h.report(v.x.Journey, f)
	}
	if v.home != nil && f.Gone() { // the user has removed the folder
		v.home.of.forget(v.home.name, v.x.Start)
		return v.noHome(v.home.name, f)
	}
	return v.notThere(f.Reason, f.Status, v.rootLine())
}

// blame says of the last decision with the Reason which line is responsible for it: who looked at the disk does not know.
func (v *visit) blame(why *trace.Reason, line *trace.Position) {
	if line == nil || !v.looking() {
		return
	}
	for i := len(v.x.Trace.Events) - 1; i >= 0; i-- {
		if e := &v.x.Trace.Events[i]; e.Reason == why {
			if e.Position.IsZero() {
				e.Position = *line
			}
			return
		}
	}
}

// notThere answers for a path that leads to nothing that can be served: with the page for what is missing when there
// is one, else with an error.
func (v *visit) notThere(why *trace.Reason, status int, line *trace.Position) (step, *trace.Reason) {
	missing := v.settings.conf.Files.Missing
	if missing == nil || status != 404 || v.settings.root == nil {
		v.refusal.status, v.refusal.retry = status, status == 503
		return v.refused(why, line, nil)
	}
	if !v.away {
		return v.leave(resolve)
	}
	v.x.Because(why, line)
	v.blame(why, line)
	e, failure := v.settings.root.Load(missing.Path.V, v.settings.load, v.x.Trace)
	if failure == nil && e.Kind == resource.Directory {
		e.Release()
		e = nil
	}
	if e != nil && !v.mayShow(v.belowPrefix(e.Path)) {
		e.Release()
		e = nil
	}
	if e == nil {
		v.refusal.status = status
		var details []trace.Detail
		if failure != nil {
			details = failure.Details()
		}
		return v.refused(NoMissingPage.Reach(), &missing.Pos, append([]trace.Detail{trace.D("page", missing.Path.V)}, details...))
	}
	v.entry, v.file, v.status, v.missing, v.line = e, e.Path, missing.Status.V, true, &missing.Pos
	MissingPage.Reach()
	if v.looking() {
		v.tell("resource", MissingPage, v.line, missing.Path.V, true)
	}
	return present, MissingPage
}
