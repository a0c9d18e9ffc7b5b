package stack

import (
	"io"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"vitrine/stack/tcp"
	"vitrine/trace"
)

// Shard is where the connection lives.
func (c *Conn) Shard() *Shard { return c.h }

// SetOwner says who is told of events, and the owner's name for the connection. What is ready already is not told.
func (c *Conn) SetOwner(o Owner, token uint64) { c.owner, c.token = o, token }

// Token is what SetOwner was given.
func (c *Conn) Token() uint64 { return c.token }

// Local is the address of our end.
func (c *Conn) Local() netip.AddrPort { return c.tuple.local() }

// Remote is the address of the peer.
func (c *Conn) Remote() netip.AddrPort { return c.tuple.remote() }

// Read reads what is there, up to len(p). It returns ErrWouldBlock when nothing is, io.EOF at the peer's end. After the
// connection's loss it still gives what was received before.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n := c.tcp.Read(c.h.now, p); n > 0 {
		if !c.gone && c.tcp.Pending() {
			c.h.touch(c) // the window may have to be announced
		}
		return n, nil
	}
	switch {
	case c.failed:
		return 0, c.Err()
	case c.tcp.PeerClosed():
		return 0, io.EOF
	case c.ended():
		return 0, c.Err()
	}
	return 0, ErrWouldBlock
}

// ended reports whether the connection is over.
func (c *Conn) ended() bool { return c.gone || c.tcp.State() == tcp.StateClosed }

// writable is why nothing can be written now; nil: it can.
func (c *Conn) writable() error {
	switch c.tcp.State() {
	case tcp.StateEstablished, tcp.StateCloseWait:
		if c.gone {
			return c.Err()
		}
		return nil
	case tcp.StateSynSent, tcp.StateSynReceived:
		return ErrWouldBlock
	case tcp.StateClosed:
		return c.Err()
	}
	return syscall.EPIPE
}

// Write takes what it can. more says that further bytes follow at once, so that a segment need not leave yet. A short
// count without an error means that the next Write would block. It returns EPIPE after CloseWrite, and why the connection
// ended when it has.
func (c *Conn) Write(p []byte, more bool) (int, error) { return c.write(p, nil, more) }

// Writev takes what it can of two pieces in order, as if they were one.
func (c *Conn) Writev(a, b []byte) (int, error) { return c.write(a, b, false) }

func (c *Conn) write(a, b []byte, more bool) (int, error) {
	if err := c.writable(); err != nil {
		return 0, err
	}
	if len(a)+len(b) == 0 {
		return 0, nil
	}
	h := c.h
	room := c.tcp.Room()
	if room <= 0 {
		return 0, ErrWouldBlock
	}
	if c.queue == nil {
		c.queue = h.memory.queue()
	}
	position := c.tcp.Position()
	a2 := a[:min(len(a), room)]
	n := c.queue.write(&h.memory, position, a2)
	want := len(a2)
	if n == len(a) && len(b) > 0 {
		b2 := b[:min(len(b), room-n)]
		want += len(b2)
		n += c.queue.write(&h.memory, position+uint64(n), b2)
	}
	if n < want {
		c.starve()
	}
	if n == 0 {
		return 0, ErrWouldBlock
	}
	c.tcp.Wrote(h.now, n, more)
	h.touch(c)
	if n == want && n < len(a)+len(b) {
		// The queue grows while it fills. A short count promises that the owner will be told of room, and the machine
		// promises that only once it was asked for room and had none.
		if n < len(a) {
			a = a[n:]
		} else {
			a, b = b[n-len(a):], nil
		}
		m, _ := c.write(a, b, more)
		n += m
	}
	return n, nil
}

// starve waits for memory of the shard's.
func (c *Conn) starve() {
	reasonSendMemory.Reach()
	if !c.starved {
		c.starved = true
		c.h.starved = append(c.h.starved, c)
	}
}

// WriteFile takes up to n bytes of the file from offset off, as many as the send queue has room for. The bytes are read
// when a segment is built. When the file turns out to be shorter, the connection is reset, so that the peer cannot take
// what it has for the whole. FileSource.Done is called in any case, at once when nothing was taken.
func (c *Conn) WriteFile(f FileSource, off int64, n int) (int, error) {
	n, err := c.writeFile(&f, off, n)
	if n == 0 && f.Done != nil {
		f.Done()
	}
	return n, err
}

func (c *Conn) writeFile(f *FileSource, off int64, n int) (int, error) {
	if err := c.writable(); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, nil
	}
	h := c.h
	if n = min(n, c.tcp.Room()); n <= 0 {
		return 0, ErrWouldBlock
	}
	if c.queue == nil {
		c.queue = h.memory.queue()
	}
	if !c.queue.extend(f, off, n) {
		source, err := openFile(f)
		if err != nil {
			return 0, err
		}
		c.queue.writeFile(c.tcp.Position(), source, off, n)
	}
	c.tcp.Wrote(h.now, n, false)
	h.touch(c)
	return n, nil
}

// CloseWrite ends the sending direction once everything written was sent (FIN); reading goes on.
func (c *Conn) CloseWrite() error {
	if c.ended() {
		return c.Err()
	}
	c.tcp.CloseWrite(c.h.now)
	c.h.touch(c)
	return nil
}

// Close ends both directions. Bytes that were written are still delivered, unless bytes received were left unread: then the
// peer gets a reset (RFC 2525 §2.17). The connection must not be used afterwards.
func (c *Conn) Close() error {
	h := c.h
	c.owner = nil
	c.held = false
	if c.gone {
		h.release(c)
		return nil
	}
	if c.orphan {
		return nil
	}
	c.orphan = true
	h.orphans++
	if h.orphans > h.limits.Orphans {
		c.why = reasonOrphans.Reach()
		c.failed = true
		c.tcp.Abort(h.now)
	} else {
		c.tcp.Close(h.now)
	}
	h.touch(c)
	return nil
}

// Abort ends the connection with a reset and drops what was not delivered. The connection must not be used afterwards.
func (c *Conn) Abort() error {
	c.owner = nil
	c.held = false
	if c.gone {
		c.h.release(c)
		return nil
	}
	c.h.abort(c, reasonAborted.Reach(), syscall.ECONNABORTED)
	return nil
}

// Unread reports whether received bytes wait to be read.
func (c *Conn) Unread() bool { return c.tcp.Readable() > 0 }

// Readable is how many received bytes wait to be read.
func (c *Conn) Readable() int { return c.tcp.Readable() }

// PeerClosed reports whether the peer's end was received; what it sent before that may be unread.
func (c *Conn) PeerClosed() bool { return c.tcp.PeerClosed() }

// Unsent is how many bytes were written and not yet acknowledged by the peer.
func (c *Conn) Unsent() int {
	if c.queue == nil {
		return 0
	}
	return int(c.tcp.Position() - c.tcp.Acked())
}

// Room is how many bytes Write would take now.
func (c *Conn) Room() int {
	if c.writable() != nil {
		return 0
	}
	return max(0, c.tcp.Room())
}

// Tag names the journey that the connection is on; 0: none.
func (c *Conn) Tag(id trace.ID) { c.tag = id }

// Why is the Reason of the connection's end, or of the last unusual thing that happened to it; nil: there was none.
func (c *Conn) Why() *trace.Reason {
	if c.failed || !c.ended() {
		return c.why
	}
	return c.tcp.Why()
}

// Err is why the connection ended: ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, …; nil while it has not. Why tells
// more.
func (c *Conn) Err() error {
	if !c.ended() {
		return nil
	}
	if c.failed {
		if c.err != nil {
			return c.err
		}
		return syscall.ECONNABORTED
	}
	why := c.tcp.Why()
	if why == nil {
		return syscall.ECONNRESET
	}
	switch {
	case strings.HasPrefix(why.ID, "stack.") && c.err != nil:
		return c.err // what the network said last
	case why.ID == "tcp.refused":
		return syscall.ECONNREFUSED
	case why.ID == "tcp.icmp.hard":
		if c.err != nil {
			return c.err
		}
		return syscall.EHOSTUNREACH
	case strings.HasPrefix(why.ID, "tcp.timeout"):
		if c.err != nil {
			return c.err // what the network said last
		}
		return syscall.ETIMEDOUT
	case why.Kind == trace.Close && strings.HasPrefix(why.ID, "tcp.close"):
		return syscall.EPIPE
	}
	return syscall.ECONNRESET
}

// SetNoDelay turns Nagle's algorithm off (RFC 1122 §4.2.3.4).
func (c *Conn) SetNoDelay(on bool) {
	c.tcp.SetNoDelay(on)
	c.again()
}

// SetCork holds back segments that are not full.
func (c *Conn) SetCork(on bool) {
	c.tcp.SetCork(c.h.now, on)
	c.again()
}

// SetKeepAlive probes an idle connection. Zero values are the configuration's.
func (c *Conn) SetKeepAlive(on bool, idle, interval time.Duration, count int) {
	c.tcp.SetKeepAlive(c.h.now, on, int64(idle), int64(interval), count)
	c.again()
}

// SetUserTimeout bounds how long sent bytes may stay unacknowledged (RFC 5482); 0: as configured.
func (c *Conn) SetUserTimeout(d time.Duration) {
	c.tcp.SetUserTimeout(int64(d))
	c.again()
}

// again has the connection looked at, since its timers may have changed.
func (c *Conn) again() {
	if !c.gone {
		c.h.touch(c)
	}
}
