package resource

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// openGuarded opens a directory in the way that its entrance says.
func openGuarded(e Entrance) (tree, error) {
	fd, err := unix.Open(e.Dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: e.Dir, Err: err}
	}
	if e.Below != "" {
		outer := &beneathTree{fd: fd}
		if e.Links == LinksNone {
			outer.refuse = unix.RESOLVE_NO_SYMLINKS
		}
		inner := -1
		err := outer.at(e.Below, unix.O_PATH|unix.O_DIRECTORY, func(fd int) error { inner = fd; return nil })
		outer.close()
		if err != nil {
			return nil, err
		}
		fd = inner
	}
	if e.Owned {
		var st syscall.Stat_t
		if err = syscall.Fstat(fd, &st); err == nil && st.Uid != e.Owner && st.Uid != 0 {
			err = errNotTheirs
		}
		if err != nil {
			unix.Close(fd)
			return nil, &os.PathError{Op: "open", Path: e.full(), Err: err}
		}
	}
	switch e.Links {
	case LinksNone:
		return &beneathTree{fd: fd, refuse: unix.RESOLVE_NO_SYMLINKS}, nil
	case LinksOwner:
		return &ownerTree{beneathTree{fd: fd, refuse: unix.RESOLVE_NO_SYMLINKS}}, nil
	}
	return &beneathTree{fd: fd}, nil
}

// ownerTree is a tree whose links are followed when they belong to whom what they lead to belongs to. A name without a link
// goes the short way. For others every component is opened and looked at by its descriptor, and what is opened in the end is
// what was looked at, whatever is renamed meanwhile.
type ownerTree struct{ beneathTree }

func (t *ownerTree) stat(name string) (info, error)  { return t.look(name, false) }
func (t *ownerTree) lstat(name string) (info, error) { return t.look(name, true) }

func (t *ownerTree) look(name string, itself bool) (i info, err error) {
	if i, err = t.beneathTree.look(name, unix.O_NOFOLLOW); err == nil && (itself || i.mode&os.ModeSymlink == 0) {
		return i, nil
	} else if err != nil && !errors.Is(err, unix.ELOOP) {
		return i, err
	}
	err = t.walk(name, unix.O_PATH, itself, func(fd int) error {
		defer unix.Close(fd)
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return err
		}
		i = infoOfStat(&st)
		return nil
	})
	return i, err
}

func (t *ownerTree) open(name string) (f *os.File, err error) {
	if f, err = t.beneathTree.open(name); err == nil || !errors.Is(err, unix.ELOOP) {
		return f, err
	}
	err = t.walk(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, false, func(fd int) error {
		unix.SetNonblock(fd, false)
		f = os.NewFile(uintptr(fd), name)
		return nil
	})
	return f, err
}

func (t *ownerTree) readlink(name string) (target string, err error) {
	err = t.walk(name, unix.O_PATH, true, func(fd int) error {
		defer unix.Close(fd)
		target, err = linkTarget(fd)
		return err
	})
	return target, err
}

func (t *ownerTree) place(name string) (i info, real string, err error) {
	err = t.walk(name, unix.O_PATH, false, func(fd int) (err error) {
		defer unix.Close(fd)
		var st syscall.Stat_t
		if err = syscall.Fstat(fd, &st); err == nil {
			i = infoOfStat(&st)
			real, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		}
		return err
	})
	return i, real, err
}

// walk opens what a name leads to and hands the descriptor to f, which owns it.
func (t *ownerTree) walk(name string, flags int, itself bool, f func(fd int) error) error {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return os.ErrClosed
	}
	for try := 0; ; try++ {
		w := ownerWalk{itself: itself}
		fd, err := w.open(t.fd, name, flags)
		switch {
		case err == nil:
			return f(fd)
		case err == unix.EINTR, err == unix.EAGAIN && try < patience:
			continue
		}
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
}

// ownerWalk is one walk of an ownerTree.
type ownerWalk struct {
	links  int
	itself bool // the name itself is meant when it is a link
}

// open opens a path from a directory, component by component.
func (w *ownerWalk) open(dir int, path string, flags int) (int, error) {
	at, err := unix.Openat(dir, ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	components := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i, c := range components {
		last := i == len(components)-1
		next, err := w.step(at, c, last, flags)
		unix.Close(at)
		if err != nil {
			return -1, err
		}
		at = next
	}
	if len(components) == 0 && flags&unix.O_PATH == 0 { // the directory itself
		defer unix.Close(at)
		return unix.Openat(at, ".", flags|unix.O_CLOEXEC, 0)
	}
	return at, nil
}

// step opens one component of a path from the directory that it is in.
func (w *ownerWalk) step(at int, c string, last bool, flags int) (int, error) {
	if !last {
		flags = unix.O_PATH | unix.O_DIRECTORY
	}
	fd, err := unix.Openat(at, c, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, err
	}
	switch {
	case st.Mode&syscall.S_IFMT == syscall.S_IFLNK && !(last && w.itself && w.links == 0):
		target, err := linkTarget(fd)
		unix.Close(fd)
		if err != nil {
			return -1, err
		}
		return w.follow(at, target, flags, st.Uid)
	case flags&unix.O_PATH != 0:
		if flags&unix.O_DIRECTORY != 0 && st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
			unix.Close(fd)
			return -1, unix.ENOTDIR
		}
		return fd, nil
	}
	defer unix.Close(fd)
	opened, err := unix.Openat(at, c, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ELOOP { // it was a file a moment ago
		return -1, unix.EAGAIN
	}
	return opened, err
}

// follow opens what a link leads to, which must have the link's owner.
func (w *ownerWalk) follow(at int, target string, flags int, owner uint32) (int, error) {
	if w.links++; w.links > maxLinks {
		return -1, errTooDeep
	}
	if strings.HasPrefix(target, "/") {
		root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		defer unix.Close(root)
		at = root
	}
	fd, err := w.open(at, target, flags)
	if err != nil {
		return -1, err
	}
	var st syscall.Stat_t
	if err = syscall.Fstat(fd, &st); err == nil && st.Uid != owner {
		err = errOtherOwner
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// linkTarget is where the link leads that is open by O_PATH.
func linkTarget(fd int) (string, error) {
	b := make([]byte, unix.PathMax) // no link's target is longer
	n, err := unix.Readlinkat(fd, "", b)
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}
