package ethernet

import (
	"bytes"
	"testing"
)

var (
	ours   = MAC{0x02, 0, 0, 0, 0, 1}
	theirs = MAC{0x02, 0, 0, 0, 0, 2}
)

func frame(dst, src MAC, t Type, payload string) []byte {
	b := make([]byte, HeaderLen+len(payload))
	copy(b[Put(b, dst, src, t):], payload)
	return b
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		sentence string
		in       []byte
		why      string
	}{
		{"a frame with IPv4 is let through", frame(ours, theirs, TypeIPv4, "x"), "-"},
		{"a frame with an unknown type too: the driver knows what is spoken", frame(Broadcast, theirs, 0x9000, "x"), "-"},
		{"a frame may carry nothing", frame(ours, theirs, TypeARP, ""), "-"},
		{"less than a header is no frame", frame(ours, theirs, TypeARP, "")[:13], "ethernet.short"},
		{"802.1Q: the tag of another network", frame(ours, theirs, TypeVLAN, "\x00\x01\x08\x00"), "ethernet.tagged"},
		{"802.1ad: likewise", frame(ours, theirs, TypeQinQ, "\x00\x01\x81\x00"), "ethernet.tagged"},
		{"802.3: a length instead of a type", frame(ours, theirs, 0x05ff, "x"), "ethernet.length"},
		{"0x0600 is the first type", frame(ours, theirs, 0x0600, "x"), "-"},
		{"nobody is everybody", frame(ours, Broadcast, TypeIPv4, "x"), "ethernet.group-source"},
		{"nobody is a group", frame(ours, MAC{1, 0, 0x5e, 0, 0, 1}, TypeIPv4, "x"), "ethernet.group-source"},
	} {
		f, why := Parse(c.in)
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
		}
		if why == nil && !bytes.Equal(frame(f.Dst, f.Src, f.EtherType, string(f.Payload)), c.in) {
			t.Errorf("%s: read as %+v", c.sentence, f)
		}
	}
}

// IEEE 802.3 §3.2.9: the check value of CRC-32, and the order on the wire.
func TestFCS(t *testing.T) {
	b := append([]byte("123456789"), 0, 0, 0, 0)
	if got := FCS(b[:9]); got != 0xcbf43926 {
		t.Fatalf("FCS is %08x", got)
	}
	PutFCS(b)
	if !bytes.Equal(b[9:], []byte{0x26, 0x39, 0xf4, 0xcb}) {
		t.Errorf("on the wire: % x", b[9:])
	}
	if !CheckFCS(b) {
		t.Error("its own check sequence is refused")
	}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if CheckFCS(b) {
				t.Errorf("bit %d of byte %d turned, and nobody saw it", bit, i)
			}
			b[i] ^= 1 << bit
		}
	}
	if CheckFCS(b[:3]) {
		t.Error("three bytes have no check sequence")
	}
}

func TestNames(t *testing.T) {
	for typ, name := range map[Type]string{TypeIPv4: "IPv4", TypeARP: "ARP", TypeIPv6: "IPv6", TypeVLAN: "802.1Q",
		TypeQinQ: "802.1ad", 0x88cc: "0x88cc"} {
		if typ.String() != name {
			t.Errorf("%v instead of %s", typ, name)
		}
	}
	if !Group(Broadcast) || Group(ours) {
		t.Error("everybody is a group, one station is none")
	}
}

func TestNoAllocation(t *testing.T) {
	b := frame(ours, theirs, TypeIPv4, "payload")
	if n := testing.AllocsPerRun(100, func() {
		Parse(b)
		Put(b, ours, theirs, TypeIPv4)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(frame(ours, theirs, TypeIPv4, "x"))
	f.Add(frame(ours, theirs, TypeVLAN, "x"))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, why := Parse(b)
		if why == nil && !bytes.Equal(frame(fr.Dst, fr.Src, fr.EtherType, string(fr.Payload)), b) {
			t.Fatalf("% x was read as %+v", b, fr)
		}
	})
}
