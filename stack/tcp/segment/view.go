package segment

import "encoding/binary"

// View reads a segment for people, even when its end is missing: no Reason is reached. Payload is what is there of it, and
// head is how long the header says that it is. It is false when the header without its options is not there, or is none.
func View(b []byte, s *Segment) (head int, ok bool) {
	if len(b) < HeaderLen {
		return 0, false
	}
	if head = int(b[12]>>4) * 4; head < HeaderLen {
		return 0, false
	}
	there := min(head, len(b))
	*s = Segment{
		SrcPort: binary.BigEndian.Uint16(b), DstPort: binary.BigEndian.Uint16(b[2:]),
		Seq: Number(binary.BigEndian.Uint32(b[4:])), Ack: Number(binary.BigEndian.Uint32(b[8:])),
		Flags: Flags(b[13]), Window: binary.BigEndian.Uint16(b[14:]), Urgent: binary.BigEndian.Uint16(b[18:]),
		Scale: -1, Payload: b[there:],
	}
	s.options(b[HeaderLen:there])
	return head, true
}
