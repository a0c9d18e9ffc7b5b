package gateway

import "vitrine/trace"

// What can be wrong with the head of a script's answer.
var (
	HeadTooLarge = trace.Declare("gateway.head-too-large", trace.Failed,
		"The header that the script began its answer with is longer than is accepted here.", "")
	TooManyFields = trace.Declare("gateway.too-many-fields", trace.Failed,
		"The script's answer has more header fields than are accepted here.", "")
	NotAField = trace.Declare("gateway.not-a-field", trace.Failed,
		"The script's answer does not begin with a header: there is a line without a colon where a field should be; often it is a message of an interpreter, or the blank line before the body is missing.", "RFC 3875 §6.3")
	BadFieldName = trace.Declare("gateway.bad-field-name", trace.Failed,
		"The script's answer has a header field whose name has characters that no name may have.", "RFC 9110 §5.1")
	BadFieldValue = trace.Declare("gateway.bad-field-value", trace.Failed,
		"The script's answer has a header field with a control character in its value, as when somebody's input was put there unchecked.", "RFC 9110 §5.5")
	Folded = trace.Declare("gateway.folded", trace.Failed,
		"The script's answer has a header field that goes on in a second line, which has been forbidden since 2014.", "RFC 9112 §5.2")
	BadStatus = trace.Declare("gateway.bad-status", trace.Failed,
		"The status that the script gives is none: it has three digits, from 200 to 599.", "RFC 3875 §6.3.3")
	BadLength = trace.Declare("gateway.bad-length", trace.Failed,
		"The length that the script gives for its body is no number.", "RFC 9110 §8.6")
	SaidTwice = trace.Declare("gateway.said-twice", trace.Failed,
		"The script's answer says two different things where only one can hold: its status, type, length or location.", "RFC 3875 §6.3")
	NonParsed = trace.Declare("gateway.non-parsed", trace.Failed,
		"The script's answer begins with a status line of HTTP, as if it spoke to the client itself; a script begins with header fields, and says its status in the field Status.", "RFC 3875 §5")
	HeadCutShort = trace.Declare("gateway.head-cut-short", trace.Failed,
		"The script ended before the blank line that ends the header of its answer.", "RFC 3875 §6.2")
)
