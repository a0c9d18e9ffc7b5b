//go:build unix

package cgi

import "syscall"

// init adds the signals that not every system has.
func init() {
	signals[syscall.SIGSYS] = "SIGSYS"
	signals[syscall.SIGXCPU] = "SIGXCPU"
	signals[syscall.SIGXFSZ] = "SIGXFSZ"
	remarks[syscall.SIGSYS] = " (a system call that it may not make)"
	remarks[syscall.SIGXCPU] = " (its bound of processor time)"
}
