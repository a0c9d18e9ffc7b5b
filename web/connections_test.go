package web

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// seenBy waits until the engine tells of a connection that it does something.
func (sv *served) seenBy(t *testing.T, remote netip.AddrPort, doing string) (found serve.ConnInfo) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	until(t, func() bool {
		all, err := sv.Engine().Connections(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range all {
			if i.Remote == remote {
				found = i
				return i.Doing == doing
			}
		}
		found = serve.ConnInfo{}
		return doing == ""
	})
	return found
}

// Whoever asks is told what each connection does, whichever goroutine runs its turns.
func TestTheOpenConnectionsAreTold(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		gate := make(chan bool)
		journeys := make(chan trace.ID, 10)
		before := time.Now()
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			journeys <- x.Journey
			x.Go(func(x *Exchange) {
				<-gate
				respond(x, 200, "ok")
			})
		})
		c := sv.dial(t)
		remote := netip.MustParseAddrPort(c.LocalAddr().String())
		if i := sv.seenBy(t, remote, "awaiting a request"); i.ID == 0 || i.Serial != 0 || i.Local.String() != sv.addr || i.Opened.Before(before.Add(-time.Minute)) {
			t.Errorf("%+v", i)
		}
		c.send("GET / HTTP/1.1\r\n")
		if i := sv.seenBy(t, remote, "receiving a request's head"); i.RecvQueue != len("GET / HTTP/1.1\r\n") {
			t.Errorf("%+v", i)
		}
		c.send("Host: h\r\n\r\n")
		id := await(t, "journey", journeys)
		i := sv.seenBy(t, remote, "answering")
		shared := strings.HasSuffix(arch, serve.Threads) || strings.HasSuffix(arch, serve.Pool)
		own := strings.HasPrefix(arch, ownStack)
		if i.Serial != 1 || i.Journey != id || i.Known && i.Transport.State != "ESTABLISHED" || i.Known != !(own && shared) {
			t.Errorf("%+v", i)
		}
		gate <- true
		c.expect(200, "ok")
		sv.seenBy(t, remote, "awaiting a request")
		all := sv.Engine().LoopStats()
		turns, conns := uint64(0), 0
		for _, l := range all {
			turns += l.Turns
			conns += l.Connections
			if l.Busy > l.Measured {
				t.Errorf("%+v", l)
			}
		}
		if len(all) != sv.Engine().Loops() || turns < 3 || conns != 1 {
			t.Errorf("%+v", all)
		}
		c.Close()
		sv.seenBy(t, remote, "")
	})
}

// A loop that is busy for long is asked in vain, and whoever asks need not wait for it.
func TestAnImpatientQuestionEnds(t *testing.T) {
	inside, gate := make(chan bool), make(chan bool)
	sv := start(t, serve.Single, Settings{}, func(x *Exchange) {
		close(inside)
		<-gate
		respond(x, 200, "ok")
	})
	c := sv.dial(t)
	c.send(get("/"))
	await(t, "request", inside)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sv.Engine().Connections(ctx); err != context.Canceled {
		t.Error(err)
	}
	close(gate)
	c.expect(200, "ok")
}

// How much of their time the loops work is measured while somebody wants to know.
func TestTheLoopsTellHowBusyTheyAre(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, func(x *Exchange) { respond(x, 200, "ok") })
		c := sv.dial(t)
		sum := func() (busy, measured time.Duration) {
			for _, l := range sv.Engine().LoopStats() {
				busy += l.Busy
				measured += l.Measured
			}
			return
		}
		sum()
		until(t, func() bool {
			c.send(get("/"))
			c.expect(200, "ok")
			busy, measured := sum()
			return busy > 0 && measured > busy
		})
	})
}

// Many connections are told of in several steps, with requests in between.
func TestManyConnectionsAreTold(t *testing.T) {
	onKernel(t, func(t *testing.T, arch string) {
		if single(arch) {
			t.Skip("it takes one connection at a time")
		}
		sv := start(t, arch, Settings{}, func(x *Exchange) { respond(x, 200, "ok") })
		var all []*client
		for range 300 {
			all = append(all, sv.dial(t))
		}
		for _, c := range all {
			c.send(get("/"))
			c.expect(200, "ok")
		}
		for round := range 3 {
			ended := make(chan bool)
			go func() {
				defer close(ended)
				for _, c := range all {
					c.send(get("/"))
				}
			}()
			list, err := sv.Engine().Connections(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			await(t, "end of the requests", ended)
			for _, c := range all {
				c.expect(200, "ok")
			}
			for i := range list {
				if i > 0 && list[i].ID <= list[i-1].ID {
					t.Fatal("not in the order of their numbers")
				}
			}
			if len(list) != len(all) {
				t.Errorf("round %d: %d connections of %d", round, len(list), len(all))
			}
		}
	})
}

// A connection's end is told with the peer that its exchanges had, while the transport still knows something.
func TestTheEndOfAConnectionIsToldWithItsPeer(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		type end struct {
			peer  *exchange.Peer
			why   *trace.Reason
			known bool
		}
		ends := make(chan end, 10)
		peers := make(chan *exchange.Peer, 10)
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			peers <- x.Peer
			respond(x, 200, "ok")
		}, func(o *Options) {
			o.Ended = func(p *exchange.Peer, why *trace.Reason) {
				ends <- end{p, why, p.Transport == nil || p.Transport.Info(new(socket.Info))}
			}
		})
		before := time.Now().UnixNano()
		for range 2 {
			c := sv.dial(t)
			c.send(get("/"), get("/", "Connection: close"))
			c.expect(200, "ok")
			c.expect(200, "ok")
			c.ends()
			c.Close()
			e := await(t, "end", ends)
			for range 2 {
				if p := await(t, "peer", peers); p != e.peer || p.Opened < before-int64(time.Minute) || p.Loop < 0 || p.Loop >= sv.Engine().Loops() {
					t.Errorf("%+v", p)
				}
			}
			if !e.known || e.why == nil || e.peer.Remote.String() != c.LocalAddr().String() {
				t.Errorf("%+v %+v", e, e.peer)
			}
		}
		c := sv.dial(t) // without an exchange
		c.Close()
		if e := await(t, "end", ends); e.why != CloseUnused || e.peer.Remote.String() != c.LocalAddr().String() {
			t.Errorf("%+v %+v", e, e.peer)
		}
	})
}
