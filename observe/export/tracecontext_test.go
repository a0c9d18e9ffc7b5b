package export

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestTraceparentIsReadAsW3CTraceContextSays(t *testing.T) {
	const ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"
	for _, c := range []struct {
		line  string
		flags int // -1: it is none
		why   string
	}{
		{"00-" + ids + "-01", 1, "the standard's example"},
		{"00-" + ids + "-00", 0, "not sampled"},
		{"00-" + ids + "-03", 3, "random too (level 2)"},
		{"00-" + ids + "-ff", 255, "flags that have no meaning yet"},
		{"01-" + ids + "-ff", 1, "a later version: only what is known is taken"},
		{"cc-" + ids + "-01-what-the-future-will-be-like", 1, "a later version may have more"},
		{"cc-" + ids + "-01.what", -1, "but behind a dash"},
		{"cc-" + ids + "-01-", 1, "even nothing"},
		{"ff-" + ids + "-01", -1, "a forbidden version"},
		{"00-" + ids + "-01-", -1, "version 00 has no more"},
		{"00-" + ids + "-01-extra", -1, "version 00 has no more"},
		{"00-" + ids + "-1", -1, "too short"},
		{"00-" + ids + "-001", -1, "too long"},
		{"00-" + strings.ToUpper(ids) + "-01", -1, "capital letters"},
		{"0A-" + ids + "-01", -1, "a capital letter in the version"},
		{"00-" + ids + "-0A", -1, "a capital letter in the flags"},
		{"00-00000000000000000000000000000000-b7ad6b7169203331-01", -1, "a trace id of nothing"},
		{"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", -1, "a parent id of nothing"},
		{"00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", -1, "no digit"},
		{"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", -1, "no dash"},
		{"00-0af7651916cd43dd8448eb211c80319cb7ad6b71692033311-01-", -1, "dashes elsewhere"},
		{" 00-" + ids + "-01", -1, "white space"},
		{"", -1, "nothing"},
	} {
		p, ok := parseTraceparent(c.line)
		if ok != (c.flags >= 0) || ok && int(p.flags) != c.flags {
			t.Errorf("%s: %q is %v with flags %d", c.why, c.line, ok, p.flags)
		}
		if ok && hex.EncodeToString(p.trace[:])+"-"+hex.EncodeToString(p.span[:]) != ids {
			t.Errorf("%q has the ids %x and %x", c.line, p.trace, p.span)
		}
	}
}

func TestTracestateIsPassedOnWhenItIsOne(t *testing.T) {
	many := make([]string, 33)
	for i := range many {
		many[i] = fmt.Sprintf("k%d=%d", i, i)
	}
	long := strings.Repeat("v", 250)
	for _, c := range []struct {
		lines []string
		want  string
		why   string
	}{
		{[]string{"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "the standard's example"},
		{[]string{"a=1", "b=2, c=3\t"}, "a=1,b=2,c=3", "lines are one list"},
		{[]string{"a=1,,", ""}, "a=1", "empty members"},
		{[]string{"fw529a3039@dt=FfAA"}, "fw529a3039@dt=FfAA", "a tenant"},
		{[]string{"0a@b=1"}, "0a@b=1", "a tenant may begin with a digit"},
		{[]string{"0a=1"}, "", "a key may not"},
		{[]string{"a@0b=1"}, "", "a system may not"},
		{[]string{"a@b@c=1"}, "", "two tenants"},
		{[]string{"a=1,a=2"}, "", "a key twice"},
		{[]string{"A=1"}, "", "a capital letter"},
		{[]string{"a"}, "", "no value"},
		{[]string{"a="}, "", "an empty value"},
		{[]string{"a=b=c"}, "", "an equals sign in the value"},
		{[]string{"a=\x01"}, "", "a control"},
		{[]string{"a=ü"}, "", "beyond ASCII"},
		{[]string{"a= b"}, "a= b", "a space within"},
		{[]string{"a_-*/=1"}, "a_-*/=1", "the other characters of keys"},
		{[]string{strings.Repeat("a", 257) + "=1"}, "", "a key that is too long"},
		{[]string{"a=" + strings.Repeat("v", 257)}, "", "a value that is too long"},
		{many[:32], strings.Join(many[:32], ","), "32 members"},
		{many, "", "33 members"},
		{[]string{"a=" + long + ",b=" + long + ",c=1,d=" + long}, "a=" + long + ",b=" + long + ",c=1", "too long: the last are left out"},
		{nil, "", "none"},
	} {
		if got := parseTracestate(c.lines); got != c.want {
			t.Errorf("%s: %q is %q, not %q", c.why, c.lines, got, c.want)
		}
	}
}

// FuzzTraceContext holds what is accepted to the grammar, and to being the same when it is read again.
func FuzzTraceContext(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "a@b=1, ,c= d")
	f.Fuzz(func(t *testing.T, line, state string) {
		if p, ok := parseTraceparent(line); ok {
			same := fmt.Sprintf("00-%x-%x-%02x", p.trace, p.span, p.flags)
			if line[:2] == "00" && line != same || !strings.HasPrefix(line[2:], same[2:52]) {
				t.Fatalf("%q was read as %q", line, same)
			}
			if again, ok := parseTraceparent(same); !ok || again != p {
				t.Fatalf("%q is not the same again", same)
			}
			if p.trace == [16]byte{} || p.span == [8]byte{} {
				t.Fatalf("%q names nothing", line)
			}
		}
		one := parseTracestate([]string{state})
		if again := parseTracestate([]string{one}); again != one {
			t.Fatalf("%q became %q and then %q", state, one, again)
		}
		if len(one) > maxStateBytes || strings.Count(one, ",") >= maxMembers || strings.ContainsAny(one, "\r\n\t") {
			t.Fatalf("%q became %q", state, one)
		}
	})
}
