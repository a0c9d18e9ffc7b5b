package site

import (
	"vitrine/web/message"
)

// producer makes a body while it is sent. It writes the body and returns when that is whole, or why it is not: then the
// connection ends, so that nobody takes the part for the whole. It runs off the loop.
type producer func(w *sender) error

// sender takes a body on its way to the connection. What is written is gathered; Flush sends it. Write blocks while the
// client does not take what was written before, unless the exchange was lent.
type sender struct {
	v      *visit
	silent bool // the response has no body: what is written is only counted
}

// send hands the response's head to the connection and returns where its body goes. length is the body's in bytes, or -1
// when it is not known.
func (v *visit) send(length int64) *sender {
	block := v.block
	v.answered.Store(true)
	v.x.Stream(block, length)
	return &sender{v: v, silent: v.x.Request.Method == message.HEAD || !message.BodyAllowed(block.Status())}
}

func (s *sender) Write(p []byte) (int, error) {
	if s.silent {
		return len(p), nil
	}
	return s.v.x.Write(p)
}

// Flush sends what was written so far, the head included.
func (s *sender) Flush() error { return s.v.x.Flush() }

// close ends the body. With an error the connection is cut off.
func (s *sender) close(err error) {
	if err != nil {
		s.v.x.Abort()
	}
}
