package stack

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"vitrine/stack/tcp"
	"vitrine/trace"
)

// SocketInfo is one row of the socket table: everything that a reader of `ss -tino` expects.
type SocketInfo struct {
	Protocol string // "tcp" or "udp"
	State    string // as tcp.State writes it, such as "ESTABLISHED"; "LISTEN"; "TIME_WAIT"; of UDP "UNCONNECTED"
	Local    netip.AddrPort
	Remote   netip.AddrPort
	Shard    int
	// RecvQueue and SendQueue are bytes not read by the application and not acknowledged by the peer; of a listener the
	// connections that wait and the backlog; of UDP the bytes that wait.
	RecvQueue, SendQueue int
	Files                int           // bytes of SendQueue that are in files
	Timer                string        // which timer runs next, see tcp.Info; "": none
	TimerIn              time.Duration // until it is due
	Age                  time.Duration // since the connection began
	HalfOpen             int           // of a listener: handshakes that are not complete
	Orphan               bool          // no application holds it any more
	Stalled              bool          // it waits for a part of a file to be read
	Tag                  trace.ID      // the journey that it is on; 0: none
	Reason               *trace.Reason // the last unusual thing that happened to it; nil: nothing
	TCP                  *tcp.Info     // of a TCP connection but in TIME_WAIT
	NextHop              netip.Addr
	NextHopMAC           [6]byte // zero while it is not known
}

// Info describes the connection as Sockets does.
func (c *Conn) Info() SocketInfo {
	h := c.h
	i := c.tcp.Info(h.now)
	s := SocketInfo{
		Protocol: "tcp", State: i.State.String(), Local: c.Local(), Remote: c.Remote(), Shard: h.index,
		RecvQueue: c.Readable(), SendQueue: i.SendQueue, Timer: i.Timer, TimerIn: time.Duration(i.TimerIn),
		Age: time.Duration(h.now - c.began), Orphan: c.orphan, Stalled: c.stall != nil, Tag: c.tag, Reason: c.Why(), TCP: &i,
		NextHop: c.hop.addr,
	}
	if c.hop.known {
		s.NextHopMAC = c.hop.mac
	}
	if c.queue != nil {
		s.Files = c.queue.inFiles(c.tcp.Acked())
	}
	return s
}

// Sockets is the shard's part of the socket table. It is called by the shard's owner.
func (h *Shard) Sockets() []SocketInfo {
	var all []SocketInfo
	h.conns.each(func(c *Conn) { all = append(all, c.Info()) })
	h.waits.each(func(w *waiting) {
		all = append(all, SocketInfo{Protocol: "tcp", State: tcp.StateTimeWait.String(), Local: w.tuple.local(),
			Remote: w.tuple.remote(), Shard: h.index, Timer: "time-wait", TimerIn: time.Duration(w.wait.Expires() - h.now)})
	})
	h.stack.bindings.each(func(b *binding) {
		switch {
		case b.listener != nil:
			l := b.listener
			i := SocketInfo{Protocol: "tcp", State: "LISTEN", Local: l.addr, Shard: h.index, SendQueue: l.o.Backlog}
			switch home := l.shard.Load(); {
			case home == h:
				i.RecvQueue, i.HalfOpen = l.Waiting(), l.halfOpen
				all = append(all, i)
			case home == nil && h.index == 0: // on no shard yet
				all = append(all, i)
			}
		case b.datagram != nil:
			d := b.datagram
			i := SocketInfo{Protocol: "udp", State: "UNCONNECTED", Local: d.addr, Shard: h.index}
			switch home := d.shard.Load(); {
			case home == h:
				i.RecvQueue = d.bytes
				all = append(all, i)
			case home == nil && h.index == 0:
				all = append(all, i)
			}
		}
	})
	return all
}

// Sockets is the socket table: listeners first, then by local and remote address. It asks every shard, whose owners must be
// polling; it may be called from any goroutine but theirs.
func (s *Stack) Sockets(ctx context.Context) ([]SocketInfo, error) {
	var all []SocketInfo
	err := s.ask(ctx, func(h *Shard) func() {
		part := h.Sockets()
		return func() { all = append(all, part...) }
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b SocketInfo) int {
		return cmp.Or(
			cmp.Compare(rank(a.State), rank(b.State)), cmp.Compare(a.Protocol, b.Protocol),
			a.Local.Compare(b.Local), a.Remote.Compare(b.Remote))
	})
	return all, nil
}

func rank(state string) int {
	switch state {
	case "LISTEN", "UNCONNECTED":
		return 0
	case "TIME_WAIT":
		return 2
	}
	return 1
}

// Journey is the journey that the connection of a frame is on; 0: none. It is called by the shard's owner, with a frame
// that the shard's queue received or sent, for instance to comment a capture.
func (h *Shard) Journey(frame []byte) trace.ID {
	if c := h.connOf(frame); c != nil {
		return c.tag
	}
	return 0
}

// TCP is everything about the connection that its machine knows, as Info has it. It does not allocate, and is called by the
// shard's owner.
func (c *Conn) TCP() tcp.Info { return c.tcp.Info(c.h.now) }
