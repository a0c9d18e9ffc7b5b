package frames

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"time"

	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

const (
	// before is how long before a query's time its connection may have begun: the handshake ends before a program has it.
	before = 10 * time.Second
	// after is for how long what a connection leaves behind is its own: the last segments, TIME_WAIT of four minutes (RFC 9293
	// §3.6.1) and its end.
	after = 5 * time.Minute
	// slack is how far a program's clock may be behind ours, which read it once for many events.
	slack = 5 * time.Millisecond
	// asked is how long before its first frame a connection's next hop was asked for.
	asked = 2 * time.Second
	// mostNeighbors bounds how many messages of ARP and neighbour discovery are looked at.
	mostNeighbors = 4096
	defaultLimit  = 1000
)

// Find is what was recorded of a connection; nil while nothing is kept. One is searched for at a time.
func (r *Recorder) Find(q Query) *Sequence {
	if r.on.Load() == nil {
		return nil
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Local, q.Remote = plain(q.Local), plain(q.Remote)
	r.search.Lock()
	defer r.search.Unlock()
	f := finder{q: &q}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !q.From.IsZero() {
		from = q.From.Add(-before - asked).UnixNano()
	}
	if !q.To.IsZero() {
		to = q.To.Add(after).UnixNano()
	}
	s := new(Sequence)
	r.mu.Lock()
	s.Adapter = r.adapter
	r.mu.Unlock()
	for i, ring := range r.rings {
		parts, reasons := ring.take(from, to)
		defer ring.giveBack(parts)
		for _, p := range parts {
			p.each(i, func(rec *record) {
				if rec.at >= from && rec.at <= to {
					f.look(rec, reasons)
				}
			})
		}
	}
	// Each queue's are in order already, and stay so.
	slices.SortStableFunc(f.found, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	run := f.choose()
	if len(run) == 0 {
		return s
	}
	run = f.withNeighbors(run)
	c := newConversation(&q, run)
	s.Frames = c.tell(run)
	for _, ring := range r.rings {
		s.LeftOut += ring.lacking(run[0].at, run[len(run)-1].at)
	}
	s.Frames, s.More = shorten(s.Frames, q.Limit)
	s.Frames = slices.Clone(s.Frames) // a long connection has many more than are told
	for i := range s.Frames {
		s.Frames[i].Data = bytes.Clone(s.Frames[i].Data)
	}
	return s
}

func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// found is a record that may be of the connection.
type found struct {
	record
	packet
	from, to tcp.State // of a change
	why      *trace.Reason
}

type finder struct {
	q         *Query
	found     []found
	neighbors []found
	p         packet
}

// look keeps a record when it may be of the connection.
func (f *finder) look(r *record, reasons []*trace.Reason) {
	if r.what == recordChange {
		if c, ok := readChange(r.data, f.q, reasons); ok {
			c.record = *r
			f.found = append(f.found, c)
		}
		return
	}
	if !f.likely(r.data) {
		return
	}
	p := &f.p
	decode(r.data, p)
	if p.between(f.q.Local, f.q.Remote, r.what == recordOut) || p.about(f.q.Local, f.q.Remote) {
		f.found = append(f.found, found{record: *r, packet: *p})
	} else if _, _, _, ok := p.neighbor(); ok && len(f.neighbors) < mostNeighbors {
		f.neighbors = append(f.neighbors, found{record: *r, packet: *p})
	}
}

// likely is a quick look that sorts out what certainly is of another connection: segments without IP options, which nearly
// all are, by their ports.
func (f *finder) likely(b []byte) bool {
	var ports []byte
	switch {
	case len(b) < 14:
		return false
	case b[12] == 8 && b[13] == 0 && len(b) >= 38 && b[14] == 0x45 && b[23] == 6:
		ports = b[34:38]
	case b[12] == 0x86 && b[13] == 0xdd && len(b) >= 58 && b[20] == 6:
		ports = b[54:58]
	default:
		return true
	}
	one, other := binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:])
	l, r := f.q.Local.Port(), f.q.Remote.Port()
	return one == l && other == r || one == r && other == l
}

// readChange reads a change of state of the connection.
func readChange(b []byte, q *Query, reasons []*trace.Reason) (c found, ok bool) {
	if len(b) < changeLen {
		return c, false
	}
	end := func(a, p int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[a:])).Unmap(), binary.LittleEndian.Uint16(b[p:]))
	}
	if end(0, 32) != q.Local || end(16, 34) != q.Remote {
		return c, false
	}
	c.from, c.to = tcp.State(b[36]), tcp.State(b[37])
	if n := int(binary.LittleEndian.Uint16(b[38:])); n > 0 && n <= len(reasons) {
		c.why = reasons[n-1]
	}
	return c, true
}

// choose is the part of what was found that is of the one connection that is meant: the same addresses and ports may have
// been those of another one before, and after.
func (f *finder) choose() []found {
	all := f.found
	if len(all) == 0 {
		return nil
	}
	bounds := append(beginnings(all), len(all))
	chosen := -1
	for i := range len(bounds) - 1 {
		run := all[bounds[i]:bounds[i+1]]
		if len(run) == 0 {
			continue
		}
		isn, known := firstNumbers(run)
		switch {
		case f.q.Sequences && (known[0] || known[1]):
			if known[0] && isn[0] == segment.Number(f.q.IRS) || known[1] && isn[1] == segment.Number(f.q.ISS) {
				return run
			}
		case i == 0 && !begins(&run[0]):
			chosen = i // the beginning is forgotten
		case f.q.From.IsZero() || run[0].at <= f.q.From.Add(slack).UnixNano():
			chosen = i
		}
	}
	if chosen < 0 {
		return nil
	}
	return all[bounds[chosen]:bounds[chosen+1]]
}

// beginnings are the places at which connections begin. Where changes of state were recorded they tell it: a connection
// leaves CLOSED, by the SYN that came before, or to send one. Otherwise a SYN with another number does.
func beginnings(all []found) (at []int) {
	at = []int{0}
	changes := slices.ContainsFunc(all, func(r found) bool { return r.what == recordChange })
	syn, last := -1, 0 // the first of the latest SYNs with one number; the last beginning
	for i := range all {
		r := &all[i]
		switch {
		case r.what == recordChange:
			if r.from != tcp.StateClosed {
				continue
			}
			start := i
			if syn >= 0 {
				start = syn
			}
			if start > last {
				at = append(at, start)
				last = start
			}
			syn = -1
		case isSyn(r) && (!changes || r.what == recordIn):
			if syn >= 0 && all[syn].segment.Seq == r.segment.Seq {
				continue
			}
			syn = i
			if !changes && i > 0 {
				at = append(at, i)
			}
		}
	}
	return at
}

// begins reports whether a connection begins with a record.
func begins(r *found) bool {
	return isSyn(r) || r.what == recordChange && r.from == tcp.StateClosed
}

func isSyn(r *found) bool {
	return r.kind == "tcp" && r.segment.Flags&(segment.SYN|segment.ACK) == segment.SYN
}

// side is 1 for what we sent, and 0 for what the peer sent.
func (r *record) side() int {
	if r.what == recordOut {
		return 1
	}
	return 0
}

// firstNumbers are the initial sequence numbers of both sides, as far as SYNs tell them.
func firstNumbers(run []found) (isn [2]segment.Number, known [2]bool) {
	for i := range run {
		r := &run[i]
		if r.kind != "tcp" || r.segment.Flags&segment.SYN == 0 {
			continue
		}
		d := r.side()
		isn[d], known[d] = r.segment.Seq, true
		if r.segment.Flags&segment.ACK != 0 && !known[1-d] {
			isn[1-d], known[1-d] = r.segment.Ack-1, true
		}
	}
	return isn, known
}

// withNeighbors adds the messages with which the next hop was asked for, or asked for us, shortly before and meanwhile.
func (f *finder) withNeighbors(run []found) []found {
	var hop [6]byte
	for i := range run {
		r := &run[i]
		if r.kind != "tcp" {
			continue
		}
		if r.what == recordOut {
			hop = r.packet.to
			break
		}
		hop = r.packet.from
	}
	since, until := run[0].at-int64(asked), run[len(run)-1].at
	var more []found
	for i := range f.neighbors {
		n := &f.neighbors[i]
		// ARP is for IPv4 and neighbor discovery for IPv6, and whoever asks without an address of its own wants one (RFC 4862 §5.4):
		// the rest of what the next hop says has nothing to do with this connection.
		if (n.kind == "arp") != f.q.Remote.Addr().Unmap().Is4() || n.kind == "icmpv6" && n.src.IsUnspecified() {
			continue
		}
		about, sender, named, _ := n.neighbor()
		mine := hop != [6]byte{} && (sender == hop || named == hop || n.packet.to == hop) || about == f.q.Remote.Addr()
		if mine && n.at >= since && n.at <= until {
			more = append(more, *n)
			continue
		}
		// A question for an address whose answer names the next hop.
		if !mine && n.what == recordOut && n.at >= since && n.at <= until && f.hopHas(about, hop) {
			more = append(more, *n)
		}
	}
	if len(more) == 0 {
		return run
	}
	run = append(more, run...)
	slices.SortStableFunc(run, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	return run
}

// hopHas reports whether somebody said that an address is at a hardware address.
func (f *finder) hopHas(a netip.Addr, hop [6]byte) bool {
	if hop == [6]byte{} {
		return false
	}
	for i := range f.neighbors {
		n := &f.neighbors[i]
		if about, sender, named, _ := n.neighbor(); about == a && n.what == recordIn && (sender == hop || named == hop) {
			return true
		}
	}
	return false
}

// shorten leaves out what is too much: first what is not the query's own, then the middle.
func shorten(all []Frame, limit int) ([]Frame, int) {
	n := len(all)
	if n <= limit {
		return all, 0
	}
	spare := n - limit
	own := all[:0]
	for i := range all {
		// The last ones stay rather than the first.
		if !all[i].Own && spare > 0 {
			spare--
			continue
		}
		own = append(own, all[i])
	}
	if len(own) > limit {
		head := limit - limit/4
		own = append(own[:head], own[len(own)-limit/4:]...)
	}
	return own, n - len(own)
}
