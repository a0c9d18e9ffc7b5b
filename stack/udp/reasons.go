package udp

import "vitrine/trace"

var (
	reasonShort = trace.Declare("udp.short", trace.Refused,
		"The datagram is shorter than a header.", "RFC 768")
	reasonLength = trace.Declare("udp.length", trace.Refused,
		"The datagram claims to be shorter than its header, or longer than what arrived.", "RFC 768")
	reasonNoChecksum = trace.Declare("udp.no-checksum", trace.Refused,
		"The datagram has no checksum, but IPv6 has no other protection.", "RFC 8200 §8.1")
	reasonChecksum = trace.Declare("udp.checksum", trace.Refused,
		"The datagram was damaged on the way.", "RFC 1122 §4.1.3.4")
	reasonPort = trace.Declare("udp.port", trace.Refused,
		"The datagram is for port 0, which nobody can have.", "RFC 768")
)
