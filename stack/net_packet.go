package stack

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// UDPConn is a UDP endpoint of the stack as Go programs expect it: a net.PacketConn, and a net.Conn when it was dialled.
// All methods may be called concurrently.
type UDPConn struct {
	r     *RemoteDatagram
	local *net.UDPAddr
	peer  *net.UDPAddr // nil: not connected

	readBy, writeBy deadline // guarded by r.mu
}

// ListenPacket takes a UDP port on the network "udp", "udp4" or "udp6", such as "198.18.0.2:53" or ":53"; port 0 is a
// free one. The result is a *UDPConn.
func (s *Stack) ListenPacket(network, address string) (net.PacketConn, error) {
	if err := checkNetwork(network, "udp"); err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	addr, _, err := s.listenAddress(network, address)
	if err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	d, err := s.BindUDP(addr)
	if err != nil {
		return nil, opError("listen", network, nil, net.UDPAddrFromAddrPort(addr), err)
	}
	return s.newUDPConn(d), nil
}

func (s *Stack) newUDPConn(d *Datagram) *UDPConn {
	h := s.Shard(int(s.running.next.Add(1)) % s.Shards())
	return &UDPConn{r: NewRemoteDatagram(h, d), local: net.UDPAddrFromAddrPort(d.Addr())}
}

// dialUDP makes an endpoint that hears and speaks to one peer only.
func (s *Stack) dialUDP(ctx context.Context, local, remote netip.AddrPort) (*UDPConn, error) {
	if a := local.Addr(); !a.IsValid() || a.IsUnspecified() {
		src, err := s.SourceFor(ctx, remote.Addr())
		if err != nil {
			return nil, err
		}
		local = netip.AddrPortFrom(src, local.Port())
	}
	d, err := s.BindUDP(local)
	if err != nil {
		return nil, err
	}
	c := s.newUDPConn(d)
	c.r.Connect(remote)
	c.peer = net.UDPAddrFromAddrPort(remote)
	return c, nil
}

func (c *UDPConn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var peer net.Addr
	if c.peer != nil {
		peer = c.peer
	}
	return opError(op, "udp", c.local, peer, err)
}

// Endpoint is the RemoteDatagram under it.
func (c *UDPConn) Endpoint() *RemoteDatagram { return c.r }

// LocalAddr is a *net.UDPAddr.
func (c *UDPConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is a *net.UDPAddr, nil when the endpoint was not dialled.
func (c *UDPConn) RemoteAddr() net.Addr {
	if c.peer == nil {
		return nil
	}
	return c.peer
}

// await waits until ready holds or the deadline has passed.
func (c *UDPConn) await(by *deadline, cond *sync.Cond, ready func() bool) error {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	for {
		switch {
		case c.r.ended != nil:
			return c.r.ended
		case by.passed:
			return os.ErrDeadlineExceeded
		case ready():
			return nil
		}
		cond.Wait()
	}
}

// ReadFromUDPAddrPort waits for a datagram and yields it, cut to len(p).
func (c *UDPConn) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	for {
		err := c.await(&c.readBy, &c.r.readers, c.r.readable)
		if err != nil {
			return 0, netip.AddrPort{}, c.fail("read", err)
		}
		n, _, peer, err := c.r.ReadFrom(p)
		if err != ErrWouldBlock { // another reader was faster
			return n, peer, c.fail("read", err)
		}
	}
}

// ReadFrom waits for a datagram and yields it, cut to len(p). The address is a *net.UDPAddr.
func (c *UDPConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, peer, err := c.ReadFromUDPAddrPort(p)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(peer), nil
}

// Read is ReadFrom without the address.
func (c *UDPConn) Read(p []byte) (int, error) {
	n, _, err := c.ReadFromUDPAddrPort(p)
	return n, err
}

// WriteToUDPAddrPort sends one datagram. It waits only when very many wait to be sent.
func (c *UDPConn) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if c.peer != nil && to.IsValid() {
		return 0, c.fail("write", net.ErrWriteToConnected)
	}
	for {
		err := c.await(&c.writeBy, &c.r.writers, func() bool { return !c.r.out.full() })
		if err != nil {
			return 0, c.fail("write", err)
		}
		to := netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
		switch err := c.r.WriteTo(p, to); err {
		case nil:
			return len(p), nil
		case ErrWouldBlock: // another writer was faster
		default:
			return 0, c.fail("write", err)
		}
	}
}

// WriteTo sends one datagram to a *net.UDPAddr.
func (c *UDPConn) WriteTo(p []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, c.fail("write", net.InvalidAddrError("the address is no *net.UDPAddr"))
	}
	return c.WriteToUDPAddrPort(p, a.AddrPort())
}

// Write sends one datagram to the peer that was dialled.
func (c *UDPConn) Write(p []byte) (int, error) {
	return c.WriteToUDPAddrPort(p, netip.AddrPort{})
}

// Close gives the port up; who waits returns with net.ErrClosed.
func (c *UDPConn) Close() error {
	err := c.r.CloseWait()
	c.r.mu.Lock()
	c.readBy.stop()
	c.writeBy.stop()
	c.r.mu.Unlock()
	return c.fail("close", err)
}

// SetDeadline sets both deadlines; the zero time means none.
func (c *UDPConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of reading, also of a ReadFrom that waits already.
func (c *UDPConn) SetReadDeadline(t time.Time) error {
	return c.setDeadline(&c.readBy, &c.r.readers, t)
}

// SetWriteDeadline sets the deadline of writing.
func (c *UDPConn) SetWriteDeadline(t time.Time) error {
	return c.setDeadline(&c.writeBy, &c.r.writers, t)
}

func (c *UDPConn) setDeadline(d *deadline, cond *sync.Cond, t time.Time) error {
	c.r.mu.Lock()
	err := c.r.ended
	c.r.mu.Unlock()
	if err != nil {
		return c.fail("set", err)
	}
	d.set(&c.r.mu, cond, t)
	return nil
}
