package traps

import (
	"io"
	"testing"
	"time"
)

// end expects the end of the stream.
func (c *conn) end() {
	c.t.Helper()
	c.app.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.app.Read(make([]byte, 1)); err != io.EOF {
		c.t.Fatalf("read %d, %v; want the end", n, err)
	}
}

// A FIN counts when everything before it has arrived.
func TestFINBeforeMissingData(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), sackOK())
		c.send(ack|fin, 5, "world")
		if s := c.expect("duplicate ACK", isACK); s.ack != c.seq {
			t.Errorf("%v", s)
		}
		c.send(ack|psh, 0, "hello")
		c.reads("helloworld")
		c.end()
		if s := c.expect("ACK of the FIN", func(s seg) bool { return s.ack == c.seq+11 }); s.flags&rst != 0 {
			t.Errorf("%v", s)
		}
	})
}

// A FIN on data, and one that comes again.
func TestFINOnData(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.send(ack|fin|psh, 0, "bye")
		c.reads("bye")
		c.end()
		c.expect("ACK", func(s seg) bool { return s.ack == c.seq+4 })
		c.forget()
		c.send(ack|fin|psh, 0, "bye")
		if s := c.expect("ACK", isACK); s.ack != c.seq+4 {
			t.Errorf("%v", s)
		}
		c.write(10) // half closed: we may still be written to
		c.expect("data", hasData)
	})
}

// closed lets the server close first and acknowledges its FIN; the server waits for ours in FIN-WAIT-2 then.
func (c *conn) closed() {
	c.t.Helper()
	c.app.Close()
	s := c.expect("FIN", isFIN)
	if s.seq != c.ack {
		c.t.Fatalf("%v", s)
	}
	c.ack++
	c.send(ack, 0, "")
}

// RFC 9293 §3.6, RFC 1337: who closes first waits. A FIN that comes again is answered again, resets do not end the
// wait, and a new SYN with a newer timestamp or number opens anew (RFC 6191).
func TestTimeWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460), timestamps(4000, 0))
		c.closed()
		c.send(ack|fin, 0, "")
		if s := c.expect("ACK of the FIN", func(s seg) bool { return s.ack == c.seq+1 }); s.seq != c.ack {
			t.Errorf("%v", s)
		}
		c.forget()
		c.send(ack|fin, 0, "")
		if s := c.expect("ACK of the FIN again", isACK); s.ack != c.seq+1 {
			t.Errorf("%v", s)
		}
		c.forget()
		c.raw(ack|psh, -3, "old", nil) // a late segment never reaches anybody
		c.silence("a late segment is reset", isRST)
		c.stamp += 100_000
		c.seq += 100_000
		c.raw(syn, 0, "", func(s *seg) { s.ack = 0 })
		c.expect("SYN-ACK", func(s seg) bool { return s.flags == syn|ack })
	})
}

// RFC 9293 §3.6, figure 13: both close at once.
func TestSimultaneousClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.app.Close()
		s := c.expect("FIN", isFIN)
		c.send(ack|fin, 0, "") // without acknowledging theirs
		if s := c.expect("ACK", func(s seg) bool { return isACK(s) && s.ack == c.seq+1 }); s.seq != c.ack+1 {
			t.Errorf("%v", s)
		}
		c.seq++
		c.ack = s.seq + 1
		c.send(ack, 0, "")
		c.forget()
		c.send(ack|fin, -1, "") // TIME_WAIT answers
		if s := c.expect("ACK", isACK); s.ack != c.seq {
			t.Errorf("%v", s)
		}
	})
}

// A FIN that is lost is sent again.
func TestLostFIN(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.app.Close()
		first := c.expect("FIN", isFIN)
		if again := c.expect("FIN again", isFIN); again.seq != first.seq {
			t.Errorf("%v, %v", first, again)
		}
	})
}

// A FIN waits behind a closed window, after the data.
func TestFINBehindAZeroWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open(mss(1460))
		c.raw(ack, 0, "", func(s *seg) { s.window = 0 })
		c.barrier()
		c.write(100)
		c.app.Close()
		c.silence("it passes the window", func(s seg) bool { return len(s.data) > 1 || isFIN(s) })
		c.raw(ack, 0, "", func(s *seg) { s.window = 9000 })
		s := c.expect("data", func(s seg) bool { return len(s.data) >= 99 })
		if !isFIN(s) {
			c.expect("FIN", isFIN)
		}
	})
}

// RFC 2525 §2.17, RFC 9293 §3.6.1: a close that throws unread data away says so with a reset.
func TestCloseWithUnreadData(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.say("nobody reads this")
		c.expect("ACK", func(s seg) bool { return s.ack == c.seq })
		c.app.Close()
		c.expect("RST", isRST)
	})
}

// Data that meets a closed reader is answered with a reset.
func TestDataAfterClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.closed()
		c.say("too late")
		c.expect("RST", isRST)
	})
}

// After the end of both directions the connection is gone: a segment is answered with a reset.
func TestGoneAfterPassiveClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.dial().open()
		c.send(ack|fin, 0, "")
		c.seq++
		c.end()
		c.app.Close()
		c.expect("FIN", isFIN)
		c.ack++
		c.send(ack, 0, "")
		c.forget()
		c.send(ack|psh, 0, "hello?")
		c.expect("RST", isRST)
	})
}
