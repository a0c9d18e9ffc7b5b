package server

import (
	"net/netip"
	"strings"
	"testing"

	"vitrine/config"
)

// Where the kernel has an address that the server is to have, starting says so and names one that is free.
func TestAddressesOfTheKernelAreNotOurs(t *testing.T) {
	addr := netip.MustParseAddr
	own := func(kind, mac string) *config.Network {
		n := &config.Network{}
		n.Adapter.V = kind
		n.MAC.V = mac
		n.Address = []config.Value[netip.Prefix]{{V: netip.MustParsePrefix("198.18.0.2/24")}}
		return n
	}
	kernel := []netip.Addr{addr("198.18.0.1"), addr("198.18.0.2"), addr("198.18.0.3"), addr("fe80::1")}
	found := clashes(own("tap:tap0", ""), kernel, nil)
	if len(found) != 1 || found[0].Severity != config.Error || !strings.Contains(found[0].Summary, "198.18.0.2") ||
		!strings.Contains(found[0].Hint, "such as 198.18.0.4/24") {
		t.Errorf("%+v", found)
	}
	if found := clashes(own("tap:tap0", ""), kernel[:1], kernel[:1]); len(found) != 0 {
		t.Errorf("a neighbor is no clash: %+v", found)
	}
	found = clashes(own("packet:veth1", ""), kernel[:1], kernel[:1])
	if len(found) != 1 || found[0].Severity != config.Warning || !strings.Contains(found[0].Summary, "198.18.0.1 on veth1") {
		t.Errorf("%+v", found)
	}
	for _, on := range [][]netip.Addr{nil, kernel[3:]} {
		if found := clashes(own("packet:veth1", ""), kernel[:1], on); len(found) != 0 {
			t.Errorf("%+v", found)
		}
	}
	if found := clashes(own("packet:veth1", "02:00:00:00:00:09"), kernel[:1], kernel[:1]); len(found) != 0 {
		t.Errorf("with a hardware address of its own: %+v", found)
	}
}
