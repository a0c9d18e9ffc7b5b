package bsd

import (
	"net/netip"
	"syscall"
)

// Read reads what is there, and waits for it unless the socket does not block (EAGAIN). 0 bytes without an error are the
// peer's end. ENOTCONN: the socket is not connected. ECONNRESET and others tell once how a connection failed.
func (t *Table) Read(fd int, p []byte) (int, error) {
	n, _, err := t.RecvFrom(fd, p, 0)
	return n, err
}

// Recv is Read with flags.
func (t *Table) Recv(fd int, p []byte, flags int) (int, error) {
	n, _, err := t.RecvFrom(fd, p, flags)
	return n, err
}

// RecvFrom is Recv that tells who sent a datagram. Of a stream the address is zero.
func (t *Table) RecvFrom(fd int, p []byte, flags int) (int, netip.AddrPort, error) {
	s, err := t.get(fd)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	if flags&^(MSG_PEEK|MSG_TRUNC|MSG_DONTWAIT|MSG_WAITALL|MSG_NOSIGNAL) != 0 {
		return 0, netip.AddrPort{}, syscall.EINVAL
	}
	if s.datagram {
		return s.receiveDatagram(p, flags)
	}
	n, err := s.receiveStream(p, flags)
	return n, netip.AddrPort{}, err
}

// Write writes to a stream, all of p unless the socket does not block, or one datagram to the peer that was connected.
// EPIPE: the socket is not connected, or its sending direction was shut. EDESTADDRREQ: a datagram has nowhere to go.
func (t *Table) Write(fd int, p []byte) (int, error) { return t.SendTo(fd, p, 0, netip.AddrPort{}) }

// Send is Write with flags.
func (t *Table) Send(fd int, p []byte, flags int) (int, error) {
	return t.SendTo(fd, p, flags, netip.AddrPort{})
}

// SendTo is Send with a destination for one datagram; a stream does not look at it. EACCES: the destination is a
// broadcast address, and SO_BROADCAST is off.
func (t *Table) SendTo(fd int, p []byte, flags int, to netip.AddrPort) (int, error) {
	s, err := t.get(fd)
	if err != nil {
		return 0, err
	}
	if flags&^(MSG_DONTWAIT|MSG_NOSIGNAL|MSG_MORE) != 0 {
		return 0, syscall.EOPNOTSUPP
	}
	if s.datagram {
		return s.sendDatagram(p, flags, to)
	}
	return s.sendStream(p, flags)
}
