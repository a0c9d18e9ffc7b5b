package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The blocks of pcapng that matter here (draft-ietf-opsawg-pcapng §4).
const (
	sectionBlock  = 0x0A0D0D0A // the same in both byte orders
	enhancedBlock = 6          // a packet
	byteOrder     = 0x1A2B3C4D
	longestBlock  = 16 << 20
)

// copyBlocks copies a pcapng stream block by block, so that what is written is whole whenever it ends, until there were
// count packets (0: without end). It returns how many packets there were, and their bytes as captured.
func copyBlocks(w io.Writer, r io.Reader, count int) (packets int, bytes int64, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	out := bufio.NewWriterSize(w, 64<<10)
	defer func() {
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
	}()
	order := binary.ByteOrder(binary.LittleEndian)
	block := make([]byte, 12, 4<<10)
	for count == 0 || packets < count {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil { // whoever reads it wants to see what there is
				return packets, bytes, err
			}
		}
		block = block[:12]
		if n, err := io.ReadFull(in, block); err != nil {
			if n == 0 && errors.Is(err, io.EOF) {
				return packets, bytes, nil
			}
			return packets, bytes, err
		}
		kind := order.Uint32(block)
		if kind == sectionBlock {
			order = binary.LittleEndian
			if binary.BigEndian.Uint32(block[8:]) == byteOrder {
				order = binary.BigEndian
			}
		}
		length := order.Uint32(block[4:])
		if length < 12 || length%4 != 0 || length > longestBlock {
			return packets, bytes, fmt.Errorf("the server sent a block of %d bytes", length)
		}
		if int(length) > cap(block) {
			block = append(make([]byte, 0, length), block...)
		}
		block = block[:length]
		if _, err := io.ReadFull(in, block[12:]); err != nil {
			return packets, bytes, err
		}
		if _, err := out.Write(block); err != nil {
			return packets, bytes, err
		}
		if kind == enhancedBlock && length >= 32 {
			packets++
			bytes += int64(order.Uint32(block[20:]))
		}
	}
	return packets, bytes, nil
}
