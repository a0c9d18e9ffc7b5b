package segment

import "vitrine/trace"

var (
	reasonShort = trace.Declare("segment.short", trace.Refused,
		"The packet is too short for a TCP header.", "RFC 9293 §3.1")
	reasonOffset = trace.Declare("segment.offset", trace.Refused,
		"The TCP header says that it ends before its fixed part or beyond the packet.", "RFC 9293 §3.1")
)
