package site

import (
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// holding is a carrier whose exchanges may wait, and which runs what they are resumed with at once.
type holding struct{}

func (holding) Wake()               {}
func (holding) Hold() bool          { return true }
func (holding) Unhold()             {}
func (holding) Spawn(f func()) bool { f(); return true }

// A client that leaves before its exchange stands in the line is let go once, and takes nobody's place.
func TestAClientThatLeavesOnItsWayIntoTheLine(t *testing.T) {
	for _, most := range []int{1, 2} {
		g := &gate{most: most, queue: 10, patience: time.Hour}
		g.try()
		x := exchange.New()
		x.Begin(holding{}, new(message.Request), new(exchange.Peer), exchange.Limits{})
		went := 0
		w := &waiter{g: g, x: x, goOn: func(_ *exchange.Exchange, in bool) {
			if went++; in {
				t.Error("it is let in")
			}
		}}
		x.Suspend(w)
		w.giveUp()
		g.stand(w)
		g.leave()
		if went != 1 || len(g.line) != 0 || g.inside != 0 {
			t.Errorf("it went on %d times, %d are in the line, and %d inside", went, len(g.line), g.inside)
		}
	}
}
