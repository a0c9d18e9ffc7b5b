package web

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"vitrine/socket"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
	"vitrine/trace"
	"vitrine/web/serve"
)

// The own stack knows which journey each of its connections is on.
func TestAConnectionIsTaggedWithItsJourney(t *testing.T) {
	for _, arch := range serve.Architectures {
		t.Run(arch, func(t *testing.T) {
			journeys := make(chan trace.ID, 1)
			sv := start(t, ownStack+arch, Settings{}, func(x *Exchange) {
				journeys <- x.Journey
				respond(x, 200, "ok")
			})
			c := sv.dial(t)
			for range 3 {
				c.send(get("/"))
				c.expect(200, "ok")
				want := await(t, "journey", journeys)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				all, err := sv.stack.Sockets(ctx)
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				var got []trace.ID
				for _, s := range all {
					if s.Remote == netip.MustParseAddrPort(c.LocalAddr().String()) {
						got = append(got, s.Tag)
					}
				}
				if len(got) != 1 || got[0] != want {
					t.Errorf("the connection is on journey %v, want %v", got, want)
				}
			}
		})
	}
}

// Each queue of an adapter needs a loop of its own: what would not be served is said before it is not.
func TestQueuesWithoutALoop(t *testing.T) {
	server, _ := stacktest.Stacks(t, stack.Config{}, link.WireOptions{Queues: 3})
	for _, arch := range serve.Architectures {
		srv, err := NewServer(silent{}, Settings{}, Options{Architecture: arch, Loops: 2, Network: socket.NewStack(server)})
		if arch != serve.EventsPerCore {
			if err == nil || !strings.Contains(err.Error(), "3 queues") {
				t.Errorf("%s: %v", arch, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
		} else if n := srv.Engine().Loops(); n != 3 {
			t.Errorf("%d loops for three queues", n)
		}
	}
}
