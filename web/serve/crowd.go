package serve

import (
	"net/netip"
	"sync"
)

// crowd counts exchanges that wait without a goroutine, by the network of who asks. It is safe for concurrent use.
type crowd struct {
	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

// enter counts one more, unless as many wait as may (0: no bound), or half of them for the same network: who has many addresses
// could otherwise fill all the places, and leave everybody else none.
func (c *crowd) enter(who netip.Addr, most int) bool {
	network := networkOf(who)
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of[network]
	if most > 0 && (c.all >= most || n >= (most+1)/2) {
		return false
	}
	if c.of == nil {
		c.of = make(map[netip.Prefix]int)
	}
	c.of[network] = n + 1
	c.all++
	return true
}

// leave undoes enter.
func (c *crowd) leave(who netip.Addr) {
	network := networkOf(who)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if n := c.of[network]; n > 1 {
		c.of[network] = n - 1
	} else {
		delete(c.of, network)
	}
}

func (c *crowd) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// networkOf is what one owner has at least: a /24 of IPv4, a /48 of IPv6 (RFC 6177 §2). Clients whose address is unknown are one
// network.
func networkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}
