package web

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/stacktest"
	"vitrine/trace"
	"vitrine/web/serve"
)

func TestAnHTTP10ClientIsToldHowLongAndForHowManyRequests(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{KeepAliveTimeout: 7 * time.Second, RequestsPerConnection: 3}, numbered)
		c := sv.dial(t)
		old := "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
		for _, want := range []string{"timeout=7, max=2", "timeout=7, max=1"} {
			c.send(old)
			a := c.expect(200, "/")
			if got := a.Header.Get("Keep-Alive"); got != want || a.Header.Get("Connection") != "keep-alive" {
				t.Errorf("Keep-Alive: %q, Connection: %q, want %q", got, a.Header.Get("Connection"), want)
			}
		}
		c.send(old)
		a := c.expect(200, "/")
		if !a.Close || a.Header.Get("Keep-Alive") != "" {
			t.Errorf("the last response: %v", a.Header)
		}
		c.ends()
	})
}

func TestAConnectionCarriesAsManyRequestsAsItMay(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{RequestsPerConnection: 3}, numbered)
		c := sv.dial(t)
		c.send(strings.Repeat(get("/"), 5)) // two more than allowed: they are not answered, and the client knows it
		for i := range 3 {
			if a := c.expect(200, "/"); a.Close != (i == 2) {
				t.Errorf("response %d: Connection: %q", i+1, a.Header.Get("Connection"))
			}
		}
		c.ends()
		for range 2 {
			await(t, "outcome", sv.outcomes)
		}
		if o := await(t, "outcome", sv.outcomes); o.Keep || o.Ending.ID != "http1.close.requests" {
			t.Error(o)
		}
	})
}

func TestOneClientHoldsAsManyConnectionsAsItMay(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{ConnectionsPerClient: 2}, numbered)
		var open []*client
		for range 2 {
			c := sv.dial(t)
			c.send(get("/"))
			c.expect(200, "/")
			open = append(open, c)
		}
		third := sv.dial(t)
		if n, err := third.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("a third connection was served: %d, %v", n, err)
		}
		if why := await(t, "refusal", sv.refused); why != serve.ReasonPerClient {
			t.Error(why)
		}
		other := dialFrom(t, sv, sv.elsewhere()) // somebody else is not concerned
		other.send(get("/"))
		other.expect(200, "/")

		open[0].Close()
		until(t, func() bool { return sv.Engine().Open() == 2 }) // the other one's is open, too
		again := sv.dial(t)
		again.send(get("/"))
		again.expect(200, "/")
	})
}

// elsewhere is an address that clients do not connect from unless they say so.
func (sv *served) elsewhere() netip.Addr {
	if sv.client != nil {
		return netip.MustParseAddr(stacktest.ClientOther)
	}
	return netip.MustParseAddr("127.0.0.66")
}

// dialFrom connects from an address.
func dialFrom(t *testing.T, sv *served, from netip.Addr) *client {
	t.Helper()
	local := netip.AddrPortFrom(from, 0)
	var c net.Conn
	var err error
	if sv.client != nil {
		c, err = (&stack.Dialer{Stack: sv.client, Local: local, Timeout: patience}).Dial("tcp", sv.addr)
	} else {
		c, err = (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(local), Timeout: patience}).Dial("tcp", sv.addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return newClient(t, c)
}

func TestAClientIsAllowedOrRefusedBeforeAByteIsRead(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, numbered)
		sv.listener.Retag("tag", func(a netip.Addr) *trace.Reason {
			if a == sv.elsewhere() {
				return serve.ReasonDenied.Reach()
			}
			return nil
		})
		denied := dialFrom(t, sv, sv.elsewhere())
		io.WriteString(denied, get("/")) // may fail already
		if b, _ := io.ReadAll(denied.br); len(b) > 0 {
			t.Errorf("a denied client read %q", b)
		}
		if why := await(t, "refusal", sv.refused); why != serve.ReasonDenied {
			t.Error(why)
		}
		allowed := sv.dial(t)
		allowed.send(get("/"))
		allowed.expect(200, "/")
		if n := sv.Engine().Accepted(); n != 1 {
			t.Errorf("%d connections were accepted", n)
		}
	})
}

// Above the limit, connections wait in the listen queue: none is lost, and each is served when another has ended,
// whichever loop that one belonged to.
func TestConnectionsAboveTheLimitWaitTheirTurn(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		limit := 2
		if single(arch) {
			limit = 1
		}
		sv := start(t, arch, Settings{Connections: 2}, numbered)
		full := serve.ReasonFull.Reached()
		var clients []*client
		for range 12 {
			c := sv.dial(t)
			c.send(get("/"))
			clients = append(clients, c)
		}
		// Whose turn it is depends on which loop has whose connection: wait for any answer, close that connection.
		type result struct {
			c   *client
			err error
		}
		answered := make(chan result)
		for _, c := range clients {
			go func() {
				_, err := c.read("GET")
				answered <- result{c, err}
			}()
		}
		var open []*client
		for range len(clients) {
			r := await(t, "answer", answered)
			if r.err != nil {
				t.Fatal(r.err)
			}
			if n := sv.Engine().Open(); n > limit {
				t.Errorf("%d connections are open, %d may be", n, limit)
			}
			if open = append(open, r.c); len(open) == limit {
				open[0].Close()
				open = open[1:]
			}
		}
		if serve.ReasonFull.Reached() == full {
			t.Error("no listener was ever paused")
		}
	})
}

func TestARaisedLimitLetsThoseInThatWait(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{Connections: 1}, numbered)
		first := sv.dial(t)
		first.send(get("/"))
		first.expect(200, "/")
		second := sv.dial(t)
		second.send(get("/"))
		sv.Configure(Settings{Connections: 2})
		second.expect(200, "/")
	})
}

// As many handlers run at once as may; some wait, and what is beyond that is told so at once.
func TestHandlersAreBounded(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		gate := make(chan struct{})
		var running, most atomic.Int32
		sv := start(t, arch, Settings{Handlers: 2}, func(x *Exchange) {
			if !x.Go(func(x *Exchange) {
				n := running.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				<-gate
				running.Add(-1)
				respond(x, 200, "done")
			}) {
				respond(x, 503, "busy")
			}
		})
		const room = 2 + 2*16
		statuses := make(chan int, 100)
		for range room + 10 {
			c := sv.dial(t)
			c.send(get("/"))
			go func() {
				a, err := c.read("GET")
				if err != nil {
					t.Error(err)
					statuses <- 0
					return
				}
				statuses <- a.StatusCode
			}()
		}
		for range 10 {
			if s := await(t, "refusal", statuses); s != 503 {
				t.Errorf("%d before the gate was opened", s)
			}
		}
		close(gate)
		for range room {
			if s := await(t, "answer", statuses); s != 200 {
				t.Errorf("%d for one that had a place", s)
			}
		}
		if m := most.Load(); m > 2 {
			t.Errorf("%d handlers ran at once", m)
		}
	})
}
