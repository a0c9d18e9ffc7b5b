package tcp

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"vitrine/stack/tcp/segment"
)

// ISN is the initial sequence number for a new connection: a clock that ticks every 4 µs, moved by a secret function of
// the two addresses, so that nobody else can guess it and a reopened connection still starts above its old numbers
// (RFC 6528 §3, RFC 9293 §3.4.1).
func (h *Host) ISN(now int64, local, remote netip.AddrPort) segment.Number {
	return segment.Number(uint32(now/4000) + uint32(hashPair(h.isnKey, local, remote, 0)))
}

// TimestampOffset is what a connection adds to its timestamps, for Path: the clock's value is nobody's business, but
// for one pair of addresses it always runs forward (RFC 7323 §5.4, RFC 6191).
func (h *Host) TimestampOffset(local, remote netip.AddrPort) uint32 {
	return uint32(hashPair(h.offsetKey, local, remote, 0))
}

// PortOffset is where the search for a local port begins for a destination, but for the counter that is added: the secret
// function F of RFC 6056 §3.3.3.
func (h *Host) PortOffset(local netip.Addr, remote netip.AddrPort) uint32 {
	return uint32(hashPair(h.portKey, netip.AddrPortFrom(local, 0), remote, 0))
}

// hashPair is a keyed hash of both addresses and ports, and of a number.
func hashPair(key [2]uint64, local, remote netip.AddrPort, number uint32) uint64 {
	l, r := local.Addr().As16(), remote.Addr().As16()
	return sipHash(key,
		binary.LittleEndian.Uint64(l[:]), binary.LittleEndian.Uint64(l[8:]),
		binary.LittleEndian.Uint64(r[:]), binary.LittleEndian.Uint64(r[8:]),
		uint64(local.Port())<<48|uint64(remote.Port())<<32|uint64(number))
}

// sipHash is SipHash-2-4 of whole words (Aumasson and Bernstein, 2012): fast for short input, and keyed, so that a
// flood of SYNs costs little and teaches nothing.
func sipHash(key [2]uint64, words ...uint64) uint64 {
	v0 := key[0] ^ 0x736f6d6570736575
	v1 := key[1] ^ 0x646f72616e646f6d
	v2 := key[0] ^ 0x6c7967656e657261
	v3 := key[1] ^ 0x7465646279746573
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	for _, w := range words {
		v3 ^= w
		round()
		round()
		v0 ^= w
	}
	length := uint64(8*len(words)) << 56
	v3 ^= length
	round()
	round()
	v0 ^= length
	v2 ^= 0xff
	round()
	round()
	round()
	round()
	return v0 ^ v1 ^ v2 ^ v3
}
