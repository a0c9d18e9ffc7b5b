package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/terminal"
	"vitrine/socket"
	"vitrine/trace"
)

// Recorded is what a Story has more when its request really happened: what no dry run can know. What is not known is zero.
type Recorded struct {
	Start    time.Time     // its head was complete; all spans are relative to it
	Took     time.Duration // until the last byte of the response was handed to the transport
	Slow     bool          // longer than the configuration calls slow
	Failure  *trace.Reason // nil: the response was sent whole
	Parts    []Part        // of the time, in order
	Received int64         // bytes of the request, with its head
	Sent     int64         // bytes of the response, with its head

	Shared   trace.ID // the decisions are those of this journey, whose answer was remembered; 0: they are its own
	NoEvents string   // why there are no decisions, in a sentence

	Connection Connection
	Frames     Frames
}

// Part is a span of the time, such as the one in which the answer was decided. It may begin before Start.
type Part struct {
	Title    string // for people
	Note     string // on what most of it went; "": nothing took most of it
	From, To time.Duration
}

// Connection is the connection that the request came on.
type Connection struct {
	ID            uint64
	Serial        uint32 // which of its requests this is, from 1
	Loop          int
	Network       string // the own stack's adapter; "": the kernel's sockets
	Opened, Ended time.Time
	Why           *trace.Reason // its end
	Snapshots     []Snapshot    // in the order of time
}

// Snapshot is what the transport knew of the connection at a moment.
type Snapshot struct {
	At   time.Duration
	Info socket.Info
}

// Frames is how many frames of the connection were recorded, on the own stack.
type Frames struct {
	Count   int
	More    int    // beyond the bound of what is shown
	LeftOut uint64 // frames of the server that were not recorded meanwhile
	None    string // why there are none, in a sentence
}

// moment is how times of day are written: with microseconds, and the offset to UTC.
const moment = "2006-01-02 15:04:05.000000 -07:00"

// happened is the summary's last line: when, how long, how much.
func (p *printer) happened(s *Story) {
	r := s.Recorded
	dot := p.Glyph(terminal.Dot)
	pieces := []piece{{r.Start.Format(moment), terminal.Plain}, {dot + " took " + span(r.Took), terminal.Plain}}
	if r.Slow {
		pieces = append(pieces, piece{"(slow)", terminal.Refused})
	}
	p.paragraph(pieces, 0)
	if r.Failure != nil {
		p.paragraph([]piece{{"The response did not reach the client whole:", terminal.Failed}, {sentence(r.Failure), terminal.Plain},
			{"(" + r.Failure.ID + ")", terminal.Quiet}}, 0)
	}
}

// remembered says whose decisions follow, when they are not the request's own, or why there are none.
func (p *printer) remembered(r *Recorded) {
	text := ""
	switch {
	case r.Shared != 0:
		text = "The answer was in memory, so nothing was decided anew: these are the decisions of journey " + r.Shared.String() +
			", whose answer was remembered"
	case r.NoEvents != "":
		text = terminal.Printable(string(terminal.AppendSentence(nil, r.NoEvents)))
	default:
		return
	}
	p.row(row{step: "decisions", text: []piece{{text, terminal.Plain}}})
}

// times writes the parts of the time below each other, with their place in the whole.
func (p *printer) times(r *Recorded) {
	if len(r.Parts) == 0 {
		return
	}
	titles, spans := 0, 0
	for _, part := range r.Parts {
		titles = max(titles, terminal.Cells(terminal.Printable(part.Title)))
		spans = max(spans, len(span(part.To-part.From)))
	}
	for i, part := range r.Parts {
		one := row{subject: terminal.Printable(part.Title), column: titles, quiet: true}
		if i == 0 {
			one.step = "time"
		}
		took := span(part.To - part.From)
		took = strings.Repeat(" ", spans-len(took)) + took
		p.rowOf(one, []piece{{took, terminal.Plain}, {"  from " + signed(part.From) + " to " + signed(part.To), terminal.Quiet}})
		if part.Note != "" {
			p.paragraph([]piece{{terminal.Printable(part.Note), terminal.Plain}}, p.gutter+2)
		}
	}
}

// rowOf is a row whose text keeps its spaces, where it fits on one line beside its subject.
func (p *printer) rowOf(r row, text []piece) {
	if p.gutter+r.column+2+cellsOf(text) > p.width {
		r.text = text
		p.row(r)
		return
	}
	if r.step != "" {
		p.heading = r.step
	}
	p.out = p.Paint(p.out, terminal.Bold, r.step)
	p.space(p.gutter - terminal.Cells(r.step))
	p.out = append(p.out, terminal.Pad(r.subject, r.column+2)...)
	p.line(text)
	p.newline()
}

// carried writes what is known of the connection: which it was, how its transport saw the path, what was recorded of its
// frames, and how it ended.
func (p *printer) carried(s *Story) {
	r := s.Recorded
	c := &r.Connection
	var pairs []trace.Detail
	if c.ID != 0 {
		pairs = append(pairs, trace.D("number", strconv.FormatUint(c.ID, 10)))
	}
	if c.Serial != 0 {
		pairs = append(pairs, trace.D("request", strconv.FormatUint(uint64(c.Serial), 10)+" on it"))
	}
	if r.Received > 0 {
		pairs = append(pairs, trace.D("received", strconv.FormatInt(r.Received, 10)+" bytes"))
	}
	if r.Sent > 0 {
		pairs = append(pairs, trace.D("sent", strconv.FormatInt(r.Sent, 10)+" bytes"))
	}
	if len(pairs) > 0 || !c.Opened.IsZero() {
		pairs = append(pairs, trace.D("loop", strconv.Itoa(c.Loop)))
		network := c.Network
		if network == "" {
			network = "the kernel's sockets"
		}
		pairs = append(pairs, trace.D("on", network))
	}
	if !c.Opened.IsZero() {
		pairs = append(pairs, trace.D("opened", span(r.Start.Sub(c.Opened))+" before"))
	}
	if s.KeepReason == nil && len(pairs) > 0 {
		p.row(row{step: "connection", text: []piece{{"From " + address(s.Peer.From) + " to " + address(s.Peer.To), terminal.Plain}}})
	}
	p.pairs(pairs, p.gutter)
	if !c.Ended.IsZero() {
		text := []piece{{"Ended " + span(c.Ended.Sub(r.Start)) + " after the request's head", terminal.Plain}}
		if c.Why != nil {
			text[0].text += ":"
			text = append(text, p.told(c.Why, "", 0)...)
		}
		p.paragraph(text, p.gutter)
	}
	p.snapshots(c.Snapshots)
	p.frames(&r.Frames)
}

// snapshots writes what the transport knew, in ss's words where it has one.
func (p *printer) snapshots(all []Snapshot) {
	column := 0
	for _, shot := range all {
		column = max(column, len(signed(shot.At)))
	}
	for i := range all {
		r := row{subject: signed(all[i].At), column: column, quiet: true, text: []piece{{words(&all[i].Info), terminal.Quiet}}}
		if i == 0 {
			r.step = "tcp"
		}
		p.row(r)
	}
}

// words is what matters of an Info, as ss names it.
func words(i *socket.Info) string {
	all := []string{terminal.Printable(i.State)}
	word := func(name string, n uint64, always bool) {
		if n > 0 || always {
			all = append(all, name+":"+strconv.FormatUint(n, 10))
		}
	}
	size := func(name string, n int, always bool) { word(name, uint64(max(n, 0)), always) }
	if i.Congestion != "" {
		all = append(all, terminal.Printable(i.Congestion))
	}
	if i.Phase != "" && i.Phase != "open" {
		all = append(all, "phase:"+terminal.Printable(i.Phase))
	}
	if i.RTT > 0 {
		all = append(all, "rtt:"+milliseconds(i.RTT)+"/"+milliseconds(i.RTTVar)+"ms")
	}
	if i.MinRTT > 0 {
		all = append(all, "minrtt:"+milliseconds(i.MinRTT)+"ms")
	}
	if i.RTO > 0 {
		all = append(all, "rto:"+milliseconds(i.RTO)+"ms")
	}
	size("mss", i.MSS, false)
	if i.Window > 0 && i.MSS > 0 {
		size("cwnd", (i.Window+i.MSS-1)/i.MSS, true)
	}
	if i.Threshold > 0 && i.MSS > 0 {
		size("ssthresh", (i.Threshold+i.MSS-1)/i.MSS, true)
	}
	size("snd_wnd", i.SendWindow, false)
	size("unacked", i.InFlight, false)
	size("notsent", i.NotSent, false)
	size("lost", i.Lost, false)
	word("retrans", i.Retransmits, true)
	word("bytes_retrans", i.Retransmitted, false)
	word("segs_out", i.SegmentsOut, false)
	word("segs_in", i.SegmentsIn, false)
	word("bytes_acked", i.Acked, false)
	word("bytes_received", i.Received, false)
	return strings.TrimSpace(strings.Join(all, " "))
}

func (p *printer) frames(f *Frames) {
	text := ""
	switch {
	case f.Count > 0:
		text = strconv.Itoa(f.Count) + " recorded"
		if f.More > 0 {
			text += fmt.Sprintf(", and %d more", f.More)
		}
		if f.LeftOut > 0 {
			text += fmt.Sprintf("; %d of the server's frames in this time were not, since there were too many", f.LeftOut)
		}
	case f.None != "":
		text = terminal.Printable(string(terminal.AppendSentence(nil, f.None)))
	default:
		return
	}
	p.row(row{step: "frames", text: []piece{{text, terminal.Plain}}})
}

// span is a time in the unit that suits it.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(d.Seconds()*1e3, 'f', 3, 64) + " ms"
	case d < time.Second:
		return strconv.FormatFloat(d.Seconds()*1e3, 'f', 1, 64) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// signed is a moment relative to the request's head.
func signed(d time.Duration) string {
	if d < 0 {
		return span(d)
	}
	return "+" + span(d)
}

// milliseconds is a time as ss writes it.
func milliseconds(d time.Duration) string {
	digits := 3
	if d >= 100*time.Millisecond {
		digits = 0
	}
	return strconv.FormatFloat(d.Seconds()*1e3, 'f', digits, 64)
}
