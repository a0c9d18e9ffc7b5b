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
	var words []string
	word := func(name string, value any) { words = append(words, fmt.Sprintf("%s:%v", name, value)) }
	count := func(name string, n uint64) {
		if n > 0 {
			word(name, n)
		}
	}
	if x.Doing != "" {
		words = append(words, terminal.Printable(x.Doing)+";")
	}
	t := x.TCP
	if t != nil {
		if t.Congestion != "" {
			words = append(words, t.Congestion)
		}
		if t.Phase != "" && t.Phase != "open" {
			word("phase", t.Phase)
		}
		if t.RTT > 0 {
			word("rtt", strings.TrimSuffix(milliseconds(t.RTT), "ms")+"/"+milliseconds(t.RTTVar))
		}
		if t.MinRTT > 0 {
			word("minrtt", milliseconds(t.MinRTT))
		}
		if t.RTO > 0 {
			word("rto", span(t.RTO))
		}
		count("backoff", uint64(t.Backoff))
		word("mss", t.MSS)
		if t.PathMSS > 0 && t.PathMSS < t.PeerMSS {
			word("pathmss", t.PathMSS)
		} else if t.PeerMSS > 0 && t.PeerMSS < t.PathMSS {
			word("peermss", t.PeerMSS)
		}
		word("cwnd", segments(t.Window, t.MSS))
		if t.Threshold > 0 {
			word("ssthresh", segments(t.Threshold, t.MSS))
		}
		if t.SendWindow > 0 || !x.Kernel {
			word("snd_wnd", t.SendWindow)
		}
		if t.RecvWindow > 0 || !x.Kernel {
			word("rcv_wnd", t.RecvWindow)
		}
		if t.SendScale >= 0 {
			word("wscale", fmt.Sprintf("%d,%d", t.SendScale, t.RecvScale))
		}
		count("unacked", uint64(t.InFlight))
		count("notsent", uint64(t.NotSent))
		count("lost", uint64(t.Lost))
		count("retrans", t.Retransmits)
		count("bytes_retrans", t.Retransmitted)
		count("timeouts", t.Timeouts)
		count("undone", t.Undone)
		if t.Reordering {
			words = append(words, "reordering")
		}
		count("ooo", uint64(t.OutOfOrder))
		word("segs_out", t.SegmentsOut)
		word("segs_in", t.SegmentsIn)
		count("pure_acks", t.PureACKs)
		if !x.Kernel { // which does not tell the server
			word("bytes_sent", t.Sent)
		}
		count("bytes_acked", t.Acked)
		word("bytes_received", t.Received)
		if !x.Kernel {
			word("lastsnd", span(t.LastSend))
			word("lastrcv", span(t.LastReceive))
		}
		count("probes", uint64(t.Probes))
		for _, o := range t.Options {
			if o != "wscale" { // said with its numbers
				words = append(words, strings.Replace(o, "timestamps", "ts", 1))
			}
		}
		if t.Active {
			words = append(words, "active")
		}
	}
	count("files", uint64(x.Files))
	count("half_open", uint64(x.HalfOpen))
	if x.Age > 0 {
		word("age", span(x.Age))
	}
	if x.Orphan {
		words = append(words, "orphan")
	}
	if x.Stalled {
		words = append(words, "reading-file")
	}
	if x.NextHop != "" {
		via := x.NextHop
		if x.NextHopMAC != "" {
			via += "," + x.NextHopMAC
		}
		word("via", via)
	}
	count("connection", x.Connection)
	count("requests", uint64(x.Requests))
	switch {
	case x.Shard < 0: // all of them
	case x.Kernel:
		word("loop", x.Shard)
	default:
		word("shard", x.Shard)
	}
	if x.Journey != "" {
		word("journey", x.Journey)
	}
	return strings.Join(words, " ")
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
