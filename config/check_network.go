package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"vitrine/trace"
)

// adapterKinds are the adapters that can carry a server.
var adapterKinds = []string{"tap", "packet"}

// otherAdapters are what people may call an adapter, or look for in vain.
var otherAdapters = map[string]string{
	"tun": "tap", "tuntap": "tap", "af_packet": "packet", "raw": "packet", "veth": "packet", "eth": "packet", "nic": "packet",
	"dev": "packet", "if": "packet", "pcap": "packet", "xdp": "packet", "af_xdp": "packet", "bridge": "packet", "macvlan": "packet",
}

// cutAdapter parts "tap:tap0" into kind and interface.
func cutAdapter(text string) (kind, name string) {
	kind, name, _ = strings.Cut(text, ":")
	return kind, name
}

// checkAdapter checks "tap:NAME" or "packet:NAME".
func checkAdapter(text string) *problem {
	kind, name, ok := strings.Cut(text, ":")
	known := kind == "tap" || kind == "packet"
	const example = `write, for example, "tap:tap0" or "packet:veth1"`
	switch {
	case !ok && known:
		return &problem{message: quoted(text) + " names no interface", hint: example}
	case !ok && checkInterface(text, 0) == nil:
		return &problem{message: quoted(text) + " does not say what kind of adapter it is",
			hint: fmt.Sprintf("write %q for a virtual interface, or %q for a packet socket on one that is there", "tap:"+text, "packet:"+text)}
	case !ok:
		return &problem{message: quoted(text) + " is no adapter", hint: example}
	case !known:
		p := &problem{message: fmt.Sprintf("there is no adapter of the kind %q", kind), hint: "it may be tap or packet; " + example, end: max(len(kind), 1)}
		if meant := otherAdapters[strings.ToLower(kind)]; meant != "" {
			p.hint = fmt.Sprintf("did you mean %q?", meant+":"+name)
		} else if near := nearest(kind, adapterKinds); near != "" {
			p.hint = fmt.Sprintf("did you mean %q?", near+":"+name)
		}
		return p
	case name == "":
		return &problem{message: quoted(text) + " names no interface", hint: example}
	}
	return checkInterface(name, len(kind)+1)
}

// checkInterface checks an interface's name, which begins at offset of a text, as the kernel does (dev_valid_name).
func checkInterface(name string, offset int) *problem {
	const longest = 15 // IFNAMSIZ less the final NUL
	whole := func(message, hint string) *problem { return &problem{message, hint, offset, offset + len(name)} }
	if len(name) > longest {
		return whole(fmt.Sprintf("the interface name %q has %d bytes, and %d are the most", name, len(name), longest), "choose a shorter one: "+quoted(name[:longest]))
	}
	if name == "." || name == ".." {
		return whole(quoted(name)+" is no interface name", `write, for example, "tap0"`)
	}
	for i, c := range name {
		if c == '/' || c == ':' || c == '%' || c <= ' ' || c == 0x7f {
			return &problem{fmt.Sprintf("an interface name cannot contain %q", c), "ip link lists those that there are", offset + i, offset + i + 1}
		}
	}
	return nil
}

// parseOwnAddress reads an address with the length of its network, which may be a station's.
func parseOwnAddress(text string) (netip.Prefix, *problem) {
	wrong := func(message, hint string) (netip.Prefix, *problem) {
		return netip.Prefix{}, &problem{message: message, hint: hint}
	}
	if addr, err := netip.ParseAddr(text); err == nil && !strings.Contains(text, "/") { // a zone may have one
		return wrong(quoted(text)+" does not say how long its network is", fmt.Sprintf("write, for example, %q", addr.WithZone("").Unmap().String()+usualLength(addr)))
	}
	front, length, _ := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(front)
	if err != nil {
		return wrong(quoted(text)+" is no address with the length of its network", `write, for example, "198.18.0.2/24" or "fd00:198:18::2/64"`)
	}
	if mask, err := netip.ParseAddr(length); err == nil {
		hint := "write how many bits it has"
		if ones, size := net.IPMask(mask.AsSlice()).Size(); size == addr.BitLen() {
			hint = fmt.Sprintf("write %q", fmt.Sprintf("%s/%d", front, ones))
		}
		return wrong(quoted(text)+" has a mask in place of a length", hint)
	}
	bits, err := strconv.Atoi(length)
	if err != nil || bits < 0 || bits > addr.BitLen() {
		p := &problem{message: fmt.Sprintf("%q is no length of a network", length), hint: fmt.Sprintf("it is from 0 to %d, and usually %s", addr.BitLen(), usualLength(addr)[1:])}
		p.offset, p.end = len(front)+1, len(text)
		return netip.Prefix{}, p
	}
	if addr.Zone() != "" {
		return wrong(quoted(text)+" has a zone", fmt.Sprintf("leave it out: %q", fmt.Sprintf("%s/%d", addr.WithZone(""), bits)))
	}
	if addr.Is4In6() {
		return wrong(quoted(text)+" is an IPv4 address written as one of IPv6", fmt.Sprintf("write, for example, %q", addr.Unmap().String()+"/24"))
	}
	own := netip.PrefixFrom(addr, bits)
	if why, hint := unfit(own); why != "" {
		return wrong(fmt.Sprintf("%q cannot be a server's own address: %s", text, why), hint)
	}
	return own, nil
}

func usualLength(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "/24"
	}
	return "/64"
}

// unfit says why no station can have an address.
func unfit(own netip.Prefix) (why, hint string) {
	a := own.Addr()
	station := a.Next()
	switch {
	case a.IsUnspecified():
		return "it stands for no address", `write, for example, "198.18.0.2/24"`
	case a.IsLoopback():
		return "it never leaves a machine", "for this machine only, leave the network block out: the kernel's sockets serve it"
	case a.IsMulticast():
		return "it is a multicast group's", "write a unicast address"
	case a.Is4() && a.As4()[0] == 0:
		return "the network 0.0.0.0/8 has no stations (RFC 1122 §3.2.1.3)", "write a unicast address"
	case a.Is4() && a.As4()[0] >= 240:
		return "it is reserved (RFC 1112 §4)", "write a unicast address"
	case a.Is4() && own.Bits() < 31 && own.Masked().Addr() == a:
		return "it is that of the network itself", fmt.Sprintf("write, for example, %q", netip.PrefixFrom(station, own.Bits()))
	case a.Is4() && own.Bits() < 31 && !own.Contains(station):
		return "it is the network's broadcast address", fmt.Sprintf("write, for example, %q", netip.PrefixFrom(a.Prev(), own.Bits()))
	case a.Is6() && own.Bits() < 127 && own.Masked().Addr() == a:
		return "it means any router of the network (RFC 4291 §2.6.1)", fmt.Sprintf("write, for example, %q", netip.PrefixFrom(station, own.Bits()))
	}
	return "", ""
}

// parseGateway reads a router's address.
func parseGateway(text string) (netip.Addr, *problem) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		hint := `write, for example, "198.18.0.1"`
		if prefix, err := netip.ParsePrefix(text); err == nil {
			hint = fmt.Sprintf("leave the length out: %q", prefix.Addr())
		}
		return addr, &problem{message: quoted(text) + " is no address", hint: hint}
	}
	addr = addr.Unmap().WithZone("")
	if addr.IsUnspecified() || addr.IsMulticast() || addr.IsLoopback() {
		return addr, &problem{message: quoted(text) + " cannot be a router's address", hint: "write the address of a router in a network of yours"}
	}
	return addr, nil
}

// checkMTU refuses what no network carries. The text is a number.
func checkMTU(text string) *problem {
	const least = 576 // what every host must be able to take: RFC 791 §3.1
	if n, _ := strconv.Atoi(text); n > 0 && n < least {
		return &problem{message: "an MTU of " + text + " is less than every host must be able to take (RFC 791 §3.1)", hint: fmt.Sprintf("it is at least %d, and 1280 with IPv6", least)}
	}
	return nil
}

// checkMAC checks a hardware address.
func checkMAC(text string) *problem {
	if text == "" {
		return nil
	}
	mac, err := net.ParseMAC(text)
	switch {
	case err != nil || len(mac) != 6:
		return &problem{message: quoted(text) + " is no hardware address", hint: `write six bytes, such as "02:00:c6:12:00:02"`}
	case mac[0]&1 != 0:
		mac[0] = mac[0]&^1 | 2
		return &problem{message: quoted(text) + " is the hardware address of a group", hint: fmt.Sprintf("the first byte of a station's is even: %q", mac)}
	case mac.String() == "00:00:00:00:00:00":
		return &problem{message: quoted(text) + " is nobody's hardware address", hint: "leave mac out, and the adapter chooses one"}
	}
	return nil
}

// checkNetwork looks at a network block as a whole.
func checkNetwork(d *decoder, b *block, value any) {
	n := value.(*Network)
	d.labelOr(b, "adapter", "this network has two adapters")
	if len(n.Address) == 0 && b.body.attr("address") == nil && b.body.whole() {
		d.fail(b.head, "this network has no address of its own", `write, for example, address = ["198.18.0.2/24"]; it is another one than the interface's`)
	}
	d.checkOwnAddresses(n)
	d.checkGateways(n)
	if mtu := n.MTU; mtu.V > 0 && mtu.V < 1280 {
		for _, a := range n.Address {
			if a.V.Addr().Is6() {
				d.failAt(mtu.Pos, fmt.Sprintf("IPv6 needs an MTU of at least 1280 (RFC 8200 §5), and this is %d", mtu.V),
					"raise it, or leave the address of IPv6 out", Related{a.Pos, "the address of IPv6 is here"})
				break
			}
		}
	}
	if n.Moderation.V > 0 && n.BusyPoll.V > 0 && n.BusyPoll.V >= n.Moderation.V {
		d.warnAt(n.Moderation.Pos, "moderation has no effect: busy_poll looks for frames all that time", "keep one of them", Related{n.BusyPoll.Pos, "busy_poll is set here"})
	}
}

// checkQueues holds the queues against the event loops.
func (d *decoder) checkQueues() {
	c := d.config
	n := c.Network
	switch {
	case n == nil || n.Queues.V == 0:
	case c.IO.V != "events-per-core" && n.Queues.V > 1:
		d.failAt(n.Queues.Pos, fmt.Sprintf("%d queues need as many event loops, and io = %q has one", n.Queues.V, c.IO.V), `remove queues, or say io = "events-per-core"`, placed(c.IO.Pos, "io is set here")...)
	case c.Loops.V > 0 && c.Loops.V != n.Queues.V:
		d.failAt(n.Queues.Pos, fmt.Sprintf("each queue has an event loop of its own, and there are %d queues and %d loops", n.Queues.V, c.Loops.V), "keep one of the two settings", placed(c.Loops.Pos, "loops is set here")...)
	}
}

// placed is a related place, unless nobody wrote it.
func placed(pos trace.Position, text string) []Related {
	if place(pos) == "" {
		return nil
	}
	return []Related{{pos, text}}
}

// checkOwnAddresses holds the addresses against each other. Several in one network are legal: each brings its own ports.
func (d *decoder) checkOwnAddresses(n *Network) {
	for i, a := range n.Address {
		for _, before := range n.Address[:i] {
			x, y := before.V, a.V
			switch {
			case x.Addr() == y.Addr():
				d.failAt(a.Pos, fmt.Sprintf("the address %s is there twice", y.Addr()), "keep one of them", Related{before.Pos, "it is there first here"})
			case x.Bits() != y.Bits() && x.Overlaps(y):
				d.failAt(a.Pos, fmt.Sprintf("%s and %s are in one network and disagree on its length", x, y),
					fmt.Sprintf("write %q", netip.PrefixFrom(y.Addr(), x.Bits())), Related{before.Pos, "the other one is here"})
			}
		}
	}
}

// checkGateways checks that every gateway is a neighbor.
func (d *decoder) checkGateways(n *Network) {
	for i, g := range n.Gateway {
		for _, before := range n.Gateway[:i] {
			if before.V.Is4() == g.V.Is4() {
				d.failAt(g.Pos, "there are two gateways of one family", "keep one of them", Related{before.Pos, "the first one is here"})
			}
		}
		if len(n.Address) == 0 || g.V.Is6() && g.V.IsLinkLocalUnicast() {
			continue
		}
		if n.Has(g.V) {
			d.failAt(g.Pos, fmt.Sprintf("the gateway %s is the server's own address", g.V), "write the router's; the interface's own address, on the other side, may be it")
			continue
		}
		var witness *Value[netip.Prefix]
		reached := false
		for i, a := range n.Address {
			reached = reached || a.V.Contains(g.V)
			if a.V.Addr().Is4() == g.V.Is4() && witness == nil {
				witness = &n.Address[i]
			}
		}
		switch {
		case reached:
		case witness == nil:
			d.failAt(g.Pos, fmt.Sprintf("the gateway %s cannot be reached: the server has no address of its family", g.V), "add an address of that family, or remove the gateway")
		default:
			first := witness.V.Masked().Addr().Next()
			if first == witness.V.Addr() {
				first = first.Next()
			}
			d.failAt(g.Pos, fmt.Sprintf("the gateway %s is no neighbor: it is not in %s", g.V, witness.V.Masked()),
				fmt.Sprintf("a gateway there would be, for example, %s", first), Related{witness.Pos, "the server's address is here"})
		}
	}
}

// checkListensOn refuses addresses to listen on that the network does not have.
func (d *decoder) checkListensOn() {
	n := d.config.Network
	if n == nil || len(n.Address) == 0 {
		return
	}
	var own []string
	for _, a := range n.Address {
		own = append(own, a.V.Addr().String())
	}
	related := Related{n.Address[0].Pos, "its own addresses are here"}
	check := func(listens []*Listen) {
		for _, l := range listens {
			for _, address := range l.Addresses {
				host, port, err := net.SplitHostPort(address.V)
				if err != nil || host == "" {
					continue
				}
				a, err := netip.ParseAddr(host)
				switch {
				case err != nil || n.Has(a.Unmap()) || a.Is6() && a.IsLinkLocalUnicast():
				case a.IsUnspecified() && a.Is4() && !n.hasFamily(true):
					d.failAt(address.Pos, fmt.Sprintf("the network %q has no IPv4 address to listen on", n.Adapter.V), "write "+quoted(":"+port), related)
				case a.IsUnspecified():
				default:
					d.failAt(address.Pos, fmt.Sprintf("the network %q does not have the address %s", n.Adapter.V, a),
						fmt.Sprintf("write %q for all of its addresses, or %q; the machine's other addresses belong to the kernel", ":"+port, net.JoinHostPort(own[0], port)), related)
				}
			}
		}
	}
	check(d.config.Listens)
	for _, s := range d.config.Sites {
		check(s.Listens)
		for _, a := range s.Address {
			if !n.Has(a.V.Addr()) && !a.V.Addr().IsUnspecified() {
				d.warnAt(a.Pos, fmt.Sprintf("no connection chooses this site by %s: the network %q does not have that address", a.V.Addr(), n.Adapter.V), "write one of "+oneOf(own), related)
			}
		}
	}
}

func (n *Network) hasFamily(v4 bool) bool {
	for _, a := range n.Address {
		if a.V.Addr().Is4() == v4 {
			return true
		}
	}
	return false
}
