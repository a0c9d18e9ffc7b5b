package config

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"vitrine/trace"
)

// HCL writes the configuration as a file that Load reads to the same configuration again. It leaves out what is a
// default or inherited, resolves variables, locals and includes, and makes paths absolute.
func (c *Config) HCL() []byte {
	var b bytes.Buffer
	document(schema, c).write(&b)
	return hclwrite.Format(b.Bytes())
}

// write prints what the block itself says. It reports whether there was anything.
func (n *node) write(b *bytes.Buffer) bool {
	before := b.Len()
	for _, l := range n.lines {
		own := slices.DeleteFunc(slices.Clone(l.entries), func(e entry) bool { return e.pos.Origin == trace.Inherited })
		if len(own) == 0 || !isOwn(own[0].pos) && (l.initial || l.setting.initial == "") {
			continue
		}
		fmt.Fprintf(b, "%s = %s\n", l.setting.name, render(l.setting.kind, own))
	}
	for _, inner := range n.blocks {
		if inner.pos.Origin == trace.Inherited {
			continue
		}
		var body bytes.Buffer
		if !inner.write(&body) && inner.schema.part {
			continue
		}
		if b.Len() > before {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%s {\n%s}\n", inner.head(), body.Bytes())
	}
	return b.Len() > before
}

// head is the block's name and labels.
func (n *node) head() string {
	head := n.schema.name
	for _, l := range n.labels {
		head += " " + l.text
	}
	return head
}
