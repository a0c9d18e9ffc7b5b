package trace

import "strconv"

// Origin says how a configuration value came to be in force.
type Origin uint8

const (
	Written     Origin = iota // it stands where the Position points
	Inherited                 // it was written in an enclosing block, at the Position
	Default                   // nobody wrote it; the program's own default
	Environment               // it was read from an environment variable named at the Position
	Include                   // it stands in an included file
	Flag                      // it was given on the command line; File holds the flag
)

var originNames = [...]string{"written", "inherited", "default", "environment", "include", "flag"}

func (o Origin) String() string {
	if int(o) < len(originNames) {
		return originNames[o]
	}
	return "origin(" + strconv.Itoa(int(o)) + ")"
}

// Position is where a piece of configuration was written. The zero Position means "the program itself".
// Line and Column count from 1; Column counts characters, not bytes.
type Position struct {
	File   string
	Line   int
	Column int
	Origin Origin
	// Source is where the value was defined when that is not where it is used: the local, the environment
	// variable's mention or the enclosing block. Nil when both are the same place.
	Source *Position
}

// Clone is a copy that does not keep the configuration in memory of which the position is a part; nil of nil.
func (p *Position) Clone() *Position {
	if p == nil {
		return nil
	}
	c := *p
	c.Source = p.Source.Clone()
	return &c
}

// IsZero reports whether the position names no place in any configuration.
func (p Position) IsZero() bool { return p.File == "" && p.Line == 0 }

// String is "file:line:column", "default" for a value that nobody wrote, or the flag's name.
func (p Position) String() string {
	switch {
	case p.Origin == Default || p.IsZero():
		return "default"
	case p.Line == 0 || p.Origin == Flag: // a flag has one line, which its name says already
		return p.File
	case p.Column == 0:
		return p.File + ":" + strconv.Itoa(p.Line)
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}
