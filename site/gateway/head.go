package gateway

// Kind is what a script's answer is (RFC 3875 §6.2).
type Kind uint8

const (
	Document       Kind = iota // an answer with a body, or without one
	LocalRedirect              // the server is to answer for another path of its own: Location begins with "/"
	ClientRedirect             // the client is sent elsewhere
)

var kindNames = [...]string{"document", "local redirect", "client redirect"}

func (k Kind) String() string { return kindNames[k] }

// Field is one field line of a script's answer.
type Field struct{ Name, Value string }

// Head is the head of a script's answer. Its texts are its own and may be kept.
type Head struct {
	Kind     Kind
	Status   int    // as the script says it, else 200, and 302 for a ClientRedirect
	Said     bool   // the script said it
	Location string // its value; of a LocalRedirect the path with the query
	// ContentLength is the body's as the script says it, -1 when it does not. It is not among Fields: whoever sends the
	// body knows whether that much came.
	ContentLength int64
	// Fields are those that the client gets. Status is not among them, nor what concerns a connection, nor what is meant
	// for the server: Location of a LocalRedirect, X-Sendfile, and all that begins with X-Accel-.
	Fields []Field
	// Removed are the names of those that are not among Fields, but for Status and Content-Length.
	Removed []string
	// SendFile is a file that is to be sent in the place of the body: the value of X-Sendfile (or X-LIGHTTPD-send-file).
	SendFile string
	// AccelRedirect is a path of the server's own that is to be answered in the place of the body: the value of
	// X-Accel-Redirect.
	AccelRedirect string
	// Buffering is the value of X-Accel-Buffering: whether the body may be gathered before it is sent on.
	Buffering Tristate
}

// Tristate is a setting that may not have been made.
type Tristate uint8

const (
	Unsaid Tristate = iota
	Yes
	No
)

// Get is the value of the first of Fields with a name, in any case, "" when there is none.
func (h *Head) Get(name string) string {
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			return h.Fields[i].Value
		}
	}
	return ""
}

func (h *Head) reset() {
	clear(h.Fields)
	clear(h.Removed)
	*h = Head{Status: 200, ContentLength: -1, Fields: h.Fields[:0], Removed: h.Removed[:0]}
}
