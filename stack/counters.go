package stack

import (
	"context"

	"vitrine/stack/link"
	"vitrine/trace"
)

// ShardCounters are what a shard has counted since it was made. Counts only grow; the last group are present numbers.
type ShardCounters struct {
	PacketsIn      uint64 // IP packets that were well formed
	SegmentsIn     uint64 // TCP segments of connections
	SegmentsOut    uint64 // TCP segments; a super-segment is one
	DatagramsIn    uint64 // UDP
	DatagramsOut   uint64
	ARPIn, ARPOut  uint64
	ICMPIn         uint64
	ICMPOut        uint64
	ICMPErrorsOut  uint64
	ChecksumErrors uint64 // of TCP

	Opened          uint64 // connections that began, in either direction
	Connects        uint64 // of them ours
	Accepted        uint64 // of them completed for a listener
	Closed          uint64
	AcceptOverflows uint64 // SYNs and cookies refused because an accept queue was full
	CookiesSent     uint64
	CookiesGood     uint64
	ResetsOut       uint64 // for segments without a connection
	PathMTUs        uint64 // paths that became narrower

	Reassembled        uint64 // datagrams
	ReassemblyTimeouts uint64
	Handed             uint64 // packets given to other shards
	FileReads          uint64 // parts of files that were not in memory
	Unreachable        uint64 // neighbours that did not answer
	Downs              uint64 // times that the interface was found down

	Connections   int
	HalfOpen      int
	Orphans       int
	TimeWait      int
	SendMemory    int // bytes
	ReceiveMemory int // bytes
	Card          link.CardCounters
}

func (s *ShardCounters) add(o *ShardCounters) {
	for _, f := range []struct {
		to   *uint64
		from uint64
	}{
		{&s.PacketsIn, o.PacketsIn}, {&s.SegmentsIn, o.SegmentsIn}, {&s.SegmentsOut, o.SegmentsOut},
		{&s.DatagramsIn, o.DatagramsIn}, {&s.DatagramsOut, o.DatagramsOut}, {&s.ARPIn, o.ARPIn}, {&s.ARPOut, o.ARPOut},
		{&s.ICMPIn, o.ICMPIn}, {&s.ICMPOut, o.ICMPOut}, {&s.ICMPErrorsOut, o.ICMPErrorsOut},
		{&s.ChecksumErrors, o.ChecksumErrors}, {&s.Opened, o.Opened}, {&s.Connects, o.Connects},
		{&s.Accepted, o.Accepted}, {&s.Closed, o.Closed}, {&s.AcceptOverflows, o.AcceptOverflows},
		{&s.CookiesSent, o.CookiesSent}, {&s.CookiesGood, o.CookiesGood}, {&s.ResetsOut, o.ResetsOut},
		{&s.PathMTUs, o.PathMTUs}, {&s.Reassembled, o.Reassembled}, {&s.ReassemblyTimeouts, o.ReassemblyTimeouts},
		{&s.Handed, o.Handed}, {&s.FileReads, o.FileReads}, {&s.Unreachable, o.Unreachable}, {&s.Downs, o.Downs},
	} {
		*f.to += f.from
	}
	s.Connections += o.Connections
	s.HalfOpen += o.HalfOpen
	s.Orphans += o.Orphans
	s.TimeWait += o.TimeWait
	s.SendMemory += o.SendMemory
	s.ReceiveMemory += o.ReceiveMemory
}

// Counters is what the shard has counted. It is called by the shard's owner.
func (h *Shard) Counters() ShardCounters {
	c := h.counters
	c.Connections, c.HalfOpen, c.Orphans, c.TimeWait = h.conns.used, h.halfOpen, h.orphans, h.waits.used
	c.SendMemory, c.ReceiveMemory = h.memory.lent*sendChunkBytes, h.host.MemoryUsed()
	c.Card = h.card.Counters()
	return c
}

// Counters are what a stack has counted since it was made.
type Counters struct {
	Total  ShardCounters // without Card
	Shards []ShardCounters
	// Reasons is how often each decision of the stack's layers was taken since the program began, by all stacks in it.
	Reasons map[*trace.Reason]uint64
}

// layers are the packages whose Reasons are told with the counters.
var layers = [...]string{"stack.", "link.", "ethernet.", "arp.", "ip.", "ipv4.", "ipv6.", "icmp.", "udp.", "neighbor.", "tcp.", "recovery.", "segment."}

// Counters sums up all layers. It asks every shard, whose owners must be polling; it may be called from any goroutine but
// theirs.
func (s *Stack) Counters(ctx context.Context) (Counters, error) {
	all := Counters{Shards: make([]ShardCounters, len(s.shards)), Reasons: reasonsReached()}
	err := s.ask(ctx, func(h *Shard) func() {
		c := h.Counters()
		return func() { all.Shards[h.index] = c }
	})
	if err != nil {
		return Counters{}, err
	}
	for i := range all.Shards {
		all.Total.add(&all.Shards[i])
	}
	return all, nil
}

func reasonsReached() map[*trace.Reason]uint64 {
	m := make(map[*trace.Reason]uint64)
	for _, r := range trace.Reasons() {
		if n := r.Reached(); n > 0 && ofLayer(r.ID) {
			m[r] = n
		}
	}
	return m
}

func ofLayer(id string) bool {
	for _, l := range layers {
		if len(id) > len(l) && id[:len(l)] == l {
			return true
		}
	}
	return false
}

// ask has f called on every shard, and what it returns called here.
func (s *Stack) ask(ctx context.Context, f func(*Shard) func()) error {
	answers := make(chan func(), len(s.shards))
	for _, h := range s.shards {
		h.Post(func() { answers <- f(h) })
	}
	for range s.shards {
		select {
		case answer := <-answers:
			answer()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
