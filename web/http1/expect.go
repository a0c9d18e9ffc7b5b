package http1

import "vitrine/web/message"

// Expects100 reports whether the client waits for 100 (Continue) before it sends the content (RFC 9110 §10.1.1). It is
// false for HTTP/1.0, whose expectations are ignored, and without content, for then there is nothing to wait for. A
// request that has Expect and is of HTTP/1.1 but has an expectation besides 100-continue can be refused with 417: see
// ExpectsOther.
func Expects100(r *message.Request) bool {
	return r.Minor > 0 && r.ContentLength != 0 && r.Fields.Has(message.Expect) && !ExpectsOther(r)
}

// ExpectsOther reports whether the client expects anything that nobody here can promise (RFC 9110 §10.1.1: 417).
func ExpectsOther(r *message.Request) bool {
	if r.Minor == 0 || !r.Fields.Has(message.Expect) {
		return false
	}
	for value := range r.Fields.All(message.Expect) {
		for member := range message.Tokens(value) {
			if !message.EqualFold(member, "100-continue") {
				return true
			}
		}
	}
	return false
}
