package recovery

import "math"

// The constants of RFC 9438 §4.1 and §4.6.
const (
	cubicC    = 0.4
	cubicBeta = 0.7
	// cubicAlpha makes the average window the one that Reno has, although CUBIC reduces less (RFC 9438 §4.3).
	cubicAlpha = 3 * (1 - cubicBeta) / (1 + cubicBeta)
)

// cubic is the state of RFC 9438. Windows are segments, since the curve's constant is in segments.
type cubic struct {
	epoch    int64   // when the present congestion avoidance began; 0: it begins with the next growth
	frozen   int64   // since when the window has not been used, so that time stands still; 0: it is used
	estimate float64 // W_est, the window that Reno would have
	max      float32 // W_max, the window before the last reduction
	prior    float32 // cwnd_prior: from here on the estimate grows as fast as Reno
	k        float32 // K, seconds until the curve is back at max
	flat     bool    // the next epoch begins at its own maximum: after a time-out
}

// grow is how many bytes the window grows for acked bytes in congestion avoidance, given the window and the round trip.
func (c *cubic) grow(now int64, acked int, window, mss int32, rtt int64) int {
	w := float64(window) / float64(mss)
	if c.epoch == 0 {
		c.begin(now, w)
	}
	if c.frozen != 0 { // RFC 9438 §5.8: periods in which the window was not used are left out
		c.epoch += now - c.frozen
		c.frozen = 0
	}
	segs := float64(acked) / float64(mss)
	t := float64(now-c.epoch) / 1e9

	// RFC 9438 §4.3: the Reno-friendly region, figure 4.
	alpha := cubicAlpha
	if c.estimate >= float64(c.prior) {
		alpha = 1
	}
	c.estimate += alpha * segs / w
	if c.at(t) < c.estimate {
		return int(max(c.estimate-w, 0) * float64(mss))
	}
	// RFC 9438 §4.4 and §4.5: towards where the curve will be in one round trip, and not faster than by half in one.
	target := min(max(c.at(t+float64(rtt)/1e9), w), 1.5*w)
	return int((target - w) / w * float64(acked))
}

// begin starts an epoch at the window w (RFC 9438 §4.2, figures 1 and 2).
func (c *cubic) begin(now int64, w float64) {
	c.epoch, c.frozen = now, 0
	c.estimate = w
	if c.flat || float64(c.max) <= w {
		// Also RFC 9438 §4.8, after a time-out, and §4.10, after slow start that ended without loss.
		c.max, c.k = float32(w), 0
	} else {
		c.k = float32(math.Cbrt((float64(c.max) - w) / cubicC))
	}
	c.flat = false
}

// at is W_cubic(t), t in seconds since the epoch began.
func (c *cubic) at(t float64) float64 {
	d := t - float64(c.k)
	return cubicC*d*d*d + float64(c.max)
}

// reduce is the slow-start threshold after a congestion event at the given window, in bytes (RFC 9438 §4.6). The window
// stands for the flight's size, as it only grows while it is used.
func (c *cubic) reduce(window, mss int32) int32 {
	w := float32(window) / float32(mss)
	c.prior = w
	if w < c.max { // RFC 9438 §4.7, fast convergence: somebody else needs room
		c.max = w * (1 + cubicBeta) / 2
	} else {
		c.max = w
	}
	c.epoch, c.flat = 0, false
	return max(int32(float64(window)*cubicBeta), 2*mss)
}

// freeze says that the window is not used any more, or has not been since then.
func (c *cubic) freeze(since int64) {
	if c.epoch != 0 && c.frozen == 0 {
		c.frozen = since
	}
}
