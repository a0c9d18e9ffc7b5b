package stack

import (
	"io"
	"syscall"
)

// remotes are the endpoints of a shard that are used elsewhere. All of it belongs to the shard.
type remotes struct {
	due     []*Remote // to be looked at before the next Flush
	spare   []*Remote
	all     *Remote  // the list of those that have a connection
	tasks   []func() // others that wait for the same moment: listeners, datagrams
	scratch []byte   // one datagram
	told    bool     // somebody elsewhere was told of something since told was cleared

	// Who else is to be failed when the shard stops, by what they are.
	others map[any]func(error)
}

// look has the remote looked at.
func (m *remotes) look(r *Remote) {
	if !r.listed {
		r.listed = true
		m.due = append(m.due, r)
	}
}

// later has f called with the remotes.
func (m *remotes) later(f func()) { m.tasks = append(m.tasks, f) }

// pending reports whether somebody is to be looked at.
func (m *remotes) pending() bool { return len(m.due) > 0 || len(m.tasks) > 0 }

func (m *remotes) join(r *Remote) {
	if r.next = m.all; m.all != nil {
		m.all.prev = r
	}
	m.all = r
}

func (m *remotes) part(r *Remote) {
	if r.prev != nil {
		r.prev.next = r.next
	} else if m.all == r {
		m.all = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
}

// serve looks at everybody who is due: once for everything that happened in a batch. Flush begins with it, so that
// what was written leaves at once.
func (m *remotes) serve() {
	for len(m.tasks) > 0 {
		tasks := m.tasks
		m.tasks = nil
		for _, f := range tasks {
			f()
		}
	}
	due := m.due
	m.due, m.spare = m.spare[:0], due
	for i, r := range due {
		r.serve()
		due[i] = nil
	}
}

// end fails everybody: the shard stops.
func (m *remotes) end(err error) {
	for m.all != nil {
		r, c := m.all, m.all.c
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		r.leave()
		c.Abort()
		r.tell(HalfShut | Hangup)
	}
	for who, f := range m.others {
		delete(m.others, who)
		f(err)
	}
}

// onEnd has f called when the shard stops; nil: no more.
func (m *remotes) onEnd(who any, f func(error)) {
	switch {
	case f == nil:
		delete(m.others, who)
	case m.others == nil:
		m.others = map[any]func(error){who: f}
	default:
		m.others[who] = f
	}
}

// remoteOwner is a Remote as its connection's owner.
type remoteOwner Remote

// Ready notes what happened; it is looked at before the shard sends.
func (o *remoteOwner) Ready(_ *Conn, ready Ready) {
	o.news |= ready
	o.h.remotes.look((*Remote)(o))
}

// serve moves bytes both ways and does what the user wished.
func (r *Remote) serve() {
	r.listed = false
	news := r.news
	r.news = 0
	r.mu.Lock()
	r.posted = false
	asked, calls := r.asked, r.calls
	r.asked, r.calls = 0, nil
	closed, linger, left := r.closed, r.linger, r.out.n
	tag, tagged := r.tag, r.tagged
	r.tagged = false
	if news&(Writable|Hangup) == Writable { // a connection that was refused is said to be writable too, for the error's sake
		r.opened = true
	}
	r.mu.Unlock()
	c := r.c
	if c == nil {
		r.tell(0)
		return
	}
	if asked&wishAbort != 0 || asked&wishLate != 0 && r.overdue(left, linger) {
		r.finish(c, true, 0, linger)
		return
	}
	if news&Writable != 0 {
		r.stuck = false
	}
	if news&(Readable|HalfShut|Hangup) != 0 {
		r.readable = true
	}
	if tagged {
		c.Tag(tag)
	}
	for _, f := range calls {
		f(c)
	}
	if news&Hangup != 0 {
		r.fail(c.Err())
	}
	left = r.push(c)
	if closed {
		r.finish(c, false, left, linger)
		return
	}
	r.pull(c)
	r.mu.Lock()
	r.unacked = c.Unsent()
	r.mu.Unlock()
	r.tell(news & (HalfShut | Hangup))
}

// fail notes that the connection is over. EPIPE stands for an end in good order, with nothing to tell.
func (r *Remote) fail(err error) {
	r.mu.Lock()
	r.failed, r.hung = true, true
	if r.err == nil && err != syscall.EPIPE {
		r.err = err
	}
	r.mu.Unlock()
	r.readable = true
}

// push offers TCP what was written. It returns how much it left.
func (r *Remote) push(c *Conn) int {
	for {
		r.mu.Lock()
		if r.stuck || !r.opened || r.failed {
			left := r.out.n
			if r.failed {
				left = 0 // nobody will take it
			}
			r.mu.Unlock()
			return left
		}
		part, b := r.out.front()
		if part == nil {
			shut := r.closing && !r.closed && !r.shut
			r.mu.Unlock()
			if shut {
				r.shut = true
				c.CloseWrite()
			}
			return 0
		}
		more := r.more || r.out.n > len(b)
		r.mu.Unlock()
		n, err := c.Write(b, more)
		r.mu.Lock()
		r.out.drained(part, n)
		r.mu.Unlock()
		if err != nil && err != ErrWouldBlock {
			r.fail(c.Err())
		} else if n < len(b) {
			r.stuck = true
		}
	}
}

// pull takes from TCP what there is room for.
func (r *Remote) pull(c *Conn) {
	if !r.readable || r.eof {
		return
	}
	for {
		r.mu.Lock()
		if r.closed || r.in.n >= r.inMost && !r.deaf {
			r.full = !r.closed
			r.mu.Unlock()
			return
		}
		part, b := r.in.space()
		deaf := r.deaf
		if !deaf {
			b = b[:min(len(b), r.inMost-r.in.n)]
		}
		r.mu.Unlock()
		n, err := c.Read(b)
		r.mu.Lock()
		if deaf {
			n = 0
		}
		r.in.filled(part, n)
		switch err {
		case nil:
		case ErrWouldBlock:
			r.readable = false
			if r.failed { // the connection is gone, and this was everything
				r.eof, r.ended = true, true
			}
		case io.EOF:
			r.eof, r.ended = true, true
		default:
			r.eof, r.ended, r.failed = true, true, true
			if r.err == nil && err != syscall.EPIPE {
				r.err = err
			}
		}
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// tell wakes those who wait for what is there now.
func (r *Remote) tell(also Ready) {
	r.mu.Lock()
	ready := r.events() | also
	if ready != 0 {
		ready |= r.endings()
		r.h.remotes.told = true
	}
	if r.in.n > 0 || r.ended {
		r.readers.Broadcast()
	}
	if r.writable() {
		r.writers.Broadcast()
	}
	f := r.notify
	r.mu.Unlock()
	if f != nil && ready != 0 {
		f(ready)
	}
}
