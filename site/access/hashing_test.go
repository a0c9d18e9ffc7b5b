package access

import (
	"net/netip"
	"testing"
)

func TestFewPasswordsAreCheckedAtOnce(t *testing.T) {
	s := NewState()
	s.hashing.most = 1
	release, ran := make(chan struct{}), make(chan int, mostQueued+2)
	client := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }
	s.Hash(client(0), func() { <-release; ran <- 0 })
	for i := range mostQueued {
		if !s.Hash(client(i/mostQueuedOfClient), func() { ran <- i + 1 }) {
			t.Fatal(i)
		}
	}
	if s.Hash(client(200), func() {}) {
		t.Error("more than may wait")
	}
	close(release)
	of := make(map[int]int) // client to the number that came last
	for i := range mostQueued + 1 {
		got := <-ran
		if i == 0 {
			continue
		}
		k := (got - 1) / mostQueuedOfClient
		if got <= of[k] {
			t.Fatalf("%d came before %d", of[k], got)
		}
		if turn := (i - 1) % (mostQueued / mostQueuedOfClient); k != turn {
			t.Fatalf("job %d is of client %d, whose turn it is not", i, k)
		}
		of[k] = got
	}
}

// Whoever sends a thousand passwords waits for them, and nobody else does.
func TestOneClientsPasswordsLeaveRoomForOthers(t *testing.T) {
	s := NewState()
	s.hashing.most = 1
	many, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")
	release, ran := make(chan struct{}), make(chan netip.Addr, mostQueued)
	s.Hash(many, func() { <-release })
	for i := range mostQueuedOfClient {
		if !s.Hash(netip.MustParseAddr("2001:db8::2"), func() { ran <- many }) { // of the same /64
			t.Fatal(i)
		}
	}
	if s.Hash(many, func() {}) {
		t.Error("one client has more than its part")
	}
	if !s.Hash(other, func() { ran <- other }) {
		t.Fatal("another one finds no room")
	}
	close(release)
	for i := range mostQueuedOfClient + 1 {
		if got := <-ran; got == other != (i == 1) {
			t.Errorf("the one of %v is number %d", got, i)
		}
	}
	if len(s.hashing.waiting) > 0 {
		t.Fatalf("%d clients are left over", len(s.hashing.waiting))
	}
}
