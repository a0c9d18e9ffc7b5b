package journey

import "vitrine/trace"

// places are the lines of configurations that ways name, each there once. Ways outlive the configuration by which their
// requests were answered, and must not keep it in memory: a server that is reloaded every minute would have thousands.
type places map[spot]*trace.Position

// spot is a Position by its value.
type spot struct {
	file         string
	line, column int
	origin       trace.Origin
	source       *trace.Position // one of the places
}

// mostPlaces bounds the table. What is beyond it begins another one.
const mostPlaces = 10_000

// move gives a chunk that nobody else has places for its lines.
func (p *places) move(c *chunk) {
	for i := range c.ways {
		lines := &c.ways[i].lines
		for k := range lines {
			lines[k] = p.of(lines[k])
		}
	}
}

// of is the place of a position.
func (p *places) of(at *trace.Position) *trace.Position {
	if at == nil {
		return nil
	}
	key := spot{at.File, at.Line, at.Column, at.Origin, p.of(at.Source)}
	found := (*p)[key]
	if found == nil {
		if *p == nil || len(*p) >= mostPlaces {
			*p = make(places)
		}
		found = &trace.Position{File: at.File, Line: at.Line, Column: at.Column, Origin: at.Origin, Source: key.source}
		(*p)[key] = found
	}
	return found
}
