package ipv6

import (
	"encoding/binary"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Reassemble hands a fragment to r and returns the whole packet when this was the last one missing; Fragmented is set in
// it. The packet is valid until the next fragment. A Reason says why the fragment or the whole packet was dropped.
func Reassemble(r *ip.Reassembler, now int64, f *Packet) (p Packet, whole bool, why *trace.Reason) {
	k := ip.Key{Src: f.Src, Dst: f.Dst, ID: f.Fragment.ID}
	b, whole, why := r.Add(now, k, f.Fragment.Offset, f.Fragment.More, f.Payload, f.Header)
	if !whole {
		return p, false, why
	}
	b = join(b)
	if len(b)-HeaderLen > ip.MaxPacket {
		// The first fragment has longer headers than the one that reached furthest.
		return p, false, ip.ReasonFragmentBeyond.Reach()
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-HeaderLen))
	p, why = Parse(b)
	if why == nil && p.Fragmented {
		why = reasonFragmentTwice.Reach()
	}
	p.Fragmented = true
	return p, why == nil, why
}

// join takes the fragment header out of a packet that has all of its payload; whoever named it now names what it named
// (RFC 8200 §4.5). The headers up to there were checked when they arrived.
func join(b []byte) []byte {
	named, at := 6, HeaderLen
	for b[named] != ip.FragmentHeader {
		named, at = at, at+8+8*int(b[at+1])
	}
	b[named] = b[at]
	copy(b[FragmentHeaderLen:], b[:at])
	return b[FragmentHeaderLen:]
}
