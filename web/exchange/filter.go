package exchange

// Filter is what a streamed body passes on its way, such as an encoder. It writes what comes out of it to the exchange, as
// if it were the handler.
type Filter interface {
	Write(p []byte) (int, error)
	Flush() error
}

// Through makes what the handler writes and flushes pass a filter; nil: nothing any more. It is called before Stream, whose
// length is unknown then, and ended with Through(nil) before the filter writes its last. It belongs to whoever writes.
func (x *Exchange) Through(f Filter) { x.filter = f }

// filtered lets the filter have its turn. What it writes itself passes it by.
func (x *Exchange) filtered(turn func(f Filter) error) error {
	f := x.filter
	x.filter = nil
	defer func() { x.filter = f }()
	return turn(f)
}
