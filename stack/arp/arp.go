// Package arp reads and writes packets of the Address Resolution Protocol for IPv4 on Ethernet (RFC 826, RFC 5227). What
// they mean for who has which address is decided in package neighbor. Nothing is copied but addresses, and nothing
// allocates.
package arp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/trace"
)

// Len is the length of a packet in bytes; a frame may pad it.
const Len = 28

// Operation is what a packet wants.
type Operation uint16

const (
	Request Operation = 1
	Reply   Operation = 2
)

func (o Operation) String() string {
	switch o {
	case Request:
		return "request"
	case Reply:
		return "reply"
	}
	return "unknown"
}

// Packet says: "I am SenderIP at SenderMAC", and asks or tells the host TargetIP.
type Packet struct {
	Operation            Operation
	SenderMAC, TargetMAC [6]byte
	SenderIP, TargetIP   netip.Addr // IPv4
}

// Probe reports whether the sender asks whether somebody has the address that it would like to have (RFC 5227 §1.1).
func (p *Packet) Probe() bool { return p.Operation == Request && p.SenderIP.IsUnspecified() }

// Gratuitous reports whether the sender tells everybody its own address (RFC 5227 §1.1: an announcement).
func (p *Packet) Gratuitous() bool { return p.SenderIP == p.TargetIP }

// Parse reads a packet from what a frame carries. A Reason means that it is to be dropped.
func Parse(b []byte) (p Packet, why *trace.Reason) {
	if len(b) < Len {
		return p, reasonShort.Reach()
	}
	// RFC 826, "Packet Reception": do I have the hardware type, do I speak the protocol, are the lengths theirs?
	if binary.BigEndian.Uint64(b)>>16 != 0x0001_0800_0604 {
		return p, reasonKind.Reach()
	}
	p.Operation = Operation(binary.BigEndian.Uint16(b[6:]))
	p.SenderMAC, p.SenderIP = [6]byte(b[8:14]), netip.AddrFrom4([4]byte(b[14:18]))
	p.TargetMAC, p.TargetIP = [6]byte(b[18:24]), netip.AddrFrom4([4]byte(b[24:28]))
	switch {
	case p.Operation != Request && p.Operation != Reply:
		return p, reasonOperation.Reach()
	case p.SenderMAC[0]&1 != 0 || p.SenderMAC == [6]byte{}:
		// Believing it would send one host's packets to many (RFC 1812 §3.3.2).
		return p, reasonSenderMAC.Reach()
	case p.SenderIP.IsMulticast() || p.SenderIP.IsLoopback() || b[14] >= 240 || b[14] == 0 && !p.Probe():
		return p, reasonSenderIP.Reach()
	case p.TargetIP.IsMulticast() || p.TargetIP.IsUnspecified() || p.TargetIP.IsLoopback():
		return p, reasonTargetIP.Reach()
	}
	return p, nil
}

// Put writes a packet into b, which has room for Len bytes, and returns Len.
func Put(b []byte, p *Packet) int {
	_ = b[Len-1]
	binary.BigEndian.PutUint64(b, 0x0001_0800_0604<<16|uint64(p.Operation))
	senderIP, targetIP := p.SenderIP.As4(), p.TargetIP.As4()
	*(*[6]byte)(b[8:14]) = p.SenderMAC
	*(*[4]byte)(b[14:18]) = senderIP
	*(*[6]byte)(b[18:24]) = p.TargetMAC
	*(*[4]byte)(b[24:28]) = targetIP
	return Len
}

// Ask is the request for the hardware address of target.
func Ask(mac [6]byte, own, target netip.Addr) Packet {
	return Packet{Operation: Request, SenderMAC: mac, SenderIP: own, TargetIP: target}
}

// Answer is the reply to a request: the same words with the sides changed (RFC 826, "Packet Reception").
func Answer(q *Packet, mac [6]byte) Packet {
	return Packet{Operation: Reply, SenderMAC: mac, SenderIP: q.TargetIP, TargetMAC: q.SenderMAC, TargetIP: q.SenderIP}
}

// Announcement tells everybody that own is at mac, and is sent to the broadcast address (RFC 5227 §2.3).
func Announcement(mac [6]byte, own netip.Addr) Packet {
	return Packet{Operation: Request, SenderMAC: mac, SenderIP: own, TargetIP: own}
}
