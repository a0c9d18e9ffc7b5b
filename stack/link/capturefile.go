package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// recorded is a frame of a capture file.
type recorded struct {
	nanos    int64 // since 1970
	data     []byte
	original int // bytes that the frame had on the wire
	fcs      bool
}

// captureFile reads capture files: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), in both byte orders.
// Only Ethernet is understood. The frames are windows on the file's bytes.
type captureFile struct {
	rest   []byte
	at     int // of rest, in the file, for errors
	order  binary.ByteOrder
	ng     bool
	units  uint64 // of pcap: units of time in a second
	fcs    bool   // of pcap
	ifaces []captureInterface
}

type captureInterface struct {
	units  uint64 // of time in a second
	offset int64  // seconds
	fcs    bool
}

var errNoCapture = errors.New("this is no capture file: neither pcap nor pcapng")

// openCaptureFile looks at the beginning of the file.
func openCaptureFile(b []byte) (*captureFile, error) {
	c := &captureFile{rest: b, order: binary.LittleEndian}
	if len(b) < 12 {
		return nil, errNoCapture
	}
	if binary.LittleEndian.Uint32(b) == blockSection {
		c.ng = true
		return c, nil
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(b) {
		case 0xa1b2c3d4:
			c.order, c.units = order, 1e6
		case 0xa1b23c4d:
			c.order, c.units = order, 1e9
		}
	}
	if c.units == 0 || len(b) < 24 {
		return nil, errNoCapture
	}
	link := c.order.Uint32(b[20:])
	if link&0xffff != linkEthernet {
		return nil, notEthernet(link & 0xffff)
	}
	c.fcs = link>>26&1 != 0 && link>>28 == FCSLen/2
	c.rest, c.at = b[24:], 24
	return c, nil
}

func notEthernet(link uint32) error {
	return fmt.Errorf("the capture file has frames of link type %d, and only Ethernet (1) can be replayed", link)
}

// next gives the next frame; false at the end of the file, or with an error.
func (c *captureFile) next() (f recorded, ok bool, err error) {
	if c.ng {
		return c.nextBlock()
	}
	if len(c.rest) == 0 {
		return f, false, nil
	}
	if len(c.rest) < 16 {
		return f, false, c.broken("the file ends in the middle of a record")
	}
	n := int(c.order.Uint32(c.rest[8:]))
	if n < 0 || n > len(c.rest)-16 {
		return f, false, c.broken("a record is longer than the file")
	}
	f.nanos = int64(c.order.Uint32(c.rest))*1e9 + int64(uint64(c.order.Uint32(c.rest[4:]))*(1e9/c.units))
	f.original = int(c.order.Uint32(c.rest[12:]))
	f.data = c.rest[16 : 16+n : 16+n]
	f.fcs = c.fcs
	c.skip(16 + n)
	return f, true, nil
}

func (c *captureFile) skip(n int) { c.rest, c.at = c.rest[n:], c.at+n }

func (c *captureFile) broken(what string) error {
	return fmt.Errorf("capture file, at byte %d: %s", c.at, what)
}

// nextBlock goes on to the next block of a pcapng file that is a frame.
func (c *captureFile) nextBlock() (f recorded, ok bool, err error) {
	for len(c.rest) > 0 {
		b := c.rest
		if len(b) < 12 {
			return f, false, c.broken("the file ends in the middle of a block")
		}
		kind := c.order.Uint32(b)
		if kind == blockSection { // the same in both orders; what follows says which one it is
			switch uint32(orderMagic) {
			case binary.LittleEndian.Uint32(b[8:]):
				c.order = binary.LittleEndian
			case binary.BigEndian.Uint32(b[8:]):
				c.order = binary.BigEndian
			default:
				return f, false, c.broken("a section has no byte order")
			}
			c.ifaces = c.ifaces[:0]
		}
		n := int(c.order.Uint32(b[4:]))
		if n < 12 || n > len(b) || n%4 != 0 || int(c.order.Uint32(b[n-4:])) != n {
			return f, false, c.broken("a block's length is not right")
		}
		body := b[8 : n-4]
		switch kind {
		case blockInterface:
			err = c.describe(body)
		case blockPacket, blockPacketOld, blockSimple:
			f, err = c.packet(kind, body)
			ok = true
		}
		if err != nil {
			return f, false, err
		}
		c.skip(n)
		if ok {
			return f, true, nil
		}
	}
	return f, false, nil
}

// describe reads an interface description block.
func (c *captureFile) describe(body []byte) error {
	if len(body) < 8 {
		return c.broken("an interface's description is too short")
	}
	if link := uint32(c.order.Uint16(body)); link != linkEthernet {
		return notEthernet(link)
	}
	i := captureInterface{units: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, n := c.order.Uint16(o), int(c.order.Uint16(o[2:]))
		if n > len(o)-4 {
			return c.broken("an option is longer than its block")
		}
		value := o[4 : 4+n]
		switch {
		case code == 0:
			o = nil
			continue
		case code == optionResolution && n == 1 && value[0]&0x80 != 0 && value[0]&0x7f < 64:
			i.units = 1 << (value[0] & 0x7f)
		case code == optionResolution && n == 1 && value[0] < 19:
			i.units = 1
			for range value[0] {
				i.units *= 10
			}
		case code == optionFCSLen && n == 1:
			i.fcs = value[0] == FCSLen
		case code == 14 && n == 8: // if_tsoffset
			i.offset = int64(c.order.Uint64(value))
		}
		o = o[min(4+(n+3)&^3, len(o)):]
	}
	c.ifaces = append(c.ifaces, i)
	return nil
}

// packet reads one of the three kinds of blocks that hold a frame.
func (c *captureFile) packet(kind uint32, body []byte) (f recorded, err error) {
	var index, head, size int
	var stamp uint64
	switch {
	case kind == blockSimple && len(body) >= 4:
		head = 4
		f.original = int(c.order.Uint32(body))
		size = min(f.original, len(body)-head)
	case kind == blockPacket && len(body) >= 20:
		index, head = int(c.order.Uint32(body)), 20
	case kind == blockPacketOld && len(body) >= 20:
		index, head = int(c.order.Uint16(body)), 20
	default:
		return f, c.broken("a packet's block is too short")
	}
	if head == 20 {
		stamp = uint64(c.order.Uint32(body[4:]))<<32 | uint64(c.order.Uint32(body[8:]))
		size, f.original = int(c.order.Uint32(body[12:])), int(c.order.Uint32(body[16:]))
	}
	if size < 0 || size > len(body)-head {
		return f, c.broken("a frame is longer than its block")
	}
	if index < 0 || index >= len(c.ifaces) {
		return f, c.broken("a frame is of an interface that was not described")
	}
	i := c.ifaces[index]
	seconds, part := stamp/i.units, stamp%i.units
	high, low := bits.Mul64(part, 1e9)
	nanos, _ := bits.Div64(high, low, i.units) // part is less than units, so this fits
	f.nanos = (int64(seconds)+i.offset)*1e9 + int64(nanos)
	f.data = body[head : head+size : head+size]
	f.fcs = i.fcs
	return f, nil
}
