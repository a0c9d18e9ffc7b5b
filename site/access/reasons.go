package access

import "vitrine/trace"

// Who the client is.
var (
	Direct = trace.Declare("client.direct", trace.Info,
		"The connection comes from no trusted proxy, so its other end is the client, whatever the request says.", "")
	Forwarded = trace.Declare("client.forwarded", trace.Info,
		"The connection comes from a trusted proxy, and the first address from the right that is not trusted is the client.", "RFC 7239 §5.2")
	ForwardedInside = trace.Declare("client.forwarded-inside", trace.Info,
		"Every hop is trusted, so the request began at the farthest of them.", "RFC 7239 §5.2")
	ForwardedHidden = trace.Declare("client.forwarded-hidden", trace.Info,
		"A trusted proxy does not say for whom it asks, so the client is not known, and no rule that asks for its address lets it in.", "RFC 7239 §6")
	ForwardedMalformed = trace.Declare("client.forwarded-malformed", trace.Refused,
		"A trusted proxy says for whom it asks, and it is no address.", "RFC 7239 §4")
	ForwardedTooLong = trace.Declare("client.forwarded-too-long", trace.Refused,
		"The request came through more trusted hops than are looked at.", "")
	Hop = trace.Declare("client.hop", trace.Info,
		"The hop is trusted, so the one before it is believed.", "")
)
