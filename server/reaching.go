package server

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"vitrine/config"
)

// Reaching says why nobody can reach a server on its own network yet, as far as this machine shows, and the commands that
// change it. It returns nothing when all is well.
func Reaching(n *config.Network) (why string, commands []string) {
	i, err := net.InterfaceByName(n.Interface())
	if err != nil {
		return "", nil // the adapter is open, so it is in another place than we can see
	}
	addresses, err := i.Addrs()
	if err != nil {
		return "", nil
	}
	var on []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			on = append(on, p)
		}
	}
	_, err = os.Stat(filepath.Join("/sys/class/net", i.Name, "master"))
	why, commands = unreached(n, i.Flags&net.FlagUp != 0, err == nil, on)
	if os.Geteuid() != 0 {
		for i := range commands {
			commands[i] = "sudo " + commands[i]
		}
	}
	return why, commands
}

// unreached is Reaching for an interface with these addresses. bridged says that it is a port of something else, which has
// the addresses then.
func unreached(n *config.Network, up, bridged bool, on []netip.Prefix) (why string, commands []string) {
	name := n.Interface()
	if n.Kind() == "tap" && !bridged {
		for _, a := range n.Address {
			own := a.V
			if slices.ContainsFunc(on, func(p netip.Prefix) bool { return p.Contains(own.Addr()) && p.Addr().Is4() == own.Addr().Is4() }) || own.IsSingleIP() {
				continue
			}
			command := fmt.Sprintf("ip addr add %s dev %s", netip.PrefixFrom(neighbor(n, own.Addr()), own.Bits()), name)
			if own.Addr().Is6() {
				command += " nodad"
			}
			if !slices.ContainsFunc(commands, func(c string) bool { return c == command }) {
				commands = append(commands, command)
			}
		}
	}
	if !up {
		commands = append(commands, fmt.Sprintf("ip link set %s up", name))
		return fmt.Sprintf("%s is down, so nobody can reach it yet", name), commands
	}
	if len(commands) > 0 {
		return fmt.Sprintf("this machine has no address on %s, so it cannot reach the server yet", name), commands
	}
	return "", nil
}
