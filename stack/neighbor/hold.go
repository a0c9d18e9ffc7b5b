package neighbor

import (
	"bytes"
	"net/netip"

	"vitrine/trace"
)

// Resolve begins to ask for a neighbour that Lookup does not know; Advance asks. It returns ReasonUnreachable while a
// failure is remembered.
func (t *Table) Resolve(now int64, addr netip.Addr) *trace.Reason {
	_, why := t.resolve(now, addr)
	return why
}

func (t *Table) resolve(now int64, addr netip.Addr) (*entry, *trace.Reason) {
	e := t.index[addr]
	if e == nil {
		e = t.create(now, addr, Incomplete)
		t.schedule(e, now)
	}
	e.used = now
	if e.state == Failed {
		if now < e.due {
			return e, ReasonUnreachable.Reach()
		}
		t.enter(e, Incomplete, now)
		t.schedule(e, now)
	}
	return e, nil
}

// Hold begins to ask for a neighbour that Lookup does not know and keeps a copy of a packet until it is known (RFC 1122
// §2.3.2.2). ReasonUnreachable: the packet was not kept, since nobody answered a moment ago. Another Reason: there are too
// many waiting, and the oldest for this neighbour was dropped, or this packet if there is none.
func (t *Table) Hold(now int64, addr netip.Addr, packet []byte) (why *trace.Reason) {
	e, why := t.resolve(now, addr)
	if why != nil {
		return why
	}
	c := &t.config
	for len(e.packets) > 0 && (len(e.packets) >= c.HoldPackets || e.bytes+len(packet) > c.HoldBytes) {
		why = reasonHoldEntry.Reach()
		t.drop(e)
	}
	for len(e.packets) > 0 && t.held+len(packet) > c.HoldTotal {
		why = reasonHoldAll.Reach()
		t.drop(e)
	}
	if t.held+len(packet) > c.HoldTotal {
		return reasonHoldAll.Reach()
	}
	e.packets = append(e.packets, bytes.Clone(packet))
	e.bytes += len(packet)
	t.held += len(packet)
	if e.state.known() {
		t.schedule(e, now) // not as agreed, but no reason to lose it
	}
	return why
}

// drop forgets the packet that has waited longest.
func (t *Table) drop(e *entry) {
	n := len(e.packets[0])
	e.bytes -= n
	t.held -= n
	e.packets[0] = nil
	e.packets = e.packets[1:]
}

// release gives the waiting packets away.
func (t *Table) release(e *entry) [][]byte {
	p := e.packets
	t.held -= e.bytes
	e.packets, e.bytes = nil, 0
	return p
}
