package exchange

import (
	"net/netip"
	"testing"

	"vitrine/trace"
)

func (f *free) Hold(netip.Addr) bool { return true }
func (f *free) Unhold(netip.Addr)    {}

// spawning tells when each function has returned.
type spawning struct {
	*free
	returned chan bool
}

func (s spawning) Spawn(f func()) bool {
	go func() { f(); s.returned <- true }()
	return true
}

// stirs counts how often a partner is told.
type stirs struct{ n int }

func (s *stirs) Stir() { s.n++ }

// What is resumed at once runs beside the function that has suspended the exchange, which is only on its way out: that it
// returns ends nothing, in whichever order the two do.
func TestAFunctionThatHasHandedTheExchangeOn(t *testing.T) {
	c := spawning{newFree(), make(chan bool, 2)}
	for _, by := range []string{"suspended", "lent"} {
		for _, first := range []string{"the one before", "the next one"} {
			x := begin(c, 0)
			returns, ends := make(chan bool), make(chan bool)
			x.Go(func(x *Exchange) {
				if by == "suspended" {
					x.Suspend(nil)
				} else {
					x.Lend(nil)
				}
				if !x.Resume(func(x *Exchange) {
					<-ends
					x.Respond(ok200)
				}) {
					t.Error("it was not resumed")
				}
				<-returns
			})
			earlier, later := returns, ends
			if first == "the next one" {
				earlier, later = ends, returns
			}
			close(earlier)
			<-c.returned
			if x.Update().Returned {
				t.Fatalf("%s, %s first: the exchange has ended while the other still runs", by, first)
			}
			close(later)
			<-c.returned
			if u := x.Update(); !u.Whole || !u.Returned {
				t.Errorf("%s, %s first: there is no answer", by, first)
			}
			x.Release()
		}
	}
}

// Who waits for something else is told of the client's leaving alone: its body may come meanwhile.
func TestASuspendedExchangesBodyStirsNobody(t *testing.T) {
	x := begin(newFree(), -1)
	p := new(stirs)
	x.Suspend(p)
	x.Feed([]byte("body"))
	x.FeedEnd(nil)
	if p.n != 0 {
		t.Error("the body has stirred who waits for something else")
	}
	x.Fail(&GoneError{new(trace.Reason)})
	if p.n != 1 {
		t.Errorf("that the client has gone was told %d times", p.n)
	}
	x.End()
	x.Release()
}
