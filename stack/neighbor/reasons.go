package neighbor

import "vitrine/trace"

// ReasonUnreachable is why packets for a neighbour cannot be sent: EHOSTUNREACH for who waits.
var ReasonUnreachable = trace.Declare("neighbor.unreachable", trace.Failed,
	"Nobody on the link answers to this address.", "RFC 4861 §7.2.2")

// What becomes of packets and entries.
var (
	reasonHoldEntry = trace.Declare("neighbor.hold.entry", trace.Refused,
		"Too many packets wait for this neighbour's hardware address; the oldest is dropped.", "RFC 1122 §2.3.2.2")
	reasonHoldAll = trace.Declare("neighbor.hold.all", trace.Refused,
		"Too many packets wait for hardware addresses; one of this neighbour's is dropped.", "")
	reasonFull = trace.Declare("neighbor.full", trace.Info,
		"There are more neighbours than are remembered; the least useful is forgotten.", "")
	reasonLost = trace.Declare("neighbor.lost", trace.Info,
		"The neighbour answers no more where it was; the next packet asks everybody.", "RFC 4861 §7.3.3")
)

// What is learned.
var (
	reasonUnasked = trace.Declare("neighbor.unasked", trace.Info,
		"A host tells its hardware address, but nothing here is waiting to be sent to it.", "RFC 4861 §7.2.5")
	reasonMoved = trace.Declare("neighbor.moved", trace.Info,
		"The neighbour has another hardware address than before.", "RFC 826")
	reasonFlapping = trace.Declare("neighbor.flapping", trace.Refused,
		"The neighbour's hardware address would change again within a moment; two hosts may be using the same address.", "RFC 5227 §2.4")
	reasonNoOverride = trace.Declare("neighbor.no-override", trace.Refused,
		"Another host offers itself for this address, but does not ask to replace the one that is known.", "RFC 4861 §7.2.5")
	reasonPermanent = trace.Declare("neighbor.permanent", trace.Refused,
		"The neighbour's hardware address was set by hand and is not changed by messages.", "")
	reasonNoMAC = trace.Declare("neighbor.no-mac", trace.Refused,
		"The advertisement tells no hardware address, and none is known.", "RFC 4861 §7.2.5")
	reasonFar = trace.Declare("neighbor.far", trace.Refused,
		"The sender's address is not on this link, so nothing is learned from it.", "RFC 1122 §2.3.2.1")
	reasonOthers = trace.Declare("neighbor.others", trace.Info,
		"The question is about another host's address.", "RFC 826")
)

// Our own addresses.
var (
	reasonOwnPacket = trace.Declare("neighbor.own-packet", trace.Info,
		"The message is this host's own, come back.", "RFC 4862 §5.4.3")
	reasonConflict = trace.Declare("neighbor.conflict", trace.Failed,
		"Another host on the link uses an address of this host.", "RFC 5227 §2.4")
	reasonUnique = trace.Declare("neighbor.dad.unique", trace.Success,
		"No other host has the address; it can be used.", "RFC 4862 §5.4")
	reasonDuplicate = trace.Declare("neighbor.dad.duplicate", trace.Failed,
		"Another host has the address or wants it at the same time; it is not used.", "RFC 4862 §5.4.5")
	reasonTentative = trace.Declare("neighbor.dad.tentative", trace.Info,
		"The address is still being tested and answers nobody.", "RFC 4862 §5.4.3")
)
