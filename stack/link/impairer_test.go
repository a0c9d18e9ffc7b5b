package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"
)

const millisecond = int64(time.Millisecond)

// numbered is a frame that says which one it is.
func numbered(i, size int) Frame {
	b := make([]byte, size)
	binary.BigEndian.PutUint32(b[14:], uint32(i))
	return Frame{Data: b}
}

// arrival is when a frame left the path.
type arrival struct {
	at     int64
	number int
}

// travel sends frames of so many bytes, one each gap nanoseconds from 1 on, and runs the clock until all have left.
func travel(p *Impairer, frames, size int, gap int64) (all []arrival) {
	due := func(until int64) {
		for {
			at := p.Deadline()
			if at == 0 || at > until {
				return
			}
			f, ok := p.Due(at)
			if !ok {
				panic("a deadline has come, and nothing was due")
			}
			all = append(all, arrival{at, int(binary.BigEndian.Uint32(f.Data[14:]))})
		}
	}
	now := int64(1)
	for i := range frames {
		due(now)
		p.Add(now, numbered(i, size))
		now += gap
	}
	due(1 << 62)
	return all
}

func TestPathWithoutImpairmentChangesNothing(t *testing.T) {
	p := NewImpairer(Impairment{})
	p.Add(5, Frame{[]byte("a frame"), Meta{Checksum: ChecksumPartial, GSO: GSOTCP4, SegmentSize: 1}})
	f, ok := p.Due(5)
	if !ok || string(f.Data) != "a frame" || f.Meta.Checksum != ChecksumPartial || f.Meta.GSO != GSOTCP4 {
		t.Errorf("%v %+v", ok, f)
	}
	if _, ok := p.Due(6); ok || p.Deadline() != 0 || p.Len() != 0 {
		t.Error("there is another one")
	}
	if c := p.Counters(); c != (ImpairerCounters{Passed: 1}) {
		t.Errorf("counters %+v", c)
	}
}

func TestSharesAreWhatWasAskedFor(t *testing.T) {
	const frames = 20000
	for _, c := range []struct {
		name  string
		im    Impairment
		count func(ImpairerCounters) uint64
		left  int // frames that leave for each 100 that enter
	}{
		{"loss", Impairment{Loss: 5}, func(c ImpairerCounters) uint64 { return c.Lost }, 95},
		{"duplicates", Impairment{Duplicate: 5}, func(c ImpairerCounters) uint64 { return c.Duplicated }, 105},
		{"reordering", Impairment{Reorder: 5}, func(c ImpairerCounters) uint64 { return c.Reordered }, 100},
		{"corruption", Impairment{Corrupt: 5}, func(c ImpairerCounters) uint64 { return c.Corrupted }, 100},
	} {
		c.im.Seed = 1
		p := NewImpairer(c.im)
		got := len(travel(p, frames, 64, 1000))
		if n := c.count(p.Counters()); n < frames/25 || n > frames*6/100 {
			t.Errorf("%s: %d of %d frames, want five percent", c.name, n, frames)
		}
		if want := frames / 100 * c.left; got < want-frames/100 || got > want+frames/100 || p.Counters().Passed != uint64(got) {
			t.Errorf("%s: %d frames left, about %d were to; counters %+v", c.name, got, want, p.Counters())
		}
	}
}

func TestSeedDecidesWhatIsLost(t *testing.T) {
	lost := func(im Impairment) string { return fmt.Sprint(travel(NewImpairer(im), 500, 64, 1000)) }
	if lost(Impairment{Seed: 7, Loss: 10}) != lost(Impairment{Seed: 7, Loss: 10}) {
		t.Error("the same seed lost different frames")
	}
	if lost(Impairment{Seed: 7, Loss: 10}) == lost(Impairment{Seed: 8, Loss: 10}) {
		t.Error("another seed lost the same frames")
	}
	numbers := func(im Impairment) (all []int) {
		for _, a := range travel(NewImpairer(im), 500, 64, 1000) {
			all = append(all, a.number)
		}
		return slices.Compact(all)
	}
	if !slices.Equal(numbers(Impairment{Seed: 7, Loss: 10}), numbers(Impairment{Seed: 7, Loss: 10, Duplicate: 3, Delay: time.Millisecond, Jitter: time.Microsecond})) {
		t.Error("what else is switched on changed which frames are lost")
	}
}

func TestReorderingIsByFrames(t *testing.T) {
	p := NewImpairer(Impairment{Reorder: 100, ReorderBy: 2, ReorderHold: time.Millisecond})
	p.Add(1, numbered(0, 64))
	p.im.Reorder = 0
	for i := 1; i <= 4; i++ {
		p.Add(int64(i)*1000, numbered(i, 64))
	}
	var got []int
	for f, ok := p.Due(4000); ok; f, ok = p.Due(4000) {
		got = append(got, int(binary.BigEndian.Uint32(f.Data[14:])))
	}
	if !slices.Equal(got, []int{1, 2, 0, 3, 4}) {
		t.Errorf("the order is %v, and two frames were to overtake the first", got)
	}
	// When no others come, it goes on after a while.
	p.im.Reorder = 100
	p.Add(10000, numbered(5, 64))
	if at := p.Deadline(); at != 10000+millisecond {
		t.Errorf("it is held until %d", at)
	}
	if f, ok := p.Due(10000 + millisecond); !ok || f.Data[17] != 5 || p.Len() != 0 {
		t.Error("it did not go on")
	}
}

func TestDelayAndJitterKeepTheOrder(t *testing.T) {
	p := NewImpairer(Impairment{Seed: 3, Delay: 10 * time.Millisecond, Jitter: 3 * time.Millisecond})
	all := travel(p, 1000, 64, 2*millisecond)
	if len(all) != 1000 {
		t.Fatalf("%d frames left", len(all))
	}
	least, most := int64(1<<62), int64(0)
	for i, a := range all {
		if a.number != i {
			t.Fatalf("frame %d left as number %d", a.number, i)
		}
		d := a.at - (1 + int64(i)*2*millisecond)
		least, most = min(least, d), max(most, d)
	}
	if least < 7*millisecond || most > 13*millisecond || most-least < 2*millisecond {
		t.Errorf("delays from %d to %d ns, want some within 7 to 13 ms", least, most)
	}
	if p.Counters().Delayed != 1000 {
		t.Errorf("counters %+v", p.Counters())
	}
}

func TestRateSpacesFramesAndItsQueueOverflows(t *testing.T) {
	// 8 Mbit/s are a byte each microsecond.
	p := NewImpairer(Impairment{Rate: 8e6, Queue: 3000})
	all := travel(p, 5, 1000, 0)
	want := []arrival{{1 + millisecond, 0}, {1 + 2*millisecond, 1}, {1 + 3*millisecond, 2}}
	if !slices.Equal(all, want) {
		t.Errorf("left %v, want %v", all, want)
	}
	if c := p.Counters(); c.Overflowed != 2 || c.Passed != 3 {
		t.Errorf("counters %+v, want two lost before the bottleneck", c)
	}
	// Later the bottleneck is free again.
	p.Add(10*millisecond, numbered(9, 500))
	if at := p.Deadline(); at != 10*millisecond+millisecond/2 {
		t.Errorf("leaves at %d", at)
	}
}

func TestCorruptionTurnsOneBitThatTheFCSOrTheChecksumFinds(t *testing.T) {
	for _, repair := range []bool{false, true} {
		p := NewImpairer(Impairment{Seed: 5, Corrupt: 100, RepairFCS: repair})
		frame := sealed(MAC{2}, MAC{4}, 200)
		for range 200 {
			p.Add(1, Frame{Data: frame})
			f, _ := p.Due(1)
			body := f.Data[:len(f.Data)-FCSLen]
			turned := 0
			for i := range f.Data {
				if repair && i >= len(body) {
					break
				}
				for x := f.Data[i] ^ frame[i]; x != 0; x &= x - 1 {
					turned++
				}
			}
			if turned != 1 || !bytes.Equal(f.Data[:14], frame[:14]) {
				t.Fatalf("%d bits were turned, want one behind the header", turned)
			}
			if good := FCS(body) == binary.LittleEndian.Uint32(f.Data[len(body):]); good != repair {
				t.Fatalf("the FCS is right: %v, want %v", good, repair)
			}
		}
	}
	// A checksum that was left to the adapter is completed before, or nobody could find the bit.
	p := NewImpairer(Impairment{Seed: 5, Corrupt: 100})
	b := make([]byte, 61)
	copy(b[34:], datagram("an odd number of bytes"[:19]))
	binary.BigEndian.PutUint16(b[40:], uint16(pseudo(ourAddr, kernelAddr, 17, 27)))
	p.Add(1, Frame{b, Meta{Checksum: ChecksumPartial, Start: 34, Offset: 6}})
	f, _ := p.Due(1)
	if f.Meta.Checksum != ChecksumNone {
		t.Error("nobody is told to verify the checksum")
	}
	m := Meta{Checksum: ChecksumPartial, Start: 34, Offset: 6}
	m.finish(b)
	if sum(b[34:], pseudo(ourAddr, kernelAddr, 17, 27)) != 0xffff {
		t.Error("the checksum was not completed")
	}
	zero := []byte{0xff, 0xff, 0, 0} // the sum of which is zero
	m = Meta{Checksum: ChecksumPartial, Offset: 2}
	if m.finish(zero); binary.BigEndian.Uint16(zero[2:]) != 0xffff {
		t.Error("zero means in UDP that there is no checksum")
	}
	// The pieces of a super-segment get theirs later: it is lost, as its receiver would drop it.
	p.Add(1, Frame{b, Meta{Checksum: ChecksumPartial, GSO: GSOTCP4}})
	p.Add(1, Frame{Data: b[:14]})
	if p.Len() != 0 || p.Counters().Corrupted != 3 {
		t.Errorf("counters %+v, and %d frames are left", p.Counters(), p.Len())
	}
}

func TestPathHoldsABoundedNumberOfFrames(t *testing.T) {
	p := NewImpairer(Impairment{Delay: time.Hour})
	p.line = make([]delayed, longestLine)
	p.line[longestLine-1].due = 1
	p.Add(1, numbered(1, 64))
	if p.Counters().Overflowed != 1 {
		t.Errorf("counters %+v", p.Counters())
	}
}

func TestLongLinesGoRoundInTheirMemory(t *testing.T) {
	p := NewImpairer(Impairment{Delay: 5 * time.Millisecond})
	frame := numbered(1, 64)
	now := int64(1)
	step := func() {
		p.Add(now, frame)
		for _, ok := p.Due(now); ok; _, ok = p.Due(now) {
		}
		now += 1000
	}
	for range 30000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 || p.Len() > 5001 {
		t.Errorf("%v allocations a frame, %d frames on their way", n, p.Len())
	}
}

// clock is a fake one.
type clock struct{ now int64 }

func (c *clock) read() int64 { return c.now }

func TestImpairedAdapterUnderFakeTime(t *testing.T) {
	c := &clock{1}
	x, b := NewWire(WireOptions{Ring: 2})
	a := Impair(x, ImpairOptions{Receive: Impairment{Delay: 3 * time.Millisecond}, Transmit: Impairment{Delay: 5 * time.Millisecond}, Now: c.read})
	if o := a.Info().Offloads; o != (Offloads{}) || a.Queue(0).Descriptor() != -1 {
		t.Errorf("offloads %+v", o)
	}
	frames := make([]Frame, 4)
	came := func(q Queue) int { n, _ := q.Receive(frames); return n }
	send(t, a.Queue(0), make([]byte, 64), make([]byte, 64), make([]byte, 64))
	send(t, b.Queue(0), make([]byte, 64))
	if n := came(a.Queue(0)); n != 0 {
		t.Errorf("%d frames came at once", n)
	}
	c.now += 3 * millisecond
	if a.Queue(0).Wait(0, 77) != nil || came(a.Queue(0)) != 1 {
		t.Error("Wait did not end when a frame was due, or it was not there")
	}
	if came(b.Queue(0)) != 0 {
		t.Error("what we sent came early")
	}
	c.now += 2 * millisecond
	a.Queue(0).Flush()
	// The wire has room for two, so the third waits, and the sender behind it.
	if n := came(b.Queue(0)); n != 2 || a.Queue(0).Reserve(64) != nil {
		t.Errorf("%d frames came, want 2", n)
	}
	if came(b.Queue(0)); came(b.Queue(0)) != 0 {
		t.Error("the third frame came before there was room")
	}
	if a.Queue(0).Reserve(64) == nil {
		t.Error("there is room, and Reserve says there is none")
	}
	a.Queue(0).Flush()
	if n := came(b.Queue(0)); n != 1 {
		t.Errorf("%d frames came, want the third", n)
	}
	in, out := a.Impairers(0)
	if in.Counters().Delayed != 1 || out.Counters().Delayed != 3 {
		t.Errorf("in %+v, out %+v", in.Counters(), out.Counters())
	}
}

func TestForwarderUnderFakeTime(t *testing.T) {
	left, a := NewWire(WireOptions{})
	b, right := NewWire(WireOptions{Ring: 2})
	f := NewForwarder(a, b, Impairment{Delay: 4 * time.Millisecond}, Impairment{Delay: time.Millisecond})
	send(t, left.Queue(0), make([]byte, 64), make([]byte, 65), make([]byte, 66))
	send(t, right.Queue(0), make([]byte, 67))
	next, more, err := f.Step(1)
	if err != nil || more || next != 1+millisecond {
		t.Fatalf("next %d, more %v, %v", next, more, err)
	}
	frames := make([]Frame, 4)
	if next, _, _ = f.Step(next); next != 1+4*millisecond {
		t.Errorf("next %d", next)
	}
	if n, _ := left.Queue(0).Receive(frames); n != 1 || len(frames[0].Data) != 67 {
		t.Errorf("%d frames came back after a millisecond", n)
	}
	f.Step(next)
	if n, _ := right.Queue(0).Receive(frames); n != 2 || len(frames[0].Data) != 64 {
		t.Errorf("%d frames came, and there is room for two", n)
	}
	right.Queue(0).Receive(frames)
	f.Step(next + 1)
	if n, _ := right.Queue(0).Receive(frames); n != 1 || len(frames[0].Data) != 66 {
		t.Errorf("%d frames came when there was room again", n)
	}
	ab, ba := f.Counters()
	if ab.Passed != 3 || ba.Passed != 1 {
		t.Errorf("counters %+v and %+v", ab, ba)
	}
}
