package accesslog

import (
	"strings"
	"sync"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/observe/logfile"
	"vitrine/observe/terminal"
	"vitrine/web/variables"
)

// Logger writes lines of one format to one file. It is safe for concurrent use. A nil Logger writes nothing.
type Logger struct {
	file   *logfile.File
	style  terminal.Style
	custom *template.Template
	named  string // the format's name
	format func(*Logger, *scratch, []byte, *variables.Values) []byte
}

// formats are those of the configuration.
var formats = map[string]func(*Logger, *scratch, []byte, *variables.Values) []byte{
	"common":   (*Logger).common,
	"combined": (*Logger).combined,
	"json":     (*Logger).json,
	"readable": (*Logger).readable,
	"custom":   (*Logger).text,
}

// newLogger makes the Logger of a log block. A format that does not exist, which a checked configuration does not
// have, is combined.
func newLogger(file *logfile.File, c *config.Log) *Logger {
	l := &Logger{file: file, style: file.Style(), custom: c.Custom.V, named: c.Format.V, format: formats[c.Format.V]}
	switch {
	case l.format == nil, c.Format.V == "custom" && l.custom == nil:
		l.format, l.named = (*Logger).combined, "combined"
	case c.Format.V == "custom" && isJSON(l.custom):
		l.format = (*Logger).object
	}
	return l
}

// isJSON reports whether a template's text begins with a brace, which a template doubles.
func isJSON(t *template.Template) bool {
	return strings.HasPrefix(strings.TrimLeft(t.Source(), " "), "{{")
}

// Log writes the line of an exchange that has ended: its outcome is complete. It is meant to be called on event
// loops: it does not block, and does not allocate.
func (l *Logger) Log(v *variables.Values) {
	if l == nil {
		return
	}
	s := scratches.Get().(*scratch)
	s.line = append(l.format(l, s, s.line[:0], v), '\n')
	l.file.Append(s.line)
	if cap(s.line) <= 64<<10 { // one giant line must not be kept for ever
		scratches.Put(s)
	}
}

// scratch is what formatting a line needs. Each caller has its own, so that loops do not wait for each other while
// they format.
type scratch struct {
	line   []byte
	common stamp
	iso    stamp
	clock  stamp
}

var scratches = sync.Pool{New: func() any {
	return &scratch{
		line:   make([]byte, 0, 1024),
		common: stamp{layout: "02/Jan/2006:15:04:05 -0700"},
		iso:    stamp{layout: "2006-01-02T15:04:05.000Z07:00"},
		clock:  stamp{layout: "15:04:05"},
	}
}}

func (l *Logger) text(_ *scratch, dst []byte, v *variables.Values) []byte {
	return l.custom.Append(dst, v.Log())
}

func (l *Logger) object(_ *scratch, dst []byte, v *variables.Values) []byte {
	return l.custom.Append(dst, v.JSON())
}
