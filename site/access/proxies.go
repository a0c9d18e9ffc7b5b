package access

import (
	"bytes"
	"net/netip"
	"strconv"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/message"
)

// Proxies chooses the client behind trusted proxies. It is immutable and safe for concurrent use.
type Proxies struct {
	conf      *config.Proxies
	forwarded bool // RFC 7239's field, not X-Forwarded-For
}

// NewProxies compiles a proxies block; nil when it trusts nobody.
func NewProxies(conf *config.Proxies) *Proxies {
	if conf == nil || len(conf.Trusted) == 0 {
		return nil
	}
	return &Proxies{conf: conf, forwarded: conf.Field.V == "Forwarded"}
}

// mostForwardedBytes bounds what is looked at of the field's lines, from the right.
const mostForwardedBytes = 16 << 10

// Client chooses the client of a request that came from an address: from the right, through trusted hops only. The zero
// address is a client whom a trusted proxy hides. The Reason is why; of kind Refused, the request is to be refused with 400.
// tell may be nil. Without it nothing is allocated.
//
// Whatever stands to the left of the first address that is not trusted was written by somebody who is not, and is not
// even read.
func (p *Proxies) Client(peer netip.AddrPort, f *message.Fields, tell func(why *trace.Reason, subject string, taken bool)) (netip.AddrPort, *trace.Reason) {
	if !contains(p.conf.Trusted, peer.Addr()) {
		return peer, Direct
	}
	if tell != nil {
		tell(Hop, peer.Addr().Unmap().String(), false)
	}
	w := walk{p: p, tell: tell, client: peer, left: p.conf.Hops.V, bytes: mostForwardedBytes}
	id := message.XForwardedFor
	if p.forwarded {
		id = message.Forwarded
	}
	if !f.Has(id) {
		return peer, ForwardedInside
	}
	for i := f.Len() - 1; i >= 0; i-- {
		if f.IDAt(i) != id {
			continue
		}
		_, value := f.At(i)
		var why *trace.Reason
		if p.forwarded {
			why = w.forwarded(value)
		} else {
			why = w.list(value)
		}
		if why != nil {
			return w.client, why
		}
	}
	return w.client, ForwardedInside
}

// Position is the line that says whom to trust.
func (p *Proxies) Position() *trace.Position { return &p.conf.Trusted[0].Pos }

// walk is on its way from hop to hop.
type walk struct {
	p      *Proxies
	tell   func(*trace.Reason, string, bool)
	client netip.AddrPort // the last hop that was believed
	left   int            // hops that may be looked at
	bytes  int
}

// hop takes the next address from the right. It returns nil to go on.
func (w *walk) hop(a netip.AddrPort) *trace.Reason {
	if w.left--; w.left < 0 {
		return ForwardedTooLong
	}
	w.client = netip.AddrPortFrom(plain(a.Addr()), a.Port())
	if !contains(w.p.conf.Trusted, a.Addr()) {
		return Forwarded
	}
	if w.tell != nil {
		w.tell(Hop, w.client.Addr().String(), false)
	}
	return nil
}

// hidden ends the walk at a hop that does not say who it is.
func (w *walk) hidden() *trace.Reason {
	w.client = netip.AddrPort{}
	return ForwardedHidden
}

// list walks a line of X-Forwarded-For.
func (w *walk) list(value []byte) *trace.Reason {
	end := len(value)
	for i := len(value) - 1; i >= -1; i-- {
		if i >= 0 && value[i] != ',' {
			continue
		}
		if w.bytes -= end - i; w.bytes < 0 {
			return ForwardedTooLong
		}
		member := message.Trim(value[i+1 : end])
		end = i
		if len(member) == 0 { // RFC 9110 §5.6.1.2: empty elements do not count
			continue
		}
		if message.EqualFold(member, "unknown") {
			return w.hidden()
		}
		a, ok := parseNode(member, false)
		if !ok {
			return ForwardedMalformed
		}
		if why := w.hop(a); why != nil {
			return why
		}
	}
	return nil
}

// mostElements bounds the elements of one line of Forwarded.
const mostElements = 256

// forwarded walks a line of Forwarded. Its strings may hold commas, so the line is parted from the left, which costs
// nothing but time, and that is bounded by the line's length.
func (w *walk) forwarded(value []byte) *trace.Reason {
	if w.bytes -= len(value); w.bytes < 0 {
		return ForwardedTooLong
	}
	var starts [mostElements]uint16
	n := 0
	quoted, begin := false, 0
	for i := 0; i <= len(value); i++ {
		switch {
		case i == len(value) || value[i] == ',' && !quoted:
			if n == mostElements {
				return ForwardedTooLong
			}
			starts[n], n = uint16(begin), n+1
			begin = i + 1
		case value[i] == '"':
			quoted = !quoted
		case value[i] == '\\' && quoted:
			i++
			if i >= len(value) {
				return ForwardedMalformed
			}
		}
	}
	if quoted {
		return ForwardedMalformed
	}
	end := len(value)
	for n--; n >= 0; n-- {
		element := message.Trim(value[starts[n]:end])
		end = max(int(starts[n])-1, 0)
		if len(element) == 0 {
			continue
		}
		node, ok := forNode(element)
		switch {
		case !ok:
			return ForwardedMalformed
		case node == nil: // a proxy that names itself or the host only hides for whom it asks
			return w.hidden()
		case message.EqualFold(node, "unknown") || node[0] == '_':
			return w.hidden()
		}
		a, ok := parseNode(node, true)
		if !ok {
			return ForwardedMalformed
		}
		if why := w.hop(a); why != nil {
			return why
		}
	}
	return nil
}

// forNode is the value of the for parameter of an element (RFC 7239 §4), without its quotes; nil when it has none. It
// is not well-formed when the element is not, or names it twice.
func forNode(element []byte) (node []byte, ok bool) {
	seen := false
	for len(element) > 0 {
		eq := bytes.IndexByte(element, '=')
		if eq <= 0 || !message.IsToken(message.Trim(element[:eq])) {
			return nil, false
		}
		name := message.Trim(element[:eq])
		element = element[eq+1:]
		var value []byte
		if len(element) > 0 && element[0] == '"' {
			end := 1
			for end < len(element) && element[end] != '"' {
				if element[end] == '\\' {
					return nil, false // nothing that stands here needs one
				}
				end++
			}
			if end >= len(element) {
				return nil, false
			}
			value, element = element[1:end], message.Trim(element[end+1:])
			if len(element) > 0 && element[0] != ';' {
				return nil, false
			}
		} else {
			end := bytes.IndexByte(element, ';')
			if end < 0 {
				end = len(element)
			}
			value, element = message.Trim(element[:end]), element[end:]
			if !message.IsToken(value) && !isAddressText(value) { // many write an address with a port without quotes
				return nil, false
			}
		}
		if len(element) > 0 {
			element = message.Trim(element[1:])
		}
		if message.EqualFold(name, "for") {
			if seen || len(value) == 0 {
				return nil, false
			}
			node, seen = value, true
		}
	}
	return node, true
}

func isAddressText(b []byte) bool {
	for _, c := range b {
		if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == '.' || c == ':' || c == '[' || c == ']') {
			return false
		}
	}
	return len(b) > 0
}

// parseNode reads an address with or without a port: 192.0.2.1, 192.0.2.1:80, [2001:db8::1]:80 and [2001:db8::1], and
// where brackets are not demanded 2001:db8::1. A port that is obfuscated (RFC 7239 §6.3) counts as none.
func parseNode(text []byte, brackets bool) (netip.AddrPort, bool) {
	const longest = 64
	if len(text) > longest {
		return netip.AddrPort{}, false
	}
	host, port := text, []byte(nil)
	switch {
	case text[0] == '[':
		end := bytes.IndexByte(text, ']')
		if end < 0 {
			return netip.AddrPort{}, false
		}
		host = text[1:end]
		if bytes.IndexByte(host, ':') < 0 {
			return netip.AddrPort{}, false
		}
		if rest := text[end+1:]; len(rest) > 0 {
			if rest[0] != ':' || len(rest) == 1 {
				return netip.AddrPort{}, false
			}
			port = rest[1:]
		}
	default:
		first := bytes.IndexByte(text, ':')
		if first < 0 {
			break
		}
		if bytes.IndexByte(text[first+1:], ':') >= 0 { // IPv6 without brackets
			if brackets {
				return netip.AddrPort{}, false
			}
			break
		}
		host, port = text[:first], text[first+1:]
		if len(port) == 0 {
			return netip.AddrPort{}, false
		}
	}
	a, err := netip.ParseAddr(string(host))
	if err != nil || a.Zone() != "" {
		return netip.AddrPort{}, false
	}
	var n uint64
	if len(port) > 0 && port[0] != '_' {
		if n, err = strconv.ParseUint(string(port), 10, 16); err != nil {
			return netip.AddrPort{}, false
		}
	}
	return netip.AddrPortFrom(a, uint16(n)), true
}

// Field is the field that is believed.
func (p *Proxies) Field() string { return p.conf.Field.V }
