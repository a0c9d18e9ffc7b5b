package icmp

import "net/netip"

// View reads a message for people, even when its end is missing: no Reason is reached, and its checksum is not verified. It
// is false when the header is not there whole, or the message is of no kind that is known here.
func View(b []byte, v6 bool) (m Message, ok bool) {
	if len(b) < HeaderLen {
		return m, false
	}
	m = view(b)
	if m.V6 = v6; v6 {
		return m, m.kind6() == nil
	}
	return m, m.kind4() == nil
}

// Quoted is Embedded for people: no Reason is reached.
func (m *Message) Quoted() (e Embedded, ok bool) {
	e, why := m.quoted()
	return e, why == nil
}

// Target is whom a message of neighbour discovery is about, and the hardware address that it names for its sender or for
// the target, if it does.
func (m *Message) Target() (target netip.Addr, hardware [6]byte, ok bool) {
	if m.Kind != NeighborSolicitation && m.Kind != NeighborAdvertisement || len(m.Body) < 16 {
		return target, hardware, false
	}
	for o := m.Body[16:]; len(o) >= 8 && o[1] != 0 && len(o) >= 8*int(o[1]); o = o[8*int(o[1]):] {
		if o[0] == optionSourceMAC || o[0] == optionTargetMAC {
			hardware = [6]byte(o[2:8])
		}
	}
	return netip.AddrFrom16([16]byte(m.Body)), hardware, true
}
