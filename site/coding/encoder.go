package coding

import (
	"io"
	"sync"
)

// Encoder encodes one body. It is used by one goroutine at a time, and Release gives it back.
type Encoder struct {
	out    sink
	stream stream
	pool   *sync.Pool
}

// stream is what the libraries have in common.
type stream interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// sink collects what a library writes. It cannot fail, and so cannot the libraries.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// pools are the encoders that are not in use, by coding and level: the garbage collector takes what nobody asks for.
var pools [Codings][highest + 1]sync.Pool

// New takes an encoder for a coding, which is not Identity, at one of its Levels.
func New(c Coding, level int) *Encoder {
	level = librarys(c, level)
	pool := &pools[c][level]
	e, _ := pool.Get().(*Encoder)
	if e == nil {
		e = &Encoder{pool: pool, stream: makers[c](level)}
	}
	e.stream.Reset(&e.out)
	return e
}

// Write encodes p and appends what comes out to dst, which may be nothing yet.
func (e *Encoder) Write(dst, p []byte) []byte {
	e.out.b = dst
	e.stream.Write(p)
	return e.taken()
}

// Flush appends to dst what is still to come of what was written before, so that whoever decodes has all of it. It costs
// some bytes each time.
func (e *Encoder) Flush(dst []byte) []byte {
	e.out.b = dst
	e.stream.Flush()
	return e.taken()
}

// Close ends the body and appends the rest of it to dst. Nothing is written afterwards.
func (e *Encoder) Close(dst []byte) []byte {
	e.out.b = dst
	e.stream.Close()
	return e.taken()
}

func (e *Encoder) taken() []byte {
	b := e.out.b
	e.out.b = nil
	return b
}

// Release gives the encoder back, whether its body was ended or not.
func (e *Encoder) Release() { e.pool.Put(e) }

// Append appends the whole of src, encoded, to dst.
func Append(dst, src []byte, c Coding, level int) []byte {
	e := New(c, level)
	dst = e.Write(dst, src)
	dst = e.Close(dst)
	e.Release()
	return dst
}
