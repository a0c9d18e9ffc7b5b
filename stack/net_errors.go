package stack

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// opError dresses an error as Go's own connections do: io.EOF bare, a deadline as os.ErrDeadlineExceeded, a fault of
// the connection as a system call's errno, all of them in a *net.OpError with the addresses.
func opError(op, network string, source, addr net.Addr, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = os.ErrDeadlineExceeded
	case errors.As(err, &errno):
		if e, ok := err.(syscall.Errno); ok {
			err = os.NewSyscallError(callNames[op], e)
		}
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// callNames are the system calls that stand behind the operations, as they appear in the errors of Go's own connections.
var callNames = map[string]string{"dial": "connect", "read": "read", "write": "write", "listen": "bind", "accept": "accept", "close": "shutdown", "set": "setsockopt"}
