package link

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// Blocks and options of pcapng (draft-ietf-opsawg-pcapng §4), written in little-endian order.
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockPacketOld  = 2
	blockSimple     = 3
	blockStatistics = 5
	blockPacket     = 6

	orderMagic = 0x1a2b3c4d

	optionComment     = 1
	optionFlags       = 2 // of a packet
	optionApplication = 4 // of the section
	optionName        = 2 // of an interface, as all that follow
	optionDescription = 3
	optionMAC         = 6
	optionResolution  = 9
	optionFCSLen      = 13
	optionReceived    = 4 // of statistics
	optionLeftOut     = 7

	linkEthernet = 1
	// longestComment is a bound of our own; the format's is 64 KiB.
	longestComment = 1024
)

// beginBlock starts a block; endBlock writes its length, before and behind.
func beginBlock(b []byte, kind uint32) ([]byte, int) {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, kind)
	return append(b, 0, 0, 0, 0), at
}

func endBlock(b []byte, at int) []byte {
	n := uint32(len(b) - at + 4)
	binary.LittleEndian.PutUint32(b[at+4:], n)
	return binary.LittleEndian.AppendUint32(b, n)
}

func appendOption(b []byte, code uint16, value string) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad4(append(b, value...), len(value))
}

func pad4(b []byte, n int) []byte { return append(b, "\x00\x00\x00"[:-n&3]...) }

func endOptions(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// appendSection begins a file: the section and its one interface.
func appendSection(b []byte, info Info, snap int) []byte {
	comment := ""
	if info.Offloads.RxChecksum || info.Offloads.TxChecksum {
		comment = "The adapter fills in checksums and cuts super-segments: frames are shown as the stack" +
			" gives and takes them, so checksums may be incomplete."
	}
	b = appendHead(b, "vitrine", "")
	return appendInterface(b, CaptureInterface{Name: info.Name, Description: info.Kind, Comment: comment, MAC: info.MAC, Snap: snap, FCS: info.FCS})
}

// appendHead begins a section.
func appendHead(b []byte, application, comment string) []byte {
	b, at := beginBlock(b, blockSection)
	b = binary.LittleEndian.AppendUint32(b, orderMagic)
	b = append(b, 1, 0, 0, 0)                                     // version 1.0
	b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // of unknown length
	b = appendOption(b, optionApplication, application)
	if comment != "" {
		b = appendOption(b, optionComment, comment)
	}
	return endBlock(endOptions(b), at)
}

// appendInterface describes an interface, whose times are in nanoseconds.
func appendInterface(b []byte, i CaptureInterface) []byte {
	b, at := beginBlock(b, blockInterface)
	b = append(b, linkEthernet, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(i.Snap))
	b = appendOption(b, optionName, i.Name)
	b = appendOption(b, optionDescription, i.Description)
	b = appendOption(b, optionMAC, string(i.MAC[:]))
	b = appendOption(b, optionResolution, "\x09")
	if i.FCS {
		b = appendOption(b, optionFCSLen, "\x04")
	}
	if i.Comment != "" {
		b = appendOption(b, optionComment, i.Comment)
	}
	return endBlock(endOptions(b), at)
}

// packetBlockLen bounds the size of a packet's block.
func packetBlockLen(data int, comment, mark string) int {
	return 32 + data + 3 + 8 + 2*8 + len(comment) + len(mark) + 4
}

// appendPacket writes one frame of the first interface. out: we have sent it. Times are nanoseconds since 1970.
func appendPacket(b []byte, nanos int64, data []byte, original int, out, fcs bool, comment, mark string) []byte {
	b, at := beginPacket(b, 0, nanos, data, original, out, fcs)
	if comment != "" {
		b = appendOption(b, optionComment, comment)
	}
	if mark != "" {
		b = appendOption(b, optionComment, mark)
	}
	return endBlock(endOptions(b), at)
}

// beginPacket writes one frame but for its comments.
func beginPacket(b []byte, on int, nanos int64, data []byte, original int, out, fcs bool) ([]byte, int) {
	b, at := beginBlock(b, blockPacket)
	b = binary.LittleEndian.AppendUint32(b, uint32(on))
	b = binary.LittleEndian.AppendUint32(b, uint32(uint64(nanos)>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(nanos))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(original))
	b = pad4(append(b, data...), len(data))
	flags := byte(1)
	if out {
		flags = 2
	}
	if fcs {
		flags |= FCSLen << 5
	}
	return appendOption(b, optionFlags, string([]byte{flags, 0, 0, 0})), at
}

// appendStatistics ends a file: how many frames there were, and how many of them are not in it.
func appendStatistics(b []byte, nanos int64, received, leftOut uint64) []byte {
	b, at := beginBlock(b, blockStatistics)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(uint64(nanos)>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(nanos))
	b = appendOption(b, optionReceived, string(binary.LittleEndian.AppendUint64(nil, received)))
	b = appendOption(b, optionLeftOut, string(binary.LittleEndian.AppendUint64(nil, leftOut)))
	return endBlock(endOptions(b), at)
}

// tidyComment makes a comment that any reader can show: UTF-8, of a bounded length.
func tidyComment(s string) string {
	if len(s) > longestComment {
		s = s[:longestComment]
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	return s
}
