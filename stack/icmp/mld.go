package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Query asks which groups have listeners (RFC 3810 §5.1, RFC 2710 §3).
type Query struct {
	Group netip.Addr // unspecified: all
	Delay int64      // nanoseconds within which to answer, at a random time
}

// MLDQuery reads a query with the checks of RFC 3810 §5.1.14 and §6.2.
func (m *Message) MLDQuery(a *Arrival) (q Query, why *trace.Reason) {
	if !a.Src.IsLinkLocalUnicast() || a.HopLimit != 1 || !a.RouterAlert {
		return q, reasonMLDOrigin.Reach()
	}
	if len(m.Body) < 16 || len(m.Body) > 16 && len(m.Body) < 20 {
		return q, reasonMLDLength.Reach()
	}
	q.Group = netip.AddrFrom16([16]byte(m.Body))
	delay := int64(m.Rest >> 16)
	if len(m.Body) >= 20 && delay >= 0x8000 {
		delay = (delay&0xfff | 0x1000) << (delay>>12&7 + 3) // RFC 3810 §5.1.3: a floating-point number
	}
	q.Delay = delay * 1e6
	return q, nil
}

// MLDReportLen is the length of a report on n groups, in bytes.
func MLDReportLen(n int) int { return HeaderLen + 20*n }

// PutMLDReport writes a report of version 2 into b and returns its length: this host listens to the groups, from any
// source. joined says that it begins to, otherwise it answers a query (RFC 3810 §5.2.12: a change to, or the mode, exclude
// nothing). The report is sent to ip.MLDRouters with hop limit 1 and a router alert, from a link-local address or, while
// there is none, from the unspecified one (RFC 3590 §4).
func PutMLDReport(b []byte, src netip.Addr, joined bool, groups ...netip.Addr) int {
	b = b[:MLDReportLen(len(groups))]
	head(b, type6MLDReport, uint32(len(groups)))
	kind := byte(2)
	if joined {
		kind = 4
	}
	for i, g := range groups {
		r := b[HeaderLen+20*i:][:20]
		a := g.As16()
		r[0], r[1] = kind, 0
		binary.BigEndian.PutUint16(r[2:], 0)
		copy(r[4:], a[:])
	}
	seal(b, true, src, ip.MLDRouters)
	return len(b)
}
