package logfile

import (
	"os"
	"sync"
	"time"

	"vitrine/observe/terminal"
)

const (
	// behind is how many full buffers may wait for the writer.
	behind = 16
	// direct is the size of the buffers of a file whose lines are written at once.
	direct = 64 << 10
	// kept is how many empty buffers wait for reuse: one to fill while another is written.
	kept = 2
)

// File is a log that lines are appended to. It is safe for concurrent use.
//
// A file nobody has open any more closes its descriptor and ends its goroutine, and yet takes lines: they begin
// both again for as long as it takes. So a request that outlives its configuration is still logged.
type File struct {
	name  string
	wake  chan struct{} // holds one token when the writer has something to do
	timer *time.Timer   // makes what was appended due

	mu      sync.Mutex
	style   terminal.Style
	options Options
	users   int             // Opens less Releases
	buf     []byte          // being filled
	full    [][]byte        // waiting for the writer, oldest first
	idle    [][]byte        // memory for the next full
	busy    int             // buffers that the writer has taken and not finished
	spare   [][]byte        // empty
	due     bool            // buf is to be written without waiting until it is full
	reopen  bool            // the file is to be opened anew
	waiting []chan struct{} // closed once everything appended so far is written or lost
	running bool            // the writer goroutine exists, and owns w
	behind  uint64          // lines dropped and not yet told

	w writer
}

func newFile(fs *Files, name string) *File {
	f := &File{name: name, wake: make(chan struct{}, 1)}
	f.w.notices = notices{name: name, notify: fs.notify, wake: f.signal}
	f.timer = time.AfterFunc(time.Hour, func() { f.ask(func() { f.due = true }) })
	f.timer.Stop()
	return f
}

// open adds a user. It is called by one goroutine at a time.
func (f *File) open(o Options) error {
	f.mu.Lock()
	begin := !f.running
	f.running = true // w is ours, or the goroutine's
	f.mu.Unlock()
	var err error
	var style terminal.Style
	if begin {
		if err = f.w.open(); err == nil {
			style = terminal.Detect(f.w.out, os.Getenv)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.options = o
		f.users++
	}
	if begin {
		f.style = style
		go f.run() // also after an error: somebody may have appended in the meantime
	}
	return err
}

// Release says that the caller appends no more. The last one closes the file once everything is written.
func (f *File) Release() {
	f.ask(func() { f.users = max(f.users-1, 0) })
}

// Name is the file's absolute path, "stdout" or "stderr".
func (f *File) Name() string { return f.name }

// Style is what the file can show.
func (f *File) Style() terminal.Style {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.style
}

// Append takes a line with its end, or several. It copies them, never blocks on the file, and drops them when the
// writer is behind by more than sixteen buffers.
func (f *File) Append(lines []byte) {
	if len(lines) == 0 {
		return
	}
	f.mu.Lock()
	size := f.options.Buffer
	at := size == 0 || f.users == 0 || f.style.Terminal // at once
	if at {
		size = max(size, direct)
	}
	tell := false
	if len(f.buf) > 0 && len(f.buf)+len(lines) > size {
		if !f.handOver() {
			n := count(lines)
			f.behind += n
			f.mu.Unlock()
			reach(reasonBehind, n)
			return
		}
		tell = true
	}
	if f.buf == nil {
		f.buf = f.empty(size)
	}
	first := len(f.buf) == 0
	f.buf = append(f.buf, lines...)
	if lines[len(lines)-1] != '\n' {
		f.buf = append(f.buf, '\n') // the writer relies on whole lines
	}
	switch {
	case at:
		tell = tell || !f.due
		f.due = true
	case first && f.options.Flush > 0:
		f.timer.Reset(f.options.Flush)
	}
	if tell && !f.running {
		f.running = true
		go f.run()
	}
	f.mu.Unlock()
	if tell {
		f.signal()
	}
}

// handOver gives the filled buffer to the writer, unless that is too far behind. It is called with mu held.
func (f *File) handOver() bool {
	if len(f.full)+f.busy >= behind {
		return false
	}
	f.full = append(f.full, f.buf)
	f.buf = nil
	return true
}

// empty is a buffer to fill. It is called with mu held.
func (f *File) empty(size int) []byte {
	if last := len(f.spare) - 1; last >= 0 {
		b := f.spare[last]
		f.spare = f.spare[:last]
		return b
	}
	return make([]byte, 0, size)
}

// ask changes something under the lock and sees to it that the writer looks. A file without a writer has nothing to
// write and nothing to open.
func (f *File) ask(change func()) {
	f.mu.Lock()
	change()
	if !f.running {
		f.due, f.reopen = false, false
		f.release()
	}
	f.mu.Unlock()
	f.signal()
}

func (f *File) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// flushed is closed once everything appended before is written or lost.
func (f *File) flushed() <-chan struct{} {
	done := make(chan struct{})
	f.ask(func() {
		f.due = true
		f.waiting = append(f.waiting, done)
	})
	return done
}

// release tells those who wait. It is called with mu held.
func (f *File) release() {
	for _, done := range f.waiting {
		close(done)
	}
	f.waiting = nil
}
