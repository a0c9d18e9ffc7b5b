package tcp

import (
	"net/netip"

	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
)

// SYN cookies (RFC 4987 §3.6): under a flood the state of a half-open connection is kept in what the client must send
// back. The initial sequence number holds the minute and which of a few MSS values the client may be sent; where the
// client uses timestamps, the low bits of ours hold its window shift and whether it understands SACK.

// cookieMSS are the values a cookie can name, chosen from what the Internet uses. They ascend.
var cookieMSS = [...]uint16{216, 536, 1200, 1300, 1360, 1400, 1440, 1460}

const (
	cookieMinutes  = 2 // a cookie is good for the minute in which it was made and this many more
	cookieDataBits = 24
	cookieDataMask = 1<<cookieDataBits - 1

	cookieStampBits = 6
	cookieStampMask = 1<<cookieStampBits - 1
	cookieNoScale   = 0xf
	cookieSACK      = 1 << 4
)

// Cookie is what a SYN cookie that came back remembered, for Conn.Resume.
type Cookie struct {
	ISS, IRS        segment.Number
	MSS             uint16 // the largest segment that the client takes
	Scale           int8   // the client's window shift; -1: none
	SACK            bool
	Timestamps      bool
	TimestampOffset uint32
}

// MakeCookie answers a SYN without keeping anything: out is the SYN-ACK to send. local is the end that the SYN is for.
func (h *Host) MakeCookie(now int64, local, remote netip.AddrPort, syn *segment.Segment, p Path, out *segment.Out) {
	mss := min(max(syn.MSS, cookieMSS[0]), uint16(p.MSS))
	if syn.MSS == 0 {
		mss = defaultMSS
	}
	index := 0
	for index+1 < len(cookieMSS) && cookieMSS[index+1] <= mss {
		index++
	}
	minute := uint32(now / 60e9)
	cookie := uint32(hashPair(h.cookieKey, local, remote, 0)) + uint32(syn.Seq) + minute<<cookieDataBits +
		(uint32(hashPair(h.cookieKey, local, remote, minute+1))+uint32(index))&cookieDataMask

	*out = segment.Out{
		Seq: segment.Number(cookie), Ack: syn.Seq.Add(1), Flags: segment.SYN | segment.ACK,
		Window: uint16(min(h.Config.ReceiveWindow, 0xffff)), MSS: uint16(p.MSS), Scale: -1,
	}
	if !h.Config.Timestamps || !syn.Timestamps {
		return // without timestamps there is no place for the other options, and to offer them would be to use them
	}
	clock := recovery.Timestamp(now)
	options := uint32(cookieNoScale)
	if h.Config.WindowScale && syn.Scale >= 0 {
		options = uint32(syn.Scale)
		out.Scale = int8(h.scale)
	}
	if h.Config.SACK && syn.SACKPermitted {
		options |= cookieSACK
		out.SACKPermitted = true
	}
	stamp := clock&^cookieStampMask | options
	if int32(stamp-clock) > 0 { // never ahead of the clock: later timestamps must not seem old
		stamp -= 1 << cookieStampBits
	}
	out.Timestamps = true
	out.TSVal, out.TSEcr = stamp+h.TimestampOffset(local, remote), syn.TSVal
}

// CheckCookie reports whether an ACK to a listening port answers a cookie of ours that is still good, and what it
// remembered.
func (h *Host) CheckCookie(now int64, local, remote netip.AddrPort, ack *segment.Segment) (Cookie, bool) {
	if ack.Flags&(segment.ACK|segment.SYN|segment.RST) != segment.ACK {
		return Cookie{}, false
	}
	k := Cookie{ISS: ack.Ack.Add(-1), IRS: ack.Seq.Add(-1), Scale: -1}
	rest := uint32(k.ISS) - uint32(hashPair(h.cookieKey, local, remote, 0)) - uint32(k.IRS)
	minute := uint32(now / 60e9)
	age := (minute - rest>>cookieDataBits) & (1<<(32-cookieDataBits) - 1)
	if age > cookieMinutes {
		return Cookie{}, false
	}
	index := (rest - uint32(hashPair(h.cookieKey, local, remote, minute-age+1))) & cookieDataMask
	if index >= uint32(len(cookieMSS)) {
		return Cookie{}, false
	}
	k.MSS = cookieMSS[index]
	k.TimestampOffset = h.TimestampOffset(local, remote)
	if h.Config.Timestamps && ack.Timestamps {
		k.Timestamps = true
		options := (ack.TSEcr - k.TimestampOffset) & cookieStampMask
		if scale := options & cookieNoScale; scale != cookieNoScale {
			k.Scale = int8(scale)
		}
		k.SACK = options&cookieSACK != 0
	}
	return k, true
}
