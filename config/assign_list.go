package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"vitrine/config/template"
)

// assignList checks the elements of a list and puts them into their field, in place of what was inherited.
func (d *decoder) assignList(s *setting, elements []located, field any) {
	switch f := field.(type) {
	case *[]Value[string]:
		if !s.more {
			*f = nil
		}
		for _, l := range elements {
			if text, ok := d.checkedText(s, l); ok {
				if s.name == "hosts" {
					text = normalHost(text)
				}
				*f = append(*f, Value[string]{text, l.pos})
			}
		}
	case *[]Value[netip.Prefix]:
		*f = nil
		for _, l := range elements {
			if text, ok := d.text(s, l); ok {
				parse := parseNetwork
				if s.kind == kindInterfaces {
					parse = parseOwnAddress
				}
				network, problem := parse(text)
				if problem != nil {
					d.problem(l, problem)
					continue
				}
				*f = append(*f, Value[netip.Prefix]{network, l.pos})
			}
		}
	case *[]Value[netip.AddrPort]:
		*f = nil
		for _, l := range elements {
			if text, ok := d.text(s, l); ok {
				address, problem := parseSocket(text)
				if problem != nil {
					d.problem(l, problem)
					continue
				}
				*f = append(*f, Value[netip.AddrPort]{address, l.pos})
			}
		}
	case *[]Value[netip.Addr]:
		*f = nil
		for _, l := range elements {
			if text, ok := d.text(s, l); ok {
				address, problem := parseGateway(text)
				if problem != nil {
					d.problem(l, problem)
					continue
				}
				*f = append(*f, Value[netip.Addr]{address, l.pos})
			}
		}
	case *headerField:
		for _, l := range elements {
			if name, ok := d.text(s, l); ok && d.headerName(f.action, name, l) {
				*f.rules = append(*f.rules, HeaderRule{Action: f.action, Name: name, Pos: l.pos, When: f.when})
			}
		}
	default:
		panic(fmt.Sprintf("config: the schema puts a list into a %T", field))
	}
}

func (d *decoder) checkedText(s *setting, l located) (string, bool) {
	text, ok := d.text(s, l)
	if !ok {
		return "", false
	}
	if s.check != nil {
		if problem := s.check(text); problem != nil {
			d.problem(l, problem)
			return "", false
		}
	}
	return text, true
}

// pair is one name of a map and what it stands for.
type pair struct {
	name       string
	key, value located
}

// pairs evaluates a map: pair by pair where it is written as one, so that each has its own place.
func (d *decoder) pairs(s *setting, a *attr) []pair {
	var all []pair
	if static, diags := hcl.ExprMap(a.expr); !diags.HasErrors() {
		for _, p := range static {
			key, ok := d.evalFor(s, a.file, p.Key)
			value, alsoOK := d.evalFor(s, a.file, p.Value)
			if !ok || !alsoOK {
				continue
			}
			if key.value.IsNull() || key.value.Type() != cty.String {
				d.fail(key.at, "this name is not text", "")
				continue
			}
			all = append(all, pair{key.value.AsString(), key, value})
		}
		return all
	}
	l, ok := d.evalFor(s, a.file, a.expr)
	a.null = ok && l.value.IsNull()
	if !ok || a.null {
		return nil
	}
	if t := l.value.Type(); !t.IsObjectType() && !t.IsMapType() {
		d.wrongType(s, l)
		return nil
	}
	members := l.value.AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := l
		value.value, value.expr, value.file = members[name], nil, nil
		all = append(all, pair{name, l, value})
	}
	return all
}

// assignMap checks the names and values of a map and puts them into their field.
func (d *decoder) assignMap(s *setting, a *attr, field any) {
	first := make(map[string]pair)
	for _, p := range d.pairs(s, a) {
		if p.value.value.IsNull() {
			continue
		}
		d.named(p, a)
		lower := strings.ToLower(p.name)
		if before, twice := first[lower]; twice {
			d.failRelated(p.key.at, p.name+" is named twice", "keep one of them", before.key.at, "it is named here first")
			continue
		}
		first[lower] = p
		switch f := field.(type) {
		case *map[string]Value[string]:
			d.assignExtension(s, p, f)
		case *[]Variable:
			d.assignVariable(s, p, f)
		case *[]Named:
			d.assignNamed(s, p, f)
		case *[]HeaderExpect:
			if text, ok := d.checkedText(s, p.value); ok {
				if problem := checkFieldName(p.name); problem != nil {
					d.problem(p.key, problem)
					continue
				}
				*f = append(*f, HeaderExpect{p.name, Value[string]{text, p.value.pos}})
			}
		case *headerField:
			d.assignHeader(s, p, f)
		case *[]Param:
			d.assignParam(s, p, f)
		default:
			panic(fmt.Sprintf("config: the schema puts names and values into a %T", field))
		}
	}
}

func (d *decoder) assignExtension(s *setting, p pair, types *map[string]Value[string]) {
	media, ok := d.checkedText(s, p.value)
	if problem := checkExtension(p.name); problem != nil {
		d.problem(p.key, problem)
		return
	}
	if !ok {
		return
	}
	if *types == nil {
		*types = make(map[string]Value[string])
	}
	(*types)[strings.ToLower(p.name)] = Value[string]{media, p.value.pos}
}

func (d *decoder) assignHeader(s *setting, p pair, f *headerField) {
	if !d.headerName(f.action, p.name, p.key) {
		return
	}
	text, ok := d.text(s, p.value)
	if !ok {
		return
	}
	if problem := checkFieldValue(text); problem != nil {
		d.problem(p.value, problem)
		return
	}
	value, ok := d.compile(text, s.scope, p.value)
	if !ok {
		return
	}
	*f.rules = append(*f.rules, HeaderRule{f.action, p.name, value, p.key.pos, f.when})
}

// headerName checks the name of a header rule.
func (d *decoder) headerName(action HeaderAction, name string, l located) bool {
	problem := checkFieldName(name)
	if problem == nil {
		problem = checkOwnField(action, name)
	}
	if problem != nil {
		d.problem(l, problem)
	}
	return problem == nil
}

// literalText is the text of a template that has no placeholders, or "".
func literalText(t *template.Template) string {
	if t == nil {
		return ""
	}
	text, _ := t.Static()
	return text
}
