package content

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"vitrine/site/resource"
)

// Order is in which order a directory is listed, and which part of it is shown.
type Order struct {
	By   string // "name", "size" or "time"
	Down bool
	Page int // from 1
}

// ParseOrder reads an order from a query: sort=size&order=desc&page=2, or as Apache's listings have it, C=S;O=D. What is not
// said, or makes no sense, is as in the order given.
func ParseOrder(query string, o Order) Order {
	o.Page = 1
	for field := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "sort", "C":
			switch value {
			case "name", "N":
				o.By = "name"
			case "size", "S":
				o.By = "size"
			case "time", "M":
				o.By = "time"
			}
		case "order", "O":
			switch value {
			case "asc", "A":
				o.Down = false
			case "desc", "D":
				o.Down = true
			}
		case "page":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= resource.MaxItems {
				o.Page = n
			}
		}
	}
	return o
}

// sort sorts in place. Directories come first, and what is equal is by name.
func (o Order) sort(items []resource.Item) {
	slices.SortFunc(items, func(a, b resource.Item) int {
		if a.Kind != b.Kind {
			return cmp.Compare(b.Kind, a.Kind)
		}
		c := 0
		switch o.By {
		case "size":
			c = cmp.Compare(a.Size, b.Size)
		case "time":
			c = a.ModTime.Compare(b.ModTime)
		}
		if c == 0 {
			c = compareNames(a.Name, b.Name)
		}
		if o.Down {
			return -c
		}
		return c
	})
}

// column is a head of the table: it leads to the order by the column, or turns it round.
func (b *page) column(o Order, by, text, more string) {
	b.add("<th scope=\"col\"")
	down := false
	mark := ""
	if o.By == by {
		down = !o.Down
		if o.Down {
			b.add(" aria-sort=\"descending\"")
			mark = " ↓"
		} else {
			b.add(" aria-sort=\"ascending\"")
			mark = " ↑"
		}
	}
	b.add("><a rel=\"nofollow\" href=\"").add(o.link(by, down, 1)).add("\">").add(text)
	if mark != "" {
		b.add("<span aria-hidden=\"true\" class=\"sort\">").add(mark).add("</span>")
	}
	b.add("</a>").add(more).add("</th>")
}

// link is the reference to an order of the same directory, escaped.
func (o Order) link(by string, down bool, page int) string {
	out := "?sort=" + by + "&amp;order=asc"
	if down {
		out = "?sort=" + by + "&amp;order=desc"
	}
	if page > 1 {
		out += "&amp;page=" + strconv.Itoa(page)
	}
	return out
}

// pages leads to the other pages, when there is more than one.
func (b *page) pages(o Order, pages int) {
	if pages < 2 {
		return
	}
	b.add("<nav class=\"pages\" aria-label=\"Pages\">")
	if o.Page > 1 {
		b.add("<a rel=\"prev\" href=\"").add(o.link(o.By, o.Down, o.Page-1)).add("\">← Back</a> ")
	}
	b.add("<span>Page ").add(grouped(o.Page)).add(" of ").add(grouped(pages)).add("</span>")
	if o.Page < pages {
		b.add(" <a rel=\"next\" href=\"").add(o.link(o.By, o.Down, o.Page+1)).add("\">More →</a>")
	}
	b.add("</nav>\n")
}

// part is the items of the order's page, and how many pages there are. A page beyond the last is the last.
func (o *Order) part(items []resource.Item, size int) ([]resource.Item, int) {
	if size <= 0 || len(items) <= size {
		o.Page = 1
		return items, 1
	}
	pages := (len(items) + size - 1) / size
	o.Page = min(max(o.Page, 1), pages)
	return items[(o.Page-1)*size : min(o.Page*size, len(items))], pages
}
