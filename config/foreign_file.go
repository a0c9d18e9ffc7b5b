package config

import (
	"regexp"
	"strings"

	"vitrine/trace"
)

var (
	apacheSection = regexp.MustCompile(`^\s*</?[A-Za-z]\w*[^<>]*>\s*$`)
	nginxLine     = regexp.MustCompile(`^\s*[A-Za-z][\w-]*\s[^={]*;\s*(?:#.*)?$`)
	ourBlock      = regexp.MustCompile(`^\s*([A-Za-z]\w*)((?:\s+"[^"]*")*)\s*\{`)
	ourLine       = regexp.MustCompile(`^\s*[A-Za-z][\w-]*\s*=\s`)
)

// isForeign reports whether a text that cannot be read is a configuration of Apache's or nginx's.
func isForeign(text string) bool {
	theirs, ours := 0, 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case apacheSection.MatchString(line), nginxLine.MatchString(line):
			theirs++
		case ourLine.MatchString(line):
			ours++
		}
	}
	return theirs > 1 && theirs > ours
}

// foreignFile says of each statement of a file of another server's what it is called here. HCL loses its way in such a file:
// it would report the first few of them.
func (d *decoder) foreignFile(f *file) {
	f.broken, d.broken = true, true
	for n := 1; ; n++ {
		text, ok := f.line(n)
		if !ok {
			return
		}
		m := foreignStatement.FindStringSubmatchIndex(text)
		f.unread[n] = true
		if m == nil || strings.HasPrefix(strings.TrimSpace(text), "#") || d.beginsBlock(text) {
			continue
		}
		name := text[m[2]:m[3]]
		hint := d.foreignName(name)
		if hint == "" {
			if set := nginxStatement.FindStringSubmatch(text); set != nil && d.isSetting(name) {
				hint = "a setting is written " + name + " = " + d.asValue(name, set[2])
			} else {
				hint = "nothing here is called so: remove it, or look at what it is for in docs/coming-from-apache-and-nginx.md"
			}
		}
		pos := trace.Position{File: f.name, Line: n, Column: 1 + m[2]} // only blanks and < stand before the word
		end := pos
		end.Column = 1 + m[3]
		d.diags.Append(Diagnostic{Severity: Error, Pos: pos, End: end, Summary: "this is a statement of another server's", Hint: hint})
	}
}

// beginsBlock reports whether a line begins a block as they are written here.
func (d *decoder) beginsBlock(line string) (found bool) {
	m := ourBlock.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	d.root.walk(nil, func(_ []string, t *blockType) {
		found = found || t.name == m[1] && (m[2] != "" || t.labels.min == 0)
	})
	return found
}

// isSetting reports whether there is a setting of the name anywhere.
func (d *decoder) isSetting(name string) (found bool) {
	d.root.walk(nil, func(_ []string, t *blockType) { found = found || t.name != "expect" && t.setting(name) != nil })
	return found
}
