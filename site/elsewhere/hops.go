package elsewhere

import (
	"net/netip"
	"sync"
	"time"
)

// Hops finds circles of redirects while they happen. It remembers for a moment which client was sent where, and how many
// redirects had brought it there: whoever asks for the URL that it was just sent to is a hop further, and whoever asks for the
// same URL again and again is not. Its memory is a table of fixed size, in which the newer one takes the older one's place. It
// is safe for concurrent use.
type Hops struct {
	mu    sync.Mutex
	table [hopSlots]hop
}

const (
	hopSlots = 1024             // 24 KiB
	hopTime  = 10 * time.Second // a client that was sent somewhere and takes longer than this has stopped to read
	mostHops = 10               // redirects one after the other; browsers give up after twenty
)

type hop struct {
	key   uint64 // client and URL; 0: free
	at    int64
	depth int32
}

// Circle notes that a client who asks for one URL is sent to another, at a time in nanoseconds, and reports whether it has been
// sent about so often that this is a circle. Then nothing is noted.
func (h *Hops) Circle(client netip.Addr, from, to string, now int64) bool {
	who := client.String()
	here, there := sum(who, from), sum(who, to)
	h.mu.Lock()
	defer h.mu.Unlock()
	depth := int32(1)
	if e := &h.table[here%hopSlots]; e.key == here && now-e.at < int64(hopTime) {
		depth = e.depth + 1
	}
	if depth > mostHops {
		return true
	}
	h.table[there%hopSlots] = hop{there, now, depth}
	return false
}
