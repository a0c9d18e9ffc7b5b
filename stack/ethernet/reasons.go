package ethernet

import "vitrine/trace"

var (
	reasonShort = trace.Declare("ethernet.short", trace.Refused,
		"The frame is shorter than two addresses and a type.", "IEEE 802.3 §3.1.1")
	reasonTagged = trace.Declare("ethernet.tagged", trace.Refused,
		"The frame belongs to a virtual network (it has a VLAN tag), and this stack is in none.", "IEEE 802.1Q §9.3")
	reasonLength = trace.Declare("ethernet.length", trace.Refused,
		"The frame has a length where Internet protocols have their type.", "RFC 1122 §2.3.3")
	reasonSource = trace.Declare("ethernet.group-source", trace.Refused,
		"The frame claims to come from a group of stations, but only one can have sent it.", "IEEE 802.3 §3.2.5")
)
