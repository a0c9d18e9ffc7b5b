package web

import (
	"bytes"
	"net/netip"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
	"vitrine/web/serve"
)

// counting is a wire's end that counts how often its owner went to sleep, and the frames that it sent.
type counting struct {
	link.Adapter
	parks, frames *atomic.Int64
}

func (a counting) Queue(i int) link.Queue { return countingQueue{a.Adapter.Queue(i), a} }

type countingQueue struct {
	link.Queue
	a counting
}

func (q countingQueue) Wait(until, now int64) error {
	q.a.parks.Add(1)
	return q.Queue.Wait(until, now)
}

func (q countingQueue) Commit(n int, m link.Meta) {
	q.a.frames.Add(1)
	q.Queue.Commit(n, m)
}

// together is the own stack's network with a client that does its part whenever the server's loop is about to wait, on the
// loop's own goroutine: whatever the server needed another goroutine for has not happened by then.
type together struct {
	*socket.Stack
	client *hotClient
}

func (n together) NewPoller() (socket.Poller, error) {
	p, err := n.Stack.NewPoller()
	return &togetherPoller{p, n.client}, err
}

type togetherPoller struct {
	socket.Poller
	client *hotClient
}

func (p *togetherPoller) Wait(events []socket.Event, deadline time.Time) (int, error) {
	if !p.client.done {
		if _, err := p.Poller.Wait(nil, time.Unix(1, 0)); err != nil { // what the loop has written leaves
			return 0, err
		}
		p.client.step()
		if !p.client.hot { // until everything that is done once was done
			deadline = time.Unix(1, 0)
		}
	}
	return p.Poller.Wait(events, deadline)
}

// hotClient sends one request after the other from a stack that it drives itself.
type hotClient struct {
	t        *testing.T
	shard    *stack.Shard
	c        *stack.Conn
	request  []byte
	want     int // bytes of an answer
	got      int
	buf      [8 << 10]byte
	sent     bool // a request is on its way
	answered int
	hot      bool
	late     int // hot requests that were not answered when the loop waited next
	done     bool
	before   measured
	best     measured
	rounds   int
	finished chan struct{}
	parks    atomic.Int64
	frames   atomic.Int64
}

// measured is what the process has done so far.
type measured struct{ mallocs, switches, parks, frames uint64 }

// warm requests come first, then rounds of hot ones: what others in the process do is not the requests', the best round is.
const (
	warm      = 500
	hotRound  = 2000
	hotRounds = 5
)

func (h *hotClient) Ready(*stack.Conn, stack.Ready) {}

// step reads the answer and sends the next request.
func (h *hotClient) step() {
	now := int64(time.Since(start0))
	h.shard.Poll(now)
	for {
		n, err := h.c.Read(h.buf[:])
		if err != nil {
			break
		}
		if h.want == 0 && bytes.HasSuffix(h.buf[:n], []byte("xx")) {
			h.want = n
		}
		h.got += n
	}
	if h.sent && h.want > 0 && h.got == h.want {
		h.sent, h.got = false, 0
		h.answer()
	} else if h.hot && h.sent {
		h.late++
	}
	if !h.sent && !h.done {
		if n, _ := h.c.Write(h.request, false); n == len(h.request) {
			h.sent = true
		}
	}
	h.shard.Flush(now)
}

var start0 = time.Now().Add(-time.Second)

// answer counts an answer, and looks at what a round of them took.
func (h *hotClient) answer() {
	h.answered++
	switch hot := h.answered - warm; {
	case hot == 0:
		h.hot = true
		h.before = h.measure()
	case hot > 0 && hot%hotRound == 0:
		now := h.measure()
		took := measured{now.mallocs - h.before.mallocs, now.switches - h.before.switches, now.parks - h.before.parks,
			now.frames - h.before.frames}
		if h.rounds++; h.rounds == 1 {
			h.best = took
		}
		h.best = measured{min(h.best.mallocs, took.mallocs), min(h.best.switches, took.switches), min(h.best.parks, took.parks),
			min(h.best.frames, took.frames)}
		if h.rounds == hotRounds {
			h.done = true
			close(h.finished)
			return
		}
		h.before = h.measure()
	}
}

var latencies = []metrics.Sample{{Name: "/sched/latencies:seconds"}}

func (h *hotClient) measure() (m measured) {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	metrics.Read(latencies)
	for _, n := range latencies[0].Value.Float64Histogram().Counts {
		m.switches += n // each time that a goroutine was given a processor
	}
	m.mallocs, m.parks, m.frames = s.Mallocs, uint64(h.parks.Load()), uint64(h.frames.Load())
	return m
}

// A hot request goes from frame to response and back on one goroutine: the loop finds it in a frame, and when it is about to
// wait next, the client has the answer. Nobody sleeps, nobody is woken, nothing is allocated.
func TestAHotRequestGoesFromFrameToFrameWithoutASwitch(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools forget, so that they allocate anew; the test without it holds the promise")
	}
	block, body := text(200, strings.Repeat("x", 1024), "Content-Type", "text/html", "ETag", `"x"`)
	for _, arch := range []string{serve.EventsPerCore, serve.Events, serve.Single} {
		t.Run(arch, func(t *testing.T) {
			a, b := link.NewWire(link.WireOptions{})
			h := &hotClient{t: t, request: []byte(get("/1k.html")), finished: make(chan struct{})}
			server := stacktest.On(t, counting{a, &h.parks, &h.frames}, stack.Config{})
			h.shard = stacktest.ClientOn(t, b).Shard(0)
			n := together{socket.NewStack(server), h}
			srv, err := NewServer(silent{handler{serve: func(x *Exchange) {
				x.AddBytes(body, nil)
				x.Respond(block)
			}}}, Settings{KeepAliveTimeout: patience, HeaderTimeout: patience, ConnectionsPerClient: 10}, Options{Architecture: arch, Network: n})
			if err != nil {
				t.Fatal(err)
			}
			l, err := srv.Listen(netip.MustParseAddrPort(stacktest.Server+":80"), 0, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			h.shard.Poll(int64(time.Since(start0)))
			if h.c, err = h.shard.Connect(netip.AddrPort{}, l.Addr(), stack.ConnectOptions{NoDelay: true}, h); err != nil {
				t.Fatal(err)
			}
			srv.Start()
			await(t, "last answer", h.finished)
			srv.Close()
			t.Logf("%d requests: %+v", hotRound, h.best)
			if h.late > 0 {
				t.Errorf("%d of %d hot requests were not answered in the turn that they came in", h.late, hotRound*hotRounds)
			}
			if h.best.parks > 0 {
				t.Errorf("the loop went to sleep %d times", h.best.parks)
			}
			// The loop gives way each millisecond, whether anybody wants the processor or not.
			if h.best.switches > hotRound/20 {
				t.Errorf("%d switches in %d requests", h.best.switches, hotRound)
			}
			// An answer is one segment, and carries the acknowledgement of its request.
			if h.best.frames > hotRound+hotRound/100 {
				t.Errorf("%d frames for %d answers", h.best.frames, hotRound)
			}
			if h.best.mallocs > hotRound/100 {
				t.Errorf("%d allocations in %d requests", h.best.mallocs, hotRound)
			}
		})
	}
}
