// Package socket is the junction between connections and whatever carries them: non-blocking endpoints with
// readiness, listeners that yield them, and pollers that wait for many of them at once.
//
// There are two makers: the kernel's sockets (Kernel, and Portable for systems without epoll) and the own stack (Stack).
// An endpoint belongs to one owner at a time, an event loop or a goroutine; none of its methods may be called
// concurrently unless it says so.
//
// Readiness is edge-triggered: after an event the owner goes on until an operation returns ErrWouldBlock, and no
// further event for that direction arrives before it has.
package socket

import (
	"errors"
	"net/netip"
	"time"

	"vitrine/trace"
)

// ErrWouldBlock is returned by an operation that cannot make progress now. A readiness event follows when it can.
var ErrWouldBlock = errors.New("socket: operation would block")

// Ready is a set of readiness conditions.
type Ready uint8

const (
	Readable Ready = 1 << iota // bytes or the peer's end of stream can be read, or a connection accepted
	Writable                   // bytes can be written
	HalfShut                   // the peer has ended its direction (FIN)
	Hangup                     // the connection is gone in both directions or in error (RST)
)

// Token is the owner's name for an endpoint in a poller's events.
type Token uint64

// Event says that an endpoint became ready.
type Event struct {
	Token Token
	Ready Ready
}

// Endpoint is one end of a connection.
type Endpoint interface {
	// Read reads what is there, up to len(p). It returns ErrWouldBlock when nothing is, io.EOF at the peer's end.
	Read(p []byte) (int, error)
	// Write takes what it can. more says that further bytes follow at once, so that a segment need not leave yet.
	// A short count without an error means that the next Write would block.
	Write(p []byte, more bool) (int, error)
	// Writev takes what it can of two pieces in order, as if they were one.
	Writev(a, b []byte) (int, error)
	// SendFile takes up to n bytes of the file from offset off. It returns io.ErrUnexpectedEOF at the file's end.
	SendFile(f *File, off int64, n int) (int, error)
	// CloseWrite ends the sending direction (FIN); reading goes on.
	CloseWrite() error
	// Close ends both directions. Bytes that were written are still delivered, unless bytes received were left
	// unread: then the peer gets a reset.
	Close() error
	// Abort ends the connection with a reset and drops what was not delivered.
	Abort() error
	// Unread reports whether received bytes wait to be read.
	Unread() bool
	// Unsent is how many bytes were written and not yet acknowledged by the peer, -1 when that is not known.
	Unsent() int
}

// Address is where a connection goes: Path is a Unix socket's, and empty for TCP to Addr.
type Address struct {
	Path string
	Addr netip.AddrPort
}

// String is "unix:" with the path, or the address with its port.
func (a Address) String() string {
	if a.Path != "" {
		return "unix:" + a.Path
	}
	return a.Addr.String()
}

// Accepted is a new connection with its addresses.
type Accepted struct {
	Endpoint Endpoint
	Remote   netip.AddrPort
	Local    netip.AddrPort
}

// Listener yields connections without blocking.
type Listener interface {
	// Accept returns ErrWouldBlock when no connection waits.
	Accept() (Accepted, error)
	Addr() netip.AddrPort
	// Close stops listening. Connections that wait to be accepted are reset. A second Close does nothing.
	Close() error
}

// Poller waits for many endpoints and listeners.
type Poller interface {
	// Add watches an endpoint, in both directions, until it is closed.
	Add(ep Endpoint, t Token) error
	// AddListener watches a listener. Its events are Readable.
	AddListener(l Listener, t Token) error
	// Remove stops watching a listener.
	Remove(l Listener) error
	// Wait fills events and returns how many. It returns at once when something is ready; otherwise it parks the
	// calling goroutine, and no thread, until something is, Wake is called or the deadline has passed. The zero
	// deadline waits for ever.
	Wait(events []Event, deadline time.Time) (int, error)
	// Wake makes the current or the next Wait return. It may be called from any goroutine and does not block.
	Wake()
	Close() error
}

// backlog is how many connections may wait when nobody says.
const backlog = 4096

// ListenOptions are a listening socket's settings.
type ListenOptions struct {
	Backlog   int  // connections that may wait to be accepted; 0: 4096
	ReusePort bool // several sockets on one address share its connections
	// Shared says that the endpoints are used away from the goroutine of the poller that watches the listener. Otherwise
	// they may be used on that goroutine only, for makers whose connections live there. The kernel's sockets do not care.
	Shared bool
}

// Sharded is a Network whose connections live on the poller that watches their listener. It has exactly as many pollers as
// Loops says: one more cannot be made, and what belongs to one that is missing is not served.
type Sharded interface {
	Network
	Loops() int
}

// Idler is a poller that moves bytes itself within Wait, and tells how many nanoseconds of its Waits it has slept. It is asked
// on the goroutine that waits.
type Idler interface{ Idle() int64 }

// Tagger is an endpoint that takes the id of the journey that its bytes are on from now, for whoever looks at frames.
type Tagger interface{ Tag(id trace.ID) }

// Network makes listeners and pollers that fit each other.
type Network interface {
	// Listen opens a listening socket. dual makes a socket on the IPv6 unspecified address take IPv4 too.
	Listen(addr netip.AddrPort, dual bool, o ListenOptions) (Listener, error)
	NewPoller() (Poller, error)
}
