package serve

import "vitrine/trace"

// Why a connection was not taken, and why it ended where no protocol had a say.
var (
	ReasonAccepted = trace.Declare("accept.allowed", trace.Info,
		"The client's address may connect here.", "")
	ReasonDenied = trace.Declare("accept.denied", trace.Refused,
		"The client's address is not among those that may connect to this listener.", "")
	ReasonPerClient = trace.Declare("accept.per-client", trace.Refused,
		"The client's address has as many connections open as one client may.", "")
	ReasonFull = trace.Declare("accept.full", trace.Info,
		"As many connections are open as the server may hold; new ones wait in the listen queue until one ends.", "")
	ReasonNoDescriptors = trace.Declare("accept.no-descriptors", trace.Failed,
		"The system gave no descriptor for a new connection; it waits in the listen queue.", "")

	CloseReset = trace.Declare("close.reset", trace.Failed,
		"The client's side reset the connection or it was lost.", "RFC 9293 §3.5.3")
	CloseWriteTimeout = trace.Declare("close.write-timeout", trace.Failed,
		"The client took no byte of the response for longer than the write time-out.", "")
	CloseSlowReader = trace.Declare("close.slow-reader", trace.Failed,
		"The client took the response more slowly than the minimum rate.", "")
	CloseFileShrank = trace.Declare("close.file-shrank", trace.Failed,
		"The file became shorter while it was sent, so the announced length could not be kept.", "RFC 9112 §6.3")
	CloseFileFailed = trace.Declare("close.file-failed", trace.Failed,
		"The system could not read the file while it was sent; the error log has its error.", "RFC 9112 §6.3")
	CloseUnused = trace.Declare("close.unused-bytes", trace.Failed,
		"The client sent more than the protocol could make use of or put away.", "")
	CloseLingered = trace.Declare("close.linger-timeout", trace.Close,
		"The client went on sending after our close for longer than we discard what it sends.", "RFC 9112 §9.6")
	CloseForced = trace.Declare("close.forced", trace.Failed,
		"The server stopped before the connection had ended by itself.", "")
	CloseInternal = trace.Declare("close.internal", trace.Failed,
		"The connection ended because of an error of the server itself.", "")

	LinkRefused = trace.Declare("upstream.refused", trace.Failed,
		"The other program could not be connected to; the error log has the system's error.", "")
	LinkTimeout = trace.Declare("upstream.connect-timeout", trace.Failed,
		"The connection to the other program was not established within the time-out.", "")
	LinkReset = trace.Declare("upstream.reset", trace.Failed,
		"The other program reset the connection, or it was lost.", "RFC 9293 §3.5.3")
	LinkStalled = trace.Declare("upstream.write-timeout", trace.Failed,
		"The other program took no byte of the request for longer than the write time-out.", "")
	LinkUnused = trace.Declare("upstream.unused-bytes", trace.Failed,
		"The other program sent more than the protocol could make use of or put away.", "")
	LinkForced = trace.Declare("upstream.forced", trace.Failed,
		"The server stopped while the connection to the other program was in use.", "")
	LinkInternal = trace.Declare("upstream.internal", trace.Failed,
		"The connection to the other program ended because of an error of the server itself.", "")
)
