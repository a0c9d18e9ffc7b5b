package stack

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"vitrine/trace"
)

// ErrWouldBlock is returned by an operation that cannot make progress now. The owner is told when it can.
var ErrWouldBlock = errors.New("stack: operation would block")

// FileSource is a file that a connection sends from.
type FileSource struct {
	// ReaderAt reads the file. Without a descriptor it is the only way, and is used by goroutines of the stack.
	ReaderAt io.ReaderAt
	// FD is the file's descriptor, -1: none. The stack duplicates it, so that it may be closed once WriteFile has
	// returned, unless Done is given.
	FD int
	// Done, when not nil, is called once when the stack needs the file no more for this WriteFile, on the shard. Until
	// then FD and ReaderAt stay open.
	Done func()
}

// Conn is one connection on its shard. Its methods belong to the shard's owner.
type Conn struct{}

// Shard is where the connection lives.
func (c *Conn) Shard() *Shard { return nil }

// SetOwner says who is told of events, and the owner's name for the connection. What is ready already is not told.
func (c *Conn) SetOwner(o Owner, token uint64) {}

// Token is what SetOwner was given.
func (c *Conn) Token() uint64 { return 0 }

// Local is the address of our end.
func (c *Conn) Local() netip.AddrPort { return netip.AddrPort{} }

// Remote is the address of the peer.
func (c *Conn) Remote() netip.AddrPort { return netip.AddrPort{} }

// Read reads what is there, up to len(p). It returns ErrWouldBlock when nothing is, io.EOF at the peer's end.
func (c *Conn) Read(p []byte) (int, error) { return 0, ErrWouldBlock }

// Write takes what it can. more says that further bytes follow at once, so that a segment need not leave yet. A short
// count without an error means that the next Write would block.
func (c *Conn) Write(p []byte, more bool) (int, error) { return 0, ErrWouldBlock }

// Writev takes what it can of two pieces in order, as if they were one.
func (c *Conn) Writev(a, b []byte) (int, error) { return 0, ErrWouldBlock }

// WriteFile takes up to n bytes of the file from offset off.
func (c *Conn) WriteFile(f FileSource, off int64, n int) (int, error) { return 0, ErrWouldBlock }

// CloseWrite ends the sending direction once everything written was sent (FIN); reading goes on.
func (c *Conn) CloseWrite() error { return nil }

// Close ends both directions. The connection must not be used afterwards.
func (c *Conn) Close() error { return nil }

// Abort ends the connection with a reset. The connection must not be used afterwards.
func (c *Conn) Abort() error { return nil }

// Unread reports whether received bytes wait to be read.
func (c *Conn) Unread() bool { return false }

// Readable is how many received bytes wait to be read.
func (c *Conn) Readable() int { return 0 }

// Unsent is how many bytes were written and not yet acknowledged by the peer.
func (c *Conn) Unsent() int { return 0 }

// Tag names the journey that the connection is on; 0: none.
func (c *Conn) Tag(id trace.ID) {}

// Info describes the connection as Sockets does.
func (c *Conn) Info() SocketInfo { return SocketInfo{} }

// Err is why the connection ended in error, nil when it did not.
func (c *Conn) Err() error { return nil }

// Why is the Reason of the connection's end; nil while it lives.
func (c *Conn) Why() *trace.Reason { return nil }

// SetNoDelay turns Nagle's algorithm off (RFC 1122 §4.2.3.4).
func (c *Conn) SetNoDelay(on bool) {}

// SetCork holds back segments that are not full.
func (c *Conn) SetCork(on bool) {}

// SetKeepAlive probes an idle connection. Zero values are the configuration's.
func (c *Conn) SetKeepAlive(on bool, idle, interval time.Duration, count int) {}

// SetUserTimeout bounds how long sent bytes may stay unacknowledged (RFC 5482); 0: no bound but the retransmissions'.
func (c *Conn) SetUserTimeout(d time.Duration) {}

// ConnectOptions are settings of a connection that is being made.
type ConnectOptions struct {
	NoDelay bool
}

// Connect begins a connection. local may have an unspecified address, an unspecified port, or both: then they are
// chosen. The owner is told Writable when the connection is established, Hangup when it failed (Err says why).
func (h *Shard) Connect(local, remote netip.AddrPort, o ConnectOptions, owner Owner) (*Conn, error) {
	return nil, nil
}
