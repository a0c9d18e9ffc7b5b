package resource

import (
	"errors"
	"os"
	"syscall"
)

// tree is an open directory with what is below it: neither a name nor a link leads an operation out of it. Names are
// relative and slash-separated; "." is the directory itself. It is safe for concurrent use. After close, operations
// fail with os.ErrClosed.
type tree interface {
	stat(name string) (info, error)  // what the name leads to
	lstat(name string) (info, error) // the name itself, when it is a link
	readlink(name string) (string, error)
	open(name string) (*os.File, error) // for reading; it does not wait for a FIFO's writer or for a device
	close()
}

// rootTree is a tree over os.Root. It walks component by component and so needs the right to read each directory on
// the way, and not only to search it.
type rootTree struct{ root *os.Root }

func openRootTree(dir string) (tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return rootTree{root}, nil
}

func (t rootTree) stat(name string) (info, error) {
	fi, err := t.root.Stat(name)
	if err != nil {
		return info{}, err
	}
	return infoOf(fi), nil
}

func (t rootTree) lstat(name string) (info, error) {
	fi, err := t.root.Lstat(name)
	if err != nil {
		return info{}, err
	}
	return infoOf(fi), nil
}

func (t rootTree) readlink(name string) (string, error) { return t.root.Readlink(name) }

func (t rootTree) open(name string) (*os.File, error) {
	return t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func (t rootTree) close() { t.root.Close() }

// linkTrouble reports whether the tree refused a name for where its links lead, or for how many there are.
func linkTrouble(err error) bool {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno == syscall.ELOOP || errno == syscall.EXDEV // the latter is openat2's word for "out of the directory"
	}
	return !errors.Is(err, os.ErrClosed) // os.Root's own refusals are not the system's
}
