package exchange

import (
	"errors"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

// LinkOptions say where a link goes, and its bounds. They are shared by all links made with them and must not change.
type LinkOptions struct {
	Address socket.Address
	// Protocol keeps links apart that go to one address and speak differently, such as "fastcgi".
	Protocol string
	Connect  time.Duration // until it is established; 0: five seconds
	Write    time.Duration // for which output may wait without any of it being taken; 0: one minute
	// Idle is how many links stay open on each loop when nobody uses them, each for at most IdleTime (0: one minute);
	// Idle 0 keeps none.
	Idle     int
	IdleTime time.Duration
	// Most bounds the links that are open on each loop at once; 0: no bound but that of the exchanges.
	Most int
}

// Link is a connection to somebody else on the loop that carries the exchange. Its methods are for use within calls of
// its LinkDriver, unless they say otherwise.
type Link interface {
	// Send takes all of p and copies it. It never blocks; what the peer does not take waits, and Queued says how much that is.
	Send(p []byte)
	// Queued is how many bytes wait for the transport. After a call in which it was not 0, LinkDriver.Sent follows when it is.
	Queued() int
	// Pause stops reading until Resume: what the driver leaves unused, and what the peer sends, waits.
	Pause()
	// Resume goes on reading, beginning with what was left.
	Resume()
	// SetTimeout has LinkDriver.Expired called when so much time has passed, to a tenth of a second; 0 removes it. There is
	// one time-out.
	SetTimeout(d time.Duration)
	// Shut closes our direction once everything sent has left; reading goes on.
	Shut()
	// Reused reports whether the link comes from those that were idle: it may have been closed by its peer meanwhile, and
	// a request that was lost with it before anything of a response came may be sent once more (Exchange.Redial).
	Reused() bool
	// Rest gives the link back for others to use: the request and its response are complete. The driver is told nothing more
	// of it. Where it can't be kept it is closed: bytes that nobody asked for were left unused, output waits, there are
	// enough.
	Rest()
	// Close ends the link at once. The driver is told nothing more of it, Gone neither.
	Close()
	// Wake schedules a call of LinkDriver.Woken. It may be called from any goroutine, at any time.
	Wake()
}

// LinkDriver speaks a protocol on a link for one exchange. Its methods are called one after the other, never concurrently,
// and must not block: under events and events-per-core on the loop that also carries the client. In them the exchange, which
// is lent, is used freely.
type LinkDriver interface {
	// Connected is the first call: the link is established, or an idle one was found.
	Connected(l Link)
	// Receive is given the bytes that are there, those left over from before first, and returns how many it used.
	Receive(l Link, in []byte) int
	// EOF says that the peer has ended its direction.
	EOF(l Link)
	// Woken follows Link.Wake, and each Stir of the exchange. Several may be one call, and there may be a call without any.
	// It may come before Connected: then the driver looks whether its client is still there.
	Woken(l Link)
	// Sent says that what was sent has been handed to the transport, after Queued was not 0.
	Sent(l Link)
	// Expired says that the time-out has passed.
	Expired(l Link)
	// Gone says that the link has ended, or could not be made: why, and the system's error where there was one. It is the
	// last call, and the only one for an idle link that ended when it was found. l may be nil when there never was a link.
	Gone(l Link, why *trace.Reason, err error)
}

// Dialer is a Carrier that makes links.
type Dialer interface {
	// Dial makes or finds a link for the exchange, whose driver is Exchange.LinkDriver, and returns at once. fresh wants
	// one that nobody has used. It may be called from any goroutine.
	Dial(x *Exchange, o *LinkOptions, fresh bool) error
}

// ErrNoLinks is returned where there can be no links: in a dry run, which sends nothing.
var ErrNoLinks = errors.New("exchange: its carrier makes no links")

// Dial has the exchange answered through a link, an idle one or a new one: it lends the exchange to the driver, which from
// now on is the only one to use it, and returns at once. It is called within Serve, or in the function given to Go or Resume;
// with an error nothing has happened, and the exchange is used as before: ErrNoLinks, or ErrBusy. Everything else that may
// go wrong is told to the driver, by Gone.
//
// The driver calls End when the response is complete or there will be none.
func (x *Exchange) Dial(o *LinkOptions, d LinkDriver) error { return x.dial(o, d, false) }

// Redial is Dial from within Gone, for a new link: after a reused one has turned out to be dead, or to try another address.
func (x *Exchange) Redial(o *LinkOptions, d LinkDriver) error { return x.dial(o, d, true) }

func (x *Exchange) dial(o *LinkOptions, d LinkDriver, fresh bool) error {
	c, ok := x.carrier.(Dialer)
	if !ok {
		return ErrNoLinks
	}
	was := x.detached
	driven := was && x.Lent()
	if !was {
		x.detach()
	}
	x.mu.Lock()
	x.driven, x.partner, x.stirred, x.driver = true, nil, false, d
	x.mu.Unlock()
	err := c.Dial(x, o, fresh)
	if err != nil {
		x.mu.Lock()
		x.driven = driven
		x.mu.Unlock()
		x.detached = was
	}
	return err
}

// DialFor makes a link for an exchange that is carried within this one, where the links of this one are. It is for carriers
// of requests within requests, whose Dial it is.
func (x *Exchange) DialFor(inner *Exchange, o *LinkOptions, fresh bool) error {
	c, ok := x.carrier.(Dialer)
	if !ok {
		return ErrNoLinks
	}
	return c.Dial(inner, o, fresh)
}

// LinkDriver is what Dial was given. It is for carriers.
func (x *Exchange) LinkDriver() LinkDriver {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.driver
}

// Follow makes p the partner of a lent exchange. It is for carriers, within a turn of the link that p is.
func (x *Exchange) Follow(p Partner) {
	x.mu.Lock()
	tell := x.follow(p)
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
}
