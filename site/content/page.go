package content

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"vitrine/site/resource"
	"vitrine/web/message"
)

//go:embed listing.css
var pageStyle string

//go:embed listing.svg
var pageIcons string

// pagePolicy lets the page use its own style and its data: icon, and nothing else.
var pagePolicy = sync.OnceValue(func() string {
	digest := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) +
		"'; base-uri 'none'; form-action 'none'"
})

const pageIcon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E" +
	"%3Cpath fill='%23d9902f' d='M3 5.5C3 4.7 3.7 4 4.5 4h4.6l2.3 2.5h8.1c.8 0 1.5.7 1.5 1.5v10.5c0 .8-.7 1.5-1.5 1.5h-15" +
	"C3.7 20 3 19.3 3 18.5z'/%3E%3C/svg%3E"

// listPage is the listing as a page.
func listPage(r *message.Request, l *resource.List, o ListingOptions) []byte {
	b := &page{buf: make([]byte, 0, len(pageStyle)+len(pageIcons)+2048+320*len(l.Items))}
	host := string(r.Authority.Of(r.Arena()))
	segments := strings.Split(strings.Trim(o.Path, "/"), "/")
	if segments[0] == "" {
		segments = nil
	}
	title := host
	if n := len(segments); n > 0 {
		title = segments[n-1]
	}
	if title == "" {
		title = "/"
	}
	b.add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	b.add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	b.add("<meta name=\"color-scheme\" content=\"light dark\">\n<title>").text(title).add("</title>\n")
	b.add("<link rel=\"icon\" href=\"").add(pageIcon).add("\">\n<style>").add(pageStyle).add("</style>\n</head>\n<body>\n")
	b.add(pageIcons).add("<header>\n")
	b.trail(host, segments)
	b.summary(l)
	b.add("</header>\n")
	b.note(o.Header)
	shown, pages := o.Order.part(l.Items, o.PageSize)
	b.add("<main>\n")
	b.table(shown, o, len(segments) > 0)
	b.add("</main>\n")
	b.pages(o.Order, pages)
	b.note(o.Readme)
	if o.Server != "" {
		b.add("<footer>").text(o.Server).add("</footer>\n")
	}
	return b.add("</body>\n</html>\n").buf
}

// page is a page that is being written.
type page struct{ buf []byte }

// add appends markup.
func (b *page) add(markup string) *page {
	b.buf = append(b.buf, markup...)
	return b
}

// text appends text from outside: escaped, and with what could not be seen, or could turn the line around, as U+FFFD.
func (b *page) text(s string) *page {
	return b.add(html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r // a byte that is no UTF-8 comes as U+FFFD
	}, s)))
}

// trail is the way from the site's root to the directory, each part a link.
func (b *page) trail(host string, segments []string) {
	if host == "" {
		host = "/"
	}
	b.add("<nav aria-label=\"Path\"><ol>")
	crumb := func(up int, name string) {
		if up == 0 {
			b.add("<li><h1 aria-current=\"page\"><bdi>").text(name).add("</bdi></h1></li>")
			return
		}
		b.add("<li><a href=\"").add(strings.Repeat("../", up)).add("\"><bdi>").text(name).add("</bdi></a></li>")
	}
	crumb(len(segments), host)
	for i, segment := range segments {
		crumb(len(segments)-1-i, segment)
	}
	b.add("</ol></nav>\n")
}

// summary is how much there is.
func (b *page) summary(l *resource.List) {
	directories, files, bytes := 0, 0, int64(0)
	for i := range l.Items {
		if l.Items[i].Kind == resource.Directory {
			directories++
			continue
		}
		files++
		bytes += l.Items[i].Size
	}
	b.add("<p>")
	switch {
	case len(l.Items) == 0:
		b.add(count(0, "file"))
	default:
		separator := ""
		if directories > 0 {
			b.add(count(directories, "folder"))
			separator = " · "
		}
		if files > 0 {
			b.add(separator).add(count(files, "file")).add(" · ").add(size(bytes))
		}
	}
	b.add("</p>\n")
	if l.Cut {
		b.add("<p class=\"cut\" role=\"note\">There are more entries than a list can have: only ").
			add(grouped(len(l.Items))).add(" of them are shown.</p>\n")
	}
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// grouped is a number with a thin space between groups of three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// note is text of the folder's keeper, as it is.
func (b *page) note(text string) {
	if text = strings.TrimSpace(text); text != "" {
		b.add("<pre class=\"note\">").lines(text).add("</pre>\n")
	}
}

// lines is text of several lines.
func (b *page) lines(s string) *page {
	for line := range strings.Lines(s) {
		b.text(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")).add("\n")
	}
	return b
}

func (b *page) table(items []resource.Item, o ListingOptions, hasParent bool) {
	if len(items) == 0 && !hasParent {
		b.add("<p class=\"empty\">This folder is empty.</p>\n")
		return
	}
	b.add("<table>\n<thead><tr>")
	b.column(o.Order, "name", "Name", "")
	if o.Describe != nil {
		b.add("<th scope=\"col\" class=\"about\">Description</th>")
	}
	b.column(o.Order, "size", "Size", "")
	b.column(o.Order, "time", "Modified", "<span> (UTC)</span>")
	b.add("</tr></thead>\n<tbody>\n")
	if hasParent {
		b.add("<tr><td><a href=\"../\">").icon("up").add("Parent folder</a></td>")
		if o.Describe != nil {
			b.add("<td class=\"about\"></td>")
		}
		b.add("<td></td><td></td></tr>\n")
	}
	for i := range items {
		b.row(&items[i], o)
	}
	b.add("</tbody>\n</table>\n")
}

func (b *page) row(item *resource.Item, o ListingOptions) {
	b.add("<tr><td><a href=\"")
	b.buf = appendLink(b.buf, item)
	b.add("\">")
	if item.Kind == resource.Directory {
		b.icon("folder")
	} else {
		b.icon(iconOf(o.Types.lookup(item.Name).Value))
	}
	b.add("<bdi>").text(item.Name).add("</bdi></a></td>")
	if o.Describe != nil {
		b.add("<td class=\"about\">").text(o.Describe(item.Name)).add("</td>")
	}
	b.add("<td>")
	if item.Kind == resource.File {
		b.add(size(item.Size))
	}
	t := item.ModTime.UTC()
	b.add("</td><td><time datetime=\"").add(t.Format(time.RFC3339)).add("\">").add(t.Format("2006-01-02")).
		add("<span> ").add(t.Format("15:04")).add("</span></time></td></tr>\n")
}

func (b *page) icon(name string) *page {
	return b.add("<svg class=\"").add(name).add("\" aria-hidden=\"true\"><use href=\"#i-").add(name).add("\"/></svg>")
}

// archives are the media types that hold other files, besides those that end in "+zip".
var archives = map[string]bool{
	"application/zip": true, "application/gzip": true, "application/zstd": true, "application/vnd.rar": true,
	"application/x-tar": true, "application/x-bzip2": true, "application/x-xz": true, "application/x-7z-compressed": true,
	"application/x-brotli": true, "application/x-compress": true, "application/x-lz4": true, "application/x-lzip": true,
	"application/x-iso9660-image": true, "application/x-apple-diskimage": true, "application/java-archive": true,
	"application/vnd.debian.binary-package": true, "application/x-redhat-package-manager": true,
}

// sources are the media types that are read as code and do not begin with "text/".
var sources = map[string]bool{
	"application/json": true, "application/xml": true, "application/yaml": true, "application/toml": true,
	"application/sql": true, "application/wasm": true, "application/manifest+json": true, "application/x-ndjson": true,
	"application/ld+json": true, "application/jsonl": true, "application/graphql": true,
}

// iconOf is the icon for a media type.
func iconOf(value string) string {
	value, _, _ = strings.Cut(value, ";")
	mainType, subtype, _ := strings.Cut(value, "/")
	switch {
	case mainType == "image", mainType == "video", mainType == "audio":
		return mainType
	case value == "text/html", value == "text/css", value == "text/javascript", strings.HasPrefix(value, "text/x-"),
		sources[value]:
		return "code"
	case mainType == "text", value == "application/pdf", value == "application/epub+zip", value == "application/rtf",
		value == "application/msword", strings.HasPrefix(subtype, "vnd.oasis.opendocument."),
		strings.HasPrefix(subtype, "vnd.openxmlformats-"):
		return "text"
	case archives[value], strings.HasSuffix(subtype, "+zip"):
		return "archive"
	}
	return "file"
}

// size is a number of bytes for people.
func size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.5 && unit < 5 { // what would be shown as 1024 is one of the next unit
		value /= 1024
		unit++
	}
	decimals := 1
	if value >= 99.95 {
		decimals = 0
	}
	return strconv.FormatFloat(value, 'f', decimals, 64) + " " + [...]string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[unit]
}
