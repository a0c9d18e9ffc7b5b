package content

import (
	"strings"

	"vitrine/web/message"
)

// Variant is one of the representations of a resource that a request can choose from (RFC 9110 §3.2).
type Variant struct {
	Name        string   // relative to the resource, as a file name or path; not encoded
	Type        string   // media type with its parameters; "": not known
	Languages   []string // "": none is said
	Encoding    string   // content codings, in the order in which they were applied; "": none
	Source      int      // how good the representation itself is, qs, in thousandths
	Size        int64    // bytes
	Description string   // for people; of a type map
}

// VariantOf is the variant that a file is by the extensions of its name. behind is where in the name the part begins that
// tells it from other variants, with its dot; every extension from there on must mean something, and one of the name a
// type. Otherwise the file is not meant to be one, as page.html.bak is not.
func (t *Types) VariantOf(name string, behind int) (v Variant, typ *Type, ok bool) {
	e := t.extensions(name, behind)
	if !e.known || e.typ == nil && t.explicit == nil {
		return v, nil, false
	}
	typ = t.compose(&e)
	typ.Reason.Reach()
	return variantOf(name, typ), typ, true
}

func variantOf(name string, typ *Type) Variant {
	v := Variant{Name: name, Type: typ.Value, Encoding: typ.Encoding, Source: 1000}
	if typ.Language != "" {
		v.Languages = []string{typ.Language}
	}
	return v
}

// OfMap is the type of a variant of a type map, and completes the variant. What the map does not say, the file's name
// does.
func (t *Types) OfMap(v *Variant, named *Type) *Type {
	c := *named
	c.details = nil
	if v.Type != "" {
		c.Value, c.Reason, c.Position, c.line, c.extension = withCharset(v.Type, t.charset), reasonTypeMap.Reach(), nil, 0, ""
	}
	v.Type = c.Value
	if len(v.Languages) > 0 {
		c.Language = strings.Join(v.Languages, ", ")
	} else if c.Language != "" {
		v.Languages = []string{c.Language}
	}
	if v.Encoding != "" {
		c.Encoding = v.Encoding
	}
	v.Encoding = c.Encoding
	return &c
}

// parameter is a parameter of a media type, without quotes; "" when there is none.
func parameter(mediaType, name string) string {
	_, parameters, _ := strings.Cut(mediaType, ";")
	for p := range strings.SplitSeq(parameters, ";") {
		if n, value, ok := strings.Cut(p, "="); ok && message.EqualFold(message.Trim(n), name) {
			return strings.Trim(message.Trim(value), `"`)
		}
	}
	return ""
}

// charsetOf is the charset of a media type in lower case; "" when it has none.
func charsetOf(mediaType string) string { return strings.ToLower(parameter(mediaType, "charset")) }

// Link is the reference to a variant, relative to the resource. Only unreserved characters and slashes stay as they are
// (RFC 3986 §2.3), so that no name can be mistaken for a scheme, a query or a way up.
func Link(name string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}
