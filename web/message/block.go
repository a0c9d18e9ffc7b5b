package message

import "sync/atomic"

// Proto is a protocol with a wire format of its own.
type Proto uint8

const (
	HTTP1 Proto = iota
	HTTP2
	HTTP3

	protos = iota
)

var protoNames = [...]string{"HTTP/1", "HTTP/2", "HTTP/3"}

func (p Proto) String() string { return protoNames[p] }

// Block is a whole response head, built once and sent often. It is immutable and safe for concurrent use; each
// protocol attaches its encoding when it first sends the block.
type Block struct {
	status int
	header Header
	wires  [protos]atomic.Pointer[[]byte]
}

// NewBlock makes a block of a status and a copy of the fields; a nil header has none.
func NewBlock(status int, h *Header) *Block {
	if h == nil {
		return &Block{status: status}
	}
	if len(h.list) > len(roomy{}.lines) {
		return &Block{status: status, header: *h.Clone()}
	}
	b := new(roomy)
	b.status, b.header.known = status, h.known
	n := copy(b.lines[:], h.list)
	b.header.list = b.lines[:n:n]
	return &b.Block
}

// roomy is a block with the lines of a usual head in the same piece of memory.
type roomy struct {
	Block
	lines [8]line
}

// Status is the response's status code.
func (b *Block) Status() int { return b.status }

// Fields is the response's field lines. They must not be changed; Clone them to build another block.
func (b *Block) Fields() *Header { return &b.header }

// Wire is the protocol's encoding of the block, made by render when it is asked for the first time and then kept
// with the block. Nobody may change it. Render may run more than once, when several ask at once for the first time;
// one result is kept, and all get that one.
func (b *Block) Wire(proto Proto, render func(*Block) []byte) []byte {
	if w := b.wires[proto].Load(); w != nil {
		return *w
	}
	w := render(b)
	w = w[:len(w):len(w)]
	if !b.wires[proto].CompareAndSwap(nil, &w) {
		return *b.wires[proto].Load()
	}
	return w
}
