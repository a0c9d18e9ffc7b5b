package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"time"

	"vitrine/config"
	"vitrine/observe/frames"
	"vitrine/socket"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/trace"
	"vitrine/web/serve"
)

// network is the own stack that carries a server, and the adapter it is on. A nil network stands for the kernel's
// sockets: all methods work on it.
type network struct {
	conf     *config.Network
	adapter  *guarded
	capturer *link.Capturer   // on the adapter
	frames   *frames.Recorder // on the capturer
	stack    *stack.Stack     // on the recorder
	sockets  *socket.Stack
}

// openNetwork opens the adapter of a configuration and makes the stack on it. It returns nil and true for a
// configuration without a network block; what is wrong is added to diags.
func openNetwork(c *config.Config, open func(*config.Network, int) (link.Adapter, error), log *journal, diags *config.Diagnostics) (*network, bool) {
	if c.Network == nil {
		return nil, true
	}
	n := &network{conf: c.Network}
	if open == nil {
		open = openAdapter
	}
	opened, err := open(c.Network, loops(c))
	if err != nil {
		diags.Append(cannotOpen(c.Network, err))
		return nil, false
	}
	all, on := kernelAddresses(c.Network.Interface())
	for _, d := range clashes(c.Network, all, on) {
		diags.Append(d)
	}
	if diags.HasErrors() {
		opened.Close()
		return nil, false
	}
	n.adapter = guard(opened, lookAt(c.Network.Interface()), func(why *trace.Reason) { log.adapter(c.Network, why) })
	n.capturer = link.Capture(n.adapter, link.CaptureOptions{Comment: n.journey})
	queues := n.adapter.Info().Queues
	n.frames = frames.New(queues, framing(c))
	conf := stackConfig(c.Network, queues)
	conf.Changed = n.frames.Changed
	if n.stack, err = stack.New(conf, n.frames.Wrap(n.capturer)); err != nil {
		opened.Close()
		diags.Append(cannotOpen(c.Network, err))
		return nil, false
	}
	n.sockets = socket.NewStack(n.stack)
	return n, true
}

// loops is how many event loops the configuration asks for: on an own network each queue of the adapter has one.
func loops(c *config.Config) int {
	switch {
	case c.IO.V != serve.EventsPerCore:
		return 1
	case c.Loops.V > 0:
		return c.Loops.V
	case c.Network != nil && c.Network.Queues.V > 0:
		return c.Network.Queues.V
	}
	return runtime.GOMAXPROCS(0)
}

// openAdapter opens the adapter that a network block names.
func openAdapter(n *config.Network, queues int) (link.Adapter, error) {
	var mac link.MAC
	if n.MAC.V != "" {
		var err error
		if mac, err = link.ParseMAC(n.MAC.V); err != nil {
			return nil, err
		}
	}
	if n.Kind() == "packet" {
		return link.OpenPacket(n.Interface(), link.PacketOptions{Queues: queues, MAC: mac, Wire: n.Wire.V})
	}
	return link.OpenTAP(n.Interface(), link.TAPOptions{Queues: queues, MAC: mac, Wire: n.Wire.V})
}

// stackConfig is a network block as the stack wants it. The stack's bounds hold for each shard; the configuration's for
// all of them.
func stackConfig(n *config.Network, shards int) stack.Config {
	share := func(all int) int { return max((all+shards-1)/shards, 1) }
	c := stack.Config{MTU: n.MTU.V, TCP: tcp.Default()}
	for _, a := range n.Address {
		c.Addresses = append(c.Addresses, a.V)
	}
	for _, g := range n.Gateway {
		c.Gateways = append(c.Gateways, g.V)
	}
	t := &n.TCP
	c.TCP.Recovery.Congestion = t.Congestion.V
	c.TCP.Recovery.InitialWindow = t.InitialWindow.V
	c.TCP.ReceiveWindowMax = int(t.ReceiveBuffer.V)
	c.TCP.ReceiveWindow = min(c.TCP.ReceiveWindow, c.TCP.ReceiveWindowMax)
	c.TCP.OutOfOrderBytes = min(c.TCP.OutOfOrderBytes, 2*c.TCP.ReceiveWindowMax)
	c.TCP.SendBufferMax = int(t.SendBuffer.V)
	c.TCP.SendBuffer = min(c.TCP.SendBuffer, c.TCP.SendBufferMax)
	c.TCP.ReceiveMemory = share(int(t.Buffers.V))
	c.TCP.TimeWait = int64(t.TimeWait.V)
	c.Card = link.CardOptions{Promiscuous: n.Promiscuous.V, Notice: link.Notice{Gap: int64(n.Moderation.V), Budget: int64(n.BusyPoll.V)}}
	c.Limits = stack.Limits{
		HalfOpen:        share(t.HalfOpen.V),
		TimeWait:        share(t.TimeWaits.V),
		SendMemory:      share(int(t.Buffers.V)),
		Neighbors:       n.IP.Neighbors.V, // each shard asks for its own
		ReassemblyBytes: share(int(n.IP.ReassemblyBytes.V)),
		ICMPRate:        share(n.IP.ICMPRate.V),
	}
	return c
}

// network is the network as the engine wants it: nil for the kernel's sockets.
func (n *network) network() socket.Network {
	if n == nil {
		return nil
	}
	return n.sockets
}

// lost is closed when the adapter's interface is gone for good; nil, which never is, on the kernel's sockets.
func (n *network) lost() <-chan struct{} {
	if n == nil {
		return nil
	}
	return n.adapter.lost
}

// isLost reports whether the adapter's interface is gone.
func (n *network) isLost() bool {
	select {
	case <-n.lost():
		return true
	default:
		return false
	}
}

// recordTime is how long those who record have to take the last frames in.
const recordTime = 3 * time.Second

// stopCaptures ends what is being recorded, so that it ends well. Who does not read is not waited for: such a recording
// ends when the control socket is closed.
func (n *network) stopCaptures() {
	if n == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		n.capturer.Stop()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(recordTime):
	}
}

// close gives stack and adapter back. The loops have ended before.
func (n *network) close() {
	if n != nil {
		n.stack.Close()
	}
}

// settleTime is how long the peers of connections that were closed have to take the last bytes in.
const settleTime = 3 * time.Second

// settle waits until what was written has reached its peers, with the end of each connection, since nobody sends it again
// once the loops have stopped. The kernel does that after a process has ended. It does not wait for the peers to close
// their direction, nor for TIME_WAIT: both are only about segments that nobody will answer then.
func (n *network) settle(ctx context.Context) {
	if n == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		all, err := n.stack.Sockets(ctx)
		if err != nil || n.isLost() || !owing(all) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// owing reports whether a connection has something that its peer has not acknowledged.
func owing(all []stack.SocketInfo) bool {
	for i := range all {
		if s := &all[i]; s.Protocol == "tcp" && unfinished[plainState(s.State)] {
			return true
		}
	}
	return false
}

// unfinished are the states in which data or our FIN is not acknowledged yet: RFC 9293 §3.3.2.
var unfinished = map[string]bool{"ESTABLISHED": true, "CLOSE-WAIT": true, "FIN-WAIT-1": true, "CLOSING": true, "LAST-ACK": true}

// label is the network as people know it: the adapter with the server's own addresses.
func label(n *config.Network) string {
	text := n.Adapter.V
	for _, a := range n.Address {
		text += ", " + a.V.String()
	}
	return text
}

// localLike is an address of the network in the family of another one, or its first one.
func localLike(n *config.Network, like netip.Addr) netip.Addr {
	for _, a := range n.Address {
		if like.IsValid() && a.V.Addr().Is4() == like.Is4() {
			return a.V.Addr()
		}
	}
	return n.Address[0].V.Addr()
}

// neighbor is a station's address beside one of the network's own: the gateway, which for a tap usually is the
// interface's other end, or the first that is free.
func neighbor(n *config.Network, own netip.Addr) netip.Addr {
	for _, a := range n.Address {
		if a.V.Addr() != own {
			continue
		}
		for _, g := range n.Gateway {
			if a.V.Contains(g.V) {
				return g.V
			}
		}
		first := a.V.Masked().Addr()
		if a.V.Bits() < own.BitLen()-1 {
			first = first.Next() // the network's own address is nobody's
		}
		for n.Has(first) {
			first = first.Next()
		}
		return first
	}
	return own
}

// cannotOpen says why a network cannot be used, and what to do about it.
func cannotOpen(n *config.Network, err error) config.Diagnostic {
	d := config.Diagnostic{Severity: config.Error, Pos: n.Adapter.Pos, Summary: fmt.Sprintf("cannot use the network %s: %v", n.Adapter.V, err)}
	if !errors.Is(err, fs.ErrPermission) {
		if n.Kind() == "tap" && errors.Is(err, syscall.EINVAL) && isNoTap(n.Interface()) {
			d.Summary = fmt.Sprintf("cannot use the network %s: the interface %s is there, and is no tap", n.Adapter.V, n.Interface())
			d.Hint = fmt.Sprintf("did you mean %q? A packet socket is on an interface that is there", "packet:"+n.Interface())
		}
		return d
	}
	capability, other := "cap_net_raw", ""
	if n.Kind() == "tap" {
		capability = "cap_net_admin"
		other = fmt.Sprintf("; or make the interface for this user beforehand: sudo ip tuntap add dev %s mode tap multi_queue user %s", n.Interface(), userName())
	}
	d.Summary = fmt.Sprintf("cannot use the network %s: user %s may not (%s)", n.Adapter.V, userName(), strings.ToUpper(capability))
	d.Hint = fmt.Sprintf("run it with sudo; or allow the program: sudo setcap %s+ep %s%s", capability, program(), other)
	return d
}
