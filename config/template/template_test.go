package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// echo answers every variable with its own name, so that a test sees what was asked for.
type echo struct{}

func (echo) AppendVar(dst []byte, v Var, arg string) []byte {
	name, takesArg := strings.CutSuffix(v.String(), "NAME")
	dst = append(append(dst, '<'), name...)
	if takesArg {
		dst = append(dst, arg...)
	}
	return append(dst, '>')
}

func TestPlaceholdersAreFilledInAndDoubledBracesStandForThemselves(t *testing.T) {
	for _, test := range []struct{ source, want string }{
		{"", ""},
		{"plain", "plain"},
		{"{path}", "<path>"},
		{"/new/{path.tail}?{query}", "/new/<path.tail>?<query>"},
		{"{{path}}", "{path}"},
		{"{{{path}}}", "{<path>}"},
		{"a{{b}}c", "a{b}c"},
		{"{request.User-Agent}{response.ETag}", "<request.User-Agent><response.ETag>"},
		{"{query.a b[]}", "<query.a b[]>"},
		{"ä {host} 가", "ä <host> 가"},
		{`{{"journey":"{journey}"}}`, `{"journey":"<journey>"}`},
	} {
		compiled, err := Compile(test.source, ForLog)
		if err != nil {
			t.Errorf("%q: %v", test.source, err)
			continue
		}
		if got := string(compiled.Append(nil, echo{})); got != test.want {
			t.Errorf("%q gives %q, want %q", test.source, got, test.want)
		}
		if compiled.Source() != test.source {
			t.Errorf("the source of %q became %q", test.source, compiled.Source())
		}
	}
}

func TestEveryVariableOfTheListCompilesInItsOwnScopeOnly(t *testing.T) {
	for _, v := range Variables() {
		compiled, err := Compile("{"+v.Name+"}", v.Scope)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		for got := range compiled.Vars() {
			if got != v.Var {
				t.Errorf("%s compiles to %s", v.Name, got)
			}
		}
		if _, err := Compile("{"+v.Name+"}", ^v.Scope); err == nil || !strings.Contains(err.Error(), "has no value here") {
			t.Errorf("%s outside its scope: %v", v.Name, err)
		}
	}
	if last := variables[len(variables)-1].Var; len(variables) != int(File) {
		t.Errorf("%d variables are described, last %s, and %d exist", len(variables), last, File)
	}
}

func TestMistakesSayWhereAndWhatToWriteInstead(t *testing.T) {
	for _, test := range []struct {
		source      string
		scope       Scope
		offset, end int
		message     string
	}{
		{"a{b", ForLog, 1, 2, "this { is not closed; close it with }, or write {{ and }} for the braces themselves"},
		{"a}b", ForLog, 1, 2, "this } closes nothing; write {{ and }} for the braces themselves"},
		{"{path{host}}", ForLog, 0, 1, "this { is not closed; close it with }, or write {{ and }} for the braces themselves"},
		{"to {pth.tail}", ForLog, 3, 13, "there is no placeholder {pth.tail}; did you mean {path.tail}?"},
		{"{PATH}", ForLog, 0, 6, "there is no placeholder {PATH}; did you mean {path}?"},
		{"{remote_addr}", ForLog, 0, 13, "there is no placeholder {remote_addr}; did you mean {client.address}?"},
		{"{header.Accept}", ForLog, 0, 15, "there is no placeholder {header.Accept}; did you mean {request.Accept}?"},
		{"{reqest.Accept}", ForLog, 0, 15, "there is no placeholder {reqest.Accept}; did you mean {request.Accept}?"},
		{"{zzzzzzzzzzzz}", ForLog, 0, 14, "there is no placeholder {zzzzzzzzzzzz}; write {{ and }} for the braces themselves"},
		{`{"a": 1}`, ForLog, 0, 8, `{"a": 1} is no placeholder; write {{ and }} for the braces themselves`},
		{"{}", ForLog, 0, 2, "{} is no placeholder; write {{ and }} for the braces themselves"},
		{"{request.}", ForLog, 0, 10, "{request.} lacks a name; write, for example, {request.User-Agent}"},
		{"{request.a b}", ForLog, 0, 13, `"a b" is no header field name; write, for example, {request.User-Agent}`},
		{"{status}", ForBody, 0, 8, "{status} has no value here: it is known only when the response is about to be sent"},
		{"{duration}", ForHeader, 0, 10, "{duration} has no value here: it is known only after the response, in a log"},
	} {
		_, err := Compile(test.source, test.scope)
		var at *Error
		if !errors.As(err, &at) {
			t.Errorf("%q: got %v", test.source, err)
			continue
		}
		if got := at.Error(); got != test.message || at.Offset != test.offset || at.End != test.end {
			t.Errorf("%q: at %d-%d %s\nwant    at %d-%d %s", test.source, at.Offset, at.End, got, test.offset, test.end, test.message)
		}
	}
}

func TestStaticTextIsKnownWithoutARequest(t *testing.T) {
	for source, want := range map[string]string{"": "", "DENY": "DENY", "{{x}}": "{x}"} {
		compiled, err := Compile(source, ForHeader)
		if err != nil {
			t.Fatal(err)
		}
		if got, static := compiled.Static(); !static || got != want {
			t.Errorf("%q: %q, %v", source, got, static)
		}
	}
	compiled, _ := Compile("a{path}", ForHeader)
	if _, static := compiled.Static(); static {
		t.Error("a text with a placeholder is called static")
	}
}

func TestVarsAndLiteralsYieldTheParts(t *testing.T) {
	compiled, err := Compile("a{query.page}b{path}", ForBody)
	if err != nil {
		t.Fatal(err)
	}
	var vars []string
	for v, arg := range compiled.Vars() {
		vars = append(vars, fmt.Sprint(v, " ", arg))
	}
	if want := []string{"query.NAME page", "path "}; !slices.Equal(vars, want) {
		t.Errorf("variables %q, want %q", vars, want)
	}
	if got := slices.Collect(compiled.Literals()); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("literals %q", got)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	compiled, err := Compile(`{client.address} {user} [{time.common}] "{method} {uri} {protocol}" {status} {request.User-Agent}`, ForLog)
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 1024)
	var values Values = fixed{}
	if n := testing.AllocsPerRun(100, func() { buffer = compiled.Append(buffer[:0], values) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type fixed struct{}

var at = time.Date(2000, 10, 10, 13, 55, 36, 123456789, time.FixedZone("", -7*3600))

func (fixed) AppendVar(dst []byte, v Var, arg string) []byte {
	switch v {
	case TimeCommon:
		return AppendTimeCommon(dst, at)
	case RequestField:
		return append(dst, arg...)
	}
	return append(dst, '-')
}

func TestTimesAndDurationsHaveTheirDocumentedForm(t *testing.T) {
	if got := string(AppendTime(nil, at)); got != "2000-10-10T13:55:36.123-07:00" {
		t.Error(got)
	}
	if got := string(AppendTimeCommon(nil, at)); got != "10/Oct/2000:13:55:36 -0700" {
		t.Error(got)
	}
	for d, want := range map[time.Duration]string{
		0: "0.000", time.Millisecond: "0.001", 1999 * time.Microsecond: "0.001", 61*time.Second + 20*time.Millisecond: "61.020", -time.Second: "0.000",
	} {
		if got := string(AppendSeconds(nil, d)); got != want {
			t.Errorf("%v shows as %s, want %s", d, got, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"", "{path}", "{{}}", "{", "}", "a{query.x}b", "{request.A-B}", "{nosuch}", "{{{path}}}", "{\x00}", "{path{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		compiled, err := Compile(source, ForLog)
		if err != nil {
			at := err.(*Error)
			if at.Offset < 0 || at.End <= at.Offset || at.End > len(source) || at.Message == "" {
				t.Fatalf("%q: error at %d-%d: %s", source, at.Offset, at.End, at.Message)
			}
			return
		}
		again, err := Compile(compiled.Source(), ForLog)
		if err != nil || string(again.Append(nil, echo{})) != string(compiled.Append(nil, echo{})) {
			t.Fatalf("%q does not compile to the same twice", source)
		}
		if text, static := compiled.Static(); static && text != strings.NewReplacer("{{", "{", "}}", "}").Replace(source) {
			t.Fatalf("%q is static and gives %q", source, text)
		}
	})
}
