package recovery

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"vitrine/stack/tcp/segment"
)

// path is a link in one direction and the way back, which only delays.
type path struct {
	delay   int64   // one way
	rate    float64 // bits a second; 0: infinite
	queue   int     // bytes that wait for the link at most; 0: without end
	loss    float64
	reorder float64 // share of segments that are overtaken by the next three
	ackLoss float64
	batch   int64 // acknowledgements leave this late, together: the peer looks seldom, as one with receive offload does
}

// packet is a segment on its way to the receiver.
type packet struct {
	r     segment.Range
	tsval uint32
	push  bool
}

// report is an acknowledgement on its way back.
type report struct {
	una   segment.Number
	sack  [4]segment.Range
	n     int
	tsecr uint32
	dup   bool
}

type event struct {
	at    int64
	order int
	do    func(now int64)
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// receiver is a simple peer: it keeps what comes out of order, and acknowledges every second segment, or after 40 ms, or
// at once when something is missing or comes twice. A segment that is pushed is acknowledged at once too, as by Linux when
// its application reads.
type receiver struct {
	sim      *sim
	next     segment.Number
	pieces   []segment.Range // out of order, the most recent first
	recent   uint32          // TS.Recent
	lastSent segment.Number  // Last.ACK.sent
	waiting  int             // segments not acknowledged
	timer    int             // generation of the delayed acknowledgement
	leaving  int             // generation of the one that waits for others
}

func (v *receiver) receive(now int64, p packet) {
	if p.r.Start.LessEq(v.lastSent) {
		v.recent = max(v.recent, p.tsval)
	}
	var dsack segment.Range
	switch {
	case p.r.End.LessEq(v.next):
		dsack = p.r
	default:
		for _, o := range v.pieces {
			if o.Contains(p.r) {
				dsack = p.r
			}
		}
	}
	hole := len(v.pieces) > 0
	if dsack.Empty() {
		if p.r.Start.LessEq(v.next) {
			v.next = p.r.End
		} else {
			v.pieces = slices.Insert(v.pieces, 0, p.r)
		}
		v.merge()
	} else if !v.sim.dsack {
		dsack = segment.Range{}
		hole = true
	}
	if hole || len(v.pieces) > 0 || !dsack.Empty() {
		v.acknowledge(now, dsack)
		return
	}
	v.waiting++
	if v.waiting >= 2 || p.push {
		v.acknowledge(now, dsack)
		return
	}
	v.timer++
	mine := v.timer
	v.sim.at(now+40*ms, func(now int64) {
		if mine == v.timer && v.waiting > 0 {
			v.acknowledge(now, segment.Range{})
		}
	})
}

func (v *receiver) merge() {
	for again := true; again; {
		again = false
		for i := 0; i < len(v.pieces); i++ {
			p := v.pieces[i]
			if p.Start.LessEq(v.next) {
				v.next = v.next.Max(p.End)
				v.pieces = slices.Delete(v.pieces, i, i+1)
				again = true
				break
			}
			for j := i + 1; j < len(v.pieces); j++ {
				q := v.pieces[j]
				if p.Start.LessEq(q.End) && q.Start.LessEq(p.End) {
					v.pieces[i] = segment.Range{Start: p.Start.Min(q.Start), End: p.End.Max(q.End)}
					v.pieces = slices.Delete(v.pieces, j, j+1)
					again = true
					break
				}
			}
		}
	}
}

func (v *receiver) acknowledge(now int64, dsack segment.Range) {
	r := report{una: v.next, tsecr: v.recent, dup: v.next == v.lastSent && v.waiting == 0}
	v.lastSent = v.next
	v.waiting = 0
	v.timer++
	most := 4
	if v.sim.timestamps {
		most = 3
	}
	if !dsack.Empty() {
		r.sack[0], r.n = dsack, 1
	}
	for _, p := range v.pieces {
		if r.n == most {
			break
		}
		r.sack[r.n] = p
		r.n++
	}
	if v.sim.path.batch == 0 || !dsack.Empty() {
		v.sim.back(now, r)
		return
	}
	v.leaving++
	mine := v.leaving
	v.sim.at(now+v.sim.path.batch, func(now int64) {
		if mine == v.leaving { // later ones say more
			v.sim.back(now, r)
		}
	})
}

// sim is one transfer under fake time.
type sim struct {
	t          testing.TB
	rng        *rand.Rand
	path       path
	cfg        Config
	pool       Pool
	s          Sender
	peer       receiver
	timestamps bool
	sack       bool
	dsack      bool
	super      int // bytes of a super-segment at most; 0: none
	mss        int
	size       int
	window     int // the peer's

	events  events
	order   int
	free    int64 // when the link is free
	queued  int
	held    []heldPacket
	now     int64
	lastRTT int64
	sent    int
	dropped int
	check   func()
	log     func(now int64, what string, r segment.Range)
}

type heldPacket struct {
	p     packet
	after int
}

func newSim(t testing.TB, seed uint64, congestion string, p path) *sim {
	m := &sim{t: t, rng: rand.New(rand.NewPCG(seed, 7)), path: p, cfg: Default(),
		timestamps: true, sack: true, dsack: true, mss: 1448, size: 10 << 20, window: 6 << 20, now: 1e9}
	m.cfg.Congestion = congestion
	return m
}

func (m *sim) at(at int64, do func(now int64)) {
	m.order++
	heap.Push(&m.events, event{at, m.order, do})
}

// forth sends one packet over the link: queue, loss, rate, reordering, delay.
func (m *sim) forth(now int64, p packet) {
	m.sent++
	n := p.r.Len() + 66
	if m.path.queue > 0 && m.queued+n > m.path.queue {
		m.dropped++
		return
	}
	arrive := now
	if m.path.rate > 0 {
		m.queued += n
		m.free = max(m.free, now) + int64(float64(n*8)/m.path.rate*1e9)
		arrive = m.free
		m.at(arrive, func(int64) { m.queued -= n })
	}
	if m.rng.Float64() < m.path.loss {
		m.dropped++
		return
	}
	arrive += m.path.delay
	if m.rng.Float64() < m.path.reorder {
		m.at(arrive, func(int64) { m.held = append(m.held, heldPacket{p, 3}) })
		m.at(arrive+100*ms, func(now int64) { // never held for ever
			for i, h := range m.held {
				if h.p == p {
					m.held = slices.Delete(m.held, i, i+1)
					m.peer.receive(now, p)
					return
				}
			}
		})
		return
	}
	m.at(arrive, func(now int64) {
		m.peer.receive(now, p)
		for i := 0; i < len(m.held); i++ {
			if m.held[i].after--; m.held[i].after <= 0 {
				h := m.held[i]
				m.held = slices.Delete(m.held, i, i+1)
				i--
				m.peer.receive(now, h.p)
			}
		}
	})
}

func (m *sim) back(now int64, r report) {
	if m.rng.Float64() < m.path.ackLoss {
		return
	}
	m.at(now+m.path.delay, func(now int64) {
		a := Ack{Una: r.una, HasTS: m.timestamps, TSEcr: r.tsecr, Dup: r.dup && r.una == m.s.Una(), Window: m.window}
		if m.sack {
			a.SACK = r.sack[:r.n]
		}
		res := m.s.Acked(now, &a)
		if m.log != nil && res.Reason != nil {
			m.log(now, res.Reason.ID, segment.Range{Start: r.una, End: r.una})
		}
	})
}

func (m *sim) transmit(now int64, r segment.Range, push bool) {
	for start := r.Start; start.Less(r.End); {
		end := start.Add(m.mss).Min(r.End)
		m.forth(now, packet{segment.Range{Start: start, End: end}, Timestamp(now), push && end == r.End})
		start = end
	}
}

// pump sends what may be sent, as a connection does.
func (m *sim) pump(now int64, end segment.Number) {
	limit := max(m.super/m.mss*m.mss, m.mss)
	for {
		fresh := min(m.s.Allowance(), m.window-int(m.s.Nxt().Sub(m.s.Una())), int(end.Sub(m.s.Nxt())), limit)
		if fresh < m.mss && m.s.Nxt().Add(fresh) != end {
			fresh = 0
		}
		if fresh > m.mss {
			fresh -= fresh % m.mss
		}
		if r, ok := m.s.Again(limit); ok && !(m.s.Probe() && fresh > 0) {
			if m.log != nil {
				m.log(now, "again", r)
			}
			push := m.s.InFlight() == 0 || m.s.probeDue
			m.s.Sent(now, r.Start, r.End, true)
			m.transmit(now, r, push)
			continue
		}
		if fresh <= 0 {
			return
		}
		r := segment.Range{Start: m.s.Nxt(), End: m.s.Nxt().Add(fresh)}
		if m.log != nil {
			m.log(now, "new", r)
		}
		push := r.End == end || m.s.Probe() || m.s.Una() == m.s.Nxt() && m.s.Allowance() < 2*m.mss
		m.s.Sent(now, r.Start, r.End, false)
		m.transmit(now, r, push)
	}
}

// run transfers everything and returns how long it took until the last acknowledgement.
func (m *sim) run() time.Duration {
	iss := segment.Number(m.rng.Uint32())
	began := m.now
	m.s.Init(&m.cfg, &m.pool, m.now, iss, m.mss, m.sack, m.timestamps)
	m.s.Sent(m.now, iss, iss.Add(1), false)
	m.now += 2 * m.path.delay
	m.s.Acked(m.now, &Ack{Una: iss.Add(1), HasTS: m.timestamps, TSEcr: Timestamp(began)})
	m.s.Negotiated(m.mss, m.sack, m.timestamps)
	m.peer = receiver{sim: m, next: iss.Add(1), lastSent: iss.Add(1)}
	end := iss.Add(1 + m.size)
	m.pump(m.now, end)
	for m.s.Una() != end {
		deadline := m.s.Deadline()
		if len(m.events) == 0 && deadline == 0 {
			m.t.Fatalf("stuck: %+v", m.s.Info())
		}
		if len(m.events) > 0 && (deadline == 0 || m.events[0].at <= deadline) {
			e := heap.Pop(&m.events).(event)
			m.now = e.at
			e.do(m.now)
		} else {
			m.now = max(m.now, deadline)
			if why := m.s.Expire(m.now); m.log != nil && why != nil {
				m.log(m.now, why.ID, segment.Range{Start: m.s.Una(), End: m.s.Nxt()})
			}
		}
		if m.check != nil {
			m.check()
		}
		m.pump(m.now, end)
		if m.now-began > int64(time.Hour) {
			m.t.Fatalf("an hour and not done: %+v", m.s.Info())
		}
	}
	return time.Duration(m.now - began)
}
