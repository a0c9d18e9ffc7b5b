package web

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The answer that a peer gives before it has read the whole request is passed on, although the request cannot be sent any more.
func TestAnAnswerBeforeTheRequestIsRead(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			reply(c, "too much")
			return false // and closes, with the body unread
		})
		for range rounds(10) {
			c := q.dial(t)
			go io.WriteString(c, post("/", strings.Repeat("b", 4<<20)))
			a, err := c.read("POST")
			// A reset may destroy what the peer's end has not read; a proxy can only pass on what came.
			if err == nil && (a.StatusCode != 200 || a.body != "too much") && a.StatusCode != 502 {
				t.Errorf("%d %q", a.StatusCode, a.body)
			}
			c.Close()
		}
	})
}

// A client that does not read stops the link from being read; nothing is lost, and no more is held than the window.
func TestASlowClientStopsTheLink(t *testing.T) {
	const size = 16 << 20
	asks(t, Settings{OutputBytes: 64 << 10}, func(t *testing.T, q *question) {
		var written atomic.Int64
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			io.WriteString(c, strconv.Itoa(size)+"\n")
			block := make([]byte, 64<<10)
			for n := 0; n < size; n += len(block) {
				if _, err := c.Write(block); err != nil {
					return false
				}
				written.Add(int64(len(block)))
			}
			return true
		})
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.paused.Load() > 0 })
		if n := written.Load(); n == size {
			t.Error("all of it was taken although the client has read nothing")
		}
		a, err := c.read("GET")
		if err != nil || len(a.body) != size {
			t.Errorf("%d bytes of %d, %v", len(a.body), size, err)
		}
		until(t, func() bool { _, idle := q.Engine().Links(); return idle == 1 })
	})
}

// A peer that does not read stops the client's body from being read.
func TestASlowPeerStopsTheClient(t *testing.T) {
	asks(t, Settings{InputBytes: 32 << 10}, func(t *testing.T, q *question) {
		size := 32 << 20 // more than the kernel's buffers take on both connections
		if underRace && strings.HasPrefix(q.arch, ownStack) {
			size = 16 << 20 // its own are smaller, and under the race detector it takes its time
		}
		begin := make(chan struct{})
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			<-begin
			n, err := io.Copy(io.Discard, body)
			return err == nil && reply(c, strconv.FormatInt(n, 10))
		})
		c := q.dial(t)
		var written atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "+strconv.Itoa(size)+"\r\n\r\n")
			block := make([]byte, 64<<10)
			for n := 0; n < size; n += len(block) {
				if _, err := c.Write(block); err != nil {
					t.Error(err)
					return
				}
				written.Add(int64(len(block)))
			}
		}()
		until(t, func() bool { return q.connected.Load() == 1 })
		for last := int64(-1); ; { // until nothing moves any more
			now := written.Load()
			if now == last {
				break
			}
			last = now
			<-time.After(50 * time.Millisecond)
		}
		if n := written.Load(); n == int64(size) {
			t.Error("all of it was taken although the peer has read nothing")
		}
		close(begin)
		c.expect(200, strconv.Itoa(size))
		<-done
	})
}

// A client that leaves ends its exchange and its link; the peer is told by the connection's end.
func TestAClientThatLeavesDuringALentExchange(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		left := make(chan struct{}, 10)
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			io.Copy(io.Discard, c)
			left <- struct{}{}
			return false
		})
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.connected.Load() == 1 })
		c.SetLinger(0)
		c.Close()
		await(t, "end of the exchange", q.finished)
		await(t, "end of the link", left)
		if o := await(t, "outcome", q.outcomes); o.Failure == nil {
			t.Error(o)
		}
	})
}
