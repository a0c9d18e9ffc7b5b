package stack

import "net/netip"

// ListenOptions are a listener's settings.
type ListenOptions struct {
	Backlog   int  // connections that may wait to be accepted; 0: 128
	ReusePort bool // several listeners on one address share its connections
	Dual      bool // on the IPv6 unspecified address: take IPv4 too
	NoDelay   bool // of the accepted connections
}

// Listener waits for connections to one address. It may be attached to one shard at a time; connections live on that
// shard. Several listeners with ReusePort, one on each shard, take the connections of all queues where they arrive.
type Listener struct{}

// Listen takes the port: EADDRINUSE when somebody has it, EADDRNOTAVAIL when the address is not ours. Port 0 is a free
// one. It may be called from any goroutine. Until the listener is attached, connections are not answered.
func (s *Stack) Listen(addr netip.AddrPort, o ListenOptions) (*Listener, error) { return nil, nil }

// Attach puts the listener on a shard, whose owner calls it. ready is called on the shard when connections wait; after
// that, not again before Accept has returned false.
func (l *Listener) Attach(h *Shard, ready func()) {}

// Detach stops the calls of ready. Connections go on being queued, up to the backlog, until the listener is closed.
func (l *Listener) Detach() {}

// Accept yields a connection that waits. It is called on the shard.
func (l *Listener) Accept() (*Conn, bool) { return nil, false }

// Close stops listening and resets the connections that wait. It is called on the shard when the listener is attached;
// from any goroutine when it never was.
func (l *Listener) Close() error { return nil }

// Addr is the address that the listener has.
func (l *Listener) Addr() netip.AddrPort { return netip.AddrPort{} }
