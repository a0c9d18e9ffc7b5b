package content

import (
	"fmt"
	"strings"
	"testing"

	"vitrine/trace"
	"vitrine/web/message"
)

// variants makes variants of lines such as "page.html.en text/html en gzip qs=500 size=3".
func variants(lines ...string) (all []Variant) {
	for i, line := range lines {
		words := strings.Fields(line)
		v := Variant{Name: words[0], Type: words[1], Source: 1000, Size: int64(100 + i)}
		for _, word := range words[2:] {
			switch {
			case strings.HasPrefix(word, "qs="):
				fmt.Sscanf(word, "qs=%d", &v.Source)
			case strings.HasPrefix(word, "size="):
				fmt.Sscanf(word, "size=%d", &v.Size)
			case word == "gzip" || word == "br":
				v.Encoding = word
			default:
				v.Languages = strings.Split(word, ",")
			}
		}
		all = append(all, v)
	}
	return all
}

func TestTheVariantThatTheClientWantsMostIsChosen(t *testing.T) {
	images := variants("logo.avif image/avif", "logo.png image/png size=50", "logo.webp image/webp")
	pages := variants("p.de text/html de", "p.en text/html en", "p.fr text/html fr")
	british := variants("p.en-GB text/html en-GB", "p.en-US text/html en-US", "p.ko text/html ko")
	mixed := variants("p.html text/html en", "p.pdf application/pdf en qs=900", "p.txt text/plain")
	coded := variants("p.css text/css size=300", "p.css.br text/css br size=100", "p.css.gz text/css gzip size=150")
	chinese := variants("p.hans text/html zh-Hans", "p.hant text/html zh-Hant")
	levels := variants("p1 text/html;level=1", "p2 text/html;level=2")
	charsets := variants("p.latin text/html;charset=iso-8859-1", "p.utf8 text/html;charset=utf-8")
	only := variants("p.html text/html en")
	for _, c := range []struct {
		variants []Variant
		request  string // fields, separated by "|"
		options  string // "none", "equal", or languages
		best     string // a name, "406", "300"; with "!" when it is forced
		vary     string
	}{
		{images, "", "", "logo.png", "Accept"}, // the smallest
		{images, "Accept: image/avif,image/webp,image/*,*/*;q=0.8", "", "logo.png", "Accept"},
		{images, "Accept: image/avif,image/webp,*/*;q=0.8", "", "logo.avif", "Accept"},
		{images, "Accept: image/webp,*/*;q=0.8", "", "logo.webp", "Accept"},
		{images, "Accept: image/png;q=0.1, image/*;q=0.2", "", "logo.avif", "Accept"},
		{images, "Accept: image/webp;q=0.001", "", "logo.webp", "Accept"},
		{images, "Accept: text/html", "", "406", "Accept"},
		{images, "Accept: text/html", "none", "logo.png!", "Accept"},
		{images, "Accept: nonsense", "", "logo.png", "Accept"},
		{pages, "", "", "p.de", "Accept Accept-Language"},
		{pages, "", "fr en", "p.fr", "Accept Accept-Language"},
		{pages, "Accept-Language: en", "fr", "p.en", "Accept Accept-Language"},
		{pages, "Accept-Language: en;q=0.5, fr;q=0.501", "", "p.fr", "Accept Accept-Language"},
		{pages, "Accept-Language: en, fr", "", "p.en", "Accept Accept-Language"}, // the request's order
		{pages, "Accept-Language: en, fr", "fr en", "p.fr", "Accept Accept-Language"},
		{pages, "Accept-Language: en-GB", "", "p.en", "Accept Accept-Language"},
		{pages, "Accept-Language: en-GB, fr;q=0.9", "", "p.en", "Accept Accept-Language"},
		{pages, "Accept-Language: en-GB, en;q=0.1, fr;q=0.9", "", "p.fr", "Accept Accept-Language"},
		{pages, "Accept-Language: en-GB, en;q=0, fr;q=0.9", "", "p.fr", "Accept Accept-Language"},
		{pages, "Accept-Language: *, en;q=0.5", "", "p.de", "Accept Accept-Language"},
		{pages, "Accept-Language: *;q=0, en;q=0.5", "", "p.en", "Accept Accept-Language"},
		{pages, "Accept-Language: ja", "", "406", "Accept Accept-Language"},
		{pages, "Accept-Language: ja", "none", "p.de!", "Accept-Language"},
		{pages, "Accept-Language: ja", "none en", "p.en!", "Accept-Language"},
		{pages, "Accept-Language: en, fr", "equal", "300", "Accept Accept-Language"},
		{pages, "Accept-Language: en", "equal", "p.en", "Accept Accept-Language"},
		{pages, "Accept-Language: gsw", "", "p.de", "Accept Accept-Language"}, // who speaks it understands German
		{british, "Accept-Language: en", "", "p.en-GB", "Accept Accept-Language"},
		{british, "Accept-Language: en-us", "", "p.en-US", "Accept Accept-Language"},
		{british, "Accept-Language: en-AU", "", "p.en-GB", "Accept Accept-Language"},
		{chinese, "Accept-Language: zh-TW", "", "p.hant", "Accept Accept-Language"},
		{chinese, "Accept-Language: zh-CN", "", "p.hans", "Accept Accept-Language"},
		{chinese, "Accept-Language: zh-TW, zh-Hant;q=0", "", "406", "Accept Accept-Language"},
		{mixed, "", "", "p.html", "Accept Accept-Language"},
		{mixed, "Accept: application/pdf, text/html;q=0.9", "", "p.html", "Accept Accept-Language"}, // equal products, the same language: the smaller
		{mixed, "Accept: text/html;q=0.5, application/pdf", "", "p.pdf", "Accept Accept-Language"},
		{mixed, "Accept-Language: fr", "", "p.txt", "Accept Accept-Language"}, // the one without a language
		{coded, "", "", "p.css", "Accept Accept-Encoding"},
		{coded, "Accept-Encoding: gzip, br", "", "p.css.br", "Accept Accept-Encoding"},
		{coded, "Accept-Encoding: gzip, br;q=0.9", "", "p.css.gz", "Accept Accept-Encoding"},
		{coded, "Accept-Encoding: identity;q=0, gzip;q=0.1", "", "p.css.gz", "Accept Accept-Encoding"},
		{coded, "Accept-Encoding: *;q=0", "", "406", "Accept Accept-Encoding"},
		{levels, "Accept: text/html", "", "p2", "Accept"},
		{levels, "Accept: text/html;level=1, text/html;q=0.5", "", "p1", "Accept"},
		{charsets, "", "", "p.utf8", "Accept Accept-Charset"},
		{charsets, "Accept-Charset: iso-8859-1, utf-8;q=0.5", "", "p.latin", "Accept Accept-Charset"},
		{charsets, "Accept-Charset: koi8-r", "", "406", "Accept Accept-Charset"},
		{charsets, "Accept-Charset: koi8-r, *;q=0.1", "", "p.utf8", "Accept Accept-Charset"},
		{only, "Accept-Language: en", "", "p.html", "Accept Accept-Language"},
		{only, "Accept-Language: fr", "", "406", "Accept Accept-Language"},
		{only, "Accept-Language: fr", "none", "p.html", ""},
		{only, "Accept: text/html;q=x", "", "p.html", "Accept Accept-Language"},
		{variants("p text/html qs=0", "q text/plain"), "", "", "q", "Accept"},
	} {
		var o ChooseOptions
		for _, word := range strings.Fields(c.options) {
			switch word {
			case "none":
				o.None = true
			case "equal":
				o.Equal = true
			default:
				o.Languages = append(o.Languages, word)
			}
		}
		var lines []string
		if c.request != "" {
			lines = strings.Split(c.request, "|")
		}
		got := Choose(&request("GET", lines...).Fields, c.variants, o)
		best := "406"
		switch {
		case got.Equal:
			best = "300"
		case got.Best >= 0:
			best = c.variants[got.Best].Name
		}
		if got.Forced {
			best += "!"
		}
		vary := ""
		for _, id := range []message.FieldID{message.Accept, message.AcceptLanguage, message.AcceptCharset, message.AcceptEncoding} {
			if got.Vary.Has(id) {
				vary += " " + id.String()
			}
		}
		if best != c.best || strings.TrimSpace(vary) != c.vary {
			t.Errorf("%q %q of %s…: %s by%s, want %s by %s\n%+v %q", c.request, c.options, c.variants[0].Name, best, vary, c.best, c.vary, got.Weights, got.Lost)
		}
		got.Tell(c.variants, nil, nil)
	}
}

func TestEveryCandidateIsToldWithItsWeightsAndWhyItLost(t *testing.T) {
	all := variants("p.html text/html;charset=utf-8 en", "p.pdf application/pdf en qs=900", "p.fr text/html;charset=utf-8 fr br")
	c := Choose(&request("GET", "Accept: text/html, */*;q=0.5", "Accept-Language: fr;q=0.1, en", "Accept-Encoding: br").Fields, all, ChooseOptions{})
	var tr trace.Journey
	c.Tell(all, &trace.Position{File: "vitrine.hcl", Line: 3}, &tr)
	var b strings.Builder
	for _, e := range tr.Events {
		fmt.Fprintf(&b, "%s %s %v %s\n", e.Reason.ID, e.Subject, e.Taken, e.Position)
		for _, d := range e.Details {
			fmt.Fprintf(&b, "  %s: %s\n", d.Name, d.Value)
		}
	}
	const want = `content.variant p.html true vitrine.hcl:3
  type: text/html;charset=utf-8, wanted 1
  language: en, wanted 1
  coding: identity, wanted 0.001
  size: 100
content.variant-lost p.pdf false vitrine.hcl:3
  type: application/pdf, wanted 0.5
  its own quality: 0.9
  language: en, wanted 1
  coding: identity, wanted 0.001
  size: 101
  lost: another's type is wanted more, or is of better quality
content.variant-lost p.fr false vitrine.hcl:3
  type: text/html;charset=utf-8, wanted 1
  language: fr, wanted 0.1
  coding: br, wanted 1
  size: 102
  lost: another's language is wanted more
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}

func TestTheListOfAlternativesEchoesNothingUnescaped(t *testing.T) {
	all := variants("a&<b>\".html text/html en", "p.ko text/html ko")
	all[1].Description = "<script>"
	all = append(all, Variant{Type: "text/plain"})
	page, kind := Alternatives(&request("GET").Fields, "406 Not Acceptable", "None of them.", all)
	if kind != "text/html; charset=utf-8" || strings.Contains(string(page), "<b>") || strings.Contains(string(page), "<script>") ||
		!strings.Contains(string(page), `<a href="a%26%3Cb%3E%22.html">a&amp;&lt;b&gt;&#34;.html</a>, text/html, en, 100 bytes</li>`) {
		t.Errorf("%s\n%s", kind, page)
	}
	list, kind := Alternatives(&request("GET", "Accept: application/json").Fields, "300", "", all)
	if kind != "application/json" || strings.Count(string(list), `"link"`) != 2 || !strings.Contains(string(list), `"link": "p.ko"`) {
		t.Errorf("%s\n%s", kind, list)
	}
}

func FuzzChoose(f *testing.F) {
	all := variants("p.html text/html en", "p.ko text/html;charset=euc-kr ko gzip", "p.png image/png qs=300", "p.en-GB text/plain en-GB,fr br")
	f.Add("text/*;q=0.3, */*", "en-GB;q=0.1, *;q=0", "utf-8, *;q=0.5", "gzip;q=1.0, identity;q=0", false)
	f.Add("a/b;c=d;q=0.5;e", "zh-TW,", "", "*", true)
	f.Fuzz(func(t *testing.T, accept, language, charset, encoding string, none bool) {
		for _, v := range []string{accept, language, charset, encoding} {
			if strings.ContainsAny(v, "\r\n\x00") {
				return
			}
		}
		fields := &request("GET", "Accept: "+accept, "Accept-Language: "+language, "Accept-Charset: "+charset, "Accept-Encoding: "+encoding).Fields
		c := Choose(fields, all, ChooseOptions{None: none, Languages: []string{"ko"}})
		if c.Best < 0 && none || c.Best >= 0 && c.Lost[c.Best] != "" || c.Best >= 0 && !c.Forced && min(c.Weights[c.Best].Type, c.Weights[c.Best].Language, c.Weights[c.Best].Encoding) == 0 {
			t.Errorf("%+v", c)
		}
		for i, w := range c.Weights {
			if i != c.Best && c.Lost[i] == "" || max(w.Type, w.Language, w.Charset, w.Encoding) > 1000 || min(w.Type, w.Language, w.Charset, w.Encoding) < 0 {
				t.Errorf("%d: %+v", i, c)
			}
		}
	})
}

func TestATypeMapSaysMoreThanTheName(t *testing.T) {
	types := NewTypes(typesConfig())
	for _, c := range []struct{ given, name, want string }{
		{"URI: a.html.en\nContent-type: text/x-mine", "/a.html.en", "text/x-mine; charset=utf-8 en  content.type-map"},
		{"URI: a.html.en\nContent-language: ko, ja", "/a.html.en", "text/html; charset=utf-8 ko, ja  content.type-built-in"},
		{"URI: a.html.en\nContent-encoding: gzip", "/a.html.en", "text/html; charset=utf-8 en gzip content.type-built-in"},
	} {
		v, _ := ParseTypeMap([]byte(c.given), 1)
		typ := types.OfMap(&v[0].Variant, types.Lookup(c.name))
		got := typ.Value + " " + typ.Language + " " + typ.Encoding + " " + typ.Reason.ID
		if got != c.want || v[0].Type != typ.Value || strings.Join(v[0].Languages, ", ") != typ.Language {
			t.Errorf("%s: %s, %+v", c.given, got, v[0])
		}
	}
	if v, typ, ok := types.VariantOf("/page.html.en", len("/page")); !ok || v.Type != "text/html; charset=utf-8" || v.Languages[0] != "en" || typ.Language != "en" {
		t.Errorf("%+v %+v", v, typ)
	}
	if _, _, ok := types.VariantOf("/page.en", len("/page")); ok {
		t.Error("what has no type is a variant")
	}
}
