//go:build !unix

package server

import (
	"os"
	"syscall"
)

// Here nobody can ask for a reload or for log files to be opened anew.
var (
	obeyed       = []os.Signal{os.Interrupt, sigTerminate}
	sigReload    os.Signal
	sigReopen    os.Signal
	sigTerminate = os.Signal(syscall.SIGTERM)
)

func ignorePipes() {}
