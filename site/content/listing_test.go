package content

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

func TestAccept(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                    "html",
		"Accept: */*":                         "html",
		"Accept: text/html":                   "html",
		"Accept: application/json":            "json",
		"Accept: Application/JSON":            "json",
		"Accept: application/*":               "json",
		"Accept: text/html, application/json": "html",
		"Accept: text/html;q=0.5, application/json;q=0.6":                           "json",
		"Accept: text/html;q=0.6 , application/json ; q=0.5":                        "html",
		"Accept: application/json, */*;q=0.1":                                       "json",
		"Accept: text/html, */*;q=0.8":                                              "html",
		"Accept: */*, text/html;q=0":                                                "json",
		"Accept: text/*;q=0.3, text/html;q=0.7, */*;q=0.5":                          "html",
		"Accept: application/json;q=0":                                              "html",
		"Accept: image/png":                                                         "html",
		"Accept: application/json;q=2, text/html;q=0.1":                             "html",
		"Accept: application/json;q=0.1234, text/html;q=0.1":                        "html",
		"Accept: application/json;q=x, text/html;q=0.1":                             "html",
		"Accept: application/json;level=1, text/html;q=0.1":                         "html",
		"Accept: application/json;;q=0.9;x=y, text/html;q=0.1":                      "json",
		"Accept: nonsense, ,,;q=1, application/json":                                "json",
		"Accept: text/html;q=0.1\nAccept: application/json;q=0.2":                   "json",
		"Accept: application/json;q=0.1, application/json;q=0.9, text/html;q=0.5":   "json",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8":   "html",
		"Accept: application/json;q=0.000, */*;q=0.001":                             "html",
		"Accept: application/json;q=1.000, text/html;q=0.999":                       "json",
		"Accept: application/json;q=1.001, text/html;q=0.001, application/*;q=0.01": "json",
	} {
		var h message.Header
		var lines []string
		if accept != "" {
			lines = strings.Split(accept, "\n")
		}
		a := Listing(request("GET", lines...), &resource.List{Path: "/"}, listingOptions("/"), &h, nil)
		got := "html"
		if h.Get("Content-Type") == "application/json" {
			got = "json"
		}
		if got != want || a.Status != 200 || h.Get("Vary") != "Accept" {
			t.Errorf("%s: %s, want %s\n%s", accept, got, want, fields(&h))
		}
	}
}

func listingOptions(path string) ListingOptions {
	return ListingOptions{Path: path, Types: NewTypes(typesConfig()), Server: "vitrine", Now: present}
}

func directory(names ...string) *resource.List {
	l := &resource.List{Path: "/d/", ModTime: time.Unix(modified, 0)}
	for _, name := range names {
		item := resource.Item{Name: name, Kind: resource.File, Size: int64(len(name)), ModTime: time.Unix(modified, 0)}
		if n, isDir := strings.CutSuffix(name, "/"); isDir {
			item.Name, item.Kind, item.Size = n, resource.Directory, 0
		}
		l.Items = append(l.Items, item)
	}
	return l
}

func TestListingJSON(t *testing.T) {
	var h message.Header
	var tr trace.Journey
	a := Listing(request("GET", "Accept: application/json"), directory("b.html", "a b/", "x\xff"), listingOptions("/d/"), &h, &tr)
	if got := body(t, a.Pieces); got != `{
  "path": "/d/",
  "modified": "1994-11-06T08:49:37Z",
  "cut": false,
  "entries": [
    {
      "name": "a b",
      "kind": "directory",
      "link": "a%20b/",
      "modified": "1994-11-06T08:49:37Z"
    },
    {
      "name": "b.html",
      "kind": "file",
      "link": "b.html",
      "type": "text/html; charset=utf-8",
      "size": 6,
      "modified": "1994-11-06T08:49:37Z"
    },
    {
      "name": "x\ufffd",
      "kind": "file",
      "link": "x%FF",
      "type": "application/octet-stream",
      "size": 2,
      "modified": "1994-11-06T08:49:37Z"
    }
  ]
}
` {
		t.Error(got)
	}
	if a.Reason != reasonListingJSON || len(tr.Events) != 1 || tr.Events[0].Reason != a.Reason {
		t.Errorf("by %s, journey %+v", a.Reason, tr.Events)
	}
	if h.Has("Content-Security-Policy") {
		t.Error("JSON has a policy for pages")
	}
	empty := Listing(request("GET", "Accept: application/json"), directory(), listingOptions("/d/"), &message.Header{}, nil)
	if got := body(t, empty.Pieces); !strings.Contains(got, `"entries": []`) || !json.Valid([]byte(got)) {
		t.Errorf("of an empty directory: %s", got)
	}
}

func TestListingOrder(t *testing.T) {
	l := directory("b", "a10", "a9", "A1", "a1", "z/", "B/", "a/", "file 2", "file 10", "file 010", "é", "_x", "10", "9", "a", "\xff")
	Listing(request("GET"), l, listingOptions("/d/"), &message.Header{}, nil)
	var got []string
	for _, item := range l.Items {
		got = append(got, item.Name)
	}
	want := []string{"a", "B", "z", "9", "10", "_x", "a", "A1", "a1", "a9", "a10", "b", "file 2", "file 010", "file 10", "é", "\xff"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestListingConditions(t *testing.T) {
	list := func(method string, l *resource.List, lines ...string) (Answer, *message.Header) {
		h := new(message.Header)
		return Listing(request(method, lines...), l, listingOptions("/d/"), h, nil), h
	}
	_, first := list("GET", directory("a"))
	etag := first.Get("ETag")
	a, h := list("GET", directory("a"), "If-None-Match: "+etag)
	if a.Status != 304 || fields(h) != "ETag: "+etag+"\nVary: Accept\n" || len(a.Pieces) != 0 {
		t.Errorf("%d with\n%s", a.Status, fields(h))
	}
	if a, _ := list("GET", directory("b"), "If-None-Match: "+etag); a.Status != 200 {
		t.Errorf("of another directory: %d", a.Status)
	}
	if a, h := list("GET", directory("a"), "If-Match: \"other\""); a.Status != 412 || h.Len() != 0 {
		t.Errorf("If-Match: %d with\n%s", a.Status, fields(h))
	}
	head, h := list("HEAD", directory("a"))
	if head.Status != 200 || len(head.Pieces) != 0 || fields(h) != fields(first) {
		t.Errorf("HEAD: %d with\n%swant\n%s", head.Status, fields(h), fields(first))
	}
}

func TestPage(t *testing.T) {
	list := directory("sub/", "pic.png", "clip.mp4", "song.mp3", "code.go", "doc.pdf", "all.zip", "blob", "data.json")
	list.Items[1].Size = 1536
	var h message.Header
	page := body(t, Listing(request("GET"), list, listingOptions("/photos/d/"), &h, nil).Pieces)
	for _, want := range []string{
		"<title>d</title>", `<a href="../../"><bdi>example.org:8080</bdi></a>`, `<a href="../"><bdi>photos</bdi></a>`,
		`<h1 aria-current="page"><bdi>d</bdi></h1>`, "1 folder · 8 files · ", "1.5 KiB", `<a href="sub/">`, `href="#i-folder"`,
		`href="#i-image"`, `href="#i-video"`, `href="#i-audio"`, `href="#i-code"`, `href="#i-text"`, `href="#i-archive"`,
		`href="#i-file"`, "Parent folder", "<footer>vitrine</footer>", `<time datetime="1994-11-06T08:49:37Z">1994-11-06<span> 08:49</span></time>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if strings.Contains(page, "more entries") {
		t.Error("it says that it was cut")
	}
	list.Cut = true
	options := listingOptions("/")
	options.Server = ""
	page = body(t, Listing(request("GET"), list, options, &message.Header{}, nil).Pieces)
	if !strings.Contains(page, "more entries") || strings.Contains(page, "Parent folder") || strings.Contains(page, "<footer>") ||
		!strings.Contains(page, "<title>example.org:8080</title>") {
		t.Error("the root, cut and without a name in the foot, shows otherwise")
	}
	if page := body(t, Listing(request("GET"), directory(), options, &message.Header{}, nil).Pieces); !strings.Contains(page, "This folder is empty.") {
		t.Error("an empty root does not say so")
	}
}

// The page asks for nothing: no script, no style sheet, no picture but its own.
func TestPageNeedsNothing(t *testing.T) {
	var h message.Header
	page := body(t, Listing(request("GET"), directory("a/", "b"), listingOptions("/d/"), &h, nil).Pieces)
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "style" || strings.HasPrefix(a.Key, "on") ||
				a.Key == "href" && n.Data == "link" && !strings.HasPrefix(a.Val, "data:") ||
				a.Key == "href" && n.Data == "use" && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "script" && n.Type == html.ElementNode {
			t.Error("a script")
		}
	}
	if policy := h.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") {
		t.Errorf("policy is %q", policy)
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 102340: "99.9 KiB", 102349: "100 KiB", 1048063: "1023 KiB",
		102399: "100 KiB", 1048524: "1.0 MiB", 1048575: "1.0 MiB", 1048576: "1.0 MiB", 5 << 30: "5.0 GiB", 1 << 40: "1.0 TiB", 1<<63 - 1: "8.0 EiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]string{1: "1", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

// FuzzNames lists one entry of any name: the page's link and that in JSON lead to exactly that name, one level below,
// and the page's structure is the same as for a harmless one.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"a", "a b", "a:b", "a?b", "a#b", "%2e%2e", "..x", "x\xff\xfe", `"quoted"`, "<script>", "&amp;", "'", "\u202etxt.exe",
		"\n", "C:\\x", "ü", "日本", "javascript:alert(1)", "...", "-", "a;b", "a=b&c", "\x7f", "mailto:x@y", "~", "\u2028", "]]>", "--", "a\tb"} {
		f.Add(name, true)
		f.Add(name, false)
	}
	structure := func(t *testing.T, page string) (elements []string, links []string) {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.ElementNode {
				elements = append(elements, n.Data)
				for _, a := range n.Attr {
					if n.Data == "a" {
						links = append(links, a.Val)
					}
				}
			}
		}
		return elements, links
	}
	base, _ := url.Parse("http://example.org/d/e/")
	f.Fuzz(func(t *testing.T, name string, isDir bool) {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
			return
		}
		made := name
		if isDir {
			made += "/"
		}
		o := listingOptions("/d/" + name + "/")
		page := body(t, Listing(request("GET"), directory(made), o, &message.Header{}, nil).Pieces)
		elements, links := structure(t, page)
		harmless := "harmless"
		if isDir {
			harmless += "/"
		}
		want, _ := structure(t, body(t, Listing(request("GET"), directory(harmless), listingOptions("/d/harmless/"), &message.Header{}, nil).Pieces))
		if !slices.Equal(elements, want) {
			t.Errorf("%q changes the page's structure:\n%q\n%q", name, elements, want)
		}
		var listed struct{ Entries []itemJSON }
		data := body(t, Listing(request("GET", "Accept: application/json"), directory(made), o, &message.Header{}, nil).Pieces)
		if err := json.Unmarshal([]byte(data), &listed); err != nil || len(listed.Entries) != 1 {
			t.Fatalf("%q: %v\n%s", name, err, data)
		}
		for _, link := range []string{links[len(links)-1], listed.Entries[0].Link} {
			u, err := base.Parse(link)
			if err != nil {
				t.Errorf("%q: link %q: %v", name, link, err)
				continue
			}
			if u.Path != "/d/e/"+made || u.Host != "example.org" || u.RawQuery != "" || u.Fragment != "" {
				t.Errorf("%q: link %q leads to %s", name, link, u)
			}
		}
	})
}
