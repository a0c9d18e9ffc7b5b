package ip

import "vitrine/trace"

// Addresses.
var (
	reasonSourceUnspecified = trace.Declare("ip.source.unspecified", trace.Refused,
		"The packet does not say who sent it, so nobody could be answered.", "RFC 1122 §3.2.1.3")
	reasonSourceGroup = trace.Declare("ip.source.multicast", trace.Refused,
		"The packet claims to come from a group of hosts, but only one can have sent it.", "RFC 1122 §3.2.1.3")
	reasonSourceBroadcast = trace.Declare("ip.source.broadcast", trace.Refused,
		"The packet claims to come from everybody in a subnet, but only one can have sent it.", "RFC 1122 §3.2.1.3")
	reasonSourceLoopback = trace.Declare("ip.source.loopback", trace.Refused,
		"The packet claims to come from within this host, but it came over a link.", "RFC 1122 §3.2.1.3")
	reasonSourceReserved = trace.Declare("ip.source.reserved", trace.Refused,
		"The packet's source is an address that no host has.", "RFC 1112 §4")
	reasonSourceMapped = trace.Declare("ip.source.mapped", trace.Refused,
		"The packet's source is an IPv4 address written as an IPv6 address, which never appears on a link.", "RFC 4291 §2.5.5")
	reasonSourceOwn = trace.Declare("ip.source.own", trace.Refused,
		"The packet claims to come from this host itself, as in the attack called land.", "RFC 6274 §3.14")
	reasonForeign = trace.Declare("ip.destination.foreign", trace.Refused,
		"The packet is for another host, and this one is no router.", "RFC 1122 §3.2.1.3")
	reasonGroup = trace.Declare("ip.destination.group", trace.Refused,
		"The packet is for a group that this host has not joined.", "RFC 1122 §3.2.1.3")
	reasonDestinationHost = trace.Declare("ip.destination.host", trace.Refused,
		"The packet's destination has a meaning only within a host, but it came over a link.", "RFC 1122 §3.2.1.3")
)

// Fragments. Those with a capital letter are exported because IPv6 answers them with a parameter problem.
var (
	ReasonFragmentBeyond = trace.Declare("ip.fragment.beyond", trace.Refused,
		"The fragment reaches beyond the largest packet that there can be, as in the attack called ping of death.", "RFC 8200 §4.5")
	ReasonFragmentUneven = trace.Declare("ip.fragment.uneven", trace.Refused,
		"The fragment is not the last one, and its length is no multiple of eight.", "RFC 8200 §4.5")
	reasonFragmentEmpty = trace.Declare("ip.fragment.empty", trace.Refused,
		"The fragment carries nothing.", "RFC 791 §3.2")
	reasonFragmentAgain = trace.Declare("ip.fragment.again", trace.Info,
		"The same fragment came twice.", "RFC 8200 §4.5")
	reasonFragmentOverlap = trace.Declare("ip.fragment.overlap", trace.Refused,
		"Two fragments of a datagram contradict each other; all of it is dropped, also what still comes.", "RFC 5722 §4")
	reasonFragmentMany = trace.Declare("ip.fragment.many", trace.Refused,
		"The datagram comes in more fragments than this host keeps of one.", "")
	reasonFragmentSource = trace.Declare("ip.fragment.source", trace.Refused,
		"The sender has more incomplete datagrams here than one may have; its oldest is given up.", "")
	reasonFragmentMemory = trace.Declare("ip.fragment.memory", trace.Refused,
		"There are more fragments than this host keeps; the oldest datagram is given up.", "")
	reasonFragmentTimeout = trace.Declare("ip.fragment.timeout", trace.Failed,
		"The other fragments of the datagram did not arrive in time.", "RFC 1122 §3.3.2")
)

// Limits on what is sent.
var (
	reasonLimit = trace.Declare("ip.limit.all", trace.Refused,
		"The answer is not sent: this host has answered as often as it does in this time.", "RFC 4443 §2.4")
	reasonPeerLimit = trace.Declare("ip.limit.peer", trace.Refused,
		"The answer is not sent: this peer has got as many as one gets in this time.", "RFC 4443 §2.4")
)
