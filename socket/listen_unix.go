//go:build unix

package socket

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// option is one setting of a socket.
type option struct{ level, name, value int }

// listenTCP makes a listening socket of the kernel's and returns the address that it got. open makes a socket of a family
// as the maker wants its descriptors: not blocking, closed in children. further are options besides those of addresses.
func listenTCP(addr netip.AddrPort, dual bool, o ListenOptions, open func(family int) (int, error), further []option) (int, netip.AddrPort, error) {
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := open(family)
	if dual && errors.Is(err, unix.EAFNOSUPPORT) { // a system without IPv6
		return listenTCP(netip.AddrPortFrom(netip.IPv4Unspecified(), addr.Port()), false, o, open, further)
	}
	if err != nil {
		if fd >= 0 {
			unix.Close(fd)
		}
		return -1, netip.AddrPort{}, os.NewSyscallError("socket", err)
	}
	options := []option{{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1}}
	if o.ReusePort {
		options = append(options, option{unix.SOL_SOCKET, unix.SO_REUSEPORT, 1})
	}
	if family == unix.AF_INET6 {
		only := 1
		if dual {
			only = 0
		}
		options = append(options, option{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only})
	}
	for _, s := range append(options, further...) {
		if err == nil {
			err = unix.SetsockoptInt(fd, s.level, s.name, s.value)
		}
	}
	if err == nil {
		err = unix.Bind(fd, sockaddr(addr))
	}
	if err == nil {
		most := o.Backlog
		if most <= 0 {
			most = backlog
		}
		err = unix.Listen(fd, most)
	}
	var sa unix.Sockaddr
	if err == nil {
		sa, err = unix.Getsockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return -1, netip.AddrPort{}, fmt.Errorf("listen %s: %w", addr, err)
	}
	return fd, fromSockaddr(sa), nil
}
