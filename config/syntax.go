package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"vitrine/trace"
)

// syntaxErrors reports what HCL could not read, in the words of this language, and notes which lines cannot be
// trusted after it: one forgotten quote must not be reported as twenty other mistakes.
func (d *decoder) syntaxErrors(f *file, diags hcl.Diagnostics) {
	f.unread = make(map[int]bool)
	if diags.HasErrors() && isForeign(string(f.text)) {
		d.foreignFile(f)
		return
	}
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte) })
	for _, diag := range diags {
		if diag.Severity != hcl.DiagError {
			continue
		}
		f.broken, d.broken = true, true
		line := d.position(*diag.Subject).Line
		if f.unread[line] || f.doubtful > 0 && line >= f.doubtful {
			continue // a consequence of what is reported already
		}
		d.diags.Append(d.syntaxError(f, diag))
		for l := line; l <= d.endPosition(*diag.Subject).Line; l++ {
			f.unread[l] = true
		}
	}
}

// notABlock reports what HCL took for the beginning of a block while it recovered from another error.
func (d *decoder) notABlock(f *file, b *hclsyntax.Block) {
	line := d.position(b.TypeRange).Line
	if f.unread[line] {
		return
	}
	d.diags.Append(d.syntaxError(f, &hcl.Diagnostic{Summary: "Invalid block definition", Subject: &b.TypeRange}))
	f.unread[line] = true
}

var (
	wordAfterEquals = regexp.MustCompile(`=\s*([^"\s{\[][^\s]*)\s*(?:#.*)?$`)
	firstDefinition = regexp.MustCompile(`already set at (.*):(\d+),(\d+)`)
	colonForEquals  = regexp.MustCompile(`^\s*([\w-]+):\s*(.*)$`)
	nginxStatement  = regexp.MustCompile(`^\s*([\w-]+)\s+([^={]+);?\s*$`)
)

// syntaxError says one syntax error in plain words, and keeps HCL's own where it has none.
func (d *decoder) syntaxError(f *file, diag *hcl.Diagnostic) Diagnostic {
	out := Diagnostic{Severity: Error, Pos: d.position(*diag.Subject), End: d.endPosition(*diag.Subject)}
	text, _ := f.line(out.Pos.Line)
	say := func(summary, hint string) Diagnostic {
		out.Summary, out.Hint = summary, hint
		return out
	}
	switch diag.Summary {
	case "Invalid block definition", "Argument or block definition required", "Invalid character", "Invalid expression":
		if hint, from, to := d.fromElsewhere(text); hint != "" {
			out.Pos.Column = 1 + from // only blanks stand before the word
			out.End = out.Pos
			out.End.Column = 1 + to
			return say("this is neither a setting nor a block", hint)
		}
	}
	switch diag.Summary {
	case "Invalid multi-line string", "Unterminated template string":
		// HCL complains about the line's end; what is wrong is the quote that nothing closes.
		out.Pos.Column = 1 + len([]rune(text[:max(strings.LastIndexByte(text, '"'), 0)]))
		out.End = trace.Position{}
		f.doubtful = out.Pos.Line
		return say("this text is not closed on its line", `end it with "; a line feed inside a text is written \n`)
	case "Unclosed configuration block":
		out.End = trace.Position{}
		out.Pos.Column = 1 + len([]rune(text)) - len([]rune(strings.TrimLeft(text, " \t")))
		if suspect := d.margin(f, out.Pos.Line); suspect > 0 {
			f.doubtful = suspect
			return say("this block is not closed", fmt.Sprintf("a } is missing, probably before line %d, where another block begins", suspect))
		}
		return say("this block is not closed", "a } is missing between here and the end of the file")
	case "Attribute redefined":
		name := text[byteOfColumn(text, out.Pos.Column):byteOfColumn(text, out.End.Column)]
		if m := firstDefinition.FindStringSubmatch(diag.Detail); m != nil {
			first := trace.Position{File: f.name, Origin: out.Pos.Origin}
			first.Line, _ = strconv.Atoi(m[2])
			first.Column, _ = strconv.Atoi(m[3])
			out.Related = []Related{{first, "it is set here first"}}
		}
		return say(name+" is set twice", "keep one of them")
	case "Argument definition required":
		return say("a block in one line holds one setting and no other block", "put each of them on a line of its own")
	case "Invalid single-argument block definition":
		return say("a block in one line holds one setting", "put each setting on a line of its own, without commas")
	case "Missing attribute separator":
		return say("a comma or a new line is missing before this", "")
	case "Invalid block definition":
		if m := nginxStatement.FindStringSubmatch(text); m != nil {
			return say("this is neither a setting nor a block", fmt.Sprintf("a setting is written %s = %s", m[1], d.asValue(m[1], m[2])))
		}
		return say("this block lacks its braces", "a block is written name \"label\" { … }, with the { on the same line")
	case "Argument or block definition required":
		if m := colonForEquals.FindStringSubmatch(text); m != nil {
			return say("this is neither a setting nor a block", fmt.Sprintf("a setting is written with =: %s = %s", m[1], d.asValue(m[1], m[2])))
		}
		if m := nginxStatement.FindStringSubmatch(text); m != nil {
			return say("this is neither a setting nor a block", fmt.Sprintf("a setting is written %s = %s", m[1], d.asValue(m[1], m[2])))
		}
		return say("this is neither a setting nor a block", "a setting is written name = value, a block name { … }")
	case "Invalid character", "Invalid expression", "Missing newline after argument", "Extra characters after interpolation expression":
		quote := byteOfColumn(text, out.Pos.Column)
		switch {
		case strings.HasPrefix(text[quote:], "'"):
			return say("text stands between double quotes", `write "…" instead of '…'`)
		case strings.HasPrefix(text[quote:], ";"):
			return say("a setting ends with its line", "remove the ;")
		}
		if m := wordAfterEquals.FindStringSubmatch(text); m != nil && !strings.ContainsAny(m[1], `"(`) {
			from := strings.LastIndex(text, m[1])
			out.Pos.Column = 1 + len([]rune(text[:from]))
			out.End = out.Pos
			out.End.Column += len([]rune(m[1]))
			return say("this text needs quotes", "write "+inQuotes(m[1]))
		}
		if diag.Summary == "Missing newline after argument" {
			return say("a setting ends with its line", "put what follows on a line of its own, or the value in quotes")
		}
	case "Invalid string literal":
		if strings.Contains(diag.Detail, "Template sequences") {
			return say("the text between a block's name and its { is plain text, without ${…}", "write the expression as a setting inside: addresses in listen, hosts in site, to in redirect")
		}
	}
	out.Summary = strings.ToLower(diag.Summary[:1]) + diag.Summary[1:]
	out.Detail = diag.Detail
	return out
}

// margin is the first line after line where a block of the top level begins at the margin, or 0.
func (d *decoder) margin(f *file, line int) int {
	for n := line + 1; ; n++ {
		text, ok := f.line(n)
		if !ok {
			return 0
		}
		for _, b := range d.root.blocks {
			if rest, ok := strings.CutPrefix(text, b.name); ok && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "{")) {
				return n
			}
		}
	}
}

// asValue writes a bare word as the value of the setting of that name.
func (d *decoder) asValue(name, word string) string {
	value, list := inQuotes(word), false
	d.root.walk(nil, func(_ []string, t *blockType) {
		s := t.setting(name)
		list = list || s != nil && s.kind.isList()
	})
	if list && !strings.HasPrefix(value, "[") {
		return "[" + value + "]"
	}
	return value
}

// inQuotes puts a word between quotes, unless it has them or needs none.
func inQuotes(word string) string {
	word = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(word), ";,"))
	if strings.HasPrefix(word, `"`) || word == "true" || word == "false" {
		return word
	}
	if _, err := strconv.ParseFloat(word, 64); err == nil {
		return word
	}
	return quoted(strings.Trim(word, "'"))
}

// evalError reports what is wrong with an expression.
func (d *decoder) evalError(f *file, expr hcl.Expression, diag *hcl.Diagnostic) {
	if diag.Severity != hcl.DiagError {
		return
	}
	at := expr.Range()
	if diag.Subject != nil {
		at = *diag.Subject
	}
	if call, ok := diag.Extra.(hclsyntax.FunctionCallUnknownDiagExtra); ok {
		names := []string{"env"}
		for _, function := range expressionFunctions {
			names = append(names, function.name)
		}
		hint := "the functions are " + strings.Join(names, ", ")
		if near := nearest(call.CalledFunctionName(), names); near != "" {
			hint = "did you mean " + near + "(…)?"
		}
		d.fail(at, fmt.Sprintf("there is no function %q", call.CalledFunctionName()), hint)
		return
	}
	for _, use := range expr.Variables() {
		if !use.SourceRange().Overlaps(at) && use.SourceRange() != at {
			continue
		}
		switch root, name := use.RootName(), usedName(use); {
		case root == "local" && name != "" && f.local(name) == nil:
			hint := "define it: locals { " + name + " = … }"
			if near := nearest(name, f.localNames()); near != "" {
				hint = "did you mean local." + near + "?"
			}
			d.fail(use.SourceRange(), "there is no local."+name, hint)
			return
		case diag.Summary == "Unknown variable" && root != "local" && root != "env":
			d.unknownVariable(f, expr, use)
			return
		}
	}
	out := Diagnostic{Severity: Error, Pos: d.position(at), End: d.endPosition(at),
		Summary: strings.ToLower(diag.Summary[:1]) + diag.Summary[1:], Detail: diag.Detail}
	if m := calledFunction.FindStringSubmatch(diag.Detail); m != nil {
		out.Hint = usage(m[1])
	}
	d.append(out)
}

var calledFunction = regexp.MustCompile(`[Ff]unction "(\w+)"`)

// usage shows how a function is called, or is empty when there is none of that name.
func usage(name string) string {
	for _, f := range expressionFunctions {
		if f.name == name {
			return "it is written " + f.usage
		}
	}
	if name == "env" {
		return "it is written " + envFunctionUsage
	}
	return ""
}

// unknownVariable reports a bare word. Nearly always it is a text without its quotes.
func (d *decoder) unknownVariable(f *file, expr hcl.Expression, use hcl.Traversal) {
	whole := string(expr.Range().SliceBytes(f.text))
	if use.SourceRange() != expr.Range() && strings.ContainsAny(whole, `"(`) {
		hint := "write local.NAME for a local, env.NAME for an environment variable, or put text in quotes"
		if near := nearest(use.RootName(), []string{"local", "env"}); near != "" {
			hint = "did you mean " + near + "?"
		} else if f.local(use.RootName()) != nil {
			hint = "did you mean local." + use.RootName() + "?"
		}
		d.fail(use.SourceRange(), "there is no variable "+quoted(use.RootName()), hint)
		return
	}
	hint := "write " + quoted(whole)
	if d.current != nil && d.current.kind == kindBool {
		hint = "write true or false"
		switch strings.ToLower(whole) {
		case "on", "yes", "enabled":
			hint = "write true"
		case "off", "no", "disabled":
			hint = "write false"
		}
		d.fail(expr.Range(), fmt.Sprintf("%s takes true or false, not %s", d.current.name, whole), hint)
		return
	}
	if d.current != nil && d.current.kind == kindChoice {
		if near := nearest(whole, d.current.choices); near != "" {
			hint = "write " + quoted(near)
		}
	}
	if _, set := d.opt.Env(whole); set {
		hint = "write env." + whole + " for the environment variable, or " + quoted(whole) + " for the text"
	}
	if f.local(use.RootName()) != nil {
		hint = "write local." + whole + " for the local, or " + quoted(whole) + " for the text"
	}
	d.fail(expr.Range(), "this text needs quotes", hint)
}

// unsetVariable reports an environment variable that is not set.
func (d *decoder) unsetVariable(use hcl.Traversal) {
	name := usedName(use)
	d.fail(use.SourceRange(), "the environment variable "+name+" is not set",
		fmt.Sprintf("set it, or write env(%q, \"…\") to say what holds without it", name))
}
