package serve

import (
	"net/netip"
	"testing"
)

func TestANetworkHasHalfOfThePlacesAtMost(t *testing.T) {
	var c crowd
	a := netip.MustParseAddr
	for i, step := range []struct {
		who   string
		enter bool
	}{
		{"192.0.2.1", true}, {"192.0.2.2", true}, {"192.0.2.3", false}, {"::ffff:192.0.2.4", false},
		{"2001:db8::1", true}, {"198.51.100.1", true}, {"2001:db8:0:1::2", false}, {"203.0.113.1", false}, // all are taken
	} {
		if got := c.enter(a(step.who), 4); got != step.enter {
			t.Errorf("%d: %s: %v", i, step.who, got)
		}
	}
	c.leave(a("192.0.2.2"))
	c.leave(a("198.51.100.1"))
	if !c.enter(a("2001:db8:0:1::2"), 4) || c.enter(a("2001:db8:0:2::2"), 4) || !c.enter(netip.Addr{}, 4) {
		t.Error("a place that was left is not free, or half is not half")
	}
	for _, who := range []string{"192.0.2.1", "2001:db8::1", "2001:db8:0:1::2"} {
		c.leave(a(who))
	}
	c.leave(netip.Addr{})
	if c.size() != 0 || len(c.of) != 0 {
		t.Errorf("something is kept of those who left: %d, %v", c.size(), c.of)
	}
	if !c.enter(a("::1"), 1) || c.enter(a("::2"), 1) {
		t.Error("the only place is nobody's")
	}
	for range 100 {
		if !c.enter(a("::1"), 0) {
			t.Fatal("there is a bound where none is wanted")
		}
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	var c crowd
	who := netip.MustParseAddr("192.0.2.1")
	c.enter(netip.MustParseAddr("198.51.100.1"), 100)
	if n := testing.AllocsPerRun(100, func() { c.enter(who, 100); c.leave(who) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
