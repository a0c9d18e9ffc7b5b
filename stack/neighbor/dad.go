package neighbor

import (
	"net/netip"

	"vitrine/stack/icmp"
	"vitrine/trace"
)

// DADState is what an address may be used for.
type DADState uint8

const (
	Tentative DADState = iota // being tested: nothing is sent from it and only neighbour discovery is heard
	Preferred                 // ours
	Duplicate                 // another host has it: it is not used
)

var dadNames = [...]string{"tentative", "preferred", "duplicate"}

func (s DADState) String() string { return dadNames[s] }

// DAD tests whether another host on the link has an address already (RFC 4862 §5.4). Pure; one for each address.
type DAD struct {
	Addr  netip.Addr
	mac   MAC
	state DADState
	left  int
	due   int64
	gap   int64
}

// NewDAD begins the test of an address of the adapter with mac. It asks transmits times (DupAddrDetectTransmits, 1 is
// standard), gap nanoseconds apart (RetransTimer, 1 s), first at start: RFC 4862 §5.4.2 wants a random delay of up to a
// second when many hosts may start at once. 0 transmits: there is no test.
func NewDAD(addr netip.Addr, mac MAC, start int64, transmits int, gap int64) *DAD {
	if gap <= 0 {
		gap = 1e9
	}
	d := &DAD{Addr: addr, mac: mac, left: transmits, due: start, gap: gap}
	if transmits <= 0 {
		d.state, d.due = Preferred, 0
	}
	return d
}

// State is what the address may be used for now.
func (d *DAD) State() DADState { return d.state }

// Deadline is when Advance has something to do; 0: never again.
func (d *DAD) Deadline() int64 { return d.due }

// Advance does what is due. send: send icmp.PutSolicitation for the address from the unspecified one to its
// solicited-node group, which must have been joined before. A Reason says that the test is over.
func (d *DAD) Advance(now int64) (send bool, why *trace.Reason) {
	if d.due == 0 || now < d.due {
		return false, nil
	}
	if d.left > 0 {
		d.left--
		d.due = now + d.gap
		return true, nil
	}
	d.state, d.due = Preferred, 0
	return false, reasonUnique.Reach()
}

// Solicitation takes a neighbour solicitation for the address while it is tentative. from is the frame's source: our own
// question may come back. Somebody who has an address only asks for it and is not answered yet (RFC 4862 §5.4.3).
func (d *DAD) Solicitation(s *icmp.Solicitation, from MAC) *trace.Reason {
	if d.state != Tentative || s.Target != d.Addr || !s.Probe {
		return reasonTentative.Reach()
	}
	return d.duplicate(from)
}

// Advertisement takes a neighbour advertisement for the address while it is tentative: who sends it has it (RFC 4862
// §5.4.4).
func (d *DAD) Advertisement(a *icmp.Advertisement, from MAC) *trace.Reason {
	if d.state != Tentative || a.Target != d.Addr {
		return reasonTentative.Reach()
	}
	return d.duplicate(from)
}

func (d *DAD) duplicate(from MAC) *trace.Reason {
	if from == d.mac {
		return reasonOwnPacket.Reach()
	}
	d.state, d.due = Duplicate, 0
	return reasonDuplicate.Reach()
}
