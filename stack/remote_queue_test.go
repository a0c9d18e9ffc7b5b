package stack

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A queue is what was put in, in order, whatever sizes it is filled and drained in, and empty it holds nothing.
func TestByteQueueIsWhatWasPutIn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var q byteQueue
		var want, got bytes.Buffer
		var filling, draining *byteBlock
		var room, front []byte
		value := byte(round)
		for range 300 {
			switch random.IntN(4) {
			case 0:
				if filling == nil {
					filling, room = q.space()
					if len(room) == 0 {
						t.Fatal("space without room")
					}
				}
			case 1:
				if filling != nil {
					n := random.IntN(len(room) + 1)
					if random.IntN(3) == 0 {
						n = len(room)
					}
					for i := range n {
						room[i] = value
						value++
					}
					want.Write(room[:n])
					q.filled(filling, n)
					filling = nil
				}
			case 2:
				if draining == nil {
					draining, front = q.front()
				}
			case 3:
				if draining != nil {
					n := random.IntN(len(front) + 1)
					if random.IntN(3) == 0 {
						n = len(front)
					}
					got.Write(front[:n])
					q.drained(draining, n)
					draining = nil
				}
			}
			if q.n != want.Len()-got.Len() {
				t.Fatalf("round %d: the queue counts %d bytes, there are %d", round, q.n, want.Len()-got.Len())
			}
		}
		if filling != nil {
			q.filled(filling, 0)
		}
		if draining != nil {
			q.drained(draining, 0)
		}
		for {
			c, b := q.front()
			if c == nil {
				break
			}
			got.Write(b)
			q.drained(c, len(b))
		}
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Fatalf("round %d: %d bytes came out, %d went in, or they differ", round, got.Len(), want.Len())
		}
		if q.head != nil || q.tail != nil || q.n != 0 {
			t.Fatalf("round %d: the empty queue holds memory", round)
		}
	}
}

// What somebody still works on when a queue is dropped is neither kept nor given to anybody else.
func TestByteQueueDropLeavesWhatIsInHands(t *testing.T) {
	var q byteQueue
	c, room := q.space()
	q.filled(c, copy(room, "front"))
	drained, _ := q.front()
	filled, room := q.space()
	if filled != drained {
		t.Fatal("the same chunk was expected")
	}
	q.drop()
	q.drained(drained, 5)
	q.filled(filled, copy(room, "late"))
	if q.n != 0 || q.head != nil {
		t.Fatalf("the dropped queue holds %d bytes", q.n)
	}
}

func TestByteQueueAllocatesNothingOnceWarm(t *testing.T) {
	var q byteQueue
	payload := make([]byte, 1000)
	pass := func() {
		c, room := q.space()
		q.filled(c, copy(room, payload))
		c, b := q.front()
		q.drained(c, len(b))
	}
	pass()
	if n := testing.AllocsPerRun(1000, pass); n > 0.1 { // the pool may be emptied by the garbage collector
		t.Errorf("%v allocations for a message through a queue", n)
	}
}
