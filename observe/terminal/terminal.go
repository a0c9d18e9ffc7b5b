// Package terminal knows what may be written for a person to look at: colours, characters beyond ASCII, and how wide
// a line may be.
package terminal

import (
	"os"
	"strings"

	"golang.org/x/term"
)

// Style is what one output can show. The zero Style is plain ASCII without colours and of unknown width, which is
// right for files and pipes.
type Style struct {
	Terminal bool // a person looks at it now
	Color    bool
	Unicode  bool
	Width    int // columns; 0: not known
}

// Detect finds out what an output can show. Colours need a terminal and are refused by NO_COLOR
// (https://no-color.org) and by TERM=dumb; characters beyond ASCII need a locale of UTF-8. Getenv is os.Getenv.
func Detect(f *os.File, getenv func(string) string) Style {
	s := Style{Unicode: utf8Locale(getenv)}
	conn, err := f.SyscallConn() // not Fd, which would make the descriptor a blocking one
	if err != nil {
		return s
	}
	conn.Control(func(fd uintptr) {
		if s.Terminal = term.IsTerminal(int(fd)); !s.Terminal {
			return
		}
		if width, _, err := term.GetSize(int(fd)); err == nil {
			s.Width = width
		}
	})
	s.Color = s.Terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	return s
}

// utf8Locale reports whether the locale's character set is UTF-8: the first of the three variables that is set
// decides (POSIX, Base Definitions §8.2).
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// Colour is the escape sequence that begins a colour.
type Colour string

// The colours by what they say.
const (
	Plain   Colour = ""
	Bold    Colour = "\x1b[1m"
	Quiet   Colour = "\x1b[2m"    // secondary: ids, units
	Good    Colour = "\x1b[32m"   // as asked for
	Moved   Colour = "\x1b[36m"   // go elsewhere, or nothing new
	Place   Colour = "\x1b[36m"   // a file and a line
	Refused Colour = "\x1b[33m"   // the client's mistake, or a rule
	Failed  Colour = "\x1b[1;31m" // our mistake
)

const reset = "\x1b[0m"

// Paint appends text to dst in a colour, or as it is where there are no colours.
func (s Style) Paint(dst []byte, c Colour, text string) []byte {
	if !s.Color || c == Plain || text == "" {
		return append(dst, text...)
	}
	dst = append(dst, c...)
	dst = append(dst, text...)
	return append(dst, reset...)
}

// Begin appends the beginning of a colour; End ends it.
func (s Style) Begin(dst []byte, c Colour) []byte {
	if s.Color {
		dst = append(dst, c...)
	}
	return dst
}

// End ends the colour that Begin began, which is not Plain.
func (s Style) End(dst []byte) []byte {
	if s.Color {
		dst = append(dst, reset...)
	}
	return dst
}

// ForStatus is the colour of a response's status.
func ForStatus(status int) Colour {
	switch {
	case status >= 500 || status < 100:
		return Failed
	case status >= 400:
		return Refused
	case status >= 300:
		return Moved
	}
	return Good
}

// Glyph is a character with a stand-in of ASCII.
type Glyph struct{ unicode, ascii string }

// The characters that are used, sparingly.
var (
	Check    = Glyph{"✓", "+"}
	Cross    = Glyph{"✗", "x"}
	Arrow    = Glyph{"→", ">"}
	Dash     = Glyph{"—", "--"}
	Dot      = Glyph{"·", "|"}
	Passed   = Glyph{"·", "-"}
	Ellipsis = Glyph{"…", "..."}
	Corner   = Glyph{"└", "`-"}
)

// Glyph is the character as this output can show it.
func (s Style) Glyph(g Glyph) string {
	if s.Unicode {
		return g.unicode
	}
	return g.ascii
}
