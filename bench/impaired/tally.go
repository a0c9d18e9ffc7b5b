//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack"
	"vitrine/trace"
)

// sampling is how often the sender is asked for its state. It costs a wake-up each time, hence it is not more often.
const sampling = 2 * time.Millisecond

// tally is what one transfer cost its sender: counters, and in which state of loss recovery it spent its time.
type tally struct {
	counters map[string]uint64 // before the transfer
	read     func() map[string]uint64
	state    func() string // of the connection that sends; empty: there is none

	states map[string]int // samples
	done   chan struct{}
	ended  chan struct{}
}

// begin counts from now on.
func begin(read func() map[string]uint64, state func() string) *tally {
	t := &tally{counters: read(), read: read, state: state, states: map[string]int{}, done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if s := t.state(); s != "" {
					t.states[s]++
				}
			case <-t.done:
				return
			}
		}
	}()
	return t
}

// end is what has changed since begin, in one line.
func (t *tally) end() string {
	close(t.done)
	<-t.ended
	var parts []string
	for name, n := range t.read() {
		if n -= t.counters[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, n))
		}
	}
	slices.Sort(parts)
	var states []string
	for name, n := range t.states {
		states = append(states, fmt.Sprintf("%s %v", name, time.Duration(n)*sampling))
	}
	slices.Sort(states)
	return strings.Join(append(parts, states...), ", ")
}

// ofKernel is what the kernel counts in this namespace that tells of loss and its repair.
func ofKernel() map[string]uint64 {
	wanted := []string{"RetransSegs", "OutSegs", "TCPTimeouts", "TCPLossProbes", "TCPLossProbeRecovery", "TCPLostRetransmit",
		"TCPSpuriousRtxHostQueues", "TCPFastRetrans", "TCPSlowStartRetrans", "TCPSackRecovery", "TCPLossUndo", "TCPFullUndo",
		"TCPPartialUndo", "TCPDSACKUndo", "TCPDSACKRecv", "TCPSpuriousRTOs", "TCPSACKReorder", "TCPTSReorder"}
	all := map[string]uint64{}
	for _, name := range []string{"/proc/net/netstat", "/proc/net/snmp"} {
		text, _ := os.ReadFile(name)
		lines := strings.Split(string(text), "\n")
		for i := 0; i+1 < len(lines); i += 2 { // a line of names, then one of values
			names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
			for k := range min(len(names), len(values)) {
				if !slices.Contains(wanted, names[k]) {
					continue
				}
				var n uint64
				fmt.Sscan(values[k], &n)
				all[names[k]] = n
			}
		}
	}
	return all
}

// ofOwn is the same of the own stack: how often each decision of loss recovery was taken, and what was sent again as far
// as the last sample saw.
func ofOwn(again *uint64) map[string]uint64 {
	all := map[string]uint64{"retransmissions": *again}
	for _, r := range trace.Reasons() {
		if name, ok := strings.CutPrefix(r.ID, "recovery."); ok {
			all[name] = r.Reached()
		}
	}
	return all
}

// sender is the connection that the kernel's server accepted last.
var sender struct {
	sync.Mutex
	conn net.Conn
}

func kernelState() string {
	sender.Lock()
	c, _ := sender.conn.(*net.TCPConn)
	sender.Unlock()
	if c == nil {
		return ""
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	state := ""
	raw.Control(func(fd uintptr) {
		if i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			state = [...]string{"open", "disorder", "cwr", "recovery", "loss"}[min(i.Ca_state, 4)]
		}
	})
	return state
}

// stateOf asks the own stack. again is where the connection's count of retransmissions goes.
func stateOf(s *stack.Stack, again *uint64) func() string {
	return func() string {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		all, err := s.Sockets(ctx)
		if err != nil {
			return ""
		}
		for _, i := range all {
			if i.TCP != nil {
				*again = i.TCP.Sender.Retransmits
				return i.TCP.Sender.State
			}
		}
		return ""
	}
}
