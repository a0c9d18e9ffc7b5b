package traps

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func any(seg) bool       { return true }
func isRST(s seg) bool   { return s.flags&rst != 0 }
func isACK(s seg) bool   { return s.flags&(ack|rst|syn|fin) == ack && len(s.data) == 0 }
func isFIN(s seg) bool   { return s.flags&fin != 0 }
func hasData(s seg) bool { return len(s.data) > 0 }

// RFC 9293 §3.10.7.1: a segment for a port on which nobody listens is answered with a reset, unless it is one.
func TestNobodyListens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.port = 81
		c := w.dial()
		c.send(syn, 0, "")
		s := c.expect("RST for a SYN", isRST)
		if s.flags != rst|ack || s.seq != 0 || s.ack != c.seq+1 {
			t.Errorf("a SYN is answered with %v", s)
		}
		c.ack = 777
		c.send(ack, 0, "hello")
		s = c.expect("RST for an ACK", isRST)
		if s.flags != rst || s.seq != 777 {
			t.Errorf("an ACK is answered with %v", s)
		}
		c.send(rst, 0, "")
		c.silence("a reset is answered", any)
	})
}

// RFC 7323 §2.2, §3.2; RFC 2018 §2: options are answered when they were offered, and not otherwise.
func TestOptionsAreAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK(), timestamps(4000, 0), wscale(7))
		if ts := c.synack.option(8); ts == nil || binary.BigEndian.Uint32(ts[4:]) != 4000 {
			t.Errorf("timestamps: %x", ts)
		}
		if c.synack.option(3) == nil || c.synack.option(4) == nil && !bytes.Contains(c.synack.options, []byte{4, 2}) {
			t.Errorf("window scale or SACK missing: %v", c.synack)
		}
		if m := c.synack.option(2); m == nil || binary.BigEndian.Uint16(m) != 1460 {
			t.Errorf("MSS %x", m)
		}
		bare := w.dial().open()
		if bare.synack.option(8) != nil || bare.synack.option(3) != nil || bare.synack.option(4) != nil {
			t.Errorf("options that were not offered: %v", bare.synack)
		}
	})
}

// Options of hostile lengths neither stop the host nor the connection.
func TestHostileOptions(t *testing.T) {
	for name, o := range map[string][]byte{
		"length 0":             {8, 0, 1, 1},
		"length 1":             {3, 1, 1, 1},
		"beyond the header":    {8, 40, 1, 1},
		"MSS 0":                mss(0),
		"MSS 1":                mss(1),
		"a scale of 255":       wscale(255),
		"SACK blocks in a SYN": {5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1},
		"unknown":              {254, 8, 1, 2, 3, 4, 5, 6},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.dial().open(o)
				c.say("hello")
				c.reads("hello")
				c.write(10)
				c.expect("data", hasData)
			})
		})
	}
}

// RFC 9293 §3.5.2: a SYN whose handshake was acknowledged wrongly is reset, and the listener goes on.
func TestWrongHandshake(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial()
		c.send(syn, 0, "")
		s := c.expect("SYN-ACK", func(s seg) bool { return s.flags == syn|ack })
		c.seq++
		c.ack = s.seq + 100
		c.send(ack, 0, "")
		if r := c.expect("RST", isRST); r.seq != c.ack {
			t.Errorf("reset with %v", r)
		}
		w.dial().open()
	})
}

// A SYN that is sent again gets the same answer again.
func TestSYNAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial()
		c.send(syn, 0, "")
		first := c.expect("SYN-ACK", func(s seg) bool { return s.flags == syn|ack })
		c.send(syn, 0, "")
		second := c.expect("SYN-ACK", func(s seg) bool { return s.flags == syn|ack })
		if first.seq != second.seq {
			t.Errorf("two numbers: %d and %d", first.seq, second.seq)
		}
	})
}

// Land attack: a SYN from the host to itself is not answered to anybody.
func TestLand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := seg{sport: 80, dport: 80, seq: 1, flags: syn, window: 1000}
		w.ip(packet(hostIP, hostIP, 6, 7, s.tcp(hostIP, hostIP), 0, false))
		w.barrier()
		if len(w.seen) != 0 {
			t.Errorf("answered: %v", w.seen)
		}
		w.dial().open()
	})
}

// A frame for another station must not stop the loop, nor be answered.
func TestForeignFrame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial()
		s := seg{sport: c.sport, dport: 80, seq: c.seq, flags: syn, window: 1000}
		w.frame(ethernet([6]byte{2, 9, 9, 9, 9, 9}, peerMAC, 0x0800, packet(peerIP, hostIP, 6, 7, s.tcp(peerIP, hostIP), 0, false)))
		c.silence("a frame for another station is answered", any)
		w.dial().open()
	})
}

// Broken checksums are dropped without a word.
func TestChecksums(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial()
		c.raw(syn, 0, "", func(s *seg) { s.badSum = true })
		c.silence("a segment with a wrong checksum is answered", any)
		s := seg{sport: c.sport, dport: 80, seq: c.seq, flags: syn, window: 1000}
		p := packet(peerIP, hostIP, 6, 7, s.tcp(peerIP, hostIP), 0, false)
		p[10] ^= 1
		w.ip(p)
		c.silence("a packet with a wrong checksum is answered", any)
		c.open()
	})
}

// The seeds' example: two clients with the same port are two connections.
func TestSamePortTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.dial().open()
		other := [4]byte{198, 18, 0, 77}
		s := seg{sport: a.sport, dport: 80, seq: 99, flags: syn, window: 1000}
		w.ip(packet(other, hostIP, 6, 7, s.tcp(other, hostIP), 0, false))
		a.say("still here")
		a.reads("still here")
	})
}

// A TCP segment in two IP fragments is one; when they overlap, nothing of it is taken (RFC 5722).
func TestFragments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		s := seg{sport: c.sport, dport: 80, seq: c.seq, ack: c.ack, flags: ack | psh, window: 1000, data: bytes.Repeat([]byte("x"), 100)}
		b := s.tcp(peerIP, hostIP)
		w.ip(packet(peerIP, hostIP, 6, 1000, b[64:], 64, false))
		w.ip(packet(peerIP, hostIP, 6, 1000, b[:64], 0, true))
		c.reads(string(s.data))
		c.seq += 100
		s.seq = c.seq
		b = s.tcp(peerIP, hostIP)
		c.forget()
		w.ip(packet(peerIP, hostIP, 6, 1001, b[:64], 0, true))
		w.ip(packet(peerIP, hostIP, 6, 1001, b[56:], 56, false))
		c.silence("an overlapping datagram was taken", any)
		c.say("next")
		c.reads("next")
	})
}
