package exchange

import (
	"context"

	"vitrine/web/message"
)

// Update is what the carrier learns from an exchange after a Wake.
type Update struct {
	Interim  []*message.Block // informational responses that are due
	Block    *message.Block   // the head, once there is one
	Whole    bool             // the response was given by Respond: Take its pieces
	Length   int64            // of a streamed body; -1: not known
	Queued   int              // streamed bytes that Write has gathered
	Flush    bool             // the handler wants them sent now
	Ended    bool             // nothing more will be written
	Trailer  *message.Header
	Wanted   bool // the handler waits for the request's body: send 100 (Continue) if the client expects it
	Tunnel   bool // the protocol was left
	Shut     bool // the tunnel's sending side is closed
	Abort    bool // the connection is to be reset
	Last     bool // the connection is to end after the exchange
	Returned bool // the handler's function has returned
	Panic    any
	Stack    []byte
}

// Detached reports whether the exchange was handed off the loop.
func (x *Exchange) Detached() bool { return x.detached }

// Keep moves the head into memory of the exchange's own, for a response that outlives the turn it was given in.
func (x *Exchange) Keep() {
	if x.Request != &x.own {
		x.mem = x.Request.CopyTo(&x.own, x.mem)
		x.Request = &x.own
	}
}

// Answer is the whole response that Serve gave on the loop, or nil. The pieces are the carrier's to release.
func (x *Exchange) Answer() (*message.Block, []Piece) {
	if x.detached || !x.done {
		return nil, nil
	}
	return x.block, x.pieces
}

// Last reports whether the handler asked for the connection's end after this exchange (CloseAfter).
func (x *Exchange) Last() bool {
	if !x.detached {
		return x.out.last
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.out.last
}

// Update reads what a detached exchange wants. The next change sends a Wake again.
func (x *Exchange) Update() Update {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wakes = false
	o := &x.out
	u := Update{
		Interim: o.interim, Block: x.block, Whole: x.done, Length: o.length, Queued: o.queued, Flush: o.flush,
		Ended: o.ended, Trailer: o.trailer, Wanted: x.body.wanted, Tunnel: o.tunnel, Shut: o.shut, Abort: o.abort, Last: o.last,
		Returned: x.returned, Panic: o.panic, Stack: o.stack,
	}
	o.interim, o.flush = nil, false
	return u
}

// Pieces is the body that Respond was given off the loop. The carrier releases them.
func (x *Exchange) Pieces() []Piece {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := x.pieces
	x.pieces = nil
	return p
}

// Take gives the carrier the oldest gathered bytes of a streamed response and opens the window by as much.
// The piece is nil when there are none; otherwise it must be released once sent.
func (x *Exchange) Take() (b []byte, release Releaser) {
	var tell Partner
	x.mu.Lock()
	defer func() {
		x.mu.Unlock()
		if tell != nil {
			tell.Stir()
		}
	}()
	o := &x.out
	if len(o.chunks) == 0 {
		return nil, nil
	}
	c := o.chunks[0]
	copy(o.chunks, o.chunks[1:])
	o.chunks[len(o.chunks)-1] = chunk{}
	o.chunks = o.chunks[:len(o.chunks)-1]
	o.queued -= c.n
	x.cond.Broadcast()
	if o.full && o.queued <= x.limits.Output/2 { // for less it is not worth a turn
		o.full = false
		tell = x.stir()
	}
	return c.buf[:c.n], (*pooled)(c.buf)
}

type pooled [16 << 10]byte

func (p *pooled) Release() { buffers.Put((*[16 << 10]byte)(p)) }

// Fail gives the exchange up: the context ends, and reading and writing fail with err. The first error stays.
func (x *Exchange) Fail(err error) {
	x.mu.Lock()
	if x.gone == nil {
		x.gone = err
	}
	cancel := x.cancel
	x.cond.Broadcast()
	tell := x.stir()
	x.mu.Unlock()
	if cancel != nil {
		cancel(err)
	}
	if tell != nil {
		tell.Stir()
	}
}

// Cancel ends the exchange's context, for a client that has gone as far as anybody can tell, or a server that stops.
// What the handler reads and writes all the same is still carried.
func (x *Exchange) Cancel(err error) {
	x.mu.Lock()
	if x.ctx == nil { // so that who asks later finds it ended
		x.ctx, x.cancel = context.WithCancelCause(context.Background())
	}
	cancel := x.cancel
	x.left = true
	tell := x.stir()
	x.mu.Unlock()
	cancel(err)
	if tell != nil {
		tell.Stir()
	}
}

// Release says that the carrier is done with the exchange. It goes back to the pool once the handler is, too.
func (x *Exchange) Release() {
	if !x.detached {
		x.free()
		return
	}
	x.mu.Lock()
	x.abandoned = true
	if x.gone == nil {
		x.gone = errEnded
	}
	free := x.returned && x.running == 0
	x.cond.Broadcast()
	tell := x.stir()
	x.mu.Unlock()
	switch {
	case free:
		x.free()
	case tell != nil: // nobody waits for what it does any more
		tell.Stir()
	}
}

// Answered reports whether the whole response was given by Respond.
func (x *Exchange) Answered() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.done
}
