package resource

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// door is the only way to the files below a directory. Names are relative, slash-separated and hold no "..".
// It is safe for concurrent use.
type door struct {
	at     Entrance
	dir    string                         // its full name, absolute
	enter  func(dir string) (tree, error) // of a plain entrance
	inside atomic.Pointer[opened]
	mu     sync.Mutex // one at a time replaces inside
}

// opened is the directory as it was when it was opened.
type opened struct {
	tree
	place identity
	real  string // its path without symbolic links
}

// unlock opens the directory.
func (d *door) unlock() error {
	t, err := d.open()
	if err != nil {
		return err
	}
	o := &opened{tree: t}
	at, err := t.stat(".")
	if err != nil {
		t.close()
		return err
	}
	o.place = at.identity
	if o.real, err = filepath.EvalSymlinks(d.dir); err != nil {
		o.real = d.dir
	}
	if old := d.inside.Swap(o); old != nil {
		old.close()
	}
	return nil
}

// open opens the directory by its entrance.
func (d *door) open() (tree, error) {
	if d.at.plain() {
		return d.enter(d.dir)
	}
	return openGuarded(d.at)
}

// place is which directory the entrance leads to now.
func (d *door) place() (identity, error) {
	if d.at.Below == "" {
		fi, err := os.Stat(d.dir)
		if err != nil {
			return identity{}, err
		}
		return infoOf(fi).identity, nil
	}
	t, err := openGuarded(d.at)
	if err != nil {
		return identity{}, err
	}
	defer t.close()
	i, err := t.stat(".")
	return i.identity, err
}

// follow opens the directory anew when its name leads elsewhere by now, such as a link that points to the current
// release. The error says that the name leads nowhere. A name that may no longer be looked up, because the program
// gave up its privileges, still means what it meant.
func (d *door) follow() (moved bool, err error) {
	elsewhere := func() (bool, error) {
		at, err := d.place()
		if err != nil && (d.at.Below != "" || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
			return false, err
		}
		return err == nil && !d.inside.Load().place.samePlace(at), nil
	}
	if moved, err = elsewhere(); !moved {
		return false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if moved, err = elsewhere(); !moved { // somebody was faster
		return false, err
	}
	err = d.unlock()
	return err == nil, err
}

func (d *door) close() { d.inside.Load().close() }

// full is a name in the file system's terms.
func (d *door) full(name string) string { return filepath.Join(d.dir, name) }

// do runs an operation on a name below the directory. All others are made of it.
//
// The tree does the walk, and no operation can leave it. It refuses two kinds of links that lead to no harm, absolute
// ones that point into the root and, by os.Root, chains of more than a handful; for those the name is resolved here
// and the operation is tried once more, by the tree again, on what the name was resolved to.
func (d *door) do(name string, operation func(t tree, name string) error) error {
	for {
		o := d.inside.Load()
		err := operation(o, name)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, os.ErrClosed) && d.inside.Load() != o:
			continue // the directory was replaced meanwhile
		case !linkTrouble(err) || d.at.Links == LinksOwner:
			return err
		}
		resolved, stop := d.resolve(o, name)
		if stop != nil {
			return stop
		}
		return operation(o, resolved)
	}
}

// stat looks at what a name leads to.
func (d *door) stat(name string) (i info, err error) {
	err = d.do(name, func(t tree, name string) (err error) {
		i, err = t.stat(name)
		return err
	})
	return i, err
}

// lstat looks at the name itself.
func (d *door) lstat(name string) (i info, err error) {
	err = d.do(name, func(t tree, name string) (err error) {
		i, err = t.lstat(name)
		return err
	})
	return i, err
}

// read opens what a name leads to for reading. It never waits, and what was opened must still be looked at.
func (d *door) read(name string) (f *os.File, err error) {
	err = d.do(name, func(t tree, name string) (err error) {
		f, err = t.open(name)
		return err
	})
	return f, err
}
