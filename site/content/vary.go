package content

import "vitrine/web/message"

// AddVary notes in a response's Vary that the answer depends on a field of the request (RFC 9110 §12.5.5). A field that
// is named already, or a "*", is left as it is, so that whoever decides by a field may say so without asking who else did.
func AddVary(h *message.Header, id message.FieldID) {
	name, lines := id.String(), 0
	for i := range h.Len() {
		if h.IDAt(i) != message.Vary {
			continue
		}
		lines++
		if _, value := h.At(i); message.HasToken([]byte(value), name) || message.HasToken([]byte(value), "*") {
			return
		}
	}
	if lines == 1 {
		h.Set("Vary", h.GetID(message.Vary)+", "+name)
	} else { // the first, or one more of several
		h.Add("Vary", name)
	}
}

// AddVaryAll is AddVary for each field of a set, in the order in which the message package numbers them.
func AddVaryAll(h *message.Header, set message.FieldSet) {
	if set == 0 {
		return
	}
	for _, id := range []message.FieldID{message.Accept, message.AcceptCharset, message.AcceptEncoding, message.AcceptLanguage} {
		if set.Has(id) {
			AddVary(h, id)
		}
	}
}
