package socket

import (
	"testing"
	"time"
)

// What a hot request needs of the network allocates nothing.
func TestHotOperationsAllocateNothing(t *testing.T) {
	n := kernel()
	p := newPoller(t, n)
	ep, c := n.pair(t, p)
	p.Add(ep, 1)
	var events [8]Event
	in, out := make([]byte, 100), make([]byte, 100)
	head, body := []byte("head"), []byte("body")
	deadline := time.Now().Add(time.Hour)
	allocations := testing.AllocsPerRun(1000, func() {
		c.Write(out[:10])
		for n := 0; n < 10; {
			if _, err := p.Wait(events[:], deadline); err != nil {
				t.Fatal(err)
			}
			m, err := ep.Read(in)
			for n += m; err == nil; n += m {
				m, err = ep.Read(in)
			}
			if err != ErrWouldBlock {
				t.Fatal(err)
			}
		}
		ep.Write(head, true)
		ep.Writev(head, body)
		for n := 0; n < 12; {
			m, err := c.Read(out)
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
