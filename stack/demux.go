package stack

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
)

// tuple is a connection's four-tuple, in the order in which packets to us carry it: remote address, local address,
// remote port, local port. IPv4 addresses are mapped into IPv6; packets that carry such addresses on the wire are
// refused before, so that the two cannot be confused.
type tuple [36]byte

func makeTuple(local, remote netip.AddrPort) (t tuple) {
	r, l := remote.Addr().As16(), local.Addr().As16()
	copy(t[0:], r[:])
	copy(t[16:], l[:])
	binary.BigEndian.PutUint16(t[32:], remote.Port())
	binary.BigEndian.PutUint16(t[34:], local.Port())
	return t
}

// incoming is the tuple of a packet from src to dst whose transport header begins with the ports.
func incoming(src, dst netip.Addr, ports []byte) (t tuple) {
	r, l := src.As16(), dst.As16()
	copy(t[0:], r[:])
	copy(t[16:], l[:])
	copy(t[32:], ports[:4])
	return t
}

func (t *tuple) remotePort() uint16 { return binary.BigEndian.Uint16(t[32:]) }
func (t *tuple) localPort() uint16  { return binary.BigEndian.Uint16(t[34:]) }
func (t *tuple) remoteAddr() netip.Addr {
	return netip.AddrFrom16([16]byte(t[0:16])).Unmap()
}
func (t *tuple) localAddr() netip.Addr {
	return netip.AddrFrom16([16]byte(t[16:32])).Unmap()
}
func (t *tuple) remote() netip.AddrPort { return netip.AddrPortFrom(t.remoteAddr(), t.remotePort()) }
func (t *tuple) local() netip.AddrPort  { return netip.AddrPortFrom(t.localAddr(), t.localPort()) }

// mapped begins an IPv4 address in IPv6 form (RFC 4291 §2.5.5.2).
var mapped = [12]byte{10: 0xff, 11: 0xff}

func (t *tuple) is4() bool { return [12]byte(t[16:28]) == mapped }

// hash is keyed with the stack's secret, so that nobody can choose addresses that collide. It is never 0.
func (t *tuple) hash(seed maphash.Seed) uint32 {
	return uint32(maphash.Bytes(seed, t[:])) | 1
}

// table finds a shard's connections by their four-tuple: open addressing with linear probing, no tombstones. It is
// changed only when a connection begins or ends.
type table struct {
	hashes []uint32 // 0: free
	conns  []*Conn
	used   int
}

const leastTable = 64

func (m *table) find(t *tuple, hash uint32) *Conn {
	if m.used == 0 {
		return nil
	}
	mask := uint32(len(m.hashes) - 1)
	for i := hash >> 1 & mask; ; i = (i + 1) & mask {
		switch m.hashes[i] {
		case 0:
			return nil
		case hash:
			if c := m.conns[i]; c.tuple == *t {
				return c
			}
		}
	}
}

func (m *table) add(c *Conn) {
	if (m.used+1)*4 > len(m.hashes)*3 {
		m.resize(max(leastTable, 2*len(m.hashes)))
	}
	m.place(c)
	m.used++
}

func (m *table) place(c *Conn) {
	mask := uint32(len(m.hashes) - 1)
	i := c.hash >> 1 & mask
	for m.hashes[i] != 0 {
		i = (i + 1) & mask
	}
	m.hashes[i], m.conns[i] = c.hash, c
}

func (m *table) remove(c *Conn) {
	if m.used == 0 {
		return
	}
	mask := uint32(len(m.hashes) - 1)
	i := c.hash >> 1 & mask
	for m.conns[i] != c {
		if m.hashes[i] == 0 {
			return
		}
		i = (i + 1) & mask
	}
	m.used--
	// Whatever follows and could stand earlier moves up, so that no search ends too soon.
	for j := (i + 1) & mask; m.hashes[j] != 0; j = (j + 1) & mask {
		home := m.hashes[j] >> 1 & mask
		if (j-home)&mask >= (j-i)&mask {
			m.hashes[i], m.conns[i] = m.hashes[j], m.conns[j]
			i = j
		}
	}
	m.hashes[i], m.conns[i] = 0, nil
	if len(m.hashes) > leastTable && m.used*8 < len(m.hashes) {
		m.resize(len(m.hashes) / 2)
	}
}

func (m *table) resize(n int) {
	old := m.conns
	m.hashes, m.conns = make([]uint32, n), make([]*Conn, n)
	for _, c := range old {
		if c != nil {
			m.place(c)
		}
	}
}

// each calls f for every connection. f must not add or remove any.
func (m *table) each(f func(*Conn)) {
	for _, c := range m.conns {
		if c != nil {
			f(c)
		}
	}
}

// connOf finds the connection of a frame, received or sent; nil: it has none.
func (h *Shard) connOf(frame []byte) *Conn {
	const at = 14
	if len(frame) < at+40 {
		return nil
	}
	var src, dst netip.Addr
	b := frame[at:]
	switch {
	case b[0]>>4 == 4 && b[9] == 6 && len(b) >= int(b[0]&15)*4+4:
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		b = b[int(b[0]&15)*4:]
	case b[0]>>4 == 6 && b[6] == 6 && len(b) >= 44:
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		b = b[40:]
	default:
		return nil
	}
	t := incoming(src, dst, b)
	if c := h.conns.find(&t, t.hash(h.stack.seed)); c != nil {
		return c
	}
	t = makeTuple(netip.AddrPortFrom(src, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:])))
	return h.conns.find(&t, t.hash(h.stack.seed))
}
