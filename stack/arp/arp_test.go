package arp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
)

var (
	ours   = [6]byte{2, 0, 0, 0, 0, 1}
	theirs = [6]byte{2, 0, 0, 0, 0, 2}
	us     = netip.MustParseAddr("198.18.0.2")
	peer   = netip.MustParseAddr("198.18.0.1")
)

func packet(p Packet) []byte {
	b := make([]byte, Len)
	Put(b, &p)
	return b
}

func question(change func(p *Packet)) []byte {
	p := Ask(theirs, peer, us)
	change(&p)
	return packet(p)
}

func TestParse(t *testing.T) {
	same := func(*Packet) {}
	addr := netip.MustParseAddr
	set := func(i int, v byte) []byte {
		b := question(same)
		b[i] = v
		return b
	}
	for _, c := range []struct {
		sentence string
		in       []byte
		why      string
	}{
		{"a question", question(same), "-"},
		{"with the padding of a short frame", append(question(same), make([]byte, 18)...), "-"},
		{"an answer", packet(Answer(&Packet{SenderMAC: theirs, SenderIP: peer, TargetIP: us}, ours)), "-"},
		{"a probe: nobody has the address yet", question(func(p *Packet) { p.SenderIP = netip.IPv4Unspecified() }), "-"},
		{"an announcement", packet(Announcement(theirs, peer)), "-"},
		{"too short", question(same)[:27], "arp.short"},
		{"another sort of hardware", set(1, 6), "arp.kind"},
		{"another protocol's addresses", set(2, 0x86), "arp.kind"},
		{"hardware addresses of another length", set(4, 8), "arp.kind"},
		{"protocol addresses of another length", set(5, 16), "arp.kind"},
		{"reverse ARP", set(7, 3), "arp.operation"},
		{"operation 0", set(7, 0), "arp.operation"},
		{"the sender is everybody", question(func(p *Packet) { p.SenderMAC = [6]byte{255, 255, 255, 255, 255, 255} }), "arp.sender-mac"},
		{"the sender is a group", question(func(p *Packet) { p.SenderMAC[0] |= 1 }), "arp.sender-mac"},
		{"the sender has no hardware address", question(func(p *Packet) { p.SenderMAC = [6]byte{} }), "arp.sender-mac"},
		{"the sender's address is a group's", question(func(p *Packet) { p.SenderIP = addr("224.0.0.1") }), "arp.sender-ip"},
		{"the sender's address is everybody's", question(func(p *Packet) { p.SenderIP = addr("255.255.255.255") }), "arp.sender-ip"},
		{"the sender's address is of this host", question(func(p *Packet) { p.SenderIP = addr("127.0.0.1") }), "arp.sender-ip"},
		{"an answer from nobody", question(func(p *Packet) { p.SenderIP, p.Operation = netip.IPv4Unspecified(), Reply }), "arp.sender-ip"},
		{"asked for a group", question(func(p *Packet) { p.TargetIP = addr("239.1.1.1") }), "arp.target-ip"},
		{"asked for nobody", question(func(p *Packet) { p.TargetIP = netip.IPv4Unspecified() }), "arp.target-ip"},
		{"asked for the loopback", question(func(p *Packet) { p.TargetIP = addr("127.0.0.1") }), "arp.target-ip"},
	} {
		p, why := Parse(c.in)
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
		}
		if why == nil && !bytes.Equal(packet(p), c.in[:Len]) {
			t.Errorf("%s: read as %+v", c.sentence, p)
		}
	}
}

// What a question and its answer look like on a cable.
func TestBytes(t *testing.T) {
	q := Ask(theirs, peer, us)
	for _, c := range []struct {
		p    Packet
		want string
	}{
		{q, "0001 0800 0604 0001 020000000002 c6120001 000000000000 c6120002"},
		{Answer(&q, ours), "0001 0800 0604 0002 020000000001 c6120002 020000000002 c6120001"},
		{Announcement(ours, us), "0001 0800 0604 0001 020000000001 c6120002 000000000000 c6120002"},
	} {
		if got := hex.EncodeToString(packet(c.p)); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s instead of %s", got, c.want)
		}
	}
	a := Announcement(ours, us)
	if !a.Gratuitous() || a.Probe() || q.Gratuitous() || q.Probe() {
		t.Error("an announcement is gratuitous, a question is not, and neither is a probe")
	}
	if Request.String() != "request" || Reply.String() != "reply" || Operation(9).String() != "unknown" {
		t.Error("names")
	}
}

func TestNoAllocation(t *testing.T) {
	b := question(func(*Packet) {})
	if n := testing.AllocsPerRun(100, func() {
		p, _ := Parse(b)
		a := Answer(&p, ours)
		Put(b, &a)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(question(func(*Packet) {}))
	f.Add(packet(Announcement(ours, us)))
	f.Add([]byte{0, 1, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, why := Parse(b); why == nil && !bytes.Equal(packet(p), b[:Len]) {
			t.Fatalf("% x was read as %+v", b, p)
		}
	})
}
