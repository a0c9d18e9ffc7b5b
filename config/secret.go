package config

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// hiddenText stands for a secret wherever values are shown.
const hiddenText = "(hidden)"

// span is a part of a text, in bytes.
type span struct{ from, to int }

// hide notes that what an expression says is a secret: its text is never quoted, nor that of the locals it uses, and the
// environment variables in it are not among those that are shown.
func (d *decoder) hide(f *file, expr hcl.Expression) {
	if f == nil || f.hidden == nil || d.defaulted {
		return
	}
	if pairs, diags := hcl.ExprMap(expr); !diags.HasErrors() {
		for _, p := range pairs { // the names are no secret
			d.hide(f, p.Value)
		}
		return
	}
	if _, name := expr.(*hclsyntax.ScopeTraversalExpr); !name {
		at := span{expr.Range().Start.Byte, expr.Range().End.Byte}
		if slices.Contains(*f.hidden, at) {
			return
		}
		*f.hidden = append(*f.hidden, at)
	}
	for _, use := range expr.Variables() {
		name := usedName(use)
		switch use.RootName() {
		case "env":
			d.hideVariable(name)
		case "local":
			if l := f.local(name); l != nil && !l.secret {
				l.secret = true
				d.hide(l.attr.file, l.attr.expr)
			}
		}
	}
	if native, ok := expr.(hclsyntax.Expression); ok {
		hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && call.Name == "env" && len(call.Args) > 0 {
				if v, diags := call.Args[0].Value(nil); !diags.HasErrors() && v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
					d.hideVariable(v.AsString())
				}
			}
			return nil
		})
	}
}

// fieldText is what is written for the value of a header field.
type fieldText struct {
	name string
	file *file
	expr hcl.Expression
}

// named remembers where the value of a name is written.
func (d *decoder) named(p pair, a *attr) {
	if d.defaulted {
		return
	}
	f := fieldText{p.name, p.value.file, p.value.expr}
	if f.expr == nil { // the names and values together are
		f.file, f.expr = a.file, a.expr
	}
	d.fields = append(d.fields, f)
}

// secretFields are the header fields whose values are secret by type.
var secretFields = []string{"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "Authentication-Info", "Proxy-Authentication-Info"}

// hideFields hides the values of secret header fields, by type or because the journeys block hides them, from whoever shows the
// lines. A message about such a line, which its author reads, has been made before.
func (d *decoder) hideFields() {
	secret := func(name string) bool {
		is := func(other string) bool { return strings.EqualFold(name, other) }
		return slices.ContainsFunc(secretFields, is) || slices.ContainsFunc(d.config.Journeys.Hide, func(h Value[string]) bool { return is(h.V) })
	}
	for _, f := range d.fields {
		if secret(f.name) {
			d.hide(f.file, f.expr)
		}
	}
	d.fields = nil
}

// hideVariable keeps an environment variable out of those that are shown.
func (d *decoder) hideVariable(name string) {
	d.secrets[name] = true
	delete(d.config.Variables, name)
}

// writtenToken finds a token where a file cannot be parsed, and so nothing says what is a secret.
var writtenToken = regexp.MustCompile(`^\s*(?:.*\{\s*)?"?token"?\s*[=:]\s*"`)

// masked is the line that begins at a byte of a source, with every character of a secret replaced.
func (s source) masked(start int, line string) string {
	covered := func(i int) bool {
		return s.hidden != nil && slices.ContainsFunc(*s.hidden, func(h span) bool { return h.from <= start+i && start+i < h.to })
	}
	if at := writtenToken.FindStringIndex(line); at != nil {
		end := len(line)
		if i := strings.IndexByte(line[at[1]:], '"'); i >= 0 {
			end = at[1] + i
		}
		before := covered
		covered = func(i int) bool { return before(i) || at[1] <= i && i < end }
	}
	var b strings.Builder
	for i, c := range line {
		if covered(i) && c != '"' && !unicode.IsSpace(c) {
			c = '*'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// shownLines are the lines of a source as they were read, without secrets.
func (s source) shownLines() []string {
	n := len(s.lines)
	if n > 1 && s.lines[n-1] == len(s.text) {
		n-- // behind the last line's end there is none
	}
	all := make([]string, n)
	for i := range all {
		all[i], _ = s.line(i + 1)
	}
	return all
}
