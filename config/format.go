package config

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays a configuration out in the one canonical way: two spaces for each level, equals signs and comments
// below each other. It changes space only. A text with syntax errors is returned as it is, with the errors.
func Format(src []byte, filename string) ([]byte, *Diagnostics) {
	d := newDecoder(Options{NoFiles: true})
	f := &file{name: filename, source: newSource(src)}
	d.byName[filename] = f
	d.diags.addSource(filename, f.source)
	if !d.legible(f) {
		return src, d.diags
	}
	_, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
	d.syntaxErrors(f, diags)
	if f.broken {
		return src, d.diags
	}
	out := hclwrite.Format(src)
	if len(out) > 0 {
		out = append(bytes.TrimRight(out, "\n"), '\n')
	}
	return out, d.diags
}
