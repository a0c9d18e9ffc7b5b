package frames

import (
	"fmt"
	"math"
	"strings"

	"vitrine/stack/arp"
	"vitrine/stack/icmp"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

// text says what a segment is, for people.
func (m *moment) text() string {
	f, flags := m.f, m.s.Flags
	var parts []string
	switch {
	case flags.Has(segment.RST):
		parts = append(parts, "RST: the connection is destroyed")
	case flags.Has(segment.SYN):
		text := "SYN"
		if flags.Has(segment.ACK) {
			text = "SYN ACK"
		}
		if m.s.MSS != 0 {
			text += fmt.Sprintf(", MSS %d", m.s.MSS)
		}
		if m.s.Scale >= 0 {
			text += fmt.Sprintf(", window scale %d", m.s.Scale)
		}
		parts = append(parts, text)
	case m.probe:
		return "keep-alive probe"
	}
	if f.Len > 0 {
		parts = append(parts, m.data())
	}
	if flags.Has(segment.FIN) {
		parts = append(parts, "FIN")
	}
	if len(parts) == 0 {
		parts = append(parts, m.ack())
	}
	text := strings.Join(parts, " and ")
	if f.Again {
		return "again: " + text
	}
	return text
}

// data says which bytes of what a segment carries.
func (m *moment) data() string {
	text := count(m.f.Len, "byte")
	if from, to, ok := m.payload(); ok {
		switch a, b := max(from, m.me.from), min(to, m.me.to); {
		case !m.c.ranges:
			text = fmt.Sprintf("bytes %d–%d", from+1, to)
		case a < b:
			text = fmt.Sprintf("%s, bytes %d–%d", m.me.name, a-m.me.from+1, b-m.me.from)
			if a > from || b < to {
				text += fmt.Sprintf(" (%s of another %s beside them)", count(int(to-from-(b-a)), "byte"), m.me.name)
			}
		default:
			text += " of another " + m.me.name
		}
	}
	if m.f.Pieces > 1 {
		text += fmt.Sprintf(", in %d segments", m.f.Pieces)
	}
	return text
}

// ack says what a segment without anything else acknowledges.
func (m *moment) ack() string {
	f := m.f
	if f.Ack < 0 || f.Ack == 0 {
		return "ACK"
	}
	position, before := f.Ack-1, m.before-1
	switch {
	case m.before == f.Ack && m.s.NSACK > 0:
		return "the same ACK again: something is missing, and " + m.sack() + " came"
	case m.before == f.Ack && m.window >= 0 && m.window != f.Window:
		return fmt.Sprintf("window update: %s may come", count(f.Window, "byte"))
	case m.before == f.Ack:
		return "the same ACK again"
	case m.acksFIN() && m.c.ranges && m.peer.to > m.peer.from && before < m.peer.to && m.peer.fin > m.peer.to:
		return "ACK of the " + m.peer.name + " and the FIN"
	case m.acksFIN():
		return "ACK of the FIN"
	case position == 0:
		return "ACK of the SYN"
	case m.c.ranges && position >= m.peer.to && before < m.peer.to && m.peer.to > m.peer.from:
		return "ACK of the " + m.peer.name
	case m.c.ranges && position > m.peer.from && position < m.peer.to:
		return fmt.Sprintf("ACK of the %s up to byte %d", m.peer.name, position-m.peer.from)
	case m.c.ranges:
		return "ACK of another " + m.peer.name
	}
	return fmt.Sprintf("ACK up to byte %d", position)
}

func (m *moment) sack() string { return m.c.blocks(m.peer, m.s) }

// blocks are the SACK blocks of a segment in numbers of the peer's stream.
func (c *conversation) blocks(peer *stream, s *segment.Segment) string {
	var all []string
	for _, r := range s.Blocks() {
		from, to := int64(uint32(r.Start)), int64(uint32(r.End))
		if peer.known {
			from, to = near(r.Start-peer.isn, peer.end), near(r.End-peer.isn, peer.end)
		}
		all = append(all, fmt.Sprintf("%d–%d", from, to-1))
	}
	return strings.Join(all, ", ")
}

// options are a segment's options.
func (c *conversation) options(d int, s *segment.Segment) string {
	var all []string
	if s.MSS != 0 {
		all = append(all, fmt.Sprintf("MSS %d", s.MSS))
	}
	if s.Scale >= 0 {
		all = append(all, fmt.Sprintf("window scale %d", s.Scale))
	}
	if s.SACKPermitted {
		all = append(all, "SACK permitted")
	}
	if s.Timestamps {
		all = append(all, fmt.Sprintf("timestamps %d, %d", s.TSVal, s.TSEcr))
	}
	if s.NSACK > 0 {
		all = append(all, "SACK "+c.blocks(&c.side[1-d], s))
	}
	return strings.Join(all, ", ")
}

// stateName is a state's name as RFC 9293 §3.3.2 writes it.
func stateName(s tcp.State) string {
	if s > tcp.StateTimeWait {
		return "?"
	}
	return strings.ReplaceAll(s.String(), "_", "-")
}

// changeText says what a change of state is.
func changeText(r *found) string {
	switch {
	case r.from == tcp.StateTimeWait && r.to == tcp.StateClosed && r.why == tcp.TimeWaitOver:
		return "TIME-WAIT is over; erased"
	case r.from == tcp.StateTimeWait && r.to == tcp.StateClosed:
		return "still in TIME-WAIT; erased"
	}
	return stateName(r.from) + " → " + stateName(r.to)
}

// neighborText says what a message of ARP or neighbour discovery asks or tells.
func neighborText(r *found) string {
	about, sender, named, ok := r.neighbor()
	switch {
	case !ok:
		return r.kind
	case r.kind == "arp" && r.arp.Operation == arp.Reply:
		return fmt.Sprintf("%s is at %s", about, link.MAC(sender))
	case r.kind == "arp" && r.arp.Gratuitous():
		return fmt.Sprintf("%s is at %s, for everybody", about, link.MAC(sender))
	case r.kind == "arp":
		return fmt.Sprintf("who has %s? tell %s", about, r.arp.SenderIP)
	case r.icmp.Kind == icmp.NeighborSolicitation:
		return fmt.Sprintf("who has %s? tell %s", about, r.src)
	case named != [6]byte{}:
		return fmt.Sprintf("%s is at %s", about, link.MAC(named))
	}
	return fmt.Sprintf("%s is there", about)
}

// complaintText says what an ICMP error is about. at is the relative sequence number of the segment that it quotes;
// math.MinInt64: not known.
func complaintText(r *found, ours bool, at int64) string {
	text := "ICMP " + r.icmp.Kind.String()
	if r.icmp.Kind == icmp.PacketTooBig {
		mtu := r.icmp.Rest
		if !r.icmp.V6 {
			mtu &= 0xffff // RFC 1191 §4
		}
		text += fmt.Sprintf(": the path carries %s", count(int(mtu), "byte"))
	} else {
		text += fmt.Sprintf(" (type %d, code %d)", r.icmp.Type, r.icmp.Code)
	}
	whose := "the peer's"
	if ours {
		whose = "our"
	}
	text += ", about " + whose + " segment"
	if at != math.MinInt64 {
		text += fmt.Sprintf(" with number %d", at)
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
