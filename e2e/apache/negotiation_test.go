package apache

import "testing"

// The same folder of variants, and what clients say they want. What both are asked is a matrix: each path with each wish.
func TestNegotiation(t *testing.T) {
	root := folder(t, map[string]string{
		"page.html.en": "<p>English", "page.html.ko.euc-kr": "<p>Korean", "page.html.de": "<p>Deutsch",
		"logo.avif": "avif: the longest", "logo.webp": "webp: longer", "logo.png": "png", "exact.html": "<p>one",
		"docs/index.html.en": "<p>index", "docs/index.html.de": "<p>Inhalt",
		"map.var":     "URI: one.en.html\nContent-type: text/html; qs=0.5\nContent-language: en\n\nURI: two.pdf\nContent-type: application/pdf\n",
		"one.en.html": "<p>map", "two.pdf": "%PDF",
	})
	theirs := startApache(t, root, []string{"negotiation"}, "<Directory "+root+">\nOptions FollowSymLinks MultiViews\n</Directory>\n"+
		"AddLanguage en .en\nAddLanguage ko .ko\nAddLanguage de .de\nAddCharset euc-kr .euc-kr\nAddType image/avif .avif\nAddType image/webp .webp\n"+
		"AddType application/pdf .pdf\nAddHandler type-map .var\nLanguagePriority en ko de\nForceLanguagePriority Prefer\nDirectoryIndex index.html\nFileETag MTime Size\n")
	ours := startVitrine(t, root, `
  negotiate {
    variants  = true
    type_maps = true
    languages = ["en", "ko", "de"]
  }`)

	// What differs, and where.
	vary := differs{"Vary", "a client that does not accept the type gets 406 from both, so the answer does depend on Accept; Apache does not say so when the types are the same"}
	const region = "en-GB leads to en as RFC 4647 §3.4 has it; for Apache that counts a thousandth, and German wins"
	var questions []question
	for _, path := range []string{"/page", "/page.html", "/logo", "/exact", "/docs/", "/map.var", "/page.html.ko.euc-kr", "/nothing"} {
		for _, wish := range []string{
			"", "Accept: text/html", "Accept: image/webp", "Accept: image/avif,image/webp,*/*;q=0.8", "Accept: image/png;q=0.1, image/*;q=0.2",
			"Accept: application/json", "Accept-Language: de", "Accept-Language: de;q=0.5, ko;q=0.6", "Accept-Language: ko-KR", "Accept-Language: en-GB, de;q=0.9",
			"Accept-Language: fr", "Accept-Language: fr, *;q=0.1", "Accept-Language: *;q=0", "Accept-Language: de, en", "Accept-Charset: euc-kr, *;q=0.1",
			"Accept: application/pdf;q=0.4, text/html", "Accept: application/pdf, text/html", "Accept: */*",
		} {
			request := "GET " + path
			if wish != "" {
				request += "\n" + wish
			}
			q := question{request: request}
			chosen := path == "/page" || path == "/page.html" || path == "/docs/" || path == "/exact"
			if chosen && !refused(path, wish) {
				q.differs = append(q.differs, vary)
			}
			if chosen && path != "/exact" && wish == "Accept-Language: en-GB, de;q=0.9" {
				q.differs = append(q.differs, differs{"Content-Language", region}, differs{"Content-Location", region}, differs{body, region})
				if path == "/docs/" {
					q.differs = append(q.differs, differs{"Content-Length", region})
				}
			}
			questions = append(questions, q)
		}
	}
	compare(t, theirs, ours, questions)
}

// refused reports whether nothing at the path is what the client accepts.
func refused(path, wish string) bool {
	switch wish {
	case "Accept: image/webp", "Accept: image/png;q=0.1, image/*;q=0.2", "Accept: application/json":
		return true
	case "Accept-Language: fr", "Accept-Language: *;q=0":
		return path != "/exact"
	case "Accept-Language: ko-KR":
		return path == "/docs/"
	}
	return false
}
