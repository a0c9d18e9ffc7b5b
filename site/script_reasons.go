package site

import "vitrine/trace"

// What becomes of a script.
var (
	ScriptFound = trace.Declare("cgi.found", trace.Info,
		"The path leads to a script.", "RFC 3875 §3.3")
	ScriptRehearsed = trace.Declare("cgi.would-run", trace.Success,
		"The script would be run with these variables, and its answer be sent, whatever its status; an explanation runs nothing.", "RFC 3875 §4.1")
	ScriptWaited = trace.Declare("cgi.waited", trace.Info,
		"As many scripts ran as may at once, so the request waited until one of them had ended.", "")
	ScriptStarted = trace.Declare("cgi.started", trace.Info,
		"The script was started.", "RFC 3875 §4")
	ScriptEnded = trace.Declare("cgi.ended", trace.Info,
		"The script has ended.", "")
	ScriptAnswered = trace.Declare("cgi.answered", trace.Success,
		"The script answered.", "RFC 3875 §6")
	ScriptRedirects = trace.Declare("cgi.local-redirect", trace.Info,
		"The script hands over to another path of the site.", "RFC 3875 §6.2.2")
	ScriptAccel = trace.Declare("cgi.accel-redirect", trace.Info,
		"The script hands over to a path of the site with X-Accel-Redirect, and that path is among those that it may.", "")
	ScriptSendFile = trace.Declare("cgi.send-file", trace.Info,
		"The script names a file to be sent with X-Sendfile, and the file's folder is among those that it may.", "")
	ScriptMayNot = trace.Declare("cgi.may-not", trace.Info,
		"The script names a file or a path with X-Sendfile or X-Accel-Redirect that it may not, so its own body is sent.", "")
	ScriptNotModified = trace.Declare("cgi.not-modified", trace.Success,
		"The client has what the script answered already: its validators and the request's conditions say so.", "RFC 9110 §15.4.5")
	ScriptUnmet = trace.Declare("cgi.precondition-failed", trace.Refused,
		"The request demands another version than the one that the script answered with.", "RFC 9110 §15.5.13")
)

// Why a script is not run.
var (
	ScriptInHome = trace.Declare("cgi.in-home", trace.Refused,
		"The file is a script in a user's folder, and those are neither run nor shown.", "RFC 9110 §15.5.4")
	ScriptCopy = trace.Declare("cgi.copy", trace.Refused,
		"The file has the extension of scripts before its last one, as copies and compressed scripts have (a.cgi.gz, a.php.bak); what a script is made of is never shown.", "RFC 9110 §15.5.4")
	ScriptIsFolder = trace.Declare("cgi.folder", trace.Refused,
		"The path leads to a folder of scripts and to no script in it; folders of scripts are not listed.", "RFC 9110 §15.5.4")
	ScriptNotExecutable = trace.Declare("cgi.not-executable", trace.Refused,
		"The script may not be executed by anybody (chmod +x), and no interpreter is configured for its extension.", "RFC 9110 §15.5.4")
	ScriptWritable = trace.Declare("cgi.writable", trace.Refused,
		"Every user of the machine may change the script, or put another one into its folder, so it is not run.", "RFC 9110 §15.5.4")
	ScriptNonParsed = trace.Declare("cgi.nph", trace.Refused,
		"The script's name begins with nph-: it wants to speak to the client itself, which would leave connection, limits and log unguarded; give it another name, and let it say its status in the field Status.", "RFC 3875 §5")
	ScriptsBusy = trace.Declare("cgi.busy", trace.Failed,
		"As many scripts run as may at once, and too many requests wait, or waited too long.", "RFC 9110 §15.6.4")
	ScriptBodyLost = trace.Declare("cgi.body-lost", trace.Refused,
		"The request's body did not come whole, and the script was not run.", "RFC 9110 §15.5.1")
	ScriptNoRoom = trace.Declare("cgi.no-room", trace.Failed,
		"The request's body could not be kept until the script is run.", "RFC 9110 §15.6.1")
)

// Why a script's answer is an error.
var (
	ScriptUnstartable = trace.Declare("cgi.unstartable", trace.Failed,
		"The system could not start the script; the error log says what it said.", "RFC 9110 §15.6.1")
	ScriptNoFormat = trace.Declare("cgi.no-format", trace.Failed,
		"The script is no program of this machine and has no first line that names an interpreter (#!/bin/sh).", "RFC 9110 §15.6.1")
	ScriptNoInterpreter = trace.Declare("cgi.no-interpreter", trace.Failed,
		"The interpreter that the script's first line names is not there, or may not be run.", "RFC 9110 §15.6.1")
	ScriptReplaced = trace.Declare("cgi.replaced", trace.Failed,
		"The script was replaced between the look at it and its start, so it was killed.", "RFC 9110 §15.6.1")
	ScriptExhausted = trace.Declare("cgi.exhausted", trace.Failed,
		"The system has no process, memory or descriptor left for another script.", "RFC 9110 §15.6.4")
	ScriptSilent = trace.Declare("cgi.silent", trace.Failed,
		"The script ended without an answer; what it wrote to standard error is in the error log.", "RFC 9110 §15.6.3")
	ScriptHeadLate = trace.Declare("cgi.head-late", trace.Failed,
		"The script took longer than it may until the header of its answer was complete, and was killed.", "RFC 9110 §15.6.5")
	ScriptLate = trace.Declare("cgi.late", trace.Failed,
		"The script took longer than it may, and was killed.", "RFC 9110 §15.6.5")
	ScriptIdle = trace.Declare("cgi.idle", trace.Failed,
		"The script wrote nothing for longer than it may in the middle of its answer, and was killed.", "")
	ScriptTooLong = trace.Declare("cgi.too-long", trace.Failed,
		"The script wrote more than it may, and was killed.", "")
	ScriptCutShort = trace.Declare("cgi.cut-short", trace.Failed,
		"The script ended before its answer was as long as it had said.", "RFC 3875 §6.3")
	ScriptGone = trace.Declare("cgi.client-gone", trace.Info,
		"The client went away, so the script was killed.", "")
	ScriptStopped = trace.Declare("cgi.stopped", trace.Failed,
		"The server stopped, so the script was killed.", "RFC 9110 §15.6.4")
	ScriptFailed = trace.Declare("cgi.failed", trace.Failed,
		"The script answered, and then ended as a program does that has failed.", "")
	ScriptLeft = trace.Declare("cgi.left-running", trace.Info,
		"The script had ended, and something that it started still held its standard output; that was not waited for.", "")
)
