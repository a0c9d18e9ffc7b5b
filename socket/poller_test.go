//go:build unix

package socket

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wait runs one Wait without events and says how long it took.
func wait(t *testing.T, p Poller, deadline time.Time) time.Duration {
	t.Helper()
	began := time.Now()
	var events [4]Event
	n, err := p.Wait(events[:], deadline)
	if n != 0 || err != nil {
		t.Fatalf("%d events, %v", n, err)
	}
	return time.Since(began)
}

func TestWakeBeforeWait(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		for range 100 {
			p.Wake()
			p.Wake() // several are one
			if took := wait(t, p, time.Now().Add(patience)); took >= patience {
				t.Fatal("a Wake that came first was lost")
			}
		}
		if took := wait(t, p, time.Now().Add(moment)); took < moment {
			t.Errorf("woken after %v by a Wake that was answered", took)
		}
	})
}

func TestWakeWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		for range 50 {
			done := make(chan struct{})
			go func() {
				wait(t, p, time.Time{}) // for ever
				close(done)
			}()
			for range 10 {
				runtime.Gosched()
			}
			p.Wake()
			select {
			case <-done:
			case <-time.After(patience):
				t.Fatal("Wake did not interrupt Wait")
			}
		}
	})
}

// Whatever was done before a Wake is seen after some Wait: no Wake is lost, however many race.
func TestNoWakeIsLost(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p) // with events in between
		p.Add(ep, 1)
		const wakers, times = 8, 3000
		var posted atomic.Int64
		var all sync.WaitGroup
		for range wakers {
			all.Go(func() {
				for i := range times {
					posted.Add(1)
					p.Wake()
					switch {
					case i%100 == 0:
						io.WriteString(c, "x")
					case i%7 == 0:
						runtime.Gosched()
					}
				}
			})
		}
		var events [4]Event
		buf := make([]byte, 1000)
		end := time.Now().Add(2 * patience)
		for posted.Load() < wakers*times {
			// The deadline is what a lost Wake would wait for.
			if _, err := p.Wait(events[:], end); err != nil {
				t.Fatal(err)
			}
			for _, err := ep.Read(buf); err == nil; _, err = ep.Read(buf) {
			}
			if time.Now().After(end) {
				t.Fatalf("a Wake was lost: %d of %d seen", posted.Load(), wakers*times)
			}
		}
		all.Wait()
	})
}

// A ping-pong in which each side waits for the other's Wake stops at once if one is lost.
func TestTwoPollersWakeEachOther(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		a, b := newPoller(t, n), newPoller(t, n)
		var turn atomic.Int32
		const rounds = 5000
		end := time.Now().Add(2 * patience)
		play := func(me, other Poller, mine int32) {
			var events [4]Event
			for i := range int32(rounds) {
				for turn.Load() != 2*i+mine {
					if _, err := me.Wait(events[:], end); err != nil {
						t.Error(err)
						return
					}
					if time.Now().After(end) {
						t.Error("stopped at", i)
						return
					}
				}
				turn.Add(1)
				other.Wake()
			}
		}
		var both sync.WaitGroup
		both.Go(func() { play(a, b, 0) })
		both.Go(func() { play(b, a, 1) })
		both.Wait()
	})
}

func TestDeadlines(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		check := func(what string, deadline time.Time) {
			t.Helper()
			wait(t, p, deadline)
			if early := time.Until(deadline); early > 0 {
				t.Errorf("%s: %v too early", what, early)
			}
		}
		check("in the past", time.Now().Add(-time.Hour))
		check("now", time.Now())
		check("soon", time.Now().Add(moment))
		same := time.Now().Add(moment)
		check("later", same)
		check("the same again", same)
		check("earlier than the one before", same.Add(-moment))

		p.Wake()
		wait(t, p, time.Time{})
		check("after a Wake", time.Now().Add(moment))

		later := time.Now().Add(time.Hour)
		interrupted := make(chan struct{})
		go func() {
			wait(t, p, later)
			close(interrupted)
		}()
		for range 10 {
			runtime.Gosched()
		}
		p.Wake()
		<-interrupted
		check("earlier than one that was interrupted", time.Now().Add(moment))

		// The same far deadline after an interruption must not be taken for the past one that interrupted it.
		go func() {
			<-time.After(moment)
			p.Wake()
		}()
		if took := wait(t, p, later); took < moment {
			t.Errorf("woken after %v without a reason", took)
		}
	})
}

// A goroutine that waits holds no processor: with one, others run.
func TestAWaitHoldsNoProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		done := make(chan struct{})
		go func() {
			var events [1]Event
			p.Wait(events[:], time.Time{})
			close(done)
		}()
		began := time.Now()
		for range 1000 {
			runtime.Gosched()
		}
		if took := time.Since(began); took > patience/4 {
			t.Errorf("a thousand turns of the scheduler took %v", took)
		}
		p.Wake()
		<-done
	})
}

func TestAClosedPoller(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p, err := n.NewPoller()
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		var events [1]Event
		if _, err := p.Wait(events[:], time.Time{}); err == nil {
			t.Error("it waits")
		}
		p.Wake() // does nothing
	})
}
