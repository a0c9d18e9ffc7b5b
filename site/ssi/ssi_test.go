package ssi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "ssi.") }

// stage is a World in which everything is made up, and a Writer.
type stage struct {
	strings.Builder
	variables map[string]string
	told      []string
	full      int // bytes after which it takes nothing more; 0: it takes all
	err       error
}

func (s *stage) Variable(name string) (string, bool) {
	v, ok := s.variables[name]
	return v, ok
}

func (s *stage) Names() []string {
	var all []string
	for name := range s.variables {
		all = append(all, name)
	}
	return all
}

func (s *stage) Include(r Reference) error {
	if strings.Contains(r.Path, "missing") {
		return errors.New("it is not there")
	}
	fmt.Fprintf(&s.Builder, "[%t %s]", r.File, r.Path)
	return nil
}

func (s *stage) Stat(r Reference) (int64, time.Time, error) {
	if strings.Contains(r.Path, "missing") {
		return 0, time.Time{}, errors.New("it is not there")
	}
	return 1234567, modified, nil
}

func (s *stage) Exec(kind, what string) error {
	if kind == "cmd" {
		return errors.New("no")
	}
	fmt.Fprintf(&s.Builder, "[%s %s]", kind, what)
	return nil
}

func (s *stage) Failed(d *Directive, why error) {
	s.told = append(s.told, fmt.Sprintf("%d %s: %v", d.Line, d.Name, why))
}

func (s *stage) Write(p []byte) (int, error) {
	if s.full > 0 && s.Len()+len(p) > s.full {
		s.err = errors.New("full")
		return 0, s.err
	}
	return s.Builder.Write(p)
}

func (s *stage) Err() error { return s.err }

var modified = time.Date(2024, 2, 29, 13, 4, 5, 0, time.UTC)

// newRun is a Run with bounds that tests can reach.
func newRun() *Run {
	return &Run{Limits: Limits{Variables: 20, VariableBytes: 1000}, Now: time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC),
		Document: Document{Modified: modified}}
}

var defaults = Defaults{Error: "[failed]", Undefined: "(none)", TimeFormat: "%A, %d-%b-%Y %H:%M:%S %Z"}

// made is what a page comes to, and what was told to the log.
func made(t testing.TB, source string) (string, []string) {
	t.Helper()
	s := &stage{variables: map[string]string{"A": "alpha", "B": "b <&>'\"", "EMPTY": "", "N": "12", "URL": "/x y?a=b&c='d'", "E": "dGV4dA=="}}
	if err := newRun().Page(Compile([]byte(source), 1000, nil), s, defaults, s); err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return s.String(), s.told
}

func TestDirectives(t *testing.T) {
	for source, want := range map[string]string{
		"":                             "",
		"a <!-- comment --> b <!--# x": "a <!-- comment --> b [failed]",
		"<!--#echo var=\"A\" -->":      "alpha", "<!--#echo var=A-->": "alpha", "<!--#ECHO VAR='A'-->": "alpha", "<!--#echo var=`A` -->": "alpha",
		"<!--#echo var = \"A\"-->": "alpha", "<!--#\n echo\n\tvar=\"A\"\n-->": "alpha",
		`<!--#echo var="A" var="N" -->`:                                                "alpha12",
		`<!--#echo var="X" -->`:                                                        "(none)",
		`<!--#echo var="EMPTY" -->`:                                                    "",
		`<!--#config echomsg="?" --><!--#echo var="X" -->`:                             "?",
		`<!--#config errmsg="E--&gt;" --><!--#nothing -->`:                             "E--&gt;",
		`<!--#echo var="B" -->`:                                                        "b &lt;&amp;&gt;&#39;&quot;",
		`<!--#echo encoding="none" var="B" -->`:                                        `b <&>'"`,
		`<!--#echo encoding="url" var="URL" -->`:                                       "/x%20y%3Fa=b&c=%27d%27",
		`<!--#echo encoding="urlencoded" var="URL" -->`:                                "%2Fx+y%3Fa%3Db%26c%3D%27d%27",
		`<!--#echo encoding="base64" var="A" -->`:                                      "YWxwaGE=",
		`<!--#echo decoding="base64" var="E" -->`:                                      "text",
		`<!--#echo decoding="base64,url" encoding="base64, entity" var="E" -->`:        "dGV4dA==",
		`<!--#echo encoding="none" var="B" encoding="entity" var="B" -->`:              `b <&>'"b &lt;&amp;&gt;&#39;&quot;`,
		`<!--#set var="x" value="$A-${N}\$" --><!--#echo var="x" -->`:                  "alpha-12$",
		`<!--#set var="x" value="a&lt;&#98;" --><!--#echo encoding="none" var="x" -->`: "a<b",
		`<!--#set var="A" value="own" --><!--#echo var="A" -->`:                        "own",
		`<!--#set var="y" value="${A" --><!--#echo var="y" -->`:                        "${A",
		`<!--#set var="y" value="\a $" --><!--#echo var="y" -->`:                       `\a $`,
		`<!--#set var="y" value="a \"q\" -->b" --><!--#echo encoding=none var="y" -->`: `a "q" -->b`,
		`<!--#set encoding="base64" var="y" value="text" --><!--#echo var="y" -->`:     "dGV4dA==",
		`<!--#set decoding="urlencoded" var="y" value="a+b" --><!--#echo var="y" -->`:  "a b",
		`<!--#set decoding="entity" var="y" value="a" --><!--#echo var="y" -->`:        "a",
		`<!--#include file="x" -->`:                                                    "[true x]",
		`<!--#include virtual="/x/$A" virtual="y" -->`:                                 "[false /x/alpha][false y]",
		`<!--#include virtual="missing" -->`:                                           "[failed]",
		`<!--#include virtual="missing" onerror="/e" -->`:                              "[false /e]",
		`<!--#include virtual="missing" onerror="missing" -->`:                         "[failed]",
		`<!--#fsize file="x" -->`:                                                      "1.2M",
		`<!--#config sizefmt="bytes" --><!--#fsize virtual="x" -->`:                    "1,234,567",
		`<!--#config sizefmt="abbrev" --><!--#fsize virtual="x" -->`:                   "1.2M",
		`<!--#flastmod file="x" -->`:                                                   "Thursday, 29-Feb-2024 13:04:05 UTC",
		`<!--#config timefmt="%s" --><!--#flastmod file="x" -->`:                       "1709211845",
		`<!--#fsize file="missing" -->`:                                                "[failed]",
		`<!--#echo var="DATE_GMT" -->`:                                                 "Saturday, 01-Mar-2025 09:00:00 GMT",
		`<!--#echo var="DATE_LOCAL" -->`:                                               "Saturday, 01-Mar-2025 09:00:00 UTC",
		`<!--#config timefmt="%F" --><!--#echo var="LAST_MODIFIED" -->`:                "2024-02-29",
		`<!--#exec cgi="/x" -->`:                                                       "[cgi /x]",
		`<!--#exec cmd="id" -->`:                                                       "[failed]",
		`<!--#set var="z" value="<" --><!--#printenv -->`: "A=alpha\nB=b &lt;&amp;&gt;&#39;&quot;\nDATE_GMT=Saturday, 01-Mar-2025 09:00:00 GMT\n" +
			"DATE_LOCAL=Saturday, 01-Mar-2025 09:00:00 UTC\nE=dGV4dA==\nEMPTY=\nLAST_MODIFIED=Thursday, 29-Feb-2024 13:04:05 UTC\nN=12\nURL=/x y?a=b&amp;c=&#39;d&#39;\nz=&lt;\n",
	} {
		if got, told := made(t, source); got != want {
			t.Errorf("%s\n got %q\nwant %q\ntold %q", source, got, want, told)
		}
	}
}

func TestConditions(t *testing.T) {
	for condition, want := range map[string]bool{
		"$A": true, "$X": false, "$EMPTY": false, "alpha": true, "''": false, "false": false, "true": true, "! $X": true, "!$A": false, "!!$A": true,
		"$A = alpha": true, "$A = beta": false, "$A == alpha": true, "$A != alpha": false, "$A != beta": true, `'$A' = \"alpha\"`: true, "${A} = 'alpha'": true,
		"$A < beta": true, "$A > beta": false, "$A <= alpha": true, "$A >= alpha": true, "$A >= b": false,
		"$A = /^al/": true, "$A = /^x/": false, "$A != /^x/": true, "$A =~ /PH/i": true, "$A !~ /PH/": true, "/a/b = /a/": true, `/a/b = /a\/b/`: true,
		"$A = alpha && $N = 12": true, "$A = alpha && $N = 13": false, "$A = x || $N = 12": true, "$X || $Y": false,
		"($A = x || $N = 12) && $A": true, "!($A = alpha)": false, "$A = x && $A || $N": true, "$A=alpha": true, "$A=x||$N=12": true,
		"a b = 'a b'": true, "$N -eq 12": true, "$N -lt 100": true, "$N < 100": false, "$N -gt 2 && $N -ne 3 && $N -le 12 && $N -ge 12": true,
		"-z $X": true, "-n $X": false, "-n $A": true, "-z '$A'": false, "v(A) = alpha": true, "v('A') = 'alpha'": true, "reqenv('A') != ''": true, "%{A} = alpha": true,
		"$B = /$B/": true, "$A = /^$A$/": true, "abc = /$EMPTY./": true, "a&b = a&b": true, "a|b = a|b": true,
	} {
		source := `<!--#if expr="` + condition + `" -->yes<!--#else -->no<!--#endif -->`
		got, told := made(t, source)
		if got != map[bool]string{true: "yes", false: "no"}[want] {
			t.Errorf("%s: %s, told %q", condition, got, told)
		}
	}
	for _, condition := range []string{"", "(", ")", "$A = ", "= x", "$A = /x", "$A = /(/", "$A && ", "|| $A", "$A = b = c", "$A =~ x", "'x", "%{A", "v(", "v()", "-A /x", "-z",
		"a -z b", strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100), strings.Repeat("!", 100) + "a", "a ! b", "a) b", "$A = /(?P<x/"} {
		source := `<!--#if expr="` + condition + `" -->yes<!--#elif expr="$A" -->elif<!--#else -->no<!--#endif -->.`
		if got, told := made(t, source); got != "[failed]." || len(told) != 1 {
			t.Errorf("%q: %q, told %q", condition, got, told)
		}
	}
}

func TestBranches(t *testing.T) {
	yes, no, end := `<!--#if expr="a" -->`, `<!--#if expr="" = x" -->`, `<!--#endif -->`
	no = `<!--#if expr="a = b" -->`
	for source, want := range map[string]string{
		no + "1" + end + "2": "2", yes + "1" + end + "2": "12",
		no + "1" + `<!--#elif expr="a" -->2<!--#elif expr="a" -->3<!--#else -->4` + end:                          "2",
		no + "1" + `<!--#elif expr="a = b" -->2<!--#else -->4` + end:                                             "4",
		yes + no + "1<!--#else -->2" + end + "3" + end + "4":                                                     "234",
		no + yes + "1<!--#else -->2" + end + "3<!--#else -->5" + end + "4":                                       "54",
		no + `<!--#nothing --><!--#echo --><!--#if expr="(" -->x` + end + end + "4":                              "4",
		no + yes + "<!--#else --><!--#else --><!--#elif -->" + end + end + "4":                                   "4",
		`<!--#if expr="$0" -->x<!--#else -->y` + end:                                                             "y",
		`<!--#if expr="$A = /^(.)(l)/" --><!--#echo var="1" --><!--#echo var="2" --><!--#echo var="3" -->` + end: "al(none)",
		"<!--#else -->x": "[failed]x", "<!--#endif -->x": "[failed]x", `<!--#elif expr="a" -->x`: "[failed]x",
		yes + "1<!--#else -->2<!--#else -->3" + end + "4":    "1[failed]4",
		yes + `1<!--#else x="y" -->2<!--#endif a -->4`:       "1[failed][failed]4",
		no + `1<!--#else x -->2` + end:                       "[failed]2",
		yes + "1":                                            "1",
		no + "1":                                             "",
		strings.Repeat(yes, 120) + "1":                       "[failed]",
		`<!--#if -->1` + end:                                 "[failed]",
		`<!--#if expr="a" expr="b" -->1` + end:               "[failed]",
		`<!--#if expr -->1` + end:                            "[failed]",
		`<!--#if expr="` + strings.Repeat("x", 2000) + `-->`: "[failed]",
	} {
		if got, told := made(t, source); got != want {
			t.Errorf("%.300s\n got %q\nwant %q\ntold %q", source, got, want, told)
		}
	}
}

func TestWhatFailsIsToldToTheLogAndNotToThePage(t *testing.T) {
	for source, want := range map[string]string{
		"\n\n<!--#nothing -->":                                           "3 nothing: there is no directive nothing",
		"<!--#-->":                                                       "1 : the directive has no name",
		`<!--#echo -->|<!--#echo var -->`:                                "1 echo: echo var names no variable",
		`<!--#echo vars="A" -->`:                                         "1 echo: echo has no attribute vars",
		`<!--#echo encoding="rot13" var="A" -->`:                         "1 echo: there is no encoding rot13; there are none, url, urlencoded, base64 and entity",
		`<!--#echo decoding="x" var="A" -->`:                             "1 echo: there is no encoding x; there are none, url, urlencoded, base64 and entity",
		`<!--#set value="x" -->`:                                         "1 set: set has value without var before it",
		`<!--#set var="a=b" value="x" -->`:                               "1 set: set var names no variable: a=b",
		`<!--#set name="x" -->`:                                          "1 set: set has no attribute name",
		`<!--#set encoding="x" -->`:                                      "1 set: there is no encoding x; there are none, url, urlencoded, base64 and entity",
		`<!--#set decoding="x" -->`:                                      "1 set: there is no encoding x; there are none, url, urlencoded, base64 and entity",
		`<!--#set var="x" value="` + strings.Repeat("$A", 300) + `" -->`: "1 set: a value is longer than variable_bytes",
		`<!--#echo var="` + strings.Repeat("$A", 300) + `" -->`:          "1 echo: a value is longer than variable_bytes",
		`<!--#config sizefmt="big" -->`:                                  "1 config: config sizefmt is bytes or abbrev, not big",
		`<!--#config errmsg -->`:                                         "1 config: config errmsg has no value",
		`<!--#config colour="big" -->`:                                   "1 config: config has no attribute colour",
		`<!--#config errmsg="` + strings.Repeat("$A", 300) + `" -->`:     "1 config: a value is longer than variable_bytes",
		`<!--#include -->`:                                               "1 include: include has neither virtual nor file",
		`<!--#include files="x" -->`:                                     "1 include: include has no attribute files",
		`<!--#include file="" -->`:                                       "1 include: file names nothing",
		`<!--#include file="` + strings.Repeat("$A", 300) + `" -->`:      "1 include: a value is longer than variable_bytes",
		`<!--#fsize -->`:                                                 "1 fsize: fsize has neither virtual nor file",
		`<!--#fsize cmd="x" -->`:                                         "1 fsize: fsize has no attribute cmd",
		`<!--#fsize file -->`:                                            "1 fsize: file names nothing",
		`<!--#exec -->`:                                                  "1 exec: exec has neither cgi nor cmd",
		`<!--#exec php="x" -->`:                                          "1 exec: exec has no attribute php",
		`<!--#exec cgi -->`:                                              "1 exec: cgi names nothing",
		`<!--#include file="x" ="y" -->`:                                 "1 include: an attribute has no name",
		`<!--#include file="x -->`:                                       "1 : the directive has no end: --> is missing, or a quote",
		`<!--#echo var=A`:                                                "1 : the directive has no end: --> is missing, or a quote",
		"x\n<!--#echo\n\nvar=X" + strings.Repeat("x", 1000) + "-->":      "2 : the directive is longer than directive_bytes",
		`<!--#if expr="a" -->`:                                           "0 if: the page ends within an if: endif is missing",
		`<!--#if expr="$A = /` + strings.Repeat("$A", 300) + `/" -->x<!--#endif -->`: "1 if: a value is longer than variable_bytes",
		`<!--#if expr="$A = ` + strings.Repeat("$A", 300) + `" -->x<!--#endif -->`:   "1 if: a value is longer than variable_bytes",
		`<!--#if expr="` + strings.Repeat("$A", 300) + ` = b" -->x<!--#endif -->`:    "1 if: a value is longer than variable_bytes",
		"<!--#" + strings.Repeat("\x01", 100) + " -->":                               "1 " + strings.Repeat("\x01", 100) + ": there is no directive " + strings.Repeat("?", 60) + "…",
	} {
		got, told := made(t, source)
		if len(told) == 0 || told[0] != want {
			t.Errorf("%.200s\n got %q\nwant %q", source, told, want)
		}
		if strings.Contains(got, "names") || strings.Contains(got, "alpha") {
			t.Errorf("%s: %q", source, got)
		}
	}
}

func TestVariablesAreBounded(t *testing.T) {
	many := ""
	for i := range 25 {
		many += fmt.Sprintf(`<!--#set var="v%d" value="x" -->`, i)
	}
	if got, _ := made(t, many); got != strings.Repeat("[failed]", 5) {
		t.Errorf("%q", got)
	}
	if got, _ := made(t, `<!--#set var="a" value="`+strings.Repeat("x", 600)+`" --><!--#set var="b" value="$a" --><!--#set var="a" value="" --><!--#set var="b" value="b" -->`); got != "[failed]" {
		t.Errorf("%q", got)
	}
}

func TestNothingIsIncludedWhenTheTimeIsOver(t *testing.T) {
	s := &stage{}
	r := newRun()
	r.Limits.Until = func() bool { return true }
	r.Page(Compile([]byte(`a<!--#include file="x" --><!--#fsize file="x" --><!--#exec cgi="x" -->z`), 1000, nil), s, defaults, s)
	if s.String() != "a[failed][failed][failed]z" || !strings.Contains(s.told[0], "the time that a page may take") {
		t.Errorf("%q %q", s.String(), s.told)
	}
}

func TestAPageThatCannotBeWrittenEndsThere(t *testing.T) {
	source := `12345<!--#echo var="A" --><!--#include file="missing" onerror="missing" --><!--#fsize file="missing" --><!--#exec cmd="x" --><!--#printenv --><!--#nothing -->` +
		`<!--#if expr="(" --><!--#endif --><!--#else -->67890`
	whole := &stage{}
	newRun().Page(Compile([]byte(source), 1000, nil), whole, defaults, whole)
	for full := 1; full < whole.Len(); full++ {
		s := &stage{full: full}
		if err := newRun().Page(Compile([]byte(source), 1000, nil), s, defaults, s); err == nil || !strings.HasPrefix(whole.String(), s.String()) {
			t.Errorf("after %d bytes: %v %q", full, err, s.String())
		}
	}
}

func TestVariablesAreThoseOfAllPagesOfARun(t *testing.T) {
	s, r := &stage{}, newRun()
	for _, source := range []string{`<!--#set var="a" value="1" --><!--#config errmsg="own" --><!--#nothing -->`, `<!--#echo var="a" --><!--#nothing -->`} {
		r.Page(Compile([]byte(source), 1000, nil), s, defaults, s)
	}
	if s.String() != "own1[failed]" || r.Dated() {
		t.Errorf("%q", s.String())
	}
}

func TestTimesAndSizes(t *testing.T) {
	at := time.Date(2024, 2, 9, 3, 4, 5, 0, time.FixedZone("CET", 3600))
	for format, want := range map[string]string{
		"%a %A %b %h %B": "Fri Friday Feb Feb February", "%c": "Fri Feb  9 03:04:05 2024", "%C %d %D %e %F": "20 09 02/09/24  9 2024-02-09",
		"%g %G %V %u %w %U %W": "24 2024 06 5 5 05 06", "%H %I %k %l %M %S %p %P": "03 03  3  3 04 05 AM am", "%j %m %y %Y": "040 02 24 2024",
		"%r %R %T %x %X": "03:04:05 AM 03:04 03:04:05 02/09/24 03:04:05", "%s%n%t%%": "1707444245\n\t%", "%z %Z": "+0100 CET", "%Q %": "%Q %", "%Ey %Od": "24 09",
	} {
		if got := formatTime(at, format, 1000); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
	if got := formatTime(at, strings.Repeat("%c", 1000), 100); len(got) > 124 {
		t.Errorf("%d bytes", len(got))
	}
	for n, want := range map[int64]string{0: "  0 ", 5: "  5 ", 972: "972 ", 973: "1.0K", 1024: "1.0K", 1536: "1.5K", 9 << 10: "9.0K", 10239: " 10K", 12345: " 12K", 12800: " 13K",
		972 << 10: "972K", 1 << 20: "1.0M", 1 << 40: "1.0T", 1 << 62: "4.0E"} {
		if got := formatSize(n, true); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := formatSize(n, false); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestTextIsNotCopied(t *testing.T) {
	src := []byte("before<!--#echo var=A -->after")
	p := Compile(src, 100, nil)
	if &p.parts[0].text[0] != &src[0] || &p.parts[2].text[4] != &src[len(src)-1] || p.Directives() != 1 || p.Size() == 0 {
		t.Error("text was copied")
	}
	s, r := &stage{}, newRun()
	s.Grow(1 << 16)
	plain := Compile([]byte("text"), 100, nil)
	if n := testing.AllocsPerRun(100, func() { r.Page(plain, s, defaults, s) }); n > 1 {
		t.Errorf("%v allocations for a page without directives", n)
	}
}

func TestRegularExpressionsAreBounded(t *testing.T) {
	long := strings.Repeat("a", 900)
	condition := func(re string) string {
		return `<!--#if expr="'` + long + `' = /` + re + `/" -->yes<!--#else -->no<!--#endif -->`
	}
	s := &stage{variables: map[string]string{}}
	run := newRun()
	run.Limits.VariableBytes = 10000
	for re, want := range map[string]string{
		"^a+$":                                 "yes",
		"b{1000}":                              "no",
		strings.Repeat("x{1000}", 11):          "[failed]", // 11,000 instructions
		"((x{1,30}){1,30}){1,1}":               "no",
		"((x{1,9}){1,9}){1,9}y{1000}":          "no",
		strings.Repeat("(a*)*", 1500):          "[failed]", // at 900 letters, more than may be done at once
		"${X}x{1000}":                          "no",
		"${X}" + strings.Repeat("x{1000}", 11): "[failed]",
		strings.Repeat(`\pL`, 700):             "[failed]", // 650 ranges each
	} {
		s.Reset()
		s.told = nil
		if err := run.Page(Compile([]byte(condition(re)), 100000, nil), s, defaults, s); err != nil {
			t.Fatal(err)
		}
		if s.String() != want {
			t.Errorf("/%.30s/ came to %s, want %s: %q", re, s.String(), want, s.told)
		}
		if want == "[failed]" && !strings.Contains(fmt.Sprint(s.told), "instructions") {
			t.Errorf("/%.30s/ failed otherwise: %q", re, s.told)
		}
	}
	t.Run("those of a page together", func(t *testing.T) {
		p := Compile([]byte(strings.Repeat(`<!--#if expr="$A = /x{1,900}/" -->x<!--#endif -->`, 20000)), 1000, nil)
		if p.Size() > 64<<20 {
			t.Errorf("a page of %d directives takes %d bytes", p.Directives(), p.Size())
		}
		s := &stage{variables: map[string]string{}}
		if err := newRun().Page(p, s, defaults, s); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fmt.Sprint(s.told), "instructions") {
			t.Errorf("nothing was said: %.200q", s.told)
		}
	})
}
