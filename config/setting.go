package config

import (
	"strings"

	"vitrine/config/template"
)

// kind is what may be written for a setting.
type kind uint8

const (
	kindText       kind = iota // any text
	kindBool                   // true or false
	kindInt                    // a whole number
	kindSize                   // bytes: a number, or text with a unit
	kindDuration               // text with a unit
	kindChoice                 // one of the setting's choices
	kindTexts                  // a list of texts
	kindTemplate               // text with {placeholders}
	kindNetworks               // a list of addresses and networks
	kindSockets                // a list of addresses with ports
	kindAddress                // an address
	kindTextMap                // names and texts
	kindHeaders                // header field names and templates
	kindTemplates              // names and templates
	kindFieldNames             // a list of header field names
	kindFolder                 // a folder that exists, relative to the file that says it
	kindInterfaces             // a list of a station's own addresses with the length of their networks
	kindAddresses              // a list of addresses
	kindSocket                 // the path of a Unix socket, relative to the file that says it; empty: none is said
	kindFile                   // a file, relative to the file that says it, or stdout or stderr
	kindRead                   // a file that is there to be read, relative to the file that says it; empty: none is said
)

// kinds is what the reference calls the kinds, and an example for messages about a wrong one.
var kinds = [...]struct{ name, article, example string }{
	kindText:       {"text", "text in quotes", `"text"`},
	kindBool:       {"true or false", "true or false", "true"},
	kindInt:        {"number", "a whole number", "10"},
	kindSize:       {"size", "a size", `"64KiB"`},
	kindDuration:   {"duration", "a duration", `"30s"`},
	kindChoice:     {"one of", "text in quotes", ""},
	kindTexts:      {"list of texts", "a list of texts", `["one", "two"]`},
	kindTemplate:   {"template", "text in quotes", `"text with {placeholders}"`},
	kindNetworks:   {"list of networks", "a list of addresses and networks", `["192.0.2.0/24", "::1"]`},
	kindSockets:    {"list of addresses", "a list of addresses with ports", `["192.0.2.1:80", "[::1]:0"]`},
	kindAddress:    {"address", "an address in quotes", `"192.0.2.1"`},
	kindTextMap:    {"names and texts", "names and texts in braces", `{ name = "text" }`},
	kindHeaders:    {"header fields", "header fields in braces", `{ X-Name = "value" }`},
	kindTemplates:  {"names and templates", "names and texts in braces", `{ NAME = "text with {placeholders}" }`},
	kindFieldNames: {"list of header fields", "a list of header field names", `["X-Name"]`},
	kindFolder:     {"folder", "the path of a folder in quotes", `"/srv/www"`},
	kindInterfaces: {"list of addresses with lengths", "a list of addresses with the length of their networks", `["198.18.0.2/24"]`},
	kindAddresses:  {"list of addresses", "a list of addresses", `["198.18.0.1"]`},
	kindSocket:     {"path", "a path in quotes", `"/run/vitrine/control.sock"`},
	kindFile:       {"file", "a path, \"stdout\" or \"stderr\"", `"/var/log/vitrine.log"`},
	kindRead:       {"path", "a path in quotes", `"/etc/vitrine/admin.pem"`},
}

// isList reports whether the kind is written as a list.
func (k kind) isList() bool {
	return k == kindTexts || k == kindNetworks || k == kindSockets || k == kindFieldNames || k == kindInterfaces || k == kindAddresses
}

// isMap reports whether the kind is written as names and values in braces.
func (k kind) isMap() bool { return k == kindTextMap || k == kindHeaders || k == kindTemplates }

// setting is one row of the schema: a name that may stand in a block, and what may be written for it.
type setting struct {
	name     string
	kind     kind
	initial  string // the default, written as in a file; empty when there is none
	differs  string // the default as the reference has it, where it depends on the system
	min, max int64  // of numbers and, in bytes and nanoseconds, of sizes and durations; both 0: no bounds
	unit     string // what a number counts, where the kind does not say
	choices  []string
	scope    template.Scope        // of templates
	check    func(string) *problem // of each text; may be nil
	doc      string                // one sentence, without the name
	example  string                // as written in a file; empty: the default serves
	secret   bool                  // its values are never shown
	more     bool                  // a list that adds to the block's labels
	also     []string              // what people who come from elsewhere may call it
	field    func(owner any) any   // where the value goes: a pointer into the owner
}

// blockType is one kind of block.
type blockType struct {
	name     string
	labels   labels
	many     bool // may stand more than once
	doc      string
	example  string
	also     []string
	settings []*setting
	blocks   []*blockType

	// open makes or finds the Go value a block is decoded into, with its defaults, given the value of the
	// enclosing block. each lists those that exist, for defaults and for printing.
	open func(d *decoder, owner any) any
	each func(owner any) []any
	// part marks a block whose value is always there, with its defaults, whether the block is written or not.
	part bool
	// late blocks are decoded after everything else in the enclosing block, because they inherit from it.
	late bool
	// done checks a decoded block as a whole; may be nil.
	done func(d *decoder, b *block, value any)
}

// labels is what may stand between a block's name and its opening brace.
type labels struct {
	name     string // in the singular, for messages and the reference; empty when the block has none
	min, max int    // max -1: any number
	instead  string // the setting that may say the same, with expressions; empty when none may
	check    func(string) *problem
	scope    template.Scope
	field    func(value any) any // pointer to a Value or to a slice of Values
}

// setting finds a setting of the block by its name.
func (t *blockType) setting(name string) *setting {
	for _, s := range t.settings {
		if s.name == name {
			return s
		}
	}
	return nil
}

// block finds a block type that may stand inside by its name.
func (t *blockType) block(name string) *blockType {
	for _, b := range t.blocks {
		if b.name == name {
			return b
		}
	}
	return nil
}

// title is how a message names the block: `a files block` or `the top level`.
func (t *blockType) title() string {
	if t.name == "" {
		return "the top level"
	}
	if strings.ContainsRune("aeiou", rune(t.name[0])) || t == ssiBlock {
		return "an " + t.name + " block"
	}
	return "a " + t.name + " block"
}

// walk visits the block type and all inside it, with the path of enclosing names.
func (t *blockType) walk(path []string, visit func(path []string, t *blockType)) {
	if t.name != "" {
		path = append(path[:len(path):len(path)], t.name)
	}
	visit(path, t)
	for _, inner := range t.blocks {
		inner.walk(path, visit)
	}
}

// in makes a field accessor for owners of type *T.
func in[T any](field func(*T) any) func(any) any {
	return func(owner any) any { return field(as[T](owner)) }
}

// always completes a block type whose value is always there, as a part of its owner.
func always[T any](find func(*T) any, t blockType) *blockType {
	t.part = true
	t.open = func(_ *decoder, owner any) any { return find(as[T](owner)) }
	t.each = func(owner any) []any { return []any{find(as[T](owner))} }
	return &t
}

// as is the owner itself, or the Settings that a configuration, a site or a route says.
func as[T any](owner any) *T {
	switch o := owner.(type) {
	case *T:
		return o
	case *Config:
		return any(&o.Base).(*T)
	case *Site:
		return any(&o.Settings).(*T)
	case *Route:
		return any(&o.Settings).(*T)
	}
	panic("config: the schema names a field of another owner")
}

// anys makes a list of owners.
func anys[T any](list []*T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// problem is what a check finds wrong with a text.
type problem struct {
	message string
	hint    string
	offset  int // of the wrong bytes in the text, up to end; end 0: the whole text is wrong
	end     int
}
