package server

import (
	"context"
	"encoding/binary"
	"io"
	"net/netip"

	"vitrine/server/control"
	"vitrine/stack/link"
)

// capture records the frames that pass the adapter to w, until the context ends, w fails or the server stops.
func (n *network) capture(ctx context.Context, w io.Writer, flush func(), o control.CaptureOptions) error {
	r := n.capturer.Start(flushed{w, flush}, link.RecordingOptions{Snap: o.Snap, Keep: keep(o)})
	select {
	case <-ctx.Done():
	case <-r.Done():
	}
	return r.Stop()
}

// flushed is a writer whose reader shall see at once what was written.
type flushed struct {
	io.Writer
	flush func()
}

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.Writer.Write(b)
	f.flush()
	return n, err
}

// journey is the packet comment of a frame: the journey of the request that its connection is on. It is asked on the loop
// of the queue.
func (n *network) journey(queue int, frame []byte) string {
	if id := n.stack.Shard(queue).Journey(frame); id != 0 {
		return "journey " + id.String()
	}
	return ""
}

// keep chooses the frames of a capture; nil: all.
func keep(o control.CaptureOptions) func(frame []byte) bool {
	host, err := netip.ParseAddr(o.Host)
	anyHost := err != nil
	if anyHost && o.Port == 0 {
		return nil
	}
	return func(frame []byte) bool {
		src, dst := ends(frame)
		return (anyHost || src.Addr() == host || dst.Addr() == host) && (o.Port == 0 || src.Port() == o.Port || dst.Port() == o.Port)
	}
}

// Where things stand in a frame: IEEE 802.3 §3.1.1, RFC 791 §3.1, RFC 8200 §3, RFC 826.
const (
	etherHeader = 14
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherIPv6   = 0x86dd
	protoTCP    = 6
	protoUDP    = 17
)

// ends is who a frame is from and to, as far as it says so without looking into options and fragments.
func ends(frame []byte) (src, dst netip.AddrPort) {
	if len(frame) < etherHeader {
		return
	}
	b := frame[etherHeader:]
	var from, to netip.Addr
	var ports []byte
	switch kind := binary.BigEndian.Uint16(frame[12:]); {
	case kind == etherIPv4 && len(b) >= 20:
		from, to = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		if head := int(b[0]&15) * 4; (b[9] == protoTCP || b[9] == protoUDP) && binary.BigEndian.Uint16(b[6:])&0x1fff == 0 && head <= len(b) {
			ports = b[head:]
		}
	case kind == etherIPv6 && len(b) >= 40:
		from, to = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		if b[6] == protoTCP || b[6] == protoUDP {
			ports = b[40:]
		}
	case kind == etherARP && len(b) >= 28:
		from, to = netip.AddrFrom4([4]byte(b[14:])), netip.AddrFrom4([4]byte(b[24:]))
	default:
		return
	}
	if len(ports) < 4 {
		return netip.AddrPortFrom(from, 0), netip.AddrPortFrom(to, 0)
	}
	return netip.AddrPortFrom(from, binary.BigEndian.Uint16(ports)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(ports[2:]))
}
