package stack

import (
	"testing"

	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/tcp/segment"
)

// fuzzed is a stack with a listener, a connection and a UDP endpoint.
func fuzzed(t *testing.T) (*raw, *client, *Conn) {
	r := newRaw(t)
	l := r.listen("[::]:80", ListenOptions{Dual: true})
	d, _ := r.s.BindUDP(addr("[::]:53"))
	d.Attach(r.h, func(Ready) {})
	c, _ := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{MSS: 1460, SACKPermitted: true, Scale: 2})
	server, ok := l.Accept()
	if !ok {
		t.Fatal("no connection")
	}
	return r, c, server
}

// Whatever arrives: nothing panics, the stack goes on, and answers stay bounded.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{8, 0}, tcpPacket(addr("198.18.203.2:1025"), addr("198.18.203.1:80"), segment.Out{Seq: 1001, Ack: 5, Flags: segment.ACK}, "GET /"))
	f.Add([]byte{8, 0}, tcpPacket(addr("198.18.203.2:9"), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, MSS: 9, Scale: 14}, ""))
	f.Add([]byte{0x86, 0xdd}, tcpPacket(addr("[fd00:198:18::2]:9"), addr("[fd00:198:18::1]:80"), segment.Out{Flags: segment.SYN}, ""))
	f.Add([]byte{8, 0}, udpPacket("198.18.203.2:9", "198.18.203.1:53", "question"))
	f.Add([]byte{8, 0}, ipPacket(peer4, stack4, ip.ICMP, echoRequest(peer4, stack4)))
	f.Add([]byte{0x86, 0xdd}, ipPacket(peer6, stack6, ip.ICMPv6, echoRequest(peer6, stack6)))
	for _, b := range fragments(udpPacket("198.18.203.2:9", "198.18.203.1:53", string(pattern(2000))), 1480, 7) {
		f.Add([]byte{8, 0}, b)
	}
	e := icmp.Error{Type: 3, Code: 4, Rest: 600}
	quoted := tcpPacket(addr("198.18.203.1:80"), addr("198.18.203.2:1025"), segment.Out{Flags: segment.ACK}, "data")
	b := make([]byte, e.Len(quoted))
	e.Put(b, peer4, stack4, quoted)
	f.Add([]byte{8, 0}, ipPacket(peer4, stack4, ip.ICMP, b))
	f.Add([]byte{8, 6}, make([]byte, 28))
	f.Fuzz(func(t *testing.T, kind, payload []byte) {
		if len(payload) > 1500 || len(kind) < 2 {
			return
		}
		r, _, _ := fuzzed(t)
		for range 3 {
			r.frame(r.yours, ethernet.Type(kind[0])<<8|ethernet.Type(kind[1]), payload)
			if got := r.pass(second); len(got) > 30 {
				t.Fatalf("%d frames in answer to one", len(got))
			}
		}
		r.alive()
	})
}

// A live connection meets segments that were changed on the way, all with right checksums: it may end, but what the
// application has read is what was sent, and the stack goes on.
func FuzzLiveConnection(f *testing.F) {
	f.Add([]byte("\x00\x10\x00\x00hello"), []byte{0x18, 0, 0, 0, 0})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0x02, 0, 0, 0, 0, 0x04, 0, 0, 0, 1, 0x11, 0xff, 0xff, 0, 9})
	f.Add([]byte{0, 0}, []byte{0x10, 0x7f, 0xff, 0xff, 0xff, 0x14, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data, changes []byte) {
		if len(data) == 0 || len(data) > 1400 || len(changes) > 200 {
			return
		}
		r, c, server := fuzzed(t)
		server.Write(pattern(4000), false)
		r.run()
		buffer := make([]byte, 4096)
		var got []byte
		read := func() {
			for {
				n, err := server.Read(buffer)
				if err != nil {
					return
				}
				got = append(got, buffer[:n]...)
			}
		}
		// Each change is a segment: flags, and how far its numbers are off. Data always lies where it belongs, so that
		// whatever is accepted is what was sent.
		for ; len(changes) >= 5; changes = changes[5:] {
			flags := segment.Flags(changes[0])
			off := int(int16(uint16(changes[1])<<8 | uint16(changes[2])))
			ack := c.ack.Add(int(int16(uint16(changes[3])<<8 | uint16(changes[4]))))
			payload := ""
			if flags&(segment.SYN|segment.RST) == 0 && off >= 0 && off < len(data) {
				payload = string(data[off:])
			}
			r.tcp(c.src, c.dst, segment.Out{Seq: c.seq.Add(off), Ack: ack, Flags: flags &^ segment.URG, Window: 4000}, payload)
			if answers := r.run(); len(answers) > 40 {
				t.Fatalf("%d frames in answer to one", len(answers))
			}
			read()
		}
		if len(got) > len(data) || string(got) != string(data[:len(got)]) {
			t.Fatalf("read %q of %q", got, data)
		}
		r.alive()
	})
}
