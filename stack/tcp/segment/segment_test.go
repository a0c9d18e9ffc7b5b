package segment

import (
	"reflect"
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "segment.") }

func TestNumbersCompareRoundTheCircle(t *testing.T) {
	for _, c := range []struct {
		a, b Number
		less bool
	}{
		{0, 1, true}, {1, 0, false}, {5, 5, false},
		{0xffffffff, 0, true}, {0, 0xffffffff, false},
		{0xfffffff0, 0x10, true}, {0x10, 0x10 + 1<<31 - 1, true}, {0x10, 0x10 + 1<<31 + 1, false},
	} {
		if c.a.Less(c.b) != c.less {
			t.Errorf("%#x < %#x = %v", c.a, c.b, !c.less)
		}
		if c.a.LessEq(c.b) != (c.less || c.a == c.b) {
			t.Errorf("%#x <= %#x is wrong", c.a, c.b)
		}
	}
	if n := Number(0xfffffffe).Add(4); n != 2 || n.Sub(0xfffffffe) != 4 || n.Add(-4) != 0xfffffffe {
		t.Error("Add and Sub disagree")
	}
	if Number(0xffffffff).Max(1) != 1 || Number(0xffffffff).Min(1) != 0xffffffff || Number(3).Max(2) != 3 || Number(3).Min(2) != 2 {
		t.Error("Max or Min is wrong")
	}
	r := Range{0xfffffffe, 4}
	if r.Len() != 6 || r.Empty() || !r.Contains(Range{0, 4}) || r.Contains(Range{0, 5}) || !(Range{4, 4}).Empty() {
		t.Error("Range is wrong")
	}
}

func TestWhatIsPutIsParsed(t *testing.T) {
	for _, o := range []Out{
		{Flags: ACK, Seq: 1, Ack: 2, Window: 3, Scale: -1},
		{Flags: SYN, Seq: 9, MSS: 1460, Scale: 7, SACKPermitted: true, Timestamps: true, TSVal: 8, TSEcr: 0},
		{Flags: SYN | ACK, MSS: 536, Scale: 0, SACKPermitted: true},
		{Flags: SYN, MSS: 1, Scale: -1, Timestamps: true, TSVal: 1},
		{Flags: SYN, Scale: 14},
		{Flags: ACK | PSH, Scale: -1, Timestamps: true, TSVal: 1, TSEcr: 2, Length: 4},
		{Flags: ACK, Scale: -1, Timestamps: true, TSVal: 1, TSEcr: 2, NSACK: 3, SACK: [4]Range{{1, 2}, {3, 4}, {5, 6}}},
		{Flags: ACK, Scale: -1, NSACK: 4, SACK: [4]Range{{1, 2}, {3, 4}, {5, 6}, {7, 8}}},
		{Flags: RST, Seq: 77, Scale: -1},
	} {
		b := make([]byte, MaxHeaderLen+o.Length)
		n := Put(b, 80, 1025, &o)
		if n != o.HeaderLen() || n%4 != 0 || int(b[12]>>4)*4 != n {
			t.Fatalf("%v: %d bytes put, HeaderLen %d", o.Flags, n, o.HeaderLen())
		}
		var s Segment
		if why := Parse(b[:n+o.Length], &s); why != nil {
			t.Fatal(why)
		}
		got := Out{Seq: s.Seq, Ack: s.Ack, Flags: s.Flags, Window: s.Window, MSS: s.MSS, Scale: s.Scale,
			SACKPermitted: s.SACKPermitted, Timestamps: s.Timestamps, NSACK: s.NSACK, TSVal: s.TSVal, TSEcr: s.TSEcr,
			SACK: s.SACK, Length: len(s.Payload)}
		if !reflect.DeepEqual(got, o) || s.SrcPort != 80 || s.DstPort != 1025 || s.Malformed {
			t.Errorf("put   %+v\nparsed %+v", o, got)
		}
	}
}

// with is a header with these flags and raw options, padded with end-of-list.
func with(flags Flags, options ...byte) []byte {
	for len(options)%4 != 0 {
		options = append(options, 0)
	}
	b := make([]byte, HeaderLen, MaxHeaderLen)
	b[12], b[13] = byte((HeaderLen+len(options))/4)<<4, byte(flags)
	return append(b, options...)
}

func TestHostileOptions(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want func(s *Segment) bool
	}{
		"length zero ends the list":        {with(SYN, 2, 4, 1, 0, 8, 0), func(s *Segment) bool { return s.MSS == 256 && s.Malformed && !s.Timestamps }},
		"length one ends the list":         {with(SYN, 3, 1), func(s *Segment) bool { return s.Malformed && s.Scale == -1 }},
		"length beyond the header":         {with(ACK, 1, 1, 8, 10), func(s *Segment) bool { return s.Malformed && !s.Timestamps }},
		"kind without length":              {with(ACK, 1, 1, 1, 8), func(s *Segment) bool { return s.Malformed }},
		"MSS of a wrong length":            {with(SYN, 2, 3, 1, 1), func(s *Segment) bool { return s.MSS == 0 && !s.Malformed }},
		"MSS without SYN":                  {with(ACK, 2, 4, 5, 0xb4), func(s *Segment) bool { return s.MSS == 0 }},
		"scale without SYN":                {with(ACK, 3, 3, 7, 1), func(s *Segment) bool { return s.Scale == -1 }},
		"scale above 14 is 14":             {with(SYN, 3, 3, 200, 1), func(s *Segment) bool { return s.Scale == 14 }},
		"SACK in a SYN":                    {with(SYN, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2), func(s *Segment) bool { return s.NSACK == 0 }},
		"SACK of a wrong length":           {with(ACK, 5, 9, 0, 0, 0, 1, 0, 0, 0, 2), func(s *Segment) bool { return s.NSACK == 0 }},
		"SACK without blocks":              {with(ACK, 5, 2), func(s *Segment) bool { return s.NSACK == 0 && !s.Malformed }},
		"timestamps of a wrong length":     {with(ACK, 8, 9, 1, 1, 1, 1, 1, 1, 1), func(s *Segment) bool { return !s.Timestamps }},
		"an unknown option is skipped":     {with(SYN, 254, 6, 1, 2, 3, 4, 4, 2), func(s *Segment) bool { return s.SACKPermitted }},
		"nothing counts behind the end":    {with(SYN, 0, 2, 4, 5, 0xb4), func(s *Segment) bool { return s.MSS == 0 }},
		"the last of two counts":           {with(SYN, 2, 4, 0, 1, 2, 4, 0, 9), func(s *Segment) bool { return s.MSS == 9 }},
		"unaligned timestamps are as good": {with(ACK, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2), func(s *Segment) bool { return s.TSVal == 1 && s.TSEcr == 2 }},
	} {
		var s Segment
		if why := Parse(c.b, &s); why != nil || !c.want(&s) {
			t.Errorf("%s: %v %+v", name, why, s)
		}
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	var s Segment
	if Parse(make([]byte, 19), &s) != reasonShort {
		t.Error("19 bytes were a header")
	}
	b := make([]byte, 24)
	for _, offset := range []byte{0, 4, 7, 15} {
		b[12] = offset << 4
		if Parse(b, &s) != reasonOffset {
			t.Errorf("offset %d was accepted", offset)
		}
	}
}

func TestSYNAndFINTakeSequenceSpace(t *testing.T) {
	s := Segment{Seq: 0xffffffff, Flags: SYN | FIN, Payload: []byte("abc")}
	if s.Len() != 5 || s.End() != 4 {
		t.Errorf("length %d, end %d", s.Len(), s.End())
	}
}

func TestFlagsAsTcpdumpWritesThem(t *testing.T) {
	for f, want := range map[Flags]string{0: "-", SYN: "S", SYN | ACK: "S.", FIN | PSH | ACK: "FP.", ACK: ".", RST | ACK: "R."} {
		if f.String() != want {
			t.Errorf("%d is %q, not %q", f, f, want)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	b := make([]byte, 1500)
	o := Out{Flags: ACK, Timestamps: true, NSACK: 1, Scale: -1}
	var s Segment
	if n := testing.AllocsPerRun(100, func() { Put(b, 1, 2, &o); Parse(b, &s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(with(SYN, 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7))
	f.Add(with(ACK, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4))
	f.Add(with(ACK, 8, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Segment
		if Parse(b, &s) != nil {
			return
		}
		if s.NSACK > 4 || s.Scale < -1 || s.Scale > MaxScale || len(s.Payload) > len(b)-HeaderLen {
			t.Fatalf("%+v", s)
		}
		// What was understood survives being written and read again, unless it was more than fits beside each other.
		o := Out{Seq: s.Seq, Ack: s.Ack, Flags: s.Flags, Window: s.Window, MSS: s.MSS, Scale: s.Scale, SACKPermitted: s.SACKPermitted,
			Timestamps: s.Timestamps, TSVal: s.TSVal, TSEcr: s.TSEcr, NSACK: s.NSACK, SACK: s.SACK}
		if o.HeaderLen() > MaxHeaderLen {
			return
		}
		out := make([]byte, MaxHeaderLen)
		n := Put(out, s.SrcPort, s.DstPort, &o)
		var again Segment
		if why := Parse(out[:n], &again); why != nil {
			t.Fatal(why)
		}
		s.Payload, again.Payload, s.Urgent, s.Malformed = nil, nil, 0, false
		if s.NSACK < 4 {
			clear(s.SACK[s.NSACK:])
			clear(again.SACK[s.NSACK:])
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("%+v\n%+v", s, again)
		}
	})
}
