package server

import (
	"cmp"
	"context"
	"runtime"
	runtimemetrics "runtime/metrics"
	"slices"
	"strings"
	"time"

	"vitrine/observe/glass"
	"vitrine/observe/glass/api"
	"vitrine/site"
	"vitrine/trace"
)

// house is the server at a moment. Any goroutine may call it.
func (s *Server) house(ctx context.Context) (*api.House, error) {
	engine := s.web.Engine()
	h := &api.House{At: time.Now(), Connections: engine.Open(), Loops: s.loopNumbers(), Files: s.filesNumbers(), Memory: memory(), Goroutines: runtime.NumGoroutine(),
		States: []api.State{}, Durations: []api.Bucket{}, Sites: []api.SiteNumbers{}}
	h.Work = s.work()
	t := s.watch.counters.Totals()
	h.Requests, h.Statuses, h.BytesIn, h.BytesOut = t.Requests, t.Statuses, t.BytesIn, t.BytesOut
	for _, b := range t.Durations {
		h.Durations = append(h.Durations, api.Bucket{UpToUS: float64(b.UpTo) / float64(time.Microsecond), Count: b.Count})
	}
	for _, one := range t.Sites {
		h.Sites = append(h.Sites, api.SiteNumbers{Site: one.Site, Requests: one.Requests, Statuses: one.Statuses, BytesOut: one.BytesOut})
	}
	all := catalogue(trace.Reasons())
	if err := s.wire(ctx, h, all); err != nil {
		return nil, err
	}
	accepted := engine.Accepted()
	ended := accepted - min(accepted, uint64(max(h.Connections, 0)))
	h.Layers = append(h.Layers,
		all.station("socket", "Sockets", "connections", accepted, ended, "accept", "listener", "clients"),
		all.station("http", "HTTP", "requests", h.Requests, h.Requests-h.Statuses[0], "http1", "request", "exchange"),
		all.station("site", "Sites", "requests", h.Requests, h.Requests-h.Statuses[0], "site", "route", "access", "client", "elsewhere"),
		all.station("files", "Files", "files", h.Files.Misses, h.Files.Hits, "resource"),
		all.station("upstream", "Applications", "requests", reached("cgi.started", "fcgi.connected"), reached("cgi.answered", "fcgi.answered"), "cgi", "fcgi", "fastcgi", "gateway", "upstream"),
		all.station("response", "Responses", "bytes", h.BytesIn, h.BytesOut, "content", "header", "encode", "ssi"),
		all.station("close", "Closing", "connections", accepted, ended, "close"),
		all.station("log", "Logs", "requests", h.Requests, h.Requests, "log"),
	)
	return h, nil
}

// work is what is going on beside the requests themselves.
func (s *Server) work() api.Work {
	w := api.Work{Scripts: len(s.scripts.Running())}
	w.Links, w.LinksIdle = s.web.Engine().Links()
	w.Suspended, w.RateKeys = s.web.Engine().Held(), s.access.Counted()
	if g := s.shown.Load(); g != nil && g.handler != nil {
		if q := g.inquirers; q != nil {
			for _, l := range q.loads() {
				w.Lookups, w.LookupsWaiting, w.LookupsKnown = w.Lookups+l.Asked, w.LookupsWaiting+l.Waiting, w.LookupsKnown+l.Known
			}
		}
		at := g.handler.Work()
		w.ScriptsWaiting, w.Applications, w.ApplicationsWaiting, w.Encoders = at.ScriptsWaiting, at.Applications, at.ApplicationsWaiting, at.Encoders
	}
	return w
}

// reached is how often some decisions were taken, together.
func reached(ids ...string) (n uint64) {
	for _, r := range trace.Reasons() {
		if slices.Contains(ids, r.ID) {
			n += r.Reached()
		}
	}
	return n
}

// kernelCarries is why the lower layers have no numbers.
const kernelCarries = "The machine's kernel does this and does not tell: a network block has the server do it itself."

// wire adds what is below the sockets, from the wire upwards.
func (s *Server) wire(ctx context.Context, h *api.House, all catalogue) error {
	if s.network == nil {
		for _, l := range [...][2]string{{"adapter", "Adapter"}, {"ethernet", "Ethernet"}, {"ip", "IP"}, {"tcp", "TCP"}} {
			h.Layers = append(h.Layers, api.Station{Name: l[0], Title: l[1], Drops: []api.Counted{}, Off: kernelCarries})
		}
		return s.kernelStates(ctx, h)
	}
	counted, err := s.network.stack.Counters(ctx)
	if err != nil {
		return err
	}
	n := make(map[string]uint64)
	for _, c := range numbers(&counted) {
		n[c.Layer+"."+c.Name] = c.Value
	}
	h.Layers = append(h.Layers,
		all.station("adapter", "Adapter", "frames", n["adapter.received-frames"], n["adapter.sent-frames"], "link"),
		all.station("ethernet", "Ethernet", "frames", n["card.passed"], n["adapter.sent-frames"], "ethernet", "arp", "neighbor"),
		all.station("ip", "IP", "packets", n["ip.packets-in"], n["tcp.segments-out"]+n["udp.datagrams-out"]+n["ip.icmp-out"], "ip", "ipv4", "ipv6", "icmp", "udp"),
		all.station("tcp", "TCP", "segments", n["tcp.segments-in"], n["tcp.segments-out"], "segment", "tcp", "recovery", "stack"),
	)
	if h.Connections > mostAsked {
		h.States = s.assumed(h)
		return nil
	}
	sockets, err := s.network.stack.Sockets(ctx)
	if err != nil {
		return err
	}
	listeners := make(map[string]bool)
	states := make(map[string]int)
	for i := range sockets {
		state := plainState(sockets[i].State)
		if state == "LISTEN" { // each shard has it
			if at := sockets[i].Local.String(); listeners[at] {
				continue
			} else {
				listeners[at] = true
			}
		}
		states[state]++
	}
	if page := len(s.admin.sockets("")); page > 0 {
		states["LISTEN"] += page
	}
	h.States = sortedStates(states)
	return nil
}

// mostAsked bounds the connections whose state is asked each time that the house is shown: loops answer it. Beyond it all
// that are open count as established.
const mostAsked = 2000

// assumed is the states without asking anybody.
func (s *Server) assumed(h *api.House) []api.State {
	return sortedStates(map[string]int{"LISTEN": s.web.Engine().Listening() + len(s.admin.sockets("")), "ESTABLISHED": h.Connections})
}

// kernelStates counts the kernel's sockets by state.
func (s *Server) kernelStates(ctx context.Context, h *api.House) error {
	if h.Connections > mostAsked {
		h.States = s.assumed(h)
		return nil
	}
	states := map[string]int{"LISTEN": s.web.Engine().Listening() + len(s.admin.sockets(""))}
	open, err := s.web.Engine().Connections(ctx)
	if err != nil {
		return err
	}
	for i := range open {
		states[stateOf(&open[i])]++
	}
	h.States = sortedStates(states)
	return nil
}

func sortedStates(states map[string]int) []api.State {
	out := []api.State{}
	for state, n := range states {
		out = append(out, api.State{State: state, Count: n})
	}
	slices.SortFunc(out, func(a, b api.State) int { return cmp.Compare(a.State, b.State) })
	return out
}

// catalogue is the Reasons of the program, gathered once for all layers of a house.
type catalogue []*trace.Reason

// station is one layer, with the decisions of some families that refuse or fail, those that were reached.
func (all catalogue) station(name, title, unit string, in, out uint64, families ...string) api.Station {
	st := api.Station{Name: name, Title: title, In: in, Out: out, Unit: unit, Drops: []api.Counted{}}
	for _, r := range all {
		family, _, _ := strings.Cut(r.ID, ".")
		if (r.Kind == trace.Refused || r.Kind == trace.Failed) && slices.Contains(families, family) && r.Reached() > 0 {
			st.Drops = append(st.Drops, api.Counted{Reason: *glass.ReasonOf(r), Reached: r.Reached()})
		}
	}
	slices.SortFunc(st.Drops, func(a, b api.Counted) int { return cmp.Or(cmp.Compare(b.Reached, a.Reached), cmp.Compare(a.ID, b.ID)) })
	return st
}

// memory is what Go has of the system.
func memory() int64 {
	samples := []runtimemetrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	runtimemetrics.Read(samples)
	if samples[0].Value.Kind() != runtimemetrics.KindUint64 || samples[1].Value.Kind() != runtimemetrics.KindUint64 {
		return 0
	}
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// filesNumbers is what the store of files has in memory.
func (s *Server) filesNumbers() api.Files {
	st := s.store.Stats()
	return api.Files{Count: st.Entries, Bytes: st.Bytes, Limit: st.BytesLimit, Descriptors: st.Descriptors, Hits: st.Hits, Misses: st.Loads,
		Remembered: site.Remembered.Reached()}
}

// filesKept are the files in memory, and those that are kept open.
func (s *Server) filesKept() []api.File {
	kept, _ := s.store.Files()
	out := make([]api.File, len(kept))
	for i, f := range kept {
		out[i] = api.File{Path: f.Path, Bytes: f.Bytes, Open: f.Open, AgeUS: micro(time.Since(f.Checked))}
		if f.Open {
			out[i].Bytes = f.Size
		}
	}
	return out
}

// loopNumbers are the event loops.
func (s *Server) loopNumbers() []api.Loop {
	all := []api.Loop{}
	for _, l := range s.web.Engine().LoopStats() {
		all = append(all, api.Loop{Index: l.Index, Connections: l.Connections, Turns: l.Turns, Wakes: l.Wakes, BusyUS: micro(l.Busy), MeasuredUS: micro(l.Measured)})
	}
	return all
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
