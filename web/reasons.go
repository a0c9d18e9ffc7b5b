package web

import "vitrine/trace"

// Why an exchange failed, or its connection ended, where HTTP/1's rules on persistence have no say.
var (
	CloseIdle = trace.Declare("close.keep-alive-timeout", trace.Close,
		"The client sent no further request within the keep-alive time.", "RFC 9112 §9.5")
	CloseUnused = trace.Declare("close.no-request", trace.Close,
		"The client connected and ended the connection without sending a request.", "")
	CloseSilent = trace.Declare("close.no-request-timeout", trace.Close,
		"The client connected and sent no request within the header time-out.", "")
	CloseClient = trace.Declare("close.client", trace.Close,
		"The client ended the connection between two requests.", "RFC 9112 §9.6")
	CloseHalf = trace.Declare("close.half-closed", trace.Close,
		"The client had ended its direction; its last response was sent and the connection closed.", "RFC 9112 §9.6")
	CloseDrain = trace.Declare("close.drain", trace.Close,
		"The server is stopping, or no longer listens where the connection came in, and nothing was owed on it.", "")
	CloseTunnel = trace.Declare("close.tunnel", trace.Close,
		"The upgraded connection was ended by one of its sides.", "RFC 9110 §7.8")

	HeaderTimeout = trace.Declare("request.header-timeout", trace.Refused,
		"The request's header did not arrive whole within the header time-out.", "RFC 9110 §15.5.9")
	HeaderCut = trace.Declare("request.header-cut", trace.Refused,
		"The client ended the connection in the middle of a request's header.", "RFC 9112 §8")
	BodyTimeout = trace.Declare("request.body-timeout", trace.Refused,
		"No byte of the request's body arrived within the body time-out.", "RFC 9110 §15.5.9")
	BodySlow = trace.Declare("request.body-slow", trace.Refused,
		"The request's body arrived more slowly than the minimum rate.", "RFC 9110 §15.5.9")
	BodyUnwanted = trace.Declare("request.body-unwanted", trace.Close,
		"The client sends more of a body that nobody reads than is dropped for the connection's sake.", "RFC 9112 §9.3")
	BodyCut = trace.Declare("request.body-cut", trace.Refused,
		"The client ended the connection before the request's body was complete.", "RFC 9112 §8")
	HandlerSilent = trace.Declare("exchange.no-answer", trace.Failed,
		"The handler ended without an answer.", "RFC 9110 §15.6.1")
	HandlerPanic = trace.Declare("exchange.panic", trace.Failed,
		"The handler panicked.", "RFC 9110 §15.6.1")
	HandlerAborted = trace.Declare("exchange.aborted", trace.Failed,
		"The handler cut the response off.", "")
	SwitchUnasked = trace.Declare("exchange.switch-unasked", trace.Failed,
		"The handler answered 101 without leaving the protocol, so nobody could say what the next bytes would mean.", "RFC 9110 §15.2.2")
	HandlersBusy = trace.Declare("exchange.busy", trace.Refused,
		"As many requests wait for a handler as may.", "RFC 9110 §15.6.4")
	BodyShort = trace.Declare("exchange.body-short", trace.Failed,
		"The handler wrote less than the Content-Length it had announced.", "RFC 9112 §6.3")
	BodyLong = trace.Declare("exchange.body-long", trace.Failed,
		"The handler wrote more than the Content-Length it had announced.", "RFC 9112 §6.3")

	LinkDone = trace.Declare("upstream.done", trace.Close,
		"The connection to the other program was no longer needed.", "")
	LinkIdle = trace.Declare("upstream.idle", trace.Close,
		"The connection to the other program was unused for the idle time, or the other program closed it meanwhile.", "")
)
