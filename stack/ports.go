package stack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"

	"vitrine/trace"
)

// ConnectOptions are settings of a connection that is being made.
type ConnectOptions struct {
	NoDelay bool
}

// PortsExhausted is Connect's error when no local port is left for a destination. More local addresses in the destination's
// network, or in the gateway's, widen the supply: each has all ports again. It is EADDRNOTAVAIL, as Linux says.
type PortsExhausted struct {
	Local     []netip.Addr // the addresses that were tried
	Remote    netip.AddrPort
	Ports     int // that there are, of all these addresses together
	Live      int // of them in use by connections to this destination
	TimeWait  int // resting in TIME_WAIT after such connections
	Bound     int // belonging to listeners
	Left      int // free for this destination: 0
	Elsewhere int // Ports less Bound: so many can be used for each other destination
}

func (e *PortsExhausted) Error() string {
	names := make([]string, len(e.Local))
	for i, a := range e.Local {
		names[i] = a.String()
	}
	return fmt.Sprintf("stack: no port is left to connect from %s to %s: of %d ports %d are in use, %d wait in TIME_WAIT, "+
		"%d belong to listeners and %d are free; another local address would have %d more",
		strings.Join(names, ", "), e.Remote, e.Ports, e.Live, e.TimeWait, e.Bound, e.Left, e.Ports/max(len(e.Local), 1))
}

// Unwrap makes the error EADDRNOTAVAIL.
func (e *PortsExhausted) Unwrap() error { return syscall.EADDRNOTAVAIL }

// Reason is why the connection was not made.
func (e *PortsExhausted) Reason() *trace.Reason { return reasonPorts }

// ports chooses ephemeral ports: RFC 6056 §3.3.3, a secret function of the destination plus a counter, so that neither an
// observer knows the next port nor a port that was just used comes again soon.
type ports struct {
	first   uint16
	count   uint32
	counter atomic.Uint32
}

func (p *ports) init(cfg *Config) {
	p.first = cfg.Limits.FirstPort
	p.count = uint32(cfg.Limits.LastPort-cfg.Limits.FirstPort) + 1
	p.counter.Store(rand.Uint32())
}

// random is a number that need not be more than unlikely to be foreseen.
func (p *ports) random() uint32 { return rand.Uint32() }

// limiterSeed makes the limits of what is sent unasked hard to count from outside.
func (s *Stack) limiterSeed(shard int) uint64 {
	return binary.LittleEndian.Uint64(s.cfg.Secret[16:]) ^ uint64(shard+1)*0x9e3779b97f4a7c15
}

// state of a local port, for one destination.
type portState uint8

const (
	portFree portState = iota
	portLive
	portTimeWait
	portBound
)

func (h *Shard) portState(t *tuple) portState {
	hash := t.hash(h.stack.seed)
	switch {
	case h.conns.find(t, hash) != nil:
		return portLive
	case h.waits.find(t, hash) != 0:
		return portTimeWait
	}
	if e, ok := h.stack.directory.find(t); ok {
		if e&entryWaits != 0 {
			return portTimeWait
		}
		return portLive
	}
	// Only now: who has bound a port may connect from it, but to nobody with whom it is connected.
	if h.stack.bindings.bound(t.localAddr(), t.localPort()) {
		return portBound
	}
	return portFree
}

// Connect begins a connection. local may be invalid or have an unspecified address, an unspecified port, or both: then they
// are chosen. The owner is told Writable when the connection is established, Hangup when it failed (Err says why). Errors
// at once: *PortsExhausted, EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH, EINVAL, ErrTooMany.
func (h *Shard) Connect(local, remote netip.AddrPort, o ConnectOptions, owner Owner) (*Conn, error) {
	dst := remote.Addr().Unmap().WithZone("")
	remote = netip.AddrPortFrom(dst, remote.Port())
	if !dst.IsValid() || dst.IsUnspecified() || dst.IsMulticast() || remote.Port() == 0 || h.isBroadcast(dst) {
		return nil, syscall.EINVAL
	}
	if h.conns.used >= h.limits.Connections {
		reasonConnections.Reach()
		return nil, ErrTooMany
	}
	if _, err := h.nextHop(dst); err != nil {
		return nil, err
	}
	src := local.Addr().Unmap().WithZone("")
	if src.IsValid() && !src.IsUnspecified() {
		if !h.isOwn(src) || src.Is4() != dst.Is4() {
			return nil, syscall.EADDRNOTAVAIL
		}
	}
	e := &PortsExhausted{Remote: remote}
	var c *Conn
	var err error
	try := func(a netip.Addr) bool {
		c, err = h.connectFrom(a, local.Port(), remote, e)
		return !errors.Is(err, errNoPort)
	}
	switch {
	case src.IsValid() && !src.IsUnspecified():
		if !try(src) {
			err = errNoPort
		}
	default:
		if !h.sources(dst, try) && err == nil {
			err = syscall.EADDRNOTAVAIL
		}
	}
	if err == errNoPort {
		reasonPorts.Reach()
		e.Elsewhere = e.Ports - e.Bound
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	c.owner = owner
	c.held = true
	if o.NoDelay {
		c.tcp.SetNoDelay(true)
	}
	h.touch(c)
	return c, nil
}

// errNoPort says that one local address has no port left.
var errNoPort = errors.New("stack: no port")

func (h *Shard) connectFrom(src netip.Addr, port uint16, remote netip.AddrPort, e *PortsExhausted) (*Conn, error) {
	e.Local = append(e.Local, src)
	if port != 0 {
		t := makeTuple(netip.AddrPortFrom(src, port), remote)
		if s := h.portState(&t); s == portLive || s == portTimeWait {
			return nil, syscall.EADDRINUSE
		}
		return h.begin(&t)
	}
	p := &h.stack.ports
	offset := h.host.PortOffset(src, remote)
	var count [4]int
	for range p.count {
		n := (offset + p.counter.Add(1)) % p.count
		t := makeTuple(netip.AddrPortFrom(src, p.first+uint16(n)), remote)
		s := h.portState(&t)
		count[s]++
		if s != portFree {
			continue
		}
		c, err := h.begin(&t)
		if err == syscall.EADDRINUSE {
			continue // another shard was faster
		}
		return c, err
	}
	e.Ports += int(p.count)
	e.Live += count[portLive]
	e.TimeWait += count[portTimeWait]
	e.Bound += count[portBound]
	return nil, errNoPort
}

// begin sends the SYN.
func (h *Shard) begin(t *tuple) (*Conn, error) {
	c, err := h.newConn(t, t.hash(h.stack.seed))
	if err != nil {
		return nil, err
	}
	if !h.enter(c) {
		return nil, syscall.EADDRINUSE
	}
	var iss = h.host.ISN(h.now, t.local(), t.remote())
	c.tcp.Connect(h.host, h.now, iss, h.path(t))
	h.counters.Connects++
	return c, nil
}
