package icmp

import (
	"net/netip"
	"strings"
	"testing"

	"vitrine/stack/ip"
)

func TestEmbedded(t *testing.T) {
	const tcp = "\x00\x50\x9c\x40\x01\x02\x03\x04"
	frag := func(offset uint16) string {
		return string([]byte{ip.TCP, 0, byte(offset >> 8), byte(offset), 0, 0, 0, 9})
	}
	for _, c := range []struct {
		sentence string
		v6       bool
		body     string
		why      string
	}{
		{"a segment of TCP", false, quote(false, ip.TCP, 0, tcp), "-"},
		{"a segment of TCP", true, quote(true, ip.TCP, 0, tcp), "-"},
		{"behind destination options and a fragment header", true, quote(true, ip.DestinationOptions, 0, "\x2c\x00\x01\x04\x00\x00\x00\x00"+frag(1)+tcp), "-"},
		{"nothing", false, "", "icmp.embedded.short"},
		{"nothing", true, "", "icmp.embedded.short"},
		{"half a header", false, quote(false, ip.TCP, 0, "")[:19], "icmp.embedded.short"},
		{"half a header", true, quote(true, ip.TCP, 0, "")[:39], "icmp.embedded.short"},
		{"seven bytes of TCP", false, quote(false, ip.TCP, 0, tcp[:7]), "icmp.embedded.short"},
		{"seven bytes of TCP", true, quote(true, ip.TCP, 0, tcp[:7]), "icmp.embedded.short"},
		{"IPv6 in ICMP", false, quote(true, ip.TCP, 0, tcp), "icmp.embedded.invalid"},
		{"IPv4 in ICMPv6", true, quote(false, ip.TCP, 0, tcp+strings.Repeat("x", 40)), "icmp.embedded.invalid"},
		{"a header of 16 bytes", false, "\x44" + quote(false, ip.TCP, 0, tcp)[1:], "icmp.embedded.invalid"},
		{"a header longer than what is quoted", false, "\x4f" + quote(false, ip.TCP, 0, tcp)[1:], "icmp.embedded.short"},
		{"a later fragment", false, quote(false, ip.TCP, 8, tcp), "icmp.embedded.fragment"},
		{"a later fragment", true, quote(true, ip.FragmentHeader, 0, frag(8)+tcp), "icmp.embedded.fragment"},
		{"half an extension header", true, quote(true, ip.DestinationOptions, 0, "\x06"), "icmp.embedded.short"},
		{"an extension header longer than what is quoted", true, quote(true, ip.DestinationOptions, 0, "\x06\xff"+tcp), "icmp.embedded.short"},
		{"half a fragment header", true, quote(true, ip.FragmentHeader, 0, "\x06\x00"), "icmp.embedded.short"},
		{"more extension headers than we ever send", true, quote(true, ip.DestinationOptions, 0, strings.Repeat("\x3c\x00\x01\x04\x00\x00\x00\x00", 5)+tcp), "icmp.embedded.invalid"},
	} {
		kind := uint8(3)
		if c.v6 {
			kind = 1
		}
		m, why := parse(message(c.v6, kind, 1, 0, c.body), c.v6)
		if why != "-" {
			t.Fatal(why)
		}
		e, got := m.Embedded()
		if got.String() != c.why {
			t.Errorf("%s (v6 %v): %v instead of %s", c.sentence, c.v6, got, c.why)
		}
		if got != nil {
			continue
		}
		want := Embedded{Src: us4, Dst: peer4, Protocol: ip.TCP, SrcPort: 80, DstPort: 40000, Seq: 0x01020304, Length: 1440}
		if c.v6 {
			want.Src, want.Dst = us6, peer6
		}
		if e != want {
			t.Errorf("%s (v6 %v): %+v", c.sentence, c.v6, e)
		}
	}
	m, _ := parse(message(false, 3, 3, 0, quote(false, ip.UDP, 0, tcp)), false)
	if e, _ := m.Embedded(); e.SrcPort != 80 || e.DstPort != 40000 || e.Seq != 0 {
		t.Errorf("UDP has ports, but no sequence number: %+v", e)
	}
	m, _ = parse(message(false, 11, 0, 0, quote(false, ip.ICMP, 0, "\x08\x00\x00\x00\x12\x34\x00\x01")), false)
	if e, _ := m.Embedded(); e.SrcPort != 0x1234 {
		t.Errorf("an echo has its identifier: %+v", e)
	}
	m, _ = parse(message(false, 8, 0, 0, quote(false, ip.TCP, 0, tcp)), false)
	if _, why := m.Embedded(); why != reasonEmbeddedNone {
		t.Error("an echo request quotes nothing:", why)
	}
}

// The path MTU that anybody may tell us, and what we make of it.
func TestPathMTU(t *testing.T) {
	for _, c := range []struct {
		sentence       string
		v6             bool
		said           uint32
		length         int
		current        int
		mtu, effective int
	}{
		{"an honest router", false, 1400, 1500, 1500, 1400, 1400},
		{"an honest router", true, 1400, 1500, 1500, 1400, 1400},
		{"RFC 1191 §5: an old router says nothing: the next plateau below what we sent", false, 0, 1500, 1500, 0, 1492},
		{"again", false, 0, 1492, 1492, 0, 1006},
		{"and again", false, 0, 1006, 1006, 0, 552},
		{"and no further", false, 0, 552, 552, 0, 552},
		{"a large packet meets an old router", false, 0, 9000, 9000, 0, 8166},
		{"hostile: 68 would make crumbs", false, 68, 1500, 1500, 68, 552},
		{"hostile: 1", false, 1, 1500, 1500, 1, 552},
		{"hostile: it grows", false, 9000, 1500, 1500, 9000, 1500},
		{"the upper half of the field is unused", false, 0xffff0578, 1500, 1500, 1400, 1400},
		{"RFC 8201 §4: never below 1280", true, 1279, 1500, 1500, 1279, 1280},
		{"hostile: 0", true, 0, 1500, 1500, 0, 1280},
		{"hostile: it grows", true, 0xffffffff, 1500, 1500, 0x7fffffff, 1500},
		{"it is known already", true, 1280, 1280, 1280, 1280, 1280},
	} {
		kind, code := uint8(3), uint8(4)
		if c.v6 {
			kind, code = 2, 0
		}
		m, _ := parse(message(c.v6, kind, code, c.said, ""), c.v6)
		if mtu, ok := m.MTU(); !ok || mtu != c.mtu {
			t.Errorf("%s (v6 %v): said %d", c.sentence, c.v6, mtu)
		}
		mtu, changed := m.PathMTU(c.current, c.length)
		if mtu != c.effective || changed != (mtu != c.current) {
			t.Errorf("%s (v6 %v): %d, %v instead of %d", c.sentence, c.v6, mtu, changed, c.effective)
		}
	}
	m, _ := parse(message(false, 3, 3, 1000, ""), false)
	if _, ok := m.MTU(); ok {
		t.Error("port unreachable tells no MTU")
	}
	if mtu, ok := m.PathMTU(1500, 1500); ok || mtu != 1500 {
		t.Error("nor does it change one")
	}
}

// RFC 1122 §4.2.3.9: destination unreachable codes 2 to 4 are hard, 0, 1 and 5 are soft, and so are time exceeded and
// parameter problem.
func TestHard(t *testing.T) {
	for _, c := range []struct {
		v6         bool
		kind, code uint8
		hard       bool
	}{
		{false, 3, 0, false}, {false, 3, 1, false}, {false, 3, 2, true}, {false, 3, 3, true}, {false, 3, 5, false},
		{false, 3, 4, false}, {false, 3, 9, true}, {false, 3, 10, true}, {false, 3, 13, true}, {false, 11, 0, false}, {false, 12, 0, false},
		{true, 1, 0, false}, {true, 1, 1, true}, {true, 1, 3, false}, {true, 1, 4, true}, {true, 2, 0, false}, {true, 3, 0, false},
		{true, 4, 0, false}, {true, 4, 1, true},
	} {
		m, _ := parse(message(c.v6, c.kind, c.code, 0, ""), c.v6)
		if m.Hard() != c.hard {
			t.Errorf("v6 %v, type %d, code %d: hard is %v", c.v6, c.kind, c.code, !c.hard)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		e          Error
		kind, code uint8
		rest       uint32
	}{
		{PortUnreachable(false), 3, 3, 0},
		{PortUnreachable(true), 1, 4, 0},
		{ProtocolUnreachable(false, 9), 3, 2, 0},
		{ProtocolUnreachable(true, 6), 4, 1, 6},
		{ReassemblyTimeout(false), 11, 1, 0},
		{ReassemblyTimeout(true), 3, 1, 0},
		{ParameterProblem4(20), 12, 0, 20 << 24},
		{ParameterProblem6(2, 42), 4, 2, 42},
	} {
		src, dst, most := peer4, us4, 576-20
		if c.e.V6 {
			src, dst, most = peer6, us6, 1280-40
		}
		for _, n := range []int{0, 28, 5000} {
			original := make([]byte, n)
			for i := range original {
				original[i] = byte(i)
			}
			b := make([]byte, 2000)
			b = b[:c.e.Put(b, src, dst, original)]
			m, why := parse(b, c.e.V6)
			if why != "-" || m.Type != c.kind || m.Code != c.code || m.Rest != c.rest || string(m.Body) != string(original[:len(m.Body)]) {
				t.Errorf("%+v: %s %+v", c.e, why, m)
			}
			if len(b) != min(HeaderLen+n, most) || len(b) != c.e.Len(original) {
				t.Errorf("%+v quotes %d of %d bytes", c.e, len(m.Body), n)
			}
		}
	}
}

// RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443 §2.4(e).
func TestMayAnswer(t *testing.T) {
	a := netip.MustParseAddr
	v4, v6 := PortUnreachable(false), PortUnreachable(true)
	for _, c := range []struct {
		sentence string
		e        Error
		o        Offender
		why      string
	}{
		{"a datagram to a closed port", v4, Offender{Src: peer4, Protocol: ip.UDP}, "-"},
		{"a datagram to a closed port", v6, Offender{Src: peer6, Protocol: ip.UDP}, "-"},
		{"an echo request may be complained about", ParameterProblem4(20), Offender{Src: peer4, Protocol: ip.ICMP, Payload: []byte{8}}, "-"},
		{"a timestamp request too", ParameterProblem4(20), Offender{Src: peer4, Protocol: ip.ICMP, Payload: []byte{13}}, "-"},
		{"an error may not", ParameterProblem4(20), Offender{Src: peer4, Protocol: ip.ICMP, Payload: []byte{3}}, "icmp.answer.error"},
		{"nor what may be one", ParameterProblem4(20), Offender{Src: peer4, Protocol: ip.ICMP, Payload: []byte{44}}, "icmp.answer.error"},
		{"nor what is too short to tell", ParameterProblem4(20), Offender{Src: peer4, Protocol: ip.ICMP}, "icmp.answer.error"},
		{"an error of ICMPv6", v6, Offender{Src: peer6, Protocol: ip.ICMPv6, Payload: []byte{1}}, "icmp.answer.error"},
		{"a redirect of ICMPv6", v6, Offender{Src: peer6, Protocol: ip.ICMPv6, Payload: []byte{137}}, "icmp.answer.error"},
		{"an echo request of ICMPv6", v6, Offender{Src: peer6, Protocol: ip.ICMPv6, Payload: []byte{128}}, "-"},
		{"sent to everybody", v4, Offender{Src: peer4, Protocol: ip.UDP, Group: true}, "icmp.answer.group"},
		{"sent to a group", v6, Offender{Src: peer6, Protocol: ip.UDP, Group: true}, "icmp.answer.group"},
		{"but an option may ask for it", ParameterProblem6(2, 42), Offender{Src: peer6, Protocol: ip.UDP, Group: true}, "-"},
		{"other parameters may not", ParameterProblem6(1, 6), Offender{Src: peer6, Protocol: ip.UDP, Group: true}, "icmp.answer.group"},
		{"a later fragment", v4, Offender{Src: peer4, Protocol: ip.UDP, Fragment: ip.Fragment{Offset: 8}}, "icmp.answer.fragment"},
		{"the first fragment", v4, Offender{Src: peer4, Protocol: ip.UDP, Fragment: ip.Fragment{More: true}}, "-"},
		{"a later fragment of ICMP cannot be judged, and RFC 4443 permits it", ParameterProblem6(0, 4), Offender{Src: peer6, Protocol: ip.ICMPv6, Fragment: ip.Fragment{Offset: 8}}, "-"},
		{"from nobody", v4, Offender{Src: a("0.0.0.0"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from this network", v4, Offender{Src: a("0.0.0.5"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from a group", v4, Offender{Src: a("224.0.0.5"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from everybody", v4, Offender{Src: a("255.255.255.255"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from class E", v4, Offender{Src: a("240.0.0.1"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from within", v4, Offender{Src: a("127.0.0.1"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from nobody", v6, Offender{Src: a("::"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"from a group", v6, Offender{Src: a("ff02::1"), Protocol: ip.UDP}, "icmp.answer.source"},
		{"another protocol", v4, Offender{Src: peer4, Protocol: 89}, "-"},
	} {
		if why := MayAnswer(c.e, &c.o); why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
		}
	}
}
