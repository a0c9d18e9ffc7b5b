package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxFile bounds a configuration file: a device that never ends must not fill the memory.
const maxFile = 16 << 20 // bytes

// maxNesting bounds how deep blocks, brackets and operators stand in each other. The parsers call themselves for each
// level, and a stack that overflows ends the whole program.
const maxNesting = 200

// readFile reads a configuration file, within its bound.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(src) > maxFile {
		err = errors.New("it is larger than 16 MiB, which no configuration is")
	}
	return src, err
}

// legible reports whether a text can be given to a parser, and what keeps it from that.
func (d *decoder) legible(f *file) bool {
	refuse := func(offset int, summary, hint string) bool {
		f.broken, d.broken = true, true
		d.diags.Add(Error, d.positionAt(f.name, offset), summary, hint)
		return false
	}
	switch {
	case bytes.HasPrefix(f.text, []byte("\xff\xfe")), bytes.HasPrefix(f.text, []byte("\xfe\xff")):
		return refuse(0, "this file is in UTF-16, and a configuration is in UTF-8", "save it as UTF-8")
	case !utf8.Valid(f.text):
		return refuse(invalidUTF8(f.text), "this is no UTF-8 text", "save the file as UTF-8, if it is the right one")
	}
	if nul := bytes.IndexByte(f.text, 0); nul >= 0 {
		return refuse(nul, "this file holds a byte 0 and so is no text", "is it the right one?")
	}
	if offset, deep := tooDeep(f.text, f.name); deep {
		return refuse(offset, "too many blocks, brackets or operators stand in each other here", "at most 200 levels are read")
	}
	return true
}

// invalidUTF8 is where a text stops being UTF-8.
func invalidUTF8(src []byte) int {
	offset := 0
	for offset < len(src) {
		c, size := utf8.DecodeRune(src[offset:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		offset += size
	}
	return offset
}

// tooDeep finds where a text is nested deeper than it may be.
func tooDeep(src []byte, name string) (offset int, deep bool) {
	if isJSON(name) {
		return deepJSON(src)
	}
	// Openers and closers need not match for this: a wrong pair is the parser's to report. Operators that wait for
	// what follows count too, until their line ends.
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	depth, operators := 0, 0
	for i := range tokens {
		switch tokens[i].Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp,
			hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd,
			hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth = max(depth-1, 0)
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
			operators++
		case hclsyntax.TokenNewline:
			operators = 0
		}
		if depth+operators > maxNesting {
			return tokens[i].Range.Start.Byte, true
		}
	}
	return 0, false
}

// deepJSON is tooDeep for JSON.
func deepJSON(src []byte) (offset int, deep bool) {
	depth, text := 0, false
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return i, true
			}
		case c == '}' || c == ']':
			depth = max(depth-1, 0)
		}
	}
	return 0, false
}

func isJSON(name string) bool { return strings.EqualFold(filepath.Ext(name), ".json") }
