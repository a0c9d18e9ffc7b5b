package content

import (
	"testing"

	"vitrine/web/message"
)

func TestCodingsAreWantedExactlyAsTheRequestSays(t *testing.T) {
	for _, c := range []struct {
		field                          string // "-": there is none
		identity, gzip, br, zstd       int
		best                           Coding // among br, zstd, gzip
		acceptable, acceptableOfNobody bool   // with the three, and with none of them
	}{
		{"-", 1000, 0, 0, 0, Identity, true, true},
		{"", 1, 0, 0, 0, Identity, true, true},
		{"gzip", 1, 1000, 0, 0, Gzip, true, true},
		{"GZIP", 1, 1000, 0, 0, Gzip, true, true},
		{"x-gzip", 1, 1000, 0, 0, Gzip, true, true},
		{"gzip, br", 1, 1000, 1000, 0, Brotli, true, true},
		{"gzip, deflate, br, zstd", 1, 1000, 1000, 1000, Brotli, true, true},
		{"gzip;q=1.0, br;q=0.999, zstd;q=0.5", 1, 1000, 999, 500, Gzip, true, true},
		{"gzip;q=0.001", 1, 1, 0, 0, Gzip, true, true},
		{"gzip;q=0", 1, 0, 0, 0, Identity, true, true},
		{"gzip;q=0.5, identity", 1000, 500, 0, 0, Identity, true, true},
		{"gzip;q=0.5, identity;q=0.5", 500, 500, 0, 0, Gzip, true, true},
		{"identity;q=0", 0, 0, 0, 0, Identity, false, false},
		{"identity;q=0, gzip", 0, 1000, 0, 0, Gzip, true, false},
		{"*;q=0", 0, 0, 0, 0, Identity, false, false},
		{"*;q=0, identity;q=0.1", 100, 0, 0, 0, Identity, true, true},
		{"*;q=0, br", 0, 0, 1000, 0, Brotli, true, false},
		{"*", 1000, 1000, 1000, 1000, Brotli, true, true},
		{"*;q=0.5, br;q=0", 500, 500, 0, 500, Zstd, true, true},
		{"compress, sdch", 1, 0, 0, 0, Identity, true, true},
		{"gzip ; q=0.7", 1, 700, 0, 0, Gzip, true, true},
		{"gzip;q=1.5, br;q=0.1234, zstd;q=x", 1, 0, 0, 0, Identity, true, true},
		{"gzip;q=0, gzip;q=0.3", 1, 300, 0, 0, Gzip, true, true},
		{",, gzip,,", 1, 1000, 0, 0, Gzip, true, true},
	} {
		var lines []string
		if c.field != "-" {
			lines = append(lines, "Accept-Encoding: "+c.field)
		}
		a := AcceptedCodings(&request("GET", lines...).Fields)
		if a.Asked != (c.field != "-") || a.Weight(Identity) != c.identity || a.Weight(Gzip) != c.gzip || a.Weight(Brotli) != c.br || a.Weight(Zstd) != c.zstd {
			t.Errorf("%q: %+v", c.field, a)
		}
		if best, ok := a.Best([]Coding{Brotli, Zstd, Gzip}); best != c.best || ok != c.acceptable {
			t.Errorf("%q: %s is the best, acceptable %v", c.field, best, ok)
		}
		if best, ok := a.Best(nil); best != Identity || ok != c.acceptableOfNobody {
			t.Errorf("%q: of nothing %s is the best, acceptable %v", c.field, best, ok)
		}
	}
	f := &request("GET", "Accept-Encoding: gzip, deflate, br;q=0.9, zstd, *;q=0.1").Fields
	if n := testing.AllocsPerRun(100, func() {
		a := AcceptedCodings(f)
		a.Best([]Coding{Brotli, Zstd, Gzip})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestVaryNamesAFieldOnce(t *testing.T) {
	var h message.Header
	AddVaryAll(&h, message.Set(message.AcceptLanguage, message.Accept))
	AddVary(&h, message.AcceptEncoding)
	AddVary(&h, message.Accept)
	if got := h.Get("Vary"); got != "Accept, Accept-Language, Accept-Encoding" {
		t.Error(got)
	}
	h.Set("Vary", "*")
	if AddVary(&h, message.Accept); h.Get("Vary") != "*" {
		t.Error(h.Get("Vary"))
	}
}
