package exchange

import (
	"context"
)

// Go runs f off the loop, on a goroutine of a bounded pool, and returns at once. The head is copied, so that f may
// use Request. f answers with Respond, or with Stream, Write and their like; when it returns without, the answer is
// 500. Go is called at most once for each exchange, within Serve. It returns false, and the exchange is still the
// loop's, when the pool is full.
func (x *Exchange) Go(f func(x *Exchange)) bool {
	x.detach()
	x.running = 1
	if x.carrier.Spawn(func() { x.run(f) }) {
		return true
	}
	x.detached, x.running = false, 0
	return false
}

// detach moves the head out of the connection's buffer.
func (x *Exchange) detach() {
	x.Keep()
	x.body.reset()
	x.body.eof = x.Request.ContentLength == 0
	last := x.out.last
	x.out.reset()
	x.out.last = last
	x.cancel, x.ctx, x.gone = nil, nil, nil
	x.returned, x.abandoned, x.wakes = false, false, false
	x.detached, x.lent = true, false
	x.partner, x.driver, x.driven, x.held, x.stirred, x.left, x.running = nil, nil, false, false, false, false, 0
}

// endedBy is who says that the handler is done.
type endedBy uint8

const (
	byReturn  endedBy = iota // the function that was given to Go or Resume has returned
	byTunnel                 // the tunnel was closed
	byPartner                // End
)

// ended notes that the handler is done: its function has returned, by whatever way, its tunnel was closed, or its partner
// has said so.
func (x *Exchange) ended(by endedBy) {
	x.mu.Lock()
	if by == byReturn {
		x.running--
		if x.running == 0 { // somebody else may go on waiting, but the place is the function's, and it is done with it
			x.reclaim()
		}
		if !x.returned && (x.driven || x.running > 0 || x.out.tunnel && x.out.panic == nil) { // it goes on without the function
			panicked := x.out.panic != nil
			x.mu.Unlock()
			if panicked {
				x.wake()
			}
			return
		}
	}
	held, heldFor := x.held, x.heldFor
	x.held, x.partner = false, nil
	x.returned, x.out.ended = true, true
	x.body.closed = true // whoever still reads has outlived the handler
	x.cond.Broadcast()
	x.stopTimers()
	// Once the lock is given up, the carrier may give the exchange to the pool: nothing of it is touched after that.
	free, cancel, c := x.abandoned && x.running == 0, x.cancel, x.carrier
	tell := !x.abandoned && !x.wakes
	x.wakes = x.wakes || tell
	x.mu.Unlock()
	if held {
		c.(Holder).Unhold(heldFor)
	}
	if cancel != nil {
		cancel(context.Canceled)
	}
	switch {
	case free:
		x.free()
	case tell:
		c.Wake()
	}
}

// stopTimers removes the deadlines. The lock is held.
func (x *Exchange) stopTimers() {
	for i, t := range x.timers {
		if t != nil {
			t.Stop()
			x.timers[i] = nil
		}
	}
}

// run calls the handler's function and survives its panic, which the carrier reports.
func (x *Exchange) run(f func(*Exchange)) {
	defer func() {
		if v := recover(); v != nil {
			x.mu.Lock()
			x.out.failed(v)
			x.mu.Unlock()
		}
		x.ended(byReturn)
	}()
	f(x)
}

// wake tells the carrier, once until it has looked.
func (x *Exchange) wake() {
	x.mu.Lock()
	tell := !x.wakes && !x.abandoned
	x.wakes = x.wakes || tell
	c := x.carrier // read under the lock: once abandoned, the exchange may serve another connection
	x.mu.Unlock()
	if tell {
		c.Wake()
	}
}

// Context ends when the client has gone, when the exchange was given up, or when the handler's function returns.
// It is used off the loop and from goroutines that the handler starts.
func (x *Exchange) Context() context.Context {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lent = true
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithCancelCause(context.Background())
		if x.gone != nil {
			x.cancel(x.gone)
		}
	}
	return x.ctx
}

// free gives the exchange back to the pool. Both ends are done with it.
func (x *Exchange) free() {
	if x.lent {
		x.leave()
		return
	}
	x.drop()
	x.Request, x.Peer, x.carrier, x.Trace, x.Pinned, x.block = nil, nil, nil, nil, nil, nil
	x.ctx, x.cancel, x.gone = nil, nil, nil
	x.partner, x.driver = nil, nil
	x.body.reset()
	x.out.reset()
	if cap(x.mem) > 64<<10 { // one giant head must not be kept for ever
		x.mem = nil
	}
	pool.Put(x)
}

// leave ends an exchange for good that the pool must not have: a goroutine of the handler's may still be within Read or
// Write, or come back to them, and must never meet another request there. The garbage collector knows when it is gone.
func (x *Exchange) leave() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop()
	x.body.reset()
	x.out.reset()
	x.body.closed, x.out.ended = true, true
	if x.gone == nil {
		x.gone = errEnded
	}
	x.cond.Broadcast()
}

// Forget says that the carrier has taken over the pieces of the answer and will release them.
func (x *Exchange) Forget() {
	clear(x.pieces)
	x.pieces = x.pieces[:0]
}

// drop releases the pieces that were not taken.
func (x *Exchange) drop() {
	for i := range x.pieces {
		if r := x.pieces[i].Release; r != nil {
			r.Release()
		}
	}
	clear(x.pieces)
	x.pieces = x.pieces[:0]
}
