package content

import (
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"vitrine/trace"
	"vitrine/web/message"
)

// Sniffs reports whether the first bytes of a file are to be looked at: when its name tells no type, and the
// configuration says so.
func (t *Types) Sniffs(found *Type) bool {
	return (t.magic || t.patterns != nil) && (found.Reason == reasonTypeDefault || found.Reason == reasonTypeNone)
}

// Sniff is the type of a file by its first bytes, of which SniffBytes count; named is what its name tells. The patterns of
// the configuration are asked first, and then the library. What a browser would run, such as HTML, is believed of the
// patterns only: who may put a file there without an extension would otherwise choose what runs in the site's name.
func (t *Types) Sniff(first []byte, named *Type) *Type {
	first = first[:min(len(first), SniffBytes)]
	if t.patterns != nil {
		if found := t.byPattern(first, named); found != nil {
			return found
		}
	}
	if !t.magic || len(first) == 0 {
		return named
	}
	value := mimetype.Detect(first).String()
	c := *named
	switch {
	case strings.HasPrefix(value, "application/octet-stream"):
		return named
	case runs(value):
		c.Reason = reasonTypeTame.Reach()
		c.details = append(c.details[:len(c.details):len(c.details)], trace.D("looks like", value))
		return &c
	}
	if media, _, ok := strings.Cut(value, ";"); ok && strings.HasPrefix(value, "text/") {
		value = withCharset(media, t.charset) // its guess of the charset is worse than the configuration's word
	}
	c.Value, c.Reason, c.Position = value, reasonTypeMagic.Reach(), nil
	return &c
}

func (t *Types) byPattern(first []byte, named *Type) *Type {
	result, line := t.patterns.match(first)
	words := strings.Fields(result)
	if len(words) == 0 {
		return nil
	}
	value := strings.TrimSuffix(words[0], ";")
	media, sub, ok := strings.Cut(value, "/")
	if !ok || !message.IsToken(media) || !message.IsToken(sub) {
		return nil
	}
	c := *named
	c.Value, c.Reason = withCharset(value, t.charset), reasonTypePattern.Reach()
	c.Position = &trace.Position{File: t.patterns.file, Line: line, Column: 1}
	if len(words) > 1 && c.Encoding == "" && message.IsToken(words[1]) {
		c.Encoding = words[1]
	}
	return &c
}

// runs reports whether browsers may run what has a type.
func runs(value string) bool {
	for _, part := range []string{"html", "xml", "javascript", "ecmascript", "shockwave", "cache-manifest"} {
		if strings.Contains(value, part) {
			return true
		}
	}
	return false
}
