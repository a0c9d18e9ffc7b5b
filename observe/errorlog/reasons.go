package errorlog

import "vitrine/trace"

var reasonRepeated = trace.Declare("log.repeated", trace.Info,
	"A line of the error log was only counted, because many of the same had just been written.", "")
