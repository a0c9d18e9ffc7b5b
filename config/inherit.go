package config

import (
	"reflect"
	"slices"
	"strings"

	"vitrine/trace"
)

// inherited is a copy for an enclosed block: every position says that the value was written outside.
func (s *Settings) inherited() Settings {
	out := *s
	inheritIn(reflect.ValueOf(&out).Elem())
	for _, p := range out.Errors.Pages {
		p.Outward++
	}
	return out
}

var (
	positionType = reflect.TypeFor[trace.Position]()
	ownTypes     = reflect.TypeFor[Settings]().PkgPath()
)

// inheritIn marks every position in a part of the settings as inherited, and makes what the part points to its own: lists, maps
// and blocks. Of other packages' types only positions are looked into, since their values, such as templates, never change.
func inheritIn(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == positionType {
			pos := v.Addr().Interface().(*trace.Position)
			*pos = inheritedPosition(*pos)
			return
		}
		if v.Type().PkgPath() != ownTypes {
			return
		}
		for i := range v.NumField() {
			inheritIn(v.Field(i))
		}
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().PkgPath() != ownTypes {
			return
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(v.Elem())
		inheritIn(out.Elem())
		v.Set(out)
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(v.Index(i))
			inheritIn(out.Index(i))
		}
		v.Set(out)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		out := reflect.MakeMapWithSize(v.Type(), v.Len())
		for name, each := range v.Seq2() {
			value := reflect.New(each.Type()).Elem()
			value.Set(each)
			inheritIn(value)
			out.SetMapIndex(name, value)
		}
		v.Set(out)
	}
}

// inheritedPosition marks a position as inherited. A default stays one, and what came from the environment or from
// an included file keeps that as its source.
func inheritedPosition(pos trace.Position) trace.Position {
	switch {
	case pos.Origin == trace.Default || pos.Origin == trace.Inherited || pos.IsZero():
		return pos
	case pos.Source == nil && pos.Origin != trace.Written:
		source := pos
		pos.Source = &source
	}
	pos.Origin = trace.Inherited
	return pos
}

// isOwn reports whether a value was written where it is, and not outside or by nobody.
func isOwn(pos trace.Position) bool {
	return pos.Origin != trace.Inherited && pos.Origin != trace.Default && !(pos.IsZero() && pos.Origin == trace.Written)
}

// headerGroups parts rules into the header blocks they can be printed as: a block has one map for each action, printed
// in the order of the actions, and the order of rules must not change. What is inherited and what is not never share
// a block.
func headerGroups(rules []HeaderRule) []any {
	var groups []any
	for i, r := range rules {
		if len(groups) > 0 && fits(*groups[len(groups)-1].(*headerLines).rules, r) {
			into := groups[len(groups)-1].(*headerLines).rules
			*into = append(*into, r)
			continue
		}
		group := slices.Clip(rules[i : i+1])
		when := r.When
		if when == nil {
			when = &HeaderWhen{}
		}
		groups = append(groups, &headerLines{&group, when})
	}
	return groups
}

// fits reports whether a rule may follow the others in one block.
func fits(group []HeaderRule, r HeaderRule) bool {
	last := group[len(group)-1]
	return last.When == r.When && isOwn(last.Pos) == isOwn(r.Pos) && r.Action >= last.Action &&
		!slices.ContainsFunc(group, func(g HeaderRule) bool { return g.Action == r.Action && strings.EqualFold(g.Name, r.Name) })
}
