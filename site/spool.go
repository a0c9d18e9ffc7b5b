package site

import (
	"errors"
	"io"
	"os"

	"vitrine/web/exchange"
)

// spooled is a request's body that was read before somebody is told of it: its beginning in memory, the rest in a file without
// a name.
type spooled struct {
	memory []byte
	file   *os.File // nil: memory has it all
	length int64
	at     int64
}

// spool reads a body whole, off the loop: most bytes into memory, and up to limit in all; 0 is no limit. The error is
// errBodyTooLarge, a *bodyError of the client's, or the disk's.
func spool(x *exchange.Exchange, most int, limit int64) (*spooled, error) {
	s := new(spooled)
	source := io.Reader(readErrors{x.Body()})
	if limit > 0 {
		source = io.LimitReader(source, limit+1)
	}
	for len(s.memory) < most {
		if len(s.memory) == cap(s.memory) {
			grown := make([]byte, len(s.memory), min(max(2*cap(s.memory), 4<<10), most))
			copy(grown, s.memory)
			s.memory = grown
		}
		n, err := source.Read(s.memory[len(s.memory):cap(s.memory)])
		s.memory = s.memory[:len(s.memory)+n]
		s.length += int64(n)
		if err == io.EOF {
			return s, s.within(limit)
		} else if err != nil {
			return s, err
		}
	}
	f, err := os.CreateTemp("", "vitrine-body-")
	if err != nil {
		return s, err
	}
	os.Remove(f.Name())
	s.file = f
	n, err := io.Copy(f, source)
	if s.length += n; err != nil {
		return s, err
	}
	return s, s.within(limit)
}

func (s *spooled) within(limit int64) error {
	if limit > 0 && s.length > limit {
		return errBodyTooLarge
	}
	return nil
}

// read takes the next bytes. The file was written a moment ago, so that its bytes are in the system's memory.
func (s *spooled) read(p []byte) (int, error) {
	var n int
	var err error
	switch {
	case s.at >= s.length:
		return 0, io.EOF
	case s.at < int64(len(s.memory)):
		n = copy(p, s.memory[s.at:])
	default:
		n, err = s.file.ReadAt(p[:min(int64(len(p)), s.length-s.at)], s.at-int64(len(s.memory)))
		if n > 0 {
			err = nil
		}
	}
	s.at += int64(n)
	return n, err
}

func (s *spooled) close() {
	if s != nil && s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

var errBodyShort = errors.New("the request's body ended early")
