package logfile

import (
	"bytes"
	"io/fs"
	"os"
	"syscall"
	"time"

	"vitrine/trace"
)

const (
	stdout = "stdout"
	stderr = "stderr"
)

// writer is the open file. It belongs to one goroutine at a time.
type writer struct {
	out     *os.File // nil while it is closed
	regular bool
	mode    fs.FileMode // of files to be created
	size    int64
	born    time.Time // when the file was begun
	torn    bool      // what was written last is no whole line
	rotate  Rotate
	patient time.Time // no rotation is tried before, since one has failed
	failing bool      // the last write has failed
	notices
}

// open opens the file, unless it is open.
func (w *writer) open() error {
	if w.out != nil {
		return nil
	}
	if w.name == stdout || w.name == stderr {
		out, err := standard(w.name)
		w.out, w.regular = out, false
		return err
	}
	if w.mode == 0 {
		w.mode = 0o640
	}
	// Without O_NONBLOCK, opening a named pipe would wait for its reader.
	out, err := os.OpenFile(w.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, w.mode)
	if err != nil {
		return err
	}
	info, err := out.Stat()
	if err != nil {
		out.Close()
		return err
	}
	w.out, w.regular, w.size, w.born, w.torn = out, info.Mode().IsRegular(), info.Size(), time.Now(), false
	if w.regular && w.size > 0 {
		w.mode = info.Mode().Perm()
		w.born = birth(out, w.born)
		w.mend()
	}
	return nil
}

// mend ends the last line of a file whose writer was interrupted, so that the next one begins a line.
func (w *writer) mend() {
	f, err := os.Open(w.name)
	if err != nil {
		return // a file that only may be written
	}
	defer f.Close()
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, w.size-1); err == nil && last[0] != '\n' {
		n, _ := w.out.Write([]byte{'\n'})
		w.size += int64(n)
	}
}

// write writes whole lines, or the rest of one that was cut short, and puts the file aside before a line that would
// make it too large. It returns how much was written.
func (w *writer) write(b []byte) (written int, err error) {
	if err := w.open(); err != nil {
		w.failing = true
		return 0, err
	}
	for len(b) > 0 {
		if w.size == 0 {
			w.born = time.Now()
		}
		part := w.fitting(b)
		n, err := w.out.Write(part)
		written += n
		w.size += int64(n)
		w.torn = n > 0 && part[n-1] != '\n' || n == 0 && w.torn
		if err != nil {
			w.failing = true
			return written, err
		}
		b = b[n:]
	}
	if w.failing {
		w.failing = false
		w.notify(Notice{Reason: reasonRecovered.Reach(), File: w.name})
	}
	return written, nil
}

// fitting is how much of b goes into the file as it is, at least a line. It puts the file aside first when it is due.
func (w *writer) fitting(b []byte) []byte {
	if w.torn {
		return b[:bytes.IndexByte(b, '\n')+1]
	}
	if !w.regular || w.rotate.Size == 0 && w.rotate.Age == 0 {
		return b
	}
	if w.rotate.Age > 0 && w.size > 0 && time.Since(w.born) >= w.rotate.Age {
		w.putAside()
	}
	if w.rotate.Size == 0 {
		return b
	}
	first := bytes.IndexByte(b, '\n') + 1
	if w.size > 0 && w.size+int64(first) > w.rotate.Size {
		w.putAside()
	}
	switch room := w.rotate.Size - w.size; {
	case room >= int64(len(b)), w.size > 0 && room < int64(first): // it all fits, or putting aside has failed
		return b
	case room < int64(first): // a line larger than a file may be gets a file of its own
		return b[:first]
	default:
		return b[:bytes.LastIndexByte(b[:room], '\n')+1]
	}
}

// reopen opens the file anew. The old one stays when that fails.
func (w *writer) reopen() bool {
	if w.name == stdout || w.name == stderr {
		return false
	}
	old := w.out
	w.out = nil
	if err := w.open(); err != nil {
		w.out = old
		w.notify(Notice{Reason: reasonNotReopened.Reach(), File: w.name, Err: err})
		return false
	}
	if old != nil {
		old.Close()
	}
	w.notify(Notice{Reason: reasonReopened.Reach(), File: w.name})
	return true
}

// moved reports whether the name does not lead to the open file any more.
func (w *writer) moved() bool {
	open, err := w.out.Stat()
	if err != nil {
		return true
	}
	named, err := os.Stat(w.name)
	return err != nil || !os.SameFile(open, named)
}

// putAside renames the file, begins a new one and removes what is too many. When anything fails the old file is
// written on, whatever its name is by then, and another try is made a minute later.
func (w *writer) putAside() {
	if time.Now().Before(w.patient) {
		return
	}
	err := w.swap()
	if err != nil {
		w.patient = time.Now().Add(time.Minute)
		w.trouble(reasonNotRotated, 0, err)
		return
	}
	w.notify(Notice{Reason: reasonRotated.Reach(), File: w.name})
	if w.rotate.Keep > 0 {
		if err := prune(w.name, w.rotate.Keep); err != nil {
			w.trouble(reasonNotRotated, 0, err)
		}
	}
}

func (w *writer) swap() error {
	if !w.moved() { // else somebody has put it aside already
		aside, err := freeName(w.name, time.Now())
		if err != nil {
			return err
		}
		if err := os.Rename(w.name, aside); err != nil {
			return err
		}
	}
	old := w.out
	w.out = nil
	if err := w.open(); err != nil {
		w.out = old
		return err
	}
	old.Close()
	return nil
}

// lost counts the lines of b, which nobody will write.
func (w *writer) lost(r *trace.Reason, b []byte, err error) {
	n := count(b)
	reach(r, n)
	w.trouble(r, n, err)
}
