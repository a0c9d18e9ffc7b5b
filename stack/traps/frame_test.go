package traps

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The frames are built and read here by hand, so that a mistake of the stack's own packages cannot hide itself.

const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

var (
	peerMAC = [6]byte{2, 0, 0, 0, 0, 0xaa}
	peerIP  = [4]byte{198, 18, 0, 9}
	hostIP  = [4]byte{198, 18, 0, 1}
)

// seg is a TCP segment as the tests write and read it.
type seg struct {
	sport, dport uint16
	seq, ack     uint32
	flags        byte
	window       uint16
	options      []byte
	data         []byte

	badSum bool // sent with a wrong checksum
}

func (s seg) String() string {
	var f []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
		if s.flags&(1<<i) != 0 {
			f = append(f, name)
		}
	}
	return fmt.Sprintf("%s seq %d ack %d win %d len %d opts %x", strings.Join(f, "+"), s.seq, s.ack, s.window, len(s.data), s.options)
}

func sum(b []byte, start uint32) uint32 {
	for len(b) > 1 {
		start += uint32(b[0])<<8 | uint32(b[1])
		b = b[2:]
	}
	if len(b) > 0 {
		start += uint32(b[0]) << 8
	}
	return start
}

func fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}

// tcp is the segment's bytes with its checksum.
func (s seg) tcp(src, dst [4]byte) []byte {
	for len(s.options)%4 != 0 {
		s.options = append(s.options[:len(s.options):len(s.options)], 0)
	}
	b := make([]byte, 20, 20+len(s.options)+len(s.data))
	binary.BigEndian.PutUint16(b, s.sport)
	binary.BigEndian.PutUint16(b[2:], s.dport)
	binary.BigEndian.PutUint32(b[4:], s.seq)
	binary.BigEndian.PutUint32(b[8:], s.ack)
	b[12] = byte(20+len(s.options)) / 4 << 4
	b[13] = s.flags
	binary.BigEndian.PutUint16(b[14:], s.window)
	b = append(append(b, s.options...), s.data...)
	total := sum(src[:], 0)
	total = sum(dst[:], total) + 6 + uint32(len(b))
	check := fold(sum(b, total))
	if s.badSum {
		check ^= 0x5555
	}
	binary.BigEndian.PutUint16(b[16:], check)
	return b
}

// packet is an IPv4 packet; part says where it lies in a datagram that was cut: offset in bytes, and whether more follow.
func packet(src, dst [4]byte, protocol byte, id uint16, payload []byte, offset int, more bool) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	binary.BigEndian.PutUint16(b[4:], id)
	fragment := uint16(offset / 8)
	if more {
		fragment |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], fragment)
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	binary.BigEndian.PutUint16(b[10:], fold(sum(b, 0)))
	return append(b, payload...)
}

func ethernet(dst, src [6]byte, kind uint16, payload []byte) []byte {
	b := append(dst[:], src[:]...)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, payload...)
	for len(b) < 60 {
		b = append(b, 0xEE) // padding is not always zeros
	}
	return b
}

// parse reads a TCP segment from a frame, or nothing.
func parse(f []byte) (s seg, ok bool) {
	if len(f) < 54 || binary.BigEndian.Uint16(f[12:]) != 0x0800 || f[23] != 6 || [4]byte(f[30:34]) != peerIP {
		return s, false
	}
	p := f[14:]
	p = p[:binary.BigEndian.Uint16(p[2:])]
	t := p[int(p[0]&15)*4:]
	head := int(t[12]>>4) * 4
	return seg{
		sport: binary.BigEndian.Uint16(t), dport: binary.BigEndian.Uint16(t[2:]), seq: binary.BigEndian.Uint32(t[4:]),
		ack: binary.BigEndian.Uint32(t[8:]), flags: t[13] & 31, window: binary.BigEndian.Uint16(t[14:]),
		options: append([]byte(nil), t[20:head]...), data: append([]byte(nil), t[head:]...),
	}, true
}

// option finds a TCP option's value.
func (s seg) option(kind byte) []byte {
	for o := s.options; len(o) > 0; {
		switch {
		case o[0] == 0:
			return nil
		case o[0] == 1:
			o = o[1:]
		case len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o):
			return nil
		case o[0] == kind:
			return o[2:o[1]]
		default:
			o = o[o[1]:]
		}
	}
	return nil
}

// Options.
func mss(n uint16) []byte { return []byte{2, 4, byte(n >> 8), byte(n)} }
func wscale(n byte) []byte {
	return []byte{1, 3, 3, n}
}
func sackOK() []byte { return []byte{1, 1, 4, 2} }
func timestamps(val, ecr uint32) []byte {
	b := []byte{1, 1, 8, 10}
	b = binary.BigEndian.AppendUint32(b, val)
	return binary.BigEndian.AppendUint32(b, ecr)
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
