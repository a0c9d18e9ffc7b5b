// Package stack is a TCP/IP stack of its own: from the frame that a LAN adapter receives to the connection that an
// application reads, and back to the frame that leaves.
//
// A Stack is made of Shards, one for each queue of its adapter. A shard is everything that happens to the connections
// of its queue: frames in, IP, TCP, timers, frames out. It has no goroutine of its own: its owner, an event loop, calls
// Poll, lets the application run, and calls Flush, so that a request can go from frame to response and back without a
// goroutine switch. Start does that for programs without a loop.
//
// Nothing of a connection is locked. What arrives on the wrong queue goes to the shard that owns it by a bounded queue.
//
// The stack is a host (RFC 1122, RFC 8504 where it says otherwise below). What it does not do: forward packets; cut
// datagrams that are too large for the path (they are refused, EMSGSIZE); find out that a path has become wider before the
// ten minutes of RFC 1191 §6.3 are over, and then only for new connections; make addresses from router advertisements; join
// groups for applications, and so IGMP; wait for the test of an IPv6 address before it is used (it is used at once, as RFC
// 4429 permits, and given up when somebody else has it); IP options, IPv6 extension headers and flow labels in what it
// sends; explicit congestion notification.
//
// The files, in the order of a frame's journey: driver.go, input4.go and input6.go, tcpin.go with demux.go, listener.go,
// conn.go and endpoint.go with sendqueue.go and filesource.go, output.go with route.go, timewait.go. shard.go is the loop's
// body. What begins with net_ and remote_ is for programs that have no loop.
package stack

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync/atomic"

	"vitrine/stack/link"
)

// Stack is one host on one adapter. Its methods may be called from any goroutine.
type Stack struct {
	cfg       Config
	adapter   link.Adapter
	info      link.Info
	gateways  []netip.Addr
	shards    []*Shard
	seed      maphash.Seed
	bindings  bindings
	ports     ports
	directory *directory // nil with one shard
	fetcher   fetcher
	cookieAt  atomic.Int64 // when a SYN cookie was last sent, by any shard; 0: never
	running   running
}

// Info is what a stack is made of.
type Info struct {
	Adapter   link.Info
	Addresses []netip.Prefix // own addresses with their networks, the link-local one included
	Gateways  []netip.Addr
	MTU       int
	Shards    int
}

// New makes a stack on an adapter. Nothing runs until the owners of its shards call Poll.
func New(cfg Config, a link.Adapter) (*Stack, error) {
	info := a.Info()
	cfg, err := cfg.check(info)
	if err != nil {
		return nil, err
	}
	s := &Stack{cfg: cfg, adapter: a, info: info, gateways: slices.Clone(cfg.Gateways), seed: maphash.MakeSeed()}
	s.cfg.Addresses = slices.Clone(cfg.Addresses)
	if slices.ContainsFunc(cfg.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() }) &&
		!slices.ContainsFunc(cfg.Addresses, func(p netip.Prefix) bool { return linkLocal.Contains(p.Addr()) }) {
		s.cfg.Addresses = append(s.cfg.Addresses, linkLocalOf(info.MAC))
	}
	s.fetcher.limit = cfg.Limits.FileReaders
	s.ports.init(&s.cfg)
	n := max(info.Queues, 1)
	if n > 1 {
		s.directory = new(directory)
	}
	for i := range n {
		s.shards = append(s.shards, newShard(s, i, n))
	}
	return s, nil
}

// Shards is how many shards the stack has: one for each queue of its adapter.
func (s *Stack) Shards() int { return len(s.shards) }

// Shard is the i-th shard.
func (s *Stack) Shard(i int) *Shard { return s.shards[i] }

// Info describes the stack.
func (s *Stack) Info() Info {
	return Info{Adapter: s.info, Addresses: slices.Clone(s.cfg.Addresses), Gateways: slices.Clone(s.gateways), MTU: s.cfg.MTU,
		Shards: len(s.shards)}
}

// Close stops what Start has begun and closes the adapter. Owners of shards have stopped calling Poll, Flush and Wait
// before.
func (s *Stack) Close() error {
	s.Stop()
	return s.adapter.Close()
}

// elsewhere has f called on every shard but h, for news that concern all. One that has too much waiting misses them.
func (h *Shard) elsewhere(f func(*Shard)) {
	for _, o := range h.stack.shards {
		if o != h {
			o.post(func() { f(o) }, h.limits.Inbox)
		}
	}
}
