package resource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unicode"

	"vitrine/trace"
)

// Failure is why a path leads to nothing that can be served. It is safe for concurrent use, and must not be copied.
type Failure struct {
	Reason *trace.Reason
	Status int    // the response's
	Path   string // as it was asked for
	Err    error  // the system's; nil when the path's spelling or what was found decided

	stop  *stop // where it ended, when that was found out already
	root  *Root // where to find it out otherwise; nil when the path's spelling decided
	once  sync.Once
	place Place
}

// Place is where on the way to a file it ended, in the file system's terms.
type Place struct {
	// Component is the first name that is missing, that may not be read or searched, or the link that leads out. Empty
	// when the path's spelling decided.
	Component string
	Mode      fs.FileMode // of the component; zero when it is not known
	Owner     string      // of the component, as "user:group"; empty when it is not known
	User      string      // who the program runs as, where that matters
}

// Place looks for the component that is to blame. That costs several looks at the disk and the names of users may be
// a question to the network, so it is done when somebody asks for the first time, and never for a response.
func (f *Failure) Place() Place {
	f.once.Do(f.locate)
	return f.place
}

// Error tells the whole story for the log: it names the file system's paths and is not for clients.
func (f *Failure) Error() string {
	at := f.Place()
	var b strings.Builder
	b.WriteString(shown(f.Path))
	b.WriteString(": ")
	switch {
	case at.User != "":
		fmt.Fprintf(&b, "%s is %s", shown(at.Component), at.Mode)
		if at.Owner != "" {
			fmt.Fprintf(&b, " %s", at.Owner)
		}
		fmt.Fprintf(&b, ", we are %s", at.User)
	case at.Component != "" && f.Err != nil:
		fmt.Fprintf(&b, "%s: %s", shown(at.Component), cause(f.Err))
	default:
		b.WriteString(f.Reason.Clause())
	}
	return b.String()
}

// Advice is what whoever keeps the server can do about it where that is a setting, else "".
func (f *Failure) Advice() string {
	if f.Reason == reasonEscapes {
		return `in files, links = "owner" follows a link out of the root when both belong to the same user`
	}
	return ""
}

// shown is a name as it can stand in a line of a log: quoted when it has what could not be seen there.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToGraphic(name)
	}
	return name
}

// Gone reports whether the root itself is not there any more, or not what its entrance asks for.
func (f *Failure) Gone() bool { return f.Reason == reasonRootGone }

func (f *Failure) Unwrap() error { return f.Err }

// Details are what the decision looked at, for the journey.
func (f *Failure) Details() []trace.Detail {
	var all []trace.Detail
	add := func(name, value string) {
		if value != "" {
			all = append(all, trace.D(name, value))
		}
	}
	at := f.Place()
	add("component", at.Component)
	if at.Mode != 0 {
		add("mode", at.Mode.String())
	}
	add("owner", at.Owner)
	add("we are", at.User)
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

// blame makes the failure of an operation on a path.
func (r *Root) blame(path string, err error) *Failure {
	if errors.Is(err, os.ErrClosed) {
		return fail(reasonClosed, 503, path)
	}
	reason, status := classify(err)
	f := fail(reason, status, path)
	f.Err, f.root = err, r
	errors.As(err, &f.stop)
	return f
}

// locate finds the place.
func (f *Failure) locate() {
	s := f.stop
	if s == nil && f.root != nil {
		s = f.root.door.culprit(nameOf(f.Path), f.Err)
	}
	if s == nil {
		return
	}
	f.place = Place{Component: s.component, Mode: s.info.mode, Owner: s.info.owner.String()}
	if f.Reason == reasonForbidden {
		f.place.User = ourUser()
	}
}

// culprit follows a name once more, component by component, to find where the error of an operation on it comes from.
// When the disk has changed since, it is the name itself.
func (d *door) culprit(name string, err error) *stop {
	o := d.inside.Load()
	resolved, s := d.resolve(o, name)
	switch {
	case s == nil: // the way is free: it is the file itself
		i, _ := o.lstat(resolved)
		return d.stop(resolved, i, err)
	case !sameTrouble(s.err, err):
		return d.stop(name, info{}, err)
	}
	return s
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
	case errors.Is(err, errNoLinks):
		return reasonNoLinks, 403
	case errors.Is(err, errOtherOwner):
		return reasonOtherOwner, 403
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
