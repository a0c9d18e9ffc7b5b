package journey

import (
	"encoding/binary"
	"time"

	"vitrine/socket"
)

// largestSnapshot is how many bytes a snapshot takes at most: the one before, the moment, its numbers and words.
const largestSnapshot = 4 + 3 + 10*(1+4+8+6) + 1 + 8

// appendSnapshot appends what a transport knew, with where the connection's snapshot before is, and 1.
func (c *chunk) appendSnapshot(at int64, info *socket.Info, before uint32) uint32 {
	where := c.text
	b := little.AppendUint32(c.arena[:where], before)
	b = append(b, c.word(info.State), c.word(info.Congestion), c.word(info.Phase))
	b = binary.AppendVarint(b, at)
	for _, d := range [...]time.Duration{info.RTT, info.RTTVar, info.MinRTT, info.RTO} {
		b = binary.AppendVarint(b, int64(d))
	}
	for _, n := range [...]int{info.Window, info.Threshold, info.SendWindow, info.RecvWindow, info.MSS, info.InFlight, info.NotSent, info.Lost} {
		b = binary.AppendVarint(b, int64(n))
	}
	for _, n := range [...]uint64{info.Acked, info.Received, info.SegmentsOut, info.SegmentsIn, info.Retransmits, info.Retransmitted} {
		b = binary.AppendUvarint(b, n)
	}
	known := byte(0)
	if info.Sequences {
		known = 1
	}
	b = append(b, known)
	b = little.AppendUint32(b, info.ISS)
	b = little.AppendUint32(b, info.IRS)
	c.text = len(b)
	return uint32(where) + 1
}

// snapshotAt reads what appendSnapshot wrote, and where the one before is.
func snapshotAt(arena []byte, words []string, where uint32) (s Snapshot, before uint32) {
	b := arena[where-1:]
	before = little.Uint32(b)
	word := func(i byte) string {
		if i == 0 {
			return ""
		}
		return words[i-1]
	}
	info := &s.Info
	info.State, info.Congestion, info.Phase = word(b[4]), word(b[5]), word(b[6])
	b = b[7:]
	signed := func() int64 {
		v, n := binary.Varint(b)
		b = b[n:]
		return v
	}
	s.At = time.Unix(0, signed())
	for _, d := range [...]*time.Duration{&info.RTT, &info.RTTVar, &info.MinRTT, &info.RTO} {
		*d = time.Duration(signed())
	}
	for _, n := range [...]*int{&info.Window, &info.Threshold, &info.SendWindow, &info.RecvWindow, &info.MSS, &info.InFlight, &info.NotSent, &info.Lost} {
		*n = int(signed())
	}
	for _, n := range [...]*uint64{&info.Acked, &info.Received, &info.SegmentsOut, &info.SegmentsIn, &info.Retransmits, &info.Retransmitted} {
		v, length := binary.Uvarint(b)
		*n, b = v, b[length:]
	}
	info.Sequences = b[0] == 1
	info.ISS, info.IRS = little.Uint32(b[1:]), little.Uint32(b[5:])
	return s, before
}
