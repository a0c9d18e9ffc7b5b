package http1

import (
	"strconv"

	"vitrine/trace"
)

// Error is why a message was refused or a connection cannot go on. No message can follow it on the connection.
type Error struct {
	// Status is what a server answers with. A client or a proxy that received a faulty response answers its own
	// client with 502 instead.
	Status int
	Reason *trace.Reason
	// Offset is where the fault lies, in bytes from the start of the input of the call that found it.
	Offset int
}

// String is the status, the Reason's id and the offset, for logs and tests. Error is deliberately no error, so that
// no nil *Error is ever taken for one.
func (e *Error) String() string {
	if e == nil {
		return "no error"
	}
	return strconv.Itoa(e.Status) + " " + e.Reason.ID + " at " + strconv.Itoa(e.Offset)
}

// fail makes the Error of a decision, which is thereby reached.
func fail(status int, reason *trace.Reason, offset int) *Error {
	return &Error{status, reason.Reach(), offset}
}
