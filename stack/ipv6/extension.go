package ipv6

import (
	"encoding/binary"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Bounds on extension headers, as RFC 8504 §5.3 permits: honest packets stay far below them.
const (
	maxHeaders = 8
	maxBytes   = 512
	maxOptions = 8 // in one header, without padding
)

// The codes of a parameter problem (RFC 4443 §3.4, RFC 7112 §5).
const (
	codeField      = 0
	codeNextHeader = 1
	codeOption     = 2
	codeChain      = 3
)

// The options that have a meaning here; all others are treated as their type says (RFC 8200 §4.2).
const (
	optionPad1        = 0
	optionPadN        = 1
	optionRouterAlert = 5
)

// problem remembers what the refusal asks to tell the sender.
func (p *Packet) problem(code uint8, at int, why *trace.Reason) *trace.Reason {
	p.Answer, p.Code, p.Pointer = true, code, uint32(at)
	return why.Reach()
}

// walk passes through the extension headers, which each say what comes next, up to what is none of them (RFC 8200 §4).
func (p *Packet) walk(b []byte) *trace.Reason {
	at, headers := HeaderLen, 0
	for {
		switch p.Protocol {
		case ip.HopByHop, ip.Routing, ip.DestinationOptions, ip.FragmentHeader:
		case ip.NoNextHeader:
			// RFC 8200 §4.7: whatever follows is not looked at.
			return reasonNothing.Reach()
		default:
			p.Header, p.Payload = b[:at], b[at:]
			return nil
		}
		if p.Protocol == ip.HopByHop && at != HeaderLen {
			// RFC 8200 §4.1: it comes first or not at all.
			return p.problem(codeNextHeader, p.NamedAt, reasonHopByHopPlace)
		}
		if headers++; headers > maxHeaders {
			return reasonHeaders.Reach()
		}
		if len(b)-at < 8 {
			return reasonExtension.Reach()
		}
		n := 8
		if p.Protocol != ip.FragmentHeader {
			n += 8 * int(b[at+1])
		}
		if len(b)-at < n {
			return reasonExtension.Reach()
		}
		if at+n-HeaderLen > maxBytes {
			return reasonHeaders.Reach()
		}
		var why *trace.Reason
		switch h := b[at : at+n]; p.Protocol {
		case ip.Routing:
			why = p.routing(h, at)
		case ip.FragmentHeader:
			why = p.fragment(h, b, at)
		default:
			why = p.options(h, at)
		}
		if why != nil {
			return why
		}
		p.Protocol, p.NamedAt = b[at], at
		at += n
		if p.Fragment.Is() {
			// What follows is a part of something, and looked at when all of it is there.
			p.Header, p.Payload = b[:at], b[at:]
			return nil
		}
	}
}

// routing refuses packets that want to be sent on: type 0 lets them run to and fro (RFC 5095 §3), and the others ask for
// what this host is not. One whose way is over is passed over (RFC 8200 §4.4).
func (p *Packet) routing(h []byte, at int) *trace.Reason {
	if h[3] != 0 {
		return p.problem(codeField, at+2, reasonRouting)
	}
	return nil
}

// fragment reads a fragment header at b[at:]. One that says that the packet is whole is as if it were not there, whatever
// other fragments have its number (RFC 6946 §4, RFC 8200 §4.5).
func (p *Packet) fragment(h, b []byte, at int) *trace.Reason {
	if p.Fragmented {
		return reasonFragmentTwice.Reach()
	}
	p.Fragmented = true
	field := binary.BigEndian.Uint16(h[2:])
	f := ip.Fragment{ID: binary.BigEndian.Uint32(h[4:]), Offset: int(field &^ 7), More: field&1 != 0}
	if !f.Is() {
		return nil
	}
	p.Fragment = f
	payload := b[at+FragmentHeaderLen:]
	switch {
	case f.More && len(payload)%8 != 0:
		// RFC 8200 §4.5: the sender is told, with a pointer to the payload length.
		return p.problem(codeField, 4, ip.ReasonFragmentUneven)
	case at-HeaderLen+f.Offset+len(payload) > ip.MaxPacket:
		// Likewise, with a pointer to the offset.
		return p.problem(codeField, at+2, ip.ReasonFragmentBeyond)
	case f.Offset == 0 && !chained(h[0], payload):
		return p.problem(codeChain, 0, reasonChain)
	}
	return nil
}

// chained reports whether a first fragment has all headers up to that of the transport, without which no filter on the
// way can judge it (RFC 7112 §5).
func chained(protocol uint8, b []byte) bool {
	for range maxHeaders {
		need := 0
		switch protocol {
		case ip.TCP:
			need = 20
		case ip.UDP, ip.ICMPv6:
			need = 8
		case ip.HopByHop, ip.Routing, ip.DestinationOptions:
			if len(b) < 8 || len(b) < 8+8*int(b[1]) {
				return false
			}
			protocol, b = b[0], b[8+8*int(b[1]):]
			continue
		}
		return len(b) >= need
	}
	return false
}

// options walks the options of a header. The two highest bits of an unknown option's type say what to do (RFC 8200 §4.2).
func (p *Packet) options(h []byte, at int) *trace.Reason {
	count := 0
	for i := 2; i < len(h); {
		kind := h[i]
		if kind == optionPad1 {
			i++
			continue
		}
		if i+1 >= len(h) || i+2+int(h[i+1]) > len(h) {
			return reasonOptionLength.Reach()
		}
		n := 2 + int(h[i+1])
		switch {
		case kind == optionPadN:
		case kind == optionRouterAlert && p.Protocol == ip.HopByHop && n == 4:
			p.RouterAlert = true
			count++
		case kind>>6 == 0:
			count++
		case kind>>6 == 1:
			return reasonOption.Reach()
		case kind>>6 == 2 || !p.Dst.IsMulticast():
			return p.problem(codeOption, at+i, reasonOption)
		default:
			return reasonOption.Reach()
		}
		if count > maxOptions {
			return reasonHeaders.Reach()
		}
		i += n
	}
	return nil
}
