//go:build unix

package socket

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as the system's calls want it.
func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	sa := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		sa.ZoneId = zoneID(zone)
	}
	return sa
}

// fromSockaddr reads an address as the system's calls give it. An IPv4 address on a dual socket is given as IPv4.
func fromSockaddr(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 && addr.IsLinkLocalUnicast() {
			addr = addr.WithZone(zoneName(sa.ZoneId))
		}
		return netip.AddrPortFrom(addr.Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
