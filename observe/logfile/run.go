package logfile

import (
	"bytes"
	"errors"
	"syscall"
	"time"

	"vitrine/trace"
)

// again is how long the writer waits before it tries a file again that could not be written.
const again = time.Second

// run is the writer's goroutine. It ends when nobody has the file open and everything is written.
func (f *File) run() {
	for {
		turn, ok := f.take()
		if !ok {
			return
		}
		if turn.behind > 0 {
			f.w.trouble(reasonBehind, turn.behind, nil)
		}
		for _, b := range turn.full {
			f.deliver(b)
			f.recycle(b)
		}
		if turn.reopen {
			f.w.reopen()
		}
		f.w.tell(turn.last)
		for _, done := range turn.waiting {
			close(done)
		}
		if turn.idle {
			<-f.wake
		}
	}
}

// turn is what the writer has to do.
type turn struct {
	full    [][]byte
	reopen  bool
	waiting []chan struct{}
	behind  uint64
	idle    bool // there is nothing to do
	last    bool // nobody has the file open
}

// take takes what there is to do, which is valid until the next take. It returns false when the writer is to end, and then has closed the file.
func (f *File) take() (turn, bool) {
	f.mu.Lock()
	if (f.due || f.reopen || f.users == 0) && len(f.buf) > 0 {
		f.full = append(f.full, f.buf)
		f.buf = nil
	}
	t := turn{full: f.full, reopen: f.reopen, waiting: f.waiting, behind: f.behind, last: f.users == 0}
	f.full, f.idle, f.busy = f.idle[:0], f.full, len(f.full)
	f.due, f.reopen, f.waiting, f.behind = false, false, nil, 0
	f.w.rotate = f.options.Rotate
	t.idle = len(t.full) == 0 && !t.reopen && len(t.waiting) == 0 && t.behind == 0
	if !t.idle || f.users > 0 {
		f.mu.Unlock()
		return t, true
	}
	f.running = false
	f.timer.Stop()
	out := f.w.out
	f.w.out = nil
	f.mu.Unlock()
	if out != nil {
		out.Close()
	}
	return t, false
}

// recycle keeps a buffer that was written, unless there are enough or one long line has blown it up.
func (f *File) recycle(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	if len(f.spare) < kept && cap(b) <= 2*max(f.options.Buffer, direct) {
		f.spare = append(f.spare, b[:0])
	}
}

// deliver writes a buffer of whole lines, and does not give up as long as the file has users and there is hope.
func (f *File) deliver(b []byte) {
	written := 0
	for {
		n, err := f.w.write(b[written:])
		written += n
		switch {
		case err == nil:
			return
		case errors.Is(err, syscall.EPIPE):
			f.w.lost(reasonUnread, b[written:], err)
			return
		}
		f.w.trouble(reasonUnwritable, 0, err)
		if reopen, stay := f.pause(); !stay {
			f.w.lost(reasonLost, b[written:], err)
			return
		} else if reopen && f.w.reopen() {
			// The line that was cut short begins again in the new file.
			written = bytes.LastIndexByte(b[:written], '\n') + 1
		}
	}
}

// pause waits until it is worth trying again, or until the file is to be opened anew. It returns stay false when
// nobody has it open any more.
func (f *File) pause() (reopen, stay bool) {
	timer := time.NewTimer(again)
	defer timer.Stop()
	for {
		f.mu.Lock()
		reopen, stay = f.reopen, f.users > 0
		f.reopen = false
		dropped := f.behind
		f.behind = 0
		f.mu.Unlock()
		if dropped > 0 {
			f.w.trouble(reasonBehind, dropped, nil)
		}
		f.w.tell(!stay)
		if reopen || !stay {
			return reopen, stay
		}
		select {
		case <-f.wake:
		case <-timer.C:
			f.signal() // what came meanwhile may have used up its token
			return false, true
		}
	}
}

// count is the number of lines.
func count(b []byte) uint64 { return uint64(bytes.Count(b, []byte{'\n'})) }

func reach(r *trace.Reason, n uint64) {
	for range n {
		r.Reach()
	}
}
