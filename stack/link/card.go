package link

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync/atomic"
	"time"

	"vitrine/trace"
)

// CardOptions of a Card; the zero value is an ordinary card.
type CardOptions struct {
	Promiscuous bool  // frames for other stations are taken too
	Multicast   []MAC // groups joined from the start
	Notice      Notice
	// Dropped is told of each frame that the card does not pass on, and why. The bytes are valid during the call.
	Dropped func(frame []byte, why *trace.Reason)
}

// CardCounters of a Card. They only grow.
type CardCounters struct {
	Passed      uint64 // frames given to the driver
	BadFCS      uint64
	Runts       uint64
	Giants      uint64
	Foreign     uint64 // for other stations or groups
	GroupSource uint64 // from a group address
	Notice      NoticeCounters
	Queue       Counters // of the adapter beneath: memory (Overruns), frames and bytes
}

// Card is a LAN adapter between a Queue and a driver. A frame passes in this order: the frame check sequence is verified
// where the medium carries it; the destination address is compared; the frame lies in the adapter's bounded memory until the
// driver takes it; and the driver is notified. All methods belong to the Queue's goroutine, except Interrupt.
//
// A loop looks like this, and parks in Wait or, with Descriptor and Notice, in an epoll of its own:
//
//	n, more, err := card.Receive(frames)
//	… handle frames[:n], answer with Reserve and Commit …
//	card.Flush()
//	if !more { card.Wait(deadline, now) }
type Card struct {
	q        Queue
	mac      MAC
	groups   []MAC
	fcs      bool
	promisc  bool
	longest  int // bytes of a frame that is no super-segment, without FCS
	reserved []byte
	dropped  func([]byte, *trace.Reason)
	notice   Notice
	poked    atomic.Bool // Interrupt was called since the last Wait
	starved  bool        // Reserve has returned nil since the last Wait
	c        CardCounters
}

// NewCard puts a card on a queue of an adapter of which info tells.
func NewCard(q Queue, info Info, o CardOptions) *Card {
	return &Card{q: q, mac: info.MAC, fcs: info.FCS, groups: slices.Clone(o.Multicast), promisc: o.Promiscuous,
		longest: HeaderLen + tagLen + info.MTU, dropped: o.Dropped, notice: o.Notice}
}

// Receive gives the next frames, checked, filtered and without FCS. more: there may be others, look again before
// waiting. Frames that are dropped are counted and never an error. The frames are valid until the next Receive.
func (c *Card) Receive(frames []Frame) (n int, more bool, err error) {
	got, err := c.q.Receive(frames)
	for i := range got {
		f := &frames[i]
		if why := c.judge(f); why != nil {
			why.Reach()
			if c.dropped != nil {
				c.dropped(f.Data, why)
			}
			continue
		}
		if n != i {
			frames[n] = *f
		}
		n++
	}
	c.c.Passed += uint64(n)
	c.notice.Polled(got)
	if err == ErrMore {
		return n, true, nil
	}
	return n, got == len(frames), err
}

// judge takes the FCS off and says why a frame is not passed on; nil: it is.
func (c *Card) judge(f *Frame) *trace.Reason {
	b := f.Data
	if c.fcs {
		// IEEE 802.3 §3.4: what is shorter than the shortest frame is a fragment of a collision, whatever it says.
		if len(b) < MinFrame+FCSLen {
			c.c.Runts++
			return reasonRunt
		}
		end := len(b) - FCSLen
		if FCS(b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
			c.c.BadFCS++
			return reasonFCS
		}
		b = b[:end]
		f.Data = b
	}
	if len(b) < HeaderLen {
		c.c.Runts++
		return reasonRunt
	}
	if len(b) > c.longest && f.Meta.GSO == GSONone {
		c.c.Giants++
		return reasonGiant
	}
	if b[6]&1 != 0 {
		c.c.GroupSource++
		return reasonSource
	}
	if dst := MAC(b[:6]); dst != c.mac && !dst.IsBroadcast() && !c.promisc && !(dst.IsMulticast() && slices.Contains(c.groups, dst)) {
		c.c.Foreign++
		return reasonForeign
	}
	return nil
}

// Join lets frames for a group pass. Joining twice is joining once.
func (c *Card) Join(group MAC) {
	if !slices.Contains(c.groups, group) {
		c.groups = append(c.groups, group)
	}
}

// Leave undoes Join.
func (c *Card) Leave(group MAC) {
	if i := slices.Index(c.groups, group); i >= 0 {
		c.groups = slices.Delete(c.groups, i, i+1)
	}
}

// MAC is the card's own address.
func (c *Card) MAC() MAC { return c.mac }

// Reserve gives memory for a frame of n bytes without FCS; nil: the transmit ring is full.
func (c *Card) Reserve(n int) []byte {
	if !c.fcs {
		b := c.q.Reserve(n)
		c.starved = c.starved || b == nil
		return b
	}
	c.reserved = c.q.Reserve(max(n, MinFrame) + FCSLen)
	if c.reserved == nil {
		c.starved = true
		return nil
	}
	return c.reserved[:n]
}

// Commit sends the frame in the last Reserve, n bytes of it. Where the medium carries an FCS, short frames are padded to
// the shortest that may be sent (IEEE 802.3 §3.2.8), with zeros, and the FCS is added.
func (c *Card) Commit(n int, m Meta) {
	if !c.fcs {
		c.q.Commit(n, m)
		return
	}
	b := c.reserved
	if n < MinFrame {
		clear(b[n:MinFrame])
		n = MinFrame
	}
	binary.LittleEndian.PutUint32(b[n:], FCS(b[:n]))
	c.reserved = nil
	c.q.Commit(n+FCSLen, m)
}

// Flush sends what was committed.
func (c *Card) Flush() error { return c.q.Flush() }

// Descriptor of the queue, or -1. Who waits for it asks Notice whether to handle what arrived, and whether to wait.
func (c *Card) Descriptor() int { return c.q.Descriptor() }

// Notice of this card, for owners that do not park in Wait.
func (c *Card) Notice() *Notice { return &c.notice }

// Interrupt lets the present or the next Wait return. Any goroutine may call it.
func (c *Card) Interrupt() {
	c.poked.Store(true)
	c.q.Interrupt()
}

// Wait parks the goroutine until there is something to do, or until the time given (0: for ever). It obeys the Notice:
// within the busy-polling budget it returns at once, and after a moderated interrupt it sleeps until the gap is over, in
// which an Interrupt has to wait too.
func (c *Card) Wait(until, now int64) error {
	if !c.poked.Load() && !c.notice.Park(now) {
		return nil
	}
	began := time.Now()
	err := c.q.Wait(until, now)
	now += int64(time.Since(began))
	starved := c.starved
	c.starved = false
	if c.poked.Swap(false) || starved || until != 0 && now >= until {
		return err // it was not a frame that ended the wait, or not only
	}
	if handle, at := c.notice.Arrived(now); !handle {
		if until != 0 {
			at = min(at, until)
		}
		time.Sleep(time.Duration(at - now))
		c.notice.Arrived(at)
	}
	return err
}

// Counters of the card and of the queue beneath it.
func (c *Card) Counters() CardCounters {
	c.c.Notice = c.notice.Counters()
	c.c.Queue = c.q.Counters()
	return c.c
}

// FCS is the frame check sequence of IEEE 802.3 §3.2.9: CRC-32, which follows the frame with its lowest byte first.
func FCS(b []byte) uint32 { return crc32.ChecksumIEEE(b) }
