package site

import "vitrine/trace"

// Which script an application is asked for, and what becomes of it.
var (
	AppScript = trace.Declare("fcgi.script", trace.Info,
		"The path leads to this script, which is there.", "RFC 3875 §4.1.13")
	AppIndex = trace.Declare("fcgi.index", trace.Info,
		"The path leads to a folder, and this script in it answers.", "")
	AppFront = trace.Declare("fcgi.front", trace.Info,
		"The path leads to nothing, and this script answers for such paths.", "")
	AppWhole = trace.Declare("fcgi.application", trace.Info,
		"The application has no scripts, and gets every path.", "")
	AppStatic = trace.Declare("fcgi.static", trace.Info,
		"The path leads to a file that is no script, and such files are served here.", "")
	AppNoScript = trace.Declare("fcgi.no-script", trace.Refused,
		"No part of the path is a script that is there, so the application is not asked.", "RFC 9110 §15.5.5")
	AppRehearsed = trace.Declare("fcgi.would-ask", trace.Success,
		"The application would be asked, with these parameters, and its answer be sent, whatever its status; an explanation asks nobody.", "RFC 3875 §4.1")
	AppConnected = trace.Declare("fcgi.connected", trace.Info,
		"There is a connection to the application, and the request was sent.", "")
	AppAgain = trace.Declare("fcgi.again", trace.Info,
		"The application had closed a connection while nobody used it, so the request was sent once more, on a new one.", "RFC 9112 §9.3.1")
	AppAnswered = trace.Declare("fcgi.answered", trace.Success,
		"The application answered.", "RFC 3875 §6")
	AppEnded = trace.Declare("fcgi.ended", trace.Info,
		"The application's answer is complete.", "FastCGI §5.5")
	AppNotModified = trace.Declare("fcgi.not-modified", trace.Success,
		"The client has what the application answered already: its validators and the request's conditions say so.", "RFC 9110 §15.4.5")
	AppUnmet = trace.Declare("fcgi.precondition-failed", trace.Refused,
		"The request demands another version than the one that the application answered with.", "RFC 9110 §15.5.13")
	AppRedirects = trace.Declare("fcgi.local-redirect", trace.Info,
		"The application hands over to another path of the site.", "RFC 3875 §6.2.2")
	AppAccel = trace.Declare("fcgi.accel-redirect", trace.Info,
		"The application hands over to a path of the site with X-Accel-Redirect, and that path is among those that it may.", "")
	AppSendFile = trace.Declare("fcgi.send-file", trace.Info,
		"The application names a file to be sent with X-Sendfile, and the file's folder is among those that it may.", "")
	AppMayNot = trace.Declare("fcgi.may-not", trace.Info,
		"The application names a file or a path with X-Sendfile or X-Accel-Redirect that it may not, so its own body is sent.", "")
	AppIntercepted = trace.Declare("fcgi.intercepted", trace.Failed,
		"The application answered with an error, and the site's own page is sent in the place of its body.", "")
)

// Whose fault it is that there is no answer.
var (
	AppNotListening = trace.Declare("fcgi.not-listening", trace.Failed,
		"Nobody listens at the application's address: it is not running, or it listens elsewhere.", "RFC 9110 §15.6.3")
	AppNoSocket = trace.Declare("fcgi.no-socket", trace.Failed,
		"The application's socket is not there: it is not running, or it listens at another path.", "RFC 9110 §15.6.3")
	AppForbidden = trace.Declare("fcgi.forbidden", trace.Failed,
		"This server may not connect to the application's socket; the error log has the socket's mode and owner.", "RFC 9110 §15.6.3")
	AppCrowded = trace.Declare("fcgi.crowded", trace.Failed,
		"As many requests wait for the application as may, or this one has waited for too long.", "RFC 9110 §15.6.4")
	AppUnreachable = trace.Declare("fcgi.unreachable", trace.Failed,
		"The connection to the application failed; the error log has the system's error.", "RFC 9110 §15.6.3")
	AppSilent = trace.Declare("fcgi.silent", trace.Failed,
		"The application did not answer within the time that it has.", "RFC 9110 §15.6.5")
	AppStalled = trace.Declare("fcgi.stalled", trace.Failed,
		"The application said nothing in the middle of its answer for longer than it may, so the connection was cut off.", "")
	AppClosed = trace.Declare("fcgi.closed", trace.Failed,
		"The application closed the connection before its answer was complete: its process may have crashed, or was killed for taking too long.", "RFC 9110 §15.6.3")
	AppLength = trace.Declare("fcgi.length", trace.Failed,
		"The application's answer is not as long as it says.", "RFC 9110 §8.6")
	AppClientGone = trace.Declare("fcgi.client-gone", trace.Info,
		"The client went away, so the connection to the application was closed.", "")
	AppBodyLost = trace.Declare("fcgi.body-lost", trace.Refused,
		"The request's body did not come whole.", "RFC 9110 §15.5.1")
	AppNoRoom = trace.Declare("fcgi.no-room", trace.Failed,
		"The request's body could not be kept until the application is asked.", "RFC 9110 §15.6.1")
)
