package stack

import "vitrine/stack/tcp"

// Blocked reports whether something that is to be sent waits for room in the adapter: then, and only then, owners that wait
// for the descriptor need to wait for its being writable too.
func (h *Shard) Blocked() bool { return h.blocked != nil || len(h.datagrams) > 0 }

// Unfinished reports whether connections that nobody holds any more still have something to deliver: bytes, or their end.
func (h *Shard) Unfinished() bool {
	if h.blocked != nil {
		return true
	}
	for r := h.remotes.all; r != nil; r = r.next {
		r.mu.Lock()
		waits := r.closed && r.out.n > 0 // for room in TCP
		r.mu.Unlock()
		if waits {
			return true
		}
	}
	if h.orphans == 0 {
		return false
	}
	found := false
	h.conns.each(func(c *Conn) {
		switch c.tcp.State() {
		case tcp.StateFinWait1, tcp.StateClosing, tcp.StateLastAck:
			found = found || c.orphan
		}
	})
	return found
}

// State is what of Readable, Writable, HalfShut and Hangup holds now, whether it was told or not.
func (c *Conn) State() (ready Ready) {
	if c.ended() {
		return Readable | Writable | HalfShut | Hangup
	}
	if c.tcp.Readable() > 0 {
		ready |= Readable
	}
	if c.tcp.PeerClosed() {
		ready |= Readable | HalfShut
	}
	if c.Room() > 0 {
		ready |= Writable
	}
	return ready
}
