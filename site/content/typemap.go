package content

import (
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// MapVariant is a variant of a type map.
type MapVariant struct {
	Variant
	Line int // of the map where it begins, from 1
	// Inside is set when the variant's content stands in the map itself, from the byte From to To.
	Inside   bool
	From, To int
}

// MapFault is something wrong with a type map.
type MapFault struct {
	Line int
	What string
}

// ParseTypeMap reads a type map in the format of Apache's mod_negotiation: for each variant fields as in a header, then an
// empty line. At most most variants are read. What is wrong is left out, and said.
//
// A URI is relative to the map and must not lead up or away: the rules of another folder would not have been asked.
func ParseTypeMap(text []byte, most int) (variants []MapVariant, faults []MapFault) {
	p := mapParser{text: string(text), most: most}
	for p.next() {
	}
	p.finish()
	return p.variants, p.faults
}

// mapParser is the state of ParseTypeMap.
type mapParser struct {
	text     string
	at, line int // where the next line begins, and the number of the last one
	most     int

	open     MapVariant
	some     bool // of the open one, something was said
	variants []MapVariant
	faults   []MapFault
}

func (p *mapParser) fault(what string) {
	if len(p.faults) < mostFaults {
		p.faults = append(p.faults, MapFault{p.line, what})
	}
}

// take is the next line, without its end.
func (p *mapParser) take() (line string, ok bool) {
	if p.at >= len(p.text) {
		return "", false
	}
	line, _, _ = strings.Cut(p.text[p.at:], "\n")
	p.at += min(len(line)+1, len(p.text)-p.at)
	p.line++
	return strings.TrimSuffix(line, "\r"), true
}

// next reads a field with its continuations, or the end of a variant. It returns false at the end.
func (p *mapParser) next() bool {
	line, ok := p.take()
	if !ok {
		return false
	}
	switch {
	case strings.TrimSpace(line) == "":
		p.finish()
		return true
	case strings.HasPrefix(line, "#"):
		return true
	}
	if !p.some {
		p.open, p.some = MapVariant{Variant: Variant{Source: 1000, Size: -1}, Line: p.line}, true
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		p.fault(fmt.Sprintf("%.40q is no field: a name, a colon and a value", line))
		return true
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "body" {
		p.body(strings.TrimSpace(value))
		return true
	}
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') { // RFC 9112 §5.2 calls it folding
		before, number := p.at, p.line
		more, _ := p.take()
		if strings.TrimSpace(more) == "" {
			p.at, p.line = before, number
			break
		}
		value += " " + strings.TrimSpace(more)
	}
	if len(value) > 1024 {
		p.fault("the field " + name + " is longer than 1024 bytes")
		return true
	}
	p.field(name, strings.TrimSpace(value))
	return true
}

func (p *mapParser) field(name, value string) {
	if name != "description" {
		value = strings.TrimSpace(withoutComments(value))
	}
	v := &p.open
	switch name {
	case "uri":
		if why := refusedURI(value); why != "" {
			p.fault(fmt.Sprintf("the URI %.80q %s", value, why))
			return
		}
		v.Name = value
	case "content-type":
		p.contentType(value)
	case "content-language":
		v.Languages = nil
		for tag := range strings.SplitSeq(value, ",") {
			if tag = strings.TrimSpace(tag); tag != "" {
				v.Languages = append(v.Languages, tag)
			}
		}
		if !fit(strings.Join(v.Languages, "-")) {
			v.Languages = nil
			p.fault(fmt.Sprintf("%.40q is no language", value))
		}
	case "content-encoding":
		if !fit(strings.NewReplacer(",", "", " ", "").Replace(value)) {
			p.fault(fmt.Sprintf("%.40q is no content coding", value))
			return
		}
		v.Encoding = strings.ToLower(value)
	case "content-length":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			p.fault(fmt.Sprintf("%.40q is no length", value))
			return
		}
		v.Size = n
	case "description":
		v.Description = strings.Trim(value, `"`)
	default:
		p.fault(fmt.Sprintf("there is no field %.40q", name))
	}
}

// fit reports whether a text can stand in a field of a response.
func fit(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == ':' {
			return false
		}
	}
	return true
}

// contentType reads a type with its parameters; qs is how good the variant is.
func (p *mapParser) contentType(value string) {
	media, parameters, err := mime.ParseMediaType(value)
	if err != nil || strings.Count(media, "/") != 1 {
		p.fault(fmt.Sprintf("%.60q is no media type", value))
		return
	}
	if qs, ok := parameters["qs"]; ok {
		f, err := strconv.ParseFloat(qs, 64)
		if err != nil || !(f >= 0 && f <= 1000) { // Apache takes any number; beyond 1 there is nothing better
			p.fault(fmt.Sprintf("%.40q is no quality", qs))
		} else {
			p.open.Source = int(min(f, 1)*1000 + 0.5)
		}
		delete(parameters, "qs")
	}
	if formatted := mime.FormatMediaType(media, parameters); formatted != "" && !strings.ContainsAny(formatted, "\r\n") {
		p.open.Type = formatted
	}
}

// body takes the content that stands in the map, up to a line that begins with the same text.
func (p *mapParser) body(delimiter string) {
	v := &p.open
	if delimiter == "" {
		p.fault("Body names no text that its content ends with")
		return
	}
	v.Inside, v.From, v.To = true, p.at, len(p.text)
	for {
		begin := p.at
		line, ok := p.take()
		if !ok {
			p.fault("the content of Body has no end")
			break
		}
		if strings.HasPrefix(line, delimiter) {
			v.To = begin
			break
		}
	}
	v.Size = int64(v.To - v.From)
	p.finish()
}

// finish ends a variant.
func (p *mapParser) finish() {
	if !p.some {
		return
	}
	p.some = false
	v := p.open
	if v.Name == "" && !v.Inside {
		return // Apache's maps begin with the name of what they are for, and nothing else
	}
	if !v.Inside && v.Type == "" && len(v.Languages) == 0 && v.Encoding == "" {
		return // likewise
	}
	if len(p.variants) == p.most {
		if p.faults == nil || p.faults[len(p.faults)-1].What != tooManyVariants {
			p.fault(tooManyVariants)
		}
		return
	}
	p.variants = append(p.variants, v)
}

const tooManyVariants = "there are more variants than are looked at"

// refusedURI says why a URI of a map is not followed; "" when it is. It stands for itself: nothing is decoded.
func refusedURI(uri string) string {
	switch {
	case uri == "":
		return "is empty"
	case strings.HasPrefix(uri, "/"), strings.Contains(uri, ":"):
		return "leads away: write the name of a file in the map's folder, or below it"
	}
	for c := range strings.SplitSeq(uri, "/") {
		switch c {
		case "", ".", "..":
			return "leads away: write the name of a file in the map's folder, or below it"
		}
	}
	if strings.ContainsAny(uri, "\x00\\?#%") {
		return "has a character that is not taken as it is; write the file's name"
	}
	return ""
}

// withoutComments is a field without what stands in parentheses outside of quotes.
func withoutComments(value string) string {
	if strings.IndexByte(value, '(') < 0 {
		return value
	}
	var b strings.Builder
	depth, quoted := 0, false
	for _, c := range []byte(value) {
		switch {
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
			continue
		case c == ')' && !quoted && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			b.WriteByte(c)
		}
	}
	return b.String()
}
