package server

import (
	"fmt"
	"net/netip"

	"vitrine/config"
)

// network warns about what is legal on an own network and probably not meant.
func (l *linter) network() {
	n := l.config.Network
	if n == nil {
		return
	}
	if n.Wire.V {
		l.warn(n.Wire.Pos, "wire mode costs several times the processor time: every frame is built and read one by one, with its checksum",
			"leave it out when nobody looks at the frames")
	}
	if n.MTU.V > 0 && n.MTU.V < 1280 {
		l.warn(n.MTU.Pos, fmt.Sprintf("with an MTU of %d the network can never have an address of IPv6, which needs 1280 (RFC 8200 §5)", n.MTU.V), "1280 is the least that suits both")
	}
	for _, a := range n.Address {
		if a.V.IsSingleIP() && len(n.Gateway) == 0 {
			l.warn(a.Pos, fmt.Sprintf("the network of %s has no other station, and there is no gateway: nobody can be answered", a.V), "write the length of the network, such as "+usualPrefix(a.V.Addr())+", or a gateway")
		}
	}
	if p := n.TCP.TimeWait; p.V < shortTimeWait {
		l.warn(p.Pos, fmt.Sprintf("after %v a late segment of an old connection may reach a new one with the same ports", p.V), "keep the default for anything but a test")
	}
	l.onlyThisMachine(n)
}

// shortTimeWait is less than what late segments may need.
const shortTimeWait = 5e9

func usualPrefix(a netip.Addr) string {
	if a.Is4() {
		return netip.PrefixFrom(a, 24).String()
	}
	return netip.PrefixFrom(a, 64).String()
}

// onlyThisMachine warns about listeners that only let clients in that cannot exist: on an own network nobody has a
// loopback address, not even this machine.
func (l *linter) onlyThisMachine(n *config.Network) {
	for _, listen := range allListens(l.config) {
		allow := listen.Clients.Allow
		if len(allow) == 0 {
			continue
		}
		somebody := false
		for _, a := range allow {
			somebody = somebody || !a.V.Addr().IsLoopback()
		}
		if !somebody {
			l.warn(allow[0].Pos, fmt.Sprintf("nobody can connect here: on the network %s no client has a loopback address, not even this machine", n.Adapter.V),
				fmt.Sprintf("allow the network, %s, or leave allow out", n.Address[0].V.Masked()))
		}
	}
}
