package ssi

import (
	"html"
	"strings"
)

// echo prints variables. Without an encoding they are made harmless for HTML.
func (e *evaluation) echo(d *Directive) *Fault {
	encode, decode := []func(string) string{encodeEntities}, []func(string) string(nil)
	for _, a := range d.Attributes {
		var f *Fault
		switch a.Name {
		case "encoding":
			encode, f = codings(a.Value, encoders)
		case "decoding":
			decode, f = codings(a.Value, decoders)
		case "var":
			if a.None || a.Value == "" {
				return fault(reasonMalformed, "echo var names no variable")
			}
			name, wrong := e.expand(html.UnescapeString(a.Value))
			if wrong != nil {
				return wrong
			}
			v, ok := e.lookup(name)
			if ok {
				v = applyAll(encode, applyAll(decode, v))
			} else {
				v = e.defaults.Undefined
			}
			if e.print(v) != nil {
				return nil // the writer keeps its error
			}
		default:
			f = unknownAttribute(d, a)
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// set gives a variable its value.
func (e *evaluation) set(d *Directive) *Fault {
	name := ""
	var encode, decode []func(string) string
	for _, a := range d.Attributes {
		var f *Fault
		switch a.Name {
		case "encoding":
			encode, f = codings(a.Value, encoders)
		case "decoding":
			decode, f = codings(a.Value, decoders)
		case "var":
			if name, f = e.expand(html.UnescapeString(a.Value)); f == nil && !isName(name) {
				f = fault(reasonMalformed, "set var names no variable: "+shown(name))
			}
		case "value":
			if name == "" {
				return fault(reasonMalformed, "set has value without var before it")
			}
			var v string
			if v, f = e.expand(html.UnescapeString(a.Value)); f == nil {
				f = e.run.put(name, applyAll(encode, applyAll(decode, v)))
			}
		default:
			f = unknownAttribute(d, a)
		}
		if f != nil {
			return f
		}
	}
	return nil
}

// isName reports whether a variable can have the name.
func isName(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsAny(s, "=}\x00")
}

func unknownAttribute(d *Directive, a Attribute) *Fault {
	return fault(reasonUnknown, d.Name+" has no attribute "+shown(a.Name))
}

// config changes what the rest of the page, and no other, goes by.
func (e *evaluation) config(d *Directive) *Fault {
	for _, a := range d.Attributes {
		v, f := e.expand(a.Value)
		if f != nil {
			return f
		}
		switch {
		case a.None:
			return fault(reasonMalformed, "config "+shown(a.Name)+" has no value")
		case a.Name == "errmsg":
			e.defaults.Error = v
		case a.Name == "echomsg":
			e.defaults.Undefined = v
		case a.Name == "timefmt":
			e.defaults.TimeFormat = v
		case a.Name == "sizefmt" && (v == "bytes" || v == "abbrev"):
			e.bytes = v == "bytes"
		case a.Name == "sizefmt":
			return fault(reasonUnknown, "config sizefmt is bytes or abbrev, not "+shown(v))
		default:
			return unknownAttribute(d, a)
		}
	}
	return nil
}

// printenv prints all variables, made harmless for HTML.
func (e *evaluation) printenv() error {
	for _, name := range e.names() {
		v, ok := e.lookup(name)
		if !ok {
			continue
		}
		if err := e.print(encodeEntities(name) + "=" + encodeEntities(v) + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// reference is what the attribute file or virtual names.
func (e *evaluation) reference(a Attribute) (Reference, *Fault) {
	path, f := e.expand(html.UnescapeString(a.Value))
	switch {
	case f != nil:
		return Reference{}, f
	case a.None || path == "":
		return Reference{}, fault(reasonMalformed, shown(a.Name)+" names nothing")
	}
	return Reference{File: a.Name == "file", Path: path}, nil
}

// include puts other resources into the page. What onerror names is there for those that fail.
func (e *evaluation) include(d *Directive) error {
	var instead *Attribute
	named := false
	for i := range d.Attributes {
		switch a := &d.Attributes[i]; a.Name {
		case "onerror":
			instead = a
		case "file", "virtual":
			named = true
		default:
			return e.fail(d, unknownAttribute(d, *a))
		}
	}
	if !named {
		return e.fail(d, fault(reasonMalformed, "include has neither virtual nor file"))
	}
	for _, a := range d.Attributes {
		if a.Name == "onerror" {
			continue
		}
		why := e.includeOne(a)
		if why == nil {
			continue
		}
		if instead != nil && e.out.Err() == nil {
			e.world.Failed(d, why)
			if f, ok := why.(*Fault); ok {
				f.Reason.Reach()
			}
			a := *instead
			a.Name = "virtual"
			if why = e.includeOne(a); why == nil {
				continue
			}
		}
		if err := e.out.Err(); err != nil {
			return err
		}
		if err := e.fail(d, why); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) includeOne(a Attribute) error {
	r, f := e.reference(a)
	if f != nil {
		return f
	}
	if e.run.late() {
		return fault(reasonLate, "")
	}
	return e.world.Include(r)
}

// stat prints the size of a file, or when it was modified.
func (e *evaluation) stat(d *Directive) error {
	if len(d.Attributes) == 0 {
		return e.fail(d, fault(reasonMalformed, d.Name+" has neither virtual nor file"))
	}
	for _, a := range d.Attributes {
		if a.Name != "file" && a.Name != "virtual" {
			return e.fail(d, unknownAttribute(d, a))
		}
		var why error
		text := ""
		if r, f := e.reference(a); f != nil {
			why = f
		} else if e.run.late() {
			why = fault(reasonLate, "")
		} else if size, modified, err := e.world.Stat(r); err != nil {
			why = err
		} else if d.Name == "fsize" {
			text = formatSize(size, !e.bytes)
		} else {
			text = e.time(modified.In(e.run.Now.Location()))
		}
		var err error
		if why != nil {
			err = e.fail(d, why)
		} else {
			err = e.print(text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exec puts what a program prints into the page.
func (e *evaluation) exec(d *Directive) error {
	if len(d.Attributes) == 0 {
		return e.fail(d, fault(reasonMalformed, "exec has neither cgi nor cmd"))
	}
	for _, a := range d.Attributes {
		if a.Name != "cgi" && a.Name != "cmd" {
			return e.fail(d, unknownAttribute(d, a))
		}
		var why error
		if r, f := e.reference(a); f != nil {
			why = f
		} else if e.run.late() {
			why = fault(reasonLate, "")
		} else {
			why = e.world.Exec(a.Name, r.Path)
		}
		if err := e.out.Err(); err != nil {
			return err
		}
		if why != nil {
			if err := e.fail(d, why); err != nil {
				return err
			}
		}
	}
	return nil
}
