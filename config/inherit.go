package config

import (
	"slices"
	"strings"

	"vitrine/trace"
)

// inherited is a copy for an enclosed block: every position says that the value was written outside.
func (s *Settings) inherited() Settings {
	out := *s
	if s.Root != nil {
		root := inherit(*s.Root)
		out.Root = &root
	}
	out.StripPrefix = inherit(s.StripPrefix)
	out.BodyBytes = inherit(s.BodyBytes)
	out.Compress = s.Compress.inherited()
	out.CGI = s.CGI.inherited()

	out.Files = Files{
		Index: inheritAll(s.Files.Index), Listing: inherit(s.Files.Listing), Hidden: inherit(s.Files.Hidden),
		Methods: inheritAll(s.Files.Methods), Links: inherit(s.Files.Links), List: s.Files.List.inherited(),
	}
	if m := s.Files.Missing; m != nil {
		out.Files.Missing = &Missing{inherit(m.Path), inherit(m.Status), inheritedPosition(m.Pos)}
	}

	out.Homes, out.Errors, out.Expires = s.Homes.inherited(), s.Errors.inherited(), s.Expires.inherited()

	out.Headers = slices.Clone(s.Headers)
	for i := range out.Headers {
		out.Headers[i].Pos = inheritedPosition(out.Headers[i].Pos)
		out.Headers[i].When = out.Headers[i].When.inherited()
	}

	out.Types = s.Types.inherited()
	out.Negotiate = s.Negotiate.inherited()

	out.SSI = s.SSI.inherited()
	out.Augment, out.Balance, out.Nearer = s.Augment.inherited(), s.Balance.inherited(), s.Nearer.inherited()

	out.Guard = s.Guard.inherited()
	out.Rate = s.Rate.inherited()

	l := s.Access
	out.Access = Log{
		Off: inherit(l.Off), Names: inherit(l.Names), Format: inherit(l.Format), Custom: inherit(l.Custom), File: inherit(l.File),
		Rotate: Rotate{inherit(l.Rotate.Size), inherit(l.Rotate.Age), inherit(l.Rotate.Keep)},
		Buffer: inherit(l.Buffer), Flush: inherit(l.Flush), Pos: inheritedPosition(l.Pos),
	}
	return out
}

func inherit[T any](v Value[T]) Value[T] {
	v.Pos = inheritedPosition(v.Pos)
	return v
}

func inheritAll[T any](values []Value[T]) []Value[T] {
	out := make([]Value[T], len(values))
	for i, v := range values {
		out[i] = inherit(v)
	}
	return out
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
