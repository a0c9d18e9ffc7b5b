package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// ListingOptions are what the configuration and the moment add to a directory.
type ListingOptions struct {
	Path   string // as the client sees it, decoded; it ends with "/"
	Types  *Types // for the entries' media types and icons
	Server string // the name in the page's foot; "" leaves the foot out
	Now    int64  // seconds since 1970

	Order    Order
	PageSize int                      // entries on a page; 0: all on one
	Header   string                   // plain text above the list
	Readme   string                   // and below it
	Describe func(name string) string // what an entry is; nil: there is no such column
}

// Listing answers a request for a directory with what is in it: a page, or JSON when the request's Accept prefers
// that. It adds the answer's fields to the header. The list is sorted in place. The journey may be nil.
//
// The page needs nothing besides itself, and its Content-Security-Policy lets it load nothing. Names are escaped and
// percent-encoded whatever bytes they have; what of a name is no text shows as U+FFFD, the link still works.
func Listing(r *message.Request, l *resource.List, o ListingOptions, h *message.Header, tr *trace.Journey) Answer {
	if o.Order.By == "" {
		o.Order.By = "name"
	}
	o.Order.sort(l.Items)
	p := plan{r: r, o: Options{Status: 200, Now: o.Now}, h: h, tr: tr}
	page, data := acceptQuality(&r.Fields, "text", "html"), acceptQuality(&r.Fields, "application", "json")
	a := Answer{Status: 200, Reason: reasonListing}
	contentType, body := "text/html; charset=utf-8", []byte(nil)
	if data > page {
		a.Reason, contentType, body = reasonListingJSON, "application/json", listJSON(l, o)
	} else {
		body = listPage(r, l, o)
	}
	digest := sha256.Sum256(body)
	p.current = message.Current{Exists: true, ETag: `"` + hex.EncodeToString(digest[:12]) + `"`}
	if decided, ok := p.preconditions(); ok {
		if decided.Status == 304 {
			h.Add("Vary", "Accept")
		}
		return decided
	}
	a.Reason.Reach()
	p.tell(a.Reason, l.Path, true, trace.D("entries", strconv.Itoa(len(l.Items))), trace.D("type", contentType),
		trace.D("wants text/html", strconv.Itoa(page)+"/1000"), trace.D("wants application/json", strconv.Itoa(data)+"/1000"))
	h.Add("Content-Type", contentType)
	h.Add("Content-Length", strconv.Itoa(len(body)))
	h.Add("ETag", p.current.ETag)
	h.Add("Vary", "Accept")
	if a.Reason == reasonListing {
		h.Add("Content-Security-Policy", pagePolicy())
	}
	if r.Method != message.HEAD {
		a.Pieces = []exchange.Piece{{Bytes: body}}
	}
	return a
}

// listedJSON is the listing in JSON. A name that is no UTF-8 shows U+FFFD in Name; Link is exact.
type listedJSON struct {
	Path     string     `json:"path"`
	Modified time.Time  `json:"modified"`
	Cut      bool       `json:"cut"` // there are more entries
	Entries  []itemJSON `json:"entries"`
}

type itemJSON struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`           // "directory" or "file"
	Link     string    `json:"link"`           // relative to the listing
	Type     string    `json:"type,omitempty"` // of a file
	Size     *int64    `json:"size,omitempty"` // of a file, in bytes
	Modified time.Time `json:"modified"`

	Description string `json:"description,omitempty"`
}

func listJSON(l *resource.List, o ListingOptions) []byte {
	out := listedJSON{Path: o.Path, Modified: l.ModTime.UTC(), Cut: l.Cut, Entries: make([]itemJSON, 0, len(l.Items))}
	for i := range l.Items {
		item := &l.Items[i]
		listed := itemJSON{Name: item.Name, Kind: item.Kind.String(), Link: string(appendLink(nil, item)),
			Modified: item.ModTime.UTC()}
		if item.Kind == resource.File {
			listed.Size, listed.Type = &item.Size, o.Types.lookup(item.Name).Value
		}
		if o.Describe != nil {
			listed.Description = o.Describe(item.Name)
		}
		out.Entries = append(out.Entries, listed)
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil { // only a year beyond 9999 has no place in JSON
		return []byte("{}\n")
	}
	return append(body, '\n')
}

// appendLink appends the reference to an entry, relative to the listing. Only unreserved characters stay as they are
// (RFC 3986 §2.3), so that no name can be mistaken for a scheme, a query or a way up.
func appendLink(dst []byte, item *resource.Item) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(item.Name) {
		switch c := item.Name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', digit(c), c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	if item.Kind == resource.Directory {
		dst = append(dst, '/')
	}
	return dst
}
