package exchange

import (
	"testing"

	"vitrine/web/message"
)

// yielding is a carrier that counts the yielding that were given away.
type yielding struct{ bounded, counted, most int }

func (p *yielding) Wake()               {}
func (p *yielding) Spawn(f func()) bool { f(); return true }
func (p *yielding) GiveWay(counted bool) bool {
	switch {
	case counted:
		p.counted++
	case p.bounded == p.most:
		return false
	default:
		p.bounded++
	}
	return true
}
func (p *yielding) TakeBack(counted bool) {
	if counted {
		p.counted--
	} else {
		p.bounded--
	}
}

func TestAHandlerGivesItsOnePlaceAwayOnceHoweverManyWait(t *testing.T) {
	for _, most := range []int{0, 1} {
		p := &yielding{most: most}
		x := New()
		x.Begin(p, new(message.Request), new(Peer), Limits{})
		x.running = 1 // as within Go
		is := func(when string, bounded, counted int) {
			t.Helper()
			if p.bounded != bounded || p.counted != counted {
				t.Errorf("%s: %d bounded and %d counted, want %d and %d", when, p.bounded, p.counted, bounded, counted)
			}
		}
		x.Aside(func() {
			is("aside", 0, 1)
			x.giveWay(false)
			is("a reader beside it", 0, 1)
			x.takeBack()
			is("the reader goes on", 0, 1)
		})
		is("afterwards", 0, 0)
		x.giveWay(false)
		x.Aside(func() {
			is("aside while somebody reads", most, 1-most)
			x.takeBack()
			is("the reader is first to go on", most, 1-most)
		})
		is("afterwards", 0, 0)
		func() {
			defer func() { recover() }()
			x.Aside(func() { panic("within") })
		}()
		is("after a panic", 0, 0)
	}
}
