package fastcgi

import "vitrine/trace"

// What can be wrong with what an application sends.
var (
	NotFastCGI = trace.Declare("fastcgi.not-fastcgi", trace.Failed,
		"What the application sent is no record of FastCGI 1: something else listens at its address, such as a web server.", "FastCGI §3.3")
	OtherRequest = trace.Declare("fastcgi.other-request", trace.Failed,
		"The application answered a request that was never asked on this connection.", "FastCGI §3.3")
	BadRecord = trace.Declare("fastcgi.bad-record", trace.Failed,
		"The application sent a record that no application sends, or one of a wrong length.", "FastCGI §3.3")
	AfterItsEnd = trace.Declare("fastcgi.after-its-end", trace.Failed,
		"The application went on with a stream that it had ended.", "FastCGI §3.3")
	TooMuchNothing = trace.Declare("fastcgi.too-much-nothing", trace.Failed,
		"The application sent one record after another that says nothing.", "FastCGI §4")
	CutShort = trace.Declare("fastcgi.cut-short", trace.Failed,
		"The application closed the connection before its answer was complete.", "FastCGI §5.5")
	Overloaded = trace.Declare("fastcgi.overloaded", trace.Failed,
		"The application says that it is overloaded.", "FastCGI §5.5")
	CannotMultiplex = trace.Declare("fastcgi.cannot-multiplex", trace.Failed,
		"The application says that it has a request on this connection already.", "FastCGI §5.5")
	UnknownRole = trace.Declare("fastcgi.unknown-role", trace.Failed,
		"The application says that it does not answer requests: it is made for another role, such as an authorizer.", "FastCGI §5.5")
)
