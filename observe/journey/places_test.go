package journey

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/trace"
)

// A journey that is remembered does not keep the configuration in memory by which it was answered.
func TestAConfigurationThatIsGoneIsNotKept(t *testing.T) {
	type route struct { // positions are parts of what they are positions of
		pattern, body trace.Position
		text          [1 << 20]byte
	}
	r := recorder(t, 1, Settings{})
	c := connect(t, r, 1)
	var gone atomic.Int32
	id := func() trace.ID {
		one := &route{pattern: trace.Position{File: "gone.hcl", Line: 7, Column: 3}}
		one.body = trace.Position{File: "gone.hcl", Line: 8, Column: 5, Origin: trace.Inherited, Source: &one.pattern}
		runtime.AddCleanup(one, func(int) { gone.Add(1) }, 0)
		a := hot
		a.told = trace.NewDecisions(1, []trace.Event{{Step: "route", Reason: matched, Position: one.body}})
		a.line = &one.body
		return c.ask(usual, a)
	}()
	j := mustFind(t, r, id)
	c.hot() // the exchange is another's now
	for end := time.Now().Add(20 * time.Second); gone.Load() == 0; runtime.GC() {
		if time.Now().After(end) {
			t.Fatal("it is still there")
		}
		time.Sleep(time.Millisecond)
	}
	if _, at := j.Decision(); at.String() != "gone.hcl:8:5" || at.Source.String() != "gone.hcl:7:3" {
		t.Errorf("the line is %v, from %v", at, at.Source)
	}
	if at := j.Decisions.Events[0].Position; at.Source.Line != 7 {
		t.Errorf("the decision's is %v", at)
	}
	var p places
	one := trace.Position{File: "a", Line: 1, Source: &trace.Position{File: "b"}}
	other := trace.Position{File: "a", Line: 1, Source: &trace.Position{File: "b"}}
	if p.of(&one) != p.of(&other) || p.of(&one) == &one || len(p) != 2 {
		t.Errorf("%d places", len(p))
	}
	for i := range 3 * mostPlaces {
		p.of(&trace.Position{File: "a", Line: i})
	}
	if len(p) > mostPlaces {
		t.Errorf("%d places", len(p))
	}
}
