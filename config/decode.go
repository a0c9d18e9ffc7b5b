package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"vitrine/trace"
)

// decode puts what a body says into value, as the schema tells.
func (d *decoder) decode(t *blockType, b *body, value any) {
	seen := make(map[string]*attr)
	for _, a := range b.attrs {
		s := t.setting(a.name)
		switch first := seen[a.name]; {
		case s == nil && t.block(a.name) != nil:
			d.fail(a.at, fmt.Sprintf("%s is a block, not a setting", a.name), "write "+t.written(a.name)+", without =")
		case s == nil:
			d.unknown(t, "setting", a.name, a.at)
		case first != nil:
			d.failRelated(a.at, a.name+" is set twice", "keep one of them", first.at, "it is set here first")
		default:
			seen[a.name] = a
			if s.field != nil {
				d.assign(s, a, value)
			}
		}
	}
	once := make(map[string]*block)
	for _, late := range []bool{false, true} {
		for _, inner := range b.blocks {
			it := t.block(inner.name)
			switch {
			case it == nil && !late && t.setting(inner.name) != nil:
				d.fail(inner.at, fmt.Sprintf("%s is a setting, not a block", inner.name), settingHint(t, inner.name))
			case it == nil && !late:
				d.unknownBlock(t, inner)
			case it == nil || it.late != late:
			case !it.many && once[inner.name] != nil:
				d.failRelated(inner.head, fmt.Sprintf("%s has only one %s block", t.title(), inner.name), "put the settings of both into one",
					once[inner.name].head, "the first one is here")
			default:
				once[inner.name] = inner
				d.open(it, inner, value)
			}
		}
	}
}

// settingHint says how a setting that was written as a block is written, and which block may have been meant.
func settingHint(t *blockType, name string) string {
	for _, b := range t.blocks {
		if slices.Contains(b.also, name) {
			return "did you mean " + t.written(b.name) + "? The setting is written " + name + " = …"
		}
	}
	return "write " + name + " = …"
}

// open decodes one block into the value that the schema makes or finds for it.
func (d *decoder) open(t *blockType, b *block, owner any) {
	value := t.open(d, owner)
	if !t.part {
		d.defaults(t, value)
	}
	stamp(value, d.position(b.at))
	d.written[value] = b
	before := d.diags.errors()
	d.assignLabels(t, b, value)
	d.decode(t, b.body, value)
	b.body.lost = b.body.lost || d.diags.errors() > before
	if t.done != nil {
		t.done(d, b, value)
	}
}

// stamp puts the place of a block into its value.
func stamp(value any, pos trace.Position) {
	switch v := value.(type) {
	case *Network:
		v.Pos = pos
	case *Admin:
		v.Pos = pos
	case *OTLP:
		v.Pos = pos
	case *Listen:
		v.Pos = pos
	case *Site:
		v.Pos = pos
	case *Route:
		v.Pos = pos
	case *Missing:
		v.Pos = pos
	case *Homes:
		v.Pos = pos
	case *ErrorPage:
		v.Pos = pos
	case *Expires:
		v.Pos = pos
	case *Respond:
		v.Pos = pos
	case *Access:
		v.Pos = pos
	case *Auth:
		v.Pos = pos
	case *Rate:
		v.Pos = pos
	case *Proxies:
		v.Pos = pos
	case *Redirect:
		v.Pos = pos
	case *FastCGI:
		v.Pos = pos
	case *Log:
		v.Pos = pos
	case *Compress:
		v.Pos = pos
	case *CGI:
		v.Pos = pos
	case *Application:
		v.Pos = pos
	case *Expect:
		v.Pos = pos
	case somewhere:
		*v.place() = pos
	}
}

// somewhere is a value that knows where its block was written.
type somewhere interface{ place() *trace.Position }

func (d *decoder) assignLabels(t *blockType, b *block, value any) {
	l := t.labels
	switch n := len(b.labels); {
	case n > 0 && l.name == "":
		d.fail(b.labels[0].at, t.title()+" has no label", "remove "+quoted(b.labels[0].text))
		return
	case l.max >= 0 && n > l.max:
		d.fail(b.labels[l.max].at, fmt.Sprintf("%s has one %s", t.title(), l.name), "remove "+quoted(b.labels[l.max].text)+", or write another block for it")
	case n < l.min && b.body.whole():
		d.fail(b.head, fmt.Sprintf("%s needs a %s", t.title(), l.name), "write, for example, "+firstLine(t.example))
	}
	for i, label := range b.labels {
		if l.max >= 0 && i >= l.max {
			break
		}
		where := located{pos: d.position(label.at), at: label.at, file: b.file}
		d.assignLabel(l, label.text, where, l.field(value))
	}
}

// needLabels reports a block that says its labels neither as labels nor as the setting that may stand for them.
func (d *decoder) needLabels(b *block, have int) {
	if have > 0 || !b.body.whole() {
		return
	}
	t := d.root.find(b.name)
	d.fail(b.head, fmt.Sprintf("%s needs %s %s", t.title(), article(t.labels.name), t.labels.name), "write, for example, "+firstLine(t.example))
}

// find is the block type of that name, wherever it may stand.
func (t *blockType) find(name string) *blockType {
	var found *blockType
	t.walk(nil, func(_ []string, b *blockType) {
		if b.name == name {
			found = b
		}
	})
	return found
}

// allDefaults puts the defaults into a value and all the parts it always has.
func (d *decoder) allDefaults(t *blockType, value any) {
	d.defaults(t, value)
	for _, inner := range t.blocks {
		if inner.part {
			for _, v := range inner.each(value) {
				d.allDefaults(inner, v)
			}
		}
	}
}

// defaults puts the defaults of the block's own settings into a value, marked as such.
func (d *decoder) defaults(t *blockType, value any) {
	d.defaulted = true
	defer func() { d.defaulted = false }()
	for _, s := range t.settings {
		if s.field == nil {
			continue
		}
		if s.initial == "" {
			markDefault(s.field(value))
			continue
		}
		expr, diags := hclsyntax.ParseExpression([]byte(s.initial), "", hcl.InitialPos)
		if diags.HasErrors() {
			panic("config: the default of " + s.name + " is malformed: " + diags.Error())
		}
		d.assign(s, &attr{name: s.name, expr: expr, file: &file{}}, value)
	}
}

// markDefault marks a value that nothing has been put into yet as the default.
func markDefault(field any) {
	switch v := field.(type) {
	case *Value[string]:
		setDefault(v)
	case *Value[int64]:
		setDefault(v)
	}
}

func setDefault[T any](v *Value[T]) {
	if v.Pos == (trace.Position{}) {
		v.Pos.Origin = trace.Default
	}
}

// fail reports an error.
func (d *decoder) fail(at hcl.Range, summary, hint string) { d.report(Error, at, summary, hint) }

// warn reports a warning.
func (d *decoder) warn(at hcl.Range, summary, hint string) { d.report(Warning, at, summary, hint) }

func (d *decoder) report(severity Severity, at hcl.Range, summary, hint string) {
	d.append(Diagnostic{Severity: severity, Pos: d.position(at), End: d.endPosition(at), Summary: summary, Hint: hint})
}

// failRelated reports an error that another place explains.
func (d *decoder) failRelated(at hcl.Range, summary, hint string, other hcl.Range, text string) {
	d.append(Diagnostic{Severity: Error, Pos: d.position(at), End: d.endPosition(at), Summary: summary, Hint: hint,
		Related: []Related{{Pos: d.position(other), Text: text}}})
}

// failAt reports an error about a value that is in the configuration already, and the places that explain it.
func (d *decoder) failAt(pos trace.Position, summary, hint string, related ...Related) {
	d.append(Diagnostic{Severity: Error, Pos: pos, Summary: summary, Hint: hint, Related: related})
}

// warnAt comments on a value that is in the configuration already.
func (d *decoder) warnAt(pos trace.Position, summary, hint string, related ...Related) {
	d.append(Diagnostic{Severity: Warning, Pos: pos, Summary: summary, Hint: hint, Related: related})
}

// append keeps a Diagnostic, unless a syntax error makes it doubtful or it was said before.
func (d *decoder) append(diag Diagnostic) {
	if f := d.byName[diag.Pos.File]; f != nil && (f.unread[diag.Pos.Line] || f.doubtful > 0 && diag.Pos.Line >= f.doubtful) {
		return
	}
	if !slices.ContainsFunc(d.diags.list, func(old Diagnostic) bool { return old.Pos == diag.Pos && old.Summary == diag.Summary }) {
		d.diags.Append(diag)
	}
}

// unknownBlock reports a block that means nothing where it stands.
func (d *decoder) unknownBlock(t *blockType, b *block) {
	if b.file.broken && d.root.block(b.name) != nil {
		return // a } that is missing or too many has put it there
	}
	d.unknown(t, "block", b.name, b.at)
}
