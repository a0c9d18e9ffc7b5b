package logfile

import "vitrine/trace"

var (
	reasonBehind = trace.Declare("log.behind", trace.Failed,
		"A line was dropped because lines came faster than the log could be written; requests never wait for a log.", "")
	reasonUnwritable = trace.Declare("log.unwritable", trace.Failed,
		"The log cannot be written; its lines are kept as long as there is room and then dropped, and serving goes on.", "")
	reasonLost = trace.Declare("log.lost", trace.Failed,
		"A line was lost because the log could not be written until the end.", "")
	reasonUnread = trace.Declare("log.unread", trace.Failed,
		"A line was dropped because whoever read the log has gone.", "")
	reasonRecovered = trace.Declare("log.recovered", trace.Info,
		"The log can be written again.", "")
	reasonReopened = trace.Declare("log.reopened", trace.Info,
		"The log file was opened anew, because somebody asked for it after putting the old one aside.", "")
	reasonNotReopened = trace.Declare("log.not-reopened", trace.Failed,
		"The log file could not be opened anew; its lines still go to the old one.", "")
	reasonRotated = trace.Declare("log.rotated", trace.Info,
		"The log file was put aside because of its size or age, and a new one begun.", "")
	reasonNotRotated = trace.Declare("log.not-rotated", trace.Failed,
		"The log file is due to be put aside and could not be; it grows on.", "")
)
