package segment

import (
	"encoding/binary"

	"vitrine/trace"
)

// Option kinds (RFC 9293 §3.2, RFC 7323, RFC 2018).
const (
	optEnd           = 0
	optNop           = 1
	optMSS           = 2
	optScale         = 3
	optSACKPermitted = 4
	optSACK          = 5
	optTimestamps    = 8
)

// MaxScale is the largest window shift; a larger one is taken as this (RFC 7323 §2.3).
const MaxScale = 14

// alignedTimestamps is how nearly every segment of a connection begins its options: NOP, NOP, timestamps, length 10.
const alignedTimestamps = optNop<<24 | optNop<<16 | optTimestamps<<8 | 10

// Parse reads the TCP header and options of b, which is a whole segment without its IP header, into s. It sets every
// field of s. A non-nil Reason means that the segment has no usable header and s is not to be used. The checksum is the
// caller's to verify. Parse keeps nothing but s.Payload, which points into b.
func Parse(b []byte, s *Segment) *trace.Reason {
	if len(b) < HeaderLen {
		return reasonShort.Reach()
	}
	head := int(b[12]>>4) * 4
	if head < HeaderLen || head > len(b) {
		return reasonOffset.Reach()
	}
	ports := binary.BigEndian.Uint32(b)
	s.SrcPort, s.DstPort = uint16(ports>>16), uint16(ports)
	s.Seq = Number(binary.BigEndian.Uint32(b[4:]))
	s.Ack = Number(binary.BigEndian.Uint32(b[8:]))
	s.Flags = Flags(b[13])
	s.Window = binary.BigEndian.Uint16(b[14:])
	s.Urgent = binary.BigEndian.Uint16(b[18:])
	s.MSS, s.Scale, s.SACKPermitted, s.Malformed, s.NSACK = 0, -1, false, false, 0
	s.Payload = b[head:]

	if head == HeaderLen+12 && s.Flags&SYN == 0 && binary.BigEndian.Uint32(b[20:]) == alignedTimestamps {
		s.Timestamps = true
		s.TSVal, s.TSEcr = binary.BigEndian.Uint32(b[24:]), binary.BigEndian.Uint32(b[28:])
		return nil
	}
	s.Timestamps, s.TSVal, s.TSEcr = false, 0, 0
	if head > HeaderLen {
		s.options(b[HeaderLen:head])
	}
	return nil
}

// options reads the option list. Options that belong to a SYN count only there (RFC 9293 §3.2, RFC 7323 §2.2,
// RFC 2018 §2), and a repeated one counts as it stands last.
func (s *Segment) options(b []byte) {
	syn := s.Flags&SYN != 0
	for len(b) > 0 {
		kind := b[0]
		if kind == optEnd {
			return
		}
		if kind == optNop {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			s.Malformed = true
			return
		}
		body := b[2:b[1]]
		b = b[b[1]:]
		switch kind {
		case optMSS:
			if syn && len(body) == 2 {
				s.MSS = binary.BigEndian.Uint16(body)
			}
		case optScale:
			if syn && len(body) == 1 {
				s.Scale = int8(min(body[0], MaxScale))
			}
		case optSACKPermitted:
			if syn && len(body) == 0 {
				s.SACKPermitted = true
			}
		case optTimestamps:
			if len(body) == 8 {
				s.Timestamps = true
				s.TSVal, s.TSEcr = binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
			}
		case optSACK:
			if syn || len(body) == 0 || len(body)%8 != 0 {
				continue
			}
			s.NSACK = 0
			for len(body) > 0 && int(s.NSACK) < len(s.SACK) {
				s.SACK[s.NSACK] = Range{Number(binary.BigEndian.Uint32(body)), Number(binary.BigEndian.Uint32(body[4:]))}
				s.NSACK++
				body = body[8:]
			}
		}
	}
}
