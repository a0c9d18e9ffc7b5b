package ipv4

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"vitrine/stack/ip"
)

var (
	us   = netip.MustParseAddr("198.18.0.2")
	peer = netip.MustParseAddr("198.18.0.1")
)

// packet is a packet with options and a payload, and a header that can be spoilt before its checksum is made.
func packet(h Header, options, payload string, spoil ...func(b []byte)) []byte {
	for len(options)%4 != 0 {
		options += "\x00"
	}
	h.Src, h.Dst, h.Length = peer, us, len(options)+len(payload)
	if h.Protocol == 0 {
		h.Protocol = ip.UDP
	}
	b := make([]byte, HeaderLen+h.Length)
	Put(b, &h)
	copy(b[HeaderLen:], options+payload)
	b[0] = 0x40 | byte(5+len(options)/4)
	for _, f := range spoil {
		f(b)
	}
	Seal(b[:min(int(b[0]&15)*4, len(b))])
	return b
}

func TestParse(t *testing.T) {
	set := func(i int, v ...byte) func([]byte) { return func(b []byte) { copy(b[i:], v) } }
	for _, c := range []struct {
		sentence string
		in       []byte
		why      string
		payload  string
	}{
		{"an ordinary packet", packet(Header{}, "", "hello"), "-", "hello"},
		{"padding of a short frame is cut off", append(packet(Header{}, "", "hello"), make([]byte, 21)...), "-", "hello"},
		{"a packet may carry nothing", packet(Header{}, "", ""), "-", ""},
		{"not even a header", packet(Header{}, "", "")[:19], "ipv4.short", ""},
		{"version 6 in a frame for version 4", packet(Header{}, "", "", set(0, 0x65)), "ipv4.version", ""},
		{"a header of 16 bytes", packet(Header{}, "", "hello", set(0, 0x44)), "ipv4.header-length", ""},
		{"a header of 24 bytes in a packet of 20", packet(Header{}, "", "", set(0, 0x46)), "ipv4.header-length", ""},
		{"longer than what arrived", packet(Header{}, "", "hello", set(2, 0, 26)), "ipv4.truncated", ""},
		{"shorter than its header", packet(Header{}, "", "hello", set(2, 0, 19)), "ipv4.total-length", ""},
		{"record route is passed over", packet(Header{}, "\x07\x07\x04\x00\x00\x00\x00", "hello"), "-", "hello"},
		{"timestamps, no operation and the end too", packet(Header{}, "\x01\x44\x08\x05\x00\x00\x00\x00\x00\x01\x00\xff", "hello"), "-", "hello"},
		{"what follows the end of options is not looked at", packet(Header{}, "\x00\x83\x03\x04", "hello"), "-", "hello"},
		{"loose source route", packet(Header{}, "\x83\x07\x04\xc6\x12\x00\x09", "hello"), "ipv4.source-route", ""},
		{"strict source route behind another option", packet(Header{}, "\x01\x89\x07\x04\xc6\x12\x00\x09", "hello"), "ipv4.source-route", ""},
		{"an option without length", packet(Header{}, "\x01\x01\x01\x07", "hello"), "ipv4.option", ""},
		{"an option of length zero would be walked for ever", packet(Header{}, "\x07\x00\x00\x00", "hello"), "ipv4.option", ""},
		{"an option of length one", packet(Header{}, "\x07\x01\x00\x00", "hello"), "ipv4.option", ""},
		{"an option beyond the header", packet(Header{}, "\x01\x07\x04\x00", "hello"), "ipv4.option", ""},
		{"RFC 3128: the second eight bytes of TCP", packet(Header{Protocol: ip.TCP, Offset: 8}, "", "12345678"), "ipv4.fragment.tiny", ""},
		{"of UDP they are no attack", packet(Header{Offset: 8}, "", "12345678"), "-", "12345678"},
		{"DF on a fragment contradicts itself, but harms nobody", packet(Header{Offset: 16}, "", "12345678", set(6, 0x40)), "-", "12345678"},
	} {
		p, why := Parse(c.in)
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
			continue
		}
		if string(p.Payload) != c.payload {
			t.Errorf("%s: payload %q", c.sentence, p.Payload)
		}
		if why == nil && (p.Src != peer || p.Dst != us || string(p.Bytes())[len(p.Header):] != c.payload) {
			t.Errorf("%s: read as %+v", c.sentence, p)
		}
	}
	if p, _ := Parse(packet(Header{}, "\x01\x01\x07\x00", "")); p.Pointer != 22 {
		t.Error("the pointer is to the option:", p.Pointer)
	}
	b := packet(Header{}, "", "hello")
	for i := range HeaderLen * 8 {
		b[i/8] ^= 1 << (i % 8)
		if _, why := Parse(b); why == nil {
			t.Errorf("bit %d of the header turned, and nobody saw it", i)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	b = packet(Header{}, "\x01\x01\x01\x00", "hello")
	b[21]++
	if _, why := Parse(b); why != reasonChecksum {
		t.Error("options are covered by the checksum too:", why)
	}
}

// The packet is one that Linux sent (ping -s 8): what it means is known from tcpdump -v.
func TestAPacketOfLinux(t *testing.T) {
	b, _ := hex.DecodeString(strings.ReplaceAll("4500 0024 1c46 4000 4001 9232 c612 0001 c612 0002 0800 a5f1 0001 0001 0000 0000 0000 0000", " ", ""))
	Seal(b[:20])
	p, why := Parse(b)
	if why != nil || p.Protocol != ip.ICMP || p.TTL != 64 || !p.DF || p.Fragment.Is() || p.Fragment.ID != 0x1c46 || len(p.Payload) != 16 {
		t.Errorf("%v %+v", why, p)
	}
}

func TestPut(t *testing.T) {
	get := func(h Header) Packet {
		p, why := Parse(packet(h, "", "12345678"))
		if why != nil {
			t.Fatal(why)
		}
		return p
	}
	if p := get(Header{ID: 7}); p.TTL != 64 || !p.DF || p.Fragment != (ip.Fragment{}) || p.TOS != 0 {
		t.Errorf("not to be fragmented, so without ID: %+v", p)
	}
	if p := get(Header{ID: 7, Fragmentable: true, TTL: 1, TOS: 0x10}); p.TTL != 1 || p.DF || p.Fragment.ID != 7 || p.TOS != 0x10 {
		t.Errorf("to be fragmented, so with ID: %+v", p)
	}
	if p := get(Header{ID: 7, More: true}); p.DF || p.Fragment != (ip.Fragment{ID: 7, More: true}) {
		t.Errorf("the first fragment: %+v", p)
	}
	if p := get(Header{ID: 7, Offset: 65528 - 40}); p.DF || p.Fragment != (ip.Fragment{ID: 7, Offset: 65488}) {
		t.Errorf("the last fragment: %+v", p)
	}
}

func TestReassemble(t *testing.T) {
	const first, second = "0123456789abcdef", "and the rest"
	r := ip.NewReassembler(ip.ReassemblyLimits{})
	feed := func(b []byte) (Packet, bool, string) {
		f, why := Parse(b)
		if why != nil {
			t.Fatal(why)
		}
		p, whole, why := Reassemble(r, 1, &f)
		return p, whole, why.String()
	}
	if _, whole, why := feed(packet(Header{ID: 9, Offset: 16, TTL: 3}, "", second)); whole || why != "-" {
		t.Fatal(why)
	}
	p, whole, why := feed(packet(Header{ID: 9, More: true, TTL: 5}, "\x94\x04\x00\x00", first))
	if !whole || string(p.Payload) != first+second || p.TTL != 5 || len(p.Header) != 24 || p.Fragment.Is() || p.Src != peer {
		t.Errorf("%v %v %+v", whole, why, p)
	}
	if !bytes.HasSuffix(p.Bytes(), []byte(first+second)) || len(p.Bytes()) != 24+len(first+second) {
		t.Errorf("as a whole: %q", p.Bytes())
	}

	// The ping of death, and one that grows over the limit only by the first fragment's options.
	big := string(make([]byte, 65464))
	if _, _, why := feed(packet(Header{ID: 10, Offset: 65528}, "", "12345678")); why != "ip.fragment.beyond" {
		t.Error(why)
	}
	if _, _, why := feed(packet(Header{ID: 11, Offset: 65464}, "", string(make([]byte, 51)))); why != "-" {
		t.Error(why)
	}
	if _, whole, why := feed(packet(Header{ID: 11, More: true}, "\x94\x04\x00\x00", big)); whole || why != "ip.fragment.beyond" {
		t.Error(whole, why)
	}
}

func TestNoAllocation(t *testing.T) {
	in := packet(Header{}, "", "hello")
	out := make([]byte, HeaderLen)
	h := Header{Src: us, Dst: peer, Protocol: ip.TCP, Length: 5}
	if n := testing.AllocsPerRun(100, func() {
		Parse(in)
		Put(out, &h)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(packet(Header{}, "", "hello"))
	f.Add(packet(Header{ID: 1, More: true}, "\x07\x07\x04\x00\x00\x00\x00", "12345678"))
	f.Add(packet(Header{}, "\x83\x07\x04\xc6\x12\x00\x09", "hello"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= HeaderLen && int(b[0]&15)*4 <= len(b) {
			Seal(b[:max(HeaderLen, int(b[0]&15)*4)]) // otherwise hardly anything gets past the checksum
		}
		p, why := Parse(b)
		if why != nil {
			if p.Payload != nil {
				t.Fatal("a refused packet has a payload")
			}
			return
		}
		n := len(p.Header) + len(p.Payload)
		if n > len(b) || !bytes.Equal(p.Bytes(), b[:n]) || len(p.Header)%4 != 0 || len(p.Header) < HeaderLen {
			t.Fatalf("%+v is no view of % x", p, b)
		}
		if len(p.Header) == HeaderLen && b[6]&0x80 == 0 && p.TTL != 0 {
			h := Header{Src: p.Src, Dst: p.Dst, Protocol: p.Protocol, TTL: p.TTL, TOS: p.TOS, Length: len(p.Payload),
				Fragmentable: !p.DF, ID: uint16(p.Fragment.ID), Offset: p.Fragment.Offset, More: p.Fragment.More}
			again := make([]byte, HeaderLen)
			Put(again, &h)
			if !p.DF && !bytes.Equal(again, p.Header) {
				t.Fatalf("% x was written again as % x", p.Header, again)
			}
		}
		r := ip.NewReassembler(ip.ReassemblyLimits{})
		if p.Fragment.Is() {
			Reassemble(r, 1, &p)
		}
	})
}
