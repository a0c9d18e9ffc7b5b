package traps

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// RFC 9293 §3.10.7.4: the acknowledgment is checked before data is taken. One for what was never sent is answered with
// an ACK and the segment dropped.
func TestACKOfUnsentData(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.raw(ack|psh, 0, "evil", func(s *seg) { s.ack += 1000 })
		if s := c.expect("ACK", isACK); s.ack != c.seq {
			t.Errorf("the data was taken: %v", s)
		}
		c.say("good")
		c.reads("good")
		c.raw(ack|fin, 0, "", func(s *seg) { s.ack += 1000 }) // nor is a FIN
		c.say("more")
		c.reads("more")
	})
}

// RFC 5961 §3: a reset counts only with exactly the next number; one inside the window is challenged, others ignored.
func TestBlindReset(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.send(rst, 100, "")
		if s := c.expect("challenge ACK", isACK); s.seq != c.ack || s.ack != c.seq {
			t.Errorf("challenged with %v", s)
		}
		c.send(rst, -5, "")
		c.silence("a reset outside of the window is answered", any)
		c.say("alive")
		c.reads("alive")
		c.send(rst, 0, "")
		b := make([]byte, 1)
		c.app.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.app.Read(b); err == nil || !strings.Contains(err.Error(), "reset") {
			t.Errorf("after a reset: %v", err)
		}
	})
}

// RFC 5961 §4: a SYN on a live connection is challenged, and the peer that knows nothing of it answers with a reset:
// half-open recovery (RFC 9293 §3.5.1).
func TestSYNOnALiveConnection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.raw(syn, 5000, "", func(s *seg) { s.ack = 0 })
		s := c.expect("challenge ACK", isACK)
		if s.ack != c.seq {
			t.Errorf("challenged with %v", s)
		}
		c.say("alive")
		c.reads("alive")
		c.forget()
		c.raw(rst, 0, "", nil)
		b := make([]byte, 1)
		c.app.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.app.Read(b); err == nil {
			t.Error("the connection outlived the reset")
		}
		c.seq += 5000
		c.raw(syn, 0, "", func(s *seg) { s.ack = 0 })
		c.expect("SYN-ACK of a new connection", func(s seg) bool { return s.flags == syn|ack })
	})
}

// RFC 7323 §5: what is older than what came before is acknowledged and dropped.
func TestPAWS(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(timestamps(4000, 0))
		c.say("now")
		c.reads("now")
		c.forget()
		c.raw(ack|psh, 0, "old", func(s *seg) { s.options = timestamps(100, c.echo) })
		if s := c.expect("ACK", isACK); s.ack != c.seq {
			t.Errorf("old data was taken: %v", s)
		}
		c.say("new")
		c.reads("new")
	})
}

// Data out of order is kept, reported by SACK, and joined; what comes twice is reported by DSACK (RFC 2883).
func TestOutOfOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK())
		c.send(ack, 10, "klmno")
		s := c.expect("duplicate ACK", isACK)
		o := s.option(5)
		if s.ack != c.seq || len(o) != 8 || binary.BigEndian.Uint32(o) != c.seq+10 || binary.BigEndian.Uint32(o[4:]) != c.seq+15 {
			t.Fatalf("%v", s)
		}
		c.send(ack, 20, "uvwxy")
		if o = c.expect("duplicate ACK", isACK).option(5); len(o) != 16 || binary.BigEndian.Uint32(o) != c.seq+20 {
			t.Fatalf("the newest block comes first: %x", o)
		}
		c.send(ack, 5, "fghijklmnopq") // overlaps
		c.expect("duplicate ACK", isACK)
		c.send(ack|psh, 0, "abcde")
		c.reads("abcdefghijklmnopq")
		c.seq += 17
		c.forget()
		c.send(ack, -17, "abcde") // again
		o = c.expect("ACK with DSACK", isACK).option(5)
		if len(o) < 8 || binary.BigEndian.Uint32(o) != c.seq-17 || binary.BigEndian.Uint32(o[4:]) != c.seq-12 {
			t.Errorf("DSACK: %x", o)
		}
		c.say("rst")
		c.reads("rst")
		c.seq += 5
		c.reads("uvwxy")
	})
}

// A segment wholly or partly before the window is trimmed, and answered.
func TestOverlaps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.say("abc")
		c.reads("abc")
		c.send(ack|psh, -3, "XXXdef")
		c.seq += 3
		c.reads("def")
	})
}

// A short frame is padded on the wire; the padding is not data.
func TestPadding(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		for range 10 {
			c.send(ack, 0, "")
			c.say("x")
		}
		c.reads("xxxxxxxxxx")
	})
}

// RFC 9293 §3.8.6.2.2: the window goes to a true zero and opens again without crumbs; a probe is answered meanwhile.
func TestWindowToZero(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460))
		room := int(c.synack.window)
		sent := 0
		for {
			n := min(1460, room)
			if n == 0 {
				break
			}
			c.say(strings.Repeat("z", n))
			sent += n
			if sent > 64<<20 {
				t.Fatal("the window never closes")
			}
			s := c.expect("ACK", func(s seg) bool { return isACK(s) && s.ack == c.seq })
			room = int(s.window)
		}
		c.forget()
		c.send(ack, -1, "") // a probe
		if s := c.expect("answer to a probe", isACK); s.window != 0 || s.ack != c.seq {
			t.Errorf("probe answered with %v", s)
		}
		c.send(ack, 0, "more")
		if s := c.expect("ACK", isACK); s.ack != c.seq || s.window != 0 {
			t.Errorf("data beyond the window was taken: %v", s)
		}
		one := make([]byte, 10)
		c.app.Read(one)
		c.silence("a crumb of window is announced", func(s seg) bool { return s.window > 0 && s.window < 1460 })
		c.reads(strings.Repeat("z", sent-10))
		if s := c.expect("window update", func(s seg) bool { return s.window > 0 }); s.window < 1460 {
			t.Errorf("window update of %d", s.window)
		}
	})
}

// RFC 9293 §3.10.7.4: an older segment's window does not replace a newer one's (SND.WL1, SND.WL2).
func TestOldWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460))
		c.say("hello")
		c.reads("hello")
		c.raw(ack, 0, "", func(s *seg) { s.window = 0 })          // the newest word: nothing
		c.raw(ack, -5, "hello", func(s *seg) { s.window = 9000 }) // an old segment, delayed
		c.forget()
		c.write(3000)
		c.silence("data is sent by an old window", func(s seg) bool { return len(s.data) > 1 })
		c.raw(ack, 0, "", func(s *seg) { s.window = 9000 })
		c.expect("data", func(s seg) bool { return len(s.data) == 1460 })
	})
}

// 1448 bytes in each segment when timestamps are on: options that are not sent take no room.
func TestFullSegments(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK(), timestamps(4000, 0), wscale(7))
		c.write(1448 * 4)
		for range 4 {
			if s := c.expect("data", hasData); len(s.data) != 1448 {
				t.Fatalf("%d bytes", len(s.data))
			}
		}
	})
}

// RFC 6928: ten segments leave before the first acknowledgment, and slow start adds one for each that is acknowledged.
func TestInitialWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK(), wscale(7))
		go c.app.Write(make([]byte, 200_000))
		var got int
		var last seg
		for range 10 {
			last = c.expect("data", hasData)
			got += len(last.data)
		}
		if got != 14600 {
			t.Errorf("%d bytes in ten segments", got)
		}
		c.silence("an eleventh segment", hasData)
		c.ack += 14600
		c.send(ack, 0, "")
		for range 20 {
			c.expect("data", hasData)
		}
		c.silence("more than twice as many", hasData)
	})
}

// RFC 5681 §3.2, RFC 6675, RFC 8985: three duplicates bring the lost segment back before any timer.
func TestFastRetransmit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK())
		c.write(1460 * 6)
		var first seg
		for i := range 6 {
			s := c.expect("data", hasData)
			if i == 0 {
				first = s
			}
		}
		began := time.Now()
		for i := range 3 {
			o := []byte{1, 1, 5, 10}
			o = binary.BigEndian.AppendUint32(o, first.seq+1460)
			o = binary.BigEndian.AppendUint32(o, first.seq+1460*uint32(i+2))
			c.raw(ack, 0, "", func(s *seg) { s.options = o })
		}
		again := c.expect("retransmission", hasData)
		if again.seq != first.seq || !bytes.Equal(again.data, first.data) {
			t.Errorf("sent again: %v", again)
		}
		if d := time.Since(began); d > 150*time.Millisecond {
			t.Errorf("took %v", d)
		}
	})
}

// RFC 6298 §5: what is never acknowledged is sent again, at doubled intervals.
func TestRetransmissionTimer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460))
		c.write(100)
		first := c.expect("data", hasData)
		var at []time.Time
		for range 4 {
			s := c.expect("retransmission", hasData)
			if s.seq != first.seq {
				t.Fatalf("%v", s)
			}
			at = append(at, time.Now())
		}
		second, third := at[2].Sub(at[1]), at[3].Sub(at[2])
		if third < second*3/2 || third > second*3 {
			t.Errorf("intervals %v, %v", second, third)
		}
	})
}

// RFC 1191, RFC 5927: "fragmentation needed" is believed when it quotes something in flight, and absurd sizes are not.
func TestPathMTU(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460))
		c.write(1460)
		s := c.expect("data", hasData)
		needed := func(mtu uint16, seq uint32) {
			quoted := seg{sport: 80, dport: c.sport, seq: seq, ack: c.seq, flags: ack}
			q := packet(hostIP, peerIP, 6, 7, quoted.tcp(hostIP, peerIP)[:8], 0, false)
			m := append([]byte{3, 4, 0, 0, 0, 0, byte(mtu >> 8), byte(mtu)}, q...)
			binary.BigEndian.PutUint16(m[2:], fold(sum(m, 0)))
			w.ip(packet(peerIP, hostIP, 1, 7, m, 0, false))
		}
		needed(600, s.seq+500_000) // quotes what was never sent
		c.silence("an invented message changes something", func(s seg) bool { return hasData(s) && len(s.data) <= 560 })
		needed(1000, s.seq)
		again := c.expect("smaller segments", func(s seg) bool { return hasData(s) && len(s.data) <= 960 })
		if again.seq != s.seq {
			t.Errorf("%v", again)
		}
		c.forget()
		c.ack += 1460
		c.send(ack, 0, "")
		needed(0, s.seq)
		needed(20, s.seq)
		c.write(900)
		if s := c.expect("data", hasData); len(s.data) < 400 {
			t.Errorf("an absurd size was believed: %d bytes", len(s.data))
		}
	})
}

// RFC 9293 §3.8.4: a keep-alive probe is answered.
func TestKeepAliveIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.say("x")
		c.reads("x")
		c.forget()
		c.send(ack, -1, "")
		if s := c.expect("answer", isACK); s.ack != c.seq {
			t.Errorf("%v", s)
		}
	})
}
