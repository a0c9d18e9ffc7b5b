package journey

import (
	"context"
	"slices"
)

// Bounds of following: of what one who does not read holds in memory, and of the time that all take from the collector.
const (
	batchesWaiting = 2
	mostInBatch    = 640  // journeys
	mostAtOnce     = 1280 // journeys that are put together each time, for all who follow
)

// follower is somebody who follows. It is guarded by Recorder.mu.
type follower struct {
	batches chan Batch
	m       *matcher
	leftOut uint64
}

// Follow sends the journeys that match as they end, in batches, until the context or the recorder ends: then what ended
// before is sent, and the channel is closed. A reader that is too slow misses some, and is told how many. What is known of a connection's end, which comes
// later, and its snapshots are not told here.
func (r *Recorder) Follow(ctx context.Context, f *Filter) <-chan Batch {
	who := &follower{batches: make(chan Batch, batchesWaiting), m: f.compile()}
	r.mu.Lock()
	if r.closed || ctx.Err() != nil {
		r.mu.Unlock()
		close(who.batches)
		return who.batches
	}
	r.collect(true) // what ended before is not followed
	r.tell()
	r.followers = append(r.followers, who)
	r.mu.Unlock()
	r.wake() // it looks more often now
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if i := slices.Index(r.followers, who); i >= 0 {
			r.collect(true) // what ended before is still told
			r.tell()
			r.followers = slices.Delete(r.followers, i, i+1)
			close(who.batches)
		}
	})
	return who.batches
}

// Batch is journeys that ended since the last batch, the oldest first.
type Batch struct {
	Journeys []*Journey
	LeftOut  uint64 // that matched, since the last batch, and were not sent because the reader was too slow
}

// tell sends those who follow what is new. Nobody waits for them.
func (r *Recorder) tell() {
	g := &r.ring
	if c := g.open.c; c != nil { // what was put there is offered up to here
		r.offer(c, g.offered)
		g.offered = c.n
	}
	if len(r.fresh) == 0 {
		return
	}
	for _, who := range r.followers {
		who.tell(r.fresh, min(mostInBatch, mostAtOnce/len(r.followers)))
	}
	r.unread(r.fresh)
	clear(r.fresh)
	r.fresh = r.fresh[:0]
}

func (w *follower) tell(fresh []view, most int) {
	var batch []*Journey
	var b bound
	if len(w.batches) == cap(w.batches) {
		most = 0
	}
	for i := range fresh {
		v := &fresh[i]
		b = w.m.bind(v, b)
		for k := v.from; k < v.n; k++ {
			switch {
			case !b.match(v, k):
			case len(batch) < most:
				batch = append(batch, v.journey(k))
			default:
				w.leftOut++
			}
		}
	}
	if most == 0 || len(batch) == 0 && w.leftOut == 0 {
		return
	}
	slices.SortStableFunc(batch, func(a, b *Journey) int { return a.Start.Add(a.Took).Compare(b.Start.Add(b.Took)) })
	w.batches <- Batch{batch, w.leftOut} // there is room, and nobody else sends
	w.leftOut = 0
}
