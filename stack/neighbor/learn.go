package neighbor

import (
	"net/netip"

	"vitrine/trace"
)

// How says what sort of message tells a hardware address. They can be combined.
type How uint8

const (
	Solicited How = 1 << iota // it answers our question: so the neighbour is reachable, both ways
	Override                  // it replaces what we knew
	Create                    // the sender is about to talk to us, so it is worth remembering even if we never asked
)

// Learn takes what a message tells: addr is at mac. It returns the packets that waited for this, which are to be sent to
// mac at once. A Reason says what is remarkable: the neighbour moved, or the message was not believed. The rules are those
// of RFC 4861 §7.2.3 and §7.2.5, which contain those of RFC 826.
func (t *Table) Learn(now int64, addr netip.Addr, mac MAC, how How) (held [][]byte, why *trace.Reason) {
	e := t.index[addr]
	if e == nil {
		if how&Create == 0 {
			// Gratuitous messages do not fill the table.
			return nil, reasonUnasked.Reach()
		}
		e = t.create(now, addr, Stale)
		e.mac, e.moved = mac, now
		if how&Solicited != 0 {
			t.enter(e, Reachable, now)
		}
		return nil, nil
	}
	switch {
	case e.state == Permanent:
		if e.mac != mac {
			return nil, reasonPermanent.Reach()
		}
		return nil, nil
	case !e.state.known():
		t.enter(e, Stale, now)
		e.mac, e.moved = mac, now
		if how&Solicited != 0 {
			t.enter(e, Reachable, now)
		}
		return t.release(e), nil
	case e.mac == mac:
		if how&Solicited != 0 {
			t.enter(e, Reachable, now)
		}
		return nil, nil
	case how&Override == 0:
		// RFC 4861 §7.2.5 I: somebody else says that it has the address; ask again soon, but do not believe it.
		if e.state == Reachable {
			t.enter(e, Stale, now)
		}
		return nil, reasonNoOverride.Reach()
	case now-e.moved < t.config.Lock && addr.Is4():
		return nil, reasonFlapping.Reach()
	}
	if e.told == 0 || now-e.told >= t.config.Lock {
		e.told = now
		why = reasonMoved.Reach() // said at most once in that time, however often it moves
	}
	e.mac, e.moved = mac, now
	t.version++
	if how&Solicited != 0 {
		t.enter(e, Reachable, now)
	} else {
		t.enter(e, Stale, now)
	}
	return nil, why
}

// asked reports whether a question to the neighbour is open, so that a message from it can be its answer.
func (t *Table) asked(addr netip.Addr) bool {
	e := t.index[addr]
	return e != nil && (e.state == Incomplete || e.state == Probe)
}
