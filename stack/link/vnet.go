package link

import "encoding/binary"

// vnetLen is the size of the header before each frame of a TAP interface or packet socket with offloads: struct
// virtio_net_hdr, virtio 1.2 §5.1.6, without num_buffers. Ten bytes with the fourteen of Ethernet put the IP header on a
// multiple of four.
const vnetLen = 10

const (
	vnetNeedsChecksum = 1 // flags: the checksum is to be filled in
	vnetDataValid     = 2 // flags: the checksum was verified

	vnetGSONone = 0
	vnetGSOTCP4 = 1
	vnetGSOTCP6 = 4
	vnetGSOECN  = 0x80 // pieces after the first keep no CWR; which bits the stack sees is its own business
)

// putVnet writes the header of a frame to be sent.
func putVnet(b []byte, m Meta) {
	_ = b[vnetLen-1]
	// In the byte order of the machine, as the kernel's interfaces use it unless told otherwise.
	binary.NativeEndian.PutUint64(b, 0)
	b[8], b[9] = 0, 0
	if m.Checksum == ChecksumPartial {
		b[0] = vnetNeedsChecksum
		binary.NativeEndian.PutUint16(b[6:], m.Start)
		binary.NativeEndian.PutUint16(b[8:], m.Offset)
	}
	if m.GSO != GSONone {
		b[1] = vnetGSOTCP4
		if m.GSO == GSOTCP6 {
			b[1] = vnetGSOTCP6
		}
		binary.NativeEndian.PutUint16(b[2:], m.HeaderLen)
		binary.NativeEndian.PutUint16(b[4:], m.SegmentSize)
	}
}

// parseVnet reads the header of a received frame. False: it makes no sense with this frame.
func parseVnet(b, frame []byte) (m Meta, ok bool) {
	if len(b) < vnetLen {
		return m, false
	}
	if b[0]|b[1] == 0 {
		return m, true
	}
	if b[0]&vnetNeedsChecksum != 0 {
		m.Checksum = ChecksumPartial
		m.Start = binary.NativeEndian.Uint16(b[6:])
		m.Offset = binary.NativeEndian.Uint16(b[8:])
		if int(m.Start)+int(m.Offset)+2 > len(frame) {
			return m, false
		}
	} else if b[0]&vnetDataValid != 0 {
		m.Checksum = ChecksumVerified
	}
	switch b[1] &^ vnetGSOECN {
	case vnetGSONone:
		return m, true
	case vnetGSOTCP4:
		m.GSO = GSOTCP4
	case vnetGSOTCP6:
		m.GSO = GSOTCP6
	default:
		return m, false // fragments or datagrams put together, for which nobody has asked
	}
	m.SegmentSize = binary.NativeEndian.Uint16(b[4:])
	// The kernel's hdr_len is how much of the frame lies in one piece, which may be more than the headers.
	headers := headersLen(frame, m)
	if m.SegmentSize == 0 || headers == 0 {
		return m, false
	}
	m.HeaderLen = uint16(headers)
	return m, true
}

// headersLen is where the payload of a TCP super-segment begins; 0 when the frame has no room for its headers.
func headersLen(frame []byte, m Meta) int {
	tcp := int(m.Start)
	if m.Checksum != ChecksumPartial {
		switch {
		case len(frame) <= HeaderLen:
			return 0
		case m.GSO == GSOTCP4:
			tcp = HeaderLen + int(frame[HeaderLen]&15)*4
		default:
			tcp = HeaderLen + 40
		}
	}
	if tcp+20 > len(frame) {
		return 0
	}
	if n := tcp + int(frame[tcp+12]>>4)*4; n <= len(frame) && n >= tcp+20 {
		return n
	}
	return 0
}
