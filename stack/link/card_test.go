package link

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"vitrine/trace"
)

// sealed is a frame with its FCS.
func sealed(dst, src MAC, size int) []byte {
	b := make([]byte, size-FCSLen, size)
	copy(b, dst[:])
	copy(b[6:], src[:])
	b[12] = 8
	return binary.LittleEndian.AppendUint32(b, FCS(b))
}

// send puts frames on a queue as they are.
func send(t *testing.T, q Queue, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		b := q.Reserve(len(f))
		if b == nil {
			t.Fatal("the transmit ring is full")
		}
		q.Commit(copy(b, f), Meta{})
	}
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestFCSOfAWellKnownString(t *testing.T) {
	if got := FCS([]byte("123456789")); got != 0xcbf43926 {
		t.Errorf("CRC-32 of the check string is %08x", got)
	}
}

func TestCardJudgesFrames(t *testing.T) {
	other, group := MAC{2, 9, 9, 9, 9, 9}, MAC{0x33, 0x33, 0, 0, 0, 1}
	flipped := func(b []byte) []byte { b[20] ^= 1; return b }
	count := func(c CardCounters) [6]uint64 {
		return [6]uint64{c.Passed, c.BadFCS, c.Runts, c.Giants, c.Foreign, c.GroupSource}
	}
	a, b := NewWire(WireOptions{})
	us, peer := b.Info().MAC, a.Info().MAC
	for _, c := range []struct {
		name  string
		frame []byte
		o     CardOptions
		want  [6]uint64
		why   *trace.Reason
	}{
		{"for us", sealed(us, peer, 64), CardOptions{}, [6]uint64{1}, nil},
		{"broadcast", sealed(Broadcast, peer, 64), CardOptions{}, [6]uint64{1}, nil},
		{"a group that was joined", sealed(group, peer, 64), CardOptions{Multicast: []MAC{group}}, [6]uint64{1}, nil},
		{"a group that was not", sealed(group, peer, 64), CardOptions{}, [6]uint64{4: 1}, reasonForeign},
		{"another station", sealed(other, peer, 64), CardOptions{}, [6]uint64{4: 1}, reasonForeign},
		{"another station, promiscuous", sealed(other, peer, 64), CardOptions{Promiscuous: true}, [6]uint64{1}, nil},
		{"a damaged frame", flipped(sealed(us, peer, 64)), CardOptions{}, [6]uint64{1: 1}, reasonFCS},
		{"a damaged frame for another station is not known to be for it", flipped(sealed(other, peer, 64)), CardOptions{}, [6]uint64{1: 1}, reasonFCS},
		{"63 bytes", sealed(us, peer, 63), CardOptions{}, [6]uint64{2: 1}, reasonRunt},
		{"one byte", []byte{1}, CardOptions{}, [6]uint64{2: 1}, reasonRunt},
		{"the longest frame", sealed(us, peer, 1518), CardOptions{}, [6]uint64{1}, nil},
		{"the longest frame with a tag", sealed(us, peer, 1522), CardOptions{}, [6]uint64{1}, nil},
		{"one byte more", sealed(us, peer, 1523), CardOptions{}, [6]uint64{3: 1}, reasonGiant},
		{"from a group", sealed(us, group, 64), CardOptions{}, [6]uint64{5: 1}, reasonSource},
	} {
		t.Run(c.name, func(t *testing.T) {
			var why *trace.Reason
			c.o.Dropped = func(_ []byte, w *trace.Reason) { why = w }
			card := NewCard(b.Queue(0), b.Info(), c.o)
			send(t, a.Queue(0), c.frame, sealed(us, peer, 64)) // the loop goes on with the next frame
			frames := make([]Frame, 8)
			n, more, err := card.Receive(frames)
			if err != nil || more {
				t.Errorf("more %v, error %v", more, err)
			}
			c.want[0]++
			if got := count(card.Counters()); got != c.want {
				t.Errorf("counters passed, FCS, runts, giants, foreign, group source: %v, want %v", got, c.want)
			}
			if why != c.why {
				t.Errorf("the reason is %s, want %s", why, c.why)
			}
			if n != int(c.want[0]) || len(frames[n-1].Data) != 60 || n == 2 && len(frames[0].Data) != len(c.frame)-FCSLen {
				t.Errorf("%d frames passed, the last of %d bytes", n, len(frames[n-1].Data))
			}
		})
	}
}

func TestSuperSegmentsAreNoGiants(t *testing.T) {
	a, b := NewWire(WireOptions{Offloads: true})
	card := NewCard(b.Queue(0), b.Info(), CardOptions{})
	us := b.Info().MAC
	q := a.Queue(0)
	buf := q.Reserve(60000)
	copy(buf, us[:])
	q.Commit(60000, Meta{GSO: GSOTCP4, SegmentSize: 1460, HeaderLen: 54, Checksum: ChecksumPartial, Start: 34, Offset: 16})
	q.Flush()
	frames := make([]Frame, 2)
	if n, _, _ := card.Receive(frames); n != 1 || len(frames[0].Data) != 60000 || frames[0].Meta.Segments(60000) != 42 {
		t.Errorf("%d frames, counters %+v", n, card.Counters())
	}
	send(t, q, make([]byte, 13))
	if n, _, _ := card.Receive(frames); n != 0 || card.Counters().Runts != 1 {
		t.Error("where there is no FCS a frame without a header passed")
	}
}

func TestGroupsAreJoinedAndLeft(t *testing.T) {
	group := MAC{0x33, 0x33, 0xff, 0, 0, 1}
	a, b := NewWire(WireOptions{})
	card := NewCard(b.Queue(0), b.Info(), CardOptions{})
	passes := func() bool {
		send(t, a.Queue(0), sealed(group, a.Info().MAC, 64))
		n, _, _ := card.Receive(make([]Frame, 4))
		return n == 1
	}
	for i, step := range []struct {
		do   func(MAC)
		want bool
	}{{card.Leave, false}, {card.Join, true}, {card.Join, true}, {card.Leave, false}} {
		if step.do(group); passes() != step.want {
			t.Errorf("step %d: a frame for the group passes: %v", i, !step.want)
		}
	}
}

func TestCardPadsAndSealsWhatItSends(t *testing.T) {
	a, b := NewWire(WireOptions{})
	card := NewCard(a.Queue(0), a.Info(), CardOptions{})
	frames := make([]Frame, 1)
	for _, size := range []int{14, 42, 60, 61, 1514} {
		dirty := card.Reserve(max(size, 80))
		for i := range dirty {
			dirty[i] = 0xaa
		}
		copy(dirty, sealed(b.Info().MAC, card.MAC(), 64)[:14])
		card.Commit(size, Meta{})
		card.Flush()
		if n, _ := b.Queue(0).Receive(frames); n != 1 {
			t.Fatal("no frame")
		}
		got := frames[0].Data
		body := got[:len(got)-FCSLen]
		if len(body) != max(size, 60) || FCS(body) != binary.LittleEndian.Uint32(got[len(body):]) {
			t.Errorf("a frame of %d bytes left as %d and its FCS", size, len(body))
		}
		if !bytes.Equal(body[size:], make([]byte, len(body)-size)) {
			t.Errorf("a frame of %d bytes is padded with % x, want zeros", size, body[size:])
		}
	}
}

func TestCardSaysThatThereIsMore(t *testing.T) {
	a, b := NewWire(WireOptions{})
	card := NewCard(b.Queue(0), b.Info(), CardOptions{})
	for range 5 {
		send(t, a.Queue(0), sealed(b.Info().MAC, a.Info().MAC, 64))
	}
	frames := make([]Frame, 3)
	for i, want := range []struct {
		n    int
		more bool
	}{{3, true}, {2, false}, {0, false}} {
		if n, more, _ := card.Receive(frames); n != want.n || more != want.more {
			t.Errorf("look %d: %d frames, more %v, want %+v", i, n, more, want)
		}
	}
	if h := card.Counters().Notice; h.Polls != 3 || h.Frames != [8]uint64{1, 0, 2} {
		t.Errorf("frames by look: %+v, want one with none and two with two or three", h)
	}
}

func TestNoticeModeratesInterrupts(t *testing.T) {
	n := Notice{Gap: 100}
	for i, step := range []struct {
		now    int64
		handle bool
		at     int64
	}{
		{1000, true, 1000},
		{1099, false, 1100}, // so soon after the last
		{1100, true, 1100},
		{1101, false, 1200},
		{1150, false, 1200}, // still the same arrival
		{1200, true, 1200},
		{5000, true, 5000},
	} {
		if handle, at := n.Arrived(step.now); handle != step.handle || at != step.at {
			t.Errorf("step %d: %v at %d, want %+v", i, handle, at, step)
		}
	}
	if c := n.Counters(); c.Interrupts != 4 || c.Moderated != 2 {
		t.Errorf("counters %+v, want 4 interrupts, 2 of them moderated", c)
	}
}

func TestNoticePollsWithinItsBudget(t *testing.T) {
	n := Notice{Budget: 50}
	for i, step := range []struct {
		now    int64
		frames int
		park   bool
	}{
		{1000, 0, true},  // nothing has ever come
		{1010, 3, false}, // the budget begins with the last frame
		{1030, 0, false},
		{1059, 0, false},
		{1060, 0, true},
		{1070, 70, false},
		{1119, 1, false}, // and again with the next
		{1160, 0, false},
		{1169, 0, true},
	} {
		n.Polled(step.frames)
		if park := n.Park(step.now); park != step.park {
			t.Errorf("step %d: park %v, want %+v", i, park, step)
		}
	}
	if c := n.Counters(); c.Spins != 6 || c.Polls != 9 || c.Frames != [8]uint64{6, 1, 1, 0, 0, 0, 0, 1} {
		t.Errorf("counters %+v", c)
	}
}

func TestCardWaitsAsTheNoticeSays(t *testing.T) {
	a, b := NewWire(WireOptions{})
	card := NewCard(b.Queue(0), b.Info(), CardOptions{Notice: Notice{Gap: int64(20 * time.Millisecond), Budget: 1000}})
	frame := sealed(b.Info().MAC, a.Info().MAC, 64)
	frames := make([]Frame, 4)
	start := time.Now()
	now := func() int64 { return int64(time.Since(start)) + 1 }

	send(t, a.Queue(0), frame)
	card.Wait(0, now()) // a frame is there: an interrupt
	card.Receive(frames)
	first := now()
	if card.Wait(0, first) != nil || card.Counters().Notice.Spins != 1 {
		t.Error("within the budget Wait is to return, so that the owner looks again")
	}
	send(t, a.Queue(0), frame)
	card.Wait(0, first+2000) // beyond the budget: a second interrupt, too soon
	if d := time.Since(start); d < 19*time.Millisecond {
		t.Errorf("the second interrupt came after %v, though at least 20 ms are to lie between", d)
	}
	if n := card.Counters().Notice; n.Interrupts != 2 || n.Moderated != 1 {
		t.Errorf("counters %+v, want two interrupts, one of them moderated", n)
	}
	card.Receive(frames)
	card.Interrupt()
	card.Wait(0, now()+int64(time.Second))
	card.Wait(now()+int64(2*time.Second), now()+int64(3*time.Second)) // a time that has passed
	if n := card.Counters().Notice; n.Interrupts != 2 {
		t.Errorf("an Interrupt of the owner's and a deadline were counted as the adapter's: %+v", n)
	}
}

func TestCardWaitsForRoom(t *testing.T) {
	for _, offloads := range []bool{false, true} {
		a, b := NewWire(WireOptions{Ring: 1, Offloads: offloads})
		card := NewCard(a.Queue(0), a.Info(), CardOptions{})
		card.Reserve(100)
		card.Commit(100, Meta{})
		card.Flush()
		if card.Reserve(100) != nil || card.Descriptor() != -1 {
			t.Fatal("a full ring has room")
		}
		go func() {
			b.Queue(0).Receive(make([]Frame, 1))
			b.Queue(0).Receive(make([]Frame, 1))
		}()
		for card.Reserve(100) == nil {
			card.Wait(0, 1)
		}
		if n := card.Notice().Counters().Interrupts; n != 0 {
			t.Errorf("room was counted as %d interrupts", n)
		}
	}
}

func TestReceivingAndSendingDoesNotAllocate(t *testing.T) {
	a, b := NewWire(WireOptions{})
	from, to := NewCard(a.Queue(0), a.Info(), CardOptions{}), NewCard(b.Queue(0), b.Info(), CardOptions{})
	frame := sealed(to.MAC(), from.MAC(), 1000)
	frames := make([]Frame, 16)
	round := func() {
		for range 4 {
			from.Commit(copy(from.Reserve(996), frame), Meta{})
		}
		from.Flush()
		if n, _, _ := to.Receive(frames); n != 4 {
			t.Fatal(n)
		}
	}
	for range 300 { // until the wire's memory goes round
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations for four frames", n)
	}
}
