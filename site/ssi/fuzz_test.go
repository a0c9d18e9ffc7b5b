package ssi

import (
	"fmt"
	"strings"
	"testing"
)

// found collects what a Parser finds, text in one piece.
type found struct {
	b    strings.Builder
	text bool
}

func (f *found) Text(b []byte) {
	if !f.text {
		f.b.WriteString("\ntext:")
	}
	f.text = true
	f.b.Write(b)
}

func (f *found) Directive(d *Directive) {
	f.text = false
	fmt.Fprintf(&f.b, "\ndirective:%d %q %+v", d.Line, d.Name, d.Attributes)
	if d.Fault != nil {
		f.b.WriteString(d.Fault.Text)
	}
}

func parsed(src []byte, cuts ...int) string {
	f := &found{}
	p := NewParser(f, 64)
	for _, cut := range cuts {
		cut = min(cut, len(src))
		p.Feed(src[:cut])
		src = src[cut:]
	}
	p.Feed(src)
	p.End()
	return f.b.String()
}

var seeds = []string{
	"", "a<!--#echo var=\"A\" -->b", "<!--#if expr=\"$A = /x/ && (b || !c)\" -->1<!--#elif expr=\"v('x')\" -->2<!--#else -->3<!--#endif -->",
	"<!-<!--<!--#<!--#x--><!--#a b='\\'-->' --->", "<!--#set var=x value=\"-->\" -->", "\x00\xff<!--#\x00=\"\xff\"-->", "<!--#echo var=\"" + strings.Repeat("x", 100) + "\" -->-->",
	"<!--#include virtual=\"/a?$x${y}\\$z\" onerror='b' -->", "<!--#config timefmt=\"%a%%%\" sizefmt=bytes -->", "<!--#a=`-->`--", "\n<!--#\n\n-->\n<!--#x\n-->",
}

func TestADirectiveCutAnywhereIsTheSame(t *testing.T) {
	for _, s := range seeds {
		whole := parsed([]byte(s))
		for i := range len(s) + 1 {
			if got := parsed([]byte(s), i); got != whole {
				t.Errorf("%q cut at %d: %s\nwhole: %s", s, i, got, whole)
			}
		}
		one := make([]int, len(s))
		for i := range one {
			one[i] = 1
		}
		if got := parsed([]byte(s), one...); got != whole {
			t.Errorf("%q byte by byte: %s\nwhole: %s", s, got, whole)
		}
	}
}

func FuzzParser(f *testing.F) {
	for i, s := range seeds {
		f.Add([]byte(s), i, 3)
	}
	f.Fuzz(func(t *testing.T, src []byte, a, b int) {
		a, b = max(a, 0), max(b, 0)
		whole := parsed(src)
		if got := parsed(src, a, b); got != whole {
			t.Errorf("%q cut at %d and %d: %s\nwhole: %s", src, a, b, got, whole)
		}
	})
}

// FuzzPage evaluates pages: nothing panics, what is printed is bounded, and what comes from outside is harmless.
func FuzzPage(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, "<script>'\"")
	}
	f.Fuzz(func(t *testing.T, source, foreign string) {
		if len(source) > 2000 || strings.Contains(source, "none") || strings.Contains(source, "url") || strings.Contains(source, "decoding") || strings.Contains(source, "\x01") {
			return
		}
		s := &stage{variables: map[string]string{"A": "\x01<" + foreign, "x": "\x01<" + foreign, "y": "\x01<"}}
		newRun().Page(Compile([]byte(source), 1000, nil), s, defaults, s)
		if s.Len() > 4096+len(source)*(1000+6*len(foreign)) {
			t.Errorf("%d bytes of %d", s.Len(), len(source))
		}
		out := strings.ReplaceAll(s.String(), "[false ", "")
		if strings.Contains(source, "include") || strings.Contains(source, "exec") || strings.Contains(source, "config") {
			return // the stage prints what is included as it is; an error message is the page's own
		}
		if strings.Contains(out, "\x01<") {
			t.Errorf("%q has come to %q", source, s.String())
		}
	})
}
