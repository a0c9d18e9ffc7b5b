package exchange

// Pace is how fast a response may leave. The zero Pace is no limit.
type Pace struct {
	Rate  int64 // bytes a second; 0: no limit
	Burst int64 // bytes that may leave at once after a rest; 0: a quarter of a second's
}

// SetPace limits how fast the response leaves, head and body, whether its body is bytes, a file or streamed, until the exchange
// ends. Nothing sleeps meanwhile: a timer of the loop sends what is due, ten times a second at most, and the window stays
// closed for whoever writes. What the client is owed late for that reason counts against no time-out and no minimum rate. It
// is called before the response is begun, on the loop or off it; rate is bytes a second and burst bytes, as in Pace.
func (x *Exchange) SetPace(rate, burst int64) {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	x.pace = Pace{Rate: max(rate, 0), Burst: max(burst, 0)}
}

// PaceOf is what SetPace has set. It is for carriers.
func (x *Exchange) PaceOf() Pace {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	return x.pace
}
