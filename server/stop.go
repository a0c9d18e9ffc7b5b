package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// logTime is how long the logs may take to be written at the end.
const logTime = 5 * time.Second

// stop drains: no new connections, every request that was received is answered, idle connections close. The
// configuration's limit or a second signal ends that at once.
func (s *Server) stop(sig os.Signal, signals <-chan os.Signal) Ending {
	notify(stateStopping)
	limit := s.now.config.Timeouts.Drain.V
	why := signalName(sig)
	if s.network.isLost() {
		why = errLost.Error()
	}
	s.unshow() // whoever looks is told, and is not waited for
	s.log.event(Draining, fmt.Sprintf("%s; %s open, at most %v", why, connections(s.web.Engine().Open()), limit))

	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, errDrainLimit)
	defer cancel()
	ctx, again := context.WithCancelCause(ctx)
	defer again(nil)
	done := make(chan struct{})
	defer close(done)
	go s.listenWhileDraining(signals, done, again)

	ending := Drained
	err := s.web.Drain(ctx)
	if s.network.isLost() {
		err = errLost // even if nobody was connected: it did not stop because it was told to
	}
	if err == nil {
		s.network.settle(ctx)
	} else {
		ending = Cut
		if open := s.web.Engine().Open(); open > 0 || err != errLost { // that nobody was connected is said already
			s.log.event(CutShort, fmt.Sprintf("%v; %s still open", err, connections(open)))
		}
	}
	s.release()
	s.log.event(Stopped, "")
	s.log.Close()
	flush, cancelFlush := context.WithTimeout(context.Background(), logTime)
	defer cancelFlush()
	s.files.Close(flush)
	return ending
}

var (
	errDrainLimit = errors.New("the limit for draining has passed")
	errSecondTime = errors.New("told to stop a second time")
	errLost       = errors.New("the network's interface is gone")
)

// listenWhileDraining obeys what signals can still ask for: another one to stop ends the drain, and log files are
// still reopened. Without an interface there is nothing to wait for.
func (s *Server) listenWhileDraining(signals <-chan os.Signal, done <-chan struct{}, again context.CancelCauseFunc) {
	for {
		select {
		case sig, ok := <-signals:
			switch {
			case !ok:
				signals = nil
			case sig == sigReload, sig == sigReopen:
				s.files.Reopen()
			default:
				again(errSecondTime)
				return
			}
		case <-s.network.lost():
			again(errLost)
			return
		case <-done:
			return
		}
	}
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

func signalName(sig os.Signal) string {
	switch sig {
	case nil:
		return "told to stop"
	case sigTerminate:
		return "SIGTERM"
	case os.Interrupt:
		return "SIGINT"
	}
	return sig.String()
}
