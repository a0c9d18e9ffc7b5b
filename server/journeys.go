package server

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"vitrine/config"
	"vitrine/observe/errorlog"
	"vitrine/observe/export"
	"vitrine/observe/frames"
	"vitrine/observe/journey"
	"vitrine/observe/metrics"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// watch is what remembers and counts, for the whole life of the process: a reload changes what is recorded, and keeps
// what was.
type watch struct {
	journeys *journey.Recorder
	counters *metrics.Counters
	version  string
	frames   *frames.Recorder              // nil: the kernel's sockets
	spans    atomic.Pointer[export.Pusher] // nil: nothing is exported
}

func newWatch(c *config.Config) *watch {
	w := &watch{journeys: journey.New(loops(c), recording(c)), counters: metrics.NewCounters(loops(c))}
	w.counters.Sites(siteNames(c))
	return w
}

func siteNames(c *config.Config) []string {
	var names []string
	for _, s := range c.Sites {
		names = append(names, s.Name())
	}
	return names
}

// Begin is told of each exchange's beginning; watch is a site.Observer.
func (w *watch) Begin(x *exchange.Exchange) { w.journeys.Begin(x) }

// End is told of each exchange's end.
func (w *watch) End(v *variables.Values, told *trace.Decisions) {
	w.counters.Observe(v)
	w.journeys.End(v, told)
}

// ended is told of each connection's end.
func (w *watch) ended(p *web.Peer, why *trace.Reason) { w.journeys.ConnectionEnded(p, why) }

// configure changes what is recorded and exported from now on.
func (w *watch) configure(old, next *config.Config, log *journal) {
	w.counters.Sites(siteNames(next))
	w.journeys.Configure(recording(next))
	if w.frames != nil {
		w.frames.Configure(framing(next))
	}
	if old == nil || !sameExport(&old.Journeys, &next.Journeys) {
		w.export(next, log)
	}
}

// export sends journeys where a configuration says. The collector need not be there.
func (w *watch) export(c *config.Config, log *journal) {
	if before := w.spans.Swap(nil); before != nil {
		go func() { // what waits is still sent, while others serve
			ctx, cancel := context.WithTimeout(context.Background(), exportTime)
			defer cancel()
			before.Close(ctx)
		}()
	}
	o := c.Journeys.OTLP
	if o == nil || c.Journeys.Off.V {
		return
	}
	s := export.Settings{Endpoint: o.Endpoint.V, Service: o.Service.V, Version: w.version, Interval: o.Interval.V, Timeout: o.Timeout.V, Queue: o.Queue.V,
		Headers: make(map[string]string),
		Failed: func(err error) {
			log.Decision(errorlog.Warn, SpansLost.Reach(), o.Endpoint.Pos, "%v", err)
		}}
	for _, h := range o.Headers {
		s.Headers[h.Name] = h.Value.V
	}
	p, err := export.NewPusher(w.journeys, s)
	if err != nil {
		log.warning(config.Diagnostic{Severity: config.Warning, Pos: o.Pos, Summary: fmt.Sprintf("journeys are not sent to %s: %v", o.Endpoint.V, err)})
		return
	}
	w.spans.Store(p)
}

// spansNumbers is what became of the journeys that were to be exported.
func (w *watch) spansNumbers() metrics.Spans {
	p := w.spans.Load()
	if p == nil {
		return metrics.Spans{}
	}
	st := p.Stats()
	return metrics.Spans{Waiting: st.Waiting, Sent: st.Sent, Lost: st.Lost}
}

// exportTime is how long a collector has at the end to take in what waits.
const exportTime = 2 * time.Second

// close ends what is recorded. Journeys that wait to be sent have a moment.
func (w *watch) close() {
	if p := w.spans.Swap(nil); p != nil {
		ctx, cancel := context.WithTimeout(context.Background(), exportTime)
		defer cancel()
		p.Close(ctx)
	}
	w.journeys.Close()
}

// sameExport reports whether journeys go on to the same place in the same way.
func sameExport(a, b *config.Journeys) bool {
	x, y := a.OTLP, b.OTLP
	if x == nil || y == nil || a.Off.V || b.Off.V {
		return (x == nil || a.Off.V) == (y == nil || b.Off.V)
	}
	same := x.Endpoint.V == y.Endpoint.V && x.Service.V == y.Service.V && x.Interval.V == y.Interval.V && x.Timeout.V == y.Timeout.V &&
		x.Queue.V == y.Queue.V && len(x.Headers) == len(y.Headers)
	for i := 0; same && i < len(x.Headers); i++ {
		same = x.Headers[i].Name == y.Headers[i].Name && x.Headers[i].Value.V == y.Headers[i].Value.V
	}
	return same
}

// recording is a journeys block as the recorder wants it.
func recording(c *config.Config) journey.Settings {
	j := &c.Journeys
	s := journey.Settings{
		Off: j.Off.V, Failures: j.Record.V == "failures", Sample: j.Sample.V, Most: j.Most.V, Slow: j.Slow.V,
		Memory: j.Memory.V, Kept: j.Kept.V, HeadBytes: int(j.HeadBytes.V),
		Show: values(j.Show), Hide: values(j.Hide),
	}
	w := &j.When
	f := journey.Filter{Sites: values(w.Sites), Hosts: values(w.Hosts), Paths: values(w.Paths), Methods: values(w.Methods),
		Statuses: values(w.Statuses), Clients: values(w.Clients), Reasons: values(w.Reasons)}
	if len(f.Sites)+len(f.Hosts)+len(f.Paths)+len(f.Methods)+len(f.Statuses)+len(f.Clients)+len(f.Reasons) > 0 {
		s.When = &f
	}
	return s
}

// framing is the same for frames.
func framing(c *config.Config) frames.Settings {
	j := &c.Journeys
	if j.Off.V {
		return frames.Settings{}
	}
	return frames.Settings{Bytes: j.Frames.V, Snap: int(j.FrameBytes.V), Most: j.FramesMost.V}
}

func values[T any](all []config.Value[T]) []T {
	var out []T
	for _, v := range all {
		out = append(out, v.V)
	}
	return out
}

// framesOf are the frames of a journey's connection.
func (w *watch) framesOf(j *journey.Journey) (s *frames.Sequence, none string) {
	switch {
	case w.frames == nil:
		return nil, "This server runs on the kernel's sockets: frames pass the kernel, and only its stack sees them."
	case !validPort(j.Connection.Remote) || !validPort(j.Connection.Local):
		return nil, "The connection's addresses are not known."
	}
	c := &j.Connection
	q := frames.Query{Local: c.Local, Remote: c.Remote, From: c.Opened, To: c.Ended,
		RequestAt: j.RequestAt, RequestEnd: j.RequestAt + j.Received, ResponseAt: j.ResponseAt, ResponseEnd: j.ResponseAt + j.Sent}
	if j.Failure != nil && !j.Keep && j.Status != 0 {
		q.ResponseEnd = q.ResponseAt + 1<<40 // what was on its way and never acknowledged was of this response too: nothing follows it
	}
	for i := range c.Snapshots {
		if info := &c.Snapshots[i].Info; info.Sequences {
			q.ISS, q.IRS, q.Sequences = info.ISS, info.IRS, true
		}
	}
	s = w.frames.Find(q)
	if s == nil || len(s.Frames) == 0 {
		if stats := w.frames.Stats(); stats.Frames == 0 {
			return nil, "No frames are recorded."
		}
		return nil, "The frames of this connection are no longer there, or were more in a second than are recorded."
	}
	return s, ""
}

func validPort(a netip.AddrPort) bool { return a.IsValid() && a.Port() != 0 }
