package neighbor

import (
	"vitrine/stack/icmp"
	"vitrine/trace"
)

// Solicitation takes a neighbour solicitation that icmp found valid (RFC 4861 §7.2.3). Own addresses that are still being
// tested are not in self: those are DAD's. A Reply is icmp.PutAdvertisement with override, solicited to the sender or,
// after a Probe, unsolicited to all nodes (§7.2.4).
func (t *Table) Solicitation(now int64, s *icmp.Solicitation, a *icmp.Arrival, self *Self) (v Verdict) {
	switch {
	case s.HasMAC && s.MAC == self.MAC:
		v.Why = reasonOwnPacket.Reach()
		return v
	case !self.has(s.Target):
		v.Why = reasonOthers.Reach()
		return v
	}
	v.Reply = true
	if !s.Probe && s.HasMAC {
		v.Held, v.Why = t.Learn(now, a.Src, s.MAC, Create|Override)
		v.To = s.MAC
	}
	return v
}

// Advertisement takes a neighbour advertisement that icmp found valid (RFC 4861 §7.2.5).
func (t *Table) Advertisement(now int64, m *icmp.Advertisement, self *Self) (v Verdict) {
	if self.has(m.Target) {
		if m.HasMAC && m.MAC == self.MAC {
			v.Why = reasonOwnPacket.Reach()
			return v
		}
		return t.conflict(now)
	}
	mac := m.MAC
	if !m.HasMAC {
		e := t.index[m.Target]
		if e == nil || !e.state.known() {
			v.Why = reasonNoMAC.Reach()
			return v
		}
		mac = e.mac // it only says that it is there
	}
	var how How
	if m.Solicited {
		how |= Solicited
	}
	if m.Override {
		how |= Override
	}
	v.Held, v.Why = t.Learn(now, m.Target, mac, how)
	v.To = mac
	return v
}

// Router takes the hardware address that a router gave in its advertisement or solicitation (RFC 4861 §6.3.4).
func (t *Table) Router(now int64, a *icmp.Arrival, mac MAC) (held [][]byte, why *trace.Reason) {
	return t.Learn(now, a.Src, mac, Create|Override)
}
