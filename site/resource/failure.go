package resource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"vitrine/trace"
)

// Failure is why a path leads to nothing that can be served.
type Failure struct {
	Reason *trace.Reason
	Status int    // the response's
	Path   string // as it was asked for
	// Component is where on the way to the file it ended, in the file system's terms: the first name that is
	// missing, that may not be read or searched, or the link that leads out. Empty when the path's spelling decided.
	Component string
	Mode      fs.FileMode // of the component; zero when it is not known
	Owner     string      // of the component, as "user:group"; empty when it is not known
	User      string      // who the program runs as, where that matters
	Err       error       // the system's; nil when the path's spelling decided
}

// Error tells the whole story for the log: it names the file system's paths and is not for clients.
func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(shown(f.Path))
	b.WriteString(": ")
	switch {
	case f.User != "":
		fmt.Fprintf(&b, "%s is %s", shown(f.Component), f.Mode)
		if f.Owner != "" {
			fmt.Fprintf(&b, " %s", f.Owner)
		}
		fmt.Fprintf(&b, ", we are %s", f.User)
	case f.Component != "" && f.Err != nil:
		fmt.Fprintf(&b, "%s: %s", shown(f.Component), cause(f.Err))
	default:
		b.WriteString(f.Reason.Sentence)
	}
	return b.String()
}

// shown is a name as it can stand in a line of a log: quoted when it has what could not be seen there.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToGraphic(name)
	}
	return name
}

func (f *Failure) Unwrap() error { return f.Err }

// Details are what the decision looked at, for the journey.
func (f *Failure) Details() []trace.Detail {
	var all []trace.Detail
	add := func(name, value string) {
		if value != "" {
			all = append(all, trace.D(name, value))
		}
	}
	add("component", f.Component)
	if f.Mode != 0 {
		add("mode", f.Mode.String())
	}
	add("owner", f.Owner)
	add("we are", f.User)
	if f.Err != nil {
		add("error", cause(f.Err).Error())
	}
	return all
}

// cause is the innermost error, without the paths that wrap it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// fail is the failure of a decision that the path's spelling was enough for.
func fail(reason *trace.Reason, status int, path string) *Failure {
	return &Failure{Reason: reason.Reach(), Status: status, Path: path}
}

// blame makes the failure of an operation on a path: it follows the path once more to find the component that is
// responsible.
func (r *Root) blame(path string, err error) *Failure {
	if errors.Is(err, os.ErrClosed) {
		return fail(reasonClosed, 503, path)
	}
	f := &Failure{Path: path, Component: r.door.full(nameOf(path)), Err: err}
	o := r.door.inside.Load()
	var s *stop
	if !errors.As(err, &s) {
		var resolved string
		if resolved, s = r.door.resolve(o, nameOf(path)); s == nil {
			s = r.door.stop(o, resolved, err) // the way is free: it is the file itself
		} else if !sameTrouble(s.err, err) {
			s = nil // the disk has changed since
		}
	}
	if s != nil {
		f.Component = s.component
		f.Mode, f.Owner = s.info.mode, s.info.owner.String()
	}
	reason, status := classify(err)
	if reason == reasonForbidden {
		f.User = ourUser()
	}
	f.Reason, f.Status = reason.Reach(), status
	return f
}

// sameTrouble reports whether two errors are of one class.
func sameTrouble(a, b error) bool {
	ra, _ := classify(a)
	rb, _ := classify(b)
	return ra == rb
}

// classify says what an error of the door means.
func classify(err error) (*trace.Reason, int) {
	var errno syscall.Errno
	errors.As(err, &errno)
	switch {
	case errors.Is(err, errEscapes):
		return reasonEscapes, 403
	case errors.Is(err, errTooDeep), errno == syscall.ELOOP:
		return reasonLoop, 404
	case errno == syscall.ENOTDIR:
		return reasonNotDirectory, 404
	case errno == syscall.ENAMETOOLONG:
		return reasonNameTooLong, 404
	case errno == syscall.EMFILE, errno == syscall.ENFILE, errno == syscall.ENOMEM:
		return reasonExhausted, 503
	case errno == syscall.ENXIO, errno == syscall.ENODEV: // what opening a socket or an unattached device gives
		return reasonSpecial, 403
	case errors.Is(err, fs.ErrNotExist):
		return reasonMissing, 404
	case errors.Is(err, fs.ErrPermission):
		return reasonForbidden, 403
	}
	return reasonFailed, 500
}

// whyNot says which component of an absolute directory cannot be read or searched, when that is why it could not be
// opened.
func whyNot(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		at := dir
		for {
			fi, statErr := os.Stat(at)
			if statErr == nil {
				return fmt.Errorf("%s is %s %s, we are %s: %w", at, fi.Mode(), infoOf(fi).owner, ourUser(), cause(err))
			}
			if parent := filepath.Dir(at); parent != at {
				at = parent
				continue
			}
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		for at := dir; ; at = filepath.Dir(at) {
			parent := filepath.Dir(at)
			if _, statErr := os.Stat(parent); statErr == nil || parent == at {
				return fmt.Errorf("%s: %w", at, cause(err))
			}
		}
	}
	return fmt.Errorf("%s: %w", dir, cause(err))
}
