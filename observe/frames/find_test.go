package frames

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
)

// recorded is a server on the own stack, recorded, and a client that knows nothing of it.
type recorded struct {
	t        *testing.T
	r        *Recorder
	client   *stack.Stack
	listener net.Listener
	server   *stack.Stack
}

func recording(t *testing.T, s Settings, o link.WireOptions) *recorded {
	t.Helper()
	a, b := link.NewWire(o)
	r := New(a.Info().Queues, s)
	x := &recorded{t: t, r: r, server: stacktest.On(t, r.Wrap(a), stack.Config{Changed: r.Changed}), client: stacktest.ClientOn(t, b)}
	x.server.Start()
	x.client.Start()
	t.Cleanup(x.client.Stop)
	t.Cleanup(x.server.Stop)
	l, err := x.server.ListenTCP(":80")
	if err != nil {
		t.Fatal(err)
	}
	x.listener = l
	return x
}

// ask sends a request and reads a response on a connection that the client opens, and says what the connection is called.
func (x *recorded) ask(to string, request, response int, from string) (q Query) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		c, err := x.listener.Accept()
		if err == nil {
			q.Local, q.Remote = addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())
			if _, err = io.ReadFull(c, make([]byte, request)); err == nil {
				_, err = c.Write(make([]byte, response))
			}
			c.Close()
		}
		done <- err
	}()
	c, err := x.client.Dial(ctx, "tcp", to)
	if err != nil {
		x.t.Fatal(err)
	}
	c.Write(make([]byte, request))
	if n, err := io.Copy(io.Discard, c); err != nil || n != int64(response) {
		x.t.Fatalf("read %d bytes: %v", n, err)
	}
	c.Close()
	if err := <-done; err != nil {
		x.t.Fatal(err)
	}
	q.RequestEnd, q.ResponseEnd = int64(request), int64(response)
	return q
}

func addrPort(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// until waits until what was found satisfies.
func (x *recorded) until(q Query, f func(s *Sequence) bool) *Sequence {
	x.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s := x.r.Find(q)
		if f(s) {
			return s
		}
		if time.Now().After(end) {
			x.t.Fatalf("never found:\n%s", show(s))
		}
	}
}

func show(s *Sequence) string {
	var b strings.Builder
	for _, f := range s.Frames {
		way := "<"
		if f.Out {
			way = ">"
		}
		if f.Kind == "state" {
			way = " "
		}
		mark := ""
		if !f.Own {
			mark = " (not own)"
		}
		b.WriteString(way + " " + f.Text + mark + "\n")
	}
	return b.String()
}

func rests(s *Sequence) bool {
	for _, f := range s.Frames {
		if f.To == "TIME-WAIT" {
			return true
		}
	}
	return false
}

func TestConnectionIsToldFromItsFirstFrameToItsRest(t *testing.T) {
	for _, to := range []string{stacktest.Server + ":80", "[" + stacktest.Server6 + "]:80"} {
		x := recording(t, Settings{Bytes: 1 << 20}, link.WireOptions{})
		s := x.until(x.ask(to, 120, 100, ""), rests)
		t.Logf("\n%s", show(s))
	}
}
