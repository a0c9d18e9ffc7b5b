package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Addresses come and go while clients ask on all of them: whoever is connected is answered by a configuration that
// knows the address, and never told that the server does not.
func TestNoRequestIsMisdirectedWhileAddressesComeAndGo(t *testing.T) {
	stays := freeAddress(t)
	var come []string
	for range 60 {
		come = append(come, freeAddress(t))
	}
	few := "timeouts {\n  idle = \"50ms\"\n}\n" + answering(stays, "few")
	many := few
	for _, a := range come {
		many = "listen " + quote(a) + " {}\n" + many
	}
	l := run(t, few)

	stop := make(chan struct{})
	var asked, onNew atomic.Int64
	var clients sync.WaitGroup
	client := func(address string) {
		c, err := dial(address)
		if err != nil { // it is not there now
			return
		}
		defer c.Close()
		for range 1 + rand.IntN(8) {
			_, closes, err := c.ask("/")
			if err != nil {
				if strings.HasPrefix(err.Error(), "status ") {
					t.Errorf("%s: %v", address, err)
				}
				return
			}
			asked.Add(1)
			if address != stays {
				onNew.Add(1)
			}
			if closes {
				return
			}
		}
	}
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if rand.IntN(10) == 0 {
					client(stays)
				} else {
					client(come[rand.IntN(len(come))])
				}
			}
		})
	}
	for range 6 {
		for _, text := range []string{many, few} {
			before := asked.Load()
			if said := l.reload(text); !strings.Contains(said, Reloaded.ID) {
				t.Error(said)
			}
			l.await(func() bool { return asked.Load() > before+200 })
		}
	}
	close(stop)
	clients.Wait()
	if onNew.Load() < 100 {
		t.Errorf("of %d requests only %d came in on addresses that come and go", asked.Load(), onNew.Load())
	}
	fmt.Println(asked.Load(), onNew.Load())
}
