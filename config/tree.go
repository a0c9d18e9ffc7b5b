package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// body is what stands between two braces, or in a whole file, in the order in which it was written. The native
// syntax and JSON both become this tree, so that nothing after it knows the difference.
type body struct {
	attrs  []*attr
	blocks []*block
	end    hcl.Range // the closing brace, or the file's end
	lost   bool      // an error may have taken something away
}

// whole reports whether nothing was lost to an error, so that what is absent was not written.
func (b *body) whole() bool { return !b.lost }

// attr is one name = expression.
type attr struct {
	name string
	at   hcl.Range // of the name
	expr hcl.Expression
	file *file
	null bool // it turned out to be null, which is as if it were not written
}

// block is one name "label" … { body }.
type block struct {
	name   string
	at     hcl.Range // of the name
	head   hcl.Range // of the name and the labels
	labels []label
	body   *body
	file   *file
}

// label is one text between a block's name and its brace.
type label struct {
	text string
	at   hcl.Range // quotes included
}

// nativeBody makes the tree of a body in the native syntax.
func (d *decoder) nativeBody(f *file, in *hclsyntax.Body) *body {
	out := &body{end: in.EndRange, lost: f.broken}
	for _, a := range in.Attributes {
		out.attrs = append(out.attrs, &attr{name: a.Name, at: a.NameRange, expr: a.Expr, file: f})
	}
	slices.SortFunc(out.attrs, func(a, b *attr) int { return cmp.Compare(a.at.Start.Byte, b.at.Start.Byte) })
	for _, b := range in.Blocks {
		if b.OpenBraceRange == b.TypeRange {
			d.notABlock(f, b)
			continue
		}
		made := &block{name: b.Type, at: b.TypeRange, head: b.TypeRange, file: f, body: d.nativeBody(f, b.Body)}
		made.body.end = b.CloseBraceRange
		for i, text := range b.Labels {
			made.labels = append(made.labels, label{text, b.LabelRanges[i]})
			made.head = hcl.RangeBetween(made.head, b.LabelRanges[i])
		}
		out.blocks = append(out.blocks, made)
	}
	return out
}

// jsonBody makes the tree of a JSON object. What is a block and what a setting, only the schema can say: a block is an
// object, or a list of objects for several. Where a block has labels, the object's keys are the labels, and its values
// the bodies; where it may have several, a key holds them all, with spaces between.
func (d *decoder) jsonBody(f *file, t *blockType, expr hcl.Expression) *body {
	out := &body{end: expr.Range(), lost: f.broken}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		d.fail(expr.Range(), t.title()+" is written as an object in JSON", `write { "name": value }`)
		out.lost = true
		return out
	}
	for _, pair := range pairs {
		name, at := jsonKey(pair.Key)
		if name == "//" {
			continue // a comment, by HCL's convention
		}
		inner := t.block(name)
		if inner == nil {
			out.attrs = append(out.attrs, &attr{name: name, at: at, expr: pair.Value, file: f})
			continue
		}
		start := &block{name: name, at: at, head: at, file: f}
		if inner.labels.name != "" {
			d.jsonLabels(out, inner, start, pair.Value)
		} else {
			d.jsonBlocks(out, inner, start, pair.Value)
		}
	}
	return out
}

// jsonLabels adds the blocks that an object of labels, or a list of such objects, stands for.
func (d *decoder) jsonLabels(out *body, t *blockType, start *block, expr hcl.Expression) {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for _, one := range list {
			d.jsonLabels(out, t, start, one)
		}
		return
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		d.fail(expr.Range(), "the "+t.labels.name+" of "+t.title()+" is the key of an object in JSON",
			`write "`+t.name+`": { "`+strings.ToUpper(t.labels.name)+`": { … } }`)
		return
	}
	for _, pair := range pairs {
		text, at := jsonKey(pair.Key)
		labelled := *start
		labelled.head = at
		switch {
		case t.labels.max == 1 && text == "" && t.labels.instead != "":
			// A setting inside says it.
		case t.labels.max == 1:
			labelled.labels = []label{{text, at}}
		default:
			for _, one := range strings.Fields(text) {
				labelled.labels = append(labelled.labels, label{one, at})
			}
		}
		d.jsonBlocks(out, t, &labelled, pair.Value)
	}
}

// jsonBlocks adds the blocks that an object, or a list of objects, stands for.
func (d *decoder) jsonBlocks(out *body, t *blockType, start *block, expr hcl.Expression) {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		for _, one := range list {
			d.jsonBlocks(out, t, start, one)
		}
		return
	}
	made := *start
	if t.name == localsBlock.name {
		made.body = &body{end: expr.Range()}
		pairs, _ := hcl.ExprMap(expr)
		for _, pair := range pairs {
			name, at := jsonKey(pair.Key)
			made.body.attrs = append(made.body.attrs, &attr{name: name, at: at, expr: pair.Value, file: start.file})
		}
	} else {
		made.body = d.jsonBody(start.file, t, expr)
	}
	out.blocks = append(out.blocks, &made)
}

// jsonKey is a key of a JSON object, as written, and its place.
func jsonKey(key hcl.Expression) (string, hcl.Range) {
	v, diags := key.Value(nil)
	if diags.HasErrors() || v.IsNull() {
		return "", key.Range()
	}
	return v.AsString(), key.Range()
}
