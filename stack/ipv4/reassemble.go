package ipv4

import (
	"encoding/binary"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Reassemble hands a fragment to r and returns the whole packet when this was the last one missing. The packet is valid
// until the next fragment. A Reason says why the fragment was dropped.
func Reassemble(r *ip.Reassembler, now int64, f *Packet) (p Packet, whole bool, why *trace.Reason) {
	if len(f.Header)+f.Fragment.Offset+len(f.Payload) > ip.MaxPacket {
		return p, false, ip.ReasonFragmentBeyond.Reach()
	}
	k := ip.Key{Src: f.Src, Dst: f.Dst, ID: f.Fragment.ID, Protocol: f.Protocol}
	b, whole, why := r.Add(now, k, f.Fragment.Offset, f.Fragment.More, f.Payload, f.Header)
	if !whole {
		return p, false, why
	}
	if len(b) > ip.MaxPacket {
		// The first fragment has more options than the one that reached furthest.
		return p, false, ip.ReasonFragmentBeyond.Reach()
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6], b[7] = 0, 0
	Seal(b[:int(b[0]&15)*4])
	p, why = Parse(b)
	return p, why == nil, why
}
