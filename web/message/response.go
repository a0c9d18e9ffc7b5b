package message

// Response is a response's head as a client or a proxy receives it. Like a Request it is a view of its arena. It is
// not safe for concurrent use.
type Response struct {
	Status int
	Reason Span // the reason phrase, often empty; it means nothing (RFC 9112 §4)
	Major  uint8
	Minor  uint8
	Fields Fields
	// ContentLength is the length that the head announces, -1 when it announces none. The answer to HEAD and 304
	// announce that of a body which they do not have.
	ContentLength int64

	arena []byte
}

// Reset empties the response and gives it its arena.
func (r *Response) Reset(arena []byte) {
	r.Status, r.Reason, r.Major, r.Minor, r.ContentLength = 0, Span{}, 0, 0, -1
	r.arena = arena
	r.Fields.Reset(arena)
}

// Arena is the memory that the spans point into.
func (r *Response) Arena() []byte { return r.arena }

// SetArena replaces the arena by one with the same bytes at the same offsets.
func (r *Response) SetArena(arena []byte) {
	r.arena = arena
	r.Fields.SetArena(arena)
}

// ReasonText is the reason phrase as received.
func (r *Response) ReasonText() []byte { return r.Reason.Of(r.arena) }

// CopyTo makes dst an independent copy of the response that lies in the arena, which is grown when it is too small,
// and returns the arena.
func (r *Response) CopyTo(dst *Response, arena []byte) []byte {
	arena = append(arena[:0], r.arena...)
	r.Fields.copyTo(&dst.Fields, arena)
	dst.Status, dst.Reason, dst.Major, dst.Minor = r.Status, r.Reason, r.Major, r.Minor
	dst.ContentLength, dst.arena = r.ContentLength, arena
	return arena
}
