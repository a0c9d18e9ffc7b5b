package journey

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// Recorder remembers exchanges. Begin, End and ConnectionEnded are called on the loops; the others from any goroutine.
type Recorder struct {
	policy atomic.Pointer[policy]
	shards []shard
	_      [64]byte // what follows is written now and then, and what is above never
	pace   pace     // of those that are recorded
	spare  pace     // of those that are not of the sample, and have their decisions collected in case that they fail

	// Chunks that nobody uses, for whichever shard fills one.
	freeMu sync.Mutex
	free   []*chunk

	bell chan struct{} // a shard has filled a chunk, or somebody follows
	stop chan struct{} // closed: the collector is to end
	done chan struct{} // closed: it has

	change sync.Mutex // held by Configure and Force
	forced map[netip.AddrPort]int

	// mu guards what follows. The loops never take it.
	mu        sync.Mutex
	ring      ring
	places    places
	out       int // chunks that the shards have, and free ones
	followers []*follower
	fresh     []view    // what was collected and not yet sent to those who follow; their chunks count it as a reader
	told      time.Time // when they were sent something last
	looked    time.Time // when the shards' chunks were taken last, full or not
	closed    bool
	taken     []*chunk // memory of collect
}

// shard is what the exchanges of one loop are written to. Its lock is taken by that loop, by the others that share its
// number under threads and pool, and by the collector, which holds it while it takes a chunk away.
type shard struct {
	mu       sync.Mutex
	w        writer
	full     []*chunk
	recorded uint64

	leftOut atomic.Uint64
	_       [64]byte // the next shard's lock is another loop's
}

// New makes a recorder for so many loops. Close ends it. Settings.Memory is at least 1 MiB, and with more than eight loops
// 128 KiB for each: less counts as that.
func New(loops int, s Settings) *Recorder {
	loops = max(loops, 1)
	r := &Recorder{shards: make([]shard, loops), bell: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{})}
	for i := range r.shards {
		r.shards[i].w.age = 1 // what was never remembered has the age 0
	}
	r.Configure(s)
	go r.collector()
	return r
}

// Configure changes what is recorded from now on. Less memory is in force when it returns, but for what somebody is just
// reading.
func (r *Recorder) Configure(s Settings) {
	r.change.Lock()
	defer r.change.Unlock()
	r.install(newPolicy(s, len(r.shards), r.forced))
}

// install puts a policy in force. The lock of changes is held.
func (r *Recorder) install(p *policy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.policy.Swap(p)
	if old == nil {
		r.ring.shape = p.shape
		r.provide(p)
		return
	}
	r.collect(true)
	if old.shape != p.shape {
		r.reshape(p)
	}
	if p.Off && !old.Off {
		r.forget()
	}
	r.provide(p)
}

// Force has every exchange of a client recorded, whatever the settings, until the returned function is called, and for
// a moment longer, so that the last one's end is seen.
func (r *Recorder) Force(client netip.AddrPort) (release func()) {
	client = plainAddress(client)
	r.force(client, 1)
	return sync.OnceFunc(func() {
		time.AfterFunc(graceOfForce, func() { r.force(client, -1) })
	})
}

const graceOfForce = 2 * time.Second

func (r *Recorder) force(client netip.AddrPort, by int) {
	r.change.Lock()
	defer r.change.Unlock()
	forced := make(map[netip.AddrPort]int, len(r.forced)+1)
	for a, n := range r.forced {
		forced[a] = n
	}
	if forced[client] += by; forced[client] <= 0 {
		delete(forced, client)
	}
	r.forced = forced
	r.install(newPolicy(r.policy.Load().Settings, len(r.shards), forced))
}

// journeys are those that decisions are collected in until a request has ended.
var journeys = sync.Pool{New: func() any { return new(trace.Journey) }}

// Begin is told of each exchange before it is answered, and has its decisions collected (Exchange.Trace) if it is to be
// recorded, or would be if it failed. That costs more than many an answer: of those that come beyond Settings.Most a second
// nothing is collected, and one of them that fails is recorded with the decisions that the log names.
func (r *Recorder) Begin(x *exchange.Exchange) {
	p := r.policy.Load()
	if p.nothing || x.Trace != nil || !r.wants(p, x) {
		return
	}
	t := journeys.Get().(*trace.Journey)
	t.ID, t.Start, t.Live = x.Journey, time.Unix(0, x.Start), true
	x.Trace = t
}

// wants reports whether an exchange's decisions are to be collected.
func (r *Recorder) wants(p *policy, x *exchange.Exchange) bool {
	switch {
	case p.forces(x.Peer.Remote):
		return true
	case p.Off, p.early && !p.when.begun(x):
		return false
	case p.Most == 0, p.Failures, p.late:
		return true // which ones are recorded is not known before the end
	case p.sampled(uint64(x.Journey)):
		return r.pace.take(x.Start, p.Most)
	}
	return r.spare.take(x.Start, p.Most)
}

// End is told of each exchange when it has ended, with its decisions: its own, those of the exchange whose answer was
// remembered, or nil. The decisions are immutable, and kept.
func (r *Recorder) End(v *variables.Values, told *trace.Decisions) {
	x := v.Exchange
	t := x.Trace
	if p := r.policy.Load(); !p.nothing && (t == nil || t.Live) {
		r.end(p, v, told)
	}
	if t != nil && t.Live && !x.Detached() { // a detached one may still be written to
		x.Trace = nil
		if cap(t.Events) > usualTraceCap {
			t.Events = nil
		}
		clear(t.Events)
		t.Events = t.Events[:0]
		journeys.Put(t)
	}
}

func (r *Recorder) end(p *policy, v *variables.Values, told *trace.Decisions) {
	x := v.Exchange
	s := &r.shards[uint(x.Peer.Loop)%uint(len(r.shards))]
	o := &x.Outcome
	reasons, lines := x.Why()
	failed := o.Failure != nil || o.Status >= 500
	for _, why := range reasons {
		failed = failed || why.Kind == trace.Failed
	}
	slow := p.slow > 0 && o.Elapsed >= p.slow
	forced := p.forces(x.Peer.Remote)
	switch {
	case forced:
	case p.Off, p.Failures && !failed && !slow:
		return
	case !failed && !slow && (!p.sampled(uint64(x.Journey)) || !p.late && p.Most > 0 && x.Trace == nil): // not of the sample, or beyond the bound
		s.leftOut.Add(1)
		return
	}
	e := entry{x: x, fields: v.Fields, failed: failed, slow: slow, user: v.User}
	w := &e.way
	w.site, w.route, w.file, w.log = v.Site, v.Route, v.File, v.LogFile
	copy(w.why[:], reasons)
	copy(w.lines[:], lines)
	w.ending, w.failure, w.told = o.Ending, o.Failure, told
	if x.Refused != nil {
		w.refused = x.Refused.Reason
	}
	if !forced {
		if p.when != nil && !p.when.ended(p, x, w, v.User, o.Elapsed, failed, slow) || // the pace is asked last: it counts
			!failed && !slow && p.late && p.Most > 0 && !r.pace.take(x.Start+o.Elapsed, p.Most) {
			s.leftOut.Add(1)
			return
		}
	}
	if told != nil && told.Size > p.shape.beside/2 {
		w.told = nil
	}
	if e.fields != nil {
		block, _ := x.Answer()
		e.lasting = block != nil && block.Fields() == e.fields
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 2 { // a chunk that has no room is full; the next one is empty
		if s.w.c == nil && !r.next(s) {
			break
		}
		if s.w.put(p, &e) {
			x.Peer.Recorded = true
			s.recorded++
			s.w.ask(x.Peer, x.Start+o.Elapsed, false)
			return
		}
		r.seal(s)
	}
	s.leftOut.Add(1)
}

// ConnectionEnded is told of each connection's end. The Peer is the one that its exchanges had.
func (r *Recorder) ConnectionEnded(p *exchange.Peer, why *trace.Reason) {
	if !p.Recorded {
		return
	}
	now := time.Now().UnixNano()
	s := &r.shards[uint(p.Loop)%uint(len(r.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w.c != nil && !s.w.fits(&way{}) {
		r.seal(s)
	}
	if s.w.c == nil && !r.next(s) {
		return
	}
	s.w.ask(p, now, true)
	c := &s.w.c.conns[s.w.conn(p)]
	c.ended, c.why = now, why
}

// seal puts the shard's chunk aside for the collector. The shard's lock is held.
func (r *Recorder) seal(s *shard) {
	s.full = append(s.full, s.w.c)
	s.w.begin(nil)
	r.wake()
}

// next gives the shard a chunk, unless there is none: then the collector has not kept up. The shard's lock is held.
func (r *Recorder) next(s *shard) bool {
	r.freeMu.Lock()
	defer r.freeMu.Unlock()
	last := len(r.free) - 1
	if last < 0 {
		return false
	}
	s.w.begin(r.free[last])
	s.w.most = r.policy.Load().shape.beside
	r.free = r.free[:last]
	return true
}

// wake wakes the collector.
func (r *Recorder) wake() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// Stats is how much is recorded.
type Stats struct {
	Settings Settings
	Journeys int
	Bytes    int64     // of memory, with what is kept for longer
	Limit    int64     // of Bytes
	Oldest   time.Time // the beginning of the oldest of the last journeys
	Recorded uint64    // since the recorder was made
	LeftOut  uint64    // by sampling, conditions and the bound a second, and where the loops were faster than the collector
	Mode     string    // what is recorded, in words
}

// Stats is how much is recorded at the moment.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	r.collect(true)
	p := r.policy.Load()
	out := Stats{Settings: p.Settings, Limit: p.shape.most(), Mode: p.mode()}
	out.Bytes, out.Journeys, out.Oldest = r.bytes(), r.ring.records(), r.ring.oldest()
	r.mu.Unlock()
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		out.Recorded += s.recorded
		s.mu.Unlock()
		out.LeftOut += s.leftOut.Load()
	}
	return out
}

// Close ends what the recorder does by itself, and every Follow. What was recorded can still be read.
func (r *Recorder) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		r.collect(true) // what ended before is still told
		r.tell()
		for _, f := range r.followers {
			close(f.batches)
		}
		r.followers, r.fresh = nil, nil
		close(r.stop)
	}
	r.mu.Unlock()
	<-r.done
}
