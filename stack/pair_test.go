package stack

import (
	"bytes"
	"io"
	"net/netip"
	"testing"

	"vitrine/stack/link"
)

const (
	millisecond = int64(1e6)
	second      = int64(1e9)
)

// pair is two stacks at the ends of a wire, under a clock that the test moves.
type pair struct {
	t    *testing.T
	a, b *Stack // a: 198.18.203.1, fd00:198:18::1; b: 198.18.203.2, fd00:198:18::2
	now  int64
	// While lose is not nil, it is asked for each frame that leaves an end (0: a's) whether it is lost.
	lose func(from int, frame []byte) bool
	seen [2][]func(frame []byte)
}

type pairOptions struct {
	wire link.WireOptions
	a, b Config
}

func newPair(t *testing.T, change ...func(*pairOptions)) *pair {
	t.Helper()
	o := pairOptions{}
	o.a.Addresses = []netip.Prefix{netip.MustParsePrefix("198.18.203.1/24"), netip.MustParsePrefix("fd00:198:18::1/64")}
	o.b.Addresses = []netip.Prefix{netip.MustParsePrefix("198.18.203.2/24"), netip.MustParsePrefix("fd00:198:18::2/64")}
	o.a.Quiet, o.b.Quiet = true, true
	for _, f := range change {
		f(&o)
	}
	p := &pair{t: t, now: 10 * second}
	wa, wb := link.NewWire(o.wire)
	var err error
	if p.a, err = New(o.a, &lossy{wa, p, 0}); err != nil {
		t.Fatal(err)
	}
	if p.b, err = New(o.b, &lossy{wb, p, 1}); err != nil {
		t.Fatal(err)
	}
	return p
}

// lossy is an end of the pair's wire: what it commits may be lost or looked at.
type lossy struct {
	link.Adapter
	p   *pair
	end int
}

func (l *lossy) Queue(i int) link.Queue { return &lossyQueue{Queue: l.Adapter.Queue(i), l: l} }

type lossyQueue struct {
	link.Queue
	l *lossy
	b []byte
}

func (q *lossyQueue) Reserve(n int) []byte {
	q.b = q.Queue.Reserve(n)
	return q.b
}

func (q *lossyQueue) Commit(n int, m link.Meta) {
	for _, f := range q.l.p.seen[q.l.end] {
		f(q.b[:n])
	}
	if q.l.p.lose != nil && q.l.p.lose(q.l.end, q.b[:n]) {
		return
	}
	q.Queue.Commit(n, m)
}

func (p *pair) shards() []*Shard { return append(append([]*Shard{}, p.a.shards...), p.b.shards...) }

func (p *pair) traffic() (n uint64) {
	for _, h := range p.shards() {
		c := h.Counters()
		n += c.Card.Queue.SentFrames + c.Card.Queue.ReceivedFrames + c.Handed
	}
	return n
}

// step runs every shard once and reports whether there is more to do.
func (p *pair) step() (more bool) {
	for _, h := range p.shards() {
		again, err := h.Poll(p.now)
		if err != nil {
			p.t.Fatal(err)
		}
		if err := h.Flush(p.now); err != nil {
			p.t.Fatal(err)
		}
		more = more || again
	}
	for _, h := range p.shards() {
		more = more || unseen(h)
	}
	return more
}

// settle runs both ends until nothing moves any more, without time passing.
func (p *pair) settle() {
	for range 100000 {
		before := p.traffic()
		if more := p.step(); !more && p.traffic() == before {
			return
		}
	}
	p.t.Fatal("the stacks never come to rest")
}

// deadline is when something happens by itself; 0: never.
func (p *pair) deadline() (at int64) {
	for _, h := range p.shards() {
		if d := h.Deadline(); d != 0 && (at == 0 || d < at) {
			at = d
		}
	}
	return at
}

// pass lets time pass, stopping wherever something is due.
func (p *pair) pass(d int64) {
	p.settle()
	until := p.now + d
	for {
		at := p.deadline()
		if at == 0 || at > until {
			break
		}
		p.now = max(p.now, at)
		p.settle()
		if p.deadline() == at {
			p.now++ // early is permitted, but not for ever
		}
	}
	p.now = until
	p.settle()
}

// watch is an Owner that remembers what it was told.
type watch struct {
	ready Ready
	calls int
}

func (w *watch) Ready(_ *Conn, r Ready) { w.ready |= r; w.calls++ }

func (w *watch) take() Ready {
	r := w.ready
	w.ready = 0
	return r
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// listen opens a listener on a's first shard, or another one.
func (p *pair) listen(at string, o ListenOptions, h ...*Shard) *Listener {
	p.t.Helper()
	l, err := p.a.Listen(addr(at), o)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(h) == 0 {
		h = []*Shard{p.a.Shard(0)}
	}
	l.Attach(h[0], func() {})
	return l
}

// dial begins a connection from b, without waiting.
func (p *pair) dial(local, remote string) (*Conn, *watch) {
	p.t.Helper()
	w := new(watch)
	var from netip.AddrPort
	if local != "" {
		from = addr(local)
	}
	h := p.b.Shard(0)
	h.now = p.now
	c, err := h.Connect(from, addr(remote), ConnectOptions{}, w)
	if err != nil {
		p.t.Fatal(err)
	}
	return c, w
}

// connected is a connection from b to a listener of a: b's end and a's end.
func (p *pair) connected(l *Listener, local, remote string) (client, server *Conn) {
	p.t.Helper()
	client, w := p.dial(local, remote)
	p.settle()
	if w.take()&Writable == 0 {
		p.t.Fatalf("no connection from %s to %s: %v", local, remote, client.Info())
	}
	server, ok := l.Accept()
	if !ok {
		p.t.Fatal("nothing to accept")
	}
	return client, server
}

// transfer writes everything and reads it at the other end.
func (p *pair) transfer(from, to *Conn, data []byte) {
	p.t.Helper()
	got := p.collect(from, to, data)
	if !bytes.Equal(got, data) {
		f, to := from.Info(), to.Info()
		p.t.Fatalf("%d bytes arrived of %d, or other ones\n%+v\n%+v\n%+v\n%+v", len(got), len(data), f, *f.TCP, to, *to.TCP)
	}
}

func (p *pair) collect(from, to *Conn, data []byte) []byte {
	p.t.Helper()
	var got []byte
	buffer := make([]byte, 64<<10)
	rest := data
	for idle := 0; len(got) < len(data) && idle < 1000; idle++ {
		for len(rest) > 0 {
			n, err := from.Write(rest, false)
			if err == ErrWouldBlock {
				break
			}
			if err != nil {
				p.t.Fatal(err)
			}
			rest = rest[n:]
			idle = 0
		}
		p.settle()
		for {
			n, err := to.Read(buffer)
			if err == ErrWouldBlock || err == io.EOF {
				break
			}
			if err != nil {
				p.t.Fatal(err)
			}
			got = append(got, buffer[:n]...)
			idle = 0
		}
		if idle > 0 {
			p.pass(50 * millisecond)
		}
	}
	p.settle()
	return got
}

// pattern is n bytes that do not repeat soon.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func mustRead(t *testing.T, c *Conn, want string) {
	t.Helper()
	b := make([]byte, len(want)+1)
	n, err := c.Read(b)
	if err != nil || string(b[:n]) != want {
		t.Fatalf("Read: %q, %v; want %q", b[:n], err, want)
	}
}

func prefixes(s ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(s))
	for i := range s {
		all[i] = netip.MustParsePrefix(s[i])
	}
	return all
}
