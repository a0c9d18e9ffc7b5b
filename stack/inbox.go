package stack

import (
	"math"
	"sync"
)

// inbox is what others have for a shard: functions to be run by its owner, and packets that arrived on another queue.
type inbox struct {
	mu      sync.Mutex
	funcs   []func()
	packets []handed
	bytes   int
	woken   bool   // the owner was woken and has not looked since
	wake    func() // nil: the card's Interrupt

	// The owner's, to be used again.
	spareFuncs   []func()
	sparePackets []handed
}

// inboxBytes bounds what the packets in an inbox may weigh.
const inboxBytes = 8 << 20

// handed is an IP packet that another shard received, from its IP header on, or that we sent to ourselves.
type handed struct {
	packet  []byte
	buffer  *buffer // what packet lies in
	trusted bool    // the transport checksum was verified, or the packet never was on a wire
	local   bool    // we sent it ourselves
	group   bool    // the frame was for several stations
	from    [6]byte // who sent the frame
}

// buffer is pooled memory for a packet.
type buffer struct{ b []byte }

const (
	smallBuffer = 2048
	largeBuffer = 64<<10 + 128
)

var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, smallBuffer)} }}
	largeBuffers = sync.Pool{New: func() any { return &buffer{make([]byte, largeBuffer)} }}
)

// copyPacket copies p into pooled memory.
func copyPacket(p []byte) (*buffer, []byte) {
	var m *buffer
	if len(p) <= smallBuffer {
		m = smallBuffers.Get().(*buffer)
	} else {
		m = largeBuffers.Get().(*buffer)
		if len(p) > len(m.b) {
			m.b = make([]byte, len(p))
		}
	}
	return m, m.b[:copy(m.b, p)]
}

func (m *buffer) release() {
	if len(m.b) == smallBuffer {
		smallBuffers.Put(m)
	} else {
		largeBuffers.Put(m)
	}
}

// Post has f run in the owner's next Poll, and wakes the owner. It may be called from any goroutine.
func (h *Shard) Post(f func()) { h.post(f, math.MaxInt) }

// post is Post unless so many functions wait already.
func (h *Shard) post(f func(), most int) {
	b := &h.inbox
	b.mu.Lock()
	if len(b.funcs) >= most {
		b.mu.Unlock()
		reasonInbox.Reach()
		return
	}
	b.funcs = append(b.funcs, f)
	wake := b.rouse()
	b.mu.Unlock()
	h.rouse(wake)
}

// SetWake sets how Post wakes an owner that does not sleep in Wait. f may be called from any goroutine and must not block.
func (h *Shard) SetWake(f func()) {
	h.inbox.mu.Lock()
	h.inbox.wake = f
	h.inbox.mu.Unlock()
}

// rouse reports whether the owner has to be woken: once until it looks. The lock is held.
func (b *inbox) rouse() bool {
	if b.woken {
		return false
	}
	b.woken = true
	return true
}

func (h *Shard) rouse(needed bool) {
	if !needed {
		return
	}
	h.inbox.mu.Lock()
	wake := h.inbox.wake
	h.inbox.mu.Unlock()
	if wake != nil {
		wake()
	} else {
		h.card.Interrupt()
	}
}

// send copies a packet into the batch for another shard, or for this one.
func (h *Shard) send(to int, p handed) {
	if len(h.outbox[to]) >= h.limits.Inbox {
		reasonInbox.Reach()
		return
	}
	p.buffer, p.packet = copyPacket(p.packet)
	h.outbox[to] = append(h.outbox[to], p)
	h.handing = true
}

// handOver delivers what send has gathered: one lock and one wake for each shard.
func (h *Shard) handOver() {
	if !h.handing {
		return
	}
	h.handing = false
	for i, batch := range h.outbox {
		if len(batch) == 0 {
			continue
		}
		to := h.stack.shards[i]
		b := &to.inbox
		b.mu.Lock()
		for _, p := range batch {
			if len(b.packets) >= h.limits.Inbox || b.bytes+len(p.packet) > inboxBytes {
				reasonInbox.Reach()
				p.buffer.release()
				continue
			}
			b.packets = append(b.packets, p)
			b.bytes += len(p.packet)
		}
		wake := b.rouse()
		b.mu.Unlock()
		h.counters.Handed += uint64(len(batch))
		clear(batch)
		h.outbox[i] = batch[:0]
		to.rouse(wake)
	}
}

// takeInbox runs what others have for this shard.
func (h *Shard) takeInbox() {
	b := &h.inbox
	b.mu.Lock()
	funcs, packets := b.funcs, b.packets
	b.funcs, b.packets = b.spareFuncs[:0], b.sparePackets[:0]
	b.bytes, b.woken = 0, false
	b.mu.Unlock()
	for _, f := range funcs {
		f()
	}
	for i := range packets {
		h.handedIn(&packets[i])
		packets[i].buffer.release()
	}
	clear(funcs)
	clear(packets)
	b.spareFuncs, b.sparePackets = funcs[:0], packets[:0]
}
