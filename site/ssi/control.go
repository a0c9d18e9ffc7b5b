package ssi

import (
	"strconv"
	"strings"
)

// control evaluates if, elif, else and endif.
func (e *evaluation) control(d *Directive) error {
	if d.Name == "if" {
		return e.begin(d)
	}
	if len(e.branches) == 0 {
		return e.fail(d, fault(reasonUnbalanced, d.Name+" stands outside of an if"))
	}
	b := &e.branches[len(e.branches)-1]
	switch {
	case d.Name == "endif":
		e.branches = e.branches[:len(e.branches)-1]
		if !b.outer {
			return nil
		}
		return e.bare(d)
	case !b.outer:
		return nil
	case b.last:
		b.live = false
		return e.fail(d, fault(reasonUnbalanced, d.Name+" stands behind else"))
	case d.Name == "else":
		b.last, b.live = true, !b.taken
		b.taken = true
		return e.bare(d)
	case b.taken:
		b.live = false
		return nil
	}
	b.live = false
	return e.decide(d, b)
}

// bare fails for a directive with attributes that has none.
func (e *evaluation) bare(d *Directive) error {
	if d.Fault != nil {
		return e.fail(d, d.Fault)
	}
	if len(d.Attributes) > 0 {
		return e.fail(d, fault(reasonUnknown, d.Name+" has no attributes"))
	}
	return nil
}

func (e *evaluation) begin(d *Directive) error {
	outer := e.live()
	if len(e.branches) == mostBranches {
		e.over = true // nobody can tell any more which endif belongs to it, so the rest of the page is left out
		return e.fail(d, fault(reasonBound, "ifs lie deeper in each other than "+strconv.Itoa(mostBranches)))
	}
	e.branches = append(e.branches, branch{outer: outer})
	if !outer {
		return nil
	}
	return e.decide(d, &e.branches[len(e.branches)-1])
}

// decide takes a branch when its condition holds. When the condition cannot be understood, neither it nor one of the
// others is taken: nobody knows which was meant.
func (e *evaluation) decide(d *Directive, b *branch) error {
	f := d.Fault
	holds := false
	if f == nil {
		holds, f = e.holds(d.condition)
	}
	if f != nil {
		b.taken, b.live = true, false
		return e.fail(d, f)
	}
	b.live, b.taken = holds, holds
	return nil
}

// holds evaluates a condition.
func (e *evaluation) holds(x *expression) (bool, *Fault) {
	switch x.operator {
	case "||", "&&":
		left, f := e.holds(x.left)
		if f != nil || left == (x.operator == "||") {
			return left, f
		}
		return e.holds(x.right)
	case "!":
		holds, f := e.holds(x.left)
		return !holds, f
	case "":
		s, f := e.operand(x)
		return s != "" && !(s == "false" && x.text == "false"), f
	case "-z", "-n":
		s, f := e.operand(x.left)
		return (s == "") == (x.operator == "-z"), f
	}
	return e.compare(x)
}

// operand is the text of one side of a comparison.
func (e *evaluation) operand(x *expression) (string, *Fault) {
	if x.variable {
		return e.text(x.text), nil
	}
	return e.expand(x.text)
}

func (e *evaluation) compare(x *expression) (bool, *Fault) {
	left, f := e.operand(x.left)
	if f != nil {
		return false, f
	}
	if x.right.isPattern {
		return e.match(left, x.right, x.operator == "!=" || x.operator == "!~")
	}
	right, f := e.operand(x.right)
	if f != nil {
		return false, f
	}
	if x.operator[0] == '-' {
		return compareNumbers(left, right, x.operator)
	}
	order := strings.Compare(left, right)
	switch x.operator {
	case "=", "==":
		return order == 0, nil
	case "!=":
		return order != 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	}
	return order >= 0, nil // >=
}

// compareNumbers compares two whole numbers; what is none is 0, as everywhere in C.
func compareNumbers(left, right, operator string) (bool, *Fault) {
	a, _ := strconv.ParseInt(trimSpace(left), 10, 64)
	b, _ := strconv.ParseInt(trimSpace(right), 10, 64)
	switch operator {
	case "-eq":
		return a == b, nil
	case "-ne":
		return a != b, nil
	case "-lt":
		return a < b, nil
	case "-le":
		return a <= b, nil
	case "-gt":
		return a > b, nil
	case "-ge":
		return a >= b, nil
	}
	return false, fault(reasonExpression, operator+" stands between two texts")
}

// match matches a text against a regular expression, and keeps its groups for $0 to $9.
func (e *evaluation) match(s string, x *expression, not bool) (bool, *Fault) {
	re := x.pattern
	if re == nil {
		text, f := expandPattern(x.text, e.text, e.run.Limits.VariableBytes)
		if f != nil {
			return false, f
		}
		if len(text) > mostPattern {
			return false, fault(reasonBound, "a regular expression with its variables is longer than "+strconv.Itoa(mostPattern)+" bytes")
		}
		if re, f = compilePattern(text, x.fold, mostSteps); f != nil {
			return false, f
		}
	}
	groups, f := re.find(s)
	if f != nil {
		return false, f
	}
	if groups != nil {
		e.matched = groups
	}
	return (groups != nil) != not, nil
}
