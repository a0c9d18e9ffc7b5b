package http1

import "vitrine/web/message"

// state is where a Receiver is in the peer's bytes.
type state uint8

const (
	between        state = iota // no byte of the next message was seen
	inHead                      // a part of a head was seen
	inLength                    // content of a known length
	inChunkSize                 // the digits of a chunk's size
	inChunkExt                  // a chunk's extensions
	inChunkSizeEnd              // the line feed after them
	inChunkData                 // a chunk's data
	inChunkEnd                  // the carriage return after them
	inChunkEndLF                // the line feed after that
	inTrailers                  // the trailer section
	untilEnd                    // content that the end of the connection ends
	ended                       // the connection's end has ended the content
	tunnel                      // another protocol has the connection
)

// Receiver reads the messages of one connection. It is small, since every idle connection has one; the zero value
// is ready. It is not safe for concurrent use.
//
// The caller keeps the bytes: it hands over what it has, drops what was consumed, and hands over the rest again with
// what has arrived since. A head has to lie in its buffer whole, and so has a line of a trailer section; content is
// passed through as it comes.
type Receiver struct {
	err      *Error          // the fault that ended everything
	lim      *Limits         // of the message being received, while it is chunked
	trailers *message.Header // of the last message

	left  int64 // of the content or of the chunk: bytes not yet received
	total int64 // of chunked content: bytes announced so far

	// In a head or a line of a trailer section: the bytes already looked at. In a chunk's size line: its length.
	scanned uint32
	// In a head: where the first incomplete field line begins, 0 in the first line. In chunked content: the bytes of
	// all extensions, and then those of the trailer section.
	line   uint32
	fields uint16 // complete field lines before that
	state  state
}

// InBody reports whether the content of a message is being received, its framing included.
func (x *Receiver) InBody() bool { return x.state >= inLength && x.state <= untilEnd }

// Idle reports whether the receiver is between two messages and nothing but whole empty lines was seen of the next;
// they may be dropped, so that an idle connection needs no buffer.
func (x *Receiver) Idle() bool { return x.state == between && x.err == nil }

// Started reports whether a part of a head was seen that is not yet whole.
func (x *Receiver) Started() bool { return x.state == inHead }

// Tunnel reports whether the connection has changed to another protocol (101, or 2xx to CONNECT): Body passes on
// whatever comes.
func (x *Receiver) Tunnel() bool { return x.state == tunnel }

// Err is the fault that ended the connection's use, nil when there was none.
func (x *Receiver) Err() *Error { return x.err }

// BodyRemaining is how many bytes of content are to come, -1 when that is not known.
func (x *Receiver) BodyRemaining() int64 {
	switch {
	case x.state == inLength:
		return x.left
	case x.InBody() || x.state == tunnel:
		return -1
	}
	return 0
}

// Trailers is the trailer section of the message whose content was received last, nil when it had none. It stays
// valid; the next message with trailers makes a new one.
func (x *Receiver) Trailers() *message.Header { return x.trailers }

// EOF says what it means that the peer ends its side of the connection now: nil where that is allowed, which is
// between messages, in a tunnel, and in content that only the end of the connection ends.
func (x *Receiver) EOF() *Error {
	switch {
	case x.err != nil:
		return x.err
	case x.state == untilEnd:
		x.state = ended
	case x.state == inHead:
		x.err = fail(400, reasonEndInHead, 0)
	case x.InBody():
		x.err = fail(400, reasonEndInBody, 0)
	}
	return x.err
}

// keep remembers the fault: nothing can be received after it.
func (x *Receiver) keep(err *Error) *Error {
	x.err = err
	return err
}
