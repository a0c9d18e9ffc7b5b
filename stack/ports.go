package stack

import "net/netip"

// PortsExhausted is Connect's error when no local port is left for a destination.
type PortsExhausted struct {
	Local     []netip.Addr // the addresses that were tried
	Remote    netip.AddrPort
	Ports     int // ephemeral ports of each address
	Left      int // of all of them, how many are free for this destination: 0
	Live      int // are in use by connections to it
	TimeWait  int // wait in TIME_WAIT after connections to it
	Bound     int // belong to listeners
	Elsewhere int // ports of these addresses that are free for other destinations
}

func (e *PortsExhausted) Error() string { return "stack: no port left" }
