package journey

import (
	"context"
	"sync"
	"testing"
	"time"

	"vitrine/trace"
)

// next is the next batch that is not empty.
func next(t *testing.T, batches <-chan Batch) (Batch, bool) {
	t.Helper()
	select {
	case b, ok := <-batches:
		return b, ok
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

func TestWhoFollowsIsToldOfWhatMatches(t *testing.T) {
	r := recorder(t, 2, Settings{})
	c, d := connect(t, r, 1), connect(t, r, 2)
	d.peer.Loop = 1
	c.hot() // before: it is not followed
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	all := r.Follow(ctx, nil)
	some := r.Follow(ctx, &Filter{Statuses: []string{"404"}})
	want := make(map[trace.ID]bool)
	for range 500 {
		want[c.hot()] = true
	}
	last := d.ask(usual, answer{status: 404, why: []*trace.Reason{missing}})
	want[last] = true
	for len(want) > 0 {
		b, _ := next(t, all)
		for i, j := range b.Journeys {
			if !want[j.ID] {
				t.Fatalf("journey %v came unasked, or twice", j.ID)
			}
			delete(want, j.ID)
			if i > 0 && j.Start.Add(j.Took).Before(b.Journeys[i-1].Start.Add(b.Journeys[i-1].Took)) {
				t.Error("not the oldest first")
			}
		}
		if b.LeftOut != 0 {
			t.Errorf("%d left out", b.LeftOut)
		}
	}
	if b, _ := next(t, some); len(b.Journeys) != 1 || b.Journeys[0].ID != last || b.LeftOut != 0 {
		t.Errorf("%d came, %d were left out", len(b.Journeys), b.LeftOut)
	}
	cancel()
	for _, batches := range []<-chan Batch{all, some} {
		if b, ok := next(t, batches); ok {
			t.Errorf("%v came after the end", b)
		}
	}
}

func TestWhoDoesNotReadMissesSomeAndIsToldHowMany(t *testing.T) {
	r := recorder(t, 1, Settings{})
	batches := r.Follow(t.Context(), nil)
	c := connect(t, r, 1)
	recorded, deadline := 0, time.Now().Add(60*time.Second)
	for full := false; !full; { // until nothing more fits into the channel, and some more
		for range 100 {
			c.hot()
			recorded++
		}
		if time.Now().After(deadline) {
			t.Fatal("the channel does not become full")
		}
		time.Sleep(time.Millisecond)
		r.mu.Lock()
		r.collect(true) // on a machine that is busy with something else, the collector may be late
		full = len(r.followers) == 1 && r.followers[0].leftOut > 0
		r.mu.Unlock()
	}
	if s := r.Stats(); s.LeftOut != 0 || s.Recorded != uint64(recorded) {
		t.Errorf("%d of %d were recorded", s.Recorded, recorded)
	}
	got, leftOut := 0, 0
	for got+leftOut < recorded {
		b, ok := next(t, batches)
		if !ok {
			t.Fatal("it ended")
		}
		got += len(b.Journeys)
		leftOut += int(b.LeftOut)
		c.hot() // those that were left out are told with the next batch
		recorded++
		if len(b.Journeys) > mostInBatch {
			t.Errorf("%d in a batch", len(b.Journeys))
		}
		if leftOut > 0 && got+leftOut > recorded-50 {
			break
		}
	}
	if leftOut == 0 {
		t.Error("nothing was left out")
	}
}

func TestCloseEndsWhoFollows(t *testing.T) {
	r := New(1, Settings{})
	batches := r.Follow(context.Background(), nil)
	c := connect(t, r, 1)
	id := c.hot()
	r.Close()
	r.Close()
	last := 0
	for b := range batches {
		last += len(b.Journeys)
	}
	if last != 1 {
		t.Errorf("%d journeys came at the end", last)
	}
	mustFind(t, r, id)
	mustFind(t, r, c.hot())
	for range r.Follow(context.Background(), nil) {
		t.Error("something came")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range recorder(t, 1, Settings{}).Follow(ctx, nil) {
		t.Error("something came after the end")
	}
}

// Loops record, two of them under one number as a pool's workers do; others read, follow, change the settings and force.
func TestEverythingAtOnce(t *testing.T) {
	r := recorder(t, 3, Settings{Memory: 1 << 20, Kept: 256 << 10, Slow: time.Second})
	var loops, others sync.WaitGroup
	done := make(chan struct{})
	for k := range 4 {
		loops.Go(func() {
			for round := range 20 {
				c := connect(t, r, uint64(10*round+k+1))
				c.peer.Loop, c.peer.Transport = k%3, new(transport)
				for i := range 200 {
					a := hot
					if i%10 == 0 {
						a = answer{status: 500, why: []*trace.Reason{broken}, told: told(c.id.Next(), 5)}
					}
					c.ask(usual, a)
				}
				r.ConnectionEnded(c.peer, gone)
			}
		})
	}
	again := func(f func(i int)) {
		others.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					f(i)
				}
			}
		})
	}
	again(func(i int) {
		all, _ := r.Last(&Filter{Text: "tool"}, 50, Mark{})
		for _, j := range all {
			if j.Authority != "Example.org:8080" || len(j.Request.Fields) != 3 || j.Reasons == nil {
				t.Errorf("%+v", j)
			}
			r.Find(j.ID)
		}
	})
	again(func(i int) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		for b := range r.Follow(ctx, &Filter{Failed: i%2 == 0}) {
			for _, j := range b.Journeys {
				if i%2 == 0 && !j.Failed() {
					t.Errorf("%+v", j)
				}
			}
		}
	})
	again(func(i int) {
		r.Configure(Settings{Memory: int64(1+i%3) << 20, Kept: int64(i%2) << 18, Slow: time.Second, Off: i%7 == 6, Sample: i % 3})
		if s := r.Stats(); s.Bytes > s.Limit {
			t.Errorf("%d bytes of %d", s.Bytes, s.Limit)
		}
		time.Sleep(2 * time.Millisecond)
	})
	again(func(i int) {
		r.Force(connect(t, r, uint64(1+i%40)).peer.Remote)()
		time.Sleep(5 * time.Millisecond)
	})
	others.Go(func() { r.Follow(t.Context(), nil) }) // it never reads
	loops.Wait()
	close(done)
	others.Wait()
	r.Configure(Settings{})
	c := connect(t, r, 1000)
	mustFind(t, r, c.hot())
}
