package ssi

import (
	"regexp"
	"regexp/syntax"
	"strconv"
)

// pattern is a regular expression, with how many instructions it has: matching takes memory in proportion to them, and time in
// proportion to them times the text's length.
type pattern struct {
	*regexp.Regexp
	steps int
}

const (
	// mostPattern bounds a regular expression that has to be compiled for each request, in bytes.
	mostPattern = 4096
	// mostSteps bounds the instructions of one regular expression. Repetitions count: "x{1000}" has a thousand.
	mostSteps = 10_000
	// mostPageSteps bounds those of a page, which are kept with it, at some hundred bytes each.
	mostPageSteps = 100_000
	// leastSteps is what the smallest one counts among those of a page.
	leastSteps = 16
	// mostWork bounds instructions times bytes of text: about a second, which nothing can interrupt.
	mostWork = 4 << 20
)

// compilePattern compiles a regular expression that needs at most so many instructions. A larger one is not compiled.
func compilePattern(text string, fold bool, most int) (*pattern, *Fault) {
	if fold {
		text = "(?i)" + text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fault(reasonExpression, err.Error())
	}
	n := max(steps(tree), leastSteps)
	if n > most {
		return nil, fault(reasonBound, "a regular expression is too large: its repetitions and groups come to more than the "+
			strconv.Itoa(most)+" instructions that are left for it")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fault(reasonExpression, err.Error())
	}
	return &pattern{re, n}, nil
}

// find matches a text; nil is no match.
func (p *pattern) find(s string) ([]string, *Fault) {
	if len(s) > mostWork/p.steps {
		return nil, fault(reasonBound, "a regular expression of "+strconv.Itoa(p.steps)+" instructions is too large for a text of "+
			strconv.Itoa(len(s))+" bytes")
	}
	return p.FindStringSubmatch(s), nil
}

// steps is about how many instructions a regular expression is compiled to; more than mostPageSteps is not counted further. The
// package syntax bounds how deep it is.
func steps(re *syntax.Regexp) int {
	n := 1
	switch re.Op {
	case syntax.OpLiteral:
		n = len(re.Rune)
	case syntax.OpCharClass:
		n += len(re.Rune) / 8 // the ranges, of 8 bytes each; an instruction has 40
	case syntax.OpCapture:
		n = 2
	}
	for _, sub := range re.Sub {
		n = min(n+steps(sub), mostPageSteps+1)
	}
	if re.Op == syntax.OpRepeat {
		times := max(re.Min, re.Max, 1)
		if re.Max < 0 {
			times++
		}
		n = min(n*times, mostPageSteps+1)
	}
	return n
}
