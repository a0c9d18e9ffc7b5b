package exchange

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/message"
)

// The fake protocol carries any number of exchanges at once over one connection, as frames that name their stream. It
// has what HTTP/2 has and HTTP/1 has not: credit for each direction of each stream, cancellation of one of several,
// trailers in a frame of their own. That all of it can be carried shows that an exchange does not know its protocol.
type frame struct {
	stream int
	kind   kind
	text   string // a head, a status, bytes, a trailer's value
	n      int    // of a window
	last   bool   // of data: nothing follows
}

type kind string

const (
	head      kind = "head"      // both ways
	interim   kind = "interim"   // to the client
	goAhead   kind = "go ahead"  // to the client: the body is wanted
	data      kind = "data"      // both ways
	window    kind = "window"    // both ways: so many more bytes may be sent
	end       kind = "end"       // both ways, with a trailer
	reset     kind = "reset"     // both ways
	tunnelled kind = "tunnelled" // to the client
)

// fakeServer is the end that carries exchanges. Its loop is one goroutine, as a connection's turns are.
type fakeServer struct {
	t       *testing.T
	handler Handler
	limits  Limits
	client  *fakeClient
	peer    Peer
	streams map[int]*fakeStream
	in      chan frame
	bell    chan struct{}
	done    chan struct{}

	mu     sync.Mutex
	woken  []*fakeStream
	spawns int // goroutines that run handlers; -1: none may
}

// fakeStream carries one exchange.
type fakeStream struct {
	server   *fakeServer
	id       int
	x        *Exchange
	pending  string // body bytes without credit
	ended    bool   // the client has sent all
	trailer  string
	window   int // what the client lets us send
	headSent bool
	asked    bool // for the body
	tunnel   bool
	shut     bool
}

func (s *fakeStream) Wake() {
	m := s.server
	m.mu.Lock()
	m.woken = append(m.woken, s)
	m.mu.Unlock()
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

func (s *fakeStream) Spawn(f func()) bool {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.spawns < 0 {
		return false
	}
	s.server.spawns++
	go f()
	return true
}

func (m *fakeServer) loop() {
	defer close(m.done)
	for {
		select {
		case f, ok := <-m.in:
			if !ok {
				for _, s := range m.streams { // the connection is lost
					s.giveUp(&GoneError{lost})
				}
				return
			}
			m.receive(f)
		case <-m.bell:
			m.mu.Lock()
			woken := m.woken
			m.woken = nil
			m.mu.Unlock()
			for _, s := range woken {
				if m.streams[s.id] == s {
					s.pump()
				}
			}
		}
	}
}

var lost = &trace.Reason{ID: "fake.lost", Sentence: "the connection was lost"}
var cancelled = &trace.Reason{ID: "fake.cancelled", Sentence: "the client does not want it any more"}

func (m *fakeServer) receive(f frame) {
	s := m.streams[f.stream]
	if f.kind == head {
		m.begin(f)
		return
	}
	if s == nil {
		return // it has ended meanwhile
	}
	switch f.kind {
	case data:
		s.pending += f.text
		s.feed()
	case end:
		s.ended, s.trailer = true, f.text
		s.feed()
	case window:
		s.window += f.n
		s.pump()
	case reset:
		s.giveUp(&GoneError{cancelled})
	}
}

// begin begins an exchange. The head is "METHOD target length".
func (m *fakeServer) begin(f frame) {
	s := &fakeStream{server: m, id: f.stream, window: f.n}
	m.streams[f.stream] = s
	var method, target string
	var length int64
	fmt.Sscan(f.text, &method, &target, &length)
	arena := []byte(f.text) // which the next frame may write over
	r := new(message.Request)
	r.Reset(arena)
	r.Method, r.MethodText = message.LookupMethod([]byte(method)), message.Span{Len: uint32(len(method))}
	r.ParseTarget(message.Span{Off: uint32(len(method) + 1), Len: uint32(len(target))})
	r.Major, r.ContentLength = 9, length
	s.x = New()
	s.x.Begin(s, r, &m.peer, m.limits)
	s.x.Serial = uint32(f.stream)
	m.handler.Serve(s.x)
	block, pieces := s.x.Answer()
	if block != nil {
		s.whole(block, pieces)
	} else if !s.x.Detached() {
		s.client(frame{kind: reset, text: "no answer"})
		s.finish()
	}
	clear(arena)
	if s.x != nil {
		s.feed()
	}
}

func (s *fakeStream) client(f frame) {
	f.stream = s.id
	s.server.client.deliver(f)
}

// feed gives the exchange what it has credit for, and the client as much room again.
func (s *fakeStream) feed() {
	if s.x == nil || !s.x.Detached() {
		return
	}
	if n := s.x.Feed([]byte(s.pending)); n > 0 {
		s.pending = s.pending[n:]
		s.client(frame{kind: window, n: n})
	}
	if s.ended && s.pending == "" {
		var trailer *message.Header
		if s.trailer != "" {
			trailer = new(message.Header)
			trailer.Add("Trailer-Value", s.trailer)
		}
		s.x.FeedEnd(trailer)
	}
}

// pump looks at what the exchange wants.
func (s *fakeStream) pump() {
	if s.x == nil || !s.x.Detached() {
		return
	}
	u := s.x.Update()
	for _, b := range u.Interim {
		s.client(frame{kind: interim, text: b.Fields().Get("Link")})
	}
	if u.Wanted && !s.asked {
		s.asked = true
		s.client(frame{kind: goAhead})
	}
	s.feed()
	switch {
	case u.Panic != nil:
		s.client(frame{kind: reset, text: fmt.Sprint(u.Panic)})
		s.finish()
		return
	case u.Abort:
		s.client(frame{kind: reset, text: "aborted"})
		s.finish()
		return
	case u.Whole:
		s.whole(u.Block, s.x.Pieces())
		return
	case u.Tunnel && !s.tunnel:
		s.tunnel = true
		s.client(frame{kind: tunnelled})
	case u.Block == nil && u.Returned && !s.tunnel:
		s.client(frame{kind: reset, text: "no answer"})
		s.finish()
		return
	}
	if u.Block != nil && !s.headSent && !s.tunnel {
		s.headSent = true
		s.client(frame{kind: head, text: fmt.Sprint(u.Block.Status())})
	}
	for s.window > 0 {
		b, release := s.x.Take()
		if b == nil {
			if u.Ended || u.Shut && !s.shut {
				s.shut = true
				s.client(frame{kind: end, text: trailerText(u.Trailer)})
			}
			if u.Ended {
				s.finish()
			}
			return
		}
		s.window -= len(b) // a chunk at a time is fine enough here
		s.client(frame{kind: data, text: string(b)})
		release.Release()
	}
}

func trailerText(h *message.Header) string {
	if h == nil {
		return ""
	}
	return h.Get("Trailer-Value")
}

// whole sends a whole response; it needs no window here.
func (s *fakeStream) whole(b *message.Block, pieces []Piece) {
	s.client(frame{kind: head, text: fmt.Sprint(b.Status())})
	for _, p := range pieces {
		s.client(frame{kind: data, text: string(p.Bytes)})
		if p.Release != nil {
			p.Release.Release()
		}
	}
	s.x.Forget()
	s.client(frame{kind: end})
	s.finish()
}

func (s *fakeStream) giveUp(err error) {
	if s.x.Detached() {
		s.x.Fail(err)
	}
	s.finish()
}

func (s *fakeStream) finish() {
	delete(s.server.streams, s.id)
	s.server.handler.Finish(s.x)
	s.x.Release()
	s.x = nil
}

// fakeClient is the other end. It keeps what it gets, by stream.
type fakeClient struct {
	t      *testing.T
	server *fakeServer
	mu     sync.Mutex
	cond   sync.Cond
	got    map[int][]frame
	order  []int // the streams of data frames, as they came
	credit map[int]int
}

func (c *fakeClient) deliver(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.kind == window {
		c.credit[f.stream] += f.n
	} else {
		c.got[f.stream] = append(c.got[f.stream], f)
	}
	if f.kind == data {
		c.order = append(c.order, f.stream)
	}
	c.cond.Broadcast()
}

func (c *fakeClient) send(f frame) { c.server.in <- f }

// request begins a stream with a window for its response.
func (c *fakeClient) request(stream, window int, text string) {
	c.send(frame{stream: stream, kind: head, text: text, n: window})
}

// until waits for a condition on what was received.
func (c *fakeClient) until(what string, condition func() bool) {
	c.t.Helper()
	late := time.AfterFunc(patience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cond.Broadcast()
	})
	defer late.Stop()
	end := time.Now().Add(patience)
	c.mu.Lock()
	defer c.mu.Unlock()
	for !condition() {
		if time.Now().After(end) {
			c.t.Fatalf("%s never came; there is %v", what, c.summary())
		}
		c.cond.Wait()
	}
}

func (c *fakeClient) summary() map[int]string {
	all := map[int]string{}
	for id, frames := range c.got {
		for _, f := range frames {
			all[id] += fmt.Sprintf("%s(%d bytes) ", f.kind, len(f.text))
		}
	}
	return all
}

// has reports whether the stream got a frame of the kind. The lock is held.
func (c *fakeClient) has(stream int, k kind) bool {
	for _, f := range c.got[stream] {
		if f.kind == k {
			return true
		}
	}
	return false
}

// body is the data of a stream so far. The lock is held.
func (c *fakeClient) body(stream int) string {
	var b strings.Builder
	for _, f := range c.got[stream] {
		if f.kind == data {
			b.WriteString(f.text)
		}
	}
	return b.String()
}

// response waits for the end of a stream and gives its frames' summary: the status, the body and the trailer.
func (c *fakeClient) response(stream int) (status, body, trailer string) {
	c.t.Helper()
	c.until(fmt.Sprint("the end of stream ", stream), func() bool { return c.has(stream, end) || c.has(stream, reset) })
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.got[stream] {
		switch f.kind {
		case head:
			status = f.text
		case reset:
			status = "reset: " + f.text
		case end:
			trailer = f.text
		}
	}
	return status, c.body(stream), trailer
}

// fake connects a client and a server whose handler is f.
func fake(t *testing.T, limits Limits, f func(x *Exchange)) (*fakeClient, *finished) {
	h := &finished{serve: f}
	c := &fakeClient{t: t, got: map[int][]frame{}, credit: map[int]int{}}
	c.cond.L = &c.mu
	c.server = &fakeServer{t: t, handler: h, limits: limits, client: c, streams: map[int]*fakeStream{},
		in: make(chan frame), bell: make(chan struct{}, 1), done: make(chan struct{})}
	go c.server.loop()
	t.Cleanup(func() {
		if c.server.in != nil {
			c.lose()
		}
	})
	return c, h
}

// lose ends the connection.
func (c *fakeClient) lose() {
	close(c.server.in)
	<-c.server.done
	c.server.in = nil
}

// finished counts the exchanges that have ended.
type finished struct {
	serve func(x *Exchange)
	mu    sync.Mutex
	n     int
}

func (h *finished) Serve(x *Exchange) { h.serve(x) }
func (h *finished) Finish(x *Exchange) {
	h.mu.Lock()
	h.n++
	h.mu.Unlock()
}

func (h *finished) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// patience bounds every wait for something that must happen.
const patience = time.Minute
