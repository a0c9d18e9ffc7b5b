package stack

import (
	"crypto/rand"
	"fmt"
	"net/netip"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/trace"
)

// Config is what a stack is told once. The zero value of every field but Addresses is a sane default.
type Config struct {
	Addresses []netip.Prefix // own addresses, each with the network that is reached without a gateway
	Gateways  []netip.Addr   // where everything else goes: the first of each family
	MTU       int            // bytes of an IP packet on the link; 0: what the adapter says
	TCP       tcp.Config     // the zero value: tcp.Default()
	Card      link.CardOptions
	Limits    Limits
	// Secret keys initial sequence numbers, SYN cookies and port choice. Zero: drawn at random.
	Secret [32]byte
	// Changed, when not nil, is told each change of a TCP connection's state, on its shard's goroutine and before anything
	// else happens to the connection. A TIME_WAIT record that is erased goes from TIME_WAIT to CLOSED.
	Changed func(shard int, local, remote netip.AddrPort, from, to tcp.State, why *trace.Reason)
	// Quiet sends nothing that was not asked for: no announcement of own addresses, no check whether somebody else has
	// them, no reports of groups. It is for tests and for replays.
	Quiet bool
}

// Limits bound everything that others can make grow. Zero means the default. Those of a shard hold for each.
type Limits struct {
	Connections int // connections of a shard, half-open and closing ones included; default 262144
	HalfOpen    int // connections of a shard whose handshake is not complete; beyond them SYN cookies; default 4096
	Backlog     int // largest accept queue of one listener; default 4096
	TimeWait    int // TIME_WAIT records of a shard; the oldest give way; default 131072
	Orphans     int // connections of a shard that no application holds any more; beyond them closing resets; default 16384

	SendMemory int // bytes of a shard's send queues, in memory (files count nothing); default 256 MiB
	// What receive buffers may use is tcp.Config.ReceiveMemory.

	Neighbors         int // addresses of the link that a shard remembers; default 4096
	ReassemblyBytes   int // bytes of unfinished datagrams of a shard and version of IP; default 1 MiB
	ReassemblyPackets int // unfinished datagrams of a shard and version of IP; default 256
	PathMTUs          int // destinations of a shard whose path is known to be narrower than the link; default 4096

	ICMPRate  int // ICMP errors a second and shard, and likewise echo replies; default 1000
	ICMPBurst int // of them at once; default 50
	ResetRate int // RSTs a second and shard for segments without a connection; default 1000

	Inbox       int // packets that wait for a shard because they arrived on another queue; default 4096
	UDPQueue    int // bytes of datagrams that wait in one UDP endpoint; default 212992
	FileReaders int // goroutines of the stack that read files which are not in memory; default 8

	FirstPort, LastPort uint16 // ephemeral ports; default 32768 to 60999, as Linux
}

func (l Limits) defaults() Limits {
	for _, f := range []struct {
		v *int
		d int
	}{
		{&l.Connections, 1 << 18}, {&l.HalfOpen, 4096}, {&l.Backlog, 4096}, {&l.TimeWait, 1 << 17}, {&l.Orphans, 1 << 14},
		{&l.SendMemory, 256 << 20}, {&l.Neighbors, 4096}, {&l.ReassemblyBytes, 1 << 20}, {&l.ReassemblyPackets, 256},
		{&l.PathMTUs, 4096}, {&l.ICMPRate, 1000}, {&l.ICMPBurst, 50}, {&l.ResetRate, 1000}, {&l.Inbox, 4096},
		{&l.UDPQueue, 212992}, {&l.FileReaders, 8},
	} {
		if *f.v <= 0 {
			*f.v = f.d
		}
	}
	if l.FirstPort == 0 || l.LastPort < l.FirstPort {
		l.FirstPort, l.LastPort = 32768, 60999
	}
	return l
}

// check completes a configuration for an adapter.
func (c Config) check(a link.Info) (Config, error) {
	if c.TCP == (tcp.Config{}) {
		c.TCP = tcp.Default()
	}
	c.Limits = c.Limits.defaults()
	if c.MTU == 0 {
		c.MTU = a.MTU
	}
	if c.MTU > a.MTU {
		return c, fmt.Errorf("stack: an MTU of %d bytes is more than the adapter %s carries, which is %d", c.MTU, a.Name, a.MTU)
	}
	if len(c.Addresses) == 0 {
		return c, fmt.Errorf("stack: without an address nobody can reach it: give one, such as 198.18.0.2/24")
	}
	six := false
	for i, p := range c.Addresses {
		addr := p.Addr().Unmap()
		if !p.IsValid() || addr != p.Addr() || addr.Zone() != "" {
			return c, fmt.Errorf("stack: %v is no address with the length of its network's prefix, such as 198.18.0.2/24", p)
		}
		if addr.IsUnspecified() || addr.IsMulticast() || addr.IsLoopback() {
			return c, fmt.Errorf("stack: %v cannot be the address of a host on a network", addr)
		}
		for _, q := range c.Addresses[:i] {
			if q.Addr() == addr {
				return c, fmt.Errorf("stack: the address %v is given twice", addr)
			}
		}
		six = six || addr.Is6()
	}
	// RFC 8200 §5: IPv6 needs links of 1280 bytes; RFC 791 §3.2: IPv4 of 68, and an MSS that is worth it.
	least := leastMTU4
	if six {
		least = leastMTU6
	}
	if c.MTU < least {
		return c, fmt.Errorf("stack: an MTU of %d bytes is too small: %d are needed", c.MTU, least)
	}
	for _, g := range c.Gateways {
		on := linkLocal.Contains(g) && six
		for _, p := range c.Addresses {
			on = on || p.Contains(g)
			if p.Addr() == g {
				return c, fmt.Errorf("stack: the gateway %v is the own address", g)
			}
		}
		if !on {
			return c, fmt.Errorf("stack: the gateway %v is on none of the own networks, so nobody could reach it", g)
		}
	}
	if c.Secret == [32]byte{} {
		rand.Read(c.Secret[:])
	}
	return c, nil
}

// linkLocalOf is the IPv6 address that an adapter gives itself (RFC 4291 §2.5.1, appendix A).
func linkLocalOf(m link.MAC) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe,
		13: m[3], 14: m[4], 15: m[5]}), 64)
}
