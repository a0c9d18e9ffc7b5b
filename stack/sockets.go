package stack

import (
	"context"
	"net/netip"
	"time"

	"vitrine/stack/tcp"
	"vitrine/trace"
)

// SocketInfo is one row of the socket table: everything that a reader of `ss -tino` expects.
type SocketInfo struct {
	Protocol string // "tcp" or "udp"
	State    string // as RFC 9293 §3.3.2 names it, such as "ESTABLISHED", "LISTEN", "TIME-WAIT"; of UDP "UNCONNECTED"
	Local    netip.AddrPort
	Remote   netip.AddrPort
	Shard    int
	// RecvQueue and SendQueue are bytes not read by the application and not acknowledged by the peer; of a listener
	// the connections that wait and the backlog.
	RecvQueue, SendQueue int
	Files                int           // bytes of SendQueue that are still in files
	Timer                string        // which timer runs, such as "on" (retransmission), "keepalive", "timewait"; "": none
	TimerIn              time.Duration // until it is due
	Age                  time.Duration // since the connection began
	HalfOpen             int           // of a listener: handshakes not complete
	Orphan               bool          // no application holds it any more
	Tag                  trace.ID      // the journey that it is on; 0: none
	Reason               *trace.Reason // the last unusual thing that happened to it; nil: nothing
	TCP                  *tcp.Info     // of a TCP connection
}

// Sockets is the socket table. It asks every shard, whose owners must be polling; it may be called from any goroutine.
func (s *Stack) Sockets(ctx context.Context) ([]SocketInfo, error) { return nil, nil }
