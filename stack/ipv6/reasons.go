package ipv6

import "vitrine/trace"

var (
	reasonShort = trace.Declare("ipv6.short", trace.Refused,
		"The packet is shorter than a header.", "RFC 8200 §3")
	reasonVersion = trace.Declare("ipv6.version", trace.Refused,
		"The frame says that it carries IPv6, but the packet in it does not.", "RFC 8200 §3")
	reasonTruncated = trace.Declare("ipv6.truncated", trace.Refused,
		"The packet claims to be longer than what arrived.", "RFC 8200 §3")
	reasonNothing = trace.Declare("ipv6.nothing", trace.Info,
		"The packet says itself that it carries nothing.", "RFC 8200 §4.7")
)

// Extension headers.
var (
	reasonExtension = trace.Declare("ipv6.extension.short", trace.Refused,
		"An extension header is longer than the packet.", "RFC 8200 §4")
	reasonHeaders = trace.Declare("ipv6.extension.many", trace.Refused,
		"The packet has more extension headers or options than honest ones have.", "RFC 8504 §5.3")
	reasonHopByHopPlace = trace.Declare("ipv6.extension.hop-by-hop", trace.Refused,
		"The header with options for routers is not the first one.", "RFC 8200 §4.1")
	reasonRouting = trace.Declare("ipv6.extension.routing", trace.Refused,
		"The packet wants to be sent on from here on a way that it has chosen itself.", "RFC 5095 §3")
	reasonOptionLength = trace.Declare("ipv6.option.length", trace.Refused,
		"An option is longer than the header that it is in.", "RFC 8200 §4.2")
	reasonOption = trace.Declare("ipv6.option.unknown", trace.Refused,
		"The packet has an option that is unknown here and asks not to be read without it.", "RFC 8200 §4.2")
	reasonFragmentTwice = trace.Declare("ipv6.fragment.nested", trace.Refused,
		"The packet is a fragment of a fragment.", "RFC 8200 §4.1")
	reasonChain = trace.Declare("ipv6.fragment.chain", trace.Refused,
		"The first fragment does not have all headers, which only deceives filters.", "RFC 7112 §5")
)
