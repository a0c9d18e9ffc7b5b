package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"vitrine/trace"
)

// Show writes the effective configuration: every value that is in force, with the place that is responsible for it.
// It reads like a configuration file, with what is inherited repeated where it holds.
func (c *Config) Show(w io.Writer) error {
	var b bytes.Buffer
	document(schema, c).withoutSecrets().show(&b)
	_, err := w.Write(hclwrite.Format(b.Bytes()))
	return err
}

// withoutSecrets puts a word in place of every secret.
func (n *node) withoutSecrets() *node {
	for _, l := range n.lines {
		for i := range l.entries {
			if e := &l.entries[i]; l.setting.secret && e.value != "" {
				e.text, e.value = literal(hiddenText), hiddenText
			}
		}
	}
	for _, inner := range n.blocks {
		inner.withoutSecrets()
	}
	return n
}

func (n *node) show(b *bytes.Buffer) {
	for _, l := range n.lines {
		if !l.setting.kind.isMap() && samePlace(l.entries) {
			fmt.Fprintf(b, "%s = %s # %s\n", l.setting.name, render(l.setting.kind, l.entries), origin(l.entries[0].pos))
			continue
		}
		open, end := "{", "}"
		if l.setting.kind.isList() {
			open, end = "[", "]"
		}
		fmt.Fprintf(b, "%s = %s\n", l.setting.name, open)
		for _, e := range l.entries {
			if l.setting.kind.isMap() {
				fmt.Fprintf(b, "%s = %s # %s\n", keyText(e.name), e.text, origin(e.pos))
			} else {
				fmt.Fprintf(b, "%s, # %s\n", e.text, origin(e.pos))
			}
		}
		fmt.Fprintf(b, "%s\n", end)
	}
	for i, inner := range n.blocks {
		if len(inner.lines)+len(inner.blocks)+len(inner.labels) == 0 && inner.schema.part {
			continue
		}
		if len(n.lines) > 0 || i > 0 {
			b.WriteByte('\n')
		}
		where := ""
		if !inner.pos.IsZero() {
			where = " # " + origin(inner.pos)
		}
		fmt.Fprintf(b, "%s {%s\n", inner.head(), where)
		inner.show(b)
		b.WriteString("}\n")
	}
}

// samePlace reports whether all entries come from one line.
func samePlace(all []entry) bool {
	for _, e := range all {
		if e.pos.File != all[0].pos.File || e.pos.Line != all[0].pos.Line || e.pos.Origin != all[0].pos.Origin {
			return false
		}
	}
	return true
}

// origin says in words where a value comes from.
func origin(pos trace.Position) string {
	text := pos.String()
	switch pos.Origin {
	case trace.Default, trace.Written:
	case trace.Flag:
		text += ", flag"
	default:
		text += ", " + pos.Origin.String()
	}
	if s := pos.Source; s != nil && s.String() != pos.String() {
		text += ", from " + origin(*s)
	} else if s != nil && s.Origin != pos.Origin {
		text += ", " + s.Origin.String()
	}
	return text
}

// jsonPosition is a Position in JSON.
type jsonPosition struct {
	File   string        `json:"file,omitempty"`
	Line   int           `json:"line,omitempty"`
	Column int           `json:"column,omitempty"`
	Origin string        `json:"origin"`
	Source *jsonPosition `json:"source,omitempty"`
}

func inJSON(pos trace.Position) *jsonPosition {
	out := &jsonPosition{pos.File, pos.Line, pos.Column, pos.Origin.String(), nil}
	if pos.Source != nil {
		out.Source = inJSON(*pos.Source)
	}
	return out
}

// jsonValue is a value with its place in JSON.
type jsonValue struct {
	Value    any           `json:"value"`
	Position *jsonPosition `json:"position"`
}

// ShowJSON writes the same as Show for programs: each value as {"value": …, "position": {…}}, sizes in bytes and
// durations in seconds; blocks that may be repeated as lists.
func (c *Config) ShowJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document(schema, c).withoutSecrets().json())
}

func (n *node) json() map[string]any {
	out := make(map[string]any)
	if t := n.schema.labels; t.name != "" {
		name := t.name
		if t.instead != "" {
			name = t.instead
		}
		out[name] = jsonEntries(kindTexts, n.labels, t.max != 1)
	}
	for _, l := range n.lines {
		out[l.setting.name] = jsonEntries(l.setting.kind, l.entries, l.setting.kind.isList())
	}
	for _, inner := range n.blocks {
		if !inner.schema.many {
			out[inner.schema.name] = inner.json()
			continue
		}
		list, _ := out[inner.schema.name].([]any)
		out[inner.schema.name] = append(list, inner.json())
	}
	return out
}

func jsonEntries(k kind, all []entry, list bool) any {
	if k.isMap() {
		out := make(map[string]jsonValue)
		for _, e := range all {
			out[e.name] = jsonValue{e.value, inJSON(e.pos)}
		}
		return out
	}
	out := make([]jsonValue, 0, len(all))
	for _, e := range all {
		out = append(out, jsonValue{e.value, inJSON(e.pos)})
	}
	if !list && len(out) == 1 {
		return out[0]
	}
	return out
}

// MarshalJSON writes the Diagnostics as a list, sorted by place, for editors and other programs.
func (ds *Diagnostics) MarshalJSON() ([]byte, error) {
	type related struct {
		Position *jsonPosition `json:"position"`
		Text     string        `json:"text"`
	}
	type diagnostic struct {
		Severity string        `json:"severity"`
		Summary  string        `json:"summary"`
		Detail   string        `json:"detail,omitempty"`
		Hint     string        `json:"hint,omitempty"`
		Position *jsonPosition `json:"position,omitempty"`
		End      *jsonPosition `json:"end,omitempty"`
		Related  []related     `json:"related,omitempty"`
	}
	all := make([]diagnostic, 0, len(ds.list))
	for _, d := range ds.All() {
		out := diagnostic{Severity: d.Severity.String(), Summary: d.Summary, Detail: d.Detail, Hint: d.Hint}
		if !d.Pos.IsZero() {
			out.Position = inJSON(d.Pos)
		}
		if !d.End.IsZero() {
			out.End = inJSON(d.End)
		}
		for _, r := range d.Related {
			out.Related = append(out.Related, related{inJSON(r.Pos), r.Text})
		}
		all = append(all, out)
	}
	return json.Marshal(all)
}
