package site

import (
	"html"
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
	title := strconv.Itoa(status)
	if text := message.StatusText(status); text != "" {
		title += " " + text
	}
	facts := why.ID
	if why.Standard != "" {
		facts += " · " + why.Standard
	}
	if journey != 0 {
		facts += " · journey " + journey.String()
	}
	if !asHTML {
		return append(b, title+"\n\n"+sentence(why)+"\n\n"+facts+"\n"...)
	}
	title, facts = html.EscapeString(title), html.EscapeString(facts)
	return append(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>"+title+"</title>\n<h1>"+title+"</h1>\n<p>"+
		html.EscapeString(sentence(why))+"</p>\n<p><small>"+facts+"</small></p>\n</html>\n"...)
}

// sentence is a Reason's sentence with a capital and a full stop.
func sentence(why *trace.Reason) string {
	first, n := utf8.DecodeRuneInString(why.Sentence)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(why.Sentence[n:], ".") + "."
}
