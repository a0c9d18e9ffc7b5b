package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/trace"
)

// Widths of a journey's line. The figures come first, since their width is known.
const (
	statusColumn   = 3
	durationColumn = 8
	sizeColumn     = 8
	idColumn       = 16
	leastRequest   = 16
	goodRequest    = 24 // in less, the client is left out
	usualRequest   = 40 // where the output does not say its width
	usualClient    = 15 // an IPv4 address
	longestClient  = 25
)

// journeyTable writes journeys below each other, two lines each.
type journeyTable struct {
	terminal.Style
	now     time.Time
	day     string // a time of day alone is one of this day
	when    int    // columns of the time
	client  int    // of the client; 0: it is left out
	sizes   bool   // there is room for them
	request int    // of method, host and target
	reasons map[string]string
}

// newJourneyTable measures the journeys that it is to show.
func newJourneyTable(s terminal.Style, now time.Time, all []api.Summary) *journeyTable {
	t := &journeyTable{Style: s, now: now, day: now.Format("2006-01-02"), reasons: make(map[string]string)}
	for _, r := range trace.Reasons() {
		t.reasons[r.ID] = r.Sentence
	}
	t.when, t.client = len("15:04:05"), len("127.0.0.1")
	requests := leastRequest
	for i := range all {
		t.when = max(t.when, len(t.time(all[i].Start)))
		t.client = max(t.client, min(len(clientOf(&all[i])), longestClient))
		requests = max(requests, terminal.Cells(requestOf(&all[i])))
	}
	t.fit(requests)
	return t
}

// steady prepares the table for journeys that nobody knows yet.
func (t *journeyTable) steady() {
	t.client = max(t.client, usualClient)
	t.fit(1 << 20)
}

// fit gives the request what the other columns leave of the width, as far as it needs it.
func (t *journeyTable) fit(requests int) {
	t.sizes = true
	if t.Width == 0 {
		t.request = min(requests, usualRequest)
		return
	}
	left := t.Width - t.indent() - statusColumn - 2 - durationColumn - 2 - sizeColumn - 2 - idColumn - 2
	if left-t.client-2 >= goodRequest {
		left -= t.client + 2
	} else {
		t.client = 0
	}
	if left < leastRequest {
		left += sizeColumn + 2
		t.sizes = false
	}
	t.request = max(min(requests, left), leastRequest)
}

// indent is where the status stands: behind the mark and the time.
func (t *journeyTable) indent() int { return 2 + t.when + 2 }

// time is a time of day, with the day when that is another one.
func (t *journeyTable) time(at time.Time) string {
	at = at.In(t.now.Location())
	if at.Format("2006-01-02") == t.day {
		return at.Format("15:04:05")
	}
	return at.Format("Jan _2 15:04:05")
}

// append writes one journey:
//
//	✗ 21:47:04  404   0.11 ms    162 B  GET example.org/missing  203.0.113.9  1f2e3d4c5b6a7989
//	            └ Nothing with this name exists (resource.missing, site.hcl:12:3)
func (t *journeyTable) append(b []byte, j *api.Summary) []byte {
	colour := terminal.ForStatus(j.Status)
	switch {
	case j.Failed:
		b = t.Paint(b, terminal.Failed, t.Glyph(terminal.Cross))
	case j.Slow:
		b = t.Paint(b, terminal.Refused, "!")
	default:
		b = append(b, ' ')
	}
	b = append(b, ' ')
	b = t.Paint(b, terminal.Quiet, terminal.Pad(t.time(j.Start), t.when))
	b = append(b, "  "...)
	status := "---"
	if j.Status > 0 {
		status = strconv.Itoa(j.Status)
	}
	b = append(t.Paint(b, colour, status), "  "...)
	took := terminal.Plain
	if j.Slow {
		took = terminal.Refused
	}
	b = append(t.Paint(b, took, right(duration(time.Duration(j.TookUS*float64(time.Microsecond))), durationColumn)), "  "...)
	if t.sizes {
		b = append(append(b, right(size(j.Body), sizeColumn)...), "  "...)
	}
	request := requestOf(j)
	if t.Width > 0 {
		request = clip(request, t.request, t.Glyph(terminal.Ellipsis))
	}
	b = append(append(b, terminal.Pad(request, t.request)...), "  "...)
	if t.client > 0 {
		client := clientOf(j)
		if t.Width > 0 {
			client = clip(client, t.client, t.Glyph(terminal.Ellipsis))
		}
		b = append(t.Paint(b, terminal.Quiet, terminal.Pad(client, t.client)), "  "...)
	}
	b = append(t.Paint(b, terminal.Quiet, terminal.Printable(j.ID)), '\n')
	return t.appendWhy(b, j, colour)
}

// appendWhy writes the second line: what decided the answer, and by which line.
func (t *journeyTable) appendWhy(b []byte, j *api.Summary, colour terminal.Colour) []byte {
	if j.Reason == "" {
		return b
	}
	text := string(terminal.AppendSentence(nil, t.reasons[j.Reason])) // empty: this program has another version
	place := "(" + terminal.Printable(j.Reason)
	if j.Position != "" {
		place += ", " + terminal.Printable(j.Position)
	}
	place += ")"
	indent := strings.Repeat(" ", t.indent())
	corner := t.Glyph(terminal.Corner) + " "
	if t.Width > 0 { // the place is what a person needs; the sentence gives way
		room := t.Width - t.indent() - terminal.Cells(corner)
		place = clip(place, room, t.Glyph(terminal.Ellipsis))
		if text = clip(text, room-terminal.Cells(place)-1, t.Glyph(terminal.Ellipsis)); terminal.Cells(text) < 8 {
			text = ""
		}
	}
	b = append(b, indent...)
	if j.Status < 400 && !j.Failed {
		colour = terminal.Quiet
	}
	b = t.Paint(b, colour, corner)
	if text != "" {
		shade := terminal.Plain
		if colour == terminal.Quiet {
			shade = terminal.Quiet
		}
		b = append(t.Paint(b, shade, text), ' ')
	}
	return append(t.Paint(b, terminal.Quiet, place), '\n')
}

// clientOf is the client's address; its port is in the story, and in JSON.
func clientOf(j *api.Summary) string {
	if at, err := netip.ParseAddrPort(j.Client); err == nil {
		return at.Addr().Unmap().String()
	}
	return terminal.Printable(j.Client)
}

// requestOf is what was asked for, on one line.
func requestOf(j *api.Summary) string {
	if j.Method == "" && j.Target == "" {
		return "(no request line)"
	}
	target := j.Target
	if strings.HasPrefix(target, "/") || target == "*" {
		target = j.Host + target
	}
	return terminal.Printable(strings.TrimSpace(j.Method + " " + target))
}

// clip cuts a text that is too long for its column.
func clip(s string, columns int, dots string) string {
	if terminal.Cells(s) <= columns {
		return s
	}
	room := columns - terminal.Cells(dots)
	if room < 1 {
		return ""
	}
	head, _ := terminal.Cut(s, room)
	return head + dots
}

// right is a figure at the right end of its column.
func right(s string, columns int) string {
	return strings.Repeat(" ", max(columns-len(s), 0)) + s
}

// duration is a time with about three digits, as the readable log has it.
func duration(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(d.Seconds()*1e3, 'f', 2, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// size is a number of bytes with about three digits, as the readable log has it: 1 kB is 1000 bytes.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	const units = "kMGTPE"
	size, unit := float64(n)/1000, 0
	for ; size >= 999.5 && unit < len(units)-1; unit++ {
		size /= 1000
	}
	decimals := 1
	if size >= 99.95 {
		decimals = 0
	}
	return fmt.Sprintf("%.*f %cB", decimals, size, units[unit])
}
