package explain

import (
	"strings"

	"vitrine/observe/terminal"
)

// piece is text in one colour.
type piece struct {
	text   string
	colour terminal.Colour
}

// flow breaks pieces at their spaces into lines of at most width columns. A word too long for a line is cut.
func flow(pieces []piece, width int) [][]piece {
	f := flowing{width: width}
	for _, p := range pieces {
		for word := range strings.FieldsSeq(p.text) {
			f.add(word, p.colour)
		}
	}
	return append(f.lines, f.line)
}

// flowing is text that is being broken into lines.
type flowing struct {
	width int
	lines [][]piece
	line  []piece
	used  int
}

// enough is how much of a line must be free for it to be worth beginning a word that is cut there.
const enough = 16

func (f *flowing) add(word string, colour terminal.Colour) {
	for cells := terminal.Cells(word); ; cells = terminal.Cells(word) {
		free := f.width
		if f.used > 0 {
			free -= f.used + 1
		}
		switch {
		case cells <= free:
			f.put(word, cells, colour)
			return
		case f.used > 0 && (cells <= f.width || free < enough):
			f.lines = append(f.lines, f.line)
			f.line, f.used = nil, 0
		default:
			var head string
			head, word = terminal.Cut(word, free)
			f.put(head, terminal.Cells(head), colour)
			f.lines = append(f.lines, f.line)
			f.line, f.used = nil, 0
			if word == "" {
				return
			}
		}
	}
}

func (f *flowing) put(word string, cells int, colour terminal.Colour) {
	last := len(f.line) - 1
	switch {
	case f.used == 0:
		f.line = append(f.line, piece{word, colour})
	case f.line[last].colour == colour:
		f.line[last].text += " " + word
		f.used++
	default:
		f.line = append(f.line, piece{" ", terminal.Plain}, piece{word, colour})
		f.used++
	}
	f.used += cells
}

func cellsOf(line []piece) int {
	n := 0
	for _, p := range line {
		n += terminal.Cells(p.text)
	}
	return n
}
