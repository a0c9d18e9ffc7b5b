package ipv6

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"vitrine/stack/ip"
)

var (
	us    = netip.MustParseAddr("fd00:198:18::2")
	peer  = netip.MustParseAddr("fd00:198:18::1")
	group = netip.MustParseAddr("ff02::1")
)

// packet is a packet whose extension headers are given as they are.
func packet(dst netip.Addr, next uint8, rest string) []byte {
	b := make([]byte, HeaderLen+len(rest))
	Put(b, &Header{Src: peer, Dst: dst, Protocol: next, Length: len(rest)})
	copy(b[HeaderLen:], rest)
	return b
}

// options is a header of options, padded to a multiple of eight.
func options(next uint8, o string) string {
	for (2+len(o))%8 != 0 {
		o += "\x00"
	}
	return string([]byte{next, byte((2+len(o))/8 - 1)}) + o
}

func fragment(next uint8, id uint32, offset int, more bool) string {
	b := make([]byte, FragmentHeaderLen)
	PutFragment(b, next, id, offset, more)
	return string(b)
}

const (
	hbh = ip.HopByHop
	dst = ip.DestinationOptions
	rt  = ip.Routing
	fr  = ip.FragmentHeader
	udp = ip.UDP
)

func TestParse(t *testing.T) {
	const hello = "12345678hello"
	cut := func(b []byte, n int) []byte { return b[:n] }
	for _, c := range []struct {
		sentence string
		in       []byte
		why      string
		payload  string
		protocol uint8
	}{
		{"an ordinary packet", packet(us, udp, hello), "-", hello, udp},
		{"the frame's padding is cut off", append(packet(us, udp, hello), 0, 0, 0), "-", hello, udp},
		{"a packet may carry nothing of TCP", packet(us, ip.TCP, ""), "-", "", ip.TCP},
		{"what is not known here is let through: the caller refuses it", packet(us, 89, hello), "-", hello, 89},
		{"hop-by-hop options of padding", packet(us, hbh, options(udp, "\x01\x02\x00\x00")+hello), "-", hello, udp},
		{"destination options, unknown but to be passed over", packet(us, dst, options(udp, "\x1e\x02ab")+hello), "-", hello, udp},
		{"both", packet(us, hbh, options(dst, "")+options(udp, "")+hello), "-", hello, udp},
		{"a routing header whose way is over", packet(us, rt, "\x11\x00\x00\x00\x00\x00\x00\x00"+hello), "-", hello, udp},
		{"RFC 6946: a fragment that is whole", packet(us, fr, fragment(udp, 7, 0, false)+hello), "-", hello, udp},
		{"headers after a fragment header that is none", packet(us, fr, fragment(dst, 7, 0, false)+options(udp, "")+hello), "-", hello, udp},
		{"a first fragment", packet(us, fr, fragment(udp, 7, 0, true)+hello[:8]), "-", hello[:8], udp},
		{"a later fragment is not looked into", packet(us, fr, fragment(rt, 7, 8, false)+hello), "-", hello, rt},
		{"not even a header", cut(packet(us, udp, ""), 39), "ipv6.short", "", 0},
		{"version 4 in a frame for version 6", append([]byte{0x45}, packet(us, udp, "")[1:]...), "ipv6.version", "", 0},
		{"longer than what arrived", cut(packet(us, udp, hello), 52), "ipv6.truncated", "", 0},
		{"no next header", packet(us, ip.NoNextHeader, hello), "ipv6.nothing", "", 59},
		{"hop-by-hop options in the second place", packet(us, dst, options(hbh, "")+options(udp, "")+hello), "ipv6.extension.hop-by-hop", "", 0},
		{"half an extension header", packet(us, dst, "\x11\x00\x01\x00"), "ipv6.extension.short", "", 0},
		{"an extension header longer than the packet", packet(us, dst, "\x11\x01\x01\x04\x00\x00\x00\x00"), "ipv6.extension.short", "", 0},
		{"eight extension headers", packet(us, dst, strings.Repeat(options(dst, ""), 7)+options(udp, "")+hello), "-", hello, udp},
		{"nine", packet(us, dst, strings.Repeat(options(dst, ""), 8)+options(udp, "")+hello), "ipv6.extension.many", "", 0},
		{"extension headers of more than 512 bytes", packet(us, dst, options(udp, strings.Repeat("\x00", 520))+hello), "ipv6.extension.many", "", 0},
		{"eight options", packet(us, dst, options(udp, strings.Repeat("\x1e\x00", 8))+hello), "-", hello, udp},
		{"nine", packet(us, dst, options(udp, strings.Repeat("\x1e\x00", 9))+hello), "ipv6.extension.many", "", 0},
		{"a routing header of type 0 that wants on", packet(us, rt, "\x11\x02\x00\x01\x00\x00\x00\x00"+strings.Repeat("x", 16)+hello), "ipv6.extension.routing", "", 0},
		{"and of any other type", packet(us, rt, "\x11\x00\x04\x01\x00\x00\x00\x00"+hello), "ipv6.extension.routing", "", 0},
		{"an option longer than its header", packet(us, dst, "\x11\x00\x1e\x05\x00\x00\x00\x00"+hello), "ipv6.option.length", "", 0},
		{"an option without length", packet(us, dst, "\x11\x00\x01\x03\x00\x00\x00\x1e"+hello), "ipv6.option.length", "", 0},
		{"padding longer than its header", packet(us, dst, "\x11\x00\x01\x05\x00\x00\x00\x00"+hello), "ipv6.option.length", "", 0},
		{"an unknown option that wants silence (01)", packet(us, dst, options(udp, "\x5e\x00")+hello), "ipv6.option.unknown", "", 0},
		{"a fragment of a fragment", packet(us, fr, fragment(fr, 7, 0, false)+fragment(udp, 7, 0, false)+hello), "ipv6.fragment.nested", "", 0},
		{"an uneven fragment that is not the last", packet(us, fr, fragment(udp, 7, 8, true)+hello), "ip.fragment.uneven", "", 0},
		{"the ping of death", packet(us, fr, fragment(udp, 7, 65528, false)+hello), "ip.fragment.beyond", "", 0},
		{"a first fragment of half a TCP header", packet(us, fr, fragment(ip.TCP, 7, 0, true)+hello[:8]), "ipv6.fragment.chain", "", 0},
		{"a first fragment that ends in its headers", packet(us, fr, fragment(dst, 7, 0, true)+options(udp, "")), "ipv6.fragment.chain", "", 0},
		{"a first fragment with half an extension header", packet(us, fr, fragment(dst, 7, 0, true)+"\x11\x01345678"), "ipv6.fragment.chain", "", 0},
		{"a first fragment of nothing but headers", packet(us, fr, fragment(dst, 7, 0, true)+strings.Repeat(options(dst, ""), 9)), "ipv6.fragment.chain", "", 0},
		{"a first fragment with all of them", packet(us, fr, fragment(dst, 7, 0, true)+options(udp, "")+"12345678"), "-", options(udp, "") + "12345678", dst},
	} {
		p, why := Parse(c.in)
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
			continue
		}
		if string(p.Payload) != c.payload {
			t.Errorf("%s: payload %q", c.sentence, p.Payload)
		}
		if c.protocol != 0 && p.Protocol != c.protocol {
			t.Errorf("%s: protocol %d", c.sentence, p.Protocol)
		}
		if why == nil && (p.Src != peer || p.Dst != us || !bytes.Equal(p.Bytes(), c.in[:len(p.Header)+len(p.Payload)]) || p.Bytes()[p.NamedAt] != p.Protocol) {
			t.Errorf("%s: read as %+v", c.sentence, p)
		}
	}
}

// RFC 8200 §4.2 and §4.5, RFC 7112 §5: which refusals are told to the sender, with which code, pointing where.
func TestParameterProblems(t *testing.T) {
	const hello = "12345678hello"
	for _, c := range []struct {
		sentence string
		in       []byte
		answer   bool
		code     uint8
		pointer  uint32
	}{
		{"unknown option, silence (01)", packet(us, dst, options(udp, "\x5e\x00")+hello), false, 0, 0},
		{"unknown option, tell (10)", packet(us, dst, options(udp, "\x9e\x00")+hello), true, 2, 42},
		{"unknown option, tell (10), even when sent to a group", packet(group, dst, options(udp, "\x00\x9e\x00")+hello), true, 2, 43},
		{"unknown option, tell if alone (11)", packet(us, dst, options(udp, "\xde\x00")+hello), true, 2, 42},
		{"unknown option, tell if alone (11), sent to a group", packet(group, dst, options(udp, "\xde\x00")+hello), false, 0, 0},
		{"a jumbogram is such an option", packet(us, hbh, options(udp, "\xc2\x04\x00\x01\x00\x00")+hello), true, 2, 42},
		{"a router alert where it means nothing", packet(us, dst, options(udp, "\x05\x02\x00\x00")+hello), false, 0, 0},
		{"hop-by-hop options in the second place", packet(us, dst, options(hbh, "")+options(udp, "")), true, 1, 40},
		{"routing header", packet(us, dst, options(rt, "")+"\x11\x00\x00\x01\x00\x00\x00\x00"), true, 0, 50},
		{"uneven fragment: the payload length", packet(us, fr, fragment(udp, 7, 8, true)+hello), true, 0, 4},
		{"ping of death: the offset", packet(us, fr, fragment(udp, 7, 65528, false)+hello), true, 0, 42},
		{"first fragment without all headers", packet(us, fr, fragment(ip.TCP, 7, 0, true)+hello[:8]), true, 3, 0},
		{"too many headers is nothing to talk about", packet(us, dst, strings.Repeat(options(dst, ""), 9)), false, 0, 0},
	} {
		p, _ := Parse(c.in)
		if p.Answer != c.answer || p.Code != c.code || p.Pointer != c.pointer {
			t.Errorf("%s: %v, code %d, pointer %d", c.sentence, p.Answer, p.Code, p.Pointer)
		}
	}
}

func TestPut(t *testing.T) {
	b := make([]byte, HeaderLen)
	Put(b, &Header{Src: us, Dst: peer, Protocol: udp, TOS: 0xb8, Flow: 0xabcde})
	p, why := Parse(b)
	if why != nil || p.HopLimit != 64 || p.TOS != 0xb8 || p.Flow != 0xabcde || p.Src != us || p.Dst != peer {
		t.Errorf("%v %+v", why, p)
	}
	Put(b, &Header{Src: us, Dst: peer, Protocol: udp, HopLimit: 255})
	if p, _ := Parse(b); p.HopLimit != 255 {
		t.Error(p.HopLimit)
	}
	alert := make([]byte, RouterAlertLen)
	PutRouterAlert(alert, udp)
	if p, why := Parse(packet(us, hbh, string(alert)+"hello")); why != nil || !p.RouterAlert || string(p.Payload) != "hello" {
		t.Errorf("%v %+v", why, p)
	}
}

func TestReassemble(t *testing.T) {
	r := ip.NewReassembler(ip.ReassemblyLimits{Timeout: 60e9})
	feed := func(b []byte) (Packet, bool, string) {
		f, why := Parse(b)
		if why != nil {
			t.Fatal(why)
		}
		p, whole, why := Reassemble(r, 1, &f)
		return p, whole, why.String()
	}
	head := options(fr, "\x1e\x02ab")
	const first, second = "0123456789abcdef", "and the rest"
	if _, whole, why := feed(packet(us, dst, options(fr, "")+fragment(0, 7, 24, false)+second)); whole || why != "-" {
		t.Fatal(why)
	}
	p, whole, why := feed(packet(us, dst, head+fragment(dst, 7, 0, true)+options(udp, "")+first))
	if !whole || why != "-" || string(p.Payload) != first+second || p.Protocol != udp || p.Fragment.Is() || !p.Fragmented {
		t.Errorf("%v %v %+v", whole, why, p)
	}
	if want := packet(us, dst, options(dst, "\x1e\x02ab")+options(udp, "")+first+second); !bytes.Equal(p.Bytes(), want) {
		t.Errorf("the fragment header is gone:\n% x instead of\n% x", p.Bytes(), want)
	}
	// RFC 6946: a whole packet has nothing to do with fragments of the same number.
	if _, _, why := feed(packet(us, fr, fragment(udp, 8, 0, true)+first)); why != "-" {
		t.Error(why)
	}
	if p, why := Parse(packet(us, fr, fragment(udp, 8, 0, false)+"12345678")); why != nil || p.Fragment.Is() {
		t.Error(why)
	}
	if p, whole, _ := feed(packet(us, fr, fragment(udp, 8, 16, false)+second)); !whole || string(p.Payload) != first+second {
		t.Error("the fragments are as they were")
	}
	// A fragment in a fragment shows only when it is whole.
	if _, _, why := feed(packet(us, fr, fragment(fr, 9, 8, false)+first)); why != "-" {
		t.Error(why)
	}
	if _, whole, why := feed(packet(us, fr, fragment(fr, 9, 0, true)+fragment(udp, 1, 0, false))); whole || why != "ipv6.fragment.nested" {
		t.Error(whole, why)
	}
	// A packet that is too long only by the first fragment's extension headers.
	if _, _, why := feed(packet(us, fr, fragment(udp, 10, 65520, false)+"12345678")); why != "-" {
		t.Error(why)
	}
	if _, whole, why := feed(packet(us, dst, head+fragment(udp, 10, 0, true)+string(make([]byte, 65512)))); whole || why != "-" {
		t.Error(whole, why)
	}
	if _, whole, why := feed(packet(us, fr, fragment(udp, 10, 65512, true)+"12345678")); whole || why != "ip.fragment.beyond" {
		t.Error(whole, why)
	}
}

func TestNoAllocation(t *testing.T) {
	in := packet(us, hbh, options(dst, "\x1e\x02ab")+options(udp, "")+"hello")
	out := make([]byte, HeaderLen)
	h := Header{Src: us, Dst: peer, Protocol: ip.TCP, Length: 5}
	if n := testing.AllocsPerRun(100, func() {
		Parse(in)
		Put(out, &h)
		PutRouterAlert(out, udp)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(packet(us, udp, "hello"))
	f.Add(packet(us, hbh, options(dst, "\x1e\x02ab")+options(fr, "")+fragment(udp, 7, 0, true)+"12345678"))
	f.Add(packet(us, rt, "\x11\x00\x00\x00\x00\x00\x00\x00hello"))
	f.Add(packet(us, fr, fragment(fr, 9, 0, true)+fragment(udp, 1, 0, false)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, why := Parse(b)
		if why != nil {
			if p.Payload != nil {
				t.Fatal("a refused packet has a payload")
			}
			return
		}
		n := len(p.Header) + len(p.Payload)
		if n > len(b) || !bytes.Equal(p.Bytes(), b[:n]) || b[p.NamedAt] != p.Protocol || p.Answer {
			t.Fatalf("%+v is no view of % x", p, b)
		}
		if !p.Fragment.Is() {
			return
		}
		// Whatever a fragment is, the rest can be invented, and what comes out is a packet or a Reason.
		r := ip.NewReassembler(ip.ReassemblyLimits{})
		Reassemble(r, 1, &p)
		end := p.Fragment.Offset + len(p.Payload)
		if p.Fragment.More && end+8 < ip.MaxPacket {
			last := p
			last.Fragment.Offset, last.Fragment.More, last.Payload = end, false, []byte("the last")
			Reassemble(r, 1, &last)
		}
		if p.Fragment.Offset > 0 && p.Fragment.Offset%8 == 0 {
			first := p
			first.Fragment.Offset, first.Fragment.More, first.Payload = 0, true, make([]byte, p.Fragment.Offset)
			if q, whole, _ := Reassemble(r, 1, &first); whole && len(q.Bytes()) > HeaderLen+ip.MaxPacket {
				t.Fatal("too long")
			}
		}
	})
}
