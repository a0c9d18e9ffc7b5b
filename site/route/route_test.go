package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/trace/tracetest"
	"vitrine/web/message"
)

func TestMain(m *testing.M) { tracetest.Main(m, "route.") }

func TestPatternsMatchWhatTheyPromise(t *testing.T) {
	for _, test := range []struct {
		pattern string
		yes     string // paths that match, each with "|" where the tail begins
		no      string
	}{
		{"/", "/", "/a"},
		{"/about", "/about", "/ /about/ /abou /about2 /About /about/x"},
		{"/about/", "/about/", "/about /about/x"},
		{"/*", "/ /|a /|a/b /|a/b/", ""},
		{"/**", "/ /|a /|a/b/", ""},
		{"/docs/*", "/docs /docs/ /docs/|a /docs/|a/b /docs/|a/", "/ /docsets /doc /docs2/a"},
		{"/docs/**", "/docs /docs/ /docs/|a/b", "/docsets"},
		{"/docs/**/*", "/docs /docs/ /docs/|a/b", "/docsets"},
		{"/docs*", "/docs /docs|ets", "/docs/ /docs/a /doc"},
		{"/docs**", "/docs /docs|ets /docs|/a/b", "/doc"},
		{"/img/*.png", "/img/a.png /img/.png", "/img/a/b.png /img/a.pngx /img/a.pn /img/"},
		{"/*.html", "/a.html /.html", "/a/b.html /a.htm"},
		{"/**/*.php", "/a.php /b/a.php /b/c/a.php /.php", "/a.php/x /aphp"},
		{"/**.php", "/a.php /b/a.php /b/c/.php", "/a.php/x /a"},
		{"/users/*/avatar", "/users/u/avatar /users/avatar/avatar", "/users/avatar /users//avatar2 /users/a/b/avatar"},
		{"/a/**/z", "/a/z /a/b/z /a/b/c/z /a/z/z", "/az /a/bz /a/zb /b/z"},
		{"/a/**/", "/a/ /a/b/ /a/b/c/", "/a /a/b"},
		{"/a/*/*", "/a/x /a/x/|y /a/x/|y/z", "/a"},
		{"/**/x/*", "/x /a/x /x/|x /a/x/|b/c /x/|a/x/b", "/ax /xa /a"},
		{"/a*b*c", "/abc /aXbXc /aabbccc /abcbc", "/ab /ab/c /abcd"},
		{"/a**c", "/ac /a/b/c /abc", "/a/cd"},
		{"/v*/api/*", "/v1/api /v/api/ /v2/api/|x", "/v1/apix /1/api /v1/2/api"},
		{"/%2A/a%20b", "/*/a␠b", "/x/a␠b"},
		{"/한국/*", "/한국 /한국/|서울", "/한"},
	} {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if p.String() != test.pattern {
			t.Errorf("%s prints as %s", test.pattern, p)
		}
		for path := range strings.FieldsSeq(test.yes) {
			path = strings.ReplaceAll(path, "␠", " ")
			want := strings.IndexByte(path, '|')
			path = strings.Replace(path, "|", "", 1)
			if want < 0 {
				want = len(path)
			}
			if tail, ok := p.Match([]byte(path)); !ok || tail != want {
				t.Errorf("%s on %s: matches %v with the tail %q, want %q", test.pattern, path, ok, path[tail:], path[want:])
			}
		}
		for path := range strings.FieldsSeq(test.no) {
			if _, ok := p.Match([]byte(strings.ReplaceAll(path, "␠", " "))); ok {
				t.Errorf("%s matches %s", test.pattern, path)
			}
		}
	}
}

func TestPatternsThatCannotMeanAnythingAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                     `it does not begin with "/"; "/*" is every path`,
		"*":                    `it does not begin with "/"; "/*" is every path`,
		"docs/*":               `it does not begin with "/"; every path begins with /`,
		"^/docs":               `it does not begin with "/"; a regular expression has ~ in front: "~ ^/docs"`,
		"~ (":                  "the regular expression is wrong: missing closing ): `(`",
		"~ (?=x)":              "the regular expression is wrong: invalid or unsupported Perl syntax: `(?=`; look-around and back-references are not known: they would let a path decide how long matching takes",
		"~*  ":                 `there is no regular expression behind the ~; write, for example, "~ ^/old/(.*)$"`,
		"/a//b":                `it can match no path: once a path is normalised it has no segment ""`,
		"/a/./b":               `it can match no path: once a path is normalised it has no segment "."`,
		"/a/..":                `it can match no path: once a path is normalised it has no segment ".."`,
		"/a/%2e%2E/b":          `it can match no path: once a path is normalised it has no segment ".."`,
		"/***":                 `there is nothing beyond **; ** is any part of a path`,
		"/100%":                `% is not followed by two hexadecimal digits; write %25 for the percent sign itself`,
		"/a%zz":                `% is not followed by two hexadecimal digits; write %25 for the percent sign itself`,
		"/a%00":                `it can match no path: once a path is decoded it has no %00`,
		"/a%2fb":               `it can match no path: once a path is decoded it has no %2f`,
		"/a?b=c":               `a pattern is about the path, which ends before ?; write %3F for the character itself`,
		"/a#b":                 `a pattern is about the path, which ends before #; write %23 for the character itself`,
		"/users/{id}":          `patterns have no placeholders; * is any part of a segment; write %7B for the brace itself`,
		"/a\n":                 `there is a control character in it; write %0A if it is meant`,
		"/*" + long("x/*", 99): `it is too long after its first star; use several routes`,
	} {
		_, err := Parse(pattern)
		if err == nil {
			t.Errorf("%q is accepted", pattern)
			continue
		}
		wrong := err.(*SyntaxError)
		got := wrong.Message
		if wrong.Hint != "" {
			got += "; " + wrong.Hint
		}
		if got != want {
			t.Errorf("%q: %s\nwant %s", pattern, got, want)
		}
		if wrong.Offset > wrong.End || wrong.End > len(pattern) || !strings.Contains(err.Error(), wrong.Message) {
			t.Errorf("%q: wrong at %d-%d: %s", pattern, wrong.Offset, wrong.End, err)
		}
	}
}

func long(s string, n int) string { return strings.Repeat(s, n) }

func TestNoPathMakesMatchingSlow(t *testing.T) {
	p := parse(t, "/**a*b**c*d")
	path := []byte("/" + long("ab/c", 4<<10) + "d/")
	begin := time.Now()
	p.Match(path)
	if took := time.Since(begin); took > time.Second { // a matcher that tries one way after the other needs hours
		t.Errorf("a path of %d bytes takes %v", len(path), took)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	table := rules(t, "/a", "/b/*", "GET /**/*.php", "/c*/d**e", "POST /*")
	for _, path := range []string{"/a", "/b/c", "/x/y.php", "/cc/dxxe", "/none"} {
		path := []byte(path)
		if n := testing.AllocsPerRun(100, func() { table.Match(path, message.GET, nil, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

func TestMethodsAreASet(t *testing.T) {
	for _, test := range []struct{ names, allow, has, not string }{
		{"", "", "GET HEAD POST BREW", ""},
		{"GET", "GET, HEAD", "GET HEAD", "POST BREW get"},
		{"POST GET", "GET, HEAD, POST", "GET HEAD POST", "PUT"},
		{"BREW DELETE WHEN BREW", "DELETE, BREW, WHEN", "BREW WHEN DELETE", "GET OTHER"},
		{"HEAD", "HEAD", "HEAD", "GET"},
	} {
		m := MethodsOf(strings.Fields(test.names)...)
		if got := m.String(); got != test.allow {
			t.Errorf("%q: Allow: %s, want %s", test.names, got, test.allow)
		}
		for name := range strings.FieldsSeq(test.has) {
			if !m.Has(message.LookupMethod([]byte(name)), []byte(name)) {
				t.Errorf("%q lacks %s", test.names, name)
			}
		}
		for name := range strings.FieldsSeq(test.not) {
			if m.Has(message.LookupMethod([]byte(name)), []byte(name)) {
				t.Errorf("%q has %s", test.names, name)
			}
		}
	}
	if MethodsOf().Names(message.GET, nil) {
		t.Error("the set of every method names GET")
	}
	both := MethodsOf("GET", "BREW").Union(MethodsOf("POST", "ADD"))
	if got := both.String(); got != "GET, HEAD, POST, ADD, BREW" {
		t.Error(got)
	}
	if !both.Union(MethodsOf()).Any() {
		t.Error("a union with every method is not every method")
	}
	if some, ok := both.Intersect(MethodsOf("POST", "BREW", "PUT")); !ok || some.String() != "POST, BREW" {
		t.Error(some, ok)
	}
	if _, ok := MethodsOf("GET").Intersect(MethodsOf("POST")); ok {
		t.Error("GET and POST have a method in common")
	}
	if all, ok := MethodsOf().Intersect(MethodsOf("PUT")); !ok || all.String() != "PUT" {
		t.Error(all, ok)
	}
}

func TestTheFirstRouteInTheFileAnswers(t *testing.T) {
	table := rules(t, "/a/b", "POST /a/*", "GET /a/*", "/c/*", "PUT /d", "DELETE /d")
	for _, test := range []struct {
		method, path string
		index        int
		tail         string
		reason       *trace.Reason
		matches      []int
	}{
		{"GET", "/a/b", 0, "", Matched, []int{0}},
		{"POST", "/a/c", 1, "c", Matched, []int{1, 2}},
		{"HEAD", "/a/c", 2, "c", Matched, []int{1, 2}},
		{"BREW", "/c", 3, "", Matched, []int{3}},
		{"DELETE", "/a/c", -1, "", MethodRefused, []int{1, 2}},
		{"GET", "/d", -1, "", MethodRefused, []int{4, 5}},
		{"GET", "/", -1, "", NoRoute, nil},
	} {
		for _, tr := range []*trace.Journey{nil, {}} {
			c := table.Match([]byte(test.path), message.LookupMethod([]byte(test.method)), []byte(test.method), tr)
			if c.Index != test.index || test.path[c.Tail:] != test.tail || c.Reason != test.reason {
				t.Errorf("%s %s: route %d, tail %q, %s", test.method, test.path, c.Index, test.path[c.Tail:], c.Reason)
			}
		}
		if got := slices.Collect(table.Matches([]byte(test.path))); !slices.Equal(got, test.matches) {
			t.Errorf("%s is matched by %v, want %v", test.path, got, test.matches)
		}
	}
}

func TestAJourneyTellsOfEachRouteWhyNot(t *testing.T) {
	table := rules(t, "/about", "/abc/def", "/docs/*.png", "/docs/*/x", "/doc/*", "/docs/a/b/c", "POST /docs/*", "/docs/*", "/*")
	tr := &trace.Journey{}
	table.Match([]byte("/docs/a/b"), message.GET, nil, tr)
	var got strings.Builder
	for _, e := range tr.Events {
		fmt.Fprintf(&got, "%s %s %v line %d", e.Subject, e.Reason, e.Taken, e.Position.Line)
		for _, d := range e.Details {
			fmt.Fprintf(&got, " %s: %s", d.Name, d.Value)
		}
		got.WriteByte('\n')
	}
	const want = `/about route.other-path false line 1 why: after "/" the path has "docs/a/b", the pattern "about"
/abc/def route.other-path false line 2 why: after "/" the path has "docs/a/b", the pattern "abc/def"
/docs/*.png route.other-path false line 3 why: the path does not end in ".png"
/docs/*/x route.other-path false line 4 why: the path does not end in "x"
/doc/* route.other-path false line 5 why: "/doc" ends within a segment of the path
/docs/a/b/c route.other-path false line 6 why: the path ends where the pattern goes on with "/c"
/docs/* route.other-method false line 7 methods: POST
/docs/* route.matched true line 8 tail: a/b
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	for pattern, why := range map[string]string{
		"/docs":        `the path goes on with "/a/b" where the pattern ends`,
		"/**/docs/*/b": "",
		"/docs/*b":     `what follows "/docs/" does not fit the pattern`,
	} {
		p := parse(t, pattern)
		if _, ok := p.Match([]byte("/docs/a/b")); !ok && p.WhyNot([]byte("/docs/a/b")) != why {
			t.Errorf("%s: %s", pattern, p.WhyNot([]byte("/docs/a/b")))
		}
	}
}

func parse(t testing.TB, pattern string) *Pattern {
	t.Helper()
	p, err := Parse(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rules makes a table of "METHOD,METHOD /pattern" or "/pattern", each on a line of its own.
func rules(t testing.TB, routes ...string) *Table {
	t.Helper()
	var list []Rule
	for i, r := range routes {
		methods, pattern, both := strings.Cut(r, " ")
		if !both {
			methods, pattern = "", r
		}
		list = append(list, Rule{
			Pattern:  parse(t, pattern),
			Methods:  MethodsOf(strings.FieldsFunc(methods, func(c rune) bool { return c == ',' })...),
			Position: trace.Position{File: "vitrine.hcl", Line: i + 1},
		})
	}
	return NewTable(list)
}
