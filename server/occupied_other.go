//go:build !linux

package server

import (
	"net"
	"net/netip"
)

// probe reports whether an address can be listened on.
func probe(addr netip.AddrPort) error {
	if addr.Port() == 0 {
		return nil
	}
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
	if err != nil {
		return err
	}
	return l.Close()
}

// occupant is the program that listens on a port, which cannot be seen here.
func occupant(uint16) string { return "" }
