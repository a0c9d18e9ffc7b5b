package server

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"vitrine/config"
)

// clashes says where the kernel would answer in the stack's place, or beside it: an address of the network that is the
// machine's own, and a packet socket whose interface has addresses and lends us its hardware address. all are the
// machine's addresses, on those of the network's interface.
func clashes(n *config.Network, all, on []netip.Addr) (found []config.Diagnostic) {
	for _, a := range n.Address {
		own := a.V.Addr()
		if !slices.Contains(all, own) {
			continue
		}
		d := config.Diagnostic{Severity: config.Error, Pos: a.Pos,
			Summary: fmt.Sprintf("%s is an address of this machine's kernel, which would answer in the server's place", own),
			Hint:    "the server is a station of its own on that network, and needs an address that nobody else has"}
		if other := unusedAddress(a.V, all); other.IsValid() {
			d.Hint += fmt.Sprintf(", such as %s/%d", other, a.V.Bits())
		}
		found = append(found, d)
	}
	if n.Kind() == "packet" && n.MAC.V == "" {
		if i := slices.IndexFunc(on, func(a netip.Addr) bool { return !a.IsLinkLocalUnicast() }); i >= 0 {
			found = append(found, config.Diagnostic{Severity: config.Warning, Pos: n.Pos,
				Summary: fmt.Sprintf("the kernel has the address %s on %s, and the server shares the hardware address with it: what comes for the server reaches both, and the kernel may answer with resets", on[i], n.Interface()),
				Hint:    "take the address away from the interface, or give the server a hardware address of its own with mac"})
		}
	}
	return found
}

// unusedAddress is an address of the prefix behind this one that the machine does not have.
func unusedAddress(p netip.Prefix, taken []netip.Addr) netip.Addr {
	for a := p.Addr().Next(); p.Contains(a) && p.Contains(a.Next()); a = a.Next() {
		if !slices.Contains(taken, a) {
			return a
		}
	}
	return netip.Addr{}
}

// kernelAddresses are those of the machine, and of one interface of it.
func kernelAddresses(name string) (all, on []netip.Addr) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, nil // whoever is not told can still be seen not to answer
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			p, err := netip.ParsePrefix(a.String())
			if err != nil {
				continue
			}
			all = append(all, p.Addr())
			if i.Name == name {
				on = append(on, p.Addr())
			}
		}
	}
	return all, on
}
