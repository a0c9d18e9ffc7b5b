package serve

// pace is a bucket of bytes that may leave, which fills at the rate, and a turn at what is shared with other connections.
type pace struct {
	rate, burst int64 // 0: only what is shared counts
	tokens      int64 // bytes that may leave at once
	at          int64 // engine time up to which the bucket was filled
	until       int64 // output waits until then; 0: it does not

	share Share // nil: nothing is shared
	turn  int64 // bytes of the share that may leave
	from  int64 // and from when on
}

// Share is what connections share that send no faster than they may all together. It is called by all loops, and does not
// block. Times are the engine's.
type Share interface {
	Reserve(now int64) (n, from int64) // a turn: so many bytes may leave, from then on
	Return(n int64)                    // of a turn, what was not needed
}

// SetPace limits how fast what is sent from now on leaves: at most rate bytes a second (0: no limit), beside burst bytes after a
// rest (0: a quarter of a second's). What was sent before is not held up. While output waits for its time, no time-out and no
// minimum rate of the client runs. With a share, what all leave with that have it counts besides. A pace ends where another
// begins; it may be set within a turn only.
func (c *Conn) SetPace(w *Worker, rate, burst int64, share Share) {
	if rate <= 0 && share == nil {
		if c.pace != nil {
			c.pace.end()
			c.pace = nil
		}
		return
	}
	c.write(w, true)
	if c.pace != nil {
		c.pace.end()
	}
	rate = max(rate, 0)
	if burst <= 0 {
		burst = max(rate/4, 1)
	}
	c.pace = &pace{rate: rate, burst: burst, tokens: burst, at: w.Now, share: share}
}

// Paced reports whether what was sent waits for its time or may have to: then Pending is asked, and Sent follows.
func (c *Conn) Paced(w *Worker) bool {
	if c.pace == nil {
		return false
	}
	c.write(w, false)
	return c.Pending()
}

// allow is how many bytes may leave now, up to most; with none, until is when the next may.
func (p *pace) allow(now int64, most int) int {
	p.until = 0
	if p.share != nil {
		if p.turn <= 0 {
			p.turn, p.from = p.share.Reserve(now)
		}
		if p.from > now {
			p.until = p.from
			return 0
		}
		most = int(min(int64(most), p.turn))
	}
	if p.rate <= 0 {
		return most
	}
	p.fill(now)
	if p.tokens <= 0 {
		// Not byte by byte: a tick's worth at once costs a tenth of the turns that a hundredth of a second would.
		need := min(max(p.rate/(1e9/tick), 1), p.burst) - p.tokens
		p.until = max(p.at+need*1e9/p.rate, now+1)
		return 0
	}
	return int(min(int64(most), p.tokens))
}

// spend notes that bytes have left.
func (p *pace) spend(n int64) {
	if p.rate > 0 {
		p.tokens -= n
	}
	if p.share != nil {
		p.turn -= n
	}
}

// end gives back what is left of a turn.
func (p *pace) end() {
	if p.share != nil && p.turn > 0 {
		p.share.Return(p.turn)
	}
	p.turn = 0
}

// fill adds what has come due since the last time. The time for parts of a byte is kept.
func (p *pace) fill(now int64) {
	took := now - p.at
	if full := (p.burst - p.tokens) * 1e3 / p.rate; took/1e6 > full { // and no overflow after a long rest
		p.tokens, p.at = p.burst, now
		return
	}
	if n := took / 1e3 * p.rate / 1e6; n > 0 {
		p.tokens = min(p.tokens+n, p.burst)
		p.at += n * 1e9 / p.rate
	}
}
