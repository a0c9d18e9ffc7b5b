package neighbor

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const (
	ms     = int64(1e6)
	second = int64(1e9)
)

var (
	ours  = MAC{2, 0, 0, 0, 0, 1}
	macA  = MAC{2, 0, 0, 0, 0, 0xa}
	macB  = MAC{2, 0, 0, 0, 0, 0xb}
	peer4 = netip.MustParseAddr("198.18.0.9")
	peer6 = netip.MustParseAddr("fd00:198:18::9")
	us4   = netip.MustParseAddr("198.18.0.2")
	us6   = netip.MustParseAddr("fd00:198:18::2")
	self  = &Self{MAC: ours, Own: []netip.Prefix{netip.PrefixFrom(us4, 24), netip.PrefixFrom(us6, 64)}}
)

// text writes packets and reasons as tests compare them.
func text(held [][]byte) string {
	var s []string
	for _, p := range held {
		s = append(s, string(p))
	}
	return strings.Join(s, ",")
}

// advance runs the table to a time and says what it wanted.
func advance(t *Table, now int64) string {
	var out []string
	t.Advance(now, func(e Event) {
		s := ""
		switch {
		case e.Kind == Solicit && e.Unicast:
			s = fmt.Sprintf("ask %v at %x", e.Addr, e.MAC[5])
		case e.Kind == Solicit:
			s = fmt.Sprintf("ask everybody for %v", e.Addr)
		case e.Kind == Deliver:
			s = fmt.Sprintf("send %s to %x", text(e.Held), e.MAC[5])
		case e.Kind == Unreachable:
			s = fmt.Sprintf("%v: %v [%s]", e.Why, e.Addr, text(e.Held))
		}
		out = append(out, s)
	})
	return strings.Join(out, "; ")
}

func state(t *Table, a netip.Addr) string {
	for _, e := range t.Entries() {
		if e.Addr == a {
			return e.State.String()
		}
	}
	return "none"
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v instead of %v", what, got, want)
	}
}

func TestPacketsWaitForTheAnswer(t *testing.T) {
	n := New(Config{})
	_, ok := n.Lookup(1, peer4)
	expect(t, "at first nobody is known", ok, false)
	expect(t, "nothing is due", n.Deadline(), 0)
	packet := []byte("one")
	expect(t, "a packet waits", n.Hold(1, peer4, packet), "-")
	packet[0] = 'X' // it was copied
	expect(t, "the question is due at once", n.Deadline(), 1)
	expect(t, "RFC 826: a question to everybody", advance(n, 1), "ask everybody for 198.18.0.9")
	expect(t, "another packet waits", n.Hold(2, peer4, []byte("two")), "-")
	expect(t, "without another question", advance(n, 2), "")
	expect(t, "for a second", n.Deadline(), 1+second)
	v := n.Version()
	held, why := n.Learn(3, peer4, macA, Solicited|Override)
	expect(t, "the answer frees them, in order", text(held), "one,two")
	expect(t, "as it should be", why, "-")
	mac, ok := n.Lookup(4, peer4)
	expect(t, "known", fmt.Sprint(mac[5], ok), "10 true")
	expect(t, "sure", state(n, peer4), "reachable")
	expect(t, "and those who look again are told", n.Version() != v, true)
	expect(t, "nothing is due", advance(n, 20*second), "")
}

func TestNobodyAnswers(t *testing.T) {
	n := New(Config{})
	n.Hold(1, peer6, []byte("one"))
	for i := range int64(3) {
		expect(t, "RFC 4861 §10: three questions, a second apart", advance(n, 1+i*second), "ask everybody for fd00:198:18::9")
		expect(t, "not earlier", advance(n, 1+i*second+999*ms), "")
	}
	expect(t, "then the packet cannot be sent", advance(n, 1+3*second), "neighbor.unreachable: fd00:198:18::9 [one]")
	expect(t, "remembered", state(n, peer6), "failed")
	expect(t, "the next packet is refused at once", n.Hold(4*second, peer6, []byte("two")), ReasonUnreachable)
	expect(t, "asking is too", n.Resolve(4*second, peer6), ReasonUnreachable)
	expect(t, "without a question", advance(n, 4*second), "")
	expect(t, "three seconds later it may be tried again", n.Hold(1+6*second, peer6, []byte("three")), "-")
	expect(t, "with a question", advance(n, 1+6*second), "ask everybody for fd00:198:18::9")
	held, _ := n.Learn(7*second, peer6, macA, Solicited)
	expect(t, "only the last packet waited", text(held), "three")
}

func TestFailureIsForgotten(t *testing.T) {
	n := New(Config{})
	n.Resolve(1, peer4)
	for i := range int64(4) {
		advance(n, 1+i*second)
	}
	expect(t, "failed", state(n, peer4), "failed")
	advance(n, 1+6*second)
	expect(t, "forgotten", state(n, peer4), "none")
	expect(t, "nothing is due", n.Deadline(), 0)

	n.Resolve(10*second, peer4)
	for i := range int64(4) {
		advance(n, (10+i)*second)
	}
	expect(t, "failed again", state(n, peer4), "failed")
	n.Learn(14*second, peer4, macA, Override)
	expect(t, "an answer that comes late counts too", state(n, peer4), "stale")
}

// RFC 4861 §7.3.3: reachable, stale, delay, probe.
func TestANeighbourIsAskedAgainWhenItIsUsed(t *testing.T) {
	n := New(Config{})
	n.Resolve(1, peer4)
	n.Learn(1, peer4, macA, Solicited|Override)
	advance(n, 30*second)
	n.Lookup(30*second, peer4)
	expect(t, "a confirmation counts for thirty seconds", state(n, peer4), "reachable")
	now := 31 * second
	_, ok := n.Lookup(now, peer4)
	expect(t, "then it is still used", ok, true)
	expect(t, "with a doubt", state(n, peer4), "delay")
	expect(t, "that lasts five seconds", n.Deadline(), now+5*second)
	expect(t, "not less", advance(n, now+5*second-1), "")
	for i := range int64(3) {
		expect(t, "then it is asked where it was", advance(n, now+(5+i)*second), "ask 198.18.0.9 at a")
		_, ok := n.Lookup(now+(5+i)*second, peer4)
		expect(t, "and still used", ok, true)
	}
	expect(t, "three times", advance(n, now+8*second), "")
	expect(t, "then it is forgotten", state(n, peer4), "none")
	expect(t, "nothing is due", n.Deadline(), 0)
}

func TestConfirmation(t *testing.T) {
	n := New(Config{})
	n.Confirm(1, peer4)
	expect(t, "nobody is made by it", state(n, peer4), "none")
	n.Resolve(1, peer4)
	n.Confirm(1, peer4)
	expect(t, "nor found", state(n, peer4), "incomplete")
	n.Learn(1, peer4, macA, Solicited)
	for now := 20 * second; now < 200*second; now += 20 * second {
		n.Confirm(now, peer4)
		n.Lookup(now+10*second, peer4)
		expect(t, "who moves on is not asked", state(n, peer4), "reachable")
	}
	n.Lookup(300*second, peer4)
	expect(t, "silent", state(n, peer4), "delay")
	n.Confirm(302*second, peer4)
	expect(t, "moving again", state(n, peer4), "reachable")
	expect(t, "so it is not asked", advance(n, 310*second), "")
	n.Lookup(400*second, peer4)
	advance(n, 405*second)
	expect(t, "asked", state(n, peer4), "probe")
	n.Learn(406*second, peer4, macA, Solicited)
	expect(t, "answered", state(n, peer4), "reachable")
}

// RFC 4861 §7.2.5 and its Appendix C: what a message changes in a known neighbour.
func TestWhatIsBelieved(t *testing.T) {
	known := func(a netip.Addr, s State) *Table {
		n := New(Config{})
		n.Resolve(1, a)
		n.Learn(1, a, macA, Solicited)
		if s != Reachable {
			n.Learn(1, a, macA, Solicited)
			n.Lookup(100*second, a) // delay
		}
		if s == Stale {
			n.enter(n.index[a], Stale, 100*second)
		}
		if s == Probe {
			advance(n, 105*second)
		}
		return n
	}
	const later = 106 * 1000000000
	for _, c := range []struct {
		sentence string
		was      State
		mac      MAC
		how      How
		state    string
		now      MAC
		why      string
	}{
		{"the same address, unasked: nothing", Stale, macA, Override, "stale", macA, "-"},
		{"the same address, as an answer: reachable", Stale, macA, Solicited, "reachable", macA, "-"},
		{"the same address, as an answer to a probe: reachable", Probe, macA, Solicited | Override, "reachable", macA, "-"},
		{"another address without override: not believed, but doubted", Reachable, macB, Solicited, "stale", macA, "neighbor.no-override"},
		{"another address without override while stale: nothing", Stale, macB, Solicited, "stale", macA, "neighbor.no-override"},
		{"another address without override while asking: nothing", Probe, macB, 0, "probe", macA, "neighbor.no-override"},
		{"another address with override, unasked: moved, to be asked", Reachable, macB, Override, "stale", macB, "neighbor.moved"},
		{"another address with override, as an answer: moved", Probe, macB, Override | Solicited, "reachable", macB, "neighbor.moved"},
	} {
		for _, a := range []netip.Addr{peer4, peer6} {
			n := known(a, c.was)
			v := n.Version()
			_, why := n.Learn(later, a, c.mac, c.how)
			e := n.Entries()[0]
			if why.String() != c.why || e.State.String() != c.state || e.MAC != c.now {
				t.Errorf("%v: %s: %v, %v, %x", a, c.sentence, why, e.State, e.MAC)
			}
			if (c.now != macA) != (n.Version() != v) {
				t.Errorf("%s: the version tells of a new address, and only of that", c.sentence)
			}
		}
	}
}

func TestTwoClaimTheSameAddress(t *testing.T) {
	n := New(Config{})
	n.Resolve(1, peer4)
	n.Learn(1, peer4, macA, Solicited|Override)
	flips := 0
	for now := 2 * ms; now < 3*second; now += 2 * ms {
		mac := macA
		if now/(2*ms)%2 == 0 {
			mac = macB
		}
		_, why := n.Learn(now, peer4, mac, Override)
		if why == reasonMoved {
			flips++
		} else if why != nil && why != reasonFlapping {
			t.Fatal(why)
		}
	}
	if flips < 2 || flips > 3 {
		t.Errorf("it moved %d times in three seconds", flips)
	}

	// RFC 4861 §7.2.5 leaves no choice in IPv6, but it is not said each time.
	n.Resolve(1, peer6)
	n.Learn(1, peer6, macA, Solicited|Override)
	said := 0
	for now := 2 * ms; now < 2*second; now += 2 * ms {
		mac := MAC{2, 0, 0, 0, 1, byte(now / (2 * ms))}
		_, why := n.Learn(now, peer6, mac, Override)
		if why != nil {
			said++
		}
		if got, _ := n.Lookup(now, peer6); got != mac {
			t.Fatal("the last one does not count")
		}
	}
	expect(t, "but once a second", said, 2)
}

func TestWhoIsRemembered(t *testing.T) {
	n := New(Config{Entries: 3})
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, 1, byte(i)}) }
	_, why := n.Learn(1, addr(1), macA, Override)
	expect(t, "gratuitous messages make no entry", fmt.Sprint(why, " ", state(n, addr(1))), "neighbor.unasked none")
	n.Learn(1, addr(1), macA, Create|Override)
	expect(t, "who is about to talk to us is remembered", state(n, addr(1)), "stale")
	n.Lookup(2, addr(1))
	n.Resolve(3, addr(2))
	for i := 10; i < 100; i++ {
		n.Learn(int64(i), addr(i), macB, Create)
	}
	expect(t, "bounded", len(n.Entries()), 3)
	expect(t, "strangers do not push out whom we talk to", state(n, addr(1)), "delay")
	expect(t, "nor whom we look for", state(n, addr(2)), "incomplete")
	expect(t, "only each other", state(n, addr(99)), "stale")
	n.Hold(200, addr(3), []byte("x"))
	n.Hold(201, addr(4), []byte("y"))
	expect(t, "searches push out each other, the oldest first", state(n, addr(2)), "none")
	expect(t, "but not who is there", state(n, addr(1)), "delay")
	for i := 3; i < 5; i++ {
		n.Learn(202, addr(i), macB, Solicited)
		n.Lookup(203, addr(i))
	}
	n.Hold(204, addr(5), []byte("z"))
	expect(t, "then the one that was used longest ago", state(n, addr(1)), "none")
	n.Set(205, addr(7), macA)
	for i := 10; i < 20; i++ {
		n.Resolve(int64(300+i), addr(i))
	}
	expect(t, "what was set by hand stays", state(n, addr(7)), "permanent")
	expect(t, "bounded", len(n.Entries()), 3)
}

func TestSetByHand(t *testing.T) {
	n := New(Config{})
	n.Hold(1, peer4, []byte("one"))
	n.Set(2, peer4, macA)
	expect(t, "what waited is sent", advance(n, 2), "send one to a")
	_, why := n.Learn(3, peer4, macB, Override|Solicited)
	expect(t, "messages do not change it", why, reasonPermanent)
	_, why = n.Learn(3, peer4, macA, Override|Solicited)
	expect(t, "or confirm it", why, "-")
	n.Confirm(4, peer4)
	mac, _ := n.Lookup(1000*second, peer4)
	expect(t, "for ever", mac, macA)
	expect(t, "without being asked", n.Deadline(), 0)
}

func TestWaitingIsBounded(t *testing.T) {
	n := New(Config{HoldPackets: 3, HoldBytes: 100, HoldTotal: 150})
	for _, p := range []string{"1", "2", "3"} {
		expect(t, "room", n.Hold(1, peer4, []byte(p)), "-")
	}
	expect(t, "the oldest goes", n.Hold(1, peer4, []byte("4")), reasonHoldEntry)
	big := strings.Repeat("b", 98)
	expect(t, "bytes are counted too", n.Hold(1, peer4, []byte(big)), reasonHoldEntry)
	expect(t, "and all together", n.Hold(1, peer6, []byte(strings.Repeat("c", 52))), reasonHoldAll)
	expect(t, "smaller ones still fit", n.Hold(1, peer6, []byte("d")), "-")
	expect(t, "its own oldest goes first", n.Hold(1, peer6, []byte(strings.Repeat("e", 50))), reasonHoldAll)
	held, _ := n.Learn(2, peer4, macA, Solicited)
	expect(t, "what is left", text(held), "3,4,"+big)
	held, _ = n.Learn(2, peer6, macA, Solicited)
	expect(t, "what is left", text(held), strings.Repeat("e", 50))
	expect(t, "nothing is held", n.held, 0)
}

func TestAPacketForAKnownNeighbourIsNotLost(t *testing.T) {
	n := New(Config{})
	n.Resolve(1, peer4)
	n.Learn(1, peer4, macA, Solicited)
	expect(t, "held", n.Hold(2, peer4, []byte("one")), "-")
	expect(t, "and sent", advance(n, 2), "send one to a")
	expect(t, "the state is as it was", state(n, peer4), "reachable")
}

func TestEntries(t *testing.T) {
	n := New(Config{})
	n.Hold(5, peer6, []byte("x"))
	n.Learn(7, peer4, macA, Create)
	got := n.Entries()
	want := []Entry{
		{Addr: peer4, MAC: macA, State: Stale, Since: 7},
		{Addr: peer6, State: Incomplete, Since: 5, Used: 5, Held: 1, Due: 5},
	}
	expect(t, "as people see it, by address", got, want)
	for s := Incomplete; s <= Permanent; s++ {
		if s.String() == "" {
			t.Error("a state without a name")
		}
	}
}

func TestNoAllocation(t *testing.T) {
	n := New(Config{})
	n.Resolve(1, peer6)
	n.Learn(1, peer6, macA, Solicited)
	now := int64(1)
	if a := testing.AllocsPerRun(100, func() {
		now += second
		n.Lookup(now, peer6)
		n.Confirm(now, peer6)
		n.Learn(now, peer6, macA, Solicited)
		n.Advance(now, nil)
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// Packets to addresses that nobody has, which anybody can cause with forged sources, do not push out the neighbours that
// we talk to (RFC 6583 §4).
func TestSearchesDoNotPushOutWhoIsThere(t *testing.T) {
	n := New(Config{})
	n.Hold(second, peer4, []byte("x"))
	n.Learn(second, peer4, macA, Solicited|Override)
	n.Lookup(second, peer4)
	for i := range 5000 {
		n.Hold(3*second+int64(i), netip.AddrFrom4([4]byte{198, 19, byte(i >> 8), byte(i)}), []byte("y"))
	}
	if _, ok := n.Lookup(4*second, peer4); !ok {
		t.Error("the neighbour was forgotten for 5000 that do not exist")
	}
	expect(t, "bounded", len(n.Entries()), 1024)
}
