package fastcgi

import (
	"encoding/binary"
	"strconv"

	"vitrine/trace"
)

// Event is what a Receiver has found.
type Event uint8

const (
	Nothing Event = iota // more bytes are needed
	Output               // a piece of the answer: Receiver.Data
	Message              // a piece of what the application has to say about it, for a log: Receiver.Data
	Ended                // the request has ended: Receiver.Status
)

// Fault is why what an application sends cannot be followed: the connection is of no use any more.
type Fault struct {
	Reason *trace.Reason
	Text   string // what was found, may be empty
}

func (f *Fault) Error() string {
	if f.Text == "" {
		return f.Reason.Clause()
	}
	return f.Reason.Clause() + " (" + f.Text + ")"
}

// mostIdle is how many records an application may send that say nothing, before that is taken for an attempt to keep the
// server busy.
const mostIdle = 64

// Receiver takes apart what an application sends for one request after another. Call Begin for each. The zero value needs it
// too. It holds nothing but a few numbers; content is never copied. It is not safe for concurrent use.
type Receiver struct {
	// Data is the content that Output and Message bring: a part of what Receive was given.
	Data []byte
	// Status is what the program ended with, as Ended says it: 0 is success.
	Status uint32

	header [HeaderSize]byte
	have   int // bytes of the header
	kind   Kind
	left   int // bytes of the content that have not come
	pad    int // and of the padding
	body   [8]byte
	got    int // bytes of END_REQUEST's content
	idle   int
	outEnd bool // the stream of answers has ended
	errEnd bool
	ended  bool
}

// Begin prepares for the next request's answer.
func (r *Receiver) Begin() { *r = Receiver{} }

// Started reports whether anything came of the answer.
func (r *Receiver) Started() bool { return r.have > 0 || r.kind != 0 }

// Receive takes the next bytes and returns how many it used. It stops at each event, and is called again with the rest until
// it says Nothing: then all bytes were used, unless the request has ended. What comes behind the end of a request belongs to
// nothing.
func (r *Receiver) Receive(in []byte) (e Event, used int, fault *Fault) {
	r.Data = nil
	for !r.ended {
		switch {
		case r.have < HeaderSize:
			n := copy(r.header[r.have:], in[used:])
			r.have += n
			used += n
			if r.have < HeaderSize {
				return Nothing, used, nil
			}
			if fault := r.begin(); fault != nil {
				return Nothing, used, fault
			}
		case r.left > 0:
			n := min(r.left, len(in)-used)
			if n == 0 {
				return Nothing, used, nil
			}
			data := in[used : used+n]
			used += n
			r.left -= n
			switch r.kind {
			case Stdout:
				r.Data = data
				return Output, used, nil
			case Stderr:
				r.Data = data
				return Message, used, nil
			case EndRequest:
				r.got += copy(r.body[r.got:], data)
			}
		case r.kind == EndRequest && r.got == len(r.body) && r.pad == 0:
			r.ended = true
			e, fault = r.end()
			return e, used, fault
		case r.pad > 0:
			n := min(r.pad, len(in)-used)
			if n == 0 {
				return Nothing, used, nil
			}
			used += n
			r.pad -= n
		default:
			r.have = 0
		}
	}
	return Nothing, used, nil
}

// begin looks at a header that is complete.
func (r *Receiver) begin() *Fault {
	h := &r.header
	number := binary.BigEndian.Uint16(h[2:])
	r.kind, r.left, r.pad = Kind(h[1]), int(binary.BigEndian.Uint16(h[4:])), int(h[6])
	if h[0] != version {
		return &Fault{NotFastCGI.Reach(), "it begins with " + strconv.Quote(string(h[:]))}
	}
	if number == 0 && (r.kind == GetValuesResult || r.kind == UnknownType) { // of the connection, and nobody asked
		return r.nothingSaid()
	}
	if number != id {
		return &Fault{OtherRequest.Reach(), "request " + strconv.Itoa(int(number))}
	}
	switch r.kind {
	case Stdout:
		if r.outEnd {
			return &Fault{AfterItsEnd.Reach(), r.kind.String()}
		}
		r.outEnd = r.left == 0
	case Stderr:
		if r.errEnd {
			return &Fault{AfterItsEnd.Reach(), r.kind.String()}
		}
		r.errEnd = r.left == 0
	case EndRequest:
		if r.left != len(r.body) {
			return &Fault{BadRecord.Reach(), r.kind.String() + " with " + strconv.Itoa(r.left) + " bytes"}
		}
	default:
		return &Fault{BadRecord.Reach(), r.kind.String()}
	}
	return nil
}

// nothingSaid counts records that bring nothing.
func (r *Receiver) nothingSaid() *Fault {
	if r.idle++; r.idle > mostIdle {
		return &Fault{TooMuchNothing.Reach(), ""}
	}
	return nil
}

// end looks at how the application says that the request has ended (FastCGI §5.5).
func (r *Receiver) end() (Event, *Fault) {
	r.Status = binary.BigEndian.Uint32(r.body[:])
	switch r.body[4] {
	case 0:
		return Ended, nil
	case 1:
		return Ended, &Fault{CannotMultiplex.Reach(), ""}
	case 2:
		return Ended, &Fault{Overloaded.Reach(), ""}
	case 3:
		return Ended, &Fault{UnknownRole.Reach(), ""}
	}
	return Ended, &Fault{BadRecord.Reach(), "END_REQUEST with the protocol status " + strconv.Itoa(int(r.body[4]))}
}

// Cut is the fault of a connection that ends before the request has; nil when it has.
func (r *Receiver) Cut() *Fault {
	switch {
	case r.ended:
		return nil
	case r.have > 0 && (r.have < HeaderSize || r.left > 0):
		return &Fault{CutShort.Reach(), "within a record"}
	}
	return &Fault{CutShort.Reach(), "before END_REQUEST"}
}

// Rest is how many bytes of the answer lie in what follows the last event, and whether the request ends there: then that is
// all of it. It looks ahead and changes nothing.
func (r *Receiver) Rest(in []byte) (output int, whole bool) {
	kind, left, pad := r.kind, r.left, r.pad
	if r.have < HeaderSize {
		return 0, false
	}
	for {
		if left+pad > len(in) {
			return output, false
		}
		if kind == Stdout {
			output += left
		}
		in = in[left+pad:]
		if kind == EndRequest {
			return output, true
		}
		if len(in) < HeaderSize {
			return output, false
		}
		kind, left, pad = Kind(in[1]), int(binary.BigEndian.Uint16(in[4:])), int(in[6])
		in = in[HeaderSize:]
	}
}
