package link

import (
	"encoding/binary"
	"net/netip"
)

var (
	kernelAddr = netip.MustParseAddr("198.18.0.1")
	ourAddr    = netip.MustParseAddr("198.18.0.2")
)

// l4 is the transport header and payload of an IPv4 frame of this protocol between the two of us, from the kernel.
func l4(f Frame, protocol byte) []byte {
	b := f.Data
	if len(b) < 34 || binary.BigEndian.Uint16(b[12:]) != 0x0800 || b[23] != protocol ||
		netip.AddrFrom4([4]byte(b[26:30])) != kernelAddr || netip.AddrFrom4([4]byte(b[30:34])) != ourAddr {
		return nil
	}
	return b[34 : 14+int(binary.BigEndian.Uint16(b[16:]))]
}

// sum is the Internet checksum, RFC 1071, simple on purpose.
func sum(b []byte, initial uint32) uint16 {
	s := initial
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
		s = s&0xffff + s>>16
	}
	if len(b)%2 == 1 {
		s += uint32(b[len(b)-1]) << 8
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// pseudo is the sum of the pseudo-header of a packet between the two of us.
func pseudo(src, dst netip.Addr, protocol byte, length int) uint32 {
	a, b := src.As4(), dst.As4()
	return uint32(sum(append(a[:], b[:]...), uint32(protocol)+uint32(length)))
}

// toKernel builds a frame from us to the kernel: Ethernet, IPv4, and the transport's bytes, with the checksum at the offset
// given either complete or left to the adapter.
func toKernel(dst, src MAC, protocol byte, transport []byte, at int, partial bool) []byte {
	b := make([]byte, 34, 34+len(transport))
	copy(b, dst[:])
	copy(b[6:], src[:])
	b[12] = 8
	b[14], b[22], b[23] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(b[16:], uint16(20+len(transport)))
	from, to := ourAddr.As4(), kernelAddr.As4()
	copy(b[26:], from[:])
	copy(b[30:], to[:])
	binary.BigEndian.PutUint16(b[24:], ^sum(b[14:34], 0))
	b = append(b, transport...)
	binary.BigEndian.PutUint16(b[34+at:], 0)
	p := pseudo(ourAddr, kernelAddr, protocol, len(transport))
	if partial {
		binary.BigEndian.PutUint16(b[34+at:], uint16(p))
	} else {
		binary.BigEndian.PutUint16(b[34+at:], ^sum(b[34:], p))
	}
	return b
}

// datagram is a UDP datagram of ours to kernelUDP.
func datagram(payload string) []byte {
	b := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(b, 9)
	binary.BigEndian.PutUint16(b[2:], 7)
	binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
	return append(b, payload...)
}
