package frames

import (
	"math"
	"slices"
	"strings"
	"time"

	"vitrine/stack/tcp/segment"
)

// conversation follows the two streams of a connection through its frames, in the order in which they passed. Index 0 is
// what the peer sent, 1 what we sent. Positions are of a stream's bytes, from 0; the numbers that people see are one more,
// since the SYN has the first one (RFC 9293 §3.4).
type conversation struct {
	q      *Query
	ranges bool // the query asks for some
	side   [2]stream
	scaled bool // both SYNs were seen, and both scale windows
	active int  // who sent the first SYN; -1: not known
}

type stream struct {
	isn   segment.Number
	known bool
	// asked is the range of the query.
	from, to int64
	name     string // "request" or "response"

	any    bool
	at     int64 // relative number of the latest segment, from which the next is told apart modulo 2³²
	end    int64 // beyond the largest that was sent
	seen   spans
	fin    int64 // relative number of the FIN; -1: none
	ack    int64 // the last acknowledgement that this side sent; -1: none
	window int
	scale  int8 // -1: none
	syn    bool
}

func newConversation(q *Query, run []found) *conversation {
	c := &conversation{q: q, active: -1}
	isn, known := firstNumbers(run)
	if q.Sequences {
		isn, known = [2]segment.Number{segment.Number(q.IRS), segment.Number(q.ISS)}, [2]bool{true, true}
	}
	for d := range c.side {
		c.side[d] = stream{isn: isn[d], known: known[d], fin: -1, ack: -1, scale: -1, window: -1}
	}
	r, s := &c.side[0], &c.side[1]
	r.name, r.from, r.to = "request", q.RequestAt, q.RequestEnd
	s.name, s.from, s.to = "response", q.ResponseAt, q.ResponseEnd
	c.ranges = r.to > r.from || s.to > s.from
	var scale [2]int8
	var syn [2]bool
	for i := range run {
		if f := &run[i]; f.kind == "tcp" && f.segment.Flags&segment.SYN != 0 {
			scale[f.side()], syn[f.side()] = f.segment.Scale, true
			if c.active < 0 && f.segment.Flags&segment.ACK == 0 {
				c.active = f.side()
			}
		}
	}
	c.scaled = syn[0] && syn[1] && scale[0] >= 0 && scale[1] >= 0
	r.scale, s.scale = scale[0], scale[1]
	return c
}

// tell makes frames for people of what was found. Their Data is what the ring lends.
func (c *conversation) tell(run []found) []Frame {
	all := make([]Frame, len(run))
	for i := range run {
		r, f := &run[i], &all[i]
		*f = Frame{At: time.Unix(0, r.at), Queue: r.queue, Serial: r.serial, Seq: -1, Ack: -1}
		if r.what == recordChange {
			c.change(f, r)
			continue
		}
		f.Out, f.Bytes, f.Pieces, f.Piece = r.what == recordOut, r.whole, r.pieces, r.piece
		f.Data, f.Kind, f.Head = r.data, r.kind, min(r.head, len(r.data))
		switch {
		case r.kind == "tcp":
			c.segment(f, r)
		case r.quotes:
			c.complaint(f, r)
		default:
			f.Own, f.Text = true, neighborText(r)
		}
	}
	return all
}

// change is a change of the connection's state.
func (c *conversation) change(f *Frame, r *found) {
	f.Kind, f.Own, f.Why = "state", true, r.why
	f.From, f.To = stateName(r.from), stateName(r.to)
	f.Text = changeText(r)
}

// near is the number with the low 32 bits of n that is nearest to another one.
func near(n segment.Number, other int64) int64 {
	return other + int64(int32(uint32(n)-uint32(other)))
}

// follow gives the relative numbers of a segment.
func (c *conversation) follow(d int, s *segment.Segment) (seq, ack int64) {
	seq, ack = -1, -1
	me, peer := &c.side[d], &c.side[1-d]
	if me.known {
		hint := me.at
		if !me.any && s.Flags&segment.SYN == 0 {
			hint = me.from // of a connection whose beginning is forgotten
		}
		seq = near(s.Seq-me.isn, hint)
		if s.Flags&segment.SYN != 0 {
			seq = 0
		}
		if seq >= 0 && s.Flags&segment.RST == 0 {
			me.any, me.at = true, seq
		}
	}
	if peer.known && s.Flags&segment.ACK != 0 {
		hint := peer.end
		if !peer.any && me.ack < 0 {
			hint = peer.from
		} else if me.ack >= 0 {
			hint = me.ack
		}
		if ack = near(s.Ack-peer.isn, hint); ack < 0 {
			ack = -1
		}
	}
	return max(seq, -1), ack
}

// segment tells of a segment.
func (c *conversation) segment(f *Frame, r *found) {
	s, d := &r.segment, r.side()
	me, peer := &c.side[d], &c.side[1-d]
	f.Seq, f.Ack = c.follow(d, s)
	f.Len = r.length
	f.Flags = flagNames(s.Flags)
	f.Window = int(s.Window)
	if c.scaled && s.Flags&segment.SYN == 0 {
		f.Window <<= me.scale
	}
	f.Options = c.options(d, s)
	m := moment{c: c, me: me, peer: peer, s: s, f: f, before: me.ack, window: me.window}

	if f.Seq >= 0 && s.Flags&segment.RST == 0 {
		from, to := f.Seq, f.Seq+int64(f.Len)
		if s.Flags&segment.SYN != 0 {
			to++
		}
		if s.Flags&segment.FIN != 0 {
			me.fin = to
			to++
		}
		// RFC 9293 §3.8.4: a keep-alive probe has a number that was acknowledged already, and at most one byte of rubbish.
		m.probe = from == me.end-1 && f.Len <= 1 && s.Flags&(segment.SYN|segment.FIN) == 0 && peer.ack >= me.end
		f.Again = to > from && !m.probe && (me.seen.covers(from, to) || f.Out && from < me.end)
		if to > from && !m.probe {
			me.seen.add(from, to)
			me.end = max(me.end, to)
		}
	}
	if f.Ack >= 0 && s.Flags&segment.RST == 0 {
		me.ack = max(me.ack, f.Ack)
	}
	me.window = f.Window
	f.Text = m.text()
	f.Own = m.own()
}

// moment is a segment with what was known when it passed.
type moment struct {
	c        *conversation
	me, peer *stream
	s        *segment.Segment
	f        *Frame
	before   int64 // the last acknowledgement of this side before; -1: none
	window   int   // of this side before; -1: none
	probe    bool
}

// payload is the segment's place in its stream; false: it has none, or the place is not known.
func (m *moment) payload() (from, to int64, ok bool) {
	if m.f.Len == 0 || m.f.Seq < 0 || m.probe {
		return 0, 0, false
	}
	from = m.f.Seq - 1
	if m.s.Flags&segment.SYN != 0 {
		from = 0
	}
	return from, from + int64(m.f.Len), true
}

// own reports whether the frame is of the query's request or response, or of the connection's beginning or end.
func (m *moment) own() bool {
	if m.s.Flags&(segment.SYN|segment.FIN|segment.RST) != 0 || !m.c.ranges {
		return true
	}
	from, to, ok := m.payload()
	if m.f.Len > 0 {
		return !ok || from < m.me.to && to > m.me.from
	}
	if m.f.Ack < 0 {
		return m.f.Seq < 0 // nothing is known of it, so it may be
	}
	// RFC 9293 §3.4: what is acknowledged are the numbers before; the first one is the SYN's.
	position := m.f.Ack - 1
	return position == 0 && m.before < 1 || m.acksFIN() || position > m.peer.from && (position <= m.peer.to || m.before-1 < m.peer.to) ||
		m.f.Ack == m.before && position > m.peer.from && position <= m.peer.to
}

func (m *moment) acksFIN() bool {
	return m.peer.fin >= 0 && m.f.Ack > m.peer.fin && m.before <= m.peer.fin
}

// complaint tells of an ICMP error about a segment of the connection.
func (c *conversation) complaint(f *Frame, r *found) {
	f.Own = true
	d := 0
	if r.quoted.Src == c.q.Local.Addr() && r.quoted.SrcPort == c.q.Local.Port() {
		d = 1
	}
	at := int64(math.MinInt64)
	if s := &c.side[d]; s.known {
		at = near(segment.Number(r.quoted.Seq)-s.isn, s.end)
	}
	f.Text = complaintText(r, d == 1, at)
}

// flagNames are the names of flags as RFC 9293 §3.1 has them, the telling ones first.
func flagNames(v segment.Flags) string {
	var names []string
	for _, n := range [...]struct {
		flag segment.Flags
		name string
	}{{segment.SYN, "SYN"}, {segment.FIN, "FIN"}, {segment.RST, "RST"}, {segment.PSH, "PSH"}, {segment.ACK, "ACK"},
		{segment.URG, "URG"}, {segment.ECE, "ECE"}, {segment.CWR, "CWR"}} {
		if v.Has(n.flag) {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, " ")
}

// spans are ranges of numbers, in order and apart from each other.
type spans []span

type span struct{ from, to int64 }

// mostSpans bounds the ranges that are remembered; a stream without many gaps has one.
const mostSpans = 256

func (s spans) covers(from, to int64) bool {
	for _, x := range s {
		if x.from <= from && to <= x.to {
			return true
		}
	}
	return false
}

func (s *spans) add(from, to int64) {
	i := slices.IndexFunc(*s, func(x span) bool { return x.to >= from })
	if i < 0 {
		i = len(*s)
	}
	j := i
	for ; j < len(*s) && (*s)[j].from <= to; j++ {
		from, to = min(from, (*s)[j].from), max(to, (*s)[j].to)
	}
	*s = slices.Replace(*s, i, j, span{from, to})
	if len(*s) > mostSpans {
		*s = (*s)[len(*s)-mostSpans:]
	}
}
