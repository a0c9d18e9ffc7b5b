package segment

import "encoding/binary"

// Out describes a segment that goes out. The payload is not in it: its bytes are in the sender's queue, which finds
// them by Position. MSS, Scale and SACKPermitted are written only with SYN.
type Out struct {
	Seq, Ack Number
	Flags    Flags
	Window   uint16 // as on the wire

	MSS           uint16 // 0: no option
	Scale         int8   // -1: no option
	SACKPermitted bool
	Timestamps    bool
	NSACK         uint8 // how many of SACK are sent
	TSVal, TSEcr  uint32
	SACK          [4]Range

	Position    uint64 // of the payload's first byte in the stream; 0 is the first byte after the SYN
	Length      int    // of the payload, in bytes
	SegmentSize int    // > 0: a super-segment, cut into pieces of this many payload bytes on its way; PSH and FIN belong to the last
}

// HeaderLen is the length of the header with the options that this segment carries, in bytes: a multiple of four.
func (o *Out) HeaderLen() int {
	n := HeaderLen
	if o.Flags&SYN != 0 {
		if o.MSS != 0 {
			n += 4
		}
		if o.Scale >= 0 {
			n += 4
		}
		if o.SACKPermitted && !o.Timestamps {
			n += 4
		}
	}
	if o.Timestamps {
		n += 12
	}
	if o.NSACK > 0 {
		n += 4 + 8*int(o.NSACK)
	}
	return n
}

// Put writes the header into b, with a zero checksum, and returns its length, which is HeaderLen. The payload follows
// it; writing that and the checksum is the caller's. b has room for MaxHeaderLen bytes or for HeaderLen.
func Put(b []byte, srcPort, dstPort uint16, o *Out) int {
	head := o.HeaderLen()
	_ = b[head-1]
	binary.BigEndian.PutUint32(b, uint32(srcPort)<<16|uint32(dstPort))
	binary.BigEndian.PutUint32(b[4:], uint32(o.Seq))
	binary.BigEndian.PutUint32(b[8:], uint32(o.Ack))
	b[12], b[13] = byte(head/4)<<4, byte(o.Flags)
	binary.BigEndian.PutUint16(b[14:], o.Window)
	binary.BigEndian.PutUint32(b[16:], 0)

	// Options in Linux's order, each group padded to four bytes in front, so that numbers lie aligned.
	n := HeaderLen
	syn := o.Flags&SYN != 0
	if syn && o.MSS != 0 {
		binary.BigEndian.PutUint32(b[n:], optMSS<<24|4<<16|uint32(o.MSS))
		n += 4
	}
	switch {
	case o.Timestamps:
		first := uint32(alignedTimestamps)
		if syn && o.SACKPermitted {
			first = optSACKPermitted<<24 | 2<<16 | optTimestamps<<8 | 10
		}
		binary.BigEndian.PutUint32(b[n:], first)
		binary.BigEndian.PutUint32(b[n+4:], o.TSVal)
		binary.BigEndian.PutUint32(b[n+8:], o.TSEcr)
		n += 12
	case syn && o.SACKPermitted:
		binary.BigEndian.PutUint32(b[n:], optNop<<24|optNop<<16|optSACKPermitted<<8|2)
		n += 4
	}
	if syn && o.Scale >= 0 {
		binary.BigEndian.PutUint32(b[n:], optNop<<24|optScale<<16|3<<8|uint32(o.Scale))
		n += 4
	}
	if o.NSACK > 0 {
		binary.BigEndian.PutUint32(b[n:], optNop<<24|optNop<<16|optSACK<<8|uint32(2+8*int(o.NSACK)))
		n += 4
		for _, r := range o.SACK[:o.NSACK] {
			binary.BigEndian.PutUint32(b[n:], uint32(r.Start))
			binary.BigEndian.PutUint32(b[n+4:], uint32(r.End))
			n += 8
		}
	}
	return n
}
