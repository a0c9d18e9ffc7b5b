package access

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lineError is what is wrong with a line of a file with users. It never says what stands there.
type lineError struct {
	Line int
	What string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// Bounds of a file with users.
const (
	mostFileBytes = 16 << 20
	mostLineBytes = 8 << 10
)

// How long a file is taken to be the same without a look at it, and how long after its last change it may still be half
// written.
const (
	freshFor = int64(time.Second)
	settles  = 2 * time.Second
)

// Watched is a file whose content is read again when it has changed. While it is being written, or is broken, or gone, the
// last good content holds. It is safe for concurrent use.
type Watched[T any] struct {
	path    string
	parse   func(data []byte) (*T, error)
	current atomic.Pointer[content[T]]
	looked  atomic.Int64 // when, in nanoseconds since 1970

	mu     sync.Mutex
	wanted signature // of what was read or refused last
	racy   bool      // it was read so soon after its change that another one may look the same
	failed string    // what was told last; empty: nothing is wrong
}

// content is a file as it was read.
type content[T any] struct {
	value   *T
	version uint64
}

// signature tells one state of a file from another.
type signature struct {
	size  int64
	mtime int64
	inode any
}

var versions atomic.Uint64

// Get is the last good content, and the number of its version, which no other has. It is nil before the first Look.
func (w *Watched[T]) Get() (*T, uint64) {
	c := w.current.Load()
	if c == nil {
		return nil, 0
	}
	return c.value, c.version
}

// Fresh reports whether the file was looked at lately, so that Get may be asked on a loop.
func (w *Watched[T]) Fresh(now int64) bool {
	age := now - w.looked.Load() // of a request that began before somebody else looked, less than nothing
	return age > -freshFor && age < freshFor
}

var (
	errUnsettled = errors.New("it is being written")
	errNoFile    = errors.New("it is no file")
)

// Look looks whether the file has changed and reads it if so. It blocks, and so is not for loops. The error is told once
// for each state of the file, and what was good before still holds; recovered says that the file is good again.
func (w *Watched[T]) Look(now int64) (recovered bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Fresh(now) && w.current.Load() != nil {
		return false, nil
	}
	err = w.look(time.Unix(0, now))
	w.looked.Store(now)
	switch {
	case errors.Is(err, errUnsettled) && w.current.Load() != nil:
		return false, nil // the next look will tell
	case err == nil:
		recovered = w.failed != ""
		w.failed = ""
		return recovered, nil
	case err.Error() == w.failed:
		return false, nil
	}
	w.failed = err.Error()
	return false, err
}

func (w *Watched[T]) look(now time.Time) error {
	info, err := os.Stat(w.path)
	if err != nil {
		w.wanted = signature{}
		return cause(err)
	}
	if !info.Mode().IsRegular() {
		w.wanted = signature{}
		return errNoFile
	}
	if s := signatureOf(info); s == w.wanted && !w.racy {
		if w.failed != "" {
			return errors.New(w.failed)
		}
		return nil
	}
	f, err := openSoon(w.path)
	if err != nil {
		return cause(err)
	}
	defer f.Close()
	before, err := f.Stat()
	switch {
	case err != nil:
		return cause(err)
	case !before.Mode().IsRegular():
		return errNoFile
	case before.Size() > mostFileBytes:
		return fmt.Errorf("it has more than %d bytes", mostFileBytes)
	}
	data, err := io.ReadAll(io.LimitReader(f, mostFileBytes+1))
	if err != nil {
		return cause(err)
	}
	after, err := f.Stat()
	if err != nil {
		return cause(err)
	}
	sig := signatureOf(before)
	age := now.Sub(before.ModTime())
	young := age < settles && age > -settles
	if sig != signatureOf(after) || int64(len(data)) != before.Size() {
		w.wanted = signature{}
		return errUnsettled
	}
	if young && (len(data) == 0 || data[len(data)-1] != '\n') && w.current.Load() != nil {
		w.wanted = signature{} // whoever writes it may not be done
		return errUnsettled
	}
	value, err := w.parse(data)
	w.wanted, w.racy = sig, young
	if err != nil {
		return err
	}
	w.current.Store(&content[T]{value, versions.Add(1)})
	return nil
}

// cause is an error of the file system without the path, which whoever tells it knows.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// lines calls f for each line of a file that is neither empty nor a comment.
func lines(data []byte, f func(n int, line string) error) error {
	n := 0
	for len(data) > 0 {
		n++
		end := len(data)
		next := end
		for i, c := range data {
			if c == '\n' {
				end, next = i, i+1
				break
			}
		}
		if end > mostLineBytes {
			return &lineError{n, fmt.Sprintf("it has more than %d bytes", mostLineBytes)}
		}
		line := string(data[:end])
		data = data[next:]
		if len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if line == "" || line[0] == '#' {
			continue
		}
		for i := range len(line) {
			if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
				return &lineError{n, "it has a control character"}
			}
		}
		if err := f(n, line); err != nil {
			return err
		}
	}
	return nil
}
