// Package template compiles the {name} placeholders of log formats, header values, redirects and fixed answers once,
// when the configuration is read, and fills them in for each request without allocating.
//
// "{{" and "}}" stand for the braces themselves.
package template

import (
	"iter"
	"strings"
)

// Template is a compiled text with placeholders. It is immutable and safe for concurrent use.
type Template struct {
	source string
	parts  []part
}

// part is a literal (v is zero) or a variable.
type part struct {
	literal string
	v       Var
	arg     string // of a QueryValue, RequestField or ResponseField, as written
}

// Values supplies what the placeholders stand for. AppendVar appends the variable's value to dst and returns the
// extended slice; arg is the NAME of {query.NAME}, {request.NAME} or {response.NAME} as written, and empty
// otherwise. Whatever escaping the destination needs is AppendVar's task: literals are appended as they are.
type Values interface {
	AppendVar(dst []byte, v Var, arg string) []byte
}

// Append appends the text with its placeholders filled in. It allocates only when dst is too short.
func (t *Template) Append(dst []byte, values Values) []byte {
	for i := range t.parts {
		if p := &t.parts[i]; p.v == 0 {
			dst = append(dst, p.literal...)
		} else {
			dst = values.AppendVar(dst, p.v, p.arg)
		}
	}
	return dst
}

// Source is the text as it was compiled.
func (t *Template) Source() string { return t.source }

// String is the source, so that a Template prints as what was written.
func (t *Template) String() string { return t.source }

// Static returns the whole text, with doubled braces resolved, and whether it is free of placeholders and so the
// same for every request.
func (t *Template) Static() (string, bool) {
	var text strings.Builder
	for _, p := range t.parts {
		if p.v != 0 {
			return "", false
		}
		text.WriteString(p.literal)
	}
	return text.String(), true
}

// Vars yields the placeholders in order, each with its argument, so that a caller can prepare what will be asked for.
func (t *Template) Vars() iter.Seq2[Var, string] {
	return func(yield func(Var, string) bool) {
		for _, p := range t.parts {
			if p.v != 0 && !yield(p.v, p.arg) {
				return
			}
		}
	}
}

// Literals yields the text between the placeholders, in order, with doubled braces resolved.
func (t *Template) Literals() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range t.parts {
			if p.v == 0 && !yield(p.literal) {
				return
			}
		}
	}
}
