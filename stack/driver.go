package stack

import (
	"vitrine/stack/ethernet"
	"vitrine/stack/link"
)

// receive is the driver: it reads a frame's EtherType and gives what it carries to the protocol for it.
func (h *Shard) receive(f *link.Frame) {
	e, why := ethernet.Parse(f.Data)
	if why != nil {
		return
	}
	group := ethernet.Group(e.Dst)
	if !group && e.Dst != h.mac {
		// Only a promiscuous card lets it through, for those who look at what it sees.
		reasonNotMine.Reach()
		return
	}
	p := handed{packet: e.Payload, trusted: f.Meta.Checksum != link.ChecksumNone, group: group, from: e.Src}
	switch e.EtherType {
	case ethernet.TypeIPv4:
		h.input4(&p)
	case ethernet.TypeIPv6:
		h.input6(&p)
	case ethernet.TypeARP:
		h.inputARP(&e)
	default:
		reasonEtherType.Reach()
	}
}

// handedIn takes a packet that another shard received, or that we sent to ourselves.
func (h *Shard) handedIn(p *handed) {
	if len(p.packet) > 0 && p.packet[0]>>4 == 6 {
		h.input6(p)
	} else {
		h.input4(p)
	}
}
