package config

import (
	"bytes"
	"fmt"
	"strings"

	"vitrine/config/template"
)

// Reference is the reference of the language in Markdown, made from the schema.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString(referenceIntroduction)
	writeContents(&b, schema, 0)
	schema.walk(nil, func(path []string, t *blockType) {
		if t.name == "" || isFirst(path, t) {
			writeBlock(&b, path, t)
		}
	})
	writeExpressions(&b)
	writePlaceholders(&b)
	return b.Bytes()
}

const referenceIntroduction = `# The configuration

<!-- This page is generated from the schema: go test ./config -run Reference -update -->

A configuration is written in [HCL](https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md): settings are
` + "`name = value`" + `, blocks are ` + "`name \"label\" { … }`" + `, each on lines of its own; comments begin with ` + "`#`" + `. A file whose name ends
in ` + "`.json`" + ` is read as [HCL's JSON](https://github.com/hashicorp/hcl/blob/main/json/spec.md): a block is an object, or a
list of objects; labels are keys, several of them in one key with spaces between.

` + "```hcl" + `
listen ":8080" {
}

site "example.org" "*.example.org" {
  root = "/srv/www"

  files {
    index = ["index.html"]
  }

  route "/old/*" {
    redirect "/new/{path.tail}" {
      status = 308
    }
  }
}
` + "```" + `

` + "`vitrine check`" + ` prints everything that is wrong with a configuration at once, ` + "`vitrine show`" + ` the values in force with the
line each comes from, and ` + "`vitrine fmt`" + ` lays a file out.

**Order.** The top level, its sites and their routes inherit from the outside in: a site takes what it does not say from the top
level, a route from its site; ` + "`files`, `types` and `log`" + ` setting by setting, ` + "`header`" + ` rules all together, the outer first.
Routes are tried in file order.

**Sizes** are bytes: a number, or text with B, KiB, MiB, GiB, TiB (powers of 1024) or KB, MB, GB, TB (powers of 1000).
**Durations** are text with ns, us, ms, s, m, h or d: ` + "`\"90s\"`, `\"1h30m\"`, `\"7d\"`" + `. **Paths** of files and folders are relative to the
file that says them.

`

// isFirst reports whether the path is the first one that leads to the block type: one that may stand in several places
// is described once.
func isFirst(path []string, t *blockType) bool {
	return strings.Join(places(t)[0], " ") == strings.Join(path, " ")
}

// places are the paths that lead to a block type of that name and contents.
func places(t *blockType) [][]string {
	var all [][]string
	schema.walk(nil, func(path []string, other *blockType) {
		if other == t || other.name == t.name && other.doc == t.doc {
			all = append(all, path)
		}
	})
	return all
}

func writeContents(b *bytes.Buffer, t *blockType, depth int) {
	for _, inner := range t.blocks {
		if places(inner)[0][len(places(inner)[0])-1] == inner.name && len(places(inner)[0]) == depth+1 {
			fmt.Fprintf(b, "%s- [%s](#%s)\n", strings.Repeat("  ", depth), inner.name, inner.name)
			writeContents(b, inner, depth+1)
		}
	}
	if depth == 0 {
		b.WriteString("- [expressions](#expressions)\n- [placeholders](#placeholders)\n\n")
	}
}

func writeBlock(b *bytes.Buffer, path []string, t *blockType) {
	if t.name == "" {
		b.WriteString("## At the top level\n\n")
	} else {
		fmt.Fprintf(b, "## %s\n\n", t.name)
		var within []string
		for _, p := range places(t) {
			outer := "at the top level"
			if len(p) > 1 {
				outer = "in `" + strings.Join(p[:len(p)-1], " › ") + "`"
			}
			within = append(within, outer)
		}
		often := "once"
		if t.many {
			often = "any number of times"
		}
		fmt.Fprintf(b, "Stands %s; %s.", oneOf(within), often)
		if t.labels.name != "" {
			fmt.Fprintf(b, " Written `%s`.", labelForm(t))
		}
		b.WriteString("\n\n")
	}
	fmt.Fprintf(b, "%s\n\n", t.doc)
	if t.example != "" {
		fmt.Fprintf(b, "```hcl\n%s\n```\n\n", t.example)
	}
	if len(t.settings) > 0 {
		b.WriteString("| setting | type | default | what it does |\n|---|---|---|---|\n")
		for _, s := range t.settings {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", s.name, cell(typeText(s)), cell(defaultText(s)), cell(docText(s)))
		}
		b.WriteByte('\n')
	}
	if len(t.blocks) > 0 && t.name != "" {
		var links []string
		for _, inner := range t.blocks {
			links = append(links, fmt.Sprintf("[%s](#%s)", inner.name, inner.name))
		}
		fmt.Fprintf(b, "Blocks inside: %s.\n\n", strings.Join(links, ", "))
	}
}

// labelForm is how a block with its labels is written.
func labelForm(t *blockType) string {
	label := fmt.Sprintf("%q", strings.ToUpper(t.labels.name))
	if t.labels.max < 0 {
		label += " …"
	}
	return t.name + " " + label + " { … }"
}

// cell escapes what would end a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

func typeText(s *setting) string {
	switch {
	case s.kind == kindChoice:
		all := make([]string, len(s.choices))
		for i, c := range s.choices {
			all[i] = "`" + literal(c) + "`"
		}
		return strings.Join(all, ", ")
	case s.min == 0 && s.max == 0:
		return kinds[s.kind].name
	}
	show := decimal
	switch s.kind {
	case kindSize:
		show = formatSize
	case kindDuration:
		show = nanoseconds
	}
	name := kinds[s.kind].name
	if s.unit != "" {
		name = strings.TrimPrefix(name+" of "+s.unit, "number of ")
		if s.kind == kindSize {
			name = kinds[s.kind].name + " " + s.unit
		}
	}
	return fmt.Sprintf("%s, %s to %s", name, show(s.min), show(s.max))
}

func defaultText(s *setting) string {
	if s.differs != "" {
		return s.differs
	}
	if s.initial == "" {
		return "–"
	}
	return "`" + s.initial + "`"
}

func docText(s *setting) string {
	text := s.doc
	if s.example != "" {
		text += " Example: `" + s.example + "`."
	}
	return text
}

func writeExpressions(b *bytes.Buffer) {
	b.WriteString("## expressions\n\n" +
		"Values are expressions of HCL: `\"${local.data}/www\"`, `env.PORT`, `condition ? a : b`, `[for h in local.hosts : \"*.${h}\"]`. " +
		"`local.NAME` is a name of a [locals](#locals) block, `env.NAME` an environment variable, which must be set. " +
		"A value of `null` is as if the setting were not written. Labels are plain text.\n\n" +
		"| function | what it gives |\n|---|---|\n")
	rows := false
	for _, f := range expressionFunctions {
		if !rows && f.name > "env" {
			fmt.Fprintf(b, "| `%s` | %s |\n", cell(envFunctionUsage), cell(envFunctionDoc))
			rows = true
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", cell(f.usage), cell(f.doc))
	}
	b.WriteByte('\n')
}

func writePlaceholders(b *bytes.Buffer) {
	b.WriteString("## placeholders\n\n" +
		"Where the type is *template*, and in the target of a redirect, `{name}` is filled in for each request. `{{` and `}}` stand for the braces themselves. " +
		"Those of the response are for [header](#header) rules and logs, those of the log for logs only.\n\n" +
		"| placeholder | known | what it is |\n|---|---|---|\n")
	for _, v := range template.Variables() {
		known := "in the request"
		switch v.Scope {
		case template.InResponse:
			known = "in the response"
		case template.InLog:
			known = "in the log"
		}
		fmt.Fprintf(b, "| `{%s}` | %s | %s |\n", v.Name, known, cell(v.Sentence))
	}
}
