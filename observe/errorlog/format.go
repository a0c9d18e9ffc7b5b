package errorlog

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"vitrine/config/template"
	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// judge says how bad an exchange is and whether there is anything to tell.
func judge(x *exchange.Exchange) (level Level, tell bool) {
	o := &x.Outcome
	switch {
	case o.Failure != nil && o.Failure.Kind == trace.Failed, o.Status >= 500:
		return Error, true
	case o.Status >= 400, o.Failure != nil && o.Failure.Kind == trace.Refused:
		return Warn, true
	}
	reasons, _ := x.Why()
	for _, r := range reasons {
		if r.Kind == trace.Failed {
			return Warn, true
		}
	}
	if o.Ending != nil && o.Ending.Kind == trace.Failed {
		return Warn, true
	}
	return Info, o.Failure != nil
}

var levelColours = [...]terminal.Colour{terminal.Failed, terminal.Refused, terminal.Good}

// indent is under the text of a terminal's line; it is as wide as its time and level.
const indent = "               "

// appendStart appends time and level.
func appendStart(dst []byte, at time.Time, level Level, style terminal.Style) []byte {
	if !style.Terminal {
		dst = append(template.AppendTime(dst, at), ' ')
		return append(append(dst, level.String()...), ' ')
	}
	dst = style.Begin(dst, terminal.Quiet)
	dst = at.AppendFormat(dst, "15:04:05")
	dst = append(style.End(dst), ' ')
	dst = style.Paint(dst, levelColours[level], level.String())
	return append(dst, "      "[len(level.String()):]...)
}

// appendText appends a message. What follows its first line is indented, so that no message looks like two, and
// nothing in it reaches a terminal as a command.
func appendText(dst []byte, text string, style terminal.Style) []byte {
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	for i, r := range text {
		switch {
		case r == '\n':
			dst = append(dst, '\n')
			if style.Terminal {
				dst = append(dst, indent...)
			} else {
				dst = append(dst, "    "...)
			}
		case r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r):
			_, size := utf8.DecodeRuneInString(text[i:])
			dst = variables.EscapeLog(append(dst, text[i:i+size]...), len(dst))
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// appendRequest appends what there is to say about an exchange.
func appendRequest(dst []byte, v *variables.Values, style terminal.Style) []byte {
	x := v.Exchange
	log := v.Log()
	if style.Terminal {
		dst = style.Begin(dst, terminal.ForStatus(x.Outcome.Status))
		dst = appendStatus(dst, x.Outcome.Status)
		dst = append(style.End(dst), ' ')
		dst = appendRequestLine(dst, log)
		dst = style.Begin(append(dst, "  "...), terminal.Quiet)
	} else {
		dst = append(x.Journey.Append(dst), ' ')
		dst = append(log.AppendVar(dst, template.ClientAddress, ""), ` "`...)
		dst = appendRequestLine(dst, log)
		dst = append(dst, `" `...)
	}
	dst = append(log.AppendVar(dst, template.Host, ""), ' ')
	if style.Terminal {
		dst = append(log.AppendVar(dst, template.ClientAddress, ""), ' ')
		dst = style.End(x.Journey.Append(dst))
	} else {
		dst = appendStatus(dst, x.Outcome.Status)
	}
	reasons, positions := x.Why()
	for i, r := range reasons {
		dst = appendReason(dst, "", r, positions[i], style)
	}
	if x.Refused != nil && len(reasons) == 0 {
		dst = appendReason(dst, "", x.Refused.Reason, nil, style)
	}
	if f := x.Outcome.Failure; f != nil {
		dst = appendReason(dst, "sending: ", f, nil, style)
	}
	if e := x.Outcome.Ending; e != nil && e != x.Outcome.Failure {
		dst = appendReason(dst, "connection: ", e, nil, style)
	}
	return dst
}

// appendReason appends one decision: behind a bar in a file, on a line of its own on a terminal.
func appendReason(dst []byte, topic string, r *trace.Reason, p *trace.Position, style terminal.Style) []byte {
	if !style.Terminal {
		dst = append(append(dst, " | "...), topic...)
		dst = terminal.AppendSentence(append(append(dst, r.ID...), ": "...), r.Sentence)
		if hasPlace(p) {
			dst = append(appendPlace(append(dst, " ("...), p), ')')
		}
		return dst
	}
	dst = append(append(dst, '\n'), indent...)
	dst = append(append(dst, style.Glyph(terminal.Corner)...), ' ')
	dst = append(dst, topic...)
	dst = append(terminal.AppendSentence(dst, r.Sentence), ' ')
	dst = append(append(style.Begin(dst, terminal.Quiet), '('), r.ID...)
	if hasPlace(p) {
		dst = appendPlace(append(dst, ", "...), p)
	}
	return style.End(append(dst, ')'))
}

func hasPlace(p *trace.Position) bool {
	return p != nil && !p.IsZero() && p.Origin != trace.Default
}

func appendPlace(dst []byte, p *trace.Position) []byte {
	dst = variables.EscapeLog(append(dst, p.File...), len(dst))
	if p.Line > 0 && p.Origin != trace.Flag { // a flag has one line
		dst = strconv.AppendInt(append(dst, ':'), int64(p.Line), 10)
		if p.Column > 0 {
			dst = strconv.AppendInt(append(dst, ':'), int64(p.Column), 10)
		}
	}
	return dst
}

// appendRequestLine appends the request line, escaped; what could not be read shows as "-".
func appendRequestLine(dst []byte, log *variables.Log) []byte {
	dst = append(log.AppendVar(dst, template.Method, ""), ' ')
	dst = append(log.AppendVar(dst, template.URI, ""), ' ')
	return log.AppendVar(dst, template.Protocol, "")
}

// appendStatus appends three digits, 000 when there was no response.
func appendStatus(dst []byte, status int) []byte {
	return append(dst, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}
