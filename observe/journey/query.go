package journey

import (
	"slices"
	"sort"
	"time"

	"vitrine/trace"
)

// Bounds of the snapshots that come with a journey: many with one that is asked for alone, few with one of a list.
const (
	snapshotsAlone  = 64
	snapshotsInList = 8
)

// Find is a journey by its id.
func (r *Recorder) Find(id trace.ID) (*Journey, bool) {
	all := r.views()
	defer r.giveBack(all)
	for i := range all {
		v := &all[i]
		for k := v.n - 1; k >= 0; k-- {
			if little.Uint64(record(v.arena, k)[atID:]) == uint64(id) {
				j := v.journey(k)
				join(all, []*Journey{j}, snapshotsAlone)
				return j, true
			}
		}
	}
	return nil, false
}

// Last are at most n journeys that match, the youngest first: those that began before a mark (the zero Mark: all), and
// whether there are more, which a call with the last one's Mark gives.
func (r *Recorder) Last(f *Filter, n int, before Mark) (found []*Journey, more bool) {
	if n <= 0 {
		return nil, false
	}
	m := f.compile()
	all := r.views()
	defer r.giveBack(all)
	var limit place
	if !before.IsZero() {
		limit = place{start: before.Start.UnixNano(), serial: before.Serial, id: uint64(before.ID)}
	}
	var last youngest
	var b bound
	for i := range all {
		v := &all[i]
		if v.n == 0 || !before.IsZero() && v.oldest > limit.start || len(last) > n && v.youngest < last[0].start {
			continue
		}
		b = m.bind(v, b)
		for k := v.n - 1; k >= 0; k-- {
			p := v.place(k)
			if !before.IsZero() && p.compare(&limit) >= 0 || len(last) > n && p.compare(&last[0]) < 0 || !b.match(v, k) {
				continue
			}
			last.add(p, n+1)
		}
	}
	slices.SortFunc(last, func(a, b place) int { return b.compare(&a) })
	if more = len(last) > n; more {
		last = last[:n]
	}
	found = make([]*Journey, len(last))
	for i, p := range last {
		found[i] = p.view.journey(p.i)
	}
	join(all, found, snapshotsInList)
	return found, more
}

// youngest are the youngest of all places that were added, as a heap with the oldest of them on top.
type youngest []place

func (y *youngest) add(p place, most int) {
	h := *y
	if len(h) < most {
		h = append(h, p)
		for i := len(h) - 1; i > 0; {
			up := (i - 1) / 2
			if h[up].compare(&h[i]) <= 0 {
				break
			}
			h[up], h[i] = h[i], h[up]
			i = up
		}
		*y = h
		return
	}
	h[0] = p
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(h) {
			return
		}
		if down+1 < len(h) && h[down+1].compare(&h[down]) < 0 {
			down++
		}
		if h[i].compare(&h[down]) <= 0 {
			return
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}

// join tells journeys what is known of their connections, from whichever chunk.
func join(all []view, found []*Journey, most int) {
	of := make(map[uint64][]*Journey, len(found))
	for _, j := range found {
		of[j.Connection.ID] = append(of[j.Connection.ID], j)
	}
	known := make(map[uint64][]Snapshot)
	for i := range all {
		v := &all[i]
		for k := range v.conns {
			c := &v.conns[k]
			js := of[c.id]
			if js == nil {
				continue
			}
			c.join(js)
			if c.snapshot != 0 {
				known[c.id] = v.snapshots(known[c.id], c)
			}
		}
	}
	for id, s := range known {
		slices.SortFunc(s, func(a, b Snapshot) int { return a.At.Compare(b.At) })
		s = slices.CompactFunc(s, func(a, b Snapshot) bool { return a.At.Equal(b.At) })
		for _, j := range of[id] {
			j.Connection.Snapshots = slices.Clone(around(s, j, most))
		}
	}
}

// join tells journeys how their connection ended.
func (c *conn) join(js []*Journey) {
	if c.ended == 0 {
		return
	}
	for _, j := range js {
		j.Connection.Ended, j.Connection.Why = time.Unix(0, c.ended), c.why
	}
}

// mostOfConn bounds the snapshots of a connection that are looked at.
const mostOfConn = 4096

// snapshots appends those of a connection.
func (v *view) snapshots(to []Snapshot, c *conn) []Snapshot {
	for at := c.snapshot; at != 0 && len(to) < mostOfConn; {
		var s Snapshot
		s, at = snapshotAt(v.arena, v.words, at)
		to = append(to, s)
	}
	return to
}

// around are the snapshots of a connection that tell most of a journey: those while it went on, and before and after it the
// nearest, at most so many.
func around(s []Snapshot, j *Journey, most int) []Snapshot {
	end := j.Start.Add(j.Took)
	from := sort.Search(len(s), func(i int) bool { return !s[i].At.Before(j.Start) })
	to := sort.Search(len(s), func(i int) bool { return s[i].At.After(end) })
	to = min(to, from+most)
	for to-from < most && (from > 0 || to < len(s)) {
		if from > 0 {
			from--
		}
		if to < len(s) && to-from < most {
			to++
		}
	}
	return s[from:to]
}
