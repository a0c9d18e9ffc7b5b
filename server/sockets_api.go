package server

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"vitrine/observe/glass"
	"vitrine/observe/glass/api"
	"vitrine/server/control"
	"vitrine/stack"
	"vitrine/web/serve"
)

// apiSockets are the connections and listeners, on whichever network: listeners first. Those of the admin page say so; its
// connections are no clients of a site's and are left out. Any goroutine may call it.
func (s *Server) apiSockets(ctx context.Context) ([]api.Socket, error) {
	open, err := s.web.Engine().Connections(ctx)
	if err != nil {
		return nil, err
	}
	if s.network != nil {
		table, err := s.network.stack.Sockets(ctx)
		if err != nil {
			return nil, err
		}
		all := joined(table, open)
		first := slices.IndexFunc(all, func(one api.Socket) bool { return one.State != "LISTEN" })
		if first < 0 {
			first = len(all)
		}
		return slices.Insert(all, first, s.admin.sockets("the admin page (kernel)")...), nil
	}
	out := []api.Socket{}
	for _, at := range s.told.Load().Addresses {
		out = append(out, api.Socket{State: "LISTEN", Local: at})
	}
	out = append(out, s.admin.sockets("the admin page")...)
	now := time.Now()
	for i := range open {
		c := &open[i]
		one := api.Socket{State: stateOf(c), Local: unmapped(c.Local), Remote: unmapped(c.Remote)}
		served(&one, c, now)
		one.RecvQueue, one.SendQueue = c.RecvQueue, c.SendQueue
		if c.Known {
			snapshot := glass.SnapshotOf(&c.Transport, 0)
			one.Snapshot = &snapshot
		}
		out = append(out, one)
	}
	return out, nil
}

// sockets are the listeners of the admin page, which say what they do. Any goroutine may call it.
func (a *admin) sockets(doing string) (all []api.Socket) {
	if bound := a.bound.Load(); bound != nil {
		for _, at := range *bound {
			all = append(all, api.Socket{State: "LISTEN", Local: address(at), Doing: doing})
		}
	}
	return all
}

// stateOf is the state of one of the kernel's connections. Of one that is in a turn it is not known, and then it usually
// is the usual one.
func stateOf(c *serve.ConnInfo) string { return plainState(cmp.Or(c.Transport.State, "ESTABLISHED")) }

// served adds what the engine knows of a connection.
func served(to *api.Socket, c *serve.ConnInfo, now time.Time) {
	to.Loop, to.ID, to.Serial, to.Doing, to.AgeUS = c.Loop, c.ID, c.Serial, c.Doing, micro(now.Sub(c.Opened))
	if c.Journey != 0 {
		to.Journey = c.Journey.String()
	}
}

// unmapped is an address as people write it: an IPv4 client of a listener for both families is an IPv4 client.
func unmapped(a netip.AddrPort) string {
	return address(netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
}

// joined is the own stack's socket table with what the engine knows of its connections.
func joined(table []stack.SocketInfo, open []serve.ConnInfo) []api.Socket {
	type ends struct{ local, remote netip.AddrPort }
	by := make(map[ends]*serve.ConnInfo, len(open))
	for i := range open {
		by[ends{open[i].Local, open[i].Remote}] = &open[i]
	}
	now := time.Now()
	out := []api.Socket{}
	seen := make(map[string]int) // listeners: each shard has them
	for i := range table {
		in := &table[i]
		state := plainState(in.State)
		if state == "LISTEN" {
			at := in.Protocol + " " + in.Local.String()
			if before, there := seen[at]; there {
				out[before].RecvQueue += in.RecvQueue
				out[before].SendQueue += in.SendQueue
				continue
			}
			seen[at] = len(out)
		}
		one := api.Socket{State: state, Local: address(in.Local), Remote: address(in.Remote), Loop: in.Shard, AgeUS: micro(in.Age),
			RecvQueue: in.RecvQueue, SendQueue: in.SendQueue, Timer: in.Timer, Reason: glass.ReasonOf(in.Reason)}
		if in.Tag != 0 {
			one.Journey = in.Tag.String()
		}
		if t := in.TCP; t != nil {
			one.Waits = glass.ReasonOf(t.Waits)
			one.Snapshot = snapshotOf(state, connection(t))
		}
		if c := by[ends{in.Local, in.Remote}]; c != nil && in.Remote.IsValid() {
			served(&one, c, now)
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b api.Socket) int {
		return cmp.Compare(strings.Count(b.State, "LISTEN"), strings.Count(a.State, "LISTEN"))
	})
	return out
}

// snapshotOf is what a connection of the own stack knows, as the API tells it.
func snapshotOf(state string, c *control.TCP) *api.Snapshot {
	us := func(seconds float64) float64 { return seconds * 1e6 }
	return &api.Snapshot{State: state, RTTUS: us(c.RTT), RTTVarUS: us(c.RTTVar), MinRTTUS: us(c.MinRTT), RTOUS: us(c.RTO), Congestion: c.Congestion, Phase: c.Phase,
		Window: c.Window, Threshold: c.Threshold, SendWindow: c.SendWindow, RecvWindow: c.RecvWindow, MSS: c.MSS, InFlight: c.InFlight, NotSent: c.NotSent,
		Acked: c.Acked, Received: c.Received, SegmentsOut: c.SegmentsOut, SegmentsIn: c.SegmentsIn, Retransmits: c.Retransmits}
}
