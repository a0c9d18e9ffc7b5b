package server

import (
	"bufio"
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// probe binds an address for a moment, the way a program does that shares it with nobody. The sockets of the event
// loops share their port (SO_REUSEPORT), and so a second vitrine of the same user could take half of the first one's
// connections without anybody noticing: this is what notices.
func probe(addr netip.AddrPort) error {
	if addr.Port() == 0 {
		return nil
	}
	family := unix.AF_INET
	if addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		if errors.Is(err, unix.EAFNOSUPPORT) {
			return nil // whoever listens copes with a system without IPv6
		}
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) // connections in TIME_WAIT are in nobody's way
	var sa unix.Sockaddr
	if a := addr.Addr(); a.Is4() {
		sa = &unix.SockaddrInet4{Port: int(addr.Port()), Addr: a.As4()}
	} else {
		only := 1
		if a.IsUnspecified() {
			only = 0
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
		six := &unix.SockaddrInet6{Port: int(addr.Port()), Addr: a.As16()}
		if zone, err := strconv.Atoi(a.Zone()); err == nil {
			six.ZoneId = uint32(zone)
		} else if a.Zone() != "" {
			return nil // listening will tell
		}
		sa = six
	}
	return os.NewSyscallError("bind", unix.Bind(fd, sa))
}

// occupant is the program that listens on a port, as "nginx (process 4242)"; empty when that cannot be seen.
func occupant(port uint16) string {
	inodes := listeningInodes(port)
	if len(inodes) == 0 {
		return ""
	}
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // those of other users only for root
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			continue
		}
		inode, ok := strings.CutPrefix(target, "socket:[")
		if !ok || !inodes[strings.TrimSuffix(inode, "]")] {
			continue
		}
		process := strings.Split(link, "/")[2]
		name, err := os.ReadFile("/proc/" + process + "/comm")
		if err != nil {
			continue
		}
		return string(bytes.TrimSpace(name)) + " (process " + process + ")"
	}
	return ""
}

// listeningInodes is the inodes of the sockets that listen on a port, of both families.
func listeningInodes(port uint16) map[string]bool {
	const stateListen = "0A"
	suffix := ":" + strings.ToUpper(strconv.FormatUint(uint64(port)+1<<16, 16)[1:])
	inodes := make(map[string]bool)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
			words := strings.Fields(lines.Text())
			if len(words) > 9 && strings.HasSuffix(words[1], suffix) && words[3] == stateListen {
				inodes[words[9]] = true
			}
		}
		f.Close()
	}
	return inodes
}
