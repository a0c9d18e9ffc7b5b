package arp

import (
	"encoding/binary"
	"net/netip"
)

// View reads a packet for people, whatever is wrong with what it says: no Reason is reached. It is false when it is none of
// IPv4 on Ethernet.
func View(b []byte) (p Packet, ok bool) {
	if len(b) < Len || binary.BigEndian.Uint64(b)>>16 != 0x0001_0800_0604 {
		return p, false
	}
	return Packet{
		Operation: Operation(binary.BigEndian.Uint16(b[6:])),
		SenderMAC: [6]byte(b[8:14]), SenderIP: netip.AddrFrom4([4]byte(b[14:18])),
		TargetMAC: [6]byte(b[18:24]), TargetIP: netip.AddrFrom4([4]byte(b[24:28])),
	}, true
}
