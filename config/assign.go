package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"vitrine/config/template"
)

// assign evaluates a setting, checks it and puts it into its field. A null is as if the setting were not written.
func (d *decoder) assign(s *setting, a *attr, owner any) {
	field := s.field(owner)
	if s.secret {
		d.hide(a.file, a.expr)
	}
	if s.kind.isList() {
		if elements := d.list(s, a); !a.null {
			d.assignList(s, elements, field)
		}
		return
	}
	if s.kind.isMap() {
		d.assignMap(s, a, field)
		return
	}
	l, ok := d.evalFor(s, a.file, a.expr)
	a.null = ok && l.value.IsNull()
	if !ok || a.null {
		return
	}
	switch s.kind {
	case kindBool:
		if v, ok := d.convert(s, l, cty.Bool); ok {
			store(field, v.True(), l)
		}
	case kindInt:
		if n, ok := d.number(s, l); ok && d.inBounds(s, l, n, decimal) {
			if s.check != nil {
				if problem := s.check(decimal(n)); problem != nil {
					d.problem(l, problem)
					return
				}
			}
			store(field, int(n), l)
		}
	case kindSize:
		if n, ok := d.size(s, l); ok && d.inBounds(s, l, n, formatSize) {
			store(field, n, l)
		}
	case kindDuration:
		if n, ok := d.duration(s, l); ok && d.inBounds(s, l, int64(n), nanoseconds) {
			store(field, n, l)
		}
	default:
		if text, ok := d.text(s, l); ok {
			d.assignText(s, text, l, field)
		}
	}
}

// store puts a value with its position into a field that holds one, or may hold one.
func store[T any](field any, v T, l located) {
	switch f := field.(type) {
	case *Value[T]:
		*f = Value[T]{v, l.pos}
	case **Value[T]:
		*f = &Value[T]{v, l.pos}
	default:
		panic(fmt.Sprintf("config: the schema puts a %T into a %T", v, field))
	}
}

func (d *decoder) assignText(s *setting, text string, l located, field any) {
	if s.kind == kindChoice && !slices.Contains(s.choices, text) {
		hint := "it may be " + oneOf(quotedAll(s.choices))
		if near := nearest(text, s.choices); near != "" {
			hint = "did you mean " + quoted(near) + "? " + hint
		}
		d.fail(l.at, fmt.Sprintf("%s cannot be %s", s.name, quoted(text)), hint)
		return
	}
	if s.check != nil {
		if problem := s.check(text); problem != nil {
			d.problem(l, problem)
			return
		}
	}
	switch s.kind {
	case kindTemplate:
		if t, ok := d.compile(text, s.scope, l); ok {
			store(field, t, l)
		}
	case kindAddress:
		if addr, err := netip.ParseAddr(text); err != nil {
			d.fail(l.at, quoted(text)+" is no address", `write, for example, "192.0.2.1" or "2001:db8::1"`)
		} else {
			store(field, addr.Unmap(), l)
		}
	case kindFolder:
		path := d.resolve(text, l)
		d.checkFolder(path, text, l)
		store(field, path, l)
	case kindSocket:
		if text != "" {
			text = d.resolve(text, l)
		}
		if len(text) > longestSocket {
			d.fail(l.at, fmt.Sprintf("this path of a socket has %d bytes, and %d are the most: %s", len(text), longestSocket, quoted(text)), "choose a shorter one")
			return
		}
		store(field, text, l)
	case kindRead:
		if text != "" {
			text = d.resolve(text, l)
			d.readable(s, text, l)
		}
		store(field, text, l)
	case kindFile:
		if text == "" {
			d.fail(l.at, s.name+" names no file", `write a path, "stdout" or "stderr"`)
			return
		}
		if text != "stdout" && text != "stderr" {
			text = d.resolve(text, l)
			d.checkParent(text, l)
		}
		store(field, text, l)
	default:
		store(field, text, l)
	}
}

// longestSocket is the longest path of a Unix socket: sun_path less the final NUL, unix(7).
const longestSocket = 107

// resolve makes a path absolute: it is relative to the file that says it.
func (d *decoder) resolve(path string, l located) string {
	if filepath.IsAbs(path) || l.file == nil {
		return filepath.Clean(path)
	}
	return filepath.Join(l.file.dir, path)
}

// compile compiles a template and points at the placeholder that is wrong.
func (d *decoder) compile(text string, scope template.Scope, l located) (*template.Template, bool) {
	t, err := template.Compile(text, scope)
	if err != nil {
		wrong := err.(*template.Error)
		at, exact := d.spot(l, wrong.Offset, wrong.End)
		out := Diagnostic{Severity: Error, Pos: d.position(at), End: d.endPosition(at), Summary: wrong.Message, Hint: wrong.Hint}
		if from := l.pos.Source; !exact && from != nil && (from.File != out.Pos.File || from.Line != out.Pos.Line) {
			out.Related = []Related{{*from, "the text comes from here"}}
		}
		d.append(out)
		return nil, false
	}
	return t, true
}

// problem reports what a check found in a text.
func (d *decoder) problem(l located, p *problem) {
	at, _ := d.spot(l, p.offset, p.end)
	d.fail(at, p.message, p.hint)
}

// assignLabel checks a label and puts it into its field.
func (d *decoder) assignLabel(l labels, text string, where located, field any) {
	if l.check != nil {
		if problem := l.check(text); problem != nil {
			d.problem(where, problem)
			return
		}
	}
	switch f := field.(type) {
	case *string:
		*f = text
	case *Value[string]:
		*f = Value[string]{text, where.pos}
	case *[]Value[string]:
		if l.name == "host" {
			text = normalHost(text)
		}
		*f = append(*f, Value[string]{text, where.pos})
	case *Value[*template.Template]:
		if t, ok := d.compile(text, l.scope, where); ok {
			*f = Value[*template.Template]{t, where.pos}
		}
	}
}

// evalFor evaluates an expression for a setting, which makes better hints.
func (d *decoder) evalFor(s *setting, f *file, expr hcl.Expression) (located, bool) {
	d.current = s
	defer func() { d.current = nil }()
	return d.eval(f, expr)
}

// list evaluates a list: element by element where it is written as one, so that each has its own place.
func (d *decoder) list(s *setting, a *attr) []located {
	var all []located
	if elements, diags := hcl.ExprList(a.expr); !diags.HasErrors() {
		for _, expr := range elements {
			if l, ok := d.evalFor(s, a.file, expr); ok && !l.value.IsNull() {
				all = append(all, l)
			}
		}
		return all
	}
	l, ok := d.evalFor(s, a.file, a.expr)
	a.null = ok && l.value.IsNull()
	if !ok || a.null {
		return nil
	}
	if t := l.value.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		d.wrongType(s, l)
		return nil
	}
	for it := l.value.ElementIterator(); it.Next(); {
		_, v := it.Element()
		element := l
		element.value, element.expr = v, nil
		element.file = nil // the text does not stand here: nothing inside it can be pointed at
		all = append(all, element)
	}
	return all
}

// text is a value as text.
func (d *decoder) text(s *setting, l located) (string, bool) {
	v, err := convert.Convert(l.value, cty.String)
	switch {
	case err == nil && !v.IsNull() && l.value.Type() != cty.Bool:
	case s.kind.isList() || s.kind.isMap():
		d.fail(l.at, fmt.Sprintf("each entry of %s is text in quotes, not %s", s.name, typeName(l.value)),
			fmt.Sprintf("write, for example, %s = %s", s.name, cmp.Or(s.example, s.initial)))
		return "", false
	default:
		d.wrongType(s, l)
		return "", false
	}
	text := v.AsString()
	if i := strings.IndexByte(text, 0); i >= 0 {
		d.problem(l, &problem{s.name + " contains a NUL byte", "remove it", i, i + 1})
		return "", false
	}
	return text, true
}

// convert gives a value the type a setting needs.
func (d *decoder) convert(s *setting, l located, t cty.Type) (cty.Value, bool) {
	v, err := convert.Convert(l.value, t)
	if err != nil || v.IsNull() {
		d.wrongType(s, l)
		return cty.NilVal, false
	}
	return v, true
}

// wrongType reports a value that is of another type than the setting.
func (d *decoder) wrongType(s *setting, l located) {
	kind := kinds[s.kind]
	example := kind.example
	switch {
	case s.kind.isList() && l.value.Type() == cty.String:
		example = "[" + quoted(l.value.AsString()) + "]"
	case s.kind == kindBool && l.value.Type() == cty.String:
		switch strings.ToLower(l.value.AsString()) {
		case "off", "no", "disabled":
			example = "false"
		}
	case s.kind == kindChoice:
		example = quoted(s.choices[0])
	case s.kind.isMap() || s.kind == kindInt || s.kind == kindTexts:
		example = cmp.Or(s.example, s.initial, example)
	}
	d.fail(l.at, fmt.Sprintf("%s takes %s, not %s", s.name, kind.article, typeName(l.value)), fmt.Sprintf("write, for example, %s = %s", s.name, example))
}

// typeName is what people call the type of a value.
func typeName(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "the text " + quoted(shortened(v.AsString()))
	case t == cty.Number:
		return "the number " + v.AsBigFloat().Text('f', -1)
	case t == cty.Bool && v.True():
		return "true"
	case t == cty.Bool:
		return "false"
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return "a list"
	}
	return "names and values in braces"
}

func shortened(text string) string {
	const enough = 40
	if len(text) <= enough {
		return text
	}
	return strings.ToValidUTF8(text[:enough], "") + "…"
}

// number is a whole number.
func (d *decoder) number(s *setting, l located) (int64, bool) {
	v, ok := d.convert(s, l, cty.Number)
	if !ok {
		return 0, false
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 {
		d.fail(l.at, s.name+" takes a whole number, not "+v.AsBigFloat().Text('g', 12), "")
		return 0, false
	}
	return n, true
}

// size is a number of bytes.
func (d *decoder) size(s *setting, l located) (int64, bool) {
	if l.value.Type() == cty.Number {
		return d.number(s, l)
	}
	text, ok := d.text(s, l)
	if !ok {
		return 0, false
	}
	n, problem := parseSize(text)
	if problem != nil {
		d.problem(l, problem)
	}
	return n, problem == nil
}

// duration is a time span. The only bare number is 0, since nothing else says its unit.
func (d *decoder) duration(s *setting, l located) (time.Duration, bool) {
	if l.value.Type() == cty.Number {
		n := l.value.AsBigFloat()
		if n.Sign() == 0 {
			return 0, true
		}
		number := n.Text('f', -1)
		d.fail(l.at, s.name+" does not say the unit of its "+number, fmt.Sprintf("write %q for seconds, or %q for milliseconds", number+"s", number+"ms"))
		return 0, false
	}
	text, ok := d.text(s, l)
	if !ok {
		return 0, false
	}
	n, problem := parseDuration(text)
	if problem != nil {
		d.problem(l, problem)
	}
	return n, problem == nil
}

// decimal and nanoseconds print numbers and durations, as formatSize prints sizes.
func decimal(n int64) string     { return strconv.FormatInt(n, 10) }
func nanoseconds(n int64) string { return formatDuration(time.Duration(n)) }

// inBounds reports a number outside the setting's bounds.
func (d *decoder) inBounds(s *setting, l located, n int64, show func(int64) string) bool {
	if s.min == 0 && s.max == 0 || n >= s.min && n <= s.max {
		return true
	}
	written := show(n)
	if l.value.Type() == cty.String {
		written = quoted(l.value.AsString())
	}
	d.fail(l.at, fmt.Sprintf("%s cannot be %s", s.name, written), fmt.Sprintf("it may be from %s to %s", show(s.min), show(s.max)))
	return false
}
