package icmp

import "math"

// MTU is the number that a PacketTooBig carries, as it is: anybody may have written it, and old routers write 0. It is
// false for other messages. PathMTU says what to make of it.
func (m *Message) MTU() (mtu int, ok bool) {
	if m.Kind != PacketTooBig {
		return 0, false
	}
	if m.V6 {
		return int(min(m.Rest, math.MaxInt32)), true
	}
	return int(uint16(m.Rest)), true // RFC 1191 §4: the lower half; the upper one is unused
}

const (
	// Floor4 is the smallest path MTU that we believe: Linux's min_pmtu. RFC 1191 allows down to 68, but nobody has such a
	// link, and a forged message would make us send crumbs.
	Floor4 = 552
	// Floor6 is what every IPv6 link carries (RFC 8200 §5); a message that tells of less is treated as if it said this
	// (RFC 8201 §4).
	Floor6 = 1280
)

// plateaus are sizes of packets that links have, for routers that do not say theirs (RFC 1191 §7.1).
var plateaus = [...]int{32000, 17914, 8166, 4352, 2002, 1492, 1006, Floor4}

// PathMTU is the path MTU after this message when it was current before and the message quotes a packet of length bytes.
// It never grows, and never falls below Floor4 or Floor6: numbers below are raised to that. A router's 0 means the next
// smaller plateau below the quoted packet. false: nothing changes.
func (m *Message) PathMTU(current, length int) (mtu int, ok bool) {
	mtu, ok = m.MTU()
	if !ok {
		return current, false
	}
	floor := Floor6
	if !m.V6 {
		floor = Floor4
		if mtu == 0 {
			mtu = floor
			for _, p := range plateaus {
				if p < min(length, current) {
					mtu = p
					break
				}
			}
		}
	}
	mtu = max(mtu, floor)
	if mtu >= current {
		return current, false
	}
	return mtu, true
}

// Hard reports whether the error says that trying again will not help: there is no such protocol or port, or it is
// forbidden (RFC 1122 §4.2.3.9, RFC 4443 §3.1). What that means for a connection is the protocol's to decide: RFC 5927
// §5.2 advises TCP to wait nevertheless once it is established.
func (m *Message) Hard() bool {
	switch {
	case m.Kind == ParameterProblem:
		return m.V6 && m.Code == code6UnrecognizedNextHeader
	case m.Kind != Unreachable:
		return false
	case m.V6:
		return m.Code == 1 || m.Code == code6Port || m.Code == 5 || m.Code == 6
	}
	switch m.Code {
	case code4Protocol, code4Port, 9, 10, 13:
		return true
	}
	return false
}
