package site

import (
	"vitrine/trace"
	"vitrine/web/message"
)

// codedRequest is the content coding of the request's body where nobody would decode it, or nil: files, fixed answers and
// redirects read no bodies. Scripts and applications decode what they get themselves.
func (v *visit) codedRequest(next step) []byte {
	r := v.request()
	if r.ContentLength == 0 || !r.Fields.Has(message.ContentEncoding) {
		return nil
	}
	switch t := v.settings; {
	case next == respond, next == redirect:
	case next == resolve && t.scripts == nil:
	default:
		return nil
	}
	encoding := r.Fields.Get(message.ContentEncoding)
	if message.EqualFold(encoding, "identity") || len(encoding) == 0 {
		return nil
	}
	return encoding
}

// codingRefused answers a request whose body is encoded, and says which coding would be understood: none (RFC 9110 §15.5.16).
func (v *visit) codingRefused(encoding []byte) (step, *trace.Reason) {
	v.refusal.status = 415
	v.header.Set("Accept-Encoding", "identity")
	return v.refused(CodedRequest.Reach(), v.settings.at, []trace.Detail{trace.D("content-encoding", string(encoding))})
}
