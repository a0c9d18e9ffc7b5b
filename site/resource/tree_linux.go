package resource

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// beneathTree is a tree over openat2(2) with RESOLVE_BENEATH: the kernel does the walk. It needs no more rights than
// a plain open would, so that a directory which may be searched but not read (0711, as homes are) lets pass.
type beneathTree struct {
	mu     sync.RWMutex // held for reading during an operation, so that fd is not another file by then
	fd     int
	refuse uint64 // further RESOLVE_ flags
	closed bool
}

// openTree opens a directory. Where openat2 is missing (before Linux 5.6) or forbidden (older sandboxes), os.Root
// does its work.
func openTree(dir string) (tree, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	t := &beneathTree{fd: fd}
	if _, err := t.stat("."); errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		unix.Close(fd)
		return openRootTree(dir)
	}
	return t, nil
}

// patience is how often a walk is tried again that met a rename and could not be sure (EAGAIN).
const patience = 64

// at opens a name below the directory and hands the descriptor to f, which owns it.
func (t *beneathTree) at(name string, flags uint64, f func(fd int) error) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return os.ErrClosed
	}
	how := unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS | t.refuse}
	for try := 0; ; try++ {
		fd, err := unix.Openat2(t.fd, name, &how)
		switch {
		case err == nil:
			return f(fd)
		case err == unix.EINTR, err == unix.EAGAIN && try < patience:
			continue
		}
		return &os.PathError{Op: "openat2", Path: name, Err: err}
	}
}

func (t *beneathTree) look(name string, flags uint64) (i info, err error) {
	err = t.at(name, unix.O_PATH|flags, func(fd int) error {
		defer unix.Close(fd)
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return &os.PathError{Op: "fstat", Path: name, Err: err}
		}
		i = infoOfStat(&st)
		return nil
	})
	return i, err
}

func (t *beneathTree) stat(name string) (info, error)  { return t.look(name, 0) }
func (t *beneathTree) lstat(name string) (info, error) { return t.look(name, unix.O_NOFOLLOW) }

func (t *beneathTree) readlink(name string) (target string, err error) {
	err = t.at(name, unix.O_PATH|unix.O_NOFOLLOW, func(fd int) error {
		defer unix.Close(fd)
		b := make([]byte, unix.PathMax) // no link's target is longer
		n, err := unix.Readlinkat(fd, "", b)
		if err != nil {
			return &os.PathError{Op: "readlinkat", Path: name, Err: err}
		}
		target = string(b[:n])
		return nil
	})
	return target, err
}

func (t *beneathTree) open(name string) (f *os.File, err error) {
	err = t.at(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, func(fd int) error {
		// Waiting was only a danger while it was opened. A descriptor that could be waited for would be given to
		// the runtime's poller, which has no use for files.
		unix.SetNonblock(fd, false)
		f = os.NewFile(uintptr(fd), name)
		return nil
	})
	return f, err
}

func (t *beneathTree) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		unix.Close(t.fd)
	}
}
