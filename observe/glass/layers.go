package glass

import (
	"fmt"
	"strings"
	"time"

	"vitrine/observe/frames"
	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// layersOf are the stations of a request's way. Those that it did not pass say why.
func layersOf(j *journey.Journey, s *frames.Sequence, none string, own bool) []api.Layer {
	l := layers{j: j, first: j.Answered(), began: min(j.Began.Sub(j.Start), 0)}
	l.wire(s, none, own)
	l.transport(own)
	l.exchange()
	l.end()
	return l.all
}

type layers struct {
	j            *journey.Journey
	began, first time.Duration
	all          []api.Layer
}

func (l *layers) add(name, title, text string, from, to time.Duration) *api.Layer {
	l.all = append(l.all, api.Layer{Name: name, Title: title, Used: true, Text: text, AtUS: micro(from), ToUS: micro(max(from, to))})
	return &l.all[len(l.all)-1]
}

func (l *layers) not(name, title, why string) {
	l.all = append(l.all, api.Layer{Name: name, Title: title, Text: why})
}

// wire is what the adapter and IP saw.
func (l *layers) wire(s *frames.Sequence, none string, own bool) {
	j := l.j
	switch {
	case !own:
		l.not("adapter", "Adapter", "the kernel's: it gives bytes, and shows no frames")
		l.not("ip", "IP", "the kernel's")
		return
	case s == nil || len(s.Frames) == 0:
		if none == "" {
			none = "no frame of this request was recorded"
		}
		l.not("adapter", "Adapter", none)
	default:
		in, out, size := 0, 0, 0
		var first, last time.Time
		for i := range s.Frames {
			f := &s.Frames[i]
			if f.Kind == "state" || !f.Own {
				continue
			}
			if first.IsZero() {
				first = f.At
			}
			last = f.At
			if size += f.Bytes; f.Out {
				out++
			} else {
				in++
			}
		}
		l.add("adapter", "Adapter", fmt.Sprintf("%s in, %s out, %d bytes", count(in, "frame"), count(out, "frame"), size), first.Sub(j.Start), last.Sub(j.Start))
	}
	l.add("ip", "IP", family(j)+" "+j.Connection.Remote.Addr().Unmap().String()+" → "+j.Connection.Local.Addr().Unmap().String(), l.began, l.began)
}

func family(j *journey.Journey) string {
	if j.Connection.Remote.Addr().Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// transport is TCP and the socket above it.
func (l *layers) transport(own bool) {
	j, c := l.j, &l.j.Connection
	text := "the own stack's"
	if !own {
		text = "the kernel's"
	}
	if n := len(c.Snapshots); n > 0 {
		i := &c.Snapshots[n-1].Info
		text += fmt.Sprintf(": %s, round trip %s, window %d bytes", i.State, short(i.RTT), i.Window)
		if i.Retransmits > 0 {
			text += fmt.Sprintf(", %s sent again", count(int(i.Retransmits), "segment"))
		}
	} else {
		text += ": nothing was asked of it in this moment"
	}
	end := j.Took
	if !c.Ended.IsZero() {
		end = c.Ended.Sub(j.Start)
	}
	l.add("tcp", "TCP", text, c.Opened.Sub(j.Start), end)
	l.add("socket", "Socket", fmt.Sprintf("connection %d, accepted on %s, its request number %d", c.ID, c.Local, j.Serial), c.Opened.Sub(j.Start), c.Opened.Sub(j.Start))
}

// exchange is what HTTP and the site made of it.
func (l *layers) exchange() {
	j := l.j
	l.add("http", "HTTP", strings.TrimSpace(fmt.Sprintf("%s %s %s, %d bytes", j.Method, clip(j.Target, 60), j.Protocol, j.Received)), l.began, 0)
	why, _ := j.Decision()
	text := "no site was chosen"
	if j.Site != "" {
		text = "site " + j.Site
		if j.Route != "" {
			text += ", route " + j.Route
		}
	}
	if j.Forwarded() {
		text += ", client " + clientOf(j) + " through a trusted proxy"
	}
	if j.User != "" {
		text += ", user " + clip(j.User, 60)
	}
	if n, bad := l.parts(); n > 0 {
		if text += ", " + count(n, "part") + " of the page asked for within"; bad > 0 {
			text += ", " + count(bad, "directive") + " failed"
		}
	}
	site := l.add("site", "Site", text, 0, l.first)
	site.Reason = ReasonOf(why)
	l.cache()
	l.upstream()
	if up := &l.all[len(l.all)-1]; up.Used && l.decidedBy(why) == "upstream" {
		site.Reason, up.Reason = nil, ReasonOf(why)
	}
}

// decidedBy is the layer of the decision that gave the answer.
func (l *layers) decidedBy(why *trace.Reason) string {
	events := decided(l.j)
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i]; e.Reason == why && e.Depth == 0 && e.Step != "refuse" {
			return stationOf(e)
		}
	}
	return "site"
}

// parts is how many requests were answered within this one, and how many directives failed.
func (l *layers) parts() (n, bad int) {
	events := decided(l.j)
	for i := range events {
		switch e := &events[i]; {
		case e.Step != "include":
		case e.Reason.ID == "site.included":
			n++
		case detailOf(e, "directive") != "":
			bad++
		}
	}
	return n, bad
}

// cache is what was there from before: the whole answer, the file, or the file in its content coding.
func (l *layers) cache() {
	if l.j.Shared {
		l.add("cache", "Cache", "the answer was remembered from journey "+l.j.Decisions.Of.String(), 0, 0)
		return
	}
	var text []string
	var at time.Duration
	files := 0
	events := decided(l.j)
	for i := range events {
		switch e := &events[i]; {
		case stationOf(e) == "cache":
			files++
			at = e.At
		case e.Step == "encode" && detailOf(e, "from") != "":
			text = append(text, "encoded as "+detailOf(e, "coding")+" before")
			at = e.At
		}
	}
	if files > 0 {
		text = append([]string{count(files, "file") + " from memory"}, text...)
	}
	if len(text) == 0 {
		l.not("cache", "Cache", "nothing was remembered for this request")
		return
	}
	l.add("cache", "Cache", strings.Join(text, ", "), at, at)
}

// end is the response and what followed it.
func (l *layers) end() {
	j := l.j
	switch {
	case j.Status == 0:
		l.not("response", "Response", "none was sent")
	default:
		text := fmt.Sprintf("%d, %d bytes", j.Status, j.Sent)
		if j.File != "" && j.Status < 400 {
			text += " of " + j.File
		}
		text += l.representation()
		if rate := bandwidth(j); rate > 0 {
			text += ", no faster than " + size(rate) + " a second"
		}
		l.add("response", "Response", text, l.first, j.Took).Reason = ReasonOf(j.Failure)
	}
	text := "the connection stayed open"
	if !j.Keep {
		text = "the connection ended"
	}
	ending := l.add("close", "Close", text, j.Took, j.Took)
	ending.Reason = ReasonOf(j.Ending)
	if e := j.Connection.Ended; !e.IsZero() && !j.Keep {
		ending.ToUS = micro(e.Sub(j.Start))
	}
	switch j.Log {
	case "":
		l.not("log", "Log", "no access log is written here")
	case "stdout", "stderr":
		l.add("log", "Log", "one line with this journey's id, on standard "+map[string]string{"stdout": "output", "stderr": "error"}[j.Log], j.Took, j.Took)
	default:
		l.add("log", "Log", "one line with this journey's id, in "+j.Log, j.Took, j.Took)
	}
}

// representation is how the response was chosen and made: its content coding, its language, its parts.
func (l *layers) representation() (text string) {
	if j := l.j; j.Decisions != nil {
		for i := range j.Decisions.Events {
			e := &j.Decisions.Events[i]
			switch {
			case e.Depth > 0:
			case e.Step == "negotiate" && e.Taken:
				text += ", chosen by what the client accepts"
			case e.Step == "encode" && e.Taken:
				text += ", encoded as " + detailOf(e, "coding")
			case e.Step == "include" && (e.Reason.ID == "site.include-whole" || e.Reason.ID == "site.include-streamed"):
				text += ", a page with its directives filled in"
			}
		}
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// sequenceOf is a connection's frames, with times relative to the journey.
func sequenceOf(j *journey.Journey, s *frames.Sequence) *api.Sequence {
	if s == nil {
		return nil
	}
	out := &api.Sequence{LeftOut: s.LeftOut, More: s.More, Frames: make([]api.Frame, len(s.Frames))}
	for i := range s.Frames {
		f := &s.Frames[i]
		out.Frames[i] = api.Frame{AtUS: micro(f.At.Sub(j.Start)), Out: f.Out, Kind: f.Kind, Own: f.Own, Text: f.Text, Flags: f.Flags, Seq: f.Seq, Ack: f.Ack,
			Len: f.Len, Window: f.Window, Options: f.Options, Bytes: f.Bytes, Pieces: f.Pieces, Again: f.Again, Reason: ReasonOf(f.Why)}
	}
	return out
}
