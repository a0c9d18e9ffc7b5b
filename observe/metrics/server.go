package metrics

import (
	"runtime"
	"strconv"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"vitrine/trace"
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("vitrine_"+name, help, labels, nil)
}

var (
	buildInfo = desc("build_info", "Which program this is. The value is always 1.", "version", "revision", "goversion", "io", "network")
	started   = desc("start_time_seconds", "When the server began to serve, in seconds since 1970.")

	connections = desc("connections", "Connections that are open now.")
	accepted    = desc("connections_accepted_total", "Connections that were accepted.")
	reasons     = desc("reasons_total", "How often each decision was taken, by its Reason. \"vitrine reasons\" has a sentence for each.", "reason", "kind")

	loopConnections = desc("loop_connections", "Connections of an event loop now.", "loop")
	loopTurns       = desc("loop_turns_total", "Turns of connections that an event loop ran.", "loop")
	loopWakes       = desc("loop_wakes_total", "How often an event loop woke up.", "loop")
	loopBusy        = desc("loop_busy_seconds_total", "Time that an event loop spent with work, out of vitrine_loop_measured_seconds_total.", "loop")
	loopMeasured    = desc("loop_measured_seconds_total", "Time in which it was measured how busy an event loop is.", "loop")

	files           = desc("files_in_memory", "Files that the store has in memory, or open.")
	filesBytes      = desc("files_memory_bytes", "Memory that those files take.")
	filesLimit      = desc("files_memory_limit_bytes", "How much it may be.")
	filesOpen       = desc("files_open_descriptors", "Descriptors that the store holds open.")
	filesHits       = desc("files_hits_total", "Looks for a file that found it in memory.")
	filesMisses     = desc("files_misses_total", "Looks for a file that went to the disk.")
	scripts         = desc("scripts", "Scripts that run now.")
	scriptsWaiting  = desc("scripts_waiting", "Requests that wait until a script may be run.")
	applications    = desc("applications_asked", "Requests that applications are being asked now.")
	appsWaiting     = desc("applications_waiting", "Requests that wait until an application may be asked.")
	links           = desc("links", "Connections to other programs that are open now.")
	linksIdle       = desc("links_idle", "Those of them that wait for the next request.")
	encoders        = desc("encoders_busy", "Responses that are being encoded now.")
	suspended       = desc("requests_suspended", "Requests that wait for an answer from elsewhere now, and hold no goroutine.")
	lookups         = desc("lookups", "Questions for clients' names and users that are being asked now.")
	lookupsWaiting  = desc("lookups_waiting", "Questions for clients' names and users that wait until one may be asked.")
	lookupsKnown    = desc("lookups_known", "Answers to such questions that are kept.")
	rateKeys        = desc("rate_keys", "Clients, users and other keys whose requests are counted by rates now.")
	journeys        = desc("journeys", "Journeys that can be looked at now.")
	journeysBytes   = desc("journeys_memory_bytes", "Memory that they take.")
	journeysKept    = desc("journeys_recorded_total", "Requests whose journeys were recorded.")
	journeysLeftOut = desc("journeys_left_out_total", "Requests whose journeys were not recorded: sampling, conditions, the bound a second.")
	frames          = desc("frames", "Frames of the own stack's adapter that can be looked at now.")
	framesBytes     = desc("frames_memory_bytes", "Memory that they take.")
	framesLeftOut   = desc("frames_left_out_total", "Frames that were not recorded.")
	spansWaiting    = desc("spans_requests_waiting", "Requests whose spans wait to be sent to the collector.")
	spansSent       = desc("spans_requests_sent_total", "Requests whose spans the collector has taken.")
	spansLost       = desc("spans_requests_lost_total", "Requests whose spans the collector did not get.")
)

// server tells what the process has, but for the requests and the own stack's layers.
type server struct{ Sources }

func (s *server) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{buildInfo, started, connections, accepted, reasons, loopConnections, loopTurns, loopWakes, loopBusy,
		loopMeasured, files, filesBytes, filesLimit, filesOpen, filesHits, filesMisses, journeys, journeysBytes, journeysKept,
		journeysLeftOut, frames, framesBytes, framesLeftOut, spansWaiting, spansSent, spansLost,
		scripts, scriptsWaiting, applications, appsWaiting, links, linksIdle, encoders,
		suspended, lookups, lookupsWaiting, lookupsKnown, rateKeys} {
		to <- d
	}
}

func (s *server) Collect(to chan<- prometheus.Metric) {
	b := &s.Build
	to <- gauge(buildInfo, 1, text(b.Version), text(b.Revision), runtime.Version(), text(b.IO), text(b.Network))
	if !s.Started.IsZero() {
		to <- gauge(started, float64(s.Started.UnixMilli())/1e3)
	}
	if s.Connections != nil {
		to <- gauge(connections, float64(s.Connections()))
	}
	if s.Accepted != nil {
		to <- counter(accepted, s.Accepted())
	}
	for _, r := range trace.Reasons() { // as many as the program declares
		if n := r.Reached(); n > 0 {
			to <- counter(reasons, n, r.ID, r.Kind.String())
		}
	}
	if s.Loops != nil {
		s.loops(to)
	}
	if s.Files != nil {
		f := s.Files()
		to <- gauge(files, float64(f.Count))
		to <- gauge(filesBytes, float64(f.Bytes))
		to <- gauge(filesLimit, float64(f.Limit))
		to <- gauge(filesOpen, float64(f.Descriptors))
		to <- counter(filesHits, f.Hits)
		to <- counter(filesMisses, f.Misses)
	}
	if s.Work != nil {
		w := s.Work()
		to <- gauge(scripts, float64(w.Scripts))
		to <- gauge(scriptsWaiting, float64(w.ScriptsWaiting))
		to <- gauge(applications, float64(w.Applications))
		to <- gauge(appsWaiting, float64(w.ApplicationsWaiting))
		to <- gauge(links, float64(w.Links))
		to <- gauge(linksIdle, float64(w.LinksIdle))
		to <- gauge(encoders, float64(w.Encoders))
		to <- gauge(suspended, float64(w.Suspended))
		to <- gauge(lookups, float64(w.Lookups))
		to <- gauge(lookupsWaiting, float64(w.LookupsWaiting))
		to <- gauge(lookupsKnown, float64(w.LookupsKnown))
		to <- gauge(rateKeys, float64(w.RateKeys))
	}
	s.recorded(to)
}

// loops tells of the event loops. One that is told twice is told once.
func (s *server) loops(to chan<- prometheus.Metric) {
	seen := make(map[int]bool)
	for _, l := range s.Loops() {
		if seen[l.Index] {
			continue
		}
		seen[l.Index] = true
		index := strconv.Itoa(l.Index)
		to <- gauge(loopConnections, float64(l.Connections), index)
		to <- counter(loopTurns, l.Turns, index)
		to <- counter(loopWakes, l.Wakes, index)
		to <- prometheus.MustNewConstMetric(loopBusy, prometheus.CounterValue, l.Busy.Seconds(), index)
		to <- prometheus.MustNewConstMetric(loopMeasured, prometheus.CounterValue, l.Measured.Seconds(), index)
	}
}

// recorded tells of journeys, frames and spans.
func (s *server) recorded(to chan<- prometheus.Metric) {
	if s.Journeys != nil {
		j := s.Journeys()
		to <- gauge(journeys, float64(j.Count))
		to <- gauge(journeysBytes, float64(j.Bytes))
		to <- counter(journeysKept, j.Recorded)
		to <- counter(journeysLeftOut, j.LeftOut)
	}
	if s.Frames != nil {
		f := s.Frames()
		to <- gauge(frames, float64(f.Count))
		to <- gauge(framesBytes, float64(f.Bytes))
		to <- counter(framesLeftOut, f.LeftOut)
	}
	if s.Spans != nil {
		p := s.Spans()
		to <- gauge(spansWaiting, float64(p.Waiting))
		to <- counter(spansSent, p.Sent)
		to <- counter(spansLost, p.Lost)
	}
}

// text is fit for a label: UTF-8.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
