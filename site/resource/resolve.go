package resource

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links one path may lead through, as Linux has it (path_resolution(7)).
const maxLinks = 40

// stop is where following a path ended, and why.
type stop struct {
	component string // the path to it, in the file system's terms
	info      info   // of the component; zero when it is not known
	err       error
}

func (s *stop) Error() string { return s.component + ": " + s.err.Error() }
func (s *stop) Unwrap() error { return s.err }

var (
	errEscapes = errors.New("symbolic link leads out of the root")
	errTooDeep = errors.New("too many symbolic links, or links in a circle")
)

// resolve follows a name component by component, as the system would with the root as its only world, and returns
// the name without links, or where and why it cannot be followed. It decides nothing that the tree would not check
// again: what it returns still goes through the door.
func (d *door) resolve(o *opened, name string) (string, *stop) {
	rest := strings.Split(name, "/")
	at := "."   // followed so far, without links
	var of info // of at, where it was looked at on the way
	links := 0
	for len(rest) > 0 {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case "", ".":
			continue
		case "..": // from a link's target; what was followed has no links, so its parent is the shorter name
			if at == "." {
				return "", d.stop("..", info{}, errEscapes)
			}
			at, of = path.Dir(at), info{}
			continue
		}
		next := path.Join(at, c)
		i, err := o.lstat(next)
		if errors.Is(err, fs.ErrPermission) {
			if of.mode == 0 {
				of, _ = o.lstat(at)
			}
			return "", d.stop(at, of, err) // it is the directory that may not be searched
		}
		if err != nil {
			return "", d.stop(next, info{}, err)
		}
		switch {
		case i.mode&fs.ModeSymlink != 0:
			if d.at.Links == LinksNone {
				return "", d.stop(next, i, errNoLinks)
			}
			if links++; links > maxLinks {
				return "", d.stop(next, i, errTooDeep)
			}
			target, err := o.readlink(next)
			if err != nil {
				return "", d.stop(next, i, err)
			}
			if path.IsAbs(target) {
				if target, err = d.within(o, target); err != nil {
					return "", d.stop(next, i, err)
				}
				at, of = ".", info{}
			} else if climbs(at, target) {
				return "", d.stop(next, i, errEscapes)
			}
			rest = append(strings.Split(target, "/"), rest...)
		case len(rest) > 0 && !i.mode.IsDir():
			return "", d.stop(next, i, syscall.ENOTDIR)
		default:
			at, of = next, i
		}
	}
	return at, nil
}

// within is an absolute link's target relative to the root, when it points there by the name that the configuration
// uses or by the real one.
func (d *door) within(o *opened, target string) (string, error) {
	for _, dir := range []string{d.dir, o.real} {
		dir = filepath.ToSlash(dir)
		if target == dir {
			return ".", nil
		}
		if rest, ok := strings.CutPrefix(target, strings.TrimSuffix(dir, "/")+"/"); ok {
			return rest, nil
		}
	}
	return "", errEscapes
}

// climbs reports whether a relative link's target begins with more ".." than there are directories above it, so that
// the refusal can name the link.
func climbs(at, target string) bool {
	depth := 0
	if at != "." {
		depth = 1 + strings.Count(at, "/")
	}
	for {
		c, rest, more := strings.Cut(target, "/")
		switch c {
		case "..":
			if depth--; depth < 0 {
				return true
			}
		case "", ".":
		default:
			return false
		}
		if !more {
			return false
		}
		target = rest
	}
}

func (d *door) stop(name string, i info, err error) *stop {
	return &stop{component: d.full(name), info: i, err: err}
}
