package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/web/message"
)

var ok200 = message.NewBlock(200, nil)

// small are limits that a few bytes reach.
var small = Limits{Input: 100, Output: 32 << 10}

// writer makes a streamed response an io.Writer.
type writer struct{ x *Exchange }

func (w writer) Write(p []byte) (int, error) { return w.x.Write(p) }

func echo(x *Exchange) {
	x.Go(func(x *Exchange) {
		x.Stream(ok200, -1)
		buf := make([]byte, 64)
		for {
			n, err := x.Body().Read(buf)
			x.Write(buf[:n])
			x.Flush()
			if err != nil {
				break
			}
		}
		if t := x.Trailer(); t != nil {
			x.SetTrailer(t)
		}
	})
}

func TestTwoStreamsAtOnce(t *testing.T) {
	c, h := fake(t, small, echo)
	c.request(1, 1<<20, "POST /one -1")
	c.request(2, 1<<20, "POST /two -1")
	var want [3]string
	for i := range 50 {
		for _, id := range []int{1, 2} {
			piece := fmt.Sprintf("%d/%d ", id, i)
			want[id] += piece
			c.send(frame{stream: id, kind: data, text: piece})
			// The other stream's exchange is under way all the while, and each answers what it gets.
			c.until("echo", func() bool { return c.body(id) == want[id] })
		}
	}
	c.send(frame{stream: 2, kind: end, text: "trailer of two"})
	if status, body, trailer := c.response(2); status != "200" || body != want[2] || trailer != "trailer of two" {
		t.Errorf("2: %s %q %q", status, body, trailer)
	}
	c.send(frame{stream: 1, kind: data, text: "one goes on"})
	c.send(frame{stream: 1, kind: end})
	if status, body, trailer := c.response(1); status != "200" || body != want[1]+"one goes on" || trailer != "" {
		t.Errorf("1: %s %q %q", status, body, trailer)
	}
	if changes := len(slices.Compact(slices.Clone(c.order))); changes < 50 {
		t.Errorf("the streams' data changed places %d times only", changes)
	}
	if n := h.count(); n != 2 {
		t.Errorf("%d exchanges were finished", n)
	}
}

func TestAnswersOnTheLoopAndOffIt(t *testing.T) {
	var released atomic.Int32
	give := func(x *Exchange) {
		x.AddBytes([]byte("whole "), releaseFunc(func() { released.Add(1) }))
		x.AddBytes(x.Request.RawTarget(), nil)
		x.Respond(ok200)
	}
	c, _ := fake(t, small, func(x *Exchange) {
		switch string(x.Request.Path()) {
		case "/loop":
			give(x)
		case "/off":
			x.Go(give)
		case "/silent":
		case "/silent-off":
			x.Go(func(*Exchange) {})
		case "/panic":
			x.Go(func(*Exchange) { panic("oh") })
		case "/abort":
			x.Go(func(x *Exchange) { x.Abort() })
		case "/early":
			x.Go(func(x *Exchange) {
				for range 2 {
					h := new(message.Header)
					h.Add("Link", "hint")
					x.Inform(message.NewBlock(103, h))
				}
				x.Respond(ok200)
				if err := x.Inform(ok200); !errors.Is(err, ErrTooLate) {
					t.Error(err)
				}
				if err := x.Stream(ok200, -1); !errors.Is(err, ErrTooLate) {
					t.Error(err)
				}
				x.Respond(message.NewBlock(500, nil)) // the first counts
			})
		}
	})
	for i, tc := range []struct{ target, status, body string }{
		{"/loop", "200", "whole /loop"},
		{"/off", "200", "whole /off"},
		{"/silent", "reset: no answer", ""},
		{"/silent-off", "reset: no answer", ""},
		{"/panic", "reset: oh", ""},
		{"/abort", "reset: aborted", ""},
		{"/early", "200", ""},
	} {
		c.request(i, 100, "GET "+tc.target+" 0")
		if status, body, _ := c.response(i); status != tc.status || body != tc.body {
			t.Errorf("%s: %s %q", tc.target, status, body)
		}
	}
	if released.Load() != 2 {
		t.Errorf("%d of 2 pieces were released", released.Load())
	}
	if n := len(c.got[6]); n != 4 { // two hints, head, end
		t.Errorf("frames of Early Hints: %v", c.got[6])
	}
}

type releaseFunc func()

func (f releaseFunc) Release() { f() }

// A handler that does not read uses up its own credit only.
func TestCreditIsEachStreamsOwn(t *testing.T) {
	gate := make(chan struct{})
	c, _ := fake(t, small, func(x *Exchange) {
		if string(x.Request.Path()) == "/echo" {
			echo(x)
			return
		}
		x.Go(func(x *Exchange) {
			<-gate
			b, err := io.ReadAll(x.Body())
			if err != nil {
				t.Error(err)
			}
			x.AddBytes(b, nil)
			x.Respond(ok200)
		})
	})
	c.request(1, 1<<20, "POST /late -1")
	c.request(2, 1<<20, "POST /echo -1")
	long := strings.Repeat("0123456789", 100)
	c.send(frame{stream: 1, kind: data, text: long}) // ten times its credit
	c.send(frame{stream: 1, kind: end})
	c.send(frame{stream: 2, kind: data, text: long})
	c.until("the other stream's echo", func() bool { return c.body(2) == long })
	c.mu.Lock()
	if n := c.credit[1]; n != small.Input {
		t.Errorf("a handler that does not read was fed %d bytes, its credit is %d", n, small.Input)
	}
	c.mu.Unlock()
	close(gate)
	if _, body, _ := c.response(1); body != long {
		t.Errorf("%d bytes of %d", len(body), len(long))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.credit[1]; n != len(long) {
		t.Errorf("%d bytes of credit were given back in all, want %d", n, len(long))
	}
}

// A client that does not read holds up that stream's writer within its window, and no other.
func TestTheWindowIsEachStreamsOwn(t *testing.T) {
	var written atomic.Int64
	big := strings.Repeat("x", 1<<20)
	c, _ := fake(t, small, func(x *Exchange) {
		if string(x.Request.Path()) == "/echo" {
			echo(x)
			return
		}
		x.Go(func(x *Exchange) {
			x.Stream(ok200, int64(len(big)))
			for r := strings.NewReader(big); r.Len() > 0; {
				n, err := io.CopyN(writer{x}, r, 1000)
				written.Add(n)
				if err != nil && err != io.EOF {
					t.Error(err)
					return
				}
			}
		})
	})
	c.request(1, 0, "GET /big 0") // no window at all
	c.request(2, 1<<20, "POST /echo -1")
	for i := range 20 {
		c.send(frame{stream: 2, kind: data, text: "x"})
		c.until("echo", func() bool { return len(c.body(2)) == i+1 })
	}
	c.mu.Lock()
	if n := len(c.body(1)); n != 0 {
		t.Errorf("%d bytes were sent without a window", n)
	}
	c.mu.Unlock()
	// A chunk is taken whole, so the writer can be ahead by one.
	if n, most := written.Load(), int64(small.Output+16<<10); n > most {
		t.Errorf("%d bytes were written, the window is %d", n, small.Output)
	}
	for sent := 0; sent < len(big); { // bit by bit
		c.send(frame{stream: 1, kind: window, n: 50_000})
		before := sent
		c.until("what the window allows", func() bool { sent = len(c.body(1)); return sent > before || sent == len(big) })
	}
	if _, body, _ := c.response(1); body != big {
		t.Errorf("%d bytes of %d", len(body), len(big))
	}
}

func TestOneOfTwoIsCancelled(t *testing.T) {
	ended := make(chan error, 3)
	c, h := fake(t, small, func(x *Exchange) {
		switch string(x.Request.Path()) {
		case "/echo":
			echo(x)
		case "/context":
			x.Go(func(x *Exchange) {
				<-x.Context().Done()
				ended <- context.Cause(x.Context())
			})
		case "/read":
			x.Go(func(x *Exchange) {
				_, err := io.ReadAll(x.Body())
				ended <- err
			})
		case "/write":
			x.Go(func(x *Exchange) {
				x.Stream(ok200, -1)
				_, err := x.Write(make([]byte, 1<<20))
				ended <- err
			})
		}
	})
	c.request(9, 1<<20, "POST /echo -1")
	for i, target := range []string{"/context", "/read", "/write"} {
		c.request(i, 0, "POST "+target+" -1")
		c.send(frame{stream: 9, kind: data, text: "x"})
		c.until("echo", func() bool { return len(c.body(9)) == i+1 })
		c.send(frame{stream: i, kind: reset})
		var gone *GoneError
		if err := await(t, ended); !errors.As(err, &gone) || gone.Reason != cancelled {
			t.Errorf("%s: %v", target, err)
		}
	}
	c.send(frame{stream: 9, kind: end})
	if status, body, _ := c.response(9); status != "200" || body != "xxx" {
		t.Errorf("the other stream: %s %q", status, body)
	}
	if n := h.count(); n != 4 {
		t.Errorf("%d exchanges were finished", n)
	}
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("what was waited for has not come")
		panic("unreachable")
	}
}

func TestALostConnectionEndsAllOfItsExchanges(t *testing.T) {
	ended := make(chan error, 10)
	c, h := fake(t, small, func(x *Exchange) {
		x.Go(func(x *Exchange) {
			_, err := io.ReadAll(x.Body())
			ended <- err
		})
	})
	for i := range 10 {
		c.request(i, 0, "POST / -1")
	}
	c.lose()
	for range 10 {
		var gone *GoneError
		if err := await(t, ended); !errors.As(err, &gone) || gone.Reason != lost {
			t.Error(err)
		}
	}
	if n := h.count(); n != 10 {
		t.Errorf("%d exchanges were finished", n)
	}
}

// What the handler asks for is known to the carrier: that it waits for the body, once.
func TestTheBodyIsAskedForWhenItIsWanted(t *testing.T) {
	gate := make(chan struct{})
	c, _ := fake(t, small, func(x *Exchange) {
		x.Go(func(x *Exchange) {
			<-gate
			b, _ := io.ReadAll(x.Body())
			x.AddBytes(b, nil)
			x.Respond(ok200)
		})
	})
	c.request(1, 100, "POST / 5")
	c.mu.Lock()
	if c.has(1, goAhead) {
		t.Error("the body was asked for before the handler read")
	}
	c.mu.Unlock()
	close(gate)
	c.until("request for the body", func() bool { return c.has(1, goAhead) })
	c.send(frame{stream: 1, kind: data, text: "hello"})
	c.send(frame{stream: 1, kind: end})
	if _, body, _ := c.response(1); body != "hello" {
		t.Errorf("%q", body)
	}
}

// A body that nobody reads any more is taken and dropped: the client is not held up for it.
func TestABodyThatIsClosedCostsNoCredit(t *testing.T) {
	for name, f := range map[string]func(x *Exchange){
		"closed":   func(x *Exchange) { x.Body().Close(); <-x.Context().Done() },
		"returned": func(x *Exchange) { x.Stream(ok200, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := fake(t, small, func(x *Exchange) { x.Go(f) })
			c.request(1, 0, "POST / -1") // without a window the exchange is not finished
			total := 0
			for range 20 {
				c.send(frame{stream: 1, kind: data, text: strings.Repeat("x", 1000)})
				total += 1000
			}
			c.until("credit for everything", func() bool { return c.credit[1] == total })
			c.send(frame{stream: 1, kind: reset})
		})
	}
}

func TestATunnelBesideARequest(t *testing.T) {
	c, h := fake(t, small, func(x *Exchange) {
		if string(x.Request.Path()) == "/echo" {
			echo(x)
			return
		}
		x.Go(func(x *Exchange) {
			conn, err := x.Upgrade(nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := x.Upgrade(nil); err != nil && !errors.Is(err, ErrTooLate) {
				t.Error(err)
			}
			go func() { // beyond the function's end
				io.Copy(conn, conn)
				conn.CloseWrite()
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				for _, err := range []error{conn.Close(), conn.CloseWrite(), conn.SetDeadline(time.Time{}), second(conn.Read(make([]byte, 1))), second(conn.Write([]byte("x")))} {
					if !errors.Is(err, net.ErrClosed) {
						t.Errorf("after Close: %v", err)
					}
				}
			}()
		})
	})
	c.request(1, 1<<20, "GET /tunnel 0")
	c.request(2, 1<<20, "POST /echo -1")
	c.until("tunnel", func() bool { return c.has(1, tunnelled) })
	var want string
	for i := range 100 {
		piece := strings.Repeat(fmt.Sprint(i), 50)
		want += piece
		c.send(frame{stream: 1, kind: data, text: piece})
		c.send(frame{stream: 2, kind: data, text: "x"})
		c.until("both echoes", func() bool { return c.body(1) == want && len(c.body(2)) == i+1 })
	}
	c.send(frame{stream: 1, kind: end})
	c.until("the tunnel's end", func() bool { return c.has(1, end) })
	c.send(frame{stream: 2, kind: end})
	c.response(2)
	c.until("both ends", func() bool { return h.count() == 2 })
}

func second[A any](_ A, err error) error { return err }

func TestATunnelIsRefused(t *testing.T) {
	errs := make(chan error, 1)
	c, _ := fake(t, small, func(x *Exchange) {
		if _, err := x.Upgrade(nil); !errors.Is(err, ErrNotDetached) {
			t.Error(err)
		}
		x.Go(func(x *Exchange) {
			if string(x.Request.Path()) == "/begun" {
				x.Stream(ok200, -1)
			}
			_, err := x.Upgrade(nil)
			if string(x.Request.Path()) == "/101" {
				_, err = x.Upgrade(message.NewBlock(101, nil))
			}
			errs <- err
		})
	})
	for i, tc := range []struct {
		head string
		want error
	}{{"GET /begun 0", ErrTooLate}, {"POST /body 5", nil}, {"GET /101 0", ErrNotAsked}} {
		c.request(i, 100, tc.head)
		if err := await(t, errs); err == nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.head, err)
		}
	}
}

// Nothing that blocks may be done on the loop.
func TestWhatBlocksFailsOnTheLoop(t *testing.T) {
	c, _ := fake(t, small, func(x *Exchange) {
		for _, err := range []error{second(x.Write([]byte("x"))), second(x.Body().Read(make([]byte, 1))), x.Flush(), x.Stream(ok200, -1), x.Inform(ok200)} {
			if !errors.Is(err, ErrNotDetached) {
				t.Error(err)
			}
		}
		x.Respond(ok200)
	})
	c.request(1, 100, "GET / 0")
	c.response(1)
}

// An exchange that finds no goroutine is still the loop's.
func TestAFullPool(t *testing.T) {
	c, _ := fake(t, small, func(x *Exchange) {
		x.AddBytes([]byte("busy"), nil)
		if x.Go(func(*Exchange) { t.Error("it ran") }) {
			t.Error("Go says that it will run")
		}
		x.Respond(ok200)
	})
	c.server.spawns = -1
	c.request(1, 100, "GET / 0")
	if status, body, _ := c.response(1); status != "200" || body != "busy" {
		t.Errorf("%s %q", status, body)
	}
}

func TestDeadlines(t *testing.T) {
	errs := make(chan error, 1)
	c, _ := fake(t, small, func(x *Exchange) {
		x.Go(func(x *Exchange) {
			soon := func() time.Time { return time.Now().Add(time.Millisecond) }
			x.SetReadDeadline(soon())
			errs <- second(x.Body().Read(make([]byte, 1)))
			x.SetReadDeadline(time.Time{})
			errs <- second(x.Body().Read(make([]byte, 1)))
			x.Stream(ok200, -1)
			x.SetWriteDeadline(soon())
			errs <- second(x.Write(make([]byte, 1<<20)))
			x.SetWriteDeadline(time.Now().Add(time.Hour)) // a later one lifts what has passed
			errs <- second(x.Write(nil))
			x.SetReadDeadline(time.Now().Add(-time.Hour))
			errs <- second(x.Body().Read(make([]byte, 1)))
		})
	})
	c.request(1, 0, "POST / -1")
	expect := func(what string, want error) {
		t.Helper()
		if err := await(t, errs); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	expect("reading beyond the deadline", os.ErrDeadlineExceeded)
	c.send(frame{stream: 1, kind: data, text: "x"})
	expect("reading without a deadline", nil)
	expect("writing beyond the deadline", os.ErrDeadlineExceeded)
	expect("writing before the deadline", nil)
	expect("reading behind a deadline that has passed", os.ErrDeadlineExceeded)
	c.send(frame{stream: 1, kind: reset})
}

// A body's error reaches the handler behind the bytes that came before it, and the handler can still answer.
func TestABodyAtFault(t *testing.T) {
	bad := errors.New("bad")
	carrier := &fakeStream{server: &fakeServer{bell: make(chan struct{}, 1)}}
	x := begin(carrier, 10)
	done := make(chan struct{})
	x.Go(func(x *Exchange) {
		defer close(done)
		b, err := io.ReadAll(x.Body())
		if string(b) != "some" || err != bad {
			t.Errorf("%q, %v", b, err)
		}
		x.Respond(ok200)
	})
	x.Feed([]byte("some"))
	x.FeedError(bad)
	await(t, done)
	if u := x.Update(); !u.Whole || u.Block != ok200 {
		t.Errorf("%+v", u)
	}
	x.Release()
}

// begin is an exchange with a body of n bytes, -1 for any number.
func begin(c Carrier, n int64) *Exchange {
	r := new(message.Request)
	r.Reset([]byte("POST /"))
	r.MethodText = message.Span{Len: 4}
	r.ParseTarget(message.Span{Off: 5, Len: 1})
	r.ContentLength = n
	x := New()
	x.Begin(c, r, new(Peer), small)
	return x
}
