package ip

import (
	"net/netip"
	"testing"
)

var own = []netip.Prefix{
	netip.MustParsePrefix("198.18.0.2/24"),
	netip.MustParsePrefix("198.19.0.2/31"),
	netip.MustParsePrefix("fd00:198:18::2/64"),
	netip.MustParsePrefix("fe80::2/64"),
}

func TestSource(t *testing.T) {
	for addr, want := range map[string]string{
		"198.18.0.1":         "-",
		"203.0.113.9":        "-",
		"10.0.0.1":           "-", // private addresses are addresses
		"198.18.0.2":         "ip.source.own",
		"198.19.0.2":         "ip.source.own",
		"198.19.0.3":         "-", // RFC 3021: no broadcast in a subnet of two
		"198.18.0.255":       "ip.source.broadcast",
		"198.18.0.0":         "ip.source.broadcast",
		"255.255.255.255":    "ip.source.broadcast",
		"198.18.1.255":       "-", // in another subnet that may be anybody
		"0.0.0.0":            "ip.source.unspecified",
		"0.1.2.3":            "ip.source.unspecified",
		"127.0.0.1":          "ip.source.loopback",
		"224.0.0.1":          "ip.source.multicast",
		"239.255.255.250":    "ip.source.multicast",
		"240.0.0.1":          "ip.source.reserved",
		"fd00:198:18::1":     "-",
		"fe80::1":            "-",
		"fd00:198:18::":      "-", // IPv6 has no broadcast
		"::":                 "ip.source.unspecified",
		"::1":                "ip.source.loopback",
		"ff02::1":            "ip.source.multicast",
		"::ffff:198.18.0.1":  "ip.source.mapped",
		"fd00:198:18::2":     "ip.source.own",
		"2001:db8::ffff:1:2": "-",
	} {
		if why := Source(netip.MustParseAddr(addr), own); why.String() != want {
			t.Errorf("%s: %v instead of %s", addr, why, want)
		}
	}
	// RFC 4862 §5.4.2: who has no address yet asks without one.
	if why := SourceICMPv6(netip.IPv6Unspecified(), own); why != nil {
		t.Errorf("ICMPv6 from nobody: %v", why)
	}
	if why := SourceICMPv6(own[2].Addr(), own); why != reasonSourceOwn {
		t.Errorf("ICMPv6 from us: %v", why)
	}
}

func TestDestination(t *testing.T) {
	joined := []netip.Addr{netip.MustParseAddr("239.1.2.3")}
	for addr, want := range map[string]struct {
		class Class
		why   string
	}{
		"198.18.0.2":        {Own, "-"},
		"fd00:198:18::2":    {Own, "-"},
		"198.18.0.255":      {Everybody, "-"},
		"198.18.0.0":        {Everybody, "-"},
		"255.255.255.255":   {Everybody, "-"},
		"224.0.0.1":         {Group, "-"},
		"239.1.2.3":         {Group, "-"},
		"ff02::1":           {Group, "-"},
		"ff01::1":           {Group, "-"},
		"ff02::1:ff00:2":    {Group, "-"},
		"ff02::1:ff00:3":    {Foreign, "ip.destination.group"},
		"ff02::2":           {Foreign, "ip.destination.group"},
		"239.1.2.4":         {Foreign, "ip.destination.group"},
		"198.18.0.3":        {Foreign, "ip.destination.foreign"},
		"198.19.0.3":        {Foreign, "ip.destination.foreign"},
		"2001:db8::1":       {Foreign, "ip.destination.foreign"},
		"127.0.0.1":         {Foreign, "ip.destination.host"},
		"0.0.0.0":           {Foreign, "ip.destination.host"},
		"::1":               {Foreign, "ip.destination.host"},
		"::ffff:198.18.0.2": {Foreign, "ip.destination.foreign"},
	} {
		class, why := Destination(netip.MustParseAddr(addr), own, joined)
		if class != want.class || why.String() != want.why {
			t.Errorf("%s: %v, %v instead of %v", addr, class, why, want)
		}
	}
}

// RFC 4291 §2.7.1 and RFC 2464 §7 give these examples.
func TestGroups(t *testing.T) {
	a := SolicitedNode(netip.MustParseAddr("4037::01:800:200e:8c6c"))
	if a != netip.MustParseAddr("ff02::1:ff0e:8c6c") {
		t.Error(a)
	}
	for addr, want := range map[string][6]byte{
		"ff02::1:ff0e:8c6c": {0x33, 0x33, 0xff, 0x0e, 0x8c, 0x6c},
		"224.128.1.2":       {0x01, 0x00, 0x5e, 0x00, 0x01, 0x02}, // RFC 1112 §6.4: the low 23 bits
		"255.255.255.255":   {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		if mac, ok := GroupMAC(netip.MustParseAddr(addr)); !ok || mac != want {
			t.Errorf("%s: %x %v", addr, mac, ok)
		}
	}
	if _, ok := GroupMAC(own[0].Addr()); ok {
		t.Error("one host's address is no group's")
	}
}

func TestBroadcast(t *testing.T) {
	for prefix, want := range map[string]string{
		"198.18.0.2/24": "198.18.0.255", "198.18.0.2/15": "198.19.255.255", "198.18.0.5/30": "198.18.0.7",
		"198.18.0.2/31": "", "198.18.0.2/32": "", "fd00::2/64": "", "1.2.3.4/0": "255.255.255.255",
	} {
		a, ok := Broadcast(netip.MustParsePrefix(prefix))
		if ok != (want != "") || ok && a != netip.MustParseAddr(want) {
			t.Errorf("%s: %v", prefix, a)
		}
	}
}

func TestNames(t *testing.T) {
	for p, want := range map[uint8]string{TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMPv6: "ICMPv6", 89: "89", HopByHop: "hop-by-hop options",
		Routing: "routing header", FragmentHeader: "fragment header", NoNextHeader: "no next header",
		DestinationOptions: "destination options"} {
		if got := ProtocolName(p); got != want {
			t.Errorf("%d: %s", p, got)
		}
	}
	if Own.String() != "own" || Group.String() != "multicast" {
		t.Error(Own, Group)
	}
	if PieceLen(1500, 20) != 1480 || PieceLen(1499, 20) != 1472 || PieceLen(10, 20) != 0 {
		t.Error("the length of a piece is a multiple of eight that fits")
	}
}
