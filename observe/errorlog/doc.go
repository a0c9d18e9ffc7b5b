// Package errorlog writes the log of what went wrong: a line for each request that failed, with every decision that
// led there and the configuration's lines that are responsible, and the server's own messages.
//
// A line of a file is
//
//	TIME LEVEL JOURNEY CLIENT "REQUEST LINE" HOST STATUS | REASON: SENTENCE (FILE:LINE:COLUMN) | …
//	TIME LEVEL MESSAGE
//
// On a terminal the time is short and each decision stands on a line of its own. When the same thing goes wrong
// again and again, ten lines of each ten seconds are written, and then how many more there were.
//
// It does not use log/slog: the lines are made of Reasons and Positions and not of attributes, and its text handler
// quotes every sentence.
package errorlog
