//go:build unix

package server

import (
	"os"
	"os/signal"
	"syscall"
)

// What signals ask for; any other that is obeyed asks for the end.
var (
	obeyed       = []os.Signal{sigReload, sigReopen, syscall.SIGTERM, syscall.SIGINT}
	sigReload    = os.Signal(syscall.SIGHUP)
	sigReopen    = os.Signal(syscall.SIGUSR1)
	sigTerminate = os.Signal(syscall.SIGTERM)
)

// ignorePipes keeps a log's reader that goes from ending the server.
func ignorePipes() { signal.Ignore(syscall.SIGPIPE) }
