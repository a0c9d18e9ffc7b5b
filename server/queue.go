package server

import (
	"os"
	"slices"
)

// signalQueue is the signals that a server is to obey, one after the other. It belongs to the goroutine that runs the
// server's life.
type signalQueue struct {
	arriving <-chan os.Signal
	waiting  []os.Signal     // that came while the server was busy
	lost     <-chan struct{} // closed when the server cannot go on; nil: it always can
}

// next waits for a signal. It returns false when there will be none any more, or none is needed.
func (q *signalQueue) next() (os.Signal, bool) {
	if len(q.waiting) > 0 {
		sig := q.waiting[0]
		q.waiting = q.waiting[1:]
		return sig, true
	}
	select {
	case sig, ok := <-q.arriving:
		return sig, ok
	case <-q.lost:
		return nil, false
	}
}

// later puts a signal off until next. One that waits already is not put off a second time.
func (q *signalQueue) later(sig os.Signal) {
	if !slices.Contains(q.waiting, sig) {
		q.waiting = append(q.waiting, sig)
	}
}

// during hands over the signals that arrive until something is done; false says that there will be none any more.
func (q *signalQueue) during(done <-chan struct{}, obey func(sig os.Signal, ok bool)) {
	for arriving := q.arriving; ; {
		select {
		case sig, ok := <-arriving:
			if !ok {
				arriving = nil
			}
			obey(sig, ok)
		case <-done:
			return
		}
	}
}
