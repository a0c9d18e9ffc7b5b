package main

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vitrine/server"
)

func TestADiffTurnsTheOneIntoTheOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		lines := make([]string, random.IntN(40))
		for i := range lines {
			lines[i] = string(rune('a'+random.IntN(4))) + "\n"
		}
		return lines
	}
	for range 500 {
		before, after := text(), text()
		var olds, news []string
		for _, e := range edits(split(before), split(after)) {
			if e.sign != '+' {
				olds = append(olds, string(e.line))
			}
			if e.sign != '-' {
				news = append(news, string(e.line))
			}
		}
		if !slices.Equal(olds, before) || !slices.Equal(news, after) {
			t.Fatalf("%q to %q came out as %q to %q", before, after, olds, news)
		}
	}
}

func split(lines []string) [][]byte {
	var all [][]byte
	for _, l := range lines {
		all = append(all, []byte(l))
	}
	return all
}

func TestADiffShowsThreeLinesAround(t *testing.T) {
	before := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n"
	after := strings.Replace(strings.Replace(before, "5\n", "five\n", 1), "17\n", "", 1)
	want := `--- f
+++ f (canonical)
@@ -2,7 +2,7 @@
 2
 3
 4
-5
+five
 6
 7
 8
@@ -14,5 +14,4 @@
 14
 15
 16
-17
 18
`
	if got := string(diff("f", []byte(before), []byte(after))); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestTheGreetingNamesURLsThatWork(t *testing.T) {
	for _, c := range []struct {
		bound []string
		want  []string
	}{
		{[]string{"127.0.0.1:8080", "[::1]:8080"}, []string{"http://localhost:8080/"}},
		{[]string{"127.0.0.1:8080"}, []string{"http://127.0.0.1:8080/"}},
		{[]string{"[::1]:80"}, []string{"http://[::1]/"}},
		{[]string{"192.0.2.1:80", "192.0.2.1:81"}, []string{"http://192.0.2.1/", "http://192.0.2.1:81/"}},
	} {
		var addresses []server.Address
		for _, b := range c.bound {
			addresses = append(addresses, server.Address{Bound: netip.MustParseAddrPort(b)})
		}
		if got := urls(addresses, nil); !slices.Equal(got, c.want) {
			t.Errorf("%v is shown as %v, not %v", c.bound, got, c.want)
		}
	}
	if got := urls([]server.Address{{Bound: netip.MustParseAddrPort("[::]:8080")}}, nil); got[0] != "http://localhost:8080/" {
		t.Errorf("all addresses are shown as %v", got)
	}
}
