package link

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"
)

func TestWireHoldsBackTheSenderOfAFullRing(t *testing.T) {
	a, b := NewWire(WireOptions{Ring: 4})
	from, to := a.Queue(0), b.Queue(0)
	for i := range 4 {
		if from.Reserve(64) == nil {
			t.Fatalf("full after %d of 4 frames", i)
		}
		from.Commit(64, Meta{})
	}
	from.Flush()
	if from.Reserve(64) != nil || from.Counters().TransmitFull != 1 {
		t.Error("a fifth frame has room")
	}
	to.Receive(make([]Frame, 2)) // the frames are valid, so they still take their room
	if from.Reserve(64) != nil {
		t.Error("the room of frames in use was given away")
	}
	to.Receive(make([]Frame, 1)) // frees the two
	if err := from.Wait(0, 1); err != nil {
		t.Fatal(err)
	}
	if from.Reserve(64) == nil {
		t.Error("there is room again, and none is given")
	}
	if c := from.Counters(); c.SentFrames != 4 || c.SentBytes != 256 || c.TransmitFull != 2 {
		t.Errorf("the sender counts %+v", c)
	}
	if c := to.Counters(); c.ReceivedFrames != 3 || c.ReceivedBytes != 192 || c.Overruns != 0 {
		t.Errorf("the receiver counts %+v", c)
	}
}

func TestLossyWireCountsOverruns(t *testing.T) {
	a, b := NewWire(WireOptions{Ring: 4, Lossy: true})
	for range 7 {
		send(t, a.Queue(0), make([]byte, 64))
	}
	if c := b.Queue(0).Counters(); c.Overruns != 3 {
		t.Errorf("seven frames for a ring of four: %d overruns", c.Overruns)
	}
	frames := make([]Frame, 8)
	if n, _ := b.Queue(0).Receive(frames); n != 4 {
		t.Errorf("%d frames came", n)
	}
}

func TestWireSteersFramesToQueues(t *testing.T) {
	var notified [2][2]int
	a, b := NewWire(WireOptions{Queues: 2, Ring: 2, Steer: func(f []byte, n int) int { return int(f[0]) % n },
		Notify: func(end, queue int) { notified[end][queue]++ }})
	send(t, a.Queue(0), []byte{0}, []byte{1}, []byte{3})
	if a.Queue(0).Reserve(1) != nil {
		t.Error("queue 1 is full, and a frame that may go there has room")
	}
	for i, want := range []int{1, 2} {
		if n, _ := b.Queue(i).Receive(make([]Frame, 4)); n != want {
			t.Errorf("queue %d has %d frames, want %d", i, n, want)
		}
	}
	if notified != [2][2]int{1: {1, 1}} {
		t.Errorf("notified %v", notified)
	}
}

func TestWireBetweenGoroutines(t *testing.T) {
	a, b := NewWire(WireOptions{Ring: 8})
	const total = 20000
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		q := a.Queue(0)
		for i := range uint32(total) {
			buf := q.Reserve(64)
			for buf == nil {
				q.Flush()
				q.Wait(0, 1)
				buf = q.Reserve(64)
			}
			binary.BigEndian.PutUint32(buf, i)
			q.Commit(64, Meta{})
			if i%5 == 0 {
				q.Flush()
			}
		}
		q.Flush()
	}()
	go func() {
		defer wg.Done()
		q := b.Queue(0)
		frames := make([]Frame, 3)
		for next := uint32(0); next < total; {
			n, _ := q.Receive(frames)
			for _, f := range frames[:n] {
				if got := binary.BigEndian.Uint32(f.Data); got != next {
					t.Errorf("frame %d came where %d was due", got, next)
					return
				}
				next++
			}
			if n == 0 {
				q.Wait(0, 1)
			}
		}
	}()
	wg.Wait()
}

// waiters are queues of each kind with a Wait of their own.
func waits(t *testing.T, q Queue) {
	t.Helper()
	start := time.Now()
	now := func() int64 { return int64(time.Since(start)) + 1 }
	if q.Wait(now()+int64(10*time.Millisecond), now()); time.Since(start) < 9*time.Millisecond {
		t.Errorf("Wait ended after %v, and nothing had happened", time.Since(start))
	}
	q.Interrupt()
	q.Wait(0, now()) // the next Wait returns
	for range 50 {
		done := make(chan struct{})
		go func() { q.Interrupt(); close(done) }()
		q.Wait(0, now()) // the present one too, or the next
		<-done
		start = time.Now()
		q.Wait(2, 1) // whatever the goroutine left behind
	}
	if q.Wait(1, 2); time.Since(start) > time.Second {
		t.Error("Wait slept for a time that has passed")
	}
}

func TestWireWaits(t *testing.T) {
	a, b := NewWire(WireOptions{})
	waits(t, b.Queue(0))
	go func() {
		a.Queue(0).Reserve(64)
		a.Queue(0).Commit(64, Meta{})
		a.Queue(0).Flush()
	}()
	b.Queue(0).Wait(0, 1)
	if n, _ := b.Queue(0).Receive(make([]Frame, 1)); n != 1 {
		b.Queue(0).Wait(0, 1) // the signal may have been that of an Interrupt
		if n, _ = b.Queue(0).Receive(make([]Frame, 1)); n != 1 {
			t.Error("no frame")
		}
	}
	if b.Queue(0).Descriptor() != -1 || a.Close() != nil {
		t.Error("a wire has a descriptor, or does not close")
	}
}
