package socket

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"syscall"

	"vitrine/stack"
)

// Stack is the Network of a TCP/IP stack of our own. Each of its pollers is a shard of the stack, so that there are as
// many pollers as the stack's adapter has queues, and none of a connection's work leaves the poller's goroutine: from the
// frame that Wait receives to the frame that the next Wait sends.
//
// Nothing moves on a shard without its poller: while nobody calls Wait, frames wait in the adapter's ring.
type Stack struct {
	stack *stack.Stack

	mu   sync.Mutex
	used []bool // shards that have a poller
}

// NewStack makes a Network of a stack. The network drives the stack's shards; nobody else may.
func NewStack(s *stack.Stack) *Stack { return &Stack{stack: s, used: make([]bool, s.Shards())} }

// Loops is how many pollers there can be and have to be: the frames of a queue without one are not looked at.
func (n *Stack) Loops() int { return n.stack.Shards() }

// Stack is the stack that carries the network.
func (n *Stack) Stack() *stack.Stack { return n.stack }

// Listen takes a port of the stack. dual makes a listener on the IPv6 unspecified address take IPv4 connections too.
// Connections are answered once a poller watches the listener. It may be called from any goroutine.
func (n *Stack) Listen(addr netip.AddrPort, dual bool, o ListenOptions) (Listener, error) {
	most := o.Backlog
	if most <= 0 {
		most = backlog
	}
	l, err := n.stack.Listen(addr, stack.ListenOptions{Backlog: most, ReusePort: o.ReusePort, Dual: dual, NoDelay: true})
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return nil, fmt.Errorf("listen %s: %w; the addresses of the own stack are %s", addr, err, n.addresses())
	}
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", addr, err)
	}
	return &stackListener{l: l, shared: o.Shared}, nil
}

// addresses lists the stack's own addresses for a person.
func (n *Stack) addresses() string {
	var own []string
	for _, p := range n.stack.Info().Addresses {
		own = append(own, p.Addr().String())
	}
	return strings.Join(own, ", ")
}

// NewPoller takes a shard that has none.
func (n *Stack) NewPoller() (Poller, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, used := range n.used {
		if used {
			continue
		}
		p, err := newStackPoller(n, i)
		if err != nil {
			return nil, err
		}
		n.used[i] = true
		return p, nil
	}
	return nil, fmt.Errorf("socket: the stack's adapter has %d queues, and each has its poller already", len(n.used))
}

// release gives a shard back.
func (n *Stack) release(shard int) {
	n.mu.Lock()
	n.used[shard] = false
	n.mu.Unlock()
}
