package ssi

import (
	"encoding/base64"
	"html"
	"net/url"
	"strings"
)

// encoders are what the encoding attribute of echo and set may name.
var encoders = map[string]func(string) string{
	"none": func(s string) string { return s },
	"url":  encodePath, "urlencoded": url.QueryEscape,
	"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"entity": encodeEntities,
}

// decoders are what the decoding attribute may name. What is not encoded in that way stays as it is.
var decoders = map[string]func(string) string{
	"none": func(s string) string { return s },
	"url": func(s string) string {
		if d, err := url.PathUnescape(s); err == nil {
			return d
		}
		return s
	},
	"urlencoded": func(s string) string {
		if d, err := url.QueryUnescape(s); err == nil {
			return d
		}
		return s
	},
	"base64": func(s string) string {
		if d, err := base64.StdEncoding.DecodeString(s); err == nil {
			return string(d)
		}
		return s
	},
	"entity": html.UnescapeString,
}

// codings finds the functions that a list such as "urlencoded,entity" names, in their order.
func codings(list string, known map[string]func(string) string) ([]func(string) string, *Fault) {
	var all []func(string) string
	for name := range strings.SplitSeq(list, ",") {
		f := known[strings.ToLower(trimSpace(name))]
		if f == nil {
			return nil, fault(reasonUnknown, "there is no encoding "+shown(name)+"; there are none, url, urlencoded, base64 and entity")
		}
		all = append(all, f)
	}
	return all, nil
}

func applyAll(all []func(string) string, s string) string {
	for _, f := range all {
		s = f(s)
	}
	return s
}

var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// encodeEntities makes a text harmless in HTML, within an attribute of either quote too.
func encodeEntities(s string) string { return entities.Replace(s) }

// encodePath encodes a text as a path within a URL. What has a meaning there stays; a quote does not, since people put
// URLs into attributes.
func encodePath(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isNameByte(c) || strings.IndexByte("$-.+!*(),:@&=/~;", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
