package site

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitrine/site/content"
	"vitrine/trace"
	"vitrine/web/message"
)

// errorPage makes the answer that says why there is no other: the status, the Reason's sentence and standard, and the
// journey's id for whoever asks the server's keeper. Nothing of the request is repeated in it.
func (v *visit) errorPage() (step, *trace.Reason) {
	r := &v.refusal
	v.status, v.memorize = r.status, false
	switch {
	case r.status == 405:
		v.header.Set("Allow", r.allow) // RFC 9110 §15.5.6
	case r.retry:
		v.header.Set("Retry-After", "1")
	}
	if next, why, ok := v.configuredPage(); ok {
		return next, why
	}
	r = &v.refusal // when the page failed, it is the first one again
	v.status = r.status
	var mediaType string
	v.body, mediaType = v.ownPage()
	v.describeBody(mediaType)
	if v.x.Refused == nil {
		content.AddVary(&v.header, message.Accept)
	}
	return deliver, nil
}

// appendPage appends an error page.
func appendPage(b []byte, status int, why *trace.Reason, journey trace.ID, asHTML bool) []byte {
	b = slices.Grow(b, usualPage)
	if !asHTML {
		b = append(appendTitle(b, status), "\n\n"...)
		b = append(appendSentence(b, why.Sentence), "\n\n"...)
		b = appendFact(append(b, why.ID...), why.Standard)
		return append(appendJourney(b, journey), '\n')
	}
	b = append(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>"...)
	b = append(appendTitle(b, status), "</title>\n<h1>"...)
	b = append(appendTitle(b, status), "</h1>\n<p>"...)
	b = append(appendSentence(b, html.EscapeString(why.Sentence)), "</p>\n<p><small>"...)
	b = appendFact(append(b, html.EscapeString(why.ID)...), html.EscapeString(why.Standard))
	return append(appendJourney(b, journey), "</small></p>\n</html>\n"...)
}

// usualPage is the room that most error pages need, in bytes.
const usualPage = 512

// appendTitle appends a status in digits and words, which need no escaping.
func appendTitle(b []byte, status int) []byte {
	b = strconv.AppendInt(b, int64(status), 10)
	if text := message.StatusText(status); text != "" {
		b = append(append(b, ' '), text...)
	}
	return b
}

// appendFact appends what stands beside the Reason's id, if there is something.
func appendFact(b []byte, fact string) []byte {
	if fact == "" {
		return b
	}
	return append(append(b, " · "...), fact...)
}

// appendJourney appends the id by which the server's keeper finds the request, if it has one.
func appendJourney(b []byte, journey trace.ID) []byte {
	if journey == 0 {
		return b
	}
	return journey.Append(append(b, " · journey "...))
}

// appendSentence appends a Reason's sentence with a capital and a full stop.
func appendSentence(b []byte, text string) []byte {
	first, n := utf8.DecodeRuneInString(text)
	b = utf8.AppendRune(b, unicode.ToUpper(first))
	return append(append(b, strings.TrimSuffix(text[n:], ".")...), '.')
}

// sentence is a Reason's sentence with a capital and a full stop.
func sentence(why *trace.Reason) string { return string(appendSentence(nil, why.Sentence)) }
