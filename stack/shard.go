package stack

import (
	"errors"
	"net/netip"
	"slices"

	"vitrine/stack/ip"
	"vitrine/stack/link"
	"vitrine/stack/neighbor"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

// Ready is a set of readiness conditions of a connection.
type Ready uint8

const (
	Readable Ready = 1 << iota // bytes or the peer's end of stream can be read
	Writable                   // bytes can be written; of a connection made by Connect: it is established
	HalfShut                   // the peer has ended its direction (FIN)
	Hangup                     // the connection is gone in both directions or in error
)

// Owner is told what happens to its connections. Ready is called on the connection's shard, within Poll or Flush and once a
// batch; it must not block, and it must not call the connection's methods: it notes what is to be done after that.
type Owner interface{ Ready(c *Conn, r Ready) }

// Shard is one queue of the adapter with everything that arrives on it. Its methods belong to one goroutine at a time,
// the owner, but for Post, SetWake, Index and Stack, which any goroutine may call.
type Shard struct {
	stack  *Stack
	index  int
	card   *link.Card
	mac    link.MAC
	limits *Limits
	own    []netip.Prefix // own addresses
	groups []netip.Addr
	mtu    int
	super  int  // largest super-segment's IP packet of each version; 0: none
	super6 int  //
	sums   bool // the adapter completes checksums
	now    int64

	host  *tcp.Host
	conns table
	last  *Conn // whose segment came last
	waits timeWaits
	wheel wheel

	// dirty are the connections that something happened to: their events are told at the end of Poll, and Flush pulls what
	// they have to send. Those before head are done.
	dirty []*Conn
	head  int

	// blocked is a segment that the adapter had no room for. Nothing else is pulled before it is sent.
	blocked   *Conn
	blockedBy segment.Out

	segment segment.Segment // of the frame that is looked at
	out     segment.Out
	frames  [pollBatch]link.Frame

	memory    sendMemory
	starved   []*Conn // wait for memory to write
	stalls    []*segment.Out
	ahead     aheadCache
	iovec     iovec
	halfOpen  int
	orphans   int
	neighbors *neighbor.Table
	hops      map[netip.Addr]*hop
	sweepAt   int // hops from which on those that nobody uses are forgotten
	narrow    map[netip.Addr]narrowPath
	parts4    *ip.Reassembler
	parts6    *ip.Reassembler
	errors    *ip.Limiter // of ICMP errors
	resets    *ip.Limiter
	echoes    *ip.Limiter
	detection detection
	datagrams []*Datagram // that wait for room to send

	inbox    inbox
	outbox   [][]handed // for each shard
	handing  bool       // something is in the outbox
	scratch  []byte     // a frame that the adapter cannot have yet
	whole    []byte     // a packet that was put together
	asking   bool       // a neighbour is to be asked for at the end of Flush
	remotes  remotes
	counters ShardCounters
}

// pollBatch is how many frames Poll takes in at most, so that timers and other connections get their turn.
const pollBatch = 64

func newShard(s *Stack, index, of int) *Shard {
	l := &s.cfg.Limits
	h := &Shard{
		stack: s, index: index, limits: l, mac: s.info.MAC, mtu: s.cfg.MTU, own: slices.Clone(s.cfg.Addresses),
		card:   link.NewCard(s.adapter.Queue(index), s.info, s.cfg.Card),
		host:   tcp.NewHost(s.cfg.TCP, s.cfg.Secret),
		hops:   make(map[netip.Addr]*hop),
		narrow: make(map[netip.Addr]narrowPath),
		parts4: ip.NewReassembler(ip.ReassemblyLimits{Bytes: l.ReassemblyBytes, Datagrams: l.ReassemblyPackets}),
		// RFC 8200 §4.5: 60 seconds.
		parts6: ip.NewReassembler(ip.ReassemblyLimits{Bytes: l.ReassemblyBytes, Datagrams: l.ReassemblyPackets, Timeout: 60e9}),
		errors: ip.NewLimiter(ip.LimiterConfig{Rate: l.ICMPRate, Burst: l.ICMPBurst, Seed: s.limiterSeed(index)}),
		// A reset is an answer to a mistake of the peer's host, of which there may be many for honest reasons.
		resets: ip.NewLimiter(ip.LimiterConfig{Rate: l.ResetRate, Burst: l.ResetRate, PeerRate: l.ResetRate, PeerBurst: l.ResetRate}),
		echoes: ip.NewLimiter(ip.LimiterConfig{Rate: l.ICMPRate, Burst: l.ICMPRate, PeerRate: l.ICMPRate, PeerBurst: l.ICMPRate}),
		outbox: make([][]handed, of),
	}
	h.watch()
	h.memory.limit = max(l.SendMemory/sendChunkBytes, 1)
	o := s.info.Offloads
	if h.sums = o.TxChecksum; h.sums {
		if o.TSO4 {
			h.super = o.MaxSegment
		}
		if o.TSO6 {
			h.super6 = o.MaxSegment
		}
	}
	h.joinGroups()
	h.startNeighbors()
	return h
}

// Index is the shard's place in its stack, from 0.
func (h *Shard) Index() int { return h.index }

// Stack is the stack that the shard belongs to.
func (h *Shard) Stack() *Stack { return h.stack }

// Now is the time of the last Poll or Flush.
func (h *Shard) Now() int64 { return h.now }

// Poll takes in one bounded batch: posted functions, packets from other shards, frames, timers. Then it tells the owners of
// connections what has happened. more says that there is more to do at once. now is nanoseconds of a monotonic clock with
// an arbitrary origin, greater than 0.
func (h *Shard) Poll(now int64) (more bool, err error) {
	h.now = now
	h.takeInbox()
	n, more, err := h.card.Receive(h.frames[:])
	for i := range n {
		h.receive(&h.frames[i])
	}
	h.expire()
	h.tell()
	h.handOver()
	return more, h.up(err)
}

// up takes note of an interface that is down, which the adapter says once; it goes on by itself when it is up again.
func (h *Shard) up(err error) error {
	if errors.Is(err, link.ErrDown) {
		reasonLinkDown.Reach()
		h.counters.Downs++
		return nil
	}
	return err
}

// Flush builds and sends everything that is to be sent. What the adapter does not take now is sent when there is room: Wait
// returns then, or the descriptor becomes writable, and Flush is called again.
func (h *Shard) Flush(now int64) error {
	h.now = now
	h.remotes.serve()
	if h.head > len(h.dirty)/2 { // the adapter was full: those that are done make room
		n := copy(h.dirty, h.dirty[h.head:])
		clear(h.dirty[n:])
		h.dirty, h.head = h.dirty[:n], 0
	}
	if h.unblock() {
		for h.head < len(h.dirty) {
			c := h.dirty[h.head]
			h.dirty[h.head] = nil
			h.head++
			switch h.pull(c) {
			case pullDone:
				c.dirty = false
				h.finish(c)
			case pullMore:
				h.dirty = append(h.dirty, c)
			case pullBlocked:
				h.head--
				h.dirty[h.head] = c
				h.handOver()
				return h.up(h.card.Flush())
			}
		}
		h.dirty, h.head = h.dirty[:0], 0
		for _, d := range h.datagrams {
			d.writable()
		}
		h.datagrams = h.datagrams[:0]
	}
	h.handOver()
	if h.asking {
		h.expireNeighbors()
	}
	return h.up(h.card.Flush())
}

// Deadline is when Poll is due although nothing arrives; 0: never. It may lie in the past: then Poll is due now.
func (h *Shard) Deadline() int64 {
	if h.remotes.pending() { // something happened to them while the last Flush was under way
		return h.now
	}
	d := h.wheel.deadline()
	for _, at := range [...]int64{h.waits.deadline(), h.neighbors.Deadline(), h.parts4.Deadline(), h.parts6.Deadline(),
		h.detection.deadline()} {
		if at != 0 && (d == 0 || at < d) {
			d = at
		}
	}
	return d
}

// Descriptor is readable when frames are there and writable when there is room after the adapter was full, edge-triggered;
// -1: there is none, then Wait is the only way to wait.
func (h *Shard) Descriptor() int { return h.card.Descriptor() }

// Notice says how the adapter's owner is to be notified, for those that wait for the descriptor.
func (h *Shard) Notice() *link.Notice { return h.card.Notice() }

// Wait parks the goroutine until there is something to do for Poll or Flush, or until the time given (0: for ever).
func (h *Shard) Wait(until int64) error {
	if until != 0 && until <= h.now {
		return nil
	}
	err := h.card.Wait(until, h.now)
	if errors.Is(err, link.ErrDown) {
		err = nil
	}
	return err
}

// expire runs every timer that is due.
func (h *Shard) expire() {
	if h.wheel.used > 0 {
		h.wheel.advance(h.now, h.fire)
	} else {
		h.wheel.now = h.now >> tickBits
	}
	if d := h.waits.deadline(); d != 0 && d <= h.now {
		h.waits.expire(h.now, func(t *tuple) { h.erased(t, tcp.TimeWaitOver.Reach()) })
	}
	h.expireNeighbors()
	h.expireFragments()
}

// fire looks at a connection whose entry in the wheel has come up.
func (h *Shard) fire(c *Conn) {
	d := c.tcp.Deadline()
	if d == 0 {
		return
	}
	if d <= h.now {
		h.note(c, c.tcp.Advance(h.now))
		h.touch(c)
		return // armed anew when it was pulled
	}
	h.wheel.arm(c, d)
}

// touch notes that something happened to a connection.
func (h *Shard) touch(c *Conn) {
	if !c.dirty {
		c.dirty = true
		h.dirty = append(h.dirty, c)
	}
}

// tell tells the owners what happened in this batch.
func (h *Shard) tell() {
	for i := h.head; i < len(h.dirty); i++ {
		h.events(h.dirty[i])
	}
}
