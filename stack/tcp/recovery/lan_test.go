package recovery

import (
	"slices"
	"testing"
	"time"
)

// On a path of less than some milliseconds a time-out lasts hundreds of round trips, so that a single one decides how long
// a transfer takes, and so does every acknowledgement that the peer delays. Data and acknowledgements are lost alike, and
// one acknowledgement stands for a whole flight, as where the peer receives in batches: when that is lost, nothing else
// comes.
func TestShortPathsSeldomTimeOut(t *testing.T) {
	if raceDetector {
		t.Skip("nothing here is concurrent")
	}
	const seeds = 100
	us := int64(time.Microsecond)
	for _, c := range []struct {
		delay    int64 // one way
		loss     float64
		patience time.Duration // for the median transfer
	}{
		{25 * us, 0.01, 40 * time.Millisecond},
		{100 * us, 0.01, 60 * time.Millisecond},
		{500 * us, 0.01, 160 * time.Millisecond},
		{1000 * us, 0.01, 280 * time.Millisecond},
		{25 * us, 0.05, 140 * time.Millisecond},
		{100 * us, 0.05, 220 * time.Millisecond},
		{500 * us, 0.05, 560 * time.Millisecond},
		{1000 * us, 0.05, 1000 * time.Millisecond},
	} {
		var times []time.Duration
		timeouts, again, lost := 0, 0, 0
		for seed := range uint64(seeds) {
			m := newSim(t, seed, Cubic, path{delay: c.delay, rate: 1e9, queue: 4 << 20, loss: c.loss, ackLoss: c.loss, batch: 50 * us})
			m.size = 2 << 20
			times = append(times, m.run())
			i := m.s.Info()
			timeouts += int(i.Timeouts)
			again += int(i.Retransmitted) / m.mss
			lost += m.dropped
		}
		slices.Sort(times)
		median := times[seeds/2]
		// dropped counts data only: what is sent again beyond it are probes after a lost acknowledgement.
		if timeouts > 1 || median > c.patience || float64(again) > 1.05*float64(lost) {
			t.Errorf("round trip %v, loss %v: %d time-outs in %d transfers, the median of which takes %v; %d segments lost, %d sent again",
				time.Duration(2*c.delay), c.loss, timeouts, seeds, median, lost, again)
		}
	}
}
