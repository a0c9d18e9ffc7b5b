package exchange

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"vitrine/web/message"
)

var errEnded = errors.New("exchange: the exchange has ended")

// Tunnel is what is left of an exchange when its protocol was left (Upgrade): raw bytes both ways, under the same
// credit and window as a body. It is a net.Conn, safe for one reader and one writer at once, and lives until Close,
// also beyond the handler's function.
type Tunnel struct {
	x      *Exchange
	local  net.Addr
	remote net.Addr
	done   atomic.Bool
}

// ErrNotAsked is returned when the client did not ask for the protocol that it is to change to.
var ErrNotAsked = errors.New("exchange: the client did not ask for this upgrade")

// Upgrade leaves the protocol. The head is sent first: 101 (Switching Protocols) with an Upgrade field that names one of
// the protocols that the client has asked for (RFC 9110 §7.8); nil sends none, for a handler that writes its own. It
// fails when a response was begun. The request must have no body.
func (x *Exchange) Upgrade(b *message.Block) (*Tunnel, error) {
	if !x.detached {
		return nil, ErrNotDetached
	}
	if b != nil && !x.asked(b) {
		return nil, ErrNotAsked
	}
	x.mu.Lock()
	switch {
	case x.block != nil:
		x.mu.Unlock()
		return nil, ErrTooLate
	case x.gone != nil:
		err := x.gone
		x.mu.Unlock()
		return nil, err
	case x.Request.ContentLength != 0:
		x.mu.Unlock()
		return nil, errors.New("exchange: a request with a body cannot be upgraded")
	}
	x.block, x.out.tunnel = b, true
	x.body.eof, x.lent = false, true
	x.mu.Unlock()
	x.wake()
	return &Tunnel{x: x, local: net.TCPAddrFromAddrPort(x.Peer.Local), remote: net.TCPAddrFromAddrPort(x.Peer.Remote)}, nil
}

// asked reports whether the client has asked for the protocol that a head announces.
func (x *Exchange) asked(b *message.Block) bool {
	f := &x.Request.Fields
	option := false
	for value := range f.All(message.Connection) {
		option = option || message.HasToken(value, "upgrade")
	}
	if b.Status() != 101 || !option || x.Request.Major == 1 && x.Request.Minor == 0 {
		return false
	}
	protocol := b.Fields().GetID(message.Upgrade)
	for value := range f.All(message.Upgrade) {
		if protocol != "" && message.HasToken(value, protocol) {
			return true
		}
	}
	return false
}

// Read reads what the client sends. It returns io.EOF when the client has closed its direction.
func (t *Tunnel) Read(p []byte) (int, error) {
	if t.done.Load() {
		return 0, net.ErrClosed
	}
	return t.x.read(p)
}

// Write sends to the client. It blocks while the window is full.
func (t *Tunnel) Write(p []byte) (int, error) {
	if t.done.Load() {
		return 0, net.ErrClosed
	}
	return t.x.Write(p)
}

// CloseWrite closes the sending direction once everything written is sent.
func (t *Tunnel) CloseWrite() error {
	if t.done.Load() {
		return net.ErrClosed
	}
	t.x.mu.Lock()
	t.x.out.shut = true
	t.x.cond.Broadcast()
	t.x.mu.Unlock()
	t.x.wake()
	return nil
}

// Close ends the tunnel once everything written is sent. It may be called more than once.
func (t *Tunnel) Close() error {
	if t.done.Swap(true) {
		return net.ErrClosed
	}
	x := t.x
	x.mu.Lock()
	x.out.shut, x.body.closed = true, true
	x.cond.Broadcast()
	x.mu.Unlock()
	x.ended(byTunnel)
	return nil
}

// LocalAddr is the connection's own address.
func (t *Tunnel) LocalAddr() net.Addr { return t.local }

// RemoteAddr is the client's address.
func (t *Tunnel) RemoteAddr() net.Addr { return t.remote }

// SetDeadline sets both deadlines; the zero time removes them.
func (t *Tunnel) SetDeadline(at time.Time) error {
	t.SetReadDeadline(at)
	return t.SetWriteDeadline(at)
}

// SetReadDeadline makes Read fail with os.ErrDeadlineExceeded from then on.
func (t *Tunnel) SetReadDeadline(at time.Time) error {
	if t.done.Load() {
		return net.ErrClosed
	}
	return t.x.SetReadDeadline(at)
}

// SetWriteDeadline makes Write fail with os.ErrDeadlineExceeded from then on.
func (t *Tunnel) SetWriteDeadline(at time.Time) error {
	if t.done.Load() {
		return net.ErrClosed
	}
	return t.x.SetWriteDeadline(at)
}
