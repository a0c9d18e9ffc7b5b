package link

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// Impairment is what a bad path does to the frames of one direction. The zero value does nothing. Shares are percentages of
// the frames, each decided on its own: the same seed loses the same frames, whatever else is switched on.
type Impairment struct {
	Seed      uint64
	Loss      float64 // percent of the frames that vanish
	Duplicate float64 // percent that come twice, one right behind the other
	Reorder   float64 // percent that are held back until ReorderBy others have overtaken them
	ReorderBy int     // frames; 0: 3
	// ReorderHold is how long a frame is held back at most, when no others come; 0: 20 ms.
	ReorderHold time.Duration
	Corrupt     float64 // percent of which one bit, behind the Ethernet header, is turned over
	// RepairFCS makes the FCS of a corrupted frame right again, as a router does in whose memory the bit has turned. So only
	// the checksums above can find it. For media that carry the FCS.
	RepairFCS bool

	Delay  time.Duration // that each frame takes
	Jitter time.Duration // by which the delay differs at most, up and down. The order stays, so that a frame waits for slower ones before it
	Rate   int64         // bits per second of the bottleneck; 0: unlimited
	Queue  int           // bytes that wait before the bottleneck, and beyond which frames are lost; 0: 100 ms' worth, at least 64 KiB
}

// ImpairerCounters tell what was done. They only grow.
type ImpairerCounters struct {
	Passed     uint64 // frames that left, duplicates among them
	Lost       uint64
	Duplicated uint64
	Reordered  uint64
	Corrupted  uint64
	Delayed    uint64 // frames that left later than they came
	Overflowed uint64 // lost before the bottleneck, or because the path held too much
}

// Impairer is a bad path, one way. It is pure: time is an argument, in nanoseconds, which never goes back. So a simulation
// under fake time, the wrapper Impair and the Forwarder do the same to the same frames.
type Impairer struct {
	im       Impairment
	random   *rand.Rand
	free     int64      // when the bottleneck has sent all that it has taken
	line     []delayed  // on their way, by time
	first    int        // in line
	aside    []heldBack // to be overtaken
	given    [][]byte   // memory of frames that Due gave out, which the next Add uses again
	spare    [][]byte
	counters ImpairerCounters
}

type delayed struct {
	due   int64
	came  int64
	frame Frame
}

type heldBack struct {
	delayed
	others int   // frames that are still to overtake it
	until  int64 // when it goes on, others or not
}

// longestLine bounds the frames on their way: 50 ms at 10 Gbit/s, 250 ms at a million frames a second.
const longestLine = 1 << 18

// NewImpairer makes a path.
func NewImpairer(im Impairment) *Impairer {
	if im.ReorderBy <= 0 {
		im.ReorderBy = 3
	}
	if im.ReorderHold <= 0 {
		im.ReorderHold = 20 * time.Millisecond
	}
	if im.Queue <= 0 {
		im.Queue = max(64<<10, int(im.Rate/8/10))
	}
	return &Impairer{im: im, random: rand.New(rand.NewPCG(im.Seed, 0x76697472696e65))}
}

// Add lets a frame enter the path. It is copied. Frames that Due gave out are invalid from now on.
func (p *Impairer) Add(now int64, frame Frame) {
	p.spare = append(p.spare, p.given...)
	p.given = p.given[:0]
	// All dice are thrown for every frame, so that they fall alike whatever they decide.
	lost := p.dice(p.im.Loss)
	doubled := p.dice(p.im.Duplicate)
	held := p.dice(p.im.Reorder)
	corrupted := p.dice(p.im.Corrupt)
	bit, jitter := p.random.Uint64(), p.random.Float64()*2-1

	switch {
	case lost:
		p.counters.Lost++
		reasonLoss.Reach()
		return
	case len(p.line)-p.first+len(p.aside) >= longestLine || !p.enter(now, len(frame.Data)):
		p.counters.Overflowed++
		reasonQueue.Reach()
		return
	}
	d := delayed{came: now, frame: p.copied(frame)}
	if corrupted {
		p.counters.Corrupted++
		reasonCorrupt.Reach()
		if !p.corrupt(&d.frame, bit) {
			return
		}
	}
	d.due = max(now, p.free) + int64(p.im.Delay) + int64(jitter*float64(p.im.Jitter))
	if last := len(p.line) - 1; last >= p.first {
		d.due = max(d.due, p.line[last].due)
	}
	d.due = max(d.due, now)
	if held {
		p.counters.Reordered++
		reasonReorder.Reach()
		p.aside = append(p.aside, heldBack{d, p.im.ReorderBy, d.due + int64(p.im.ReorderHold)})
		return
	}
	p.line = append(p.line, d)
	if doubled {
		p.counters.Duplicated++
		reasonDuplicate.Reach()
		d.frame = p.copied(d.frame)
		p.line = append(p.line, d)
	}
	p.overtaken(d.due)
}

// dice decides with a probability in percent.
func (p *Impairer) dice(percent float64) bool { return p.random.Float64()*100 < percent }

// enter lets a frame pass the bottleneck. False: its queue is full.
func (p *Impairer) enter(now int64, size int) bool {
	if p.im.Rate <= 0 {
		return true
	}
	p.free = max(p.free, now)
	// Bytes still waiting, from the time that they need.
	if int(float64(p.free-now)*float64(p.im.Rate)/8e9)+size > p.im.Queue {
		return false
	}
	p.free += int64(float64(size) * 8e9 / float64(p.im.Rate))
	return true
}

// overtaken lets go on what enough others have overtaken, right behind the last of them.
func (p *Impairer) overtaken(due int64) {
	kept := p.aside[:0]
	for _, h := range p.aside {
		if h.others--; h.others > 0 {
			kept = append(kept, h)
			continue
		}
		h.due = due
		p.line = append(p.line, h.delayed)
	}
	p.aside = kept
}

func (p *Impairer) copied(f Frame) Frame {
	var b []byte
	if n := len(p.spare); n > 0 {
		b, p.spare = p.spare[n-1], p.spare[:n-1]
	}
	f.Data = append(b[:0], f.Data...)
	return f
}

// corrupt turns one bit over. False: the frame cannot be shown corrupted, and is lost, as it would be at its receiver.
func (p *Impairer) corrupt(f *Frame, bit uint64) bool {
	if f.Meta.GSO != GSONone { // its pieces get their checksums later, from bytes that are wrong already
		return false
	}
	f.Meta.finish(f.Data)
	from, to := HeaderLen, len(f.Data)
	if p.im.RepairFCS {
		to -= FCSLen
	}
	if from >= to {
		return false
	}
	at := bit % uint64((to-from)*8)
	f.Data[from+int(at/8)] ^= 1 << (at % 8)
	if p.im.RepairFCS {
		binary.LittleEndian.PutUint32(f.Data[to:], FCS(f.Data[:to]))
	}
	return true
}

// finish completes a checksum that was left to the adapter, in software. Whoever takes the frame then has to verify it.
func (m *Meta) finish(frame []byte) {
	if at := int(m.Start) + int(m.Offset); m.Checksum == ChecksumPartial && at+2 <= len(frame) {
		// The field has the sum of the pseudo-header, so summing it with the rest completes it: RFC 1071 §1.
		var s uint64
		b := frame[m.Start:]
		for ; len(b) >= 2; b = b[2:] {
			s += uint64(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			s += uint64(b[0]) << 8
		}
		for s > 0xffff {
			s = s>>16 + s&0xffff
		}
		sum := ^uint16(s)
		if sum == 0 { // in UDP no sum is meant by zero, RFC 768; elsewhere both mean the same
			sum = 0xffff
		}
		binary.BigEndian.PutUint16(frame[at:], sum)
	}
	m.Checksum = ChecksumNone
}

// Due gives the next frame whose time has come; false: there is none. It is valid until the next Add.
func (p *Impairer) Due(now int64) (Frame, bool) {
	next := p.Deadline()
	if next == 0 || next > now {
		return Frame{}, false
	}
	var d delayed
	if p.first < len(p.line) && p.line[p.first].due == next {
		d = p.line[p.first]
		p.line[p.first] = delayed{}
		if p.first++; p.first == len(p.line) {
			p.line, p.first = p.line[:0], 0
		} else if p.first >= 1024 && p.first*2 >= len(p.line) {
			p.line, p.first = p.line[:copy(p.line, p.line[p.first:])], 0
		}
	} else {
		for i, h := range p.aside {
			if h.until == next {
				d = h.delayed
				p.aside = append(p.aside[:i], p.aside[i+1:]...)
				break
			}
		}
	}
	if next > d.came {
		p.counters.Delayed++
	}
	p.counters.Passed++
	p.given = append(p.given, d.frame.Data)
	return d.frame, true
}

// Deadline is when the next frame leaves; 0: there is none.
func (p *Impairer) Deadline() int64 {
	var next int64
	if p.first < len(p.line) {
		next = p.line[p.first].due
	}
	for i := range p.aside {
		if next == 0 || p.aside[i].until < next {
			next = p.aside[i].until
		}
	}
	return next
}

// Len is how many frames are on their way.
func (p *Impairer) Len() int { return len(p.line) - p.first + len(p.aside) }

// Counters so far.
func (p *Impairer) Counters() ImpairerCounters { return p.counters }
