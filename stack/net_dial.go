package stack

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Dialer is how to connect, for those whom Stack.Dial does not suit.
type Dialer struct {
	Stack *Stack
	// Local is the address, the port or both of our end; what is unspecified is chosen.
	Local netip.AddrPort
	// Timeout bounds how long connecting may take, beside the context; 0: as long as TCP tries.
	Timeout time.Duration
	// Delay leaves Nagle's algorithm on; Go programs expect it off.
	Delay bool
	// KeepAlive is the idle time and interval of probes: zero the configuration's times, negative no probes.
	KeepAlive time.Duration
}

// Dial connects to an address such as "198.18.0.1:80" on the network "tcp", "tcp4", "tcp6", "udp", "udp4" or "udp6".
// The host is an IP address: the stack resolves no names. It fits http.Transport.DialContext.
func (s *Stack) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&Dialer{Stack: s}).DialContext(ctx, network, address)
}

// Dial connects without a context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects. When the context ends first, nothing of the attempt is left.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(addr net.Addr, err error) error {
		var local net.Addr
		if d.Local.IsValid() {
			local = net.TCPAddrFromAddrPort(d.Local)
		}
		return opError("dial", network, local, addr, err)
	}
	if err := checkNetwork(network, "tcp", "udp"); err != nil {
		return nil, fail(nil, err)
	}
	remote, err := d.Stack.dialAddress(network, address)
	if err != nil {
		return nil, fail(nil, err)
	}
	if network[:3] == "udp" {
		c, err := d.Stack.dialUDP(ctx, d.Local, remote)
		if err != nil {
			return nil, fail(net.UDPAddrFromAddrPort(remote), err)
		}
		return c, nil
	}
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	r, err := d.connect(ctx, remote)
	if err != nil {
		return nil, fail(net.TCPAddrFromAddrPort(remote), err)
	}
	return NewTCPConn(r), nil
}

// connect makes a connection and waits until it is established.
func (d *Dialer) connect(ctx context.Context, remote netip.AddrPort) (*Remote, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := d.Stack
	h := s.Shard(int(s.running.next.Add(1)) % s.Shards())
	r := ConnectRemote(h, d.Local, remote, ConnectOptions{NoDelay: !d.Delay})
	if d.KeepAlive >= 0 {
		r.Call(func(c *Conn) { c.SetKeepAlive(true, d.KeepAlive, d.KeepAlive, 0) })
	}
	if err := r.Established(ctx); err != nil {
		r.Abort()
		return nil, err
	}
	return r, nil
}

// ConnectRemote begins a connection on a shard, from any goroutine. The Remote can be used at once: until the connection
// is established, reading and writing would block, and then Writable is told, or Hangup when it failed.
func ConnectRemote(h *Shard, local, remote netip.AddrPort, o ConnectOptions) *Remote {
	r := newRemote(h)
	r.armWrite = true
	r.posted = true // until the connection exists, wishes wait for it
	h.Post(func() { r.connect(local, remote, o) })
	return r
}

// connect is ConnectRemote on the shard.
func (r *Remote) connect(local, remote netip.AddrPort, o ConnectOptions) {
	r.mu.Lock()
	given := r.asked&wishAbort != 0
	r.mu.Unlock()
	if given { // given up before it began
		r.leave()
		return
	}
	c, err := r.h.Connect(local, remote, o, (*remoteOwner)(r))
	if err != nil {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
		r.leave()
		r.tell(HalfShut | Hangup)
		return
	}
	r.adopt(c)
	r.mu.Lock()
	r.begun = true
	r.writers.Broadcast()
	r.mu.Unlock()
}

// Begun waits until the first segment of the connection is on its way, or why there will be none. From then on the
// addresses are known.
func (r *Remote) Begun(ctx context.Context) error {
	return r.await(ctx, func() bool { return r.begun })
}

// Established waits until the connection is established, or why it is not.
func (r *Remote) Established(ctx context.Context) error {
	return r.await(ctx, func() bool { return r.opened && !r.failed })
}

// await waits until something holds or never will.
func (r *Remote) await(ctx context.Context, holds func() bool) error {
	wake := func() {
		r.mu.Lock()
		r.writers.Broadcast()
		r.mu.Unlock()
	}
	life := r.h.Stack().life()
	defer context.AfterFunc(ctx, wake)()
	defer context.AfterFunc(life, wake)()
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.closed:
			return net.ErrClosed
		case holds():
			return nil
		case r.failed && r.err != nil:
			return r.err
		case r.failed || life.Err() != nil:
			return net.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		r.writers.Wait()
	}
}
