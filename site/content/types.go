package content

import (
	_ "embed"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"

	"vitrine/config"
	"vitrine/trace"
)

//go:embed types.txt
var builtInText string

// longestExtension is the length from which on no extension is looked up, in bytes; the table has none so long.
const longestExtension = 32

// row is a line of the built-in table.
type row struct {
	value string
	line  int // in types.txt, from 1
}

// builtIn is the table that ships with the program, by extension in lower case.
var builtIn = sync.OnceValue(func() map[string]row {
	rows := make(map[string]row, 2048)
	n := 0
	for line := range strings.Lines(builtInText) {
		n++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		for _, extension := range words[min(1, len(words)):] {
			rows[extension] = row{words[0], n}
		}
	}
	return rows
})

// Type is what a file's name says about its content: a media type, with the reason why it is the one, and where the name
// has extensions for them, the language and the content coding.
type Type struct {
	// Value is the value of Content-Type, with a charset where one belongs; "" sends no such field.
	Value  string
	Reason *trace.Reason
	// Position is the line of the configuration, or of the table that it names, that is responsible; nil when the
	// built-in table is.
	Position *trace.Position
	Language string // the value of Content-Language; "": there is none
	Encoding string // the value of Content-Encoding; "": there is none

	extension string
	line      int // of the built-in table
	details   []trace.Detail
}

// Row says in words which row gave the type, such as "types.txt:1100 html".
func (t *Type) Row() string {
	switch {
	case t.line > 0:
		return fmt.Sprintf("types.txt:%d %s", t.line, t.extension)
	case t.Reason == reasonTypeFile:
		return fmt.Sprintf("%s:%d %s", filepath.Base(t.Position.File), t.Position.Line, t.extension)
	}
	return t.extension
}

// Types says which media type a file name gets. It is immutable and safe for concurrent use.
type Types struct {
	byExtension map[string]*Type
	explicit    *Type // for everything, when it is set
	fallback    Type
	charset     string
	languages   map[string]meaning
	charsets    map[string]meaning
	encodings   map[string]meaning
	several     map[string]bool // extensions of byExtension that mean something else besides
	magic       bool
	patterns    *Patterns // nil: there is no file of them
}

// NewTypes is Tables.Types for a configuration that names no files.
func NewTypes(c config.Types) *Types {
	c.File.V, c.MagicFile.V = "", ""
	t, _ := new(Tables).Types(c)
	return t
}

// Types compiles the configuration's types on top of its table and the built-in one. An extension of the configuration
// may be written with its dot. The built-in types of one charset are compiled once and shared. The faults are what is
// wrong with the files that the configuration names; then the types lack what is wrong.
func (all *Tables) Types(c config.Types) (*Types, []Fault) {
	t := &Types{charset: c.Charset.V, magic: c.Magic.V}
	var faults []Fault
	builtInToo := c.BuiltIn.V || c.BuiltIn.Pos.IsZero() // a zero configuration has the table
	if builtInToo {
		t.byExtension = compiledTable(c.Charset.V)
	}
	if c.Explicit != nil {
		pos := c.Explicit.Pos
		t.explicit = &Type{Value: withCharset(c.Explicit.V, c.Charset.V), Reason: reasonTypeExplicit, Position: &pos}
	}
	var table []mimeRow
	if c.File.V != "" {
		table, faults = all.mimeTypes(c.File)
	}
	if len(c.Extensions)+len(table) > 0 || !builtInToo {
		byExtension := make(map[string]*Type, len(t.byExtension)+len(table)+len(c.Extensions))
		maps.Copy(byExtension, t.byExtension)
		for _, row := range table {
			byExtension[row.extension] = &Type{Value: withCharset(row.value, c.Charset.V), Reason: reasonTypeFile,
				Position: &trace.Position{File: c.File.V, Line: row.line, Column: 1}, extension: row.extension}
		}
		for extension, value := range c.Extensions {
			extension = strings.ToLower(strings.TrimPrefix(extension, "."))
			pos := value.Pos
			byExtension[extension] = &Type{Value: withCharset(value.V, c.Charset.V), Reason: reasonTypeConfigured, Position: &pos,
				extension: extension}
		}
		t.byExtension = byExtension
	}
	t.languages, t.charsets = meanings(builtInLanguages, c.Languages), meanings(builtInCharsets, c.Charsets)
	t.encodings = meanings(nil, c.Encodings)
	t.several = make(map[string]bool)
	for _, others := range []map[string]meaning{t.languages, t.charsets, t.encodings} {
		for extension := range others {
			if t.byExtension[extension] != nil {
				t.several[extension] = true
			}
		}
	}
	if c.MagicFile.V != "" {
		var wrong []Fault
		t.patterns, wrong = all.magicPatterns(c.MagicFile)
		faults = append(faults, wrong...)
	}
	pos := c.Default.Pos
	t.fallback = Type{Value: withCharset(c.Default.V, c.Charset.V), Reason: reasonTypeDefault, Position: &pos}
	if t.fallback.Value == "" {
		t.fallback.Reason = reasonTypeNone
	}
	return t, faults
}

var compiled struct {
	sync.Mutex
	byCharset map[string]map[string]*Type
}

// compiledTable is the built-in table with a charset on the types that take one.
func compiledTable(charset string) map[string]*Type {
	compiled.Lock()
	defer compiled.Unlock()
	if table := compiled.byCharset[charset]; table != nil {
		return table
	}
	rows := builtIn()
	table := make(map[string]*Type, len(rows))
	for extension, r := range rows {
		table[extension] = &Type{Value: withCharset(r.value, charset), Reason: reasonTypeBuiltIn,
			extension: extension, line: r.line}
	}
	if compiled.byCharset == nil || len(compiled.byCharset) > 8 { // a reload with ever new charsets must not gather them
		compiled.byCharset = make(map[string]map[string]*Type)
	}
	compiled.byCharset[charset] = table
	return table
}

// withCharset adds the charset to a text type that names none. Others have their own ways to tell, or none: JSON is
// UTF-8 by definition (RFC 8259 §8.1), XML says it itself.
func withCharset(value, charset string) string {
	if charset == "" || len(value) < 5 || !strings.EqualFold(value[:5], "text/") ||
		strings.Contains(strings.ToLower(value), "charset=") {
		return value
	}
	return value + "; charset=" + charset
}

// Lookup is what a file name or path says, by its extensions in any case (see extensions). A name that only begins with a
// dot has no extension. It does not allocate, unless the name tells more than the type.
func (t *Types) Lookup(name string) *Type {
	found := t.lookup(name)
	found.Reason.Reach()
	return found
}

func (t *Types) lookup(name string) *Type {
	if found := t.only(name); found != nil {
		return found
	}
	e := t.extensions(name, len(name))
	return t.compose(&e)
}
