// Package cgi runs scripts: processes that get a request in their environment and on their standard input, and write the
// answer to their standard output (RFC 3875). What the environment says and what the answer means is package gateway's
// business; this one knows processes, pipes and time.
//
// A script has a session and a process group of its own, so that it can be ended with everything that it started. It gets
// three descriptors and no other, the environment that it is given and no other, and bounds on what it may use. Whoever
// runs it always learns how it ended: it is waited for, and what it left running is killed, unless that is wanted.
//
// Most scripts are done in a few milliseconds. For those nothing is watched: the pipe's end tells that the script is done.
// Only when one takes longer than a moment, a goroutine begins to wait for its end through a descriptor (pidfd), so that a
// grandchild that holds the pipe open does not hold the answer; another reads what it writes to standard error.
//
// It needs Linux. Elsewhere Start fails.
package cgi
