package segment

// HeaderLen is the length of a header without options, in bytes; MaxHeaderLen that of the longest one.
const (
	HeaderLen    = 20
	MaxHeaderLen = 60
)

// Flags are the control bits of a segment (RFC 9293 §3.1).
type Flags uint8

// The control bits. ECE and CWR are carried, but nothing here uses explicit congestion notification.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Has reports whether all of f are set.
func (v Flags) Has(f Flags) bool { return v&f == f }

// String writes the flags as tcpdump and packetdrill do: "S.", "P.", "R", ".".
func (v Flags) String() string {
	var b [8]byte
	s := b[:0]
	for _, f := range [...]struct {
		flag   Flags
		letter byte
	}{{FIN, 'F'}, {SYN, 'S'}, {RST, 'R'}, {PSH, 'P'}, {URG, 'U'}, {ECE, 'E'}, {CWR, 'W'}, {ACK, '.'}} {
		if v.Has(f.flag) {
			s = append(s, f.letter)
		}
	}
	if len(s) == 0 {
		return "-"
	}
	return string(s)
}

// Segment is a parsed segment that came in. It is a view: Payload points into the frame it was parsed from and is
// valid only as long as that is. One Segment is used again for every frame; Parse sets all of its fields.
type Segment struct {
	SrcPort, DstPort uint16
	Seq, Ack         Number // Ack counts only with the flag ACK
	Flags            Flags
	Window           uint16 // as on the wire, not scaled
	Urgent           uint16 // the urgent pointer; it counts only with the flag URG

	MSS           uint16 // maximum segment size, in bytes; 0: the option is missing, zero, or not in a SYN
	Scale         int8   // window shift, 0–14; -1: the option is missing or not in a SYN
	SACKPermitted bool   // only in a SYN
	Timestamps    bool   // TSVal and TSEcr are there
	Malformed     bool   // an option had an impossible length, and the options after it were ignored
	NSACK         uint8  // how many of SACK are there
	TSVal, TSEcr  uint32
	SACK          [4]Range // the first may be a duplicate report (RFC 2883)

	Payload []byte
}

// Len is how much sequence space the segment takes: its payload, and one each for SYN and FIN (RFC 9293 §3.4).
func (s *Segment) Len() int {
	n := len(s.Payload)
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}

// End is the sequence number after the segment.
func (s *Segment) End() Number { return s.Seq.Add(s.Len()) }

// Blocks are the SACK blocks of the segment; the slice is valid as long as the Segment is not parsed anew.
func (s *Segment) Blocks() []Range { return s.SACK[:s.NSACK] }
