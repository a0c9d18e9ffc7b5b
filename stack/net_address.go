package stack

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// parseAddress reads "host:port" for a network such as "tcp", "udp4" or "tcp6". A missing host is the zero Addr. The
// stack resolves no names: whoever has a name looks it up first.
func parseAddress(network, address string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "the port is no number from 0 to 65535", Addr: address}
	}
	if host == "" {
		return netip.AddrPortFrom(netip.Addr{}, uint16(port)), nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "the host is no IP address, and the stack resolves no names", Addr: address}
	}
	addr = addr.Unmap()
	if strings.HasSuffix(network, "4") && !addr.Is4() || strings.HasSuffix(network, "6") && !addr.Is6() {
		return netip.AddrPort{}, &net.AddrError{Err: "the address does not fit the network " + network, Addr: address}
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// checkNetwork refuses what is neither the transport nor the transport with a family behind it.
func checkNetwork(network string, transports ...string) error {
	for _, t := range transports {
		if network == t || network == t+"4" || network == t+"6" {
			return nil
		}
	}
	return net.UnknownNetworkError(network)
}

// families are the versions of IP that the stack has an address of.
func (s *Stack) families() (v4, v6 bool) {
	for _, p := range s.Info().Addresses {
		if p.Addr().Unmap().Is4() {
			v4 = true
		} else {
			v6 = true
		}
	}
	return v4, v6
}

// listenAddress is where to listen. Without a host that is every own address of the network's families.
func (s *Stack) listenAddress(network, address string) (addr netip.AddrPort, dual bool, err error) {
	if err := checkNetwork(network, "tcp", "udp"); err != nil {
		return addr, false, err
	}
	addr, err = parseAddress(network, address)
	if err != nil || addr.Addr().IsValid() && (!addr.Addr().IsUnspecified() || addr.Addr().Is4()) {
		return addr, false, err
	}
	v4, v6 := s.families()
	given := addr.Addr().IsValid() // [::]
	switch {
	case strings.HasSuffix(network, "4") || !v6 && !given:
		return netip.AddrPortFrom(netip.IPv4Unspecified(), addr.Port()), false, nil
	case strings.HasSuffix(network, "6"):
		return netip.AddrPortFrom(netip.IPv6Unspecified(), addr.Port()), false, nil
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), addr.Port()), v4, nil
}

// dialAddress is where to connect to. Without a host that is the stack itself, by the first of its addresses that fits.
func (s *Stack) dialAddress(network, address string) (netip.AddrPort, error) {
	addr, err := parseAddress(network, address)
	if err != nil {
		return addr, err
	}
	if addr.Port() == 0 {
		return addr, &net.AddrError{Err: "the port is missing", Addr: address}
	}
	if host := addr.Addr(); !host.IsValid() || host.IsUnspecified() {
		for _, p := range s.Info().Addresses {
			own := p.Addr().Unmap()
			if host.IsValid() && own.Is4() != host.Is4() || strings.HasSuffix(network, "4") && !own.Is4() || strings.HasSuffix(network, "6") && own.Is4() {
				continue
			}
			return netip.AddrPortFrom(own, addr.Port()), nil
		}
		return addr, &net.AddrError{Err: "the host is missing, and the stack has no address of its own that fits", Addr: address}
	}
	return addr, nil
}
