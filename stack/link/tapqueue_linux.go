package link

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tapQueue is one descriptor of the interface. Each read and each write is one frame: the interface knows no other way. The
// calls are raw: they cannot block, so the scheduler need not know. A write runs the kernel's whole receive path.
type tapQueue struct {
	fd   int
	wire bool
	park parking

	// Frames are read one behind the other into the arena, each with room for the longest, of which it keeps what it needs.
	// So a batch of short frames is a few cache lines apart, and a super-segment lies in one piece.
	arena []byte
	used  int   // bytes of the arena that the last Receive gave out
	ahead Frame // read while parking; the next Receive begins with it

	out     []byte // one frame to be sent, behind its header
	pending int    // bytes in out that the interface has not taken
	full    bool   // Reserve has returned nil since the last wait
	report  error  // for Flush
	down    bool

	net  *network // of the first queue only: the kernel counts its drops for the interface
	name string
	lost uint64 // drops of the interface before it was opened
	c    Counters
}

const arenaDefault = 256 << 10

func newTAPQueue(fd int, o TAPOptions) *tapQueue {
	if o.Ring <= 0 {
		o.Ring = arenaDefault
	}
	q := &tapQueue{fd: fd, wire: o.Wire, arena: make([]byte, max(o.Ring, 2*tapRead)), out: make([]byte, 2048)}
	q.park.fd, q.park.ready = fd, q.readAhead
	return q
}

const tapRead = vnetLen + MaxFrame

// What a read found.
type found uint8

const (
	foundNone found = iota
	foundFrame
	foundMalformed
	foundGone
)

// read takes one frame into the arena, from the offset given on.
func (q *tapQueue) read(at int) (f Frame, end int, what found) {
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(q.fd), uintptr(unsafe.Pointer(&q.arena[at])), tapRead)
		switch errno {
		case 0:
			if n < vnetLen {
				q.c.Malformed++
				reasonMalformed.Reach()
				return f, at, foundMalformed
			}
			b := q.arena[at+vnetLen : at+int(n) : at+int(n)]
			m, ok := parseVnet(q.arena[at:at+vnetLen], b)
			if !ok {
				q.c.Malformed++
				reasonMalformed.Reach()
				return f, at, foundMalformed
			}
			if q.wire {
				m.Checksum = ChecksumNone // verify it, as if it came over a cable
			}
			q.c.ReceivedFrames++
			q.c.ReceivedBytes += uint64(len(b))
			return Frame{b, m}, (at + int(n) + 63) &^ 63, foundFrame
		case unix.EAGAIN:
			return f, at, foundNone
		case unix.EINTR:
			continue
		}
		// EBADFD, and EFAULT while it is being removed: the descriptor has no interface any more.
		return f, at, foundGone
	}
}

func (q *tapQueue) Receive(frames []Frame) (n int, err error) {
	used := 0
	if q.ahead.Data != nil && len(frames) > 0 {
		frames[0], q.ahead.Data = q.ahead, nil
		n, used = 1, q.used
	}
	for n < len(frames) {
		if len(q.arena)-used < tapRead {
			err = ErrMore
			break
		}
		f, end, what := q.read(used)
		if what == foundFrame {
			frames[n] = f
			n++
			used = end
			continue
		}
		if what == foundMalformed {
			continue
		}
		if what == foundGone {
			err = ErrGone
		}
		break
	}
	q.used = used
	return n, err
}

// readAhead is asked before the goroutine is parked and when the descriptor is ready. Only a read can tell.
func (q *tapQueue) readAhead() bool {
	for q.ahead.Data == nil {
		if len(q.arena)-q.used < tapRead {
			return true // no room beside what was given out; the next Receive has it
		}
		f, end, what := q.read(q.used)
		switch what {
		case foundFrame:
			q.ahead, q.used = f, end
		case foundNone:
			return false
		case foundGone:
			return true
		}
	}
	return true
}

func (q *tapQueue) Reserve(n int) []byte {
	if q.pending > 0 && !q.send() {
		q.c.TransmitFull++
		q.full = true
		reasonFull.Reach()
		return nil
	}
	if need := vnetLen + n; need > len(q.out) {
		q.out = make([]byte, max(need, tapRead))
	}
	return q.out[vnetLen : vnetLen+n : vnetLen+n]
}

// Commit sends at once: the interface takes frames one by one, and who waits for this one can begin meanwhile.
func (q *tapQueue) Commit(n int, m Meta) {
	putVnet(q.out, m)
	q.pending = vnetLen + n
	q.send()
}

// send writes the pending frame. False: the interface takes no more now.
func (q *tapQueue) send() bool {
	for {
		_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(q.fd), uintptr(unsafe.Pointer(&q.out[0])), uintptr(q.pending))
		switch errno {
		case 0:
			q.c.SentFrames++
			q.c.SentBytes += uint64(q.pending - vnetLen)
			q.down = false
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			q.refuse(errno)
		}
		q.pending = 0
		return true
	}
}

// refuse gives a frame up that the kernel will never take.
func (q *tapQueue) refuse(errno syscall.Errno) {
	q.c.Refused++
	reasonRefused.Reach()
	switch errno {
	case unix.EIO: // the interface is down
		if !q.down {
			q.down = true
			q.c.Downs++
			q.report = ErrDown
			reasonDown.Reach()
		}
	case unix.EBADFD, unix.EFAULT:
		q.report = ErrGone
	}
}

func (q *tapQueue) Flush() error {
	if q.pending > 0 {
		q.send()
	}
	err := q.report
	q.report = nil
	return err
}

func (q *tapQueue) Descriptor() int { return q.fd }
func (q *tapQueue) Interrupt()      { q.park.interrupt() }

func (q *tapQueue) Wait(until, now int64) error {
	full := q.full
	q.full = false
	return q.park.wait(until, now, full)
}

func (q *tapQueue) Counters() Counters {
	if q.net != nil {
		if s, err := q.net.status(q.name); err == nil && s.txDrops-q.lost > q.c.Overruns {
			reasonOverrun.Reach() // once for all that were lost since the last look
			q.c.Overruns = s.txDrops - q.lost
		}
	}
	return q.c
}
