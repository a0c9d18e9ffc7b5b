package terminal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Cells is how many columns of a terminal the text takes: East Asian wide characters take two, combining ones none.
func Cells(s string) int {
	n := 0
	for _, c := range s {
		n += runeCells(c)
	}
	return n
}

func runeCells(c rune) int {
	if c < 0x300 {
		return 1
	}
	if unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Wrap breaks the text at spaces into lines of at most columns; a word that is longer is cut. Columns below 1 do
// not wrap. There is always at least one line.
func Wrap(text string, columns int) []string {
	if columns < 1 {
		return []string{strings.Join(strings.Fields(text), " ")}
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		cells := Cells(word)
		if used > 0 && used+1+cells <= columns {
			line, used = line+" "+word, used+1+cells
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for cells > columns {
			var head string
			head, word = Cut(word, columns)
			lines = append(lines, head)
			cells = Cells(word)
		}
		line, used = word, cells
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// Cut takes as many characters off the front of a word as fit into columns, and at least one.
func Cut(word string, columns int) (head, rest string) {
	used, end := 0, 0
	for end < len(word) {
		r, size := utf8.DecodeRuneInString(word[end:])
		if used += runeCells(r); used > columns && end > 0 {
			break
		}
		end += size
	}
	return word[:end], word[end:]
}

// Pad is the text with spaces behind it until it takes columns.
func Pad(s string, columns int) string {
	if n := columns - Cells(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}
