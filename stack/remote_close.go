package stack

import (
	"net"
	"syscall"
	"time"
)

// closePatience is how long bytes written before Close may stay without any progress towards TCP. TCP itself gives up
// on a connection that nobody holds; this is for what TCP had no room to take over.
const closePatience = time.Minute

// CloseWrite ends the sending direction behind everything written (FIN); reading goes on.
func (r *Remote) CloseWrite() error {
	r.mu.Lock()
	closed, failed := r.closed, r.failed
	if closed || failed {
		r.mu.Unlock()
		if closed {
			return net.ErrClosed
		}
		return syscall.ENOTCONN
	}
	r.closing = true
	asked := r.ask(wishLook)
	r.writers.Broadcast()
	r.mu.Unlock()
	r.post(asked)
	return nil
}

// CloseRead makes reading yield io.EOF behind the bytes that came before. What comes later is taken and dropped.
func (r *Remote) CloseRead() error {
	r.mu.Lock()
	closed, gone := r.closed, r.gone
	if closed || gone {
		r.mu.Unlock()
		if closed {
			return net.ErrClosed
		}
		return syscall.ENOTCONN
	}
	r.deaf, r.ended = true, true
	asked := r.ask(wishLook)
	r.readers.Broadcast()
	r.mu.Unlock()
	r.post(asked)
	return nil
}

// SetLinger says what Close does with bytes that were not delivered: for a negative number of seconds they are sent in
// the background, for 0 they are dropped and the connection is reset, for a positive number they are sent in the
// background and dropped after that time.
func (r *Remote) SetLinger(seconds int) {
	r.mu.Lock()
	r.linger = max(seconds, -1)
	r.mu.Unlock()
}

// Close ends both directions. Bytes that were written are still delivered, unless bytes received were left unread: then
// the peer gets a reset. A second Close returns net.ErrClosed.
func (r *Remote) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return net.ErrClosed
	}
	w := wishLook
	switch {
	case r.in.n > 0:
		ClosedUnread.Reach()
		w = wishAbort
	case r.linger == 0:
		w = wishAbort
	}
	asked := r.closeNow(w)
	r.mu.Unlock()
	r.post(asked)
	return nil
}

// Abort ends the connection with a reset and drops what was not delivered.
func (r *Remote) Abort() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return net.ErrClosed
	}
	asked := r.closeNow(wishAbort)
	r.mu.Unlock()
	r.post(asked)
	return nil
}

// closeNow is the user's end of it, under the lock.
func (r *Remote) closeNow(w wish) bool {
	r.closed, r.closing = true, true
	r.notify = nil
	r.in.drop()
	if w&wishAbort != 0 {
		r.out.drop()
	}
	r.readers.Broadcast()
	r.writers.Broadcast()
	return r.ask(w)
}

// finish is the shard's end of it: what was written is in TCP's hands before the connection is closed there.
func (r *Remote) finish(c *Conn, abort bool, left, linger int) {
	switch {
	case abort:
		r.leave()
		c.Abort()
	case left == 0 || r.err != nil:
		r.leave()
		if linger > 0 {
			c.SetUserTimeout(time.Duration(linger) * time.Second)
		}
		c.Close()
	case c.Unread(): // nobody will read it: RFC 2525 §2.17
		ClosedUnread.Reach()
		r.leave()
		c.Abort()
	case r.late == nil:
		d := closePatience
		if linger > 0 {
			d = time.Duration(linger) * time.Second
		}
		r.lateLeft = left
		r.late = time.AfterFunc(d, func() {
			r.mu.Lock()
			asked := r.ask(wishLate)
			r.mu.Unlock()
			r.post(asked)
		})
	}
}

// overdue looks at a closed connection whose bytes still wait for room in TCP. It reports whether it is given up.
func (r *Remote) overdue(left, linger int) bool {
	if linger <= 0 && left < r.lateLeft {
		r.lateLeft = left
		r.late.Reset(closePatience)
		return false
	}
	ClosedStuck.Reach()
	return true
}

// leave parts from the connection, on the shard.
func (r *Remote) leave() {
	r.c = nil
	r.h.remotes.part(r)
	if r.late != nil {
		r.late.Stop()
	}
	r.mu.Lock()
	r.gone, r.failed, r.ended = true, true, true
	r.out.drop()
	r.calls = nil
	r.mu.Unlock()
}
