package logfile

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"vitrine/trace"
)

// Options say how a file is written. They may be changed by opening it again.
type Options struct {
	Buffer int           // bytes that are collected before they are written; 0 writes each line at once
	Flush  time.Duration // a line waits at most this long in the buffer; 0: until the buffer is full
	Rotate Rotate
}

// Rotate is when a file is put aside and how many of them are kept.
type Rotate struct {
	Size int64         // bytes; 0: never by size
	Age  time.Duration // since its first line; 0: never by age
	Keep int           // files put aside; 0: all
}

// Notice is something about a log file that somebody should know.
type Notice struct {
	Reason *trace.Reason
	File   string
	Lines  uint64 // lost, since the last Notice with that Reason
	Err    error
}

// Files are the log files of the process, by name, so that all who name the same file share it and a new
// configuration goes on with the files of the old one. It is safe for concurrent use.
type Files struct {
	mu     sync.Mutex
	byName map[string]*File
	notify func(Notice)
}

// New makes an empty set. Notify is called for each Notice, from the goroutines that write the files; it must not
// block, and may append to a log. Nil ignores them.
func New(notify func(Notice)) *Files {
	if notify == nil {
		notify = func(Notice) {}
	}
	return &Files{byName: make(map[string]*File), notify: notify}
}

// Open opens a file for appending and creates it when there is none, with mode 0640 since logs tell about people.
// Name is a path, "stdout" or "stderr". Whoever opens a file that is open shares it and sets its options. Each Open
// is paid back with a Release.
func (fs *Files) Open(name string, o Options) (*File, error) {
	if name != stdout && name != stderr {
		absolute, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		name = absolute
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.byName[name]
	if f == nil {
		f = newFile(fs, name)
	}
	if err := f.open(o); err != nil {
		return nil, err
	}
	fs.byName[name] = f
	return f, nil
}

// all is every file that was ever opened.
func (fs *Files) all() []*File {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	files := make([]*File, 0, len(fs.byName))
	for _, f := range fs.byName {
		files = append(files, f)
	}
	return files
}

// Reopen opens every file anew, for example after SIGUSR1, since somebody may have put the old ones aside. What was
// appended before goes to the old files. It does not wait; a file that cannot be opened is told to notify.
func (fs *Files) Reopen() {
	for _, f := range fs.all() {
		f.ask(func() { f.reopen = true })
	}
}

// Flush returns when everything appended before is written or lost, or with the context's error.
func (fs *Files) Flush(ctx context.Context) error {
	var waiting []<-chan struct{}
	for _, f := range fs.all() {
		waiting = append(waiting, f.flushed())
	}
	for _, done := range waiting {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close writes everything and closes all files, however often they were opened. It tries once and does not wait for
// a file that cannot be written. What is appended later is still written, but nobody waits for it.
func (fs *Files) Close(ctx context.Context) error {
	for _, f := range fs.all() {
		f.ask(func() { f.users = 0 })
	}
	if err := fs.Flush(ctx); err != nil {
		return err
	}
	return fs.Flush(ctx) // what notify had to say about the first
}
