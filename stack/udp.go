package stack

import "net/netip"

// Datagram is a UDP endpoint.
type Datagram struct{}

// BindUDP takes a UDP port; port 0 is a free one. It may be called from any goroutine.
func (s *Stack) BindUDP(addr netip.AddrPort) (*Datagram, error) { return nil, nil }

// Attach puts the endpoint on a shard, whose owner calls it. ready is called on the shard when datagrams wait, or there
// is room again after WriteTo returned ErrWouldBlock.
func (d *Datagram) Attach(h *Shard, ready func(r Ready)) {}

// ReadFrom yields the next datagram, cut to len(p), or ErrWouldBlock.
func (d *Datagram) ReadFrom(p []byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, ErrWouldBlock
}

// WriteTo sends one datagram; EMSGSIZE when it does not fit the link.
func (d *Datagram) WriteTo(p []byte, to netip.AddrPort) (int, error) { return 0, ErrWouldBlock }

// Addr is the address that the endpoint has.
func (d *Datagram) Addr() netip.AddrPort { return netip.AddrPort{} }

// Close gives the port up and drops what waits. It is called on the shard when attached.
func (d *Datagram) Close() error { return nil }
