package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/site/route"
)

// The configuration judges patterns so that it can show where in the text they are wrong, and the router judges them
// when it compiles them. Neither may know the other, so that what one accepts and the other refuses shows here.
func TestConfigurationAndRouterJudgePatternsAlike(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 5))
	patterns := []string{"", "/", "*", "**", "/*", "/**", "/***", "^/a$", "~ /a", "a", "/a//b", "/a/", "/a//", "//", "/.", "/..",
		"/./a", "/a/..", "/...", "/%2e", "/%2E%2e/a", "/.%2e", "/%2e*", "/*.", "/%2f", "/%00", "/%", "/%2", "/%zz", "/%+1", "/%25", "/a?b",
		"/a#b", "/{a}", "/a}", "/\x01", "/\x7f", "/\t", "/é", "/**/a/**", "/**/*", "/a/**/b*", "/**a", "/*%2a*",
		"/" + strings.Repeat("a", 300), "/*" + strings.Repeat("a", 200)}
	pieces := strings.Split("/ / / * ** *** . .. a b - %2e %2E %2f %00 %41 % %4 %g0 %25 ? # { } ^ ~ é \x01 \x7f //", " ")
	for range 5000 {
		var b strings.Builder
		if random.IntN(20) > 0 {
			b.WriteByte('/')
		}
		for range random.IntN(7) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		patterns = append(patterns, b.String())
	}
	const batch = 250
	good := 0
	for len(patterns) > 0 {
		n := min(batch, len(patterns))
		refused := refusedByConfiguration(patterns[:n])
		for i, pattern := range patterns[:n] {
			_, err := route.Parse(pattern)
			if (err != nil) != (refused[i] != "") {
				t.Errorf("%q: the router says %v, the configuration %q", pattern, err, refused[i])
			}
			if err == nil {
				good++
			}
		}
		patterns = patterns[n:]
	}
	if good < 500 || good > 4500 {
		t.Errorf("%d patterns are good, so that little was compared", good)
	}
}

// How long a pattern may be depends on how the router compiles it, so that it alone decides, and says where the pattern
// stands all the same.
func TestAPatternThatIsTooLongIsRefusedWithItsPlace(t *testing.T) {
	cfg, diags := parsed(t, "listen \":80\" {}\nsite {\n  default = true\n  route \"/*"+strings.Repeat("a", 300)+"\" {\n    respond {}\n  }\n}\n")
	if NewDry(cfg, diags) != nil {
		t.Fatal("it is accepted")
	}
	errs := diags.Errors()
	if len(errs) != 1 || errs[0].Pos.Line != 4 || !strings.Contains(errs[0].Summary, "too long after its first star") {
		t.Errorf("%+v", errs)
	}
}

// refusedByConfiguration is what the configuration has against each of the patterns; empty where that is nothing.
func refusedByConfiguration(patterns []string) []string {
	var text strings.Builder
	text.WriteString("listen \":80\" {}\nsite {\n")
	for _, p := range patterns {
		text.WriteString(`route "`)
		for _, r := range p {
			fmt.Fprintf(&text, `\u%04x`, r)
		}
		text.WriteString("\" {\nrespond {}\n}\n")
	}
	text.WriteString("}\n")
	_, diags := config.Parse([]byte(text.String()), "patterns.hcl", config.Options{})
	const first, each = 3, 3 // lines
	said := make([]string, len(patterns))
	for _, d := range diags.Errors() {
		said[(d.Pos.Line-first)/each] += d.Summary
	}
	return said
}
