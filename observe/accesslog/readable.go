package accesslog

import (
	"strconv"
	"time"
	"unicode/utf8"

	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// The columns of a readable line: the figures first, since their width is known.
const (
	figure  = 9  // duration and size, right-aligned
	request = 36 // method and target, before what is secondary
)

const spaces = "                                                "

// readable appends a line for a person, and a second one that says why when the request failed:
//
//	21:47:03  200    0.24 ms    1.2 kB  GET /index.html                       203.0.113.9 → example.org  1f2e3d4c5b6a7988
//	21:47:04  404    0.11 ms     162 B  GET /missing                          203.0.113.9 → example.org  1f2e3d4c5b6a7989
//	          └ There is nothing by that name below the root (resource.missing, site.hcl:12:3)
func (l *Logger) readable(s *scratch, dst []byte, v *variables.Values) []byte {
	x := v.Exchange
	style := l.style
	dst = style.Begin(dst, terminal.Quiet)
	dst = append(dst, s.clock.at(x.Start)...)
	dst = append(style.End(dst), "  "...)
	dst = style.Begin(dst, terminal.ForStatus(x.Outcome.Status))
	dst = appendStatus(dst, x.Outcome.Status)
	dst = append(style.End(dst), "  "...)
	from := len(dst)
	dst = alignRight(appendDuration(dst, time.Duration(x.Outcome.Elapsed)), from, figure)
	dst = append(dst, ' ')
	from = len(dst)
	dst = alignRight(appendSize(dst, x.Outcome.Body), from, figure)
	dst = append(dst, "  "...)
	from = len(dst)
	dst = appendRequest(dst, v)
	if to := v.Fields; to != nil && x.Outcome.Status/100 == 3 && to.HasID(message.Location) {
		dst = append(append(append(dst, ' '), style.Glyph(terminal.Arrow)...), ' ')
		dst = variables.EscapeLog(append(dst, to.GetID(message.Location)...), len(dst))
	}
	dst = alignLeft(dst, from, request)
	dst = style.Begin(append(dst, ' '), terminal.Quiet)
	dst = appendClient(dst, v)
	if host := x.Request.Host(); len(host) > 0 {
		dst = append(dst, ' ')
		dst = append(dst, style.Glyph(terminal.Arrow)...)
		dst = append(dst, ' ')
		dst = variables.EscapeLog(append(dst, host...), len(dst))
	}
	dst = append(dst, "  "...)
	dst = style.End(x.Journey.Append(dst))
	if x.Outcome.Status < 400 && x.Outcome.Status >= 100 && x.Outcome.Failure == nil {
		return dst
	}
	return l.appendWhy(dst, v)
}

// appendWhy appends the second line.
func (l *Logger) appendWhy(dst []byte, v *variables.Values) []byte {
	reason, position := variables.Decision(v.Exchange)
	if reason == nil {
		return dst
	}
	style := l.style
	dst = append(append(dst, '\n'), spaces[:len("15:04:05  ")]...)
	dst = style.Begin(dst, terminal.ForStatus(v.Exchange.Outcome.Status))
	dst = append(append(dst, style.Glyph(terminal.Corner)...), ' ')
	dst = terminal.AppendSentence(style.End(dst), reason.Sentence)
	dst = style.Begin(append(dst, ' '), terminal.Quiet)
	dst = append(append(dst, '('), reason.ID...)
	dst = appendPosition(dst, position)
	return style.End(append(dst, ')'))
}

// appendPosition appends ", file:line:column" unless the program itself decided.
func appendPosition(dst []byte, p *trace.Position) []byte {
	if p == nil || p.IsZero() || p.Origin == trace.Default {
		return dst
	}
	dst = append(dst, ", "...)
	dst = variables.EscapeLog(append(dst, p.File...), len(dst))
	if p.Line > 0 {
		dst = strconv.AppendInt(append(dst, ':'), int64(p.Line), 10)
		if p.Column > 0 {
			dst = strconv.AppendInt(append(dst, ':'), int64(p.Column), 10)
		}
	}
	return dst
}

// appendRequest appends the method and the target.
func appendRequest(dst []byte, v *variables.Values) []byte {
	r := v.Exchange.Request
	method := r.MethodBytes()
	if len(method) == 0 {
		return append(dst, "(no request line)"...)
	}
	from := len(dst)
	dst = append(append(dst, method...), ' ')
	return variables.EscapeLog(append(dst, r.RawTarget()...), from)
}

// appendDuration appends a duration with about three digits.
func appendDuration(dst []byte, d time.Duration) []byte {
	switch d = max(d, 0); {
	case d < 10*time.Millisecond:
		return append(strconv.AppendFloat(dst, d.Seconds()*1e3, 'f', 2, 64), " ms"...)
	case d < time.Second:
		return append(strconv.AppendInt(dst, d.Milliseconds(), 10), " ms"...)
	case d < time.Minute:
		return append(strconv.AppendFloat(dst, d.Seconds(), 'f', 1, 64), " s"...)
	case d < time.Hour:
		dst = append(strconv.AppendInt(dst, int64(d/time.Minute), 10), " min "...)
		return append(strconv.AppendInt(dst, int64(d/time.Second)%60, 10), " s"...)
	}
	dst = append(strconv.AppendInt(dst, int64(d/time.Hour), 10), " h "...)
	return append(strconv.AppendInt(dst, int64(d/time.Minute)%60, 10), " min"...)
}

// appendSize appends a number of bytes with about three digits. The prefixes are those of the SI: 1 kB is 1000 bytes.
func appendSize(dst []byte, n int64) []byte {
	if n < 1000 {
		return append(strconv.AppendInt(dst, n, 10), " B"...)
	}
	size, unit := float64(n)/1000, 0
	for ; size >= 999.5 && unit < len(units)-1; unit++ {
		size /= 1000
	}
	decimals := 1
	if size >= 99.95 {
		decimals = 0
	}
	dst = strconv.AppendFloat(dst, size, 'f', decimals, 64)
	return append(dst, ' ', units[unit], 'B')
}

const units = "kMGTPE"

// alignRight moves what stands in dst[from:], which is ASCII, to the right end of a column.
func alignRight(dst []byte, from, columns int) []byte {
	n := columns - (len(dst) - from)
	if n <= 0 {
		return dst
	}
	dst = append(dst, spaces[:n]...)
	copy(dst[from+n:], dst[from:len(dst)-n])
	copy(dst[from:], spaces[:n])
	return dst
}

// alignLeft puts spaces behind what stands in dst[from:].
func alignLeft(dst []byte, from, columns int) []byte {
	if n := columns - utf8.RuneCount(dst[from:]); n > 0 {
		dst = append(dst, spaces[:n]...)
	}
	return dst
}
