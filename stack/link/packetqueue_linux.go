package link

import (
	"encoding/binary"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packetQueue is one packet socket. The kernel writes frames into a ring that we share with it (TPACKET_V2,
// packet_mmap.rst), so receiving costs no call. Frames to be sent are collected and leave with one sendmmsg(2).
//
// There is a transmit ring too (PACKET_TX_RING). Measured on a veth pair it costs as much for frames of 1 KiB, one by one
// (6.5 against 6.1 µs, the peer's work included) or sixty at once (5.5 against 5.4), and half as much again for
// super-segments (15 against 10 µs): its pages must not change while a peer holds them, so the kernel copies them later.
type packetQueue struct {
	fd   int
	park parking

	ring  []byte
	slots int
	next  int // the slot that the kernel fills next
	held  int // slots before next that the last Receive gave out
	idle  bool

	send   sendBatch
	bypass bool // PACKET_QDISC_BYPASS is on
	full   bool // Reserve has returned nil since the last wait
	report error
	down   bool // the interface was found down, and nothing has shown since that it is up
	stale  bool // the ring may hold frames from before it went down
	gone   bool
	c      Counters
}

func newPacketQueue(fd int) *packetQueue {
	q := &packetQueue{fd: fd}
	q.send.arena = make([]byte, sendArena)
	q.park.fd, q.park.ready = fd, q.waiting
	return q
}

func (q *packetQueue) close() {
	q.park.close()
	if q.ring != nil {
		unix.Munmap(q.ring)
		q.ring = nil
	}
	unix.Close(q.fd)
}

// slot is the header of a slot of the ring. Slots lie close together in a block, and blocks behind each other.
func (q *packetQueue) slot(i int) *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&q.ring[i*ringFrame]))
}

// waiting reports whether there is a frame that Receive has not given out.
func (q *packetQueue) waiting() bool {
	return q.ring != nil && atomic.LoadUint32(&q.slot(q.next).Status)&unix.TP_STATUS_USER != 0
}

func (q *packetQueue) Receive(frames []Frame) (n int, err error) {
	for ; q.held > 0; q.held-- { // give back what the last Receive gave out
		i := q.next - q.held
		if i < 0 {
			i += q.slots
		}
		atomic.StoreUint32(&q.slot(i).Status, unix.TP_STATUS_KERNEL)
	}
	for n < len(frames) && q.held < q.slots {
		i := q.next
		h := q.slot(i)
		if atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER == 0 {
			break
		}
		q.held++
		if q.next++; q.next == q.slots {
			q.next = 0
		}
		base := i * ringFrame
		at := q.ring[base : base+ringFrame : base+ringFrame]
		// Behind the header lies the sockaddr_ll, of which the kind says whether we sent it ourselves.
		if sll := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&at[sllOffset])); sll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		if f, ok := ringed(h, at); ok {
			frames[n] = f
			n++
			q.c.ReceivedBytes += uint64(len(f.Data))
			continue
		}
		q.c.Malformed++
		reasonMalformed.Reach()
	}
	q.c.ReceivedFrames += uint64(n)
	if n > 0 {
		q.idle = false
		q.down = q.down && q.stale
		return n, nil
	}
	q.stale = false
	if !q.idle { // the usual end of a batch
		q.idle = true
		return 0, nil
	}
	// Somebody was woken, and there was nothing: perhaps the socket has an error.
	if code, e := unix.GetsockoptInt(q.fd, unix.SOL_SOCKET, unix.SO_ERROR); e == nil && code != 0 {
		q.failed(syscall.Errno(code))
	}
	return 0, q.reported()
}

const sllOffset = (unix.SizeofTpacket2Hdr + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)

// ringed reads one slot of the ring. Before the frame lies the virtio-net header.
func ringed(h *unix.Tpacket2Hdr, at []byte) (Frame, bool) {
	start, size := int(h.Mac), int(h.Snaplen)
	if h.Snaplen != h.Len || start < sllOffset+vnetLen || start+size > len(at) {
		return Frame{}, false
	}
	b := at[start : start+size : start+size]
	m, ok := parseVnet(at[start-vnetLen:start], b)
	if !ok {
		return Frame{}, false
	}
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && size >= HeaderLen {
		// The kernel has taken the tag out (IEEE 802.1Q §9.3). A frame of a VLAN is not one of ours, so it is put back,
		// into the room of the header that was just read.
		b = at[start-tagLen : start+size : start+size]
		copy(b, b[tagLen:tagLen+12])
		tpid := uint16(unix.ETH_P_8021Q)
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = h.Vlan_tpid
		}
		binary.BigEndian.PutUint16(b[12:], tpid)
		binary.BigEndian.PutUint16(b[14:], h.Vlan_tci)
		if m.Checksum == ChecksumPartial {
			m.Start += tagLen
		}
		if m.GSO != GSONone {
			m.HeaderLen += tagLen
		}
	}
	return Frame{b, m}, true
}

// failed takes note of an error of the socket or of a send.
func (q *packetQueue) failed(errno syscall.Errno) {
	switch errno {
	case unix.ENETDOWN:
		if !q.down {
			q.down, q.stale = true, true
			q.c.Downs++
			q.report = ErrDown
			reasonDown.Reach()
		}
	case unix.ENXIO, unix.ENODEV: // unbound: the interface does not exist any more
		q.gone = true
	}
}

// reported is what Receive or Flush has to report, once.
func (q *packetQueue) reported() error {
	err := q.report
	q.report = nil
	if q.gone {
		return ErrGone
	}
	return err
}

func (q *packetQueue) Descriptor() int { return q.fd }
func (q *packetQueue) Interrupt()      { q.park.interrupt() }

func (q *packetQueue) Wait(until, now int64) error {
	full := q.full
	q.full = false
	return q.park.wait(until, now, full)
}

func (q *packetQueue) Counters() Counters {
	// Reading them sets the kernel's to zero.
	if s, err := unix.GetsockoptTpacketStats(q.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil && s.Drops > 0 {
		q.c.Overruns += uint64(s.Drops)
		reasonOverrun.Reach() // once for all that were lost since the last look
	}
	return q.c
}
