package stack

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// remotePackets and remotePacketBytes bound the datagrams that wait in each direction between a shard and a user
// elsewhere.
const (
	remotePackets     = 1024
	remotePacketBytes = 256 << 10
)

// maxDatagram is the longest payload of a UDP datagram (RFC 768: a length of 16 bits that counts the header).
const maxDatagram = 65535 - 8

// packet is one datagram on its way.
type packet struct {
	b    []byte
	peer netip.AddrPort
}

var packets = sync.Pool{New: func() any { return &packet{b: make([]byte, 0, 2048)} }}

// packetQueue is datagrams in order. It is used under the lock of the one who owns it.
type packetQueue struct {
	all   []*packet
	first int
	bytes int
}

func (q *packetQueue) len() int { return len(q.all) - q.first }

func (q *packetQueue) full() bool { return q.len() >= remotePackets || q.bytes >= remotePacketBytes }

func (q *packetQueue) push(p *packet) {
	if q.first > 0 && len(q.all) == cap(q.all) { // move up instead of growing
		n := copy(q.all, q.all[q.first:])
		clear(q.all[n:])
		q.all, q.first = q.all[:n], 0
	}
	q.all = append(q.all, p)
	q.bytes += len(p.b)
}

func (q *packetQueue) pop() *packet {
	p := q.all[q.first]
	q.all[q.first] = nil
	q.bytes -= len(p.b)
	if q.first++; q.first == len(q.all) {
		q.all, q.first = q.all[:0], 0
	}
	return p
}

// RemoteDatagram is a UDP endpoint used away from its shard, as Remote is a connection. Nothing blocks; all methods may
// be called concurrently. A datagram that finds the queue of received ones full waits in the Datagram, whose bound then
// holds.
type RemoteDatagram struct {
	h    *Shard
	d    *Datagram
	wake func()

	// The shard's.
	listed bool
	over   bool

	mu       sync.Mutex
	in, out  packetQueue
	readers  sync.Cond
	writers  sync.Cond
	notify   func(Ready)
	peer     netip.AddrPort // when connected: the only one to hear and to speak to
	err      error          // what happened to an earlier datagram; told once
	ended    error          // why the endpoint is closed
	posted   bool
	full     bool // the shard left datagrams because in was full
	armRead  bool
	armWrite bool
}

// NewRemoteDatagram makes a UDP endpoint usable away from its shard. The endpoint was not attached before. It may be
// called from any goroutine.
func NewRemoteDatagram(h *Shard, d *Datagram) *RemoteDatagram {
	r := &RemoteDatagram{h: h, d: d, armRead: true}
	r.readers.L, r.writers.L = &r.mu, &r.mu
	r.wake = r.look
	d.Attach(h, func(Ready) { r.look() }) // from here, so that a datagram that comes this moment is kept
	h.Post(func() { h.remotes.onEnd(r, r.end) })
	return r
}

// Addr is the address that the endpoint has.
func (r *RemoteDatagram) Addr() netip.AddrPort { return r.d.Addr() }

// Connect makes the peer the only one to hear and to speak to; the zero AddrPort takes that back. Datagrams of others
// that wait already are dropped.
func (r *RemoteDatagram) Connect(peer netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peer = peer
	if !peer.IsValid() {
		return
	}
	for n := r.in.len(); n > 0; n-- {
		if p := r.in.pop(); p.peer == peer {
			r.in.push(p)
		} else {
			packets.Put(p)
		}
	}
}

// Peer is what Connect was given.
func (r *RemoteDatagram) Peer() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peer
}

// Notify sets who is told of readiness, as Remote.Notify does.
func (r *RemoteDatagram) Notify(f func(Ready)) {
	r.mu.Lock()
	r.notify, r.armRead = f, true
	ready := r.events()
	r.mu.Unlock()
	if f != nil && ready != 0 {
		f(ready)
	}
}

// events is what is worth telling now; it is told only once. The lock is held.
func (r *RemoteDatagram) events() (ready Ready) {
	if r.armRead && r.readable() {
		r.armRead = false
		ready |= Readable
	}
	if r.armWrite && !r.out.full() {
		r.armWrite = false
		ready |= Writable
	}
	return ready
}

func (r *RemoteDatagram) readable() bool { return r.in.len() > 0 || r.err != nil || r.ended != nil }

// State is what of Readable and Writable holds now; what of want does not will be told when it does.
func (r *RemoteDatagram) State(want Ready) (ready Ready) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armRead = r.armRead || want&Readable != 0
	r.armWrite = r.armWrite || want&Writable != 0
	if r.readable() {
		ready |= Readable
	}
	if !r.out.full() || r.ended != nil {
		ready |= Writable
	}
	return ready
}

// Peek is ReadFrom that leaves the datagram where it is.
func (r *RemoteDatagram) Peek(p []byte) (n, size int, peer netip.AddrPort, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended != nil:
		return 0, 0, peer, r.ended
	case r.err != nil:
		err, r.err = r.err, nil
		return 0, 0, peer, err
	case r.in.len() == 0:
		r.armRead = true
		return 0, 0, peer, ErrWouldBlock
	}
	first := r.in.all[r.in.first]
	return copy(p, first.b), len(first.b), first.peer, nil
}

// ReadFrom yields the next datagram, cut to len(p), or ErrWouldBlock. size is its whole length.
func (r *RemoteDatagram) ReadFrom(p []byte) (n, size int, peer netip.AddrPort, err error) {
	r.mu.Lock()
	switch {
	case r.ended != nil:
		err = r.ended
	case r.err != nil:
		err, r.err = r.err, nil
	case r.in.len() == 0:
		r.armRead = true
		err = ErrWouldBlock
	}
	if err != nil {
		r.mu.Unlock()
		return 0, 0, peer, err
	}
	got := r.in.pop()
	asked := false
	if r.full && r.in.bytes <= remotePacketBytes/2 && r.in.len() <= remotePackets/2 {
		r.full = false
		asked = r.ask()
	}
	r.mu.Unlock()
	n, size, peer = copy(p, got.b), len(got.b), got.peer
	packets.Put(got)
	if asked {
		r.h.Post(r.wake)
	}
	return n, size, peer, nil
}

// WriteTo hands one datagram over to be sent, or returns ErrWouldBlock. A zero address means the connected peer.
func (r *RemoteDatagram) WriteTo(p []byte, to netip.AddrPort) error {
	if len(p) > maxDatagram {
		return syscall.EMSGSIZE
	}
	out := packets.Get().(*packet)
	out.b = append(out.b[:0], p...)
	r.mu.Lock()
	if !to.IsValid() {
		to = r.peer
	}
	out.peer = to
	var err error
	asked := false
	switch {
	case r.ended != nil:
		err = r.ended
	case r.err != nil: // what became of an earlier one
		err, r.err = r.err, nil
	case !to.IsValid():
		err = syscall.EDESTADDRREQ
	case r.out.full():
		r.armWrite = true
		err = ErrWouldBlock
	default:
		r.out.push(out)
		asked = r.ask()
	}
	r.mu.Unlock()
	if err != nil {
		packets.Put(out)
	}
	if asked {
		r.h.Post(r.wake)
	}
	return err
}

// ask reports whether the caller has to post wake after unlocking.
func (r *RemoteDatagram) ask() bool {
	if r.posted {
		return false
	}
	r.posted = true
	return true
}

// TakeErr is what became of an earlier datagram, told once.
func (r *RemoteDatagram) TakeErr() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.err
	r.err = nil
	return err
}

// Close gives the port up. Datagrams that wait to be sent are sent if there is room now.
func (r *RemoteDatagram) Close() error {
	r.mu.Lock()
	if r.ended != nil {
		err := r.ended
		r.mu.Unlock()
		return err
	}
	r.ended = net.ErrClosed
	r.notify = nil
	for r.in.len() > 0 {
		packets.Put(r.in.pop())
	}
	asked := r.ask()
	r.readers.Broadcast()
	r.writers.Broadcast()
	r.mu.Unlock()
	if asked {
		r.h.Post(r.wake)
	}
	return nil
}

// CloseWait is Close that returns when the port is free. Of a stack that does not run it waits a second at most.
func (r *RemoteDatagram) CloseWait() error {
	err := r.Close()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r.h.do(ctx, r.leave)
	}
	return err
}

// look has serve called before the shard sends.
func (r *RemoteDatagram) look() {
	if !r.listed {
		r.listed = true
		r.h.remotes.later(r.serve)
	}
}

// serve moves datagrams both ways, on the shard.
func (r *RemoteDatagram) serve() {
	r.listed = false
	if r.over {
		return
	}
	r.mu.Lock()
	r.posted = false
	r.mu.Unlock()
	r.push()
	r.mu.Lock()
	closed := r.ended != nil
	r.mu.Unlock()
	if closed {
		r.leave()
		return
	}
	r.pull()
	r.mu.Lock()
	ready := r.events()
	if ready != 0 {
		r.h.remotes.told = true
	}
	if r.readable() {
		r.readers.Broadcast()
	}
	if !r.out.full() {
		r.writers.Broadcast()
	}
	f := r.notify
	r.mu.Unlock()
	if f != nil && ready != 0 {
		f(ready)
	}
}

// push sends what there is room for.
func (r *RemoteDatagram) push() {
	for {
		r.mu.Lock()
		if r.out.len() == 0 {
			r.mu.Unlock()
			return
		}
		p := r.out.all[r.out.first]
		r.mu.Unlock()
		_, err := r.d.WriteTo(p.b, p.peer)
		if err == ErrWouldBlock {
			return
		}
		r.mu.Lock()
		r.out.pop()
		if err != nil && r.ended == nil {
			r.err = err
		}
		r.mu.Unlock()
		packets.Put(p)
	}
}

// pull takes what has arrived, as far as there is room.
func (r *RemoteDatagram) pull() {
	if r.h.remotes.scratch == nil {
		r.h.remotes.scratch = make([]byte, maxDatagram)
	}
	for {
		r.mu.Lock()
		r.full = r.in.full()
		full, only := r.full, r.peer
		r.mu.Unlock()
		if full {
			return
		}
		n, peer, err := r.d.ReadFrom(r.h.remotes.scratch)
		switch {
		case err == ErrWouldBlock:
			return
		case err != nil:
			r.mu.Lock()
			if only.IsValid() { // an error told by ICMP is the business of a connected endpoint (RFC 1122 §4.1.3.3)
				r.err = err
			}
			closed := r.ended != nil
			r.mu.Unlock()
			if closed {
				return
			}
			continue
		case only.IsValid() && peer != only:
			continue
		}
		p := packets.Get().(*packet)
		p.b, p.peer = append(p.b[:0], r.h.remotes.scratch[:n]...), peer
		r.mu.Lock()
		r.in.push(p)
		r.mu.Unlock()
	}
}

// end fails the endpoint because the shard stops.
func (r *RemoteDatagram) end(err error) {
	r.mu.Lock()
	if r.ended == nil {
		r.ended = err
	}
	r.readers.Broadcast()
	r.writers.Broadcast()
	f := r.notify
	r.mu.Unlock()
	r.leave()
	if f != nil {
		f(Readable | Writable | Hangup)
	}
}

// leave gives the endpoint up, on the shard.
func (r *RemoteDatagram) leave() {
	if r.over {
		return
	}
	r.over = true
	r.h.remotes.onEnd(r, nil)
	r.d.Close()
}
