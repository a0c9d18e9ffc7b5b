package stack

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"vitrine/trace"
)

// remoteBuffer is how many bytes a Remote holds in each direction, beside what TCP holds: enough that a reader and its
// shard need not wake each other for every segment.
const remoteBuffer = 128 << 10

// Remote is a connection used away from its shard: by another goroutine, at any time. TCP state is touched on the shard
// only; between the two lie a queue of bytes received and not yet read, a queue of bytes written and not yet taken by
// TCP, both bounded, and the wishes of the user, which go to the shard as one posted function however many they are.
// When the user does not read, the queue fills, then TCP's receive buffer, and then the window closes.
//
// Nothing blocks. Readiness is edge-triggered: after an event the user goes on until an operation returns ErrWouldBlock
// or less than was asked for, and no further event for that direction arrives before it has.
//
// The reading methods (Read) belong to one goroutine at a time, and so do the writing ones (Write, Writev, WriteFile);
// both may run at the same time, and all others at any time.
type Remote struct {
	h             *Shard
	local, remote netip.AddrPort
	wake          func() // what is posted; made once, so that posting does not allocate

	// The shard's.
	c          *Conn // nil: given back
	news       Ready // told by the shard and not yet looked at
	listed     bool  // in the shard's list of remotes to look at
	readable   bool  // reading may yield something
	stuck      bool  // TCP took less than it was offered; Writable follows
	shut       bool  // CloseWrite was called
	eof        bool  // the peer's end was read
	late       *time.Timer
	lateLeft   int // bytes that were left in out when late was set
	prev, next *Remote

	mu       sync.Mutex
	in, out  byteQueue
	inMost   int
	outMost  int
	readers  sync.Cond // somebody waits for in, or for the connection
	writers  sync.Cond // somebody waits for room in out
	notify   func(Ready)
	calls    []func(*Conn)
	err      error // why the connection failed; reading tells it behind the bytes that came
	failed   bool  // nothing can be written any more
	hung     bool  // TCP is done with the connection
	ended    bool  // nothing will be received any more: err, or io.EOF when that is nil
	asked    wish
	posted   bool
	begun    bool // the connection exists on the shard; only of those that ConnectRemote makes
	opened   bool // the handshake is complete
	armRead  bool // the next readiness to read is worth telling
	armWrite bool
	full     bool // the shard left bytes in TCP because in was full
	more     bool // the last write said that further bytes follow at once
	closed   bool // by the user
	closing  bool // the sending direction, by the user
	deaf     bool // the receiving direction, by the user: what comes is dropped
	gone     bool // the shard has nothing to do with it any more
	tagged   bool // tag is to be passed on
	tag      trace.ID
	linger   int // seconds for which unsent bytes outlive Close; -1: the default, 0: a reset at once
	unacked  int // what TCP held when the shard looked last
}

// wish is what a user wants of the shard.
type wish uint8

const (
	wishLook  wish = 0 // what every wish implies: there is something in out, or room in in, or a call
	wishAbort wish = 1
	wishLate  wish = 2 // the patience after Close is over
)

// NewRemote makes a connection usable away from its shard. It is called on the shard and takes the connection over.
func NewRemote(c *Conn) *Remote {
	r := newRemote(c.Shard())
	r.opened = true
	r.adopt(c)
	return r
}

func newRemote(h *Shard) *Remote {
	r := &Remote{h: h, inMost: remoteBuffer, outMost: remoteBuffer, armRead: true, linger: -1}
	r.readers.L, r.writers.L = &r.mu, &r.mu
	r.wake = func() { r.h.remotes.look(r) }
	return r
}

// adopt takes the connection over, on the shard.
func (r *Remote) adopt(c *Conn) {
	r.c, r.local, r.remote = c, c.Local(), c.Remote()
	r.readable = r.opened
	c.SetOwner((*remoteOwner)(r), 0)
	r.h.remotes.join(r)
	r.h.remotes.look(r)
}

// Local is the address of our end.
func (r *Remote) Local() netip.AddrPort { return r.local }

// Remote is the address of the peer.
func (r *Remote) Remote() netip.AddrPort { return r.remote }

// Shard is where the connection lives.
func (r *Remote) Shard() *Shard { return r.h }

// Notify sets who is told of readiness: at once of what is ready already, later on the shard. f must not block. The
// events are edges, as the type's description says. After Close nothing is told.
func (r *Remote) Notify(f func(Ready)) {
	r.mu.Lock()
	r.notify = f
	r.armRead = true
	ready := r.events() | r.endings()
	if f == nil || r.closed {
		ready = 0
	}
	r.mu.Unlock()
	if ready != 0 {
		f(ready)
	}
}

// events is what is worth telling now of both directions; it is told only once. The lock is held.
func (r *Remote) events() (ready Ready) {
	if r.armRead && (r.in.n > 0 || r.ended) {
		r.armRead = false
		ready |= Readable
	}
	if r.armWrite && r.writable() {
		r.armWrite = false
		ready |= Writable
	}
	return ready
}

// endings is what is known about the connection's end. The lock is held.
func (r *Remote) endings() (ready Ready) {
	if r.ended {
		ready |= HalfShut
	}
	if r.gone || r.hung || r.err != nil {
		ready |= Hangup
	}
	return ready
}

// writable reports whether writing is worth trying: half a queue of room spares a wake for every segment that leaves.
func (r *Remote) writable() bool { return r.failed || r.opened && r.out.n <= r.outMost/2 }

// ask notes wishes, under the lock. When it returns true the caller posts wake after unlocking.
func (r *Remote) ask(w wish) bool {
	r.asked |= w
	if r.posted {
		return false
	}
	r.posted = true
	return true
}

// post sends the wishes on their way. No lock is held.
func (r *Remote) post(asked bool) {
	if asked {
		r.h.Post(r.wake)
	}
}

// Read reads what is there, up to len(p). It returns ErrWouldBlock when nothing is, io.EOF at the peer's end, and
// net.ErrClosed after Close.
func (r *Remote) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	for n < len(p) && !r.closed {
		c, b := r.in.front()
		if c == nil {
			break
		}
		r.mu.Unlock()
		k := copy(p[n:], b)
		n += k
		r.mu.Lock()
		r.in.drained(c, k)
	}
	asked := false
	if r.full && r.in.n <= r.inMost/2 {
		r.full = false
		asked = r.ask(wishLook)
	}
	switch {
	case n == len(p) && n > 0:
	case n > 0:
		r.armRead = true
		if r.ended { // that was told already: it is told again for those who stop at a short count
			asked = r.ask(wishLook) || asked
		}
	case r.closed:
		err = net.ErrClosed
	case len(p) == 0:
	case r.ended:
		if err = r.err; err == nil {
			err = io.EOF
		}
	default:
		r.armRead = true
		err = ErrWouldBlock
	}
	r.mu.Unlock()
	r.post(asked)
	return n, err
}

// mayWrite is why nothing can be written, nil when something can. The lock is held.
func (r *Remote) mayWrite() error {
	switch {
	case r.closed:
		return net.ErrClosed
	case r.closing:
		return syscall.EPIPE
	case r.failed:
		if r.err != nil {
			return r.err
		}
		return syscall.EPIPE
	}
	return nil
}

// Write takes what it can. more says that further bytes follow at once, so that a segment need not leave yet. A short
// count without an error means that the next Write would block.
func (r *Remote) Write(p []byte, more bool) (int, error) { return r.write(p, nil, more) }

// Writev takes what it can of two pieces in order, as if they were one.
func (r *Remote) Writev(a, b []byte) (int, error) { return r.write(a, b, false) }

func (r *Remote) write(p, then []byte, more bool) (n int, err error) {
	all := len(p) + len(then)
	r.mu.Lock()
	for {
		if len(p) == 0 {
			p, then = then, nil
		}
		if err = r.mayWrite(); err != nil || len(p) == 0 || r.out.n >= r.outMost || !r.opened {
			break
		}
		c, b := r.out.space()
		b = b[:min(len(b), r.outMost-r.out.n)]
		r.mu.Unlock()
		k := copy(b, p)
		p = p[k:]
		n += k
		r.mu.Lock()
		r.out.filled(c, k)
	}
	asked := false
	if n > 0 {
		r.more = more
		asked = r.ask(wishLook)
		err = nil // what was taken is told; the error follows at the next call
	}
	if n < all && err == nil {
		r.armWrite = true
		if n == 0 {
			err = ErrWouldBlock
		}
	}
	r.mu.Unlock()
	r.post(asked)
	return n, err
}

// WriteFile takes up to n bytes of the file from offset off. It reads the file here, in the calling goroutine, which
// may wait for the disk, and needs it no more when it returns. At the file's end it returns io.ErrUnexpectedEOF.
func (r *Remote) WriteFile(f io.ReaderAt, off int64, n int) (taken int, err error) {
	asked := false
	r.mu.Lock()
	for taken < n && err == nil {
		if err = r.mayWrite(); err != nil {
			break
		}
		if !r.opened || r.out.n >= r.outMost {
			r.armWrite = true
			err = ErrWouldBlock
			break
		}
		c, b := r.out.space()
		b = b[:min(len(b), r.outMost-r.out.n, n-taken)]
		r.mu.Unlock()
		var k int
		k, err = f.ReadAt(b, off+int64(taken))
		if err == io.EOF {
			if err = nil; k < len(b) {
				err = io.ErrUnexpectedEOF
			}
		}
		taken += k
		r.mu.Lock()
		r.out.filled(c, k)
	}
	if taken > 0 {
		r.more = false
		asked = r.ask(wishLook)
		err = nil
	}
	r.mu.Unlock()
	r.post(asked)
	return taken, err
}

// Unread reports whether received bytes wait to be read.
func (r *Remote) Unread() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.in.n > 0
}

// Unsent is how many bytes were written and not yet acknowledged by the peer, as the shard knew it lately. Asking makes
// the shard look again, so that somebody who asks from time to time sees progress.
func (r *Remote) Unsent() int {
	r.mu.Lock()
	n := r.out.n + r.unacked
	asked := n > 0 && r.ask(wishLook)
	r.mu.Unlock()
	r.post(asked)
	return n
}

// Opened reports whether the connection was established, whatever became of it since.
func (r *Remote) Opened() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// Err is why the connection failed, nil while it has not.
func (r *Remote) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Peek is Read that leaves the bytes where they are.
func (r *Remote) Peek(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := r.in.head; c != nil && n < len(p); c = c.next {
		n += copy(p[n:], c.b[c.r:c.w])
	}
	switch {
	case n > 0 || len(p) == 0:
	case r.closed:
		err = net.ErrClosed
	case r.ended:
		if err = r.err; err == nil {
			err = io.EOF
		}
	default:
		r.armRead = true
		err = ErrWouldBlock
	}
	return n, err
}

// State is what of Readable, Writable, HalfShut and Hangup holds now, whether it was told or not. What of want does not
// hold will be told when it does, as if an operation had returned ErrWouldBlock.
func (r *Remote) State(want Ready) (ready Ready) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armRead = r.armRead || want&Readable != 0
	r.armWrite = r.armWrite || want&Writable != 0
	if r.in.n > 0 || r.ended {
		ready |= Readable
	}
	if r.writable() {
		ready |= Writable
	}
	return ready | r.endings()
}

// Call has f called on the shard with the connection, unless that is gone. What was written before is offered to TCP
// first only if it was looked at; what is written afterwards comes later.
func (r *Remote) Call(f func(*Conn)) {
	r.mu.Lock()
	r.calls = append(r.calls, f)
	asked := r.ask(wishLook)
	r.mu.Unlock()
	r.post(asked)
}

// Info describes the connection as Sockets does. It asks the shard, and returns net.ErrClosed when the connection is gone.
func (r *Remote) Info(ctx context.Context) (info SocketInfo, err error) {
	found := make(chan SocketInfo, 1) // the answer may come after nobody waits any more
	err = r.h.do(ctx, func() {
		r.serve() // what was wished before comes first
		if r.c != nil {
			found <- r.c.Info()
		}
	})
	if err == nil {
		select {
		case info = <-found:
		default:
			err = net.ErrClosed
		}
	}
	return info, err
}

// Tag names the journey that the connection is on; 0: none. The shard hears of it together with what is wished next, so
// that naming a journey costs no wake.
func (r *Remote) Tag(id trace.ID) {
	r.mu.Lock()
	r.tag, r.tagged = id, true
	r.mu.Unlock()
}

// SetBuffers bounds the bytes held in each direction beside TCP's; 0 leaves a bound as it is.
func (r *Remote) SetBuffers(in, out int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if in > 0 {
		r.inMost = in
	}
	if out > 0 {
		r.outMost = out
	}
}
