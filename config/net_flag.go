package config

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// netFlag is the flag that says a network block in one word: the adapter, the server's own addresses, and settings of
// the block and of those inside, as in tap:tap0,198.18.0.2/24,gateway=198.18.0.1,wire.
const netFlag = "--net"

const netExample = netFlag + " tap:tap0,198.18.0.2/24"

// network makes the network block that the flag says, in place of one in a file. The flag becomes the same tree as a
// block, so that everything is checked and reported in the same way, with carets under its parts.
func (d *decoder) network(text string) {
	f := &file{name: netFlag, source: newSource([]byte(text)), flag: true}
	d.byName[netFlag] = f
	d.diags.addSource(netFlag, f.source)
	t := d.root.block("network")
	b := &netFlagParts{d: d, f: f, t: t, inner: make(map[*blockType]*block),
		block: block{name: t.name, at: f.at(0, len(text)), head: f.at(0, len(text)), file: f, body: &body{}}}
	offset := 0
	for i, part := range strings.Split(text, ",") {
		lead := len(part) - len(strings.TrimLeft(part, " "))
		b.part(i, strings.TrimSpace(part), offset+lead)
		offset += len(part) + len(",")
	}
	b.finish()
}

// at is a part of a flag.
func (f *file) at(from, to int) hcl.Range {
	return hcl.Range{Filename: f.name, Start: hcl.Pos{Byte: from}, End: hcl.Pos{Byte: to}}
}

// netFlagParts collects the parts of the flag as a block.
type netFlagParts struct {
	d         *decoder
	f         *file
	t         *blockType
	block     block
	inner     map[*blockType]*block
	lists     []*attr // in the order of the flag
	addressed bool
}

// part takes the part of the flag that begins at an offset.
func (b *netFlagParts) part(i int, text string, offset int) {
	at := b.f.at(offset, offset+len(text))
	name, value, isSetting := strings.Cut(text, "=")
	switch {
	case text == "":
		b.fail(b.f.at(max(offset-1, 0), min(offset+1, len(b.f.text))), "nothing stands between these commas", "write, for example, "+netExample)
	case i == 0 && (isSetting || isAddress(text)):
		b.fail(at, "the flag begins with the adapter", "write, for example, --net tap:tap0,"+text)
	case i == 0:
		b.block.labels = []label{{text, at}}
	case isSetting:
		b.setting(strings.TrimSpace(name), value, at, b.f.at(offset+len(name)+1, offset+len(text)))
	case isAddress(text):
		b.setting("address", text, at, at)
	default:
		b.word(text, at)
	}
}

// isAddress reports whether a part without a name is meant to be an address: no setting has these characters.
func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || strings.ContainsAny(text, "./")
}

// word is a setting that stands for itself, if it is one that is true or false.
func (b *netFlagParts) word(name string, at hcl.Range) {
	s, _ := b.find(name)
	switch {
	case s == nil:
		b.unknown(name, at)
	case s.kind != kindBool:
		b.fail(at, name+" has no value", fmt.Sprintf("write, for example, %s=%s", name, bareExample(s)))
	default:
		b.setting(name, "true", at, at)
	}
}

// bareExample is what may be written for a setting in a flag.
func bareExample(s *setting) string {
	example := s.initial
	if s.example != "" {
		example = s.example
	}
	example, _, _ = strings.Cut(example, ",")
	return strings.NewReplacer("[", "", "]", "", `"`, "").Replace(example)
}

// find is a setting of the network block or of a block inside.
func (b *netFlagParts) find(name string) (*setting, *blockType) {
	if s := b.t.setting(name); s != nil && name != "adapter" {
		return s, b.t
	}
	for _, inner := range b.t.blocks {
		if s := inner.setting(name); s != nil {
			return s, inner
		}
	}
	return nil, nil
}

// unknown reports a name that means nothing, with the nearest in the block or in those inside.
func (b *netFlagParts) unknown(name string, at hcl.Range) {
	b.block.body.lost = true
	var all []string
	for _, t := range append([]*blockType{b.t}, b.t.blocks...) {
		if meant := t.elsewhere(strings.ToLower(strings.ReplaceAll(name, "-", "_"))); meant != "" {
			b.fail(at, fmt.Sprintf("%s has no part %q", netFlag, name), "did you mean "+meant+"?")
			return
		}
		for _, s := range t.settings {
			all = append(all, s.name)
		}
	}
	hint := "it may have an address, " + oneOf(all[2:])
	if near := nearest(name, all); near != "" {
		hint = "did you mean " + near + "?"
	}
	b.fail(at, fmt.Sprintf("%s has no part %q", netFlag, name), hint)
}

// setting adds one name with its value. What may be a list may be there several times.
func (b *netFlagParts) setting(name, value string, at, valueAt hcl.Range) {
	s, t := b.find(name)
	if s == nil {
		named := at
		named.End.Byte = named.Start.Byte + len(name)
		b.unknown(name, named)
		return
	}
	literal := &hclsyntax.LiteralValueExpr{Val: cty.StringVal(value), SrcRange: valueAt}
	b.addressed = b.addressed || name == "address"
	if s.kind.isList() {
		for _, a := range b.lists {
			if a.name == name {
				tuple := a.expr.(*hclsyntax.TupleConsExpr)
				tuple.Exprs = append(tuple.Exprs, literal)
				return
			}
		}
		list := &attr{name: name, at: at, file: b.f, expr: &hclsyntax.TupleConsExpr{Exprs: []hclsyntax.Expression{literal}, SrcRange: valueAt}}
		b.lists = append(b.lists, list)
		b.into(t).attrs = append(b.into(t).attrs, list)
		return
	}
	b.into(t).attrs = append(b.into(t).attrs, &attr{name: name, at: at, file: b.f, expr: literal})
}

// into is the body of the network block or of a block inside, which is made when it is needed.
func (b *netFlagParts) into(t *blockType) *body {
	if t == b.t {
		return b.block.body
	}
	inner := b.inner[t]
	if inner == nil {
		inner = &block{name: t.name, at: b.block.at, head: b.block.at, file: b.f, body: &body{}}
		b.inner[t] = inner
		b.block.body.blocks = append(b.block.body.blocks, inner)
	}
	return inner.body
}

func (b *netFlagParts) fail(at hcl.Range, summary, hint string) {
	b.block.body.lost = true
	b.d.fail(at, summary, hint)
}

// finish decodes the block that the parts amount to.
func (b *netFlagParts) finish() {
	if !b.addressed && !b.block.body.lost {
		b.fail(b.block.at, "this network has no address of its own", "write, for example, "+netExample+"; it is another one than the interface's")
	}
	b.d.open(b.t, &b.block, b.d.config)
}
