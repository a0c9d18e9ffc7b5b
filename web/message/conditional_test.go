package message

import (
	"strings"
	"testing"
)

const (
	conditionNow = 1_700_000_000 // Tue, 14 Nov 2023 22:13:20 GMT
	modified     = 784111777     // Sun, 06 Nov 1994 08:49:37 GMT
	before       = "Sun, 06 Nov 1994 08:49:36 GMT"
	same         = "Sun, 06 Nov 1994 08:49:37 GMT"
	after        = "Sun, 06 Nov 1994 08:49:38 GMT"
)

var (
	strongTag = Current{true, `"a"`, false, modified}
	weakTag   = Current{true, `"a"`, true, modified}
	noTag     = Current{true, "", false, modified}
	noDate    = Current{true, `"a"`, false, 0}
	absent    = Current{}
)

func TestPreconditionsInTheOrderOfTheStandard(t *testing.T) {
	for _, test := range []struct {
		method  Method
		current Current
		fields  string // name=value lines
		verdict Verdict
		by      Condition
		ranged  Condition
	}{
		{GET, strongTag, ``, Proceed, NoCondition, NoCondition},
		{GET, strongTag, `Range=bytes=0-`, Proceed, NoCondition, NoCondition},

		// If-Match: strong comparison, "*" for whatever exists (RFC 9110 §13.1.1).
		{PUT, strongTag, `If-Match="a"`, Proceed, IfMatchHeld, 0},
		{PUT, strongTag, `If-Match="x", "a"`, Proceed, IfMatchHeld, 0},
		{PUT, strongTag, "If-Match=\"x\"\nIf-Match=\"a\"", Proceed, IfMatchHeld, 0},
		{PUT, strongTag, `If-Match="b"`, PreconditionFailed, IfMatchFailed, 0},
		{PUT, strongTag, `If-Match=W/"a"`, PreconditionFailed, IfMatchFailed, 0},
		{PUT, weakTag, `If-Match=W/"a"`, PreconditionFailed, IfMatchFailed, 0},
		{PUT, strongTag, `If-Match=*`, Proceed, IfMatchHeld, 0},
		{PUT, noTag, `If-Match=*`, Proceed, IfMatchHeld, 0},
		{PUT, absent, `If-Match=*`, PreconditionFailed, IfMatchFailed, 0},
		{PUT, absent, `If-Match="a"`, PreconditionFailed, IfMatchFailed, 0},
		{GET, strongTag, `If-Match=nonsense`, PreconditionFailed, IfMatchFailed, 0},
		{GET, noTag, `If-Match=""`, PreconditionFailed, IfMatchFailed, 0},
		{GET, strongTag, "If-Match=*\nIf-Match=\"b\"", PreconditionFailed, IfMatchFailed, 0},

		// If-Unmodified-Since counts only without If-Match (§13.1.4).
		{PUT, strongTag, `If-Unmodified-Since=` + same, Proceed, IfUnmodifiedSinceHeld, 0},
		{PUT, strongTag, `If-Unmodified-Since=` + after, Proceed, IfUnmodifiedSinceHeld, 0},
		{PUT, strongTag, `If-Unmodified-Since=` + before, PreconditionFailed, IfUnmodifiedSinceFailed, 0},
		{GET, strongTag, `If-Unmodified-Since=` + before, PreconditionFailed, IfUnmodifiedSinceFailed, 0},
		{PUT, strongTag, `If-Unmodified-Since=yesterday`, Proceed, IfUnmodifiedSinceVoid, 0},
		{PUT, noDate, `If-Unmodified-Since=` + before, Proceed, IfUnmodifiedSinceVoid, 0},
		{PUT, absent, `If-Unmodified-Since=` + before, Proceed, IfUnmodifiedSinceVoid, 0},
		{PUT, strongTag, "If-Unmodified-Since=" + before + "\nIf-Unmodified-Since=" + before, Proceed, IfUnmodifiedSinceVoid, 0},
		{PUT, strongTag, "If-Match=\"a\"\nIf-Unmodified-Since=" + before, Proceed, IfMatchHeld, 0},
		{PUT, strongTag, "If-Unmodified-Since=" + after + "\nIf-Match=\"b\"", PreconditionFailed, IfMatchFailed, 0},

		// If-None-Match: weak comparison; 304 to GET and HEAD, 412 to the others (§13.1.2).
		{GET, strongTag, `If-None-Match="a"`, NotModified, IfNoneMatchFailed, 0},
		{HEAD, strongTag, `If-None-Match="a"`, NotModified, IfNoneMatchFailed, 0},
		{GET, strongTag, `If-None-Match=W/"a"`, NotModified, IfNoneMatchFailed, 0},
		{GET, weakTag, `If-None-Match="x", "a"`, NotModified, IfNoneMatchFailed, 0},
		{GET, strongTag, "If-None-Match=\"x\"\nIf-None-Match=\"a\"", NotModified, IfNoneMatchFailed, 0},
		{GET, strongTag, `If-None-Match="b"`, Proceed, IfNoneMatchHeld, 0},
		{GET, strongTag, `If-None-Match=*`, NotModified, IfNoneMatchFailed, 0},
		{PUT, strongTag, `If-None-Match=*`, PreconditionFailed, IfNoneMatchFailed, 0},
		{PUT, absent, `If-None-Match=*`, Proceed, IfNoneMatchHeld, 0},
		{PUT, strongTag, `If-None-Match="a"`, PreconditionFailed, IfNoneMatchFailed, 0},
		{POST, strongTag, `If-None-Match="b"`, Proceed, IfNoneMatchHeld, 0},
		{GET, strongTag, `If-None-Match=a`, Proceed, IfNoneMatchHeld, 0},
		{GET, noTag, `If-None-Match=""`, Proceed, IfNoneMatchHeld, 0},
		{GET, strongTag, "If-Match=\"a\"\nIf-None-Match=\"a\"", NotModified, IfNoneMatchFailed, 0},
		{GET, strongTag, "If-None-Match=\"a\"\nIf-Match=\"b\"", PreconditionFailed, IfMatchFailed, 0},
		{GET, strongTag, "If-Unmodified-Since=" + before + "\nIf-None-Match=\"a\"", PreconditionFailed, IfUnmodifiedSinceFailed, 0},

		// If-Modified-Since: for GET and HEAD, and only without If-None-Match (§13.1.3).
		{GET, strongTag, `If-Modified-Since=` + same, NotModified, IfModifiedSinceFailed, 0},
		{HEAD, strongTag, `If-Modified-Since=` + after, NotModified, IfModifiedSinceFailed, 0},
		{GET, strongTag, `If-Modified-Since=` + before, Proceed, IfModifiedSinceHeld, 0},
		{GET, strongTag, `If-Modified-Since=Sunday, 06-Nov-94 08:49:37 GMT`, NotModified, IfModifiedSinceFailed, 0},
		{GET, strongTag, `If-Modified-Since=Sun Nov  6 08:49:37 1994`, NotModified, IfModifiedSinceFailed, 0},
		{GET, strongTag, `If-Modified-Since=Sun, 06 Nov 1994`, Proceed, IfModifiedSinceVoid, 0},
		{GET, noDate, `If-Modified-Since=` + after, Proceed, IfModifiedSinceVoid, 0},
		{GET, absent, `If-Modified-Since=` + after, Proceed, IfModifiedSinceVoid, 0},
		{POST, strongTag, `If-Modified-Since=` + after, Proceed, NoCondition, 0},
		{GET, strongTag, "If-None-Match=\"b\"\nIf-Modified-Since=" + after, Proceed, IfNoneMatchHeld, 0},
		{GET, strongTag, "If-None-Match=\"a\"\nIf-Modified-Since=" + before, NotModified, IfNoneMatchFailed, 0},
		{GET, strongTag, "If-Match=\"a\"\nIf-Modified-Since=" + same, NotModified, IfModifiedSinceFailed, 0},

		// If-Range: for GET with Range, strong comparison (§13.1.5).
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"a\"", Proceed, NoCondition, IfRangeHeld},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"b\"", Proceed, NoCondition, IfRangeFailed},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=W/\"a\"", Proceed, NoCondition, IfRangeWeak},
		{GET, weakTag, "Range=bytes=0-\nIf-Range=\"a\"", Proceed, NoCondition, IfRangeFailed},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=" + same, Proceed, NoCondition, IfRangeHeld},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=" + after, Proceed, NoCondition, IfRangeFailed},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=" + before, Proceed, NoCondition, IfRangeFailed},
		{GET, Current{true, "", false, conditionNow}, "Range=bytes=0-\nIf-Range=Tue, 14 Nov 2023 22:13:20 GMT", Proceed, NoCondition, IfRangeWeak},
		{GET, noDate, "Range=bytes=0-\nIf-Range=" + same, Proceed, NoCondition, IfRangeFailed},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=a", Proceed, NoCondition, IfRangeVoid},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"a\", \"b\"", Proceed, NoCondition, IfRangeVoid},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"a\"\nIf-Range=\"a\"", Proceed, NoCondition, IfRangeVoid},
		{GET, strongTag, "If-Range=\"b\"", Proceed, NoCondition, NoCondition},
		{HEAD, strongTag, "Range=bytes=0-\nIf-Range=\"b\"", Proceed, NoCondition, NoCondition},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"a\"\nIf-None-Match=\"a\"", NotModified, IfNoneMatchFailed, NoCondition},
		{GET, strongTag, "Range=bytes=0-\nIf-Range=\"b\"\nIf-Match=\"a\"", Proceed, IfMatchHeld, IfRangeFailed},

		// Methods that select no representation ignore them all (§13.2.1).
		{OPTIONS, strongTag, `If-Match="b"`, Proceed, NoCondition, NoCondition},
		{TRACE, strongTag, `If-None-Match=*`, Proceed, NoCondition, NoCondition},
		{CONNECT, strongTag, `If-None-Match=*`, Proceed, NoCondition, NoCondition},
	} {
		f := conditions(test.fields)
		got := Evaluate(f, test.method, test.current, conditionNow)
		if want := (Outcome{test.verdict, test.by, test.ranged}); got != want {
			t.Errorf("%v with %q: %v by %v (%v) instead of %v by %v (%v)", test.method, test.fields,
				got.Verdict, got.By, got.Range, want.Verdict, want.By, want.Range)
		}
		if held := test.ranged == NoCondition || test.ranged == IfRangeHeld; got.RangeHolds() != held {
			t.Errorf("%q: the range holds: %v", test.fields, !held)
		}
		if by := got.By.Field(); by != OtherField && !f.Has(by) {
			t.Errorf("%q was decided by %v", test.fields, by)
		}
	}
}

func conditions(text string) *Fields {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, "="); ok {
			lines = append(lines, name, value)
		}
	}
	return section(lines...)
}

func TestEveryConditionHasATextAndAField(t *testing.T) {
	for c := range Condition(Conditions) {
		if c.String() == "" || (c == NoCondition) != (c.Field() == OtherField) {
			t.Errorf("condition %d is %q in %v", c, c, c.Field())
		}
		if c != NoCondition && !strings.HasPrefix(c.String(), c.Field().String()+" ") {
			t.Errorf("%q is in %v", c, c.Field())
		}
	}
	if Proceed.String() != "proceed" || PreconditionFailed.String() != "precondition failed" {
		t.Error("a verdict has no name")
	}
}

func TestEvaluatingDoesNotAllocate(t *testing.T) {
	f := conditions("If-None-Match=\"x\", W/\"y\", \"a\"")
	g := conditions("Range=bytes=0-\nIf-Range=\"a\"\nIf-Modified-Since=" + before)
	if n := testing.AllocsPerRun(100, func() {
		Evaluate(f, GET, strongTag, conditionNow)
		Evaluate(g, GET, strongTag, conditionNow)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzConditional(f *testing.F) {
	f.Add("If-Match=\"a\"\nIf-None-Match=*", byte(GET), `"a"`, int64(modified))
	f.Add("Range=bytes=0-\nIf-Range="+same, byte(GET), `"a"`, int64(modified))
	f.Add("If-Modified-Since="+after, byte(HEAD), ``, int64(modified))
	f.Fuzz(func(t *testing.T, fields string, m byte, tag string, lastModified int64) {
		method := Method(m) % (PATCH + 1)
		current := Current{true, tag, false, lastModified}
		got := Evaluate(conditions(fields), method, current, conditionNow)
		if got.Verdict == NotModified && method != GET && method != HEAD {
			t.Fatalf("304 to %v", method)
		}
		if got.Range != NoCondition && (method != GET || got.Verdict != Proceed) {
			t.Fatalf("If-Range was evaluated for %v with %v", method, got.Verdict)
		}
		failed := got.By == IfMatchFailed || got.By == IfNoneMatchFailed || got.By == IfUnmodifiedSinceFailed || got.By == IfModifiedSinceFailed
		if failed == (got.Verdict == Proceed) {
			t.Fatalf("%v by %v", got.Verdict, got.By)
		}
	})
}
