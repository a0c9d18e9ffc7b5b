package icmp

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"vitrine/stack/ip"
)

var (
	us4   = netip.MustParseAddr("198.18.0.2")
	peer4 = netip.MustParseAddr("198.18.0.1")
	us6   = netip.MustParseAddr("fd00:198:18::2")
	peer6 = netip.MustParseAddr("fd00:198:18::1")
	near6 = netip.MustParseAddr("fe80::1")
	mac2  = [6]byte{2, 0, 0, 0, 0, 2}
)

// message is a message with a good checksum from the peer to us.
func message(v6 bool, kind, code uint8, rest uint32, body string) []byte {
	b := make([]byte, HeaderLen+len(body))
	head(b, kind, rest)
	b[1] = code
	copy(b[HeaderLen:], body)
	if v6 {
		seal(b, true, peer6, us6)
	} else {
		seal(b, false, peer4, us4)
	}
	return b
}

func parse(b []byte, v6 bool) (Message, string) {
	if v6 {
		m, why := ParseV6(b, peer6, us6, false)
		return m, why.String()
	}
	m, why := ParseV4(b, false)
	return m, why.String()
}

func TestParse(t *testing.T) {
	damaged := func(b []byte) []byte {
		b[len(b)-1] ^= 1
		return b
	}
	for _, c := range []struct {
		sentence string
		in       []byte
		v6       bool
		kind     Kind
		why      string
	}{
		{"echo request", message(false, 8, 0, 1, "data"), false, EchoRequest, "-"},
		{"echo reply", message(false, 0, 0, 1, "data"), false, EchoReply, "-"},
		{"port unreachable", message(false, 3, 3, 0, ""), false, Unreachable, "-"},
		{"fragmentation needed", message(false, 3, 4, 1400, ""), false, PacketTooBig, "-"},
		{"time exceeded", message(false, 11, 0, 0, ""), false, TimeExceeded, "-"},
		{"parameter problem", message(false, 12, 0, 0, ""), false, ParameterProblem, "-"},
		{"redirects are not followed", message(false, 5, 1, 0, ""), false, Other, "icmp.redirect"},
		{"RFC 1122 §3.2.2: unknown types are dropped silently", message(false, 13, 0, 0, ""), false, Other, "icmp.unknown"},
		{"shorter than a header", message(false, 8, 0, 1, "")[:7], false, Other, "icmp.short"},
		{"damaged", damaged(message(false, 8, 0, 1, "data")), false, Other, "icmp.checksum"},

		{"echo request", message(true, 128, 0, 1, "data"), true, EchoRequest, "-"},
		{"echo reply", message(true, 129, 0, 1, "data"), true, EchoReply, "-"},
		{"unreachable", message(true, 1, 4, 0, ""), true, Unreachable, "-"},
		{"packet too big", message(true, 2, 0, 1400, ""), true, PacketTooBig, "-"},
		{"time exceeded", message(true, 3, 0, 0, ""), true, TimeExceeded, "-"},
		{"parameter problem", message(true, 4, 0, 0, ""), true, ParameterProblem, "-"},
		{"multicast listener query", message(true, 130, 0, 0, ""), true, MLDQuery, "-"},
		{"router solicitation", message(true, 133, 0, 0, ""), true, RouterSolicitation, "-"},
		{"router advertisement", message(true, 134, 0, 0, ""), true, RouterAdvertisement, "-"},
		{"neighbour solicitation", message(true, 135, 0, 0, ""), true, NeighborSolicitation, "-"},
		{"neighbour advertisement", message(true, 136, 0, 0, ""), true, NeighborAdvertisement, "-"},
		{"RFC 4443 §2.4(a): an unknown error goes up", message(true, 100, 0, 0, ""), true, Other, "-"},
		{"RFC 4443 §2.4(b): another unknown message does not", message(true, 200, 0, 0, ""), true, Other, "icmp.unknown"},
		{"redirects are not followed", message(true, 137, 0, 0, ""), true, Other, "icmp.redirect"},
		{"shorter than a header", message(true, 128, 0, 1, "")[:7], true, Other, "icmp.short"},
		{"damaged", damaged(message(true, 128, 0, 1, "data")), true, Other, "icmp.checksum"},
		{"without the pseudo-header, as version 4 does it", message(false, 128, 0, 1, "data"), true, Other, "icmp.checksum"},
	} {
		m, why := parse(c.in, c.v6)
		if why != c.why || why == "-" && m.Kind != c.kind {
			t.Errorf("%s (v6 %v): %v, %s instead of %v, %s", c.sentence, c.v6, m.Kind, why, c.kind, c.why)
		}
		if why == "-" && (m.V6 != c.v6 || m.Error() != (m.Type != 0 && m.Type != 8 && m.Type < 128)) {
			t.Errorf("%s: %+v", c.sentence, m)
		}
	}
	if _, why := ParseV4(damaged(message(false, 8, 0, 1, "data")), true); why != nil {
		t.Error("the adapter verified it:", why)
	}
	b := message(true, 128, 0, 0, "")
	seal(b, true, netip.IPv6Unspecified(), us6)
	if _, why := ParseV6(b, netip.IPv6Unspecified(), us6, false); why != reasonUnspecified {
		t.Error("an echo request from nobody cannot be answered:", why)
	}
	for k := Other; k <= MLDQuery; k++ {
		if k.String() == "" {
			t.Errorf("kind %d has no name", k)
		}
	}
}

func TestEcho(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		src, dst := peer4, us4
		if v6 {
			src, dst = peer6, us6
		}
		b := make([]byte, 100)
		n := PutEchoRequest(b, 0x1234, 0x5678, []byte("some data, odd"), src, dst)
		q, why := parse(b[:n], v6)
		id, sequence := q.Echo()
		if why != "-" || q.Kind != EchoRequest || id != 0x1234 || sequence != 0x5678 {
			t.Fatalf("%s %+v", why, q)
		}
		if why := MayReply(&q, ip.Own); why != nil {
			t.Error(why)
		}
		answer := make([]byte, EchoReplyLen(&q))
		if PutEchoReply(answer, &q, dst, src) != len(answer) {
			t.Error("another length than promised")
		}
		// RFC 1122 §3.2.2.6: identifier, sequence number and all data come back. The checksum is symmetric.
		r, why := parse(answer, v6)
		if why != "-" || r.Kind != EchoReply || r.Rest != q.Rest || !bytes.Equal(r.Body, q.Body) {
			t.Errorf("%s %+v", why, r)
		}
		if why := MayReply(&q, ip.Group); (why == nil) != v6 {
			t.Errorf("sent to a group, v6 %v: %v", v6, why)
		}
	}
	q, _ := parse(message(false, 8, 0, 0, ""), false)
	if MayReply(&q, ip.Everybody) != reasonEchoGroup {
		t.Error("a broadcast is answered: smurf")
	}
}

func TestNoAllocation(t *testing.T) {
	echo, big := message(true, 128, 0, 1, "data"), message(false, 3, 4, 1400, quote(false, ip.TCP, 0, "12345678"))
	solicitation := make([]byte, SolicitationLen)
	PutSolicitation(solicitation, peer6, us6, us6, mac2)
	out := make([]byte, 600)
	a := Arrival{Src: peer6, Dst: us6, HopLimit: 255}
	e := PortUnreachable(true)
	o := Offender{Src: peer6, Dst: us6, Protocol: ip.UDP}
	g := ip.SolicitedNode(us6)
	if n := testing.AllocsPerRun(100, func() {
		m, _ := ParseV6(echo, peer6, us6, false)
		PutEchoReply(out, &m, us6, peer6)
		m, _ = ParseV4(big, false)
		m.Embedded()
		m.PathMTU(1500, 1500)
		m, _ = ParseV6(solicitation, peer6, us6, false)
		m.NeighborSolicitation(&a)
		PutAdvertisement(out, us6, peer6, us6, mac2, true, true)
		PutMLDReport(out, us6, true, g)
		MayAnswer(e, &o)
		e.Put(out, us6, peer6, echo)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// quote is the beginning of a packet of ours to the peer, as an error quotes it.
func quote(v6 bool, protocol uint8, offset int, transport string) string {
	if v6 {
		b := make([]byte, 40, 40+len(transport))
		b[0] = 0x60
		binary.BigEndian.PutUint16(b[4:], 1400)
		b[6], b[7] = protocol, 64
		src, dst := us6.As16(), peer6.As16()
		copy(b[8:], src[:])
		copy(b[24:], dst[:])
		return string(append(b, transport...))
	}
	b := make([]byte, 20, 20+len(transport))
	b[0], b[8], b[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(b[2:], 1440)
	binary.BigEndian.PutUint16(b[6:], uint16(offset/8))
	src, dst := us4.As4(), peer4.As4()
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	return string(append(b, transport...))
}
