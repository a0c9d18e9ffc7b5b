//go:build unix

package serve

import (
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// Turns of one connection never overlap, and no Wake is lost, whatever asks for turns at once: wakes from many goroutines,
// bytes, deadlines, drains. The driver itself checks the first.
func TestTurnsAreExclusiveAndWakesAreNotLost(t *testing.T) {
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		n := 4
		if o.Architecture == Single {
			n = 1
		}
		var clients []*caller
		for range n {
			c := r.dial()
			c.send("echo x")
			c.expect("x")
			clients = append(clients, c)
		}
		var all sync.WaitGroup
		var stop atomic.Bool
		for i := range 4 {
			all.Go(func() {
				for j := 0; !stop.Load(); j++ {
					r.seen.Lock()
					c := r.conns[(i+j)%len(r.conns)]
					r.seen.Unlock()
					c.Wake()
					if j%64 == 0 {
						runtime.Gosched()
					}
				}
			})
		}
		for round := range 60 {
			for i, c := range clients {
				c.send(fmt.Sprintf("echo %d.%d\nspawn later\npause 0\ndeadline 3600000\necho last", round, i))
			}
			for i, c := range clients {
				c.expect(fmt.Sprintf("%d.%d", round, i))
				c.expect("later") // a wake that is lost is one that this waits for
				c.expect("last")
			}
		}
		stop.Store(true)
		all.Wait()
		for _, c := range clients {
			c.Close()
		}
		for range clients {
			await(t, "end", r.gone)
		}
		for _, c := range r.conns {
			c.Wake() // after the end it does nothing
		}
	})
}

// Connections that come and go from all sides leave nothing behind.
func TestChurn(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		before := runtime.NumGoroutine()
		r := start(t, o, Settings{ConnectionsPerClient: 1000})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for j := range 20 {
					nc, err := r.connect(netip.Addr{})
					if err != nil {
						t.Error(err)
						return
					}
					switch (i + j) % 5 {
					case 0: // says nothing
					case 1:
						nc.SetLinger(0)
						io.WriteString(nc, "echo x\nbig 100000\n")
					case 2:
						io.WriteString(nc, "spawn x\n")
					case 3:
						io.WriteString(nc, "echo x\nlinger\n")
						io.Copy(io.Discard, nc)
					case 4:
						if i > 0 {
							break
						}
						io.WriteString(nc, "deadline 1\n")
						io.Copy(io.Discard, nc)
					}
					nc.Close()
				}
			})
		}
		all.Wait()
		until(t, func() bool { return r.Open() == 0 })
		r.mu.Lock()
		if n := len(r.clients); n != 0 {
			t.Errorf("%d clients are counted with no connection open", n)
		}
		r.mu.Unlock()
		r.Close()
		until(t, func() bool { return runtime.NumGoroutine() <= before+2 })
		for _, l := range r.loops {
			if l.live != 0 || l.wheel.count != 0 || len(l.free) != len(l.conns) {
				t.Errorf("a loop has %d connections, %d timers, %d of %d places free", l.live, l.wheel.count, len(l.free), len(l.conns))
			}
		}
	})
}
