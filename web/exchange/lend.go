package exchange

import (
	"errors"
	"io"
	"net/netip"

	"vitrine/socket"
)

// Partner drives a lent exchange from a loop, without a goroutine.
type Partner interface {
	// Stir says that there is something to look at: the window has opened after it was Full, bytes or the end of the
	// request's body came, or the client has gone. It is called at most once until Exchange.Look, from any goroutine, must
	// not block and must not use the exchange: it schedules a turn of its own, in which it looks.
	Stir()
}

// State is what a lent exchange allows at the moment.
type State struct {
	Room    int   // bytes that the window has left; 0: it is used up, and Stir follows when half of it is free
	Body    int   // bytes of the request's body that ReadBody has at once
	BodyEnd bool  // and nothing follows them
	Left    bool  // the client has ended its direction, as one does that has gone; a cautious partner goes on all the same
	Gone    error // a *GoneError: the exchange was given up. What is written is dropped; only End is still to be called
}

// Lend detaches the exchange without a goroutine: from now on it is driven by its partner, from any goroutine but by one at
// a time, and nothing that it does blocks. Write takes everything at once, whether the window has room or not, and Look and
// Full say whether it has: a partner that heeds them holds no more than the window and what it was given last. ReadBody
// returns what is there. Stream, Respond, Inform, Flush, SetTrailer, Abort, CloseAfter and Because work as ever. End says
// that the partner is done, and must be called once, whatever happens; nothing of the exchange may be used after it.
//
// Lend is called within Serve, or in the function that was given to Go or Resume, whose return then ends nothing. The partner
// may be nil when nobody needs to be told, and be changed later by another Lend. Whoever calls Lend on a loop returns from
// Serve without touching the exchange if the partner may run elsewhere.
func (x *Exchange) Lend(p Partner) {
	if !x.detached {
		x.detach()
	}
	x.mu.Lock()
	x.driven = true
	tell := x.follow(p)
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
}

// Lent reports whether the exchange is driven without a goroutine at the moment. It may be called from any goroutine.
func (x *Exchange) Lent() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.driven
}

// Look says what a lent exchange allows, and has the next change stir the partner again.
func (x *Exchange) Look() State {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stirred = false
	s := State{Room: max(x.limits.Output-x.out.queued, 0), Body: len(x.body.buf) - x.body.r, Left: x.left, Gone: x.gone}
	s.BodyEnd = x.body.eof || x.body.err != nil
	x.out.full = s.Room == 0
	return s
}

// Full reports whether the window of a lent exchange is used up: then the partner stops producing until it is stirred.
func (x *Exchange) Full() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.out.full = x.out.queued >= x.limits.Output
	if x.out.full {
		x.stirred = false // whoever is told to wait is told when to go on
	}
	return x.out.full
}

// ReadBody reads what is there of a lent exchange's request body, up to len(p). It returns socket.ErrWouldBlock when nothing
// is there yet: Stir follows. At the end it returns io.EOF, and for a body that failed or a client that has gone a
// *GoneError.
func (x *Exchange) ReadBody(p []byte) (int, error) {
	if !x.detached {
		return 0, ErrNotDetached
	}
	x.mu.Lock()
	b := &x.body
	if len(b.buf) == b.r {
		var err error
		switch {
		case b.err != nil:
			err = b.err
		case b.eof:
			err = io.EOF
		case x.gone != nil:
			err = x.gone
		default:
			err = socket.ErrWouldBlock
			x.stirred = false
		}
		ask := err == socket.ErrWouldBlock && (!b.wanted || b.starved) // 100 (Continue) is due, or the carrier waits for credit
		b.wanted = b.wanted || ask
		x.mu.Unlock()
		if ask {
			x.wake()
		}
		return 0, err
	}
	n, tell := x.unload(p)
	x.mu.Unlock()
	if tell {
		x.wake()
	}
	return n, nil
}

// End says that the partner of a lent exchange is done with it: the response is complete, or there will be none, and then
// the carrier answers 500, or cuts off what was begun and has not its announced length. It is called once, also when the
// client has gone, and nothing of the exchange may be used afterwards.
func (x *Exchange) End() { x.ended(byPartner) }

// ErrBusy is returned when as many exchanges are off the loops, or as many links open, as the settings allow: the answer is
// 503.
var ErrBusy = errors.New("exchange: as many wait already as may")

// Holder is a Carrier that counts the exchanges that wait without a goroutine.
type Holder interface {
	// Hold counts one of a client that begins to wait. It returns false when as many wait as may, in all or of the client's network.
	Hold(client netip.Addr) bool
	// Unhold counts one of the same client that waits no longer. It may be called from any goroutine.
	Unhold(client netip.Addr)
}

// Suspend detaches the exchange until Resume, without a goroutine: whoever answers a question that the exchange depends on
// holds on to it meanwhile. It is a Lend that is counted: it returns false, and the exchange is still the loop's, when as
// many are suspended as may be (Settings.Suspended of the server), and in a dry run, which waits for nobody. The answer is
// then 503. The partner, which may be nil, is stirred when the client has gone, and for nothing else; the exchange must be
// resumed or ended all the same.
//
//	if !x.Suspend(nil) {
//		return busy // 503
//	}
//	resolver.Lookup(addr, func(name string) { // called later, on any goroutine, or at once
//		if !x.Resume(func(x *exchange.Exchange) { answer(x, name) }) {
//			respond503(x) // Respond does not block
//			x.End()
//		}
//	})
func (x *Exchange) Suspend(p Partner) bool {
	h, ok := x.carrier.(Holder)
	who := x.Client.Addr()
	if !ok || !h.Hold(who) {
		return false
	}
	if !x.detached {
		x.detach()
	}
	x.mu.Lock()
	x.driven, x.held, x.heldFor = true, true, who // in one step with the partner, whom what comes of the body must not stir
	tell := x.follow(p)
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
	return true
}

// Resume ends a Suspend or a Lend: f runs on a goroutine of the bounded pool, as the function that is given to Go does, and
// also when the client has gone meanwhile (Gone tells). It returns false, and the exchange is still lent, when the pool is
// full. It may be called from any goroutine, and nothing of the exchange may be used after it has returned true.
func (x *Exchange) Resume(f func(x *Exchange)) bool {
	x.mu.Lock()
	held, heldFor, partner := x.held, x.heldFor, x.partner
	x.driven, x.partner, x.held = false, nil, false
	x.running++
	c := x.carrier
	x.mu.Unlock()
	if !c.Spawn(func() { x.run(f) }) {
		x.mu.Lock()
		x.driven, x.held = true, held
		x.running--
		tell := x.follow(partner)
		x.mu.Unlock()
		if tell != nil {
			tell.Stir()
		}
		return false
	}
	if held {
		c.(Holder).Unhold(heldFor)
	}
	return true
}

// Gone is why the exchange was given up, nil while it was not: the client has left, or the server stops. It may be called
// from any goroutine that may use the exchange.
func (x *Exchange) Gone() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.gone
}

// arrived is stir for what comes of the request's body, which means nothing to those who are suspended.
func (x *Exchange) arrived() Partner {
	if x.held {
		return nil
	}
	return x.stir()
}

// follow makes p the partner, and returns it when it is to be told at once: the client may have gone while there was nobody to
// tell. The lock is held; Stir is called without it.
func (x *Exchange) follow(p Partner) Partner {
	x.partner, x.stirred = p, false
	if x.gone == nil && !x.left {
		return nil
	}
	return x.stir()
}

// stir is the partner that is to be told now, nil when none is. The lock is held; Stir is called without it.
func (x *Exchange) stir() Partner {
	if x.partner == nil || x.stirred {
		return nil
	}
	x.stirred = true
	return x.partner
}
