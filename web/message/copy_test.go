package message

import (
	"bytes"
	"testing"
)

// whole is a request with everything in it, as a protocol's engine would fill it in.
func whole(r *Request, arena []byte) {
	r.Reset(arena)
	r.Method, r.MethodText = GET, Span{0, 3}
	r.Major, r.Minor = 1, 1
	r.ParseTarget(Span{4, 13})
	r.Fields.Add(Span{18, 4}, Span{24, 10})
	r.ParseHost(Span{24, 10})
	r.Fields.Add(Span{35, 1}, Span{38, 1})
	r.ContentLength = -1
}

const wholeText = "GET /a%20b/../c?q Host: WWW.x.org. X: y"

func checkWhole(t *testing.T, r *Request) {
	t.Helper()
	if r.MethodName() != "GET" || string(r.MethodBytes()) != "GET" || string(r.RawTarget()) != "/a%20b/../c?q" || string(r.Path()) != "/c" ||
		string(r.Query()) != "q" || string(r.RawPath()) != "/a%20b/../c" {
		t.Errorf("%s %s: path %q, query %q", r.MethodName(), r.RawTarget(), r.Path(), r.Query())
	}
	if string(r.Host()) != "www.x.org" || string(r.Authority.Of(r.Arena())) != "WWW.x.org." {
		t.Errorf("host %q of %q", r.Host(), r.Authority.Of(r.Arena()))
	}
	if v, ok := r.Fields.Lookup("x"); !ok || string(v) != "y" || string(r.Fields.Get(Host)) != "WWW.x.org." || r.Fields.Len() != 2 {
		t.Errorf("X is %q, Host %q", v, r.Fields.Get(Host))
	}
	if r.ContentLength != -1 || r.Major != 1 || r.Minor != 1 || r.Scheme != "http" {
		t.Errorf("length %d, version %d.%d, scheme %q", r.ContentLength, r.Major, r.Minor, r.Scheme)
	}
}

func TestACopyIsIndependent(t *testing.T) {
	var r, dst Request
	buffer := []byte(wholeText)
	whole(&r, buffer)
	checkWhole(t, &r)
	arena := r.CopyTo(&dst, nil)
	checkWhole(t, &dst)
	clear(buffer)
	whole(&r, []byte(wholeText)) // and scratch memory is written over
	r.Fields.Add(Span{0, 1}, Span{0, 1})
	checkWhole(t, &dst)

	var third Request
	dst.CopyTo(&third, nil) // a copy of a copy
	clear(arena)
	checkWhole(t, &third)

	whole(&r, []byte(wholeText))
	if n := testing.AllocsPerRun(100, func() { arena = r.CopyTo(&dst, arena) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestARequestMoves(t *testing.T) {
	var r Request
	buffer := []byte(wholeText + "rest of the buffer")
	whole(&r, buffer)
	moved := bytes.Clone(buffer[:len(wholeText)])
	r.SetArena(moved)
	clear(buffer)
	checkWhole(t, &r)
	r.CopyTo(&r, make([]byte, 0, 100))
	clear(moved)
	checkWhole(t, &r)
}

func TestARequestOfAnUnknownMethodKeepsItsToken(t *testing.T) {
	var r Request
	r.Reset([]byte("BREW"))
	r.MethodText = Span{0, 4}
	if r.MethodName() != "BREW" || r.Path() != nil || r.Query() != nil || len(r.Host()) != 0 {
		t.Errorf("%q", r.MethodName())
	}
}

func TestAResponseIsCopied(t *testing.T) {
	var r, dst Response
	buffer := []byte("OK Server: x")
	r.Reset(buffer)
	r.Status, r.Reason, r.Major, r.Minor = 200, Span{0, 2}, 1, 1
	r.Fields.Add(Span{3, 6}, Span{11, 1})
	arena := r.CopyTo(&dst, nil)
	clear(buffer)
	if dst.Status != 200 || string(dst.ReasonText()) != "OK" || string(dst.Fields.Get(Server)) != "x" || dst.ContentLength != -1 {
		t.Errorf("%d %q, Server %q, length %d", dst.Status, dst.ReasonText(), dst.Fields.Get(Server), dst.ContentLength)
	}
	r.SetArena(arena)
	if string(r.ReasonText()) != "OK" || string(r.Fields.Get(Server)) != "x" || len(r.Arena()) != len(arena) {
		t.Errorf("moved: %q", r.ReasonText())
	}
	if n := testing.AllocsPerRun(100, func() { arena = dst.CopyTo(&dst, arena) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
