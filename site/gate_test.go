package site

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// holding is a carrier whose exchanges may wait, and which runs what they are resumed with at once.
type holding struct{}

func (holding) Wake()                {}
func (holding) Hold(netip.Addr) bool { return true }
func (holding) Unhold(netip.Addr)    {}
func (holding) Spawn(f func()) bool  { f(); return true }

// atTheGate is an exchange that may wait.
func atTheGate() *exchange.Exchange {
	x := exchange.New()
	x.Begin(holding{}, new(message.Request), new(exchange.Peer), exchange.Limits{})
	return x
}

func TestExchangesPassAGateInOrder(t *testing.T) {
	g := &gate{most: 1, queue: 3, patience: time.Hour}
	var got []int
	wait := func(n int) bool {
		return g.wait(atTheGate(), func(_ *exchange.Exchange, how passage) { got = append(got, n*10+int(how)) }, nil)
	}
	wait(1) // at once
	wait(2)
	wait(3)
	wait(4)
	if inside, n := g.count(); inside != 1 || n != 3 || g.try() || wait(5) {
		t.Errorf("%d are inside and %d wait", inside, n)
	}
	third := g.line[1]
	third.giveUp(abandoned)
	third.giveUp(overdue)
	for range 3 {
		g.leave()
	}
	if want := []int{10, 30 + int(abandoned), 20, 40}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !g.try() || g.try() {
		t.Error("a place was lost, or is there twice")
	}
}

func TestNobodyWaitsAtAGateForEver(t *testing.T) {
	g := &gate{queue: 1, patience: time.Millisecond}
	done := make(chan passage, 1)
	g.wait(atTheGate(), func(_ *exchange.Exchange, how passage) { done <- how }, nil)
	if how := <-done; how != overdue {
		t.Errorf("%d", how)
	}
}

// However many come, leave and are late at once, each is told once, and no place is lost.
func TestAGateUnderManyHands(t *testing.T) {
	const most, all = 3, 500
	g := &gate{most: most, queue: all, patience: 300 * time.Microsecond}
	var told sync.WaitGroup
	told.Add(all)
	for i := range all {
		go func() {
			x := atTheGate()
			g.wait(x, func(_ *exchange.Exchange, how passage) {
				go func() {
					if how == entered {
						g.leave()
					}
					told.Done()
				}()
			}, nil)
			if i%7 == 0 {
				x.Fail(&exchange.GoneError{Reason: ScriptGone})
			}
		}()
	}
	told.Wait()
	for range most {
		if !g.try() {
			t.Fatal("a place was lost")
		}
	}
	if inside, n := g.count(); inside != most || n != 0 || g.try() {
		t.Errorf("%d are inside, %d wait", inside, n)
	}
}

// A client that leaves before its exchange stands in the line is let go once, and takes nobody's place.
func TestAClientThatLeavesOnItsWayIntoTheLine(t *testing.T) {
	for _, most := range []int{1, 2} {
		g := &gate{most: most, queue: 10, patience: time.Hour}
		g.try()
		x := atTheGate()
		went := 0
		w := &waiter{g: g, x: x, goOn: func(_ *exchange.Exchange, how passage) {
			if went++; how != abandoned {
				t.Error("it is let in")
			}
		}}
		x.Suspend(w)
		w.giveUp(abandoned)
		g.stand(w)
		g.leave()
		if went != 1 || len(g.line) != 0 || g.inside != 0 {
			t.Errorf("it went on %d times, %d are in the line, and %d inside", went, len(g.line), g.inside)
		}
	}
}

func TestAClientThatHasGoneDoesNotWait(t *testing.T) {
	g := &gate{queue: 1, patience: time.Hour}
	atTheGate().Go(func(x *exchange.Exchange) {
		x.Fail(&exchange.GoneError{Reason: ScriptGone})
		g.wait(x, func(_ *exchange.Exchange, how passage) {
			if how != abandoned {
				t.Errorf("%d", how)
			}
		}, nil)
	})
	if len(g.line) != 0 {
		t.Error("it stands in the line")
	}
}

// meddling is a carrier that does something while its exchange is on its way into the line.
type meddling struct {
	holding
	meanwhile func()
}

func (m meddling) Hold(netip.Addr) bool { m.meanwhile(); return true }

// The line never is longer than it may be, not even by those who come at the same time.
func TestALineIsAsLongAsItMayBeAndNoLonger(t *testing.T) {
	g := &gate{most: 1, queue: 2, patience: time.Hour}
	g.try()
	entered := 0
	goOn := func(*exchange.Exchange, passage) { entered++ }
	come := func(c exchange.Carrier) bool {
		x := exchange.New()
		x.Begin(c, new(message.Request), new(exchange.Peer), exchange.Limits{})
		return g.wait(x, goOn, func(*exchange.Exchange) { t.Error("nobody is there") })
	}
	second, third := false, true
	first := come(meddling{meanwhile: func() {
		second = come(holding{})
		third = come(holding{})
	}})
	if _, waiting := g.count(); !first || !second || third || waiting != 2 {
		t.Errorf("%v, %v and %v stand in the line, in which are %d", first, second, third, waiting)
	}
	g.leave()
	if come(refusing{}) || g.coming != 0 {
		t.Error("one that may not wait has a place")
	}
	if !come(holding{}) || come(holding{}) {
		t.Error("the place of one who went in is not another's")
	}
	for range 3 {
		g.leave()
	}
	if inside, waiting := g.count(); entered != 3 || inside != 0 || waiting != 0 {
		t.Errorf("%d entered, %d are inside and %d wait", entered, inside, waiting)
	}
}

// refusing is a carrier whose exchanges may not wait.
type refusing struct{ holding }

func (refusing) Hold(netip.Addr) bool { return false }
