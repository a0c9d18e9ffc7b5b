package content

import (
	"strings"
	"testing"
	"time"

	"vitrine/site/resource"
	"vitrine/web/message"
)

func TestAListIsInTheOrderThatTheClientAsksFor(t *testing.T) {
	made := func() *resource.List {
		l := directory("b10", "b9", "a", "z/", "y/")
		for i, size := range []int64{3, 1, 2, 0, 0} {
			l.Items[i].Size, l.Items[i].ModTime = size, time.Unix(modified+int64(5-i), 0)
		}
		return l
	}
	for query, want := range map[string]string{
		"": "y z a b9 b10", "sort=name&order=desc": "z y b10 b9 a", "sort=size": "y z b9 a b10", "sort=size&order=desc": "z y b10 a b9", "C=S;O=D": "z y b10 a b9", "C=M&O=A": "y z a b9 b10",
		"C=N;O=D": "z y b10 b9 a", "sort=nonsense&order=<x>": "y z a b9 b10", "sort=time&order=desc": "z y b10 b9 a", "%00&&;;=&sort": "y z a b9 b10", "C=D;O=A": "y z a b9 b10",
	} {
		o := listingOptions("/d/")
		o.Order = ParseOrder(query, Order{By: "name"})
		l := made()
		page := body(t, Listing(request("GET"), l, o, &message.Header{}, nil).Pieces)
		var got []string
		for _, item := range l.Items {
			got = append(got, item.Name)
		}
		if strings.Join(got, " ") != want || strings.Contains(page, "<x>") || strings.Contains(page, "nonsense") {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
}

func TestTheHeadOfTheListLeadsToOtherOrders(t *testing.T) {
	o := listingOptions("/d/")
	o.Order = Order{By: "size", Down: true}
	o.Describe = func(name string) string { return "about <" + name + ">" }
	o.Header, o.Readme = "above <b>\tx\x1b", "below\r\n"
	page := body(t, Listing(request("GET"), directory("a", "b/"), o, &message.Header{}, nil).Pieces)
	for _, want := range []string{
		`href="?sort=size&amp;order=asc">Size`, `href="?sort=name&amp;order=asc">Name`, `aria-sort="descending"`, "about &lt;a&gt;", "above &lt;b&gt;    x\ufffd\n", "below\n</pre>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page[strings.Index(page, "<header>"):])
		}
	}
	if data := body(t, Listing(request("GET", "Accept: application/json"), directory("a"), o, &message.Header{}, nil).Pieces); !strings.Contains(data, `"description": "about`) {
		t.Error(data)
	}
}

func TestALongListHasPages(t *testing.T) {
	for query, want := range map[string]string{"": "a b", "page=2": "c d", "page=3": "e", "page=9": "e", "page=0": "a b", "page=-1": "a b", "page=99999999999999999999": "a b", "page=2&sort=name&order=desc": "c b"} {
		o := listingOptions("/d/")
		o.PageSize, o.Order = 2, ParseOrder(query, Order{By: "name"})
		page := body(t, Listing(request("GET"), directory("a", "b", "c", "d", "e"), o, &message.Header{}, nil).Pieces)
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			if strings.Contains(page, `href="`+name+`"`) != strings.Contains(want, name) {
				t.Errorf("%q: %s is on the wrong page", query, name)
			}
		}
		if !strings.Contains(page, "of 3") {
			t.Errorf("%q: no other pages", query)
		}
	}
}

func FuzzOrder(f *testing.F) {
	for _, query := range []string{"", "sort=size&order=desc&page=2", "C=N;O=D", "page=-1", "&;=", "sort=\x00"} {
		f.Add(query, 3)
	}
	f.Fuzz(func(t *testing.T, query string, size int) {
		o := ParseOrder(query, Order{By: "name"})
		if o.By != "name" && o.By != "size" && o.By != "time" || o.Page < 1 || o.Page > resource.MaxItems {
			t.Errorf("%q: %v", query, o)
		}
		items := directory("a", "b", "c", "d", "e/").Items
		o.sort(items)
		if shown, pages := o.part(items, size); len(shown) == 0 || pages < 1 || o.Page > pages {
			t.Errorf("%q: %d of %d items, page %d of %d", query, len(shown), len(items), o.Page, pages)
		}
	})
}
