package site

import (
	"strconv"
	"sync"
	"time"

	"vitrine/site/cgi"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// queued is a request that waits until its script may be run, without a goroutine, and what it holds meanwhile.
type queued struct {
	v       *visit
	s       *scripts
	input   scriptInput
	slot    bool // it has one
	verdict cgi.Verdict
	since   time.Time

	mu     sync.Mutex
	ticket *cgi.Ticket
	over   bool // the exchange is no longer ours
}

// queue suspends the visit until there is a slot. Then it finds the script once more, since it may be another by now.
func (v *visit) queue(s *scripts, input scriptInput) (step, *trace.Reason) {
	x := v.x
	q := &queued{v: v, s: s, input: input, since: time.Now()}
	switch {
	case s.slots.Full():
		input.close()
		return v.busy(s, cgi.Full)
	case !x.Suspend(q):
		input.close()
		return v.busy(s, cgi.Full)
	}
	v.queued = q
	v.h.hold()
	t := s.slots.Wait(s.conf.QueueTime.V, q.called)
	q.mu.Lock()
	q.ticket = t
	q.mu.Unlock()
	q.look() // the client may have gone before anybody was told
	return done, nil
}

// called goes on, off the loop, with what became of the waiting.
func (q *queued) called(verdict cgi.Verdict) {
	q.mu.Lock()
	q.over = true
	q.mu.Unlock()
	v := q.v
	x := v.x
	q.verdict, q.slot = verdict, verdict == cgi.Taken
	if x.Resume(func(*exchange.Exchange) {
		defer v.h.drop()
		v.walk(script)
	}) {
		return
	}
	defer v.h.drop()
	x.Because(ScriptsBusy.Reach(), &q.s.conf.Concurrent.Pos)
	x.Respond(tryAgain)
	x.End()
	q.release()
}

// Stir is the Partner's.
func (q *queued) Stir() { go q.look() }

// look gives the place in the queue up when the client has gone.
func (q *queued) look() {
	q.mu.Lock()
	if q.over || q.ticket == nil {
		q.mu.Unlock()
		return
	}
	state, t := q.v.x.Look(), q.ticket
	q.mu.Unlock()
	if state.Left || state.Gone != nil {
		t.Leave()
	}
}

// release gives back what was not used.
func (q *queued) release() {
	q.input.close()
	if q.slot {
		q.slot = false
		q.s.slots.Give()
	}
}

// busy answers for a script that may not be run now.
func (v *visit) busy(s *scripts, verdict cgi.Verdict) (step, *trace.Reason) {
	var why string
	switch verdict {
	case cgi.Full:
		why = "the queue is full"
	case cgi.TooLate:
		why = "it waited for " + s.conf.QueueTime.V.String()
	case cgi.Gone:
		why = "the client went away"
	}
	v.refusal.status, v.refusal.retry = 503, true
	return v.refused(ScriptsBusy.Reach(), &s.conf.Concurrent.Pos, []trace.Detail{trace.D("why", why), trace.D("at once", strconv.Itoa(s.conf.Concurrent.V))})
}
