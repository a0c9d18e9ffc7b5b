package server

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Resolve is the socket addresses that an address of a configuration or a flag stands for: "127.0.0.1:80" and
// "[::1]:80" for themselves, ":80" for all addresses of both families, and "localhost:80" for the loopback addresses
// that this machine has. No other name is looked up.
func Resolve(address string) ([]netip.AddrPort, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is no address with a port", address)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q is no port", portText)
	}
	at := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, uint16(port)) }
	switch host {
	case "":
		return []netip.AddrPort{at(netip.IPv6Unspecified())}, nil
	case "localhost":
		v4 := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if !hasIPv6Loopback() {
			return []netip.AddrPort{at(v4)}, nil
		}
		return []netip.AddrPort{at(v4), at(netip.IPv6Loopback())}, nil
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("%q is no address", host)
	}
	return []netip.AddrPort{at(a.Unmap())}, nil
}

// hasIPv6Loopback reports whether ::1 can be bound here.
func hasIPv6Loopback() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}
