package ethernet

import (
	"encoding/binary"
	"hash/crc32"
)

// FCS is the frame check sequence of a frame without one: the CRC-32 of IEEE 802.3 §3.2.9.
func FCS(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// PutFCS writes the check sequence of all but the last FCSLen bytes into those. On a cable the least significant byte
// goes first.
func PutFCS(b []byte) {
	n := len(b) - FCSLen
	binary.LittleEndian.PutUint32(b[n:], FCS(b[:n]))
}

// CheckFCS reports whether the last FCSLen bytes are the check sequence of the rest.
func CheckFCS(b []byte) bool {
	n := len(b) - FCSLen
	return n >= 0 && binary.LittleEndian.Uint32(b[n:]) == FCS(b[:n])
}
