package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// Widths of the table where the output does not say its own.
const (
	tableWidth  = 100
	tableIndent = 8
)

// appendSockets writes the socket table as people read it.
func appendSockets(b []byte, all []control.Socket, hidden hiddenSockets, s terminal.Style) []byte {
	heads := []string{"State", "Recv-Q", "Send-Q", "Local", "Peer", "Timer"}
	rows := make([][]string, len(all))
	widths := make([]int, len(heads))
	for i, h := range heads {
		widths[i] = terminal.Cells(h)
	}
	for i := range all {
		x := &all[i]
		remote := x.Remote
		if remote == "" {
			remote = "*"
		}
		rows[i] = []string{x.State, strconv.Itoa(x.RecvQueue), strconv.Itoa(x.SendQueue), x.Local, remote, timer(x)}
		for j, cell := range rows[i] {
			widths[j] = max(widths[j], terminal.Cells(cell))
		}
	}
	if len(all) > 0 {
		b = appendRow(b, heads, widths, s, terminal.Bold, terminal.Bold)
	}
	for i := range all {
		b = appendRow(b, rows[i], widths, s, stateColour(all[i].State), terminal.Plain)
		b = appendDetails(b, &all[i], s)
	}
	return appendHidden(b, len(all), hidden, s)
}

// appendRow writes one line of the table; the queues stand at the right of their columns, as numbers do.
func appendRow(b []byte, row []string, widths []int, s terminal.Style, first, rest terminal.Colour) []byte {
	line := len(b)
	for i, cell := range row {
		if i > 0 {
			b = append(b, "  "...)
		}
		colour := rest
		if i == 0 {
			colour = first
		}
		space := strings.Repeat(" ", max(widths[i]-terminal.Cells(cell), 0))
		if i == 1 || i == 2 {
			b = append(b, space...)
			b = s.Paint(b, colour, cell)
			continue
		}
		b = s.Paint(b, colour, cell)
		if i < len(row)-1 {
			b = append(b, space...)
		}
	}
	for len(b) > line && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return append(b, '\n')
}

func stateColour(state string) terminal.Colour {
	switch state {
	case "ESTABLISHED":
		return terminal.Good
	case "LISTEN", "UNCONNECTED":
		return terminal.Bold
	}
	return terminal.Moved
}

func timer(x *control.Socket) string {
	if x.Timer == "" {
		return ""
	}
	if x.Kernel && x.TimerIn == 0 {
		return terminal.Printable(x.Timer)
	}
	return x.Timer + " " + span(x.TimerIn)
}

// appendDetails writes what stands below a socket's line.
func appendDetails(b []byte, x *control.Socket, s terminal.Style) []byte {
	width := s.Width
	if width == 0 {
		width = tableWidth
	}
	columns := max(width-tableIndent, 30)
	paragraph := func(label, text string, colour terminal.Colour) {
		indent := strings.Repeat(" ", tableIndent)
		for i, line := range terminal.Wrap(label+text, columns) {
			b = append(b, indent...)
			if rest, ok := strings.CutPrefix(line, label); i == 0 && ok && label != "" {
				b = s.Paint(b, terminal.Quiet, label)
				line = rest
			}
			b = append(s.Paint(b, colour, line), '\n')
		}
	}
	if x.TCP != nil {
		paragraphOf(s, paragraph, "waits: ", x.TCP.Waits)
	}
	paragraphOf(s, paragraph, "last: ", x.Reason)
	if x.TCP != nil {
		paragraphOf(s, paragraph, "network: ", x.TCP.Network)
	}
	if words := details(x); words != "" {
		paragraph("", words, terminal.Quiet)
	}
	return b
}

func paragraphOf(s terminal.Style, write func(label, text string, colour terminal.Colour), label string, r *control.Reason) {
	if r == nil {
		return
	}
	text := string(terminal.AppendSentence(nil, r.Sentence)) + " (" + r.ID
	if r.Standard != "" {
		text += ", " + standard(s, r.Standard)
	}
	write(label, text+")", terminal.Plain)
}

// standard is a section of a standard as an output can show it.
func standard(s terminal.Style, text string) string {
	if s.Unicode {
		return text
	}
	return strings.ReplaceAll(text, "§", "section ")
}

// details is everything about a socket in ss's words, most important first.
func details(x *control.Socket) string {
	var w ssWords
	if x.Doing != "" {
		w.say(terminal.Printable(x.Doing) + ";")
	}
	if x.TCP != nil {
		w.tcp(x.TCP, x.Kernel)
	}
	w.count("files", uint64(x.Files))
	w.count("half_open", uint64(x.HalfOpen))
	if x.Age > 0 {
		w.word("age", span(x.Age))
	}
	if x.Orphan {
		w.say("orphan")
	}
	if x.Stalled {
		w.say("reading-file")
	}
	if x.NextHop != "" {
		via := x.NextHop
		if x.NextHopMAC != "" {
			via += "," + x.NextHopMAC
		}
		w.word("via", via)
	}
	w.count("connection", x.Connection)
	w.count("requests", uint64(x.Requests))
	switch {
	case x.Shard < 0: // all of them
	case x.Kernel:
		w.word("loop", x.Shard)
	default:
		w.word("shard", x.Shard)
	}
	if x.Journey != "" {
		w.word("journey", x.Journey)
	}
	return strings.Join(w, " ")
}

// ssWords are what ss says of a socket.
type ssWords []string

func (w *ssWords) say(word string) { *w = append(*w, word) }

func (w *ssWords) word(name string, value any) { w.say(fmt.Sprintf("%s:%v", name, value)) }

// count is word for a number that is not worth one when it is 0.
func (w *ssWords) count(name string, n uint64) {
	if n > 0 {
		w.word(name, n)
	}
}

// tcp is what its end knows of a connection.
func (w *ssWords) tcp(t *control.TCP, kernel bool) {
	if t.Congestion != "" {
		w.say(t.Congestion)
	}
	if t.Phase != "" && t.Phase != "open" {
		w.word("phase", t.Phase)
	}
	if t.RTT > 0 {
		w.word("rtt", strings.TrimSuffix(milliseconds(t.RTT), "ms")+"/"+milliseconds(t.RTTVar))
	}
	if t.MinRTT > 0 {
		w.word("minrtt", milliseconds(t.MinRTT))
	}
	if t.RTO > 0 {
		w.word("rto", span(t.RTO))
	}
	w.count("backoff", uint64(t.Backoff))
	w.word("mss", t.MSS)
	if t.PathMSS > 0 && t.PathMSS < t.PeerMSS {
		w.word("pathmss", t.PathMSS)
	} else if t.PeerMSS > 0 && t.PeerMSS < t.PathMSS {
		w.word("peermss", t.PeerMSS)
	}
	w.word("cwnd", segments(t.Window, t.MSS))
	if t.Threshold > 0 {
		w.word("ssthresh", segments(t.Threshold, t.MSS))
	}
	if t.SendWindow > 0 || !kernel {
		w.word("snd_wnd", t.SendWindow)
	}
	if t.RecvWindow > 0 || !kernel {
		w.word("rcv_wnd", t.RecvWindow)
	}
	if t.SendScale >= 0 {
		w.word("wscale", fmt.Sprintf("%d,%d", t.SendScale, t.RecvScale))
	}
	w.count("unacked", uint64(t.InFlight))
	w.count("notsent", uint64(t.NotSent))
	w.count("lost", uint64(t.Lost))
	w.count("retrans", t.Retransmits)
	w.count("bytes_retrans", t.Retransmitted)
	w.count("timeouts", t.Timeouts)
	w.count("undone", t.Undone)
	if t.Reordering {
		w.say("reordering")
	}
	w.count("ooo", uint64(t.OutOfOrder))
	w.word("segs_out", t.SegmentsOut)
	w.word("segs_in", t.SegmentsIn)
	w.count("pure_acks", t.PureACKs)
	if !kernel { // which does not tell the server
		w.word("bytes_sent", t.Sent)
	}
	w.count("bytes_acked", t.Acked)
	w.word("bytes_received", t.Received)
	if !kernel {
		w.word("lastsnd", span(t.LastSend))
		w.word("lastrcv", span(t.LastReceive))
	}
	w.count("probes", uint64(t.Probes))
	for _, o := range t.Options {
		if o != "wscale" { // said with its numbers
			w.say(strings.Replace(o, "timestamps", "ts", 1))
		}
	}
	if t.Active {
		w.say("active")
	}
}

// segments is bytes in full segments, rounded up.
func segments(bytes, mss int) int {
	if mss <= 0 {
		return 0
	}
	return (bytes + mss - 1) / mss
}

// milliseconds is a time as ss writes it: 0.312ms.
func milliseconds(seconds float64) string {
	digits := 3
	if seconds >= 0.1 {
		digits = 1
	}
	return strconv.FormatFloat(seconds*1e3, 'f', digits, 64) + "ms"
}

// span is a time in the unit that suits it, with as much of it as matters.
func span(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 0:
		return "now"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// appendHidden says what is not shown.
func appendHidden(b []byte, shown int, h hiddenSockets, s terminal.Style) []byte {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{h.connections, "connection"}, {h.listening, "listening socket"}} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.noun))
		}
	}
	if h.timeWait > 0 {
		parts = append(parts, fmt.Sprintf("%d in TIME-WAIT", h.timeWait))
	}
	text := ""
	switch {
	case shown == 0 && len(parts) == 0:
		text = "no socket fits"
	case len(parts) > 0:
		text = "not shown: " + strings.Join(parts, ", ") + " (--all shows everything)"
		if shown == 0 {
			text = "no connection now; " + text
		}
	}
	if text == "" {
		return b
	}
	return append(s.Paint(b, terminal.Quiet, text), '\n')
}
