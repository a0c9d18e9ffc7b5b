package stack

import (
	"vitrine/stack/tcp"
)

// timeWaits holds what is left of connections in TIME_WAIT: records in pages without pointers, found by an open-addressing
// index and kept in the order in which they end.
type timeWaits struct {
	pages  []*[waitPage]waiting
	free   uint32 // 1 + the first free record, linked by next; 0: none
	index  []uint32
	used   int
	oldest uint32 // 1 + record
	newest uint32
}

// waiting is one record. With its share of the index it is at most 128 bytes.
type waiting struct {
	tuple      tuple
	hash       uint32
	prev, next uint32 // 1 + record, in order of expiry
	wait       tcp.TimeWait
}

const waitPage = 256

func (w *timeWaits) at(i uint32) *waiting { return &w.pages[(i-1)/waitPage][(i-1)%waitPage] }

// find is 1 + the record of a four-tuple, or 0.
func (w *timeWaits) find(t *tuple, hash uint32) uint32 {
	if w.used == 0 {
		return 0
	}
	mask := uint32(len(w.index) - 1)
	for i := hash >> 1 & mask; w.index[i] != 0; i = (i + 1) & mask {
		if r := w.at(w.index[i]); r.hash == hash && r.tuple == *t {
			return w.index[i]
		}
	}
	return 0
}

func (w *timeWaits) add(t *tuple, hash uint32, wait tcp.TimeWait) {
	if (w.used+1)*4 > len(w.index)*3 {
		w.resize(max(leastTable, 2*len(w.index)))
	}
	if w.free == 0 {
		first := uint32(len(w.pages)*waitPage) + 1
		w.pages = append(w.pages, new([waitPage]waiting))
		for i := range uint32(waitPage) - 1 {
			w.at(first + i).next = first + i + 1
		}
		w.free = first
	}
	i := w.free
	r := w.at(i)
	w.free = r.next
	*r = waiting{tuple: *t, hash: hash, wait: wait}
	w.append(i, r)
	w.place(i, hash)
	w.used++
}

func (w *timeWaits) append(i uint32, r *waiting) {
	r.prev, r.next = w.newest, 0
	if w.newest != 0 {
		w.at(w.newest).next = i
	} else {
		w.oldest = i
	}
	w.newest = i
}

func (w *timeWaits) unlink(r *waiting) {
	if r.prev != 0 {
		w.at(r.prev).next = r.next
	} else {
		w.oldest = r.next
	}
	if r.next != 0 {
		w.at(r.next).prev = r.prev
	} else {
		w.newest = r.prev
	}
}

func (w *timeWaits) place(i, hash uint32) {
	mask := uint32(len(w.index) - 1)
	at := hash >> 1 & mask
	for w.index[at] != 0 {
		at = (at + 1) & mask
	}
	w.index[at] = i
}

func (w *timeWaits) remove(n uint32) {
	r := w.at(n)
	mask := uint32(len(w.index) - 1)
	i := r.hash >> 1 & mask
	for w.index[i] != n {
		i = (i + 1) & mask
	}
	for j := (i + 1) & mask; w.index[j] != 0; j = (j + 1) & mask {
		home := w.at(w.index[j]).hash >> 1 & mask
		if (j-home)&mask >= (j-i)&mask {
			w.index[i] = w.index[j]
			i = j
		}
	}
	w.index[i] = 0
	w.unlink(r)
	*r = waiting{next: w.free}
	w.free = n
	if w.used--; w.used == 0 {
		*w = timeWaits{}
	} else if len(w.index) > leastTable && w.used*8 < len(w.index) {
		w.resize(len(w.index) / 2)
	}
}

func (w *timeWaits) resize(n int) {
	w.index = make([]uint32, n)
	for i := w.oldest; i != 0; i = w.at(i).next {
		w.place(i, w.at(i).hash)
	}
}

// renew puts a record whose time began anew behind the others.
func (w *timeWaits) renew(n uint32) {
	r := w.at(n)
	w.unlink(r)
	w.append(n, r)
}

// expire forgets the records whose time is over and gives their four-tuples to f.
func (w *timeWaits) expire(now int64, f func(*tuple)) {
	for w.oldest != 0 {
		r := w.at(w.oldest)
		if r.wait.Expires() > now {
			return
		}
		t := r.tuple
		w.remove(w.oldest)
		f(&t)
	}
}

// deadline is when the oldest record ends; 0: there is none.
func (w *timeWaits) deadline() int64 {
	if w.oldest == 0 {
		return 0
	}
	return w.at(w.oldest).wait.Expires()
}

func (w *timeWaits) each(f func(*waiting)) {
	for i := w.oldest; i != 0; i = w.at(i).next {
		f(w.at(i))
	}
}
