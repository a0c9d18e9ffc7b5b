package stack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
)

// begun is the first fragment of a packet of which the rest never comes.
func begun(src, dst netip.Addr, protocol uint8, payload []byte) []byte {
	if src.Is4() {
		b := make([]byte, ipv4.HeaderLen+len(payload))
		ipv4.Put(b, &ipv4.Header{Src: src, Dst: dst, Protocol: protocol, Length: len(payload), Fragmentable: true, ID: 9, More: true})
		copy(b[ipv4.HeaderLen:], payload)
		return b
	}
	head := ipv6.HeaderLen + ipv6.FragmentHeaderLen
	b := make([]byte, head+len(payload))
	ipv6.Put(b, &ipv6.Header{Src: src, Dst: dst, Protocol: ip.FragmentHeader, Length: ipv6.FragmentHeaderLen + len(payload)})
	ipv6.PutFragment(b[ipv6.HeaderLen:], protocol, 9, 0, true)
	copy(b[head:], payload)
	return b
}

// An ICMP error quotes the packet that it is about, and not what pads its frame: that may be memory of somebody's.
func TestErrorsQuoteThePacketAlone(t *testing.T) {
	padding := bytes.Repeat([]byte("secret"), 10)
	closed := udpPacket("198.18.203.2:9", "198.18.203.1:99", "x")
	option := ipPacket(peer4, stack4, ip.UDP, make([]byte, 12))
	option[0] = 0x46 // and the option in its header is longer than that
	option = append(option[:20:20], append([]byte{7, 40, 4, 0}, option[20:]...)...)
	binary.BigEndian.PutUint16(option[2:], uint16(len(option)))
	ipv4.Seal(option[:24])
	for name, p := range map[string][]byte{
		"a closed port":                     closed,
		"a closed port of IPv6":             udpPacket("[fd00:198:18::2]:9", "[fd00:198:18::1]:99", "x"),
		"an unknown protocol":               ipPacket(peer4, stack4, 132, []byte("SCTP")),
		"an unknown protocol of IPv6":       ipPacket(peer6, stack6, 132, []byte("SCTP")),
		"a parameter that makes no sense":   option,
		"an option of IPv6 that is unknown": ipPacket(peer6, stack6, ip.DestinationOptions, []byte{ip.UDP, 0, 0x80, 2, 0, 0, 1, 0}),
	} {
		r := newRaw(t)
		r.packet(append(bytes.Clone(p), padding...))
		m := messages(r.run())
		if len(m) != 1 || !m[0].Error() {
			t.Errorf("%s: %v", name, m)
			continue
		}
		if !bytes.Equal(m[0].Body, p) {
			t.Errorf("%s: %d bytes are quoted of a packet of %d: %q", name, len(m[0].Body), len(p), m[0].Body)
		}
	}
}

// Whoever sent a datagram is told that it stayed incomplete, also one of ICMP. Who complained is not complained to (RFC 1122
// §3.2.2, RFC 4443 §2.4(e)), however the complaint is wrapped.
func TestWhoIsToldOfWhatStayedIncomplete(t *testing.T) {
	const echo4, error4, echo6, error6, redirect6 = 8, 3, 128, 1, 137
	body := func(kind byte) []byte { return append([]byte{kind}, make([]byte, 63)...) }
	wrapped := func(kind byte) []byte { return append([]byte{ip.ICMPv6, 0, 1, 4, 0, 0, 0, 0}, body(kind)...) }
	for _, c := range []struct {
		name     string
		packet   []byte
		answered bool
	}{
		{"UDP", begun(peer4, stack4, ip.UDP, body(0)), true},
		{"an echo", begun(peer4, stack4, ip.ICMP, body(echo4)), true},
		{"an error", begun(peer4, stack4, ip.ICMP, body(error4)), false},
		{"an echo of IPv6", begun(peer6, stack6, ip.ICMPv6, body(echo6)), true},
		{"an error of IPv6", begun(peer6, stack6, ip.ICMPv6, body(error6)), false},
		{"a redirect of IPv6", begun(peer6, stack6, ip.ICMPv6, body(redirect6)), false},
		{"an echo behind options", begun(peer6, stack6, ip.DestinationOptions, wrapped(echo6)), true},
		{"an error behind options", begun(peer6, stack6, ip.DestinationOptions, wrapped(error6)), false},
	} {
		r := newRaw(t)
		r.packet(c.packet)
		r.run()
		m := messages(r.pass(61 * second))
		if got := len(m) == 1 && m[0].Kind == icmp.TimeExceeded; got != c.answered || len(m) > 1 {
			t.Errorf("%s: answered %v: %v", c.name, got, m)
		}
	}
	// The same for a parameter that makes no sense.
	for _, c := range []struct {
		kind     byte
		answered bool
	}{{echo6, true}, {error6, false}} {
		r := newRaw(t)
		r.packet(ipPacket(peer6, stack6, ip.DestinationOptions, append([]byte{ip.ICMPv6, 0, 0x80, 4, 0, 0, 0, 0}, body(c.kind)...)))
		if m := messages(r.run()); (len(m) == 1) != c.answered {
			t.Errorf("an unknown option before a message of type %d: %v", c.kind, m)
		}
	}
}
