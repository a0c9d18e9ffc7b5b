package exchange

// Pace is how fast a response may leave. The zero Pace is no limit.
type Pace struct {
	Rate  int64 // bytes a second; 0: no limit
	Burst int64 // bytes that may leave at once after a rest; 0: a quarter of a second's
	Share Share // what it shares with others; nil: nothing
}

// Share is what responses share that leave no faster than they may all together. Its methods are called from any loop, and
// do not block.
type Share interface {
	// Reserve gives n bytes that may leave from a time on, which may be later than now. Times are the engine's, in nanoseconds.
	Reserve(now int64) (n, from int64)
	// Return gives back bytes that did not leave.
	Return(n int64)
}

// Paces reports whether there is any limit.
func (p Pace) Paces() bool { return p.Rate > 0 || p.Share != nil }

// SetPace limits how fast the response leaves, head and body, whether its body is bytes, a file or streamed, until the exchange
// ends. Nothing sleeps meanwhile: a timer of the loop sends what is due, ten times a second at most, and the window stays
// closed for whoever writes. What the client is owed late for that reason counts against no time-out and no minimum rate. It
// is called before the response is begun, on the loop or off it; rate is bytes a second and burst bytes, as in Pace.
func (x *Exchange) SetPace(rate, burst int64) {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	x.pace.Rate, x.pace.Burst = max(rate, 0), max(burst, 0)
}

// SharePace lets the response leave no faster than it and others may together, beside what SetPace has set. It is called when
// SetPace may be.
func (x *Exchange) SharePace(s Share) {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	x.pace.Share = s
}

// PaceOf is what SetPace and SharePace have set. It is for carriers.
func (x *Exchange) PaceOf() Pace {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	return x.pace
}
