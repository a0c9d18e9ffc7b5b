package server

import (
	"net"
	"os"
)

// What the service manager is told (sd_notify(3)).
const (
	stateReady    = "READY=1"
	stateStopping = "STOPPING=1"
)

// stateReloading says that the configuration is being loaded, and since when.
func stateReloading() string { return "RELOADING=1" + since() }

// notify tells the service manager, when there is one, about a state. A manager that does not listen is no reason
// not to serve, and so errors are not looked at.
func notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"}) // "@…" is an abstract one
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state))
}
