package ipv4

import "vitrine/trace"

var (
	reasonShort = trace.Declare("ipv4.short", trace.Refused,
		"The packet is shorter than a header.", "RFC 791 §3.1")
	reasonVersion = trace.Declare("ipv4.version", trace.Refused,
		"The frame says that it carries IPv4, but the packet in it does not.", "RFC 1122 §3.2.1.1")
	reasonHeaderLength = trace.Declare("ipv4.header-length", trace.Refused,
		"The header's length is less than a header's, or more than there is.", "RFC 791 §3.1")
	reasonChecksum = trace.Declare("ipv4.checksum", trace.Refused,
		"The header was damaged on the way.", "RFC 1122 §3.2.1.2")
	reasonTotalLength = trace.Declare("ipv4.total-length", trace.Refused,
		"The packet claims to be shorter than its own header.", "RFC 791 §3.1")
	reasonTruncated = trace.Declare("ipv4.truncated", trace.Refused,
		"The packet claims to be longer than what arrived.", "RFC 791 §3.1")
	reasonSourceRoute = trace.Declare("ipv4.source-route", trace.Refused,
		"The packet wants to choose its own way through the network, and the answer's.", "RFC 7126 §4.3")
	reasonOption = trace.Declare("ipv4.option", trace.Refused,
		"An option of the header is longer than the header, or shorter than an option.", "RFC 1122 §3.2.1.8")
	reasonTiny = trace.Declare("ipv4.fragment.tiny", trace.Refused,
		"The fragment begins in the middle of a TCP header, which only deceives filters.", "RFC 3128 §4")
)
