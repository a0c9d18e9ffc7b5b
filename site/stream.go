package site

import (
	"errors"
	"sync"

	"vitrine/site/coding"
	"vitrine/web/message"
)

// producer makes a body while it is sent. It writes the body and returns when that is whole, or why it is not: then the
// connection ends, so that nobody takes the part for the whole. It runs off the loop.
type producer func(w *sender) error

// sender takes a body on its way to the connection, and encodes it on the way where that was decided. What is written is
// gathered; Flush sends it. Write blocks while the client does not take what was written before, unless the exchange was
// lent. Whoever has a sender must close it, on every path.
type sender struct {
	v       *visit
	silent  bool // the response has no body: what is written is only counted
	shut    bool // something else was sent: whoever writes is told so
	encoder *coding.Encoder
	out     *[]byte // what comes out of the encoder
	pending bool    // the encoder may hold something back
}

// buffers are for what comes out of encoders, and for files on their way into them.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, piece)
	return &b
}}

// piece is how many bytes are encoded at a time: on a loop, for less than a few milliseconds.
const piece = 32 << 10

// send hands the response's head to the connection and returns where its body goes. length is the body's in bytes, or -1
// when it is not known; where the body is encoded on the way, it is not.
func (v *visit) send(length int64) *sender {
	block := v.block
	s := v.newSender()
	if v.uncounted {
		length = -1
	}
	v.answered.Store(true)
	v.x.Stream(block, length)
	return s
}

// newSender is where the body goes, once the head was handed over by whoever does.
func (v *visit) newSender() *sender {
	s := &sender{v: v, silent: v.x.Request.Method == message.HEAD || !message.BodyAllowed(v.status)}
	if m := v.encoding; m.coding != coding.Identity {
		s.encoder, s.out = coding.New(m.coding, m.level), buffers.Get().(*[]byte)
	}
	return s
}

func (s *sender) Write(p []byte) (int, error) {
	switch {
	case s.shut:
		return 0, errUnwanted
	case s.silent:
		return len(p), nil
	}
	if s.encoder == nil {
		return s.v.x.Write(p)
	}
	written := 0
	for len(p) > 0 {
		n := min(len(p), piece)
		s.encode(p[:n])
		s.pending = true
		if err := s.pass(); err != nil {
			return written, err
		}
		p = p[n:]
		written += n
	}
	return written, nil
}

// encode encodes a piece.
func (s *sender) encode(p []byte) {
	if s.v.away && !s.v.x.Lent() { // not on a loop
		takeTurn()
		defer giveTurn()
	}
	*s.out = s.encoder.Write((*s.out)[:0], p)
}

// pass passes on what came out of the encoder.
func (s *sender) pass() error {
	if len(*s.out) == 0 {
		return nil
	}
	_, err := s.v.x.Write(*s.out)
	return err
}

// Flush sends what was written so far, the head included: the client can decode all of it.
func (s *sender) Flush() error {
	if s.shut {
		return errUnwanted
	}
	if s.encoder != nil && s.pending {
		*s.out = s.encoder.Flush((*s.out)[:0])
		s.pending = false
		if err := s.pass(); err != nil {
			return err
		}
	}
	return s.v.x.Flush()
}

// errUnwanted is what a producer is told whose body is not sent.
var errUnwanted = errors.New("site: something else was sent")

// unwanted ends what makes the body, since something else is sent in its place: it gives back what it has.
func (v *visit) unwanted() {
	if produce := v.produce; produce != nil {
		v.produce = nil
		produce(&sender{v: v, shut: true})
	}
	v.call = nil // which finds out
}

// close ends the body. With an error the connection is cut off.
func (s *sender) close(err error) {
	if s.shut {
		return
	}
	if err == nil && s.encoder != nil {
		*s.out = s.encoder.Close((*s.out)[:0])
		err = s.pass()
	}
	missing := err != nil && !s.silent // where there is no body nothing is
	s.free()
	if missing {
		s.v.x.Abort()
	}
}

// free gives the encoder back. What is written afterwards goes nowhere.
func (s *sender) free() {
	if s.encoder == nil {
		return
	}
	s.encoder.Release()
	if cap(*s.out) <= 4*piece { // noise comes out longer than it went in
		*s.out = (*s.out)[:cap(*s.out)]
		buffers.Put(s.out)
	}
	s.encoder, s.out, s.silent = nil, nil, true
	s.v.h.encoders.give()
}
