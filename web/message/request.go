package message

// TargetForm is how a request names its target (RFC 9112 §3.2).
type TargetForm uint8

const (
	OriginForm    TargetForm = iota // /path?query
	AbsoluteForm                    // http://host/path?query
	AuthorityForm                   // host:port, with CONNECT
	AsteriskForm                    // *, with OPTIONS
)

var formNames = [...]string{"origin", "absolute", "authority", "asterisk"}

func (f TargetForm) String() string { return formNames[f] }

// Target is a request's target as received, parsed once: its spans lie in the request's arena.
type Target struct {
	Form  TargetForm
	Raw   Span // as received, for the log and for forwarding
	Path  Span // raw path within Raw; empty for the authority and asterisk forms, and where an absolute form has none
	Query Span // without "?"; see HasQuery
	// HasQuery tells "/a?" from "/a".
	HasQuery bool
}

// Request is a request's head. Read-only for handlers; valid until its exchange ends.
type Request struct {
	Method     Method
	MethodText Span
	Major      uint8
	Minor      uint8
	Target     Target
	Fields     Fields

	// Authority is the host and the port that the request is for: from the target in absolute or authority form,
	// otherwise from Host. Checked (RFC 3986 §3.2.2) and without user information.
	Authority Span
	// Scheme is "http" or "https": the connection's, for the target may lie.
	Scheme string
	// ContentLength is the body's length; 0 when there is no body, -1 when it is not known in advance (chunked).
	ContentLength int64

	arena   []byte
	scratch []byte // decoded and normalised path and lower-cased host, when they differ from the arena's bytes
	path    view   // decoded once and normalised: what is matched, authorised and opened
	host    view   // lower case, without port and without the root's dot; IPv6 without brackets
	port    uint16 // 0: none was given
}

// view is a piece of the arena or, where decoding changed something, of the scratch memory.
type view struct {
	Span
	scratch bool
}

// Reset empties the request and gives it its arena.
func (r *Request) Reset(arena []byte) {
	r.Method, r.MethodText, r.Major, r.Minor = 0, Span{}, 0, 0
	r.Target, r.Authority, r.Scheme, r.ContentLength = Target{}, Span{}, "http", 0
	r.arena, r.scratch, r.path, r.host, r.port = arena, r.scratch[:0], view{}, view{}, 0
	r.Fields.Reset(arena)
}

// SetArena replaces the arena by one with the same bytes at the same offsets: a shorter one that ends with the head,
// or the memory that the bytes were moved to.
func (r *Request) SetArena(arena []byte) {
	r.arena = arena
	r.Fields.SetArena(arena)
}

// CopyTo makes dst an independent copy of the request that lies in the arena, which is grown when it is too small,
// and returns the arena. Spans stay what they are. It does not allocate when the arena holds the head and the
// decoded path and host, and dst has held as many fields before. Dst may be r itself, and then r moves.
func (r *Request) CopyTo(dst *Request, arena []byte) []byte {
	head := uint32(len(r.arena))
	arena = append(append(arena[:0], r.arena...), r.scratch...)
	path, host := r.path.follow(head), r.host.follow(head)
	r.Fields.copyTo(&dst.Fields, arena)
	dst.Method, dst.MethodText, dst.Major, dst.Minor = r.Method, r.MethodText, r.Major, r.Minor
	dst.Target, dst.Authority, dst.Scheme, dst.ContentLength = r.Target, r.Authority, r.Scheme, r.ContentLength
	dst.arena, dst.scratch, dst.path, dst.host, dst.port = arena, dst.scratch[:0], path, host, r.port
	return arena
}

// follow is the same view when the scratch memory follows an arena of n bytes within one memory.
func (v view) follow(n uint32) view {
	if v.scratch {
		v.Off += n
	}
	v.scratch = false
	return v
}

func (r *Request) view(v view) []byte {
	if v.scratch {
		return v.Of(r.scratch)
	}
	return v.Of(r.arena)
}

// Arena is the memory that the spans point into.
func (r *Request) Arena() []byte { return r.arena }

// MethodName is the method's token. It allocates for methods that the program does not know.
func (r *Request) MethodName() string {
	if r.Method != OtherMethod {
		return methodNames[r.Method]
	}
	return string(r.MethodText.Of(r.arena))
}

// MethodBytes is the method's token as received.
func (r *Request) MethodBytes() []byte { return r.MethodText.Of(r.arena) }

// RawTarget is the target as received.
func (r *Request) RawTarget() []byte { return r.Target.Raw.Of(r.arena) }

// RawPath is the path as received.
func (r *Request) RawPath() []byte { return r.Target.Path.Of(r.arena) }

// Query is what follows the "?", nil when there is none.
func (r *Request) Query() []byte {
	if !r.Target.HasQuery {
		return nil
	}
	return r.Target.Query.Of(r.arena)
}

// Path is the path decoded once and normalised; it begins with "/" and has no "." or ".." segment, no empty
// segment but the last, and no NUL. Nil for the authority and asterisk forms.
func (r *Request) Path() []byte {
	if r.path.Len == 0 {
		return nil
	}
	return r.view(r.path)
}

// Host is the host that the request is for: lower case, without port; empty when an HTTP/1.0 request names none.
func (r *Request) Host() []byte { return r.view(r.host) }

// Port is the port named with the host, 0 when none is.
func (r *Request) Port() uint16 { return r.port }
