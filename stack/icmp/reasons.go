package icmp

import "vitrine/trace"

// What arrives.
var (
	reasonShort = trace.Declare("icmp.short", trace.Refused,
		"The message is shorter than a header.", "RFC 792")
	reasonChecksum = trace.Declare("icmp.checksum", trace.Refused,
		"The message was damaged on the way.", "RFC 792")
	reasonUnknown = trace.Declare("icmp.unknown", trace.Refused,
		"The message is of a sort that this host does not answer.", "RFC 1122 §3.2.2")
	reasonRedirect = trace.Declare("icmp.redirect", trace.Refused,
		"Somebody asks to send packets another way; such advice is never taken, since anybody could give it.", "RFC 6274 §4.3.4")
	reasonUnspecified = trace.Declare("icmp.unspecified", trace.Refused,
		"The message does not say who sent it, which only hosts without an address may do, when they look for one.", "RFC 4291 §2.5.2")
	reasonEchoGroup = trace.Declare("icmp.echo.group", trace.Refused,
		"The echo request was sent to many hosts; if all of them answered, a victim could be flooded.", "RFC 1122 §3.2.2.6")
)

// What an error quotes.
var (
	reasonEmbeddedNone = trace.Declare("icmp.embedded.none", trace.Refused,
		"The message is no error, so it quotes no packet.", "RFC 792")
	reasonEmbedded = trace.Declare("icmp.embedded.invalid", trace.Refused,
		"The error quotes something that is no packet of this host's making.", "RFC 1122 §3.2.2")
	reasonEmbeddedShort = trace.Declare("icmp.embedded.short", trace.Refused,
		"The error quotes too little of a packet to know which one it is about.", "RFC 792")
	reasonEmbeddedFragment = trace.Declare("icmp.embedded.fragment", trace.Refused,
		"The error quotes a later fragment, in which the ports are not to be found.", "RFC 792")
)

// Why an error is not sent.
var (
	reasonAnswerError = trace.Declare("icmp.answer.error", trace.Refused,
		"Errors are not answered with errors, or they would never end.", "RFC 1122 §3.2.2")
	reasonAnswerGroup = trace.Declare("icmp.answer.group", trace.Refused,
		"The packet was for many hosts; if all of them complained, its sender would be flooded.", "RFC 1122 §3.2.2")
	reasonAnswerFragment = trace.Declare("icmp.answer.fragment", trace.Refused,
		"Only the first fragment of a packet is complained about.", "RFC 1122 §3.2.2")
	reasonAnswerSource = trace.Declare("icmp.answer.source", trace.Refused,
		"The packet's source is no single host that could be told.", "RFC 1122 §3.2.2")
)

// Neighbour discovery and multicast listeners.
var (
	reasonHopLimit = trace.Declare("icmp.ndp.hop-limit", trace.Refused,
		"The message passed a router, so its sender is no neighbour.", "RFC 4861 §7.1.1")
	reasonCode = trace.Declare("icmp.ndp.code", trace.Refused,
		"The message of neighbour discovery has a code other than zero.", "RFC 4861 §7.1.1")
	reasonLength = trace.Declare("icmp.ndp.length", trace.Refused,
		"The message of neighbour discovery is shorter than its kind is.", "RFC 4861 §7.1.1")
	reasonOption = trace.Declare("icmp.ndp.option", trace.Refused,
		"An option of the message has no length, or a wrong one.", "RFC 4861 §4.6")
	reasonTarget = trace.Declare("icmp.ndp.target", trace.Refused,
		"The message is about a group of hosts, but only one can be a neighbour.", "RFC 4861 §7.1.1")
	reasonProbeGroup = trace.Declare("icmp.ndp.probe-destination", trace.Refused,
		"A host that has no address yet asks, but not the group of those who may have it.", "RFC 4861 §7.1.1")
	reasonProbeMAC = trace.Declare("icmp.ndp.probe-mac", trace.Refused,
		"A host that has no address yet gives a hardware address for it.", "RFC 4861 §7.1.1")
	reasonSolicited = trace.Declare("icmp.ndp.solicited", trace.Refused,
		"The advertisement was sent to many, but claims to answer one host's question.", "RFC 4861 §7.1.2")
	reasonRouter = trace.Declare("icmp.ndp.router", trace.Refused,
		"The router does not give its address on this link.", "RFC 4861 §6.1.2")
	reasonMAC = trace.Declare("icmp.ndp.mac", trace.Refused,
		"The hardware address in the message cannot be one station's.", "RFC 4861 §7.2.3")
	reasonFragmented = trace.Declare("icmp.ndp.fragmented", trace.Refused,
		"The message of neighbour discovery came in fragments, which hides it from guards on the way.", "RFC 6980 §5")
	reasonMLDOrigin = trace.Declare("icmp.mld.origin", trace.Refused,
		"The query for multicast listeners is not from a router on this link.", "RFC 3810 §5.1.14")
	reasonMLDLength = trace.Declare("icmp.mld.length", trace.Refused,
		"The query for multicast listeners is shorter than one is.", "RFC 3810 §5.1")
)
