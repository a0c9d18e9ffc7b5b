package link

import (
	"encoding/binary"
	"testing"
)

func TestMACAddressesAreReadAndWritten(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string // empty: refused
	}{
		{"02:00:c6:12:00:01", "02:00:c6:12:00:01"},
		{"02-00-C6-12-00-01", "02:00:c6:12:00:01"},
		{"", ""}, {"02:00:c6:12:00", ""}, {"02:00:c6:12:00:01:02", ""}, {"2:0:c6:12:0:1", ""},
		{"02:00:c6:12:00:0g", ""}, {"02:00-c6:12:00:01", ""}, {"0200c6120001", ""}, {"02:00:c6:12:00:001", ""},
	} {
		m, err := ParseMAC(c.in)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q was read as %s", c.in, m)
			}
		} else if err != nil || m.String() != c.want {
			t.Errorf("%q was read as %s, %v", c.in, m, err)
		}
	}
	for _, c := range []struct {
		m                    string
		broadcast, multicast bool
	}{{"ff:ff:ff:ff:ff:ff", true, true}, {"33:33:00:00:00:01", false, true}, {"02:00:00:00:00:01", false, false}} {
		if m, _ := ParseMAC(c.m); m.IsBroadcast() != c.broadcast || m.IsMulticast() != c.multicast {
			t.Errorf("%s: broadcast %v, multicast %v", m, m.IsBroadcast(), m.IsMulticast())
		}
	}
}

func TestOffloadHeaderGoesThereAndBack(t *testing.T) {
	frame := make([]byte, 3000)
	frame[34+12] = 8 << 4 // a TCP header of 32 bytes
	for _, m := range []Meta{
		{},
		{Checksum: ChecksumPartial, Start: 34, Offset: 16},
		{Checksum: ChecksumPartial, Start: 34, Offset: 16, GSO: GSOTCP4, SegmentSize: 1448, HeaderLen: 66},
		{Checksum: ChecksumPartial, Start: 34, Offset: 16, GSO: GSOTCP6, SegmentSize: 1428, HeaderLen: 66},
	} {
		var b [vnetLen]byte
		putVnet(b[:], m)
		if got, ok := parseVnet(b[:], frame); !ok || got != m {
			t.Errorf("%+v came back as %+v, %v", m, got, ok)
		}
	}
}

func TestOffloadHeadersThatMakeNoSenseAreRefused(t *testing.T) {
	frame := make([]byte, 100)
	frame[14] = 0x45
	frame[46] = 5 << 4
	header := func(flags, gso byte, fields ...uint16) []byte {
		b := []byte{flags, gso, 0, 0, 0, 0, 0, 0, 0, 0}
		for i, f := range fields {
			binary.NativeEndian.PutUint16(b[2+2*i:], f)
		}
		return b
	}
	for _, c := range []struct {
		name   string
		header []byte
		frame  []byte
		ok     bool
	}{
		{"nothing", header(0, 0), frame, true},
		{"verified", header(vnetDataValid, 0), frame, true},
		{"verified super-segment", header(vnetDataValid, 1, 0, 46), frame, true},
		{"the same with ECN", header(vnetDataValid, 1|vnetGSOECN, 0, 46), frame, true},
		{"a sum beyond the frame", header(vnetNeedsChecksum, 0, 0, 0, 90, 9), frame, false},
		{"a sum at the end of the frame", header(vnetNeedsChecksum, 0, 0, 0, 90, 8), frame, true},
		{"datagrams put together", header(0, 5, 0, 46), frame, false},
		{"fragments put together", header(0, 3, 0, 46), frame, false},
		{"pieces of no bytes", header(0, 1), frame, false},
		{"headers beyond the frame", header(vnetNeedsChecksum, 1, 0, 46, 90, 0), frame, false},
		{"no headers at all", header(0, 1, 0, 46), frame[:10], false},
		{"a TCP header too short", header(0, 4, 0, 46), frame, false}, // IPv6: at 54, where its length is 0
		{"a short header", header(0, 0)[:9], frame, false},
	} {
		if _, ok := parseVnet(c.header, c.frame); ok != c.ok {
			t.Errorf("%s: accepted %v", c.name, ok)
		}
	}
}

func FuzzOffloadHeader(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 0, 4, 34, 0, 16, 0}, make([]byte, 100))
	f.Add([]byte{1, 4, 0, 0, 0, 4, 54, 0, 16, 0}, make([]byte, 100))
	f.Add([]byte{2, 0x81, 0, 0, 1, 0, 0, 0, 0, 0}, make([]byte, 60))
	f.Fuzz(func(t *testing.T, header, frame []byte) {
		m, ok := parseVnet(header, frame)
		if !ok {
			return
		}
		if m.Checksum == ChecksumPartial && int(m.Start)+int(m.Offset)+2 > len(frame) {
			t.Errorf("the checksum is beyond the frame: %+v", m)
		}
		if m.GSO != GSONone && (m.SegmentSize == 0 || int(m.HeaderLen) > len(frame) || m.HeaderLen < 20 || m.Segments(len(frame)) < 1) {
			t.Errorf("a super-segment that cannot be cut: %+v", m)
		}
	})
}
