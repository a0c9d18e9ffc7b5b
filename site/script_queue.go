package site

import (
	"strconv"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
)

// queued is a request that has waited until its script may be run, and what it holds.
type queued struct {
	s      *scripts
	input  scriptInput
	how    passage
	inside bool // the gate: it is to be left
	since  time.Time
}

// queue suspends the visit until the script may be run. Then it finds the script once more, since it may be another by now.
func (v *visit) queue(s *scripts, input scriptInput) (step, *trace.Reason) {
	h, q := v.h, &queued{s: s, input: input, since: time.Now()}
	v.queued = q
	h.hold()
	if s.gate.wait(v.x, func(_ *exchange.Exchange, how passage) {
		defer h.drop()
		q.how, q.inside = how, how == entered
		v.walk(script)
	}, func(x *exchange.Exchange) {
		q.release()
		turnAway(x, ScriptsBusy, &s.conf.Concurrent.Pos)
		h.drop()
	}) {
		return done, nil
	}
	h.drop()
	v.queued = nil
	q.release()
	return v.busy(s, fullLine)
}

// release gives back what was not used.
func (q *queued) release() {
	q.input.close()
	if q.inside {
		q.inside = false
		q.s.gate.leave()
	}
}

// busy answers for a script that may not be run now.
func (v *visit) busy(s *scripts, why string) (step, *trace.Reason) {
	v.refusal.status, v.refusal.retry = 503, true
	return v.refused(ScriptsBusy.Reach(), &s.conf.Concurrent.Pos, []trace.Detail{trace.D("why", why), trace.D("at once", strconv.Itoa(s.conf.Concurrent.V))})
}
