package content

import (
	_ "embed"
	"fmt"
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

// Type is a media type with the reason why it is the one.
type Type struct {
	// Value is the value of Content-Type, with a charset where one belongs; "" sends no such field.
	Value  string
	Reason *trace.Reason
	// Position is the line of the configuration that is responsible; nil when the built-in table is.
	Position *trace.Position

	extension string
	line      int // of the built-in table
}

// Row says in words which row gave the type, such as "types.txt:1100 html".
func (t *Type) Row() string {
	switch {
	case t.line > 0:
		return fmt.Sprintf("types.txt:%d %s", t.line, t.extension)
	case t.extension != "":
		return t.extension
	}
	return ""
}

// Types says which media type a file name gets. It is immutable and safe for concurrent use.
type Types struct {
	byExtension map[string]*Type
	explicit    *Type // for everything, when it is set
	fallback    Type
}

// NewTypes compiles the configuration's types on top of the built-in table. An extension of the configuration may be
// written with its dot. The built-in types of one charset are compiled once and shared.
func NewTypes(c config.Types) *Types {
	t := &Types{byExtension: compiledTable(c.Charset.V)}
	if c.Explicit != nil {
		pos := c.Explicit.Pos
		t.explicit = &Type{Value: withCharset(c.Explicit.V, c.Charset.V), Reason: reasonTypeExplicit, Position: &pos}
	}
	if len(c.Extensions) > 0 {
		all := make(map[string]*Type, len(t.byExtension)+len(c.Extensions))
		for extension, found := range t.byExtension {
			all[extension] = found
		}
		for extension, value := range c.Extensions {
			extension = strings.ToLower(strings.TrimPrefix(extension, "."))
			pos := value.Pos
			all[extension] = &Type{Value: withCharset(value.V, c.Charset.V), Reason: reasonTypeConfigured, Position: &pos,
				extension: extension}
		}
		t.byExtension = all
	}
	pos := c.Default.Pos
	t.fallback = Type{Value: withCharset(c.Default.V, c.Charset.V), Reason: reasonTypeDefault, Position: &pos}
	if t.fallback.Value == "" {
		t.fallback.Reason = reasonTypeNone
	}
	return t
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

// Lookup is the type of a file name or path, by its last extension in any case: "a.tar.gz" is a ".gz". A name that
// only begins with a dot has no extension. It does not allocate.
func (t *Types) Lookup(name string) *Type {
	found := t.lookup(name)
	found.Reason.Reach()
	return found
}

func (t *Types) lookup(name string) *Type {
	if t.explicit != nil {
		return t.explicit
	}
	var lower [longestExtension]byte
	extension := lowerExtension(name, &lower)
	if found := t.byExtension[string(extension)]; found != nil {
		return found
	}
	return &t.fallback
}

// lowerExtension is what follows the last dot of a path's last component, in lower case; nothing when there is none.
func lowerExtension(name string, lower *[longestExtension]byte) []byte {
	for i := len(name) - 1; i > 0 && len(name)-i <= len(lower); i-- {
		switch name[i] {
		case '/':
			return nil
		case '.':
			if name[i-1] == '/' {
				return nil
			}
			n := copy(lower[:], name[i+1:])
			for j, c := range lower[:n] {
				if 'A' <= c && c <= 'Z' {
					lower[j] = c | 0x20
				}
			}
			return lower[:n]
		}
	}
	return nil
}
