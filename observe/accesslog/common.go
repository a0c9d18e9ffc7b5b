package accesslog

import (
	"bytes"
	"strconv"

	"vitrine/web/message"
	"vitrine/web/variables"
)

func (l *Logger) common(s *scratch, dst []byte, v *variables.Values) []byte {
	return appendJourney(appendCommon(s, dst, v), v)
}

func (l *Logger) combined(s *scratch, dst []byte, v *variables.Values) []byte {
	dst = appendCommon(s, dst, v)
	fields := &v.Exchange.Request.Fields
	dst = append(dst, ` "`...)
	dst = appendQuotable(dst, fields.Get(message.Referer))
	dst = append(dst, `" "`...)
	dst = appendQuotable(dst, fields.Get(message.UserAgent))
	dst = append(dst, '"')
	return appendJourney(dst, v)
}

// appendCommon appends the seven fields of the common log format.
func appendCommon(s *scratch, dst []byte, v *variables.Values) []byte {
	x := v.Exchange
	dst = appendClient(dst, v)
	dst = append(dst, ' ')
	dst = appendWord(dst, v.Ident)
	dst = append(dst, ' ')
	dst = appendWord(dst, v.User)
	dst = append(dst, " ["...)
	dst = append(dst, s.common.at(x.Start)...)
	dst = append(dst, `] "`...)
	dst = appendRequestLine(dst, x.Request)
	dst = append(dst, `" `...)
	dst = appendStatus(dst, x.Outcome.Status)
	if x.Outcome.Body == 0 {
		return append(dst, " -"...)
	}
	return strconv.AppendInt(append(dst, ' '), x.Outcome.Body, 10)
}

func appendJourney(dst []byte, v *variables.Values) []byte {
	dst = append(dst, ` "`...)
	return append(v.Exchange.Journey.Append(dst), '"')
}

func appendClient(dst []byte, v *variables.Values) []byte {
	if v.Name != "" {
		return append(dst, v.Name...) // host names have nothing that needs an escape
	}
	if remote := v.Exchange.Client; remote.IsValid() {
		return variables.AppendAddress(dst, remote)
	}
	return append(dst, '-')
}

// appendRequestLine appends the request line as it came, escaped; "-" when none could be read.
func appendRequestLine(dst []byte, r *message.Request) []byte {
	method := r.MethodBytes()
	if len(method) == 0 {
		return append(dst, '-')
	}
	from := len(dst)
	dst = append(dst, method...)
	if target := r.RawTarget(); len(target) > 0 {
		dst = append(append(dst, ' '), target...)
	}
	dst = variables.EscapeLog(dst, from)
	switch {
	case r.Major == 1 && r.Minor == 1:
		return append(dst, " HTTP/1.1"...)
	case r.Major > 0:
		return variables.AppendProtocol(append(dst, ' '), r)
	}
	return dst
}

// appendStatus appends three digits, 000 when there was no response.
func appendStatus(dst []byte, status int) []byte {
	return append(dst, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}

// appendQuotable appends what stands between quotation marks, "-" for nothing.
func appendQuotable(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, '-')
	}
	return variables.EscapeLog(append(dst, value...), len(dst))
}

// appendWord appends a field that has no quotation marks around it, and so may have no space in it.
func appendWord(dst []byte, word string) []byte {
	if word == "" {
		return append(dst, '-')
	}
	from := len(dst)
	dst = variables.EscapeLog(append(dst, word...), from)
	if bytes.IndexByte(dst[from:], ' ') >= 0 {
		dst = append(dst[:from], bytes.ReplaceAll(dst[from:], []byte(" "), []byte(`\x20`))...)
	}
	return dst
}
