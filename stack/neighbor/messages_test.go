package neighbor

import (
	"fmt"
	"net/netip"
	"testing"

	"vitrine/stack/arp"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
)

func TestARP(t *testing.T) {
	other := netip.MustParseAddr("198.18.0.77")
	far := netip.MustParseAddr("203.0.113.5")
	everybody := netip.MustParseAddr("198.18.0.255")
	request := func(mac MAC, from, to netip.Addr) arp.Packet { return arp.Ask(mac, from, to) }
	reply := func(mac MAC, from netip.Addr, toMAC MAC, to netip.Addr) arp.Packet {
		return arp.Packet{Operation: arp.Reply, SenderMAC: mac, SenderIP: from, TargetMAC: toMAC, TargetIP: to}
	}
	none := func(*Table) {}
	asking := func(n *Table) { n.Hold(1, peer4, []byte("one")) }
	knowing := func(n *Table) { asking(n); n.Learn(1, peer4, macB, Solicited) }
	for _, c := range []struct {
		sentence string
		before   func(*Table)
		p        arp.Packet
		want     string // reply defend held why
		state    string // of peer4
	}{
		{"RFC 826: a question for us is answered, and the sender remembered", none, request(macA, peer4, us4), "true false [] -", "stale"},
		{"a question for us frees what waits for its sender", asking, request(macA, peer4, us4), "true false [one] -", "stale"},
		{"a question for somebody else is not answered", none, request(macA, peer4, other), "false false [] neighbor.unasked", "none"},
		{"but it updates what is known", knowing, request(macA, peer4, other), "false false [] neighbor.moved", "stale"},
		{"an answer that we asked for", asking, reply(macA, peer4, ours, us4), "false false [one] -", "reachable"},
		{"an answer that nobody asked for fills no table", none, reply(macA, peer4, ours, us4), "false false [] neighbor.unasked", "none"},
		{"an answer that nobody asked for moves, but does not confirm", knowing, reply(macA, peer4, ours, us4), "false false [] neighbor.moved", "stale"},
		{"an announcement fills no table", none, arp.Announcement(macA, peer4), "false false [] neighbor.unasked", "none"},
		{"an announcement frees what waits", asking, arp.Announcement(macA, peer4), "false false [one] -", "stale"},
		{"our own question comes back", none, request(ours, us4, peer4), "false false [] neighbor.own-packet", "none"},
		{"somebody uses our address: RFC 5227 §2.4", none, request(macA, us4, peer4), "false true [] neighbor.conflict", "none"},
		{"somebody announces our address", none, arp.Announcement(macA, us4), "false true [] neighbor.conflict", "none"},
		{"somebody would like our address: RFC 5227 §2.1.1", none, request(macA, netip.IPv4Unspecified(), us4), "true false [] -", "none"},
		{"somebody would like another address", none, request(macA, netip.IPv4Unspecified(), other), "false false [] neighbor.others", "none"},
		{"a sender of another network is answered, but not remembered", none, request(macA, far, us4), "true false [] neighbor.far", "none"},
		{"a sender with everybody's address likewise", none, request(macA, everybody, us4), "true false [] neighbor.far", "none"},
	} {
		n := New(Config{})
		c.before(n)
		v := n.ARP(10*second, &c.p, self)
		if got := fmt.Sprint(v.Reply, v.Defend, " [", text(v.Held), "] ", v.Why); got != c.want {
			t.Errorf("%s: %s instead of %s", c.sentence, got, c.want)
		}
		if got := state(n, peer4); got != c.state {
			t.Errorf("%s: %s instead of %s", c.sentence, got, c.state)
		}
	}
}

func TestDefenceIsNotEndless(t *testing.T) {
	n := New(Config{})
	p := arp.Announcement(macA, us4)
	defended := 0
	for now := second; now <= 21*second; now += 100 * ms {
		if n.ARP(now, &p, self).Defend {
			defended++
		}
	}
	expect(t, "RFC 5227 §2.4(c): once in ten seconds", defended, 3)
}

func TestSolicitation(t *testing.T) {
	a := &icmp.Arrival{Src: peer6, Dst: ip.SolicitedNode(us6), HopLimit: 255}
	none := func(*Table) {}
	asking := func(n *Table) { n.Hold(1, peer6, []byte("one")) }
	for _, c := range []struct {
		sentence string
		before   func(*Table)
		s        icmp.Solicitation
		want     string
		state    string
	}{
		{"a question for us is answered, and the sender remembered", none, icmp.Solicitation{Target: us6, MAC: macA, HasMAC: true}, "true [] -", "stale"},
		{"and what waits for it is sent", asking, icmp.Solicitation{Target: us6, MAC: macA, HasMAC: true}, "true [one] -", "stale"},
		{"RFC 4861 §7.2.3: without its hardware address it is not remembered", none, icmp.Solicitation{Target: us6}, "true [] -", "none"},
		{"who has no address is answered, but not remembered", none, icmp.Solicitation{Target: us6, Probe: true}, "true [] -", "none"},
		{"a question for another", none, icmp.Solicitation{Target: peer6, MAC: macA, HasMAC: true}, "false [] neighbor.others", "none"},
		{"our own question", none, icmp.Solicitation{Target: us6, MAC: ours, HasMAC: true}, "false [] neighbor.own-packet", "none"},
	} {
		n := New(Config{})
		c.before(n)
		v := n.Solicitation(10*second, &c.s, a, self)
		if got := fmt.Sprint(v.Reply, " [", text(v.Held), "] ", v.Why); got != c.want || state(n, peer6) != c.state {
			t.Errorf("%s: %s, %s", c.sentence, got, state(n, peer6))
		}
	}
}

func TestAdvertisement(t *testing.T) {
	none := func(*Table) {}
	asking := func(n *Table) { n.Hold(1, peer6, []byte("one")) }
	stale := func(n *Table) { n.Learn(1, peer6, macB, Create) }
	for _, c := range []struct {
		sentence string
		before   func(*Table)
		m        icmp.Advertisement
		want     string
		state    string
	}{
		{"the answer", asking, icmp.Advertisement{Target: peer6, MAC: macA, HasMAC: true, Solicited: true, Override: true}, "false [one] -", "reachable"},
		{"not an answer, but it tells", asking, icmp.Advertisement{Target: peer6, MAC: macA, HasMAC: true, Override: true}, "false [one] -", "stale"},
		{"RFC 4861 §7.2.5: without a hardware address it does not help who looks for one", asking, icmp.Advertisement{Target: peer6, Solicited: true}, "false [] neighbor.no-mac", "incomplete"},
		{"but it confirms one that is known", stale, icmp.Advertisement{Target: peer6, Solicited: true}, "false [] -", "reachable"},
		{"another one moves with override", stale, icmp.Advertisement{Target: peer6, MAC: macA, HasMAC: true, Override: true}, "false [] neighbor.moved", "stale"},
		{"another one does not without", stale, icmp.Advertisement{Target: peer6, MAC: macA, HasMAC: true, Solicited: true}, "false [] neighbor.no-override", "stale"},
		{"nobody waits for it", none, icmp.Advertisement{Target: peer6, MAC: macA, HasMAC: true, Override: true}, "false [] neighbor.unasked", "none"},
		{"somebody has our address", none, icmp.Advertisement{Target: us6, MAC: macA, HasMAC: true}, "true [] neighbor.conflict", "none"},
		{"we have", none, icmp.Advertisement{Target: us6, MAC: ours, HasMAC: true}, "false [] neighbor.own-packet", "none"},
	} {
		n := New(Config{})
		c.before(n)
		v := n.Advertisement(10*second, &c.m, self)
		if got := fmt.Sprint(v.Defend, " [", text(v.Held), "] ", v.Why); got != c.want || state(n, peer6) != c.state {
			t.Errorf("%s: %s, %s", c.sentence, got, state(n, peer6))
		}
	}
	n := New(Config{})
	n.Hold(1, peer6, []byte("one"))
	held, _ := n.Router(2, &icmp.Arrival{Src: peer6}, macA)
	expect(t, "a router tells its own", text(held)+" "+state(n, peer6), "one stale")
}

func TestDuplicateAddressDetection(t *testing.T) {
	mine := func() *DAD { return NewDAD(us6, ours, 100*ms, 1, 0) }
	t.Run("nobody has it", func(t *testing.T) {
		d := mine()
		expect(t, "due after the random delay", d.Deadline(), 100*ms)
		send, why := d.Advance(99 * ms)
		expect(t, "not earlier", fmt.Sprint(send, why), "false -")
		send, why = d.Advance(100 * ms)
		expect(t, "asked", fmt.Sprint(send, why), "true -")
		expect(t, "RFC 4862 §5.4: a second to object", d.Deadline(), 100*ms+second)
		expect(t, "still", d.State(), Tentative)
		send, why = d.Advance(100*ms + second)
		expect(t, "then it is ours", fmt.Sprint(send, why, d.State()), "false neighbor.dad.unique preferred")
		expect(t, "for ever", d.Deadline(), 0)
		send, why = d.Advance(100 * second)
		expect(t, "once", fmt.Sprint(send, why), "false -")
		expect(t, "later questions are the table's", d.Solicitation(&icmp.Solicitation{Target: us6, Probe: true}, macA), reasonTentative)
		expect(t, "later claims too", d.Advertisement(&icmp.Advertisement{Target: us6}, macA), reasonTentative)
		expect(t, "still ours", d.State(), Preferred)
	})
	t.Run("somebody has it", func(t *testing.T) {
		d := mine()
		d.Advance(100 * ms)
		expect(t, "he says so", d.Advertisement(&icmp.Advertisement{Target: us6, MAC: macA, HasMAC: true}, macA), reasonDuplicate)
		expect(t, "never used", fmt.Sprint(d.State(), d.Deadline()), "duplicate 0")
		send, _ := d.Advance(100 * second)
		expect(t, "never asked again", send, false)
	})
	t.Run("somebody wants it at the same time", func(t *testing.T) {
		d := mine()
		expect(t, "both give way", d.Solicitation(&icmp.Solicitation{Target: us6, Probe: true}, macA), reasonDuplicate)
		expect(t, "never used", d.State(), Duplicate)
	})
	t.Run("messages that mean nothing", func(t *testing.T) {
		d := mine()
		d.Advance(100 * ms)
		expect(t, "our own question", d.Solicitation(&icmp.Solicitation{Target: us6, Probe: true}, ours), reasonOwnPacket)
		expect(t, "somebody looks for it", d.Solicitation(&icmp.Solicitation{Target: us6}, macA), reasonTentative)
		expect(t, "another address", d.Advertisement(&icmp.Advertisement{Target: peer6}, macA), reasonTentative)
		expect(t, "still", d.State(), Tentative)
	})
	d := NewDAD(us6, ours, 5, 0, 0)
	expect(t, "no test at all", fmt.Sprint(d.State(), d.Deadline()), "preferred 0")
	d = NewDAD(us6, ours, 5, 2, 10)
	for _, now := range []int64{5, 15} {
		send, _ := d.Advance(now)
		expect(t, "two questions", send, true)
	}
	_, why := d.Advance(25)
	expect(t, "then", why, reasonUnique)
}
