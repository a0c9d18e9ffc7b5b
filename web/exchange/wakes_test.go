package exchange

import (
	"sync/atomic"
	"testing"
	"time"

	"vitrine/trace"
)

// told counts how often a partner is told, from any goroutine.
type told struct{ n atomic.Int32 }

func (p *told) Stir() { p.n.Add(1) }

// A partner that stops since the window is used up is told when it has opened, however little the window holds: the carrier
// was woken to take what there is.
func TestAWindowThatIsUsedUpWakesTheCarrier(t *testing.T) {
	for name, used := range map[string]func(x *Exchange) bool{
		"Full": func(x *Exchange) bool { return x.Full() },
		"Look": func(x *Exchange) bool { return x.Look().Room == 0 },
	} {
		c, p := newFree(), new(told)
		x := begin(c, 0)
		x.limits.Output = 8 << 10 // less than a buffer
		x.Lend(p)
		x.Stream(ok200, -1)
		x.Write(make([]byte, x.limits.Output))
		if !used(x) {
			t.Fatalf("%s: there is room", name)
		}
		await(t, c.bell)
		if u := x.Update(); u.Queued != x.limits.Output {
			t.Errorf("%s: %+v", name, u)
		}
		_, release := x.Take()
		release.Release()
		if n := p.n.Load(); n != 1 {
			t.Errorf("%s: the partner was told %d times", name, n)
		}
		x.End()
		x.Release()
	}
}

// leaving is a carrier whose client goes at the very moment in which the exchange is to be resumed, and nobody can.
type leaving struct {
	*free
	x *Exchange
}

func (l leaving) Spawn(func()) bool {
	l.x.Fail(&GoneError{new(trace.Reason)})
	return false
}

// A client that goes while there is nobody to tell is told to the next who is to know: one that could not be resumed, one
// that follows, one that the exchange is lent to.
func TestAClientThatHasGoneWhenNobodyWasThere(t *testing.T) {
	gone := &GoneError{new(trace.Reason)}
	for name, do := range map[string]func(x *Exchange, p Partner){
		"resumed in vain": func(x *Exchange, p Partner) {
			x.Lend(p)
			x.carrier.(*leaving).x = x
			if x.Resume(func(*Exchange) {}) {
				t.Error("it was resumed")
			}
		},
		"lent":      func(x *Exchange, p Partner) { x.Lend(nil); x.Fail(gone); x.Lend(p) },
		"suspended": func(x *Exchange, p Partner) { x.Lend(nil); x.Fail(gone); x.Suspend(p) },
		"followed":  func(x *Exchange, p Partner) { x.Lend(nil); x.Cancel(gone); x.Follow(p) },
	} {
		p := new(told)
		x := begin(&leaving{free: newFree()}, 0)
		do(x, p)
		if n := p.n.Load(); n != 1 {
			t.Errorf("%s: it was told %d times", name, n)
		}
		x.Look()
		x.End()
		x.Release()
	}
}

// What comes of the body at the very moment in which an exchange is suspended stirs nobody.
func TestABodyThatComesWhileItIsSuspended(t *testing.T) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2000
	}
	for range rounds {
		x, p := begin(newFree(), -1), new(told)
		x.limits.Input = 1 << 20
		ended := make(chan struct{})
		begun := make(chan struct{})
		x.Go(func(x *Exchange) {
			close(begun)
			x.Suspend(p)
			close(ended)
		})
		<-begun
		for more := true; more; {
			x.Feed([]byte("b"))
			select {
			case <-ended:
				more = false
			default:
			}
		}
		if p.n.Load() != 0 {
			t.Fatal("the body has stirred who waits for something else")
		}
		x.End()
		x.Release()
	}
}

// places is a carrier whose handlers may give way.
type places struct {
	*free
	given    atomic.Int32 // at the moment
	all      atomic.Int32
	returned chan bool
}

func (p *places) GiveWay(bool) bool { p.given.Add(1); p.all.Add(1); return true }
func (p *places) TakeBack(bool)     { p.given.Add(-1) }
func (p *places) Spawn(f func()) bool {
	go func() { f(); p.returned <- true }()
	return true
}

// A handler's place is given to others while the handler has it, and not for what goes on waiting when it has returned.
func TestOnlyAHandlersPlaceIsGivenAway(t *testing.T) {
	waits := func(x *Exchange) {
		for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			x.mu.Lock()
			n := x.waiters
			x.mu.Unlock()
			if n > 0 {
				return
			}
			if time.Now().After(end) {
				t.Fatal("nobody waits")
			}
		}
	}
	for _, first := range []bool{true, false} {
		c := &places{free: newFree(), returned: make(chan bool, 1)}
		x := begin(c, 0)
		read, done := make(chan bool, 1), make(chan error, 1)
		x.Go(func(x *Exchange) {
			conn, err := x.Upgrade(nil)
			if err != nil {
				t.Error(err)
				return
			}
			go func() {
				<-read
				done <- second(conn.Read(make([]byte, 1)))
			}()
			if first {
				read <- true
				waits(x)
			}
		})
		await(t, c.returned)
		if !first {
			read <- true
			waits(x)
		}
		if n := c.given.Load(); n != 0 {
			t.Errorf("read before the return %v: %d places of nobody are given away", first, n)
		}
		x.Feed([]byte("."))
		if err := await(t, done); err != nil {
			t.Error(err)
		}
		if n := c.given.Load(); n != 0 {
			t.Errorf("read before the return %v: %d places remain", first, n)
		}
		if n := c.all.Load(); first && n != 1 || !first && n != 0 {
			t.Errorf("read before the return %v: the place was given %d times", first, n)
		}
		x.Fail(&GoneError{lost})
		x.Release()
	}
}
