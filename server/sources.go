package server

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"vitrine/config"
	"vitrine/observe/errorlog"
	"vitrine/observe/glass"
	"vitrine/observe/glass/api"
	"vitrine/observe/metrics"
	"vitrine/site"
	"vitrine/trace"
)

// sources is what the page and the API are made of.
func (s *Server) sources() glass.Sources {
	src := glass.Sources{
		Status: s.apiStatus, Journeys: s.watch.journeys, Frames: s.watch.framesOf, House: s.house, Sockets: s.apiSockets, Files: s.filesKept,
		Explain: s.explain, Source: s.source, Version: s.version(),
		Metrics: metrics.Handler(s.measures()),
	}
	if s.network != nil {
		src.Network = s.network.conf.Adapter.V
		src.Counters = func(ctx context.Context) (any, error) { return s.network.counters(ctx) }
	}
	return src
}

// version is the program's, for people.
func (s *Server) version() string {
	if s.o.Version != "" {
		return s.o.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" || strings.HasPrefix(info.Main.Version, "v0.0.0-") {
		return "development build"
	}
	return info.Main.Version
}

// revision is the commit that the program was built from; "" when that is not known.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}

// apiStatus is who the server is. Any goroutine may call it, as all that follow.
func (s *Server) apiStatus() api.Status {
	st := s.status()
	now := s.shown.Load()
	out := api.Status{Version: s.version(), PID: os.Getpid(), Started: st.Started, Architecture: st.Architecture, Network: st.Network,
		Addresses: st.Addresses, Config: now.config.Paths, Sites: siteNames(now.config), Admin: s.AdminURL()}
	if out.Config == nil {
		out.Config = []string{}
	}
	return out
}

// source is a file of the configuration in force, as it was read.
func (s *Server) source(file string) ([]string, bool) {
	lines, ok := s.shown.Load().config.Sources[file]
	return lines, ok
}

// explain answers a request without sending it, by the configuration in force.
func (s *Server) explain(q glass.Query) (*api.Explanation, error) {
	query := Query{Method: q.Method, URL: q.URL, Fields: q.Fields, Old: q.Old}
	if q.From != "" {
		a, err := netip.ParseAddr(q.From)
		if err != nil {
			return nil, fmt.Errorf("%q is no address of a client", q.From)
		}
		query.From = a.Unmap()
	}
	now := s.shown.Load()
	a, err := now.dry.ask(query)
	if err != nil {
		return nil, err
	}
	return explanation(a, secrets(now.config)), nil
}

// asking is a Dry that many may ask, one after the other.
type asking struct {
	mu   sync.Mutex
	dry  *Dry // nil: not made yet
	over bool
	conf *config.Config
	// known is what the handler that answers knows: its files, its applications, how often clients came, and their names as
	// far as somebody has asked. A dry run looks at it and counts nothing.
	known site.Options
	// listening are the addresses as they are bound; nil: as the configuration has them.
	listening []*listening
}

func (a *asking) ask(q Query) (*Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return nil, fmt.Errorf("the configuration was loaded anew meanwhile; ask again")
	}
	if a.dry == nil {
		diags := new(config.Diagnostics)
		if a.dry = newDry(a.conf, a.known, diags); a.dry == nil {
			return nil, diags
		}
		a.dry.listening = a.listening
	}
	return a.dry.Ask(q)
}

// close gives back what a Dry holds.
func (a *asking) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	if a.dry != nil {
		a.dry.Close()
	}
}

// measures is what Prometheus is told.
func (s *Server) measures() metrics.Sources {
	m := metrics.Sources{
		Counters: s.watch.counters, Started: s.started,
		Build:       metrics.Build{Version: s.version(), Revision: revision(), IO: s.web.Engine().Architecture()},
		Connections: s.web.Engine().Open, Accepted: s.web.Engine().Accepted,
		Files: func() metrics.Files {
			f := s.filesNumbers()
			return metrics.Files{Count: f.Count, Bytes: f.Bytes, Limit: f.Limit, Descriptors: f.Descriptors, Hits: f.Hits, Misses: f.Misses}
		},
		Loops: func() []metrics.Loop {
			var all []metrics.Loop
			for _, l := range s.web.Engine().LoopStats() {
				all = append(all, metrics.Loop{Index: l.Index, Connections: l.Connections, Turns: l.Turns, Wakes: l.Wakes, Busy: l.Busy, Measured: l.Measured})
			}
			return all
		},
		Work: func() metrics.Work { return metrics.Work(s.work()) },
		Journeys: func() metrics.Journeys {
			st := s.watch.journeys.Stats()
			return metrics.Journeys{Count: st.Journeys, Bytes: st.Bytes, Recorded: st.Recorded, LeftOut: st.LeftOut}
		},
		Failed: func(err error) { s.log.Decision(errorlog.Warn, EngineError.Reach(), trace.Position{}, "%v", err) },
	}
	if n := s.network; n != nil {
		m.Build.Network = n.conf.Adapter.V
		m.Frames = func() metrics.Frames {
			st := s.watch.frames.Stats()
			return metrics.Frames{Count: st.Frames, Bytes: st.Bytes, LeftOut: st.LeftOut}
		}
		m.Stack = func(ctx context.Context) ([]metrics.Number, error) {
			counted, err := n.stack.Counters(ctx)
			if err != nil {
				return nil, err
			}
			var all []metrics.Number
			for _, c := range numbers(&counted) {
				all = append(all, metrics.Number{Layer: c.Layer, Name: c.Name, Value: c.Value, Level: c.Level, Sentence: c.Sentence})
			}
			return all, nil
		}
	}
	m.Spans = s.watch.spansNumbers
	return m
}
