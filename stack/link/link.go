package link

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// MAC is an address of a LAN adapter, in the order in which it is sent.
type MAC [6]byte

// Broadcast is the address of all stations, IEEE 802.3 §3.2.3.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// String is the form that everybody writes: 02:00:c6:12:00:01.
func (m MAC) String() string {
	b := make([]byte, 0, 17)
	for i, x := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = hex.AppendEncode(b, []byte{x})
	}
	return string(b)
}

// IsBroadcast reports whether all stations are meant.
func (m MAC) IsBroadcast() bool { return m == Broadcast }

// IsMulticast reports whether a group is meant: the first bit on the wire is set. Broadcast is such a group.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// ParseMAC reads six bytes in hexadecimal, separated by colons or by hyphens.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	sep := ":"
	if strings.Contains(s, "-") {
		sep = "-"
	}
	parts := strings.Split(s, sep)
	if len(parts) == len(m) {
		for i, p := range parts {
			if n, err := hex.Decode(m[i:i+1], []byte(p)); len(p) != 2 || err != nil || n != 1 {
				parts = nil
				break
			}
		}
	}
	if len(parts) != len(m) {
		return MAC{}, fmt.Errorf("%q is no MAC address: six bytes such as 02:00:c6:12:00:01 are", s)
	}
	return m, nil
}

// Sizes of frames, in bytes.
const (
	HeaderLen = 14 // destination, source, EtherType
	FCSLen    = 4
	MinFrame  = 60 // shortest frame on a cable, without its FCS: IEEE 802.3 §4.4.2
	tagLen    = 4  // an IEEE 802.1Q tag, which makes a frame longer without being too long
	// MaxFrame is the longest frame that any adapter here carries, a super-segment with its header.
	MaxFrame = HeaderLen + tagLen + 65535
	// maxSuper is the longest IP packet of a super-segment. The kernel's own bound is 64 KiB with the Ethernet header
	// (GSO_LEGACY_MAX_SIZE); beyond it, it cuts in software before the device sees anything.
	maxSuper = 65535 - HeaderLen
)

// Offloads is what an adapter does in the stack's stead.
type Offloads struct {
	TxChecksum bool // takes ChecksumPartial
	RxChecksum bool // gives ChecksumPartial and ChecksumVerified
	TSO4, TSO6 bool // takes TCP super-segments, and gives them
	MaxSegment int  // bytes of one super-segment's IP packet; 0 without TSO
}

// Info says what an adapter is. It does not change while the adapter is open.
type Info struct {
	Name     string // the interface's or the file's
	Kind     string // "tap", "packet", "wire" or "replay"
	MAC      MAC    // ours, which frames for us carry
	MTU      int    // bytes of the longest packet in a frame; at least 68
	Queues   int    // at least 1
	FCS      bool   // frames carry their FCS, both ways
	Offloads Offloads
}

// Adapter is a card with one or more queues.
type Adapter interface {
	Info() Info
	Queue(i int) Queue // 0 <= i < Info().Queues; the same one for the same i
	// Close gives the adapter back. Nobody may be in a method of its queues meanwhile.
	Close() error
}

// Queue is one receive ring and one transmit ring. All methods belong to one goroutine, except Interrupt.
type Queue interface {
	// Receive fills frames and returns how many. It never blocks; 0 when there are none. What it fills is valid until
	// the next Receive or Wait. Fewer than len(frames) means that no more were there, unless the error is ErrMore. Another error
	// (ErrDown) is a report, given once: the queue goes on, and gives frames again when it can. After ErrGone there will
	// be none. What was filled is valid beside an error too.
	Receive(frames []Frame) (int, error)
	// Reserve gives memory for one whole frame of n bytes; nil when the transmit ring is full: wait, and try again.
	// A second Reserve without a Commit between replaces the first.
	Reserve(n int) []byte
	// Commit says that the frame in the last Reserve is n bytes, at most those reserved. It may leave at once or at Flush.
	Commit(n int, m Meta)
	// Flush sends what was committed. What the ring does not take stays in it, and Reserve says so.
	Flush() error
	// Descriptor becomes readable when frames are there and writable when there is room, for somebody else's epoll,
	// edge-triggered. It never blocks, and only Receive reads it. -1: there is none, and Wait is the only way.
	Descriptor() int
	// Wait parks the goroutine until frames may be there, until there may be room after a nil Reserve, until Interrupt
	// or until the time given (0: for ever), as measured from now. It may return early.
	Wait(until, now int64) error
	// Interrupt lets the present or the next Wait return. Any goroutine may call it.
	Interrupt()
	// Counters of this queue since it was opened.
	Counters() Counters
}

// Frame is one frame, from the destination MAC on, with its FCS at the end when Info.FCS.
type Frame struct {
	Data []byte
	Meta Meta
}

// Checksum is how far the transport checksum of a frame is.
type Checksum uint8

const (
	// ChecksumNone: received, it is to be verified; to be sent, it is complete.
	ChecksumNone Checksum = iota
	// ChecksumVerified: whoever gives the frame has verified it.
	ChecksumVerified
	// ChecksumPartial: the field holds the pseudo-header's sum only. Received, the frame never was on a wire, and is to be
	// trusted. To be sent, the adapter fills it in, at Start+Offset.
	ChecksumPartial
)

// GSO is the kind of a super-segment: a TCP segment longer than the path's, which is cut (or was put together) on its way.
type GSO uint8

const (
	GSONone GSO = iota
	GSOTCP4     // TCP over IPv4
	GSOTCP6     // TCP over IPv6
)

// Meta is what is known of a frame beside its bytes.
type Meta struct {
	Checksum    Checksum
	GSO         GSO
	Start       uint16 // ChecksumPartial: where summing begins, from the frame's start
	Offset      uint16 // ChecksumPartial: where the sum goes, from Start on
	SegmentSize uint16 // GSO: bytes of payload in each piece but the last
	HeaderLen   uint16 // GSO: bytes of all headers, which each piece repeats
}

// Segments is how many pieces a frame of n bytes is on a cable.
func (m Meta) Segments(n int) int {
	if m.GSO == GSONone || m.SegmentSize == 0 {
		return 1
	}
	return max(1, (n-int(m.HeaderLen)+int(m.SegmentSize)-1)/int(m.SegmentSize))
}

// Counters of an adapter's queue. They only grow.
type Counters struct {
	ReceivedFrames, ReceivedBytes uint64
	SentFrames, SentBytes         uint64
	Overruns                      uint64 // frames lost because the receive ring, or the kernel's queue before it, was full
	Malformed                     uint64 // received with an offload header that makes no sense, or cut short
	TransmitFull                  uint64 // times that the transmit ring was full and the stack had to wait
	Refused                       uint64 // frames to be sent that the kernel refused, such as while the interface is down
	Downs                         uint64 // times that the interface was found down
}

// What an adapter reports while it runs.
var (
	// ErrMore is no failure: the batch ended although frames may be waiting, because its memory was full. The Card turns it
	// into its word more.
	ErrMore = errors.New("more frames are waiting")
	// ErrDown says that the interface was set down. The adapter goes on when it is up again.
	ErrDown = errors.New("the interface is down; it is used again when it is up (`ip link set … up`)")
	// ErrGone says that the interface was removed. The adapter will not come back.
	ErrGone = errors.New("the interface was removed")
)
