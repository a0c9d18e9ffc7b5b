package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"vitrine/config/template"
	"vitrine/trace"
)

// node is one block of a Config, ready to be printed: the way back from values to text, along the same schema.
type node struct {
	schema *blockType
	labels []entry
	lines  []line
	blocks []*node
	pos    trace.Position
}

// line is one setting.
type line struct {
	setting *setting
	entries []entry // one, or those of a list or map
	initial bool    // every entry is what the schema says when nobody says anything
}

// entry is one value with its place.
type entry struct {
	name  string // in a map
	text  string // as written in a file
	value any    // as it is in JSON
	pos   trace.Position
}

// document makes the tree of a value, with everything that is in force in it.
func document(t *blockType, value any) *node {
	n := &node{schema: t, pos: blockPosition(value)}
	if t.labels.name != "" {
		n.labels = entries(kindTexts, t.labels.field(value))
	}
	for _, s := range t.settings {
		if s.field == nil || s.more || t.labels.instead == s.name || !servesFiles(value) && s == stripPrefixSetting {
			continue
		}
		if found := entries(s.kind, s.field(value)); len(found) > 0 {
			n.lines = append(n.lines, line{s, found, s.initial != "" && render(s.kind, found) == s.initial})
		}
	}
	for _, inner := range t.blocks {
		if inner.each == nil || !servesFiles(value) && (inner == filesBlock || inner == typesBlock || inner == ssiBlock) {
			continue
		}
		for _, v := range inner.each(value) {
			if s, ok := v.(*SSI); ok && s.unsaid() {
				continue
			}
			n.blocks = append(n.blocks, document(inner, v))
		}
	}
	return n
}

// servesFiles is false for a route that answers in another way: settings about files have no meaning there.
func servesFiles(value any) bool {
	r, isRoute := value.(*Route)
	return !isRoute || r.Respond == nil && r.Redirect == nil && r.Application == nil
}

// blockPosition is where a block was written.
func blockPosition(value any) trace.Position {
	switch v := value.(type) {
	case *Network:
		return v.Pos
	case *Admin:
		return v.Pos
	case *OTLP:
		return v.Pos
	case *Listen:
		return v.Pos
	case *Site:
		return v.Pos
	case *Route:
		return v.Pos
	case *Missing:
		return v.Pos
	case *Homes:
		return v.Pos
	case *ErrorPage:
		return v.Pos
	case *Respond:
		return v.Pos
	case *Auth:
		return v.Pos
	case *Proxies:
		return v.Pos
	case *Redirect:
		return v.Pos
	case *FastCGI:
		return v.Pos
	case *Compress:
		return v.Pos
	case *CGI:
		return v.Pos
	case *Application:
		return v.Pos
	case *Expect:
		return v.Pos
	case somewhere:
		return *v.place()
	case *headerLines: // each rule has its own place; only where they all come from counts
		if first := (*v.rules)[0].Pos; !isOwn(first) {
			return trace.Position{Origin: first.Origin}
		}
	}
	return trace.Position{}
}

// entries lists what a field holds.
func entries(k kind, field any) []entry {
	text := func(v Value[string]) entry { return entry{text: literal(v.V), value: v.V, pos: v.Pos} }
	switch f := field.(type) {
	case *string:
		return []entry{{text: literal(*f), value: *f}}
	case *Value[string]:
		if f.V == "" && f.Pos.Origin == trace.Default && k != kindText {
			return nil
		}
		return []entry{text(*f)}
	case **Value[string]:
		if *f != nil {
			return []entry{text(**f)}
		}
	case *Value[bool]:
		return []entry{{text: strconv.FormatBool(f.V), value: f.V, pos: f.Pos}}
	case *Value[int]:
		return []entry{{text: strconv.Itoa(f.V), value: f.V, pos: f.Pos}}
	case **Value[int]:
		if *f != nil {
			return entries(k, *f)
		}
	case *Value[int64]:
		shown := formatSize(f.V)
		if f.V != 0 {
			shown = literal(shown)
		}
		return []entry{{text: shown, value: f.V, pos: f.Pos}}
	case *Value[time.Duration]:
		shown := "0"
		if f.V != 0 {
			shown = literal(formatDuration(f.V))
		}
		return []entry{{text: shown, value: f.V.Seconds(), pos: f.Pos}}
	case **Value[time.Duration]:
		if *f != nil {
			return entries(k, *f)
		}
	case *[]Named:
		return namedEntries(*f, func(n Named) (string, Value[string]) { return n.Name, n.Value })
	case *Value[netip.Addr]:
		return []entry{{text: literal(f.V.String()), value: f.V.String(), pos: f.Pos}}
	case *Value[*template.Template]:
		if f.V != nil {
			return []entry{{text: literal(f.V.Source()), value: f.V.Source(), pos: f.Pos}}
		}
	case *[]Value[string]:
		return eachEntry(*f, func(s string) string { return s })
	case *[]Value[netip.Prefix]:
		if k == kindInterfaces {
			return eachEntry(*f, netip.Prefix.String)
		}
		return eachEntry(*f, shortNetwork)
	case *[]Value[netip.Addr]:
		return eachEntry(*f, netip.Addr.String)
	case *[]Value[netip.AddrPort]:
		return eachEntry(*f, netip.AddrPort.String)
	case *map[string]Value[string]:
		return namedEntries(slices.Sorted(maps.Keys(*f)), func(name string) (string, Value[string]) { return name, (*f)[name] })
	case *[]HeaderExpect:
		return namedEntries(*f, func(h HeaderExpect) (string, Value[string]) { return h.Name, h.Value })
	case *[]Variable:
		return namedEntries(*f, func(v Variable) (string, Value[string]) { return v.Name, v.Value })
	case *headerField:
		return headerEntries(f)
	case *[]Param:
		var all []entry
		for _, p := range *f {
			all = append(all, entry{p.Name, literal(p.Value.V.Source()), p.Value.V.Source(), p.Value.Pos})
		}
		return all
	default:
		panic(fmt.Sprintf("config: nothing prints a %T", field))
	}
	return nil
}

func eachEntry[T any](values []Value[T], show func(T) string) []entry {
	var all []entry
	for _, v := range values {
		all = append(all, entry{text: literal(show(v.V)), value: show(v.V), pos: v.Pos})
	}
	return all
}

func namedEntries[T any](all []T, of func(T) (string, Value[string])) []entry {
	out := make([]entry, len(all))
	for i, each := range all {
		name, v := of(each)
		out[i] = entry{name, literal(v.V), v.V, v.Pos}
	}
	return out
}

func headerEntries(f *headerField) []entry {
	var all []entry
	for _, r := range *f.rules {
		switch {
		case r.Action != f.action:
		case r.Value == nil:
			all = append(all, entry{text: literal(r.Name), value: r.Name, pos: r.Pos})
		default:
			all = append(all, entry{r.Name, literal(r.Value.Source()), r.Value.Source(), r.Pos})
		}
	}
	return all
}

// shortNetwork is a network, or the address when it is the only one in it.
func shortNetwork(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// literal writes a text as a string of the language.
func literal(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}

// keyText writes a name of a map.
func keyText(name string) string {
	if hclsyntax.ValidIdentifier(name) && name != "for" {
		return name
	}
	return literal(name)
}

// render writes the value of a setting in one line.
func render(k kind, all []entry) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = e.text
		if k.isMap() {
			texts[i] = keyText(e.name) + " = " + e.text
		}
	}
	switch {
	case k.isMap():
		return "{ " + strings.Join(texts, ", ") + " }"
	case k.isList():
		return "[" + strings.Join(texts, ", ") + "]"
	}
	return strings.Join(texts, "")
}
