package recovery

import (
	"unsafe"

	"vitrine/stack/tcp/segment"
)

// What became of a range that is in flight.
const (
	sacked uint8 = 1 << iota // selectively acknowledged; then none of the others is set
	lost                     // taken for lost
	again                    // transmitted again since, and that one is thought to be under way
	ever                     // transmitted again at some time
)

const recordSize = int(unsafe.Sizeof(record{}))

// record is a range that shares its fate and the moment of its last transmission.
type record struct {
	sent       int64
	start, end segment.Number
	segs       uint32 // segments in it
	flags      uint8
}

func (r *record) len() int32 { return r.end.Sub(r.start) }

// pending: lost, and not transmitted again yet.
func (r *record) pending() bool { return r.flags&(lost|again) == lost }

// scoreboard is every range between una and nxt in order and without gaps, in a window buf[head:head+n] of an array, so
// that acknowledging from the front and adding at the end cost nothing, and looking up is a binary search.
type scoreboard struct {
	small [6]record // the flight of a small answer needs no array
	buf   []record  // nil: small is used
	head  int
	n     int
	mss   int32
	limit int // records at most

	// Bytes in a state that counts. Those in none of them are in flight once.
	sacked  int32
	pending int32 // lost, not transmitted again: not in flight
	doubled int32 // transmitted again and not taken for lost: in flight twice
	segs    int   // segments in records that are selectively acknowledged
}

func (b *scoreboard) array() []record {
	if b.buf == nil {
		return b.small[:]
	}
	return b.buf
}

func (b *scoreboard) at(i int) *record { return &b.array()[b.head+i] }

// all is the records in order; it is valid until one is added, split or removed.
func (b *scoreboard) all() []record { return b.array()[b.head : b.head+b.n] }

// inFlight is how much of outstanding bytes is thought to be in the network (RFC 6675 §4, SetPipe).
func (b *scoreboard) inFlight(outstanding int32) int32 {
	return outstanding - b.sacked - b.pending + b.doubled
}

// count adds the record to what is counted (sign 1) or takes it away (sign -1).
func (b *scoreboard) count(r *record, sign int32) {
	n := sign * r.len()
	switch r.flags & (sacked | lost | again) {
	case lost:
		b.pending += n
	case again:
		b.doubled += n
	case 0, lost | again:
	default:
		b.sacked += n
		b.segs += int(sign) * int(r.segs)
	}
}

// find is the index of the record that holds q, which lies between the first and the last; n when it is beyond.
func (b *scoreboard) find(q segment.Number) int {
	all := b.all()
	lo, hi := 0, len(all)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if all[mid].end.LessEq(q) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (b *scoreboard) pieces(n int32) uint32 { return uint32((n + b.mss - 1) / b.mss) }

// add appends [start,end), transmitted now. What leaves in the same moment in whole segments becomes one record. Beyond
// the limit everything does: then its beginning is known to have been sent later than it was, which delays its repair.
func (b *scoreboard) add(p *Pool, now int64, start, end segment.Number) {
	if b.n > 0 {
		last := b.at(b.n - 1)
		if last.flags == 0 && (last.sent == now && last.len()%b.mss == 0 || b.n >= b.limit) {
			last.end, last.sent = end, now
			last.segs = b.pieces(last.len())
			return
		}
	}
	b.room(p)
	b.n++
	*b.at(b.n - 1) = record{sent: now, start: start, end: end, segs: b.pieces(end.Sub(start))}
}

// room makes sure that there is space behind the last record.
func (b *scoreboard) room(p *Pool) {
	a := b.array()
	if b.head+b.n < len(a) {
		return
	}
	if b.head > len(a)/4 { // a quarter was acknowledged since the last time: moving is paid for
		copy(a, a[b.head:b.head+b.n])
		b.head = 0
		return
	}
	bigger := p.array(2 * len(a))
	copy(bigger, a[b.head:b.head+b.n])
	p.put(b.buf)
	b.buf, b.head = bigger, 0
}

// split cuts record i at q, which lies inside it, so that q begins record i+1.
func (b *scoreboard) split(p *Pool, i int, q segment.Number) {
	if b.head > 0 && i < b.n/2 { // fewer in front
		a := b.array()
		copy(a[b.head-1:], a[b.head:b.head+i+1])
		b.head--
		b.n++
	} else {
		b.room(p)
		a := b.array()
		copy(a[b.head+i+1:b.head+b.n+1], a[b.head+i:b.head+b.n])
		b.n++
	}
	left, right := b.at(i), b.at(i+1)
	b.count(left, -1)
	left.end, right.start = q, q
	left.segs, right.segs = b.pieces(left.len()), b.pieces(right.len())
	b.count(left, 1)
	b.count(right, 1)
}

// remove takes records [i,j) out. They are not counted any more.
func (b *scoreboard) remove(i, j int) {
	if i >= j {
		return
	}
	a := b.array()
	if i < b.n-j {
		copy(a[b.head+j-i:], a[b.head:b.head+i])
		b.head += j - i
	} else {
		copy(a[b.head+i:], a[b.head+j:b.head+b.n])
	}
	b.n -= j - i
}

// acknowledge takes everything before una out.
func (b *scoreboard) acknowledge(una segment.Number, d *delivery) {
	for b.n > 0 {
		r := b.at(0)
		if una.LessEq(r.start) {
			return
		}
		b.count(r, -1)
		part := *r
		if una.Less(r.end) {
			part.end = una
		}
		if part.flags&ever != 0 {
			d.again, d.repeated = true, true
			if d.acked == 0 {
				d.resent = part.sent
			}
		}
		d.acked += int(part.len())
		if part.flags&sacked == 0 {
			d.take(&part)
			d.cumulative(&part)
		}
		if una.Less(r.end) {
			r.start = una
			r.segs = b.pieces(r.len())
			b.count(r, 1)
			return
		}
		b.head++
		b.n--
	}
	b.head = 0
}

// acknowledgeRange marks [start,end), which lies inside the flight, as selectively acknowledged. It reports false when a
// part of a record would have to be cut off and there are too many records already: only whole ones count then, as they
// do in Linux.
func (b *scoreboard) acknowledgeRange(p *Pool, start, end segment.Number, limit int, d *delivery) bool {
	whole := true
	i := b.find(start)
	if r := b.at(i); r.flags&sacked != 0 {
		if end.LessEq(r.end) {
			return true // known
		}
	} else if r.start.Less(start) {
		if b.n < limit {
			b.split(p, i, start)
		} else {
			whole = false
		}
		i++
	}
	j, fresh := i, 0
	for ; j < b.n; j++ {
		r := b.at(j)
		if end.LessEq(r.start) {
			break
		}
		if r.flags&sacked != 0 {
			continue
		}
		if end.Less(r.end) {
			if b.n >= limit {
				whole = false
				break
			}
			b.split(p, j, end)
			r = b.at(j)
		}
		d.take(r)
		d.selective(r)
		b.count(r, -1)
		r.flags = sacked | r.flags&ever
		b.count(r, 1)
		fresh++
	}
	if fresh == 0 {
		return whole
	}
	// One record for all that is acknowledged without a gap: what was repaired costs nothing any more.
	if i > 0 && b.at(i-1).flags&sacked != 0 {
		i--
	}
	if j < b.n && b.at(j).flags&sacked != 0 {
		j++
	}
	first := b.at(i)
	for k := i + 1; k < j; k++ {
		r := b.at(k)
		first.end = r.end
		first.sent = max(first.sent, r.sent)
		first.segs += r.segs
		first.flags |= r.flags & ever
	}
	b.remove(i+1, j)
	return whole
}

// repeat says that [start,end) was transmitted again now. What is acknowledged selectively stays so.
func (b *scoreboard) repeat(p *Pool, now int64, start, end segment.Number) {
	i := b.find(start)
	if i < b.n && b.at(i).start.Less(start) && b.n < b.limit {
		b.split(p, i, start)
		i++
	}
	for ; i < b.n && b.at(i).start.Less(end); i++ {
		r := b.at(i)
		if r.flags&sacked != 0 {
			continue
		}
		if end.Less(r.end) && b.n < b.limit {
			b.split(p, i, end)
			r = b.at(i)
		}
		b.count(r, -1)
		r.flags |= again | ever
		r.sent = now
		b.count(r, 1)
		if i > 0 { // what was sent piece by piece in one moment is one record again
			if before := b.at(i - 1); before.flags == r.flags && before.sent == now && before.len()%b.mss == 0 {
				r.start = before.start
				r.segs += before.segs
				b.remove(i-1, i)
				i--
			}
		}
	}
}

// lose takes record i for lost, and its retransmission too when there was one.
func (b *scoreboard) lose(i int) {
	r := b.at(i)
	b.count(r, -1)
	r.flags = r.flags&^again | lost
	b.count(r, 1)
}

// found takes back that anything is lost.
func (b *scoreboard) found() {
	for i := range b.all() {
		if r := b.at(i); r.flags&lost != 0 {
			b.count(r, -1)
			r.flags &^= lost
			b.count(r, 1)
		}
	}
}

// renege forgets every selective acknowledgement and takes everything for lost (RFC 2018 §8).
func (b *scoreboard) renege() {
	for i := range b.all() {
		r := b.at(i)
		b.count(r, -1)
		r.flags = r.flags&ever | lost
		b.count(r, 1)
	}
}
