package ssi

import "unsafe"

// Page is a page whose directives were found. It is immutable and safe for concurrent use; its text is that of the
// memory that it was compiled from.
type Page struct {
	parts []part
	size  int
}

// part is a piece of text, or a directive.
type part struct {
	text      []byte
	directive *Directive
}

// Compile finds the directives of a page. Nobody may change src as long as the Page is used. breathe, which may be nil, is
// called between pieces.
func Compile(src []byte, longest int, breathe func()) *Page {
	const piece = 8 << 10
	p := &Page{}
	parser := NewParser(p, longest)
	for len(src) > piece && breathe != nil {
		parser.Feed(src[:piece])
		src = src[piece:]
		breathe()
	}
	parser.Feed(src)
	parser.End()
	return p
}

// Size is about how many bytes of memory the Page holds, without those that it was compiled from.
func (p *Page) Size() int { return p.size }

// Directives is how many there are.
func (p *Page) Directives() int {
	n := 0
	for i := range p.parts {
		if p.parts[i].directive != nil {
			n++
		}
	}
	return n
}

// Text adds text. It is for the Parser.
func (p *Page) Text(b []byte) {
	p.parts = append(p.parts, part{text: b})
	p.size += int(unsafe.Sizeof(part{}))
}

// Directive adds a directive. It is for the Parser.
func (p *Page) Directive(d *Directive) {
	p.parts = append(p.parts, part{directive: d})
	p.size += int(unsafe.Sizeof(part{})+unsafe.Sizeof(*d)) + len(d.Name)
	for _, a := range d.Attributes {
		p.size += int(unsafe.Sizeof(a)) + len(a.Name) + len(a.Value)
	}
	if d.condition != nil {
		p.size += d.condition.size
	}
}
