package arp

import "vitrine/trace"

var (
	reasonShort = trace.Declare("arp.short", trace.Refused,
		"The packet is shorter than one about IPv4 addresses on Ethernet.", "RFC 826")
	reasonKind = trace.Declare("arp.kind", trace.Refused,
		"The packet is not about IPv4 addresses on Ethernet.", "RFC 826")
	reasonOperation = trace.Declare("arp.operation", trace.Refused,
		"The packet is neither a request nor a reply.", "RFC 826")
	reasonSenderMAC = trace.Declare("arp.sender-mac", trace.Refused,
		"The sender gives a hardware address that cannot be one station's.", "RFC 1812 §3.3.2")
	reasonSenderIP = trace.Declare("arp.sender-ip", trace.Refused,
		"The sender gives an IP address that cannot be one host's.", "RFC 1122 §3.2.1.3")
	reasonTargetIP = trace.Declare("arp.target-ip", trace.Refused,
		"The packet asks for an IP address that cannot be one host's.", "RFC 1122 §3.2.1.3")
)
