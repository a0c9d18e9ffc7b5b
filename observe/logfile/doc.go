// Package logfile writes lines to files without ever making those who write them wait.
//
// Append copies a line into a buffer. A goroutine per file writes full buffers, and those whose lines have waited
// long enough. When it falls behind by more than a bound, lines are dropped and counted; when the file cannot be
// written, the buffers are kept for as long as the bound allows and written once it can be. Neither stops anybody
// from serving.
//
// A file is opened for appending only. It can be reopened, after somebody else has put it aside, and it can put
// itself aside by size and age. In both cases every line ends up whole in one of the files.
package logfile
