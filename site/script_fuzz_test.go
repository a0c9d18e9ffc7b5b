package site

import (
	"strings"
	"testing"

	"vitrine/site/cgi"
)

// FuzzScriptArguments holds what a query becomes to what a command line may be: no options, no NUL, not too many.
func FuzzScriptArguments(f *testing.F) {
	for _, s := range []string{"", "a+b", "a=b", "-s", "%2ds", "a%00", "%", "%4", "+", strings.Repeat("a+", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		all := arguments([]byte(query))
		if len(all) > mostArguments {
			t.Errorf("%d arguments", len(all))
		}
		for _, a := range all {
			if strings.HasPrefix(a, "-") || strings.IndexByte(a, 0) >= 0 {
				t.Errorf("%q is an argument of %q", a, query)
			}
		}
		cgi.Interpreter([]byte(query))
	})
}

// FuzzLastWords holds what is told of standard error to its bounds, and to lines that can stand in a log.
func FuzzLastWords(f *testing.F) {
	f.Add("a\nb", "\x1b[31m\r\n")
	f.Add(strings.Repeat("x", 3000), "\n\n")
	f.Fuzz(func(t *testing.T, one, two string) {
		told := 0
		w := lastWords{limit: 2000, tell: func(line string) {
			told += len(line)
			for _, r := range line {
				if r < ' ' || r == 0x7f {
					t.Errorf("%q has a control character", line)
				}
			}
		}}
		w.take([]byte(one))
		w.take([]byte(two))
		w.end()
		if told > 8*2000+100 { // at most eight characters for a byte that cannot be shown
			t.Errorf("%d bytes were told", told)
		}
	})
}
