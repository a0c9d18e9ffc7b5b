package resource

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestOtherFormsAreKeptWithTheirFile(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a = one"))
	load(t, r, "/a")
	e := r.Hot([]byte("/a"), b.clock.Load())
	before := b.Stats().Bytes
	if _, kept := e.Form(1); kept {
		t.Error("a form that nobody made")
	}
	if !e.KeepForm(1, []byte("coded")) || !e.KeepForm(2, nil) {
		t.Fatal("not kept")
	}
	if got, kept := e.Form(1); !kept || string(got) != "coded" {
		t.Errorf("%q, %v", got, kept)
	}
	if got, kept := e.Form(2); !kept || len(got) != 0 {
		t.Errorf("an empty form: %q, %v", got, kept)
	}
	if grown := b.Stats().Bytes - before; grown != 5 {
		t.Errorf("%d bytes are accounted for 5", grown)
	}
	for key := range uint32(100) {
		e.KeepForm(key, make([]byte, 10))
	}
	if grown := b.Stats().Bytes - before; grown != 10*mostForms {
		t.Errorf("%d bytes are accounted for %d forms of 10", grown, mostForms)
	}
	b.Configure(bounds(0, 0, 0, time.Second))
	if n := b.Stats().Bytes; n != 0 {
		t.Errorf("%d bytes are accounted when nothing is kept", n)
	}
	if e.KeepForm(1, []byte("coded")) {
		t.Error("kept with an entry that is not kept itself")
	}
}

func TestOtherFormsAreWithinTheBounds(t *testing.T) {
	one := cost(t, 1000)
	limit := 3 * one
	b := newBench(t, bounds(limit, 16<<10, 10, time.Hour))
	r := b.root(t, layout(t, numbered(3, 1000)...))
	for _, path := range []string{"/f0", "/f1", "/f2"} {
		load(t, r, path)
	}
	e := r.Hot([]byte("/f1"), b.clock.Load())
	if !e.KeepForm(1, bytes.Repeat([]byte{'x'}, 100)) {
		t.Error("others are not evicted for it")
	}
	if s := b.Stats(); s.Bytes != 2*one+100 || s.Entries != 2 || s.Bytes > limit {
		t.Errorf("%+v", s)
	}
	if b.hot(t, r, "/f1") == "" {
		t.Error("it has evicted its own file")
	}
	if e.KeepForm(2, make([]byte, limit)) {
		t.Error("kept, although it does not fit at all")
	}
	if s := b.Stats(); s.Bytes != 2*one+100 {
		t.Errorf("%+v", s)
	}
}

func TestFilesThatAreSentFromTheirDescriptorHaveNoOtherForms(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "large = "+strings.Repeat("x", 20<<10)))
	e, f := r.Load("/large", LoadOptions{}, nil)
	if f != nil {
		t.Fatal(f)
	}
	defer e.Release()
	if e.KeepForm(1, []byte("coded")) {
		t.Error("kept")
	}
}
