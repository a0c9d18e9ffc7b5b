package http1

import (
	"vitrine/trace"
	"vitrine/web/message"
)

// Lines and the request line.
var (
	reasonEmptyLines = trace.Declare("http1.line.empty", trace.Refused,
		"More empty lines came before the request than a careless client sends.", "RFC 9112 §2.2")
	reasonBareCR = trace.Declare("http1.line.bare-cr", trace.Refused,
		"A carriage return stands alone; recipients disagree on whether it ends the line.", "RFC 9112 §2.2")
	reasonBareLF = trace.Declare("http1.line.bare-lf", trace.Refused,
		"A line ends with a line feed alone; recipients disagree on whether it ends the line.", "RFC 9112 §2.2")
	reasonMethod = trace.Declare("http1.method.invalid", trace.Refused,
		"The request does not begin with a method followed by one space.", "RFC 9112 §3.1")
	reasonMethodLong = trace.Declare("http1.method.too-long", trace.Refused,
		"The method is longer than any that this server knows.", "RFC 9112 §3")
	reasonNoVersion = trace.Declare("http1.version.missing", trace.Refused,
		"The request line names no protocol version, as only HTTP/0.9 did.", "RFC 9112 §3")
	reasonVersion = trace.Declare("http1.version.malformed", trace.Refused,
		"The request line does not end with one space and a protocol version such as HTTP/1.1.", "RFC 9112 §2.3")
	reasonMajor = trace.Declare("http1.version.unsupported", trace.Refused,
		"The message is of another major version of HTTP than 1.", "RFC 9110 §15.6.6")
	reasonStatusLine = trace.Declare("http1.status-line.malformed", trace.Refused,
		"The response does not begin with a version, a status code of three digits and a reason phrase.", "RFC 9112 §4")
)

// The request's target and host.
var (
	reasonTargetLong = trace.Declare("http1.target.too-long", trace.Refused,
		"The request's target is longer than this server allows.", "RFC 9110 §15.5.15")
	reasonTargetEmpty = trace.Declare("http1.target.empty", trace.Refused,
		"The request line names no target.", "RFC 9112 §3.2")
	reasonTargetByte = trace.Declare("http1.target.character", trace.Refused,
		"The request's target has a space or a control character.", "RFC 9112 §3.2")
	reasonTargetFragment = trace.Declare("http1.target.fragment", trace.Refused,
		"The request's target has a fragment, which is never sent.", "RFC 9112 §3.2")
	reasonTargetEscape = trace.Declare("http1.target.escape", trace.Refused,
		"A percent sign in the target is not followed by two hexadecimal digits.", "RFC 3986 §2.1")
	reasonTargetNUL = trace.Declare("http1.target.nul", trace.Refused,
		"The path has a NUL, which would end a file's name early.", "RFC 3986 §7.3")
	reasonTargetRoot = trace.Declare("http1.target.above-root", trace.Refused,
		"The path leaves the root with \"..\".", "RFC 3986 §5.2.4")
	reasonTargetUser = trace.Declare("http1.target.user", trace.Refused,
		"The request's target has user information, which likely is there to deceive.", "RFC 9110 §4.2.4")
	reasonTargetScheme = trace.Declare("http1.target.scheme", trace.Refused,
		"The request's target is an absolute URI that is neither http nor https.", "RFC 9110 §4.2")
	reasonTargetForm = trace.Declare("http1.target.form", trace.Refused,
		"The form of the request's target does not go with the method.", "RFC 9112 §3.2")
	reasonTargetAuthority = trace.Declare("http1.target.authority", trace.Refused,
		"The host or the port in the request's target is invalid.", "RFC 3986 §3.2.2")
	reasonHostMissing = trace.Declare("http1.host.missing", trace.Refused,
		"An HTTP/1.1 request has no Host field.", "RFC 9112 §3.2")
	reasonHostRepeated = trace.Declare("http1.host.repeated", trace.Refused,
		"The request has more than one Host field.", "RFC 9112 §3.2")
	reasonHost = trace.Declare("http1.host.invalid", trace.Refused,
		"The Host field names no valid host and port.", "RFC 9112 §3.2")
)

// faultReasons has the Reason for each way in which a target is at fault.
var faultReasons = [message.Faults]*trace.Reason{
	message.EmptyTarget:   reasonTargetEmpty,
	message.BadTargetByte: reasonTargetByte,
	message.Fragment:      reasonTargetFragment,
	message.BadEscape:     reasonTargetEscape,
	message.NULEscape:     reasonTargetNUL,
	message.PathAboveRoot: reasonTargetRoot,
	message.UserInTarget:  reasonTargetUser,
	message.UnknownScheme: reasonTargetScheme,
	message.WrongForm:     reasonTargetForm,
	message.EmptyHost:     reasonTargetAuthority,
	message.BadHost:       reasonTargetAuthority,
	message.BadPort:       reasonTargetAuthority,
}

// Field lines.
var (
	reasonHeadLarge = trace.Declare("http1.head.too-large", trace.Refused,
		"The head of the message is larger than this server allows.", "RFC 6585 §5")
	reasonManyFields = trace.Declare("http1.head.too-many-fields", trace.Refused,
		"The message has more field lines than this server allows.", "RFC 6585 §5")
	reasonLeadingSpace = trace.Declare("http1.field.leading-space", trace.Refused,
		"The first field line begins with white space.", "RFC 9112 §2.2")
	reasonFolded = trace.Declare("http1.field.folded", trace.Refused,
		"A field is folded over two lines, which recipients read in different ways.", "RFC 9112 §5.2")
	reasonSpaceColon = trace.Declare("http1.field.space-before-colon", trace.Refused,
		"White space stands between a field's name and its colon.", "RFC 9112 §5.1")
	reasonFieldName = trace.Declare("http1.field.name", trace.Refused,
		"A field line does not begin with a name and a colon.", "RFC 9112 §5")
	reasonFieldValue = trace.Declare("http1.field.value", trace.Refused,
		"A field's value has a control character.", "RFC 9110 §5.5")
)

// Framing and content.
var (
	reasonLengthAndCoding = trace.Declare("http1.framing.length-and-coding", trace.Refused,
		"The message announces both Content-Length and Transfer-Encoding, as request smuggling does.", "RFC 9112 §6.1")
	reasonCodingOld = trace.Declare("http1.framing.coding-in-http10", trace.Refused,
		"An HTTP/1.0 message has Transfer-Encoding, which that version does not know.", "RFC 9112 §6.1")
	reasonCoding = trace.Declare("http1.framing.coding-malformed", trace.Refused,
		"The value of Transfer-Encoding is not the one word chunked.", "RFC 9112 §6.1")
	reasonCodingUnknown = trace.Declare("http1.framing.coding-unknown", trace.Refused,
		"The message has a transfer coding besides chunked, and this server knows no other.", "RFC 9112 §6.1")
	reasonCodingLast = trace.Declare("http1.framing.chunked-not-last", trace.Refused,
		"The last transfer coding is not chunked, so nobody knows where the message ends.", "RFC 9112 §6.3")
	reasonCodingTwice = trace.Declare("http1.framing.chunked-twice", trace.Refused,
		"The message is chunked more than once.", "RFC 9112 §6.1")
	reasonLengthRepeated = trace.Declare("http1.framing.length-repeated", trace.Refused,
		"The message announces its length more than once.", "RFC 9112 §6.3")
	reasonLength = trace.Declare("http1.framing.length-invalid", trace.Refused,
		"The value of Content-Length is not one decimal number.", "RFC 9110 §8.6")
	reasonBodyLarge = trace.Declare("http1.body.too-large", trace.Refused,
		"The content is larger than this server allows.", "RFC 9110 §15.5.14")
	reasonChunkSize = trace.Declare("http1.chunk.size", trace.Refused,
		"A chunk does not begin with its size in hexadecimal digits.", "RFC 9112 §7.1")
	reasonChunkHuge = trace.Declare("http1.chunk.size-overflow", trace.Refused,
		"A chunk's size is larger than any number that recipients agree on.", "RFC 9112 §7.1")
	reasonChunkLine = trace.Declare("http1.chunk.line-too-long", trace.Refused,
		"The chunks' sizes and extensions take more room than this server allows.", "RFC 9112 §7.1.1")
	reasonChunkExtension = trace.Declare("http1.chunk.extension", trace.Refused,
		"A chunk's extension has a control character.", "RFC 9112 §7.1.1")
	reasonChunkEnd = trace.Declare("http1.chunk.end", trace.Refused,
		"A chunk's data is not followed by the end of the line.", "RFC 9112 §7.1")
	reasonTrailerLarge = trace.Declare("http1.trailer.too-large", trace.Refused,
		"The trailer section is larger than this server allows.", "RFC 6585 §5")
	reasonTrailerDropped = trace.Declare("http1.trailer.dropped", trace.Info,
		"A trailer field that must come before the content was left out.", "RFC 9110 §6.5.1")
	reasonEndInHead = trace.Declare("http1.end.in-head", trace.Failed,
		"The peer ended the connection in the middle of a message's head.", "RFC 9112 §8")
	reasonEndInBody = trace.Declare("http1.end.in-body", trace.Failed,
		"The peer ended the connection before the content was complete.", "RFC 9112 §8")
)

// Sending.
var (
	reasonSendLong = trace.Declare("http1.send.too-long", trace.Failed,
		"More content was written than the head had announced.", "RFC 9112 §6.2")
	reasonSendShort = trace.Declare("http1.send.too-short", trace.Failed,
		"Less content was written than the head had announced.", "RFC 9112 §6.2")
	reasonSendHead = trace.Declare("http1.send.head", trace.Failed,
		"The request to be sent has an invalid method or target, or no Host.", "RFC 9112 §3")
)

// Persistence.
var (
	reasonKeep = trace.Declare("http1.keep.default", trace.Info,
		"The connection stays, as connections of HTTP/1.1 do unless somebody says otherwise.", "RFC 9112 §9.3")
	reasonKeepAsked = trace.Declare("http1.keep.asked", trace.Info,
		"The connection stays, since the HTTP/1.0 client asked for it with keep-alive.", "RFC 9112 §9.3")
	reasonCloseError = trace.Declare("http1.close.error", trace.Close,
		"The server closes first: after the error nobody knows where the next request would begin.", "RFC 9112 §6.3")
	reasonCloseClient = trace.Declare("http1.close.client-asked", trace.Close,
		"The server closes first, since the client asked for it with Connection: close.", "RFC 9112 §9.6")
	reasonCloseResponse = trace.Declare("http1.close.response-asked", trace.Close,
		"The server closes first, since the response says Connection: close.", "RFC 9112 §9.6")
	reasonCloseOld = trace.Declare("http1.close.http10", trace.Close,
		"The server closes first: an HTTP/1.0 client did not ask for keep-alive.", "RFC 9112 §9.3")
	reasonCloseUnknown = trace.Declare("http1.close.length-unknown", trace.Close,
		"The server closes first, since only the end of the connection ends the response.", "RFC 9112 §6.3")
	reasonCloseUnread = trace.Declare("http1.close.unread", trace.Close,
		"The server closes first: it answered without reading the whole request.", "RFC 9112 §9.3")
	reasonCloseRequests = trace.Declare("http1.close.requests", trace.Close,
		"The server closes first: the connection has carried as many requests as it may.", "RFC 9112 §9.5")
	reasonCloseDrain = trace.Declare("http1.close.draining", trace.Close,
		"The server closes first, since it is stopping, or no longer listens where the connection came in.", "RFC 9112 §9.5")
)
