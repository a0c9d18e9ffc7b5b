package resource

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"vitrine/trace"
)

// Found is what a path leads to, for those who hand its name to another program, which opens it. Nothing of it is opened or
// kept here.
type Found struct {
	Kind Kind
	Path string // as it was asked for, below the root
	// Real is its name in the file system's terms, absolute and without symbolic links, so that nobody who follows it comes
	// to anything else than what was looked at, as long as nobody exchanges what is on the way.
	Real string
	// Root is the root itself without symbolic links. Real begins with it, and goes on with a slash, unless a link out of the
	// root was followed.
	Root string
	Size int64
	Mode fs.FileMode
}

// outside is a tree whose links may lead out of it.
type outside interface {
	// place is what a name leads to, and the name of that without symbolic links, absolute.
	place(name string) (info, string, error)
}

// Find is what a path leads to, by the same walk beneath the root and the same rules as Load. It looks at the disk, so it is
// for use off the loops. The journey, which may be nil, is told what was decided.
func (r *Root) Find(path string, opt LoadOptions, tr *trace.Journey) (*Found, *Failure) {
	found, failure := r.find(path, opt)
	if tr != nil {
		if failure != nil {
			tr.Add(trace.Event{Step: step, Reason: failure.Reason, Subject: path, Details: failure.Details()})
		} else {
			tr.Add(trace.Event{Step: step, Reason: reasonFound, Subject: path, Taken: true, Details: found.details()})
		}
	}
	return found, failure
}

func (f *Found) details() []trace.Detail {
	return []trace.Detail{trace.D("kind", f.Kind.String()), trace.D("name", f.Real), trace.D("mode", f.Mode.String())}
}

func (r *Root) find(path string, opt LoadOptions) (*Found, *Failure) {
	if f := inspect(path).refusal(path, opt); f != nil {
		return nil, f
	}
	if _, err := r.door.follow(); err != nil {
		f := fail(reasonRootGone, 503, path)
		f.stop, f.Err = &stop{component: r.door.dir}, err
		return nil, f
	}
	name := nameOf(path)
	i, err := r.door.stat(name)
	if err != nil {
		return nil, r.blame(path, err)
	}
	if f := r.refuse(path, i); f != nil {
		return nil, f
	}
	o := r.door.inside.Load()
	f := &Found{Kind: File, Path: path, Root: strings.TrimSuffix(o.real, "/"), Size: i.size, Mode: i.mode}
	real, stop := r.door.resolve(o, name)
	if out, ok := o.tree.(outside); ok && stop != nil && errors.Is(stop, errEscapes) { // which was allowed, since stat has passed
		at, name, err := out.place(name)
		if err != nil || !at.samePlace(i.identity) {
			return nil, fail(reasonFailed, 500, path)
		}
		f.Real = name
	} else {
		if stop != nil {
			return nil, r.blame(path, stop)
		}
		// What the name was resolved to goes through the door once more: it may have become something else meanwhile.
		if at, err := o.lstat(real); err != nil || !at.samePlace(i.identity) {
			return nil, fail(reasonFailed, 500, path)
		}
		f.Real = filepath.Join(o.real, filepath.FromSlash(real))
	}
	if i.mode.IsDir() {
		f.Kind = Directory
	}
	reasonFound.Reach()
	return f, nil
}
