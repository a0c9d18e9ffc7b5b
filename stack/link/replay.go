package link

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// ReplayOptions of OpenReplay; the zero value gives the frames as fast as they are taken.
type ReplayOptions struct {
	Name string // of the adapter; empty: "replay"
	MAC  MAC    // ours: of the station that the capture's frames are for
	MTU  int    // 0: 1500
	// Paced gives the frames at the pace at which they were captured.
	Paced bool
	// Trusted says that checksums are not to be verified: the file was captured on a machine whose adapter fills them in.
	Trusted bool
	// Output receives what the stack sends, as pcapng; nil: it goes nowhere.
	Output io.Writer
	Limit  int64 // bytes of the longest file; 0: 1 GiB
	// Now is the clock for Paced, in nanoseconds from any origin; nil: the system's monotonic one.
	Now func() int64
}

// Replayer is an adapter that receives the frames of a capture file. It has one queue.
type Replayer struct {
	info Info
	q    replayQueue
}

// OpenReplay reads a capture file, pcap or pcapng, to its end, and makes an adapter of it. Frames of which the file has
// only the beginning are left out and counted as malformed.
func OpenReplay(r io.Reader, o ReplayOptions) (*Replayer, error) {
	if o.Limit <= 0 {
		o.Limit = 1 << 30
	}
	b, err := io.ReadAll(io.LimitReader(r, o.Limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > o.Limit {
		return nil, fmt.Errorf("the capture file is longer than %d bytes", o.Limit)
	}
	file, err := openCaptureFile(b)
	if err != nil {
		return nil, err
	}
	p := &Replayer{info: Info{Name: o.Name, Kind: "replay", MAC: o.MAC, MTU: o.MTU, Queues: 1}}
	if o.Name == "" {
		p.info.Name = "replay"
	}
	if o.MTU == 0 {
		p.info.MTU = 1500
	}
	q := &p.q
	for {
		f, ok, err := file.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if len(f.data) < f.original {
			q.c.Malformed++
			reasonCutShort.Reach()
			continue
		}
		if len(q.frames) == 0 {
			p.info.FCS = f.fcs
		} else if f.fcs != p.info.FCS {
			return nil, errors.New("the capture file has frames with an FCS and frames without one")
		}
		q.frames = append(q.frames, f)
	}
	q.o, q.wake, q.done = o, make(chan struct{}, 1), make(chan struct{})
	if q.o.Now == nil {
		start := time.Now()
		q.o.Now = func() int64 { return int64(time.Since(start)) + 1 }
	}
	if o.Output != nil {
		q.out = appendSection(nil, p.info, 1<<18)
	}
	q.fcs = p.info.FCS
	return p, nil
}

// Info of the adapter.
func (p *Replayer) Info() Info { return p.info }

// Queue is the only one.
func (p *Replayer) Queue(int) Queue { return &p.q }

// Close gives nothing back: the file was read to its end.
func (p *Replayer) Close() error { return nil }

// Done is closed when the last frame was taken, and its taker came back for more.
func (p *Replayer) Done() <-chan struct{} { return p.q.done }

type replayQueue struct {
	o      ReplayOptions
	fcs    bool
	frames []recorded
	next   int
	began  int64 // when the first frame was given, on the clock
	ended  atomic.Bool
	done   chan struct{}
	wake   chan struct{}
	sent   []byte // memory of Reserve
	out    []byte // pcapng that Flush writes
	c      Counters
}

func (q *replayQueue) Receive(frames []Frame) (n int, err error) {
	if q.next == len(q.frames) {
		if !q.ended.Swap(true) {
			close(q.done)
		}
		return 0, nil
	}
	meta := Meta{}
	if q.o.Trusted {
		meta.Checksum = ChecksumVerified
	}
	for n < len(frames) && q.next < len(q.frames) && q.due() <= q.now() {
		b := q.frames[q.next].data
		frames[n] = Frame{b, meta}
		q.c.ReceivedBytes += uint64(len(b))
		q.next++
		n++
	}
	q.c.ReceivedFrames += uint64(n)
	return n, nil
}

// due is when the next frame is to be given; 0: at once.
func (q *replayQueue) due() int64 {
	if !q.o.Paced {
		return 0
	}
	if q.began == 0 {
		q.began = q.o.Now()
	}
	return q.began + q.frames[q.next].nanos - q.frames[0].nanos
}

func (q *replayQueue) now() int64 {
	if !q.o.Paced {
		return 0
	}
	return q.o.Now()
}

func (q *replayQueue) Reserve(n int) []byte {
	if cap(q.sent) < n {
		q.sent = make([]byte, n)
	}
	return q.sent[:n]
}

func (q *replayQueue) Commit(n int, m Meta) {
	q.c.SentFrames++
	q.c.SentBytes += uint64(n)
	if q.o.Output != nil {
		q.out = appendPacket(q.out, time.Now().UnixNano(), q.sent[:n], n, true, q.fcs, "", "")
	}
}

// Flush waits for the writer, if there is one.
func (q *replayQueue) Flush() error {
	if len(q.out) == 0 {
		return nil
	}
	_, err := q.o.Output.Write(q.out)
	q.out = q.out[:0]
	return err
}

func (q *replayQueue) Descriptor() int    { return -1 }
func (q *replayQueue) Counters() Counters { return q.c }

func (q *replayQueue) Interrupt() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *replayQueue) Wait(until, now int64) error {
	var d time.Duration
	forever := until == 0
	if !forever {
		d = time.Duration(until - now)
	}
	if q.next < len(q.frames) {
		if next := time.Duration(q.due() - q.now()); forever || next < d {
			d, forever = next, false
		}
	} else if !q.ended.Load() {
		return nil // the taker of the last frame comes back
	}
	if forever {
		<-q.wake
		return nil
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-q.wake:
	case <-timer.C:
	}
	return nil
}
