package link

import (
	"io"
	"sync"
)

// RecordingOptions of one recording; the zero value keeps whole frames, all of them.
type RecordingOptions struct {
	Snap   int // bytes kept of each frame; 0: all
	Buffer int // bytes that wait for a slow writer before frames are left out; 0: 4 MiB
	// Keep chooses frames, which it sees without regard to Snap; nil: all. It is called on the queues' goroutines.
	Keep func(frame []byte) bool
}

// RecordingCounters tell what became of the frames that passed.
type RecordingCounters struct {
	Frames  uint64 // in the file, or about to be
	LeftOut uint64 // not in it, because the writer was too slow
	Bytes   uint64 // written
}

// Recording is one capture file being written. The queues only append to a bounded buffer; a goroutine of its own writes,
// so that nobody waits for the writer. Its methods may be called from any goroutine.
type Recording struct {
	c    *Capturer
	w    io.Writer
	o    RecordingOptions
	wake chan struct{}
	done chan struct{}

	mu      sync.Mutex
	buf     []byte
	spare   []byte
	stopped bool
	err     error
	n       RecordingCounters
}

// Stop ends the recording when all that was captured is written, and says how the writing went. Frames of a batch that is
// under way are not in it. The writer is not closed.
func (r *Recording) Stop() error {
	r.c.remove(r)
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.signal()
	<-r.done
	return r.err
}

// Done is closed when the recording has ended, by Stop or by an error of the writer, which Stop then returns.
func (r *Recording) Done() <-chan struct{} { return r.done }

// Counters so far.
func (r *Recording) Counters() RecordingCounters {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *Recording) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// add appends one frame, or leaves it out.
func (r *Recording) add(nanos int64, frame []byte, original int, out bool, comment, mark string) {
	if r.o.Keep != nil && !r.o.Keep(frame) {
		return
	}
	if r.o.Snap > 0 && len(frame) > r.o.Snap {
		frame = frame[:r.o.Snap]
	}
	r.mu.Lock()
	switch {
	case r.stopped:
	case len(r.buf)+packetBlockLen(len(frame), comment, mark) > r.o.Buffer:
		r.n.LeftOut++
		reasonLeftOut.Reach()
	default:
		r.n.Frames++
		r.buf = appendPacket(r.buf, nanos, frame, original, out, r.c.info.FCS, comment, mark)
	}
	r.mu.Unlock()
	r.signal()
}

// write is the recording's goroutine.
func (r *Recording) write() {
	defer close(r.done)
	for range r.wake {
		r.mu.Lock()
		out, stopped := r.buf, r.stopped
		r.buf, r.spare = r.spare[:0], nil
		if stopped {
			out = appendStatistics(out, r.c.o.Clock(), r.n.Frames+r.n.LeftOut, r.n.LeftOut)
		}
		r.mu.Unlock()
		var n int
		var err error
		if len(out) > 0 {
			n, err = r.w.Write(out)
		}
		r.mu.Lock()
		r.spare = out
		r.n.Bytes += uint64(n)
		if err != nil {
			r.err, r.stopped = err, true
		}
		r.mu.Unlock()
		if err != nil {
			r.c.remove(r)
			return
		}
		if stopped {
			return
		}
	}
}
