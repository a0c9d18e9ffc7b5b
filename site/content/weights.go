package content

import (
	"bytes"
	"strings"

	"golang.org/x/text/language"

	"vitrine/web/message"
)

// typeWeight is how much a request wants a media type with its parameters, in thousandths (RFC 9110 §12.5.1). The most
// specific range that covers it decides: one with parameters before the type's name before type/* before */*. Without
// an Accept field, or with one in which nothing is well-formed, everything is welcome.
func typeWeight(f *message.Fields, mediaType string) int {
	media, _, _ := strings.Cut(mediaType, ";")
	main, sub, _ := strings.Cut(strings.TrimSpace(media), "/")
	weight, specific, any := 0, 0, false
	for value := range f.All(message.Accept) {
		for member := range message.Tokens(value) {
			covers, q, ok := rangeCovers(member, main, sub, mediaType)
			any = any || ok
			switch {
			case covers > specific:
				weight, specific = q, covers
			case covers > 0 && covers == specific: // said twice: the friendlier word counts
				weight = max(weight, q)
			}
		}
	}
	if !any {
		return 1000
	}
	return weight
}

// rangeCovers is how specifically a member of Accept covers a type, from 0 for not at all, and its weight. It is not ok when
// the member is malformed.
func rangeCovers(member []byte, main, sub, mediaType string) (covers, q int, ok bool) {
	name, parameters, _ := bytes.Cut(member, semicolon)
	m, s, ok := bytes.Cut(message.Trim(name), []byte{'/'})
	if !ok {
		return 0, 0, false
	}
	switch {
	case string(m) == "*" && string(s) == "*":
		covers = 1
	case message.EqualFold(m, main) && string(s) == "*":
		covers = 2
	case message.EqualFold(m, main) && message.EqualFold(s, sub):
		covers = 3
	}
	for q = 1000; len(parameters) > 0; {
		var p []byte
		p, parameters, _ = bytes.Cut(parameters, semicolon)
		if p = message.Trim(p); len(p) == 0 {
			continue
		}
		name, value, _ := bytes.Cut(p, []byte{'='})
		if message.EqualFold(name, "q") {
			if q, ok = weight(value); !ok {
				return 0, 0, false
			}
			break // what follows belongs to the range no more (RFC 7231 §5.3.2)
		}
		if covers > 0 && !message.EqualFold(parameter(mediaType, string(name)), string(bytes.Trim(value, `"`))) {
			covers = -1000
		}
		covers++
	}
	return max(covers, 0), q, true
}

// named is the weight of a member of a list whose name is asked for, or of "*"; -1 when neither is there. It reports
// whether anything was well-formed.
func namedWeight(f *message.Fields, id message.FieldID, name string) (weight int, any bool) {
	exact, others := -1, -1
	for value := range f.All(id) {
		for member := range message.Tokens(value) {
			n, parameters, _ := bytes.Cut(member, semicolon)
			q, ok := parameterWeight(parameters)
			if !ok {
				continue
			}
			any = true
			if n = message.Trim(n); message.EqualFold(n, name) {
				exact = max(exact, q)
			} else if len(n) == 1 && n[0] == '*' {
				others = max(others, q)
			}
		}
	}
	if exact < 0 {
		exact = others
	}
	return exact, any
}

// charsetWeight is how much a request wants a charset (RFC 9110 §12.5.2). What has none is welcome.
func charsetWeight(f *message.Fields, charset string) int {
	if charset == "" {
		return 1000
	}
	w, any := namedWeight(f, message.AcceptCharset, charset)
	if !any {
		return 1000
	}
	return max(w, 0)
}

// encodingWeight is how much a request wants content codings that were applied one after the other: as much as the one
// that it wants least. Without Accept-Encoding every coding would do (RFC 9110 §12.5.3), and none is better.
func encodingWeight(f *message.Fields, encoding string) int {
	if encoding == "" {
		c := AcceptedCodings(f)
		return c.Weight(Identity)
	}
	if !f.Has(message.AcceptEncoding) {
		return 1
	}
	least := 1000
	for coding := range strings.SplitSeq(encoding, ",") {
		coding = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(coding)), "x-")
		w, _ := namedWeight(f, message.AcceptEncoding, coding)
		if x, _ := namedWeight(f, message.AcceptEncoding, "x-"+coding); w < x {
			w = x
		}
		least = min(least, max(w, 0))
	}
	return least
}

// unsaidLanguage is the weight of what names no language for a request that does: it will do when nothing else is there.
const unsaidLanguage = 1

// languageWeight is how much a request wants a language (RFC 9110 §12.5.4): the weight of the longest range that covers
// it by RFC 4647 §3.3.1, as "en" covers "en-GB". When none does, a range counts that leads to it by RFC 4647 §3.4, as
// "en-GB" falls back to "en"; and then "*". order is where in the field the range stands, from 0.
func languageWeight(f *message.Fields, tag string) (weight, order int, fellBack bool) {
	const none = 1 << 30
	covered, fallback := 0, 0 // bytes of the range, and of the tag when a range falls back to it
	exact, back, others := -1, -1, -1
	exactAt, backAt, othersAt, n, any := none, none, none, 0, false
	for value := range f.All(message.AcceptLanguage) {
		for member := range message.Tokens(value) {
			r, parameters, _ := bytes.Cut(member, semicolon)
			r = message.Trim(r)
			q, ok := parameterWeight(parameters)
			if !ok || len(r) == 0 {
				continue
			}
			any = true
			switch {
			case len(r) == 1 && r[0] == '*':
				if q > others {
					others, othersAt = q, n
				}
			case subtags(tag, r):
				if len(r) > covered || len(r) == covered && q > exact {
					exact, exactAt, covered = q, n, len(r)
				}
			case subtags(r, tag):
				if q > back {
					back, backAt, fallback = q, n, len(tag)
				}
			}
			n++
		}
	}
	switch {
	case !any:
		return 1000, 0, false
	case exact >= 0:
		return exact, exactAt, false
	case fallback > 0 && back > 0:
		return back, backAt, true
	}
	return max(others, 0), othersAt, false
}

// subtags reports whether a tag begins with a range's subtags, in any case.
func subtags[T, R string | []byte](tag T, r R) bool {
	return len(tag) >= len(r) && message.EqualFold(tag[:len(r)], r) && (len(tag) == len(r) || tag[len(r)] == '-')
}

// longestAcceptLanguage bounds what is given to the matcher, in bytes.
const longestAcceptLanguage = 512

// relatedLanguage finds the tag that speakers of the wanted languages understand although no range leads to it, as zh-TW
// leads to zh-Hant and no to nb. It returns -1 when there is none; one that is refused by name is none.
func relatedLanguage(f *message.Fields, tags []string) int {
	value := string(f.Get(message.AcceptLanguage))
	if len(value) > longestAcceptLanguage || f.Repeated(message.AcceptLanguage) {
		return -1
	}
	wanted, _, err := language.ParseAcceptLanguage(value)
	if err != nil || len(wanted) == 0 {
		return -1
	}
	var offered []language.Tag
	var index []int
	for i, tag := range tags {
		if parsed, err := language.Parse(tag); err == nil && !refusesLanguage(f, tag) {
			offered, index = append(offered, parsed), append(index, i)
		}
	}
	if len(offered) == 0 {
		return -1
	}
	_, i, confidence := language.NewMatcher(offered).Match(wanted...)
	if confidence < language.High {
		return -1
	}
	return index[i]
}

// refusesLanguage reports whether a range that covers the tag has the weight 0.
func refusesLanguage(f *message.Fields, tag string) bool {
	for value := range f.All(message.AcceptLanguage) {
		for member := range message.Tokens(value) {
			r, parameters, _ := bytes.Cut(member, semicolon)
			if q, ok := parameterWeight(parameters); ok && q == 0 && subtags(tag, message.Trim(r)) {
				return true
			}
		}
	}
	return false
}
