package ssi

import (
	"strconv"
	"strings"
)

// expression is the condition of an if or elif, parsed:
//
//	or         = and { "||" and }
//	and        = not { "&&" not }
//	not        = "!" not | "(" or ")" | comparison
//	comparison = text [ operator text ]
//	operator   = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge"
//	text       = word { word } | "-z" text | "-n" text | "v(" word ")"
//
// A word is what stands in quotes, or what has no space, bracket or operator in it; words beside each other are one text
// with spaces between. In a word $name and ${name} stand for a variable's value. What stands between slashes on the right
// of =, ==, !=, =~ and !~ is a regular expression.
type expression struct {
	operator    string // "||", "&&", "!", a comparison's, "-z", "-n", or "" for a text alone
	left, right *expression
	text        string   // of operator ""
	pattern     *pattern // of the right side, when it has no variable
	isPattern   bool     // text is a regular expression
	fold        bool     // of which case does not matter
	variable    bool     // text is a variable's name
	size        int      // bytes of memory, about
}

// deepest is how deep brackets and negations may lie in each other.
const deepest = 64

// token is a piece of an expression.
type token struct {
	kind byte   // 'o' operator, 'w' word, 'r' regular expression, 'v' variable, '(' and ')', 0 at the end
	text string // of an operator its sign
	fold bool
}

type expressionParser struct {
	rest  string
	next  token
	right bool // a regular expression may stand here
	depth int
	room  *int // instructions that the page's regular expressions may still have
	wrong *Fault
}

// parseExpression parses a condition. Its regular expressions may have as many instructions as there is room for, and take them
// from that.
func parseExpression(s string, room *int) (*expression, *Fault) {
	p := expressionParser{rest: s, room: room}
	p.advance()
	if p.next.kind == 0 {
		return nil, fault(reasonExpression, "the expression is empty")
	}
	e := p.or()
	if p.wrong == nil && p.next.kind != 0 {
		p.fail("nobody expects " + strconv.Quote(p.next.text) + " there")
	}
	if p.wrong != nil {
		return nil, p.wrong
	}
	return e, nil
}

func (p *expressionParser) fail(text string) {
	if p.wrong == nil {
		p.wrong = fault(reasonExpression, "the expression cannot be understood: "+text)
	}
	p.rest, p.next = "", token{}
}

// operators are the signs, longer ones first.
var operators = []string{"||", "&&", "==", "=~", "!=", "!~", "<=", ">=", "=", "!", "<", ">"}

// wordOperators are those that are written as words.
var wordOperators = map[string]bool{"-eq": true, "-ne": true, "-lt": true, "-le": true, "-gt": true, "-ge": true, "-z": true, "-n": true}

// advance reads the next token.
func (p *expressionParser) advance() {
	right := p.right
	p.right = false
	s := trimSpace(p.rest)
	if s == "" {
		p.rest, p.next = "", token{}
		return
	}
	switch c := s[0]; {
	case c == '(' || c == ')':
		p.rest, p.next = s[1:], token{kind: c, text: s[:1]}
		return
	case c == '/' && right:
		p.regular(s[1:])
		return
	case c == '\'' || c == '"':
		text, rest, closed := value(s)
		if !closed {
			p.fail("a quote is missing")
			return
		}
		p.rest, p.next = rest, token{kind: 'w', text: text}
		return
	case strings.HasPrefix(s, "%{"):
		name, rest, ok := strings.Cut(s[2:], "}")
		if !ok {
			p.fail("} is missing after %{")
			return
		}
		p.rest, p.next = rest, token{kind: 'v', text: name}
		return
	}
	for _, sign := range operators {
		if strings.HasPrefix(s, sign) {
			p.rest, p.next = s[len(sign):], token{kind: 'o', text: sign}
			p.right = sign == "=" || sign == "==" || sign == "!=" || sign == "=~" || sign == "!~"
			return
		}
	}
	p.word(s)
}

// word reads a word that stands in no quotes, or a function of one variable.
func (p *expressionParser) word(s string) {
	n := 0
	for n < len(s) && !endsWord(s[n:]) {
		if s[n] == '\\' && n+1 < len(s) {
			n++
		}
		n++
	}
	word := s[:n]
	p.rest = s[n:]
	switch {
	case (word == "v" || word == "reqenv") && strings.HasPrefix(p.rest, "("):
		inner, rest, ok := strings.Cut(p.rest[1:], ")")
		inner = strings.Trim(trimSpace(inner), `'"`)
		if !ok || inner == "" {
			p.fail(word + "( needs the name of a variable and a )")
			return
		}
		p.rest, p.next = rest, token{kind: 'v', text: inner}
	case wordOperators[word]:
		p.next = token{kind: 'o', text: word}
	case len(word) == 2 && word[0] == '-' && word[1] >= 'A' && word[1] <= 'z':
		p.fail(word + " is not known here; a condition asks for variables, and not for files or access")
	default:
		p.next = token{kind: 'w', text: word}
	}
}

// endsWord reports whether a word that stands in no quotes ends before the text.
func endsWord(s string) bool {
	switch c := s[0]; c {
	case '(', ')', '=', '<', '>', '"', '\'':
		return true
	case '!':
		return len(s) > 1 && (s[1] == '=' || s[1] == '~')
	case '&', '|':
		return len(s) > 1 && s[1] == c
	default:
		return isSpace(c)
	}
}

// regular reads a regular expression behind its first slash. A backslash keeps a slash from being its end.
func (p *expressionParser) regular(s string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '/':
			p.rest, p.next = s[i+1:], token{kind: 'r', text: b.String()}
			if strings.HasPrefix(p.rest, "i") && (len(p.rest) == 1 || endsWord(p.rest[1:])) {
				p.rest, p.next.fold = p.rest[1:], true
			}
			return
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] != '/' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	p.fail("the regular expression has no end: / is missing")
}

func (p *expressionParser) or() *expression {
	e := p.and()
	for p.next.kind == 'o' && p.next.text == "||" {
		p.advance()
		e = node("||", e, p.and())
	}
	return e
}

func (p *expressionParser) and() *expression {
	e := p.not()
	for p.next.kind == 'o' && p.next.text == "&&" {
		p.advance()
		e = node("&&", e, p.not())
	}
	return e
}

func (p *expressionParser) not() *expression {
	if p.depth++; p.depth > deepest {
		p.fail("brackets and negations lie too deep in each other")
	}
	defer func() { p.depth-- }()
	switch {
	case p.next.kind == 'o' && p.next.text == "!":
		p.advance()
		return node("!", p.not(), nil)
	case p.next.kind == '(':
		p.advance()
		e := p.or()
		if p.wrong == nil && p.next.kind != ')' {
			p.fail(") is missing")
		}
		p.advance()
		return e
	}
	return p.comparison()
}

func (p *expressionParser) comparison() *expression {
	if p.next.kind == 'o' && (p.next.text == "-z" || p.next.text == "-n") {
		sign := p.next.text
		p.advance()
		return node(sign, p.operand(), nil)
	}
	left := p.operand()
	sign := p.next.text
	if p.next.kind != 'o' || sign == "||" || sign == "&&" || sign == "!" || sign == "-z" || sign == "-n" {
		return left
	}
	p.advance()
	right := p.operand()
	e := node(sign, left, right)
	if p.wrong != nil {
		return e
	}
	switch {
	case (sign == "=~" || sign == "!~") && !right.isPattern:
		p.fail(sign + " needs a regular expression between slashes")
	case right.isPattern && !hasVariable(right.text):
		p.compile(right)
	}
	return e
}

func (p *expressionParser) compile(e *expression) {
	re, f := compilePattern(e.text, e.fold, min(mostSteps, *p.room))
	if f != nil {
		if f.Reason == reasonExpression {
			p.fail(f.Text)
		} else if p.wrong == nil {
			p.wrong = f
		}
		return
	}
	*p.room -= re.steps
	e.pattern = re
	e.size += 64*len(e.text) + 100*re.steps
}

// operand reads a text: words beside each other are one, with spaces between.
func (p *expressionParser) operand() *expression {
	e := &expression{size: 128}
	switch p.next.kind {
	case 'v':
		e.text, e.variable = p.next.text, true
	case 'r':
		e.text, e.isPattern, e.fold = p.next.text, true, p.next.fold
	case 'w':
		e.text = p.next.text
		for p.advance(); p.next.kind == 'w'; p.advance() {
			e.text += " " + p.next.text
		}
		e.size += len(e.text)
		return e
	default:
		if p.next.kind == 0 {
			p.fail("something is missing at its end")
		} else {
			p.fail("nobody expects " + strconv.Quote(p.next.text) + " there")
		}
		return e
	}
	e.size += len(e.text)
	p.advance()
	return e
}

func node(operator string, left, right *expression) *expression {
	e := &expression{operator: operator, left: left, right: right, size: 128 + left.size}
	if right != nil {
		e.size += right.size
	}
	return e
}
