package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"vitrine/trace"
)

// local is one name of a locals block. It is evaluated when it is first used.
type local struct {
	attr  *attr
	state localState
	used  bool
	// secret says that it is used for a secret, and so is one.
	secret bool
	value  cty.Value
	pos    trace.Position // of the definition, or of what the definition was read from
}

type localState uint8

const (
	localNew localState = iota
	localBusy
	localDone
	localFailed
)

// located is a value with the place it stands at.
type located struct {
	value cty.Value
	pos   trace.Position
	at    hcl.Range
	expr  hcl.Expression // nil for a label
	file  *file
}

// eval evaluates an expression of a file. It reports what is wrong itself and returns false then.
func (d *decoder) eval(f *file, expr hcl.Expression) (located, bool) {
	out := located{at: expr.Range(), expr: expr, file: f}
	out.pos = d.position(out.at)
	env, locals := make(map[string]cty.Value), make(map[string]cty.Value)
	var unset []hcl.Traversal
	spoilt := false // by a local that is reported elsewhere
	for _, use := range expr.Variables() {
		name := usedName(use)
		switch use.RootName() {
		case "env":
			if text, set := d.lookup(name, use.SourceRange()); set {
				env[name] = cty.StringVal(text)
				out.pos.Origin = trace.Environment
				if mention := d.position(use.SourceRange()); mention != out.pos {
					mention.Origin = trace.Environment
					out.pos.Source = &mention
				}
			} else if name != "" {
				unset = append(unset, use)
			}
		case "local":
			l := f.local(name)
			if l == nil || name == "" {
				continue
			}
			if d.evalLocal(l, use) {
				locals[name] = l.value
				if out.pos.Source == nil {
					source := l.pos
					out.pos.Source = &source
				}
			} else {
				spoilt = true
			}
		}
	}
	d.envCalled = false
	value, diags := expr.Value(&hcl.EvalContext{
		Variables: map[string]cty.Value{"env": cty.ObjectVal(env), "local": cty.ObjectVal(locals)},
		Functions: d.functions,
	})
	if d.envCalled {
		out.pos.Origin = trace.Environment
	}
	switch {
	case !diags.HasErrors() && value.IsWhollyKnown():
		out.value, _ = value.UnmarkDeep()
		return out, true
	case spoilt:
	case len(unset) > 0:
		for _, use := range unset {
			d.unsetVariable(use)
		}
	default:
		for _, diag := range diags {
			d.evalError(f, expr, diag)
		}
	}
	return out, false
}

// usedName is the name after the root of a traversal such as env.HOME, or "".
func usedName(use hcl.Traversal) string {
	if len(use) < 2 {
		return ""
	}
	switch step := use[1].(type) {
	case hcl.TraverseAttr:
		return step.Name
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString()
		}
	}
	return ""
}

// lookup reads an environment variable and remembers that the configuration depends on it.
func (d *decoder) lookup(name string, at hcl.Range) (string, bool) {
	if name == "" {
		return "", false
	}
	text, set := d.opt.Env(name)
	if set && !isSecret(name) && !d.secrets[name] && d.config != nil {
		pos := d.position(at)
		pos.Origin = trace.Environment
		if _, seen := d.config.Variables[name]; !seen {
			d.config.Variables[name] = Value[string]{text, pos}
		}
	}
	return text, set
}

// isSecret reports whether a variable's name says that its value must not be shown.
func isSecret(name string) bool {
	upper := strings.ToUpper(name)
	for _, word := range []string{"SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL", "PRIVATE", "_KEY", "APIKEY"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

// local finds a name in the file's locals, or in those of the file that includes it.
func (f *file) local(name string) *local {
	for ; f != nil; f = f.parent {
		if l := f.locals[name]; l != nil {
			return l
		}
	}
	return nil
}

// localNames are all the names that local finds.
func (f *file) localNames() []string {
	var names []string
	for ; f != nil; f = f.parent {
		for name := range f.locals {
			names = append(names, name)
		}
	}
	return names
}

// evalLocal evaluates a local once.
func (d *decoder) evalLocal(l *local, use hcl.Traversal) bool {
	l.used = true
	switch l.state {
	case localBusy:
		d.fail(use.SourceRange(), "local."+l.attr.name+" is defined by itself", "break the circle: give one of them a value of its own")
		l.state = localFailed
	case localNew:
		l.state = localBusy
		current := d.current
		d.current = nil // the setting that uses it is not the one that is wrong
		got, ok := d.eval(l.attr.file, l.attr.expr)
		d.current = current
		if ok && l.state == localBusy {
			l.state, l.value, l.pos = localDone, got.value, d.position(l.attr.at)
			if got.pos.Origin == trace.Environment || got.pos.Source != nil && got.pos.Source.Origin == trace.Environment {
				l.pos.Origin = trace.Environment
			}
		} else {
			l.state = localFailed
		}
	}
	return l.state == localDone
}

// checkLocals evaluates the locals nobody used, so that their mistakes are reported too.
func (d *decoder) checkLocals(f *file) {
	for _, l := range f.ordered {
		used := l.used
		if l.state == localNew {
			if _, ok := d.eval(f, l.attr.expr); !ok {
				l.state = localFailed
			}
		}
		if !used && !d.broken {
			d.warn(l.attr.at, "local."+l.attr.name+" is not used", "")
		}
	}
}
