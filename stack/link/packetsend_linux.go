package link

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sendFrames = 64        // frames that leave with one call
	sendArena  = 256 << 10 // bytes of them
	// stubborn is how often a frame is offered to a device whose own ring is full. The kernel does not tell when it has
	// room again, so waiting for that would be waiting for the next timer.
	stubborn = 16
)

// mmsghdr is struct mmsghdr of sendmmsg(2).
type mmsghdr struct {
	hdr  syscall.Msghdr
	sent uint32
	_    [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// sendBatch collects frames, each behind its virtio-net header, until they leave together.
type sendBatch struct {
	arena    []byte
	used     int // bytes of the arena
	count    int // frames committed
	done     int // of these, how many have left
	messages [sendFrames]mmsghdr
	parts    [sendFrames]syscall.Iovec
}

func (q *packetQueue) Reserve(n int) []byte {
	s := &q.send
	need := vnetLen + n
	if s.count == sendFrames || s.used+need > len(s.arena) {
		q.transmit()
		if s.count > 0 {
			q.c.TransmitFull++
			q.full = true
			reasonFull.Reach()
			return nil
		}
	}
	return s.arena[s.used+vnetLen : s.used+need : s.used+need]
}

func (q *packetQueue) Commit(n int, m Meta) {
	s := &q.send
	putVnet(s.arena[s.used:], m)
	part := &s.parts[s.count]
	part.Base = &s.arena[s.used]
	part.SetLen(vnetLen + n)
	s.messages[s.count].hdr.Iov = part
	s.messages[s.count].hdr.Iovlen = 1
	s.used += (vnetLen + n + 63) &^ 63
	s.used = min(s.used, len(s.arena))
	s.count++
}

func (q *packetQueue) Flush() error {
	if q.send.count > 0 {
		q.transmit()
	}
	return q.reported()
}

// transmit sends what the kernel takes, and keeps the rest. The calls are raw: the socket never blocks.
func (q *packetQueue) transmit() {
	s := &q.send
	busy := 0
	for s.done < s.count {
		n, errno := uintptr(1), syscall.Errno(0)
		if s.count-s.done == 1 {
			part := &s.parts[s.done]
			_, _, errno = syscall.RawSyscall(unix.SYS_WRITE, uintptr(q.fd), uintptr(unsafe.Pointer(part.Base)), uintptr(part.Len))
		} else {
			n, _, errno = syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(q.fd), uintptr(unsafe.Pointer(&s.messages[s.done])),
				uintptr(s.count-s.done), 0, 0, 0)
		}
		switch errno {
		case 0:
			busy = 0
			q.down = false
			q.c.SentFrames += uint64(n)
			for ; n > 0; n-- {
				q.c.SentBytes += uint64(s.parts[s.done].Len) - vnetLen
				s.done++
			}
			continue
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return
		case unix.ENOBUFS:
			if q.detour(s.parts[s.done].Base) {
				continue
			}
			if busy++; busy < stubborn {
				continue
			}
		default:
			q.failed(errno)
		}
		busy = 0
		s.done++
		q.c.Refused++
		reasonRefused.Reach()
	}
	s.used, s.count, s.done = 0, 0, 0
}

// detour gives up PACKET_QDISC_BYPASS at the first super-segment that fails with it: the short way into the device
// (dev_direct_xmit) drops what the device cannot cut itself, the ordinary one cuts it. header is the frame's virtio-net header.
func (q *packetQueue) detour(header *byte) bool {
	if !q.bypass || *(*byte)(unsafe.Add(unsafe.Pointer(header), 1)) == vnetGSONone {
		return false
	}
	q.bypass = false
	reasonDetour.Reach()
	return unix.SetsockoptInt(q.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 0) == nil
}
