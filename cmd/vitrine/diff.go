package main

import (
	"bytes"
	"fmt"
	"slices"
)

// around is how many unchanged lines a diff shows around what changed.
const around = 3

// edit is a line of a diff: kept (' '), taken away ('-') or put there ('+').
type edit struct {
	sign byte
	line []byte
}

// diff is the change from before to after as a unified diff.
func diff(name string, before, after []byte) []byte {
	edits := edits(bytes.SplitAfter(before, []byte{'\n'}), bytes.SplitAfter(after, []byte{'\n'}))
	var b bytes.Buffer
	fmt.Fprintf(&b, "--- %s\n+++ %s (canonical)\n", name, name)
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].sign == ' ' {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		start := max(i-around, 0)
		for j := i - 1; j >= start; j-- {
			if edits[j].sign != ' ' { // belongs to the hunk before
				start = j + 1
			}
		}
		end := hunkEnd(edits, i)
		hunk := edits[start:end]
		olds, news := sizes(hunk)
		fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n", oldLine-(i-start), olds, newLine-(i-start), news)
		for _, e := range hunk {
			b.WriteByte(e.sign)
			b.Write(e.line)
			if !bytes.HasSuffix(e.line, []byte{'\n'}) {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
		olds, news = sizes(edits[i:end])
		oldLine, newLine, i = oldLine+olds, newLine+news, end
	}
	return b.Bytes()
}

// hunkEnd is where the hunk that has its first change at i ends: some lines after its last change.
func hunkEnd(edits []edit, i int) int {
	last := i
	for j := i; j < len(edits) && j-last <= 2*around; j++ {
		if edits[j].sign != ' ' {
			last = j
		}
	}
	return min(last+1+around, len(edits))
}

func sizes(hunk []edit) (olds, news int) {
	for _, e := range hunk {
		if e.sign != '+' {
			olds++
		}
		if e.sign != '-' {
			news++
		}
	}
	return olds, news
}

// edits is the shortest way from a to b, by the longest common subsequence: configurations are short.
func edits(a, b [][]byte) []edit {
	drop := func(lines [][]byte) [][]byte { // what follows the last line's end is no line
		if n := len(lines); n > 0 && len(lines[n-1]) == 0 {
			return lines[:n-1]
		}
		return lines
	}
	a, b = drop(a), drop(b)
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[0], b[0]) {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(tail)
	common := make([][]int, len(a)+1) // of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if bytes.Equal(a[i], b[j]) {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	out := head
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && bytes.Equal(a[i], b[j]):
			out = append(out, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[j]})
			j++
		}
	}
	return append(out, tail...)
}
