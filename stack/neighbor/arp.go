package neighbor

import (
	"net/netip"

	"vitrine/stack/arp"
	"vitrine/stack/ip"
	"vitrine/trace"
)

// Self is who we are on the link: our hardware address, and our addresses with their subnets.
type Self struct {
	MAC MAC
	Own []netip.Prefix
}

func (s *Self) has(a netip.Addr) bool {
	for _, p := range s.Own {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

func (s *Self) near(a netip.Addr) bool {
	for _, p := range s.Own {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Verdict is what to do after a message about hardware addresses.
type Verdict struct {
	Reply  bool     // answer it
	Defend bool     // tell everybody that the address is ours: arp.Announcement, or an unasked advertisement to all nodes
	Held   [][]byte // to be sent to the neighbour that was learned
	To     MAC      // where Held goes
	Why    *trace.Reason
}

// defendInterval is the least time between two defences (RFC 5227 §2.4, DEFEND_INTERVAL).
const defendInterval = 10e9

// ARP takes a packet of ARP: the algorithm of RFC 826, "Packet Reception", with the care of RFC 5227 §2.4 for our own
// addresses. A Reply is arp.Answer, sent to the sender.
func (t *Table) ARP(now int64, p *arp.Packet, self *Self) (v Verdict) {
	mine := self.has(p.TargetIP)
	switch {
	case p.SenderMAC == self.MAC:
		v.Why = reasonOwnPacket.Reach()
		return v
	case self.has(p.SenderIP):
		return t.conflict(now)
	case p.Probe():
		// Somebody would like to have the address; the answer keeps it from taking ours (RFC 5227 §2.1.1).
		v.Reply = mine
		if !mine {
			v.Why = reasonOthers.Reach()
		}
		return v
	}
	v.Reply = mine && p.Operation == arp.Request
	if !self.near(p.SenderIP) || ip.Source(p.SenderIP, self.Own) != nil {
		v.Why = reasonFar.Reach()
		return v
	}
	how := Override
	switch {
	case mine && p.Operation == arp.Request:
		how |= Create
	case mine && p.TargetMAC == self.MAC && t.asked(p.SenderIP):
		how |= Solicited
	}
	v.Held, v.Why = t.Learn(now, p.SenderIP, p.SenderMAC, how)
	v.To = p.SenderMAC
	return v
}

// conflict is what to do when another host uses an address of ours: say so, but not all the time, or two defenders would
// never end (RFC 5227 §2.4(c)).
func (t *Table) conflict(now int64) (v Verdict) {
	v.Why = reasonConflict.Reach()
	if t.defense == 0 || now-t.defense >= defendInterval {
		t.defense = now
		v.Defend = true
	}
	return v
}
