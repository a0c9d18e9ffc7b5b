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
	dir  string // absolute
	open atomic.Pointer[opened]
	mu   sync.Mutex // one at a time replaces open
}

// opened is the directory as it was when it was opened.
type opened struct {
	root *os.Root
	info fs.FileInfo
	real string // its path without symbolic links
}

func (d *door) enter() (*opened, error) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, err
	}
	o := &opened{root: root}
	if o.info, err = root.Stat("."); err != nil {
		root.Close()
		return nil, err
	}
	if o.real, err = filepath.EvalSymlinks(d.dir); err != nil {
		o.real = d.dir
	}
	return o, nil
}

// follow opens the directory anew when its name leads elsewhere by now, such as a link that points to the current
// release. The error says that the name leads nowhere. A name that may no longer be looked up, because the program
// gave up its privileges, still means what it meant.
func (d *door) follow() (moved bool, err error) {
	fi, err := os.Stat(d.dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, err
	}
	if err != nil || os.SameFile(fi, d.open.Load().info) {
		return false, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.open.Load()
	if os.SameFile(fi, old.info) {
		return false, nil
	}
	o, err := d.enter()
	if err != nil {
		return false, err
	}
	d.open.Store(o)
	old.root.Close()
	return true, nil
}

// full is a name in the file system's terms.
func (d *door) full(name string) string { return filepath.Join(d.dir, name) }

func (d *door) close() { d.open.Load().root.Close() }

// do runs an operation on a name below the directory. All others are made of it.
//
// os.Root does the walk, and no operation can leave the root. It refuses two kinds of links that lead to no harm,
// absolute ones that point into the root and chains of more than a handful; for those the name is resolved here and
// the operation is tried once more, by os.Root again, on what the name was resolved to.
func (d *door) do(name string, op func(root *os.Root, name string) error) error {
	for {
		o := d.open.Load()
		err := op(o.root, name)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, os.ErrClosed) && d.open.Load() != o:
			continue // the directory was replaced meanwhile
		case !linkTrouble(err):
			return err
		}
		resolved, stop := d.resolve(o, name)
		if stop != nil {
			return stop
		}
		return op(o.root, resolved)
	}
}

// linkTrouble reports whether os.Root and not the system refused the name, or the system for its many links.
func linkTrouble(err error) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno == syscall.ELOOP
	}
	return !errors.Is(err, os.ErrClosed)
}

// stat looks at what a name leads to.
func (d *door) stat(name string) (fi fs.FileInfo, err error) {
	err = d.do(name, func(root *os.Root, name string) (err error) {
		fi, err = root.Stat(name)
		return err
	})
	return fi, err
}

// read opens what a name leads to for reading. It does not wait for a FIFO's writer or a device (O_NONBLOCK);
// what was opened must still be looked at.
func (d *door) read(name string) (f *os.File, err error) {
	err = d.do(name, func(root *os.Root, name string) (err error) {
		f, err = root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		return err
	})
	return f, err
}

// enterDirectory opens a directory below, so that its entries can be looked at one by one.
func (d *door) enterDirectory(name string) (sub *os.Root, err error) {
	err = d.do(name, func(root *os.Root, name string) (err error) {
		sub, err = root.OpenRoot(name)
		return err
	})
	return sub, err
}
