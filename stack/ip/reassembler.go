package ip

import (
	"bytes"
	"net/netip"
	"slices"

	"vitrine/trace"
)

// Key says which fragments belong together (RFC 791 §3.2, RFC 8200 §4.5). Protocol is 0 in IPv6, where it is no part of it.
type Key struct {
	Src, Dst netip.Addr
	ID       uint32
	Protocol uint8
}

// ReassemblyLimits bounds what fragments may cost. Zero values mean the defaults.
type ReassemblyLimits struct {
	Bytes     int   // held in all, counting fragmentCost for each fragment: 1 MiB
	Datagrams int   // incomplete at the same time: 256
	PerSource int   // of these, from one address: 16
	Fragments int   // of one datagram: 128, enough for 64 KiB in pieces of 576 bytes
	Timeout   int64 // nanoseconds from the first fragment that arrives: 30 s, as Linux; IPv6 wants 60 s (RFC 8200 §4.5)
}

// fragmentCost is what a fragment is taken to cost besides its bytes, so that many tiny ones are not cheap.
const fragmentCost = 64

func (l ReassemblyLimits) defaults() ReassemblyLimits {
	or := func(v, d int) int {
		if v > 0 {
			return v
		}
		return d
	}
	l.Bytes = or(l.Bytes, 1<<20)
	l.Datagrams = or(l.Datagrams, 256)
	l.PerSource = or(l.PerSource, 16)
	l.Fragments = or(l.Fragments, 128)
	if l.Timeout <= 0 {
		l.Timeout = 30e9
	}
	return l
}

// Reassembler puts fragments together again. A datagram is returned when every byte of it is there, exactly once. Two
// fragments that overlap without being the same end the whole datagram, also for what still comes of it (RFC 5722 §4,
// RFC 8200 §4.5, and for IPv4 too: no sender makes overlaps but to deceive). The time-out counts from the first fragment
// that arrived and is never prolonged.
//
// When a limit is reached, the oldest datagram (of the same source, for that limit) has to go. Fragments are copied; the
// memory is given back with the datagram. It is pure and belongs to one goroutine. ECN marks are not merged (RFC 3168 §5.3).
type Reassembler struct {
	limits  ReassemblyLimits
	table   map[Key]*partial
	sources map[netip.Addr]int
	oldest  *partial // list in order of arrival, which is the order of expiry
	newest  *partial
	bytes   int
	out     []byte    // the datagram returned last
	expired []Expired // what Advance returned last
}

// partial is a datagram of which something is missing.
type partial struct {
	key        Key
	expires    int64
	prev, next *partial
	pieces     []piece // in order, without overlaps
	have       int     // bytes of payload that are there
	total      int     // bytes of the whole payload; -1 while the last fragment is missing
	cost       int
	header     []byte // of the fragment at offset 0
	ended      bool   // overlapped: what still comes is dropped
}

type piece struct {
	offset int
	data   []byte
}

func (p piece) end() int { return p.offset + len(p.data) }

// NewReassembler makes an empty one; use one for each version of IP.
func NewReassembler(l ReassemblyLimits) *Reassembler {
	return &Reassembler{limits: l.defaults(), table: make(map[Key]*partial), sources: make(map[netip.Addr]int)}
}

// Add takes a fragment: payload has its place at offset of the whole, more says that it is not the last one, and header
// is everything before it in its packet, with the fragment's own fields. When the datagram is complete, it is returned as
// the first fragment's header followed by the whole payload: the caller (ipv4.Reassemble, ipv6.Reassemble) mends the
// header. It is valid until the next Add. A Reason says why the fragment was dropped.
func (r *Reassembler) Add(now int64, k Key, offset int, more bool, payload, header []byte) (datagram []byte, done bool, why *trace.Reason) {
	end := offset + len(payload)
	switch {
	case offset < 0 || end > MaxPacket:
		// The "ping of death": what does not fit any packet would not fit any buffer.
		return nil, false, ReasonFragmentBeyond.Reach()
	case len(payload) == 0:
		return nil, false, reasonFragmentEmpty.Reach()
	case more && len(payload)%8 != 0:
		return nil, false, ReasonFragmentUneven.Reach()
	}
	d := r.table[k]
	if d == nil {
		d = r.begin(now, k)
	}
	if d.ended {
		return nil, false, reasonFragmentOverlap.Reach()
	}

	at, same, overlap := d.place(offset, payload)
	switch {
	case same && more == (d.total != end):
		return nil, false, reasonFragmentAgain.Reach()
	case overlap || same, // the same bytes, but once they are the last ones and once not
		d.total >= 0 && (end > d.total || !more && end != d.total),
		!more && d.reach() > end:
		r.end(d)
		return nil, false, reasonFragmentOverlap.Reach()
	case len(d.pieces) >= r.limits.Fragments:
		r.end(d)
		return nil, false, reasonFragmentMany.Reach()
	}

	p := piece{offset, bytes.Clone(payload)}
	d.pieces = slices.Insert(d.pieces, at, p)
	d.have += len(payload)
	r.charge(d, len(payload)+fragmentCost)
	if offset == 0 {
		d.header = bytes.Clone(header)
		r.charge(d, len(header))
	}
	if !more {
		d.total = end
	}
	if d.have == d.total {
		datagram = append(r.out[:0], d.header...)
		for _, p := range d.pieces {
			datagram = append(datagram, p.data...)
		}
		r.out = datagram
		r.remove(d)
		return datagram, true, nil
	}
	for r.bytes > r.limits.Bytes {
		why := reasonFragmentMemory.Reach()
		gone := r.oldest
		r.remove(gone)
		if gone == d {
			return nil, false, why
		}
	}
	return nil, false, nil
}

// begin makes room for a datagram and starts its time.
func (r *Reassembler) begin(now int64, k Key) *partial {
	if r.sources[k.Src] >= r.limits.PerSource {
		for d := r.oldest; d != nil; d = d.next {
			if d.key.Src == k.Src {
				reasonFragmentSource.Reach()
				r.remove(d)
				break
			}
		}
	}
	if len(r.table) >= r.limits.Datagrams {
		reasonFragmentMemory.Reach()
		r.remove(r.oldest)
	}
	d := &partial{key: k, expires: now + r.limits.Timeout, total: -1, prev: r.newest}
	if r.newest != nil {
		r.newest.next = d
	} else {
		r.oldest = d
	}
	r.newest = d
	r.table[k] = d
	r.sources[k.Src]++
	r.charge(d, fragmentCost)
	return d
}

// place finds where a fragment belongs among the pieces, whether it is one that is there already, byte for byte, and
// whether it overlaps one.
func (d *partial) place(offset int, payload []byte) (at int, same, overlap bool) {
	at, found := slices.BinarySearchFunc(d.pieces, offset, func(p piece, o int) int { return p.offset - o })
	if found && bytes.Equal(d.pieces[at].data, payload) {
		return at, true, false
	}
	overlap = at > 0 && d.pieces[at-1].end() > offset ||
		at < len(d.pieces) && d.pieces[at].offset < offset+len(payload)
	return at, false, overlap
}

// reach is the end of the last piece that is there.
func (d *partial) reach() int {
	if n := len(d.pieces); n > 0 {
		return d.pieces[n-1].end()
	}
	return 0
}

// charge books memory on a datagram.
func (r *Reassembler) charge(d *partial, n int) {
	d.cost += n
	r.bytes += n
}

// end gives a datagram's bytes back but remembers its key until the time-out, so that it cannot begin anew.
func (r *Reassembler) end(d *partial) {
	d.ended = true
	d.pieces, d.header = nil, nil
	r.charge(d, fragmentCost-d.cost)
}

func (r *Reassembler) remove(d *partial) {
	if d.prev != nil {
		d.prev.next = d.next
	} else {
		r.oldest = d.next
	}
	if d.next != nil {
		d.next.prev = d.prev
	} else {
		r.newest = d.prev
	}
	delete(r.table, d.key)
	if r.sources[d.key.Src]--; r.sources[d.key.Src] == 0 {
		delete(r.sources, d.key.Src)
	}
	r.charge(d, -d.cost)
}

// Expired is a datagram that was not completed in time. First is the first fragment as it came, header and payload, to be
// quoted in an ICMP time exceeded; it is nil when that fragment never arrived (or the datagram was ended by an overlap),
// and then there must be no message (RFC 792, RFC 1122 §3.3.2, RFC 8200 §4.5).
type Expired struct {
	Key   Key
	First []byte
	Why   *trace.Reason
}

// Advance gives up the datagrams whose time is over. The result is valid until the next call.
func (r *Reassembler) Advance(now int64) []Expired {
	clear(r.expired)
	r.expired = r.expired[:0]
	for r.oldest != nil && r.oldest.expires <= now {
		d := r.oldest
		x := Expired{Key: d.key, Why: reasonFragmentTimeout.Reach()}
		if d.header != nil {
			x.First = append(slices.Clip(d.header), d.pieces[0].data...)
		}
		r.expired = append(r.expired, x)
		r.remove(d)
	}
	return r.expired
}

// Deadline is when Advance has something to do; 0: never.
func (r *Reassembler) Deadline() int64 {
	if r.oldest == nil {
		return 0
	}
	return r.oldest.expires
}

// Held is how many incomplete datagrams there are and what they cost, in bytes.
func (r *Reassembler) Held() (datagrams, bytes int) { return len(r.table), r.bytes }
