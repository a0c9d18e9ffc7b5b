package socket

import (
	"net"
	"strconv"
)

// zoneID is the interface index of an IPv6 zone, 0 when there is none of that name.
func zoneID(zone string) uint32 {
	if ifi, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifi.Index)
	}
	n, _ := strconv.Atoi(zone)
	return uint32(n)
}

// zoneName is the zone of an interface index: its number, which needs no look-up and parses back.
func zoneName(id uint32) string { return strconv.Itoa(int(id)) }
