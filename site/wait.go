package site

import (
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// wait suspends the visit without a goroutine, on the loop or off it, until resume is called, once, from any goroutine, also
// before start returns. Then the walk goes on with a step, off the loop. When as many wait as may, the answer is 503.
func (v *visit) wait(next step, start func(resume func())) (step, *trace.Reason) {
	x := v.x
	if !x.Suspend(nil) {
		v.refusal = refusal{status: 503, retry: true}
		return v.refused(AccessBusy.Reach(), &v.h.conf.Limits.Handlers.Pos, nil)
	}
	if next == permit {
		v.again()
	}
	v.departs()
	start(func() {
		if x.Resume(func(*exchange.Exchange) {
			defer v.h.drop()
			v.walk(next)
		}) {
			return
		}
		defer v.h.drop()
		turnAway(x, AccessBusy, &v.h.conf.Limits.Handlers.Pos)
	})
	return done, nil
}

// turnAway ends an exchange that has waited and for which no goroutine can be had.
func turnAway(x *exchange.Exchange, why *trace.Reason, line *trace.Position) {
	x.Because(why.Reach(), line)
	x.Respond(tryAgain)
	x.End()
}

// tryAgain is the answer of those who waited and find everybody busy.
var tryAgain = func() *message.Block {
	var h message.Header
	h.Set("Content-Length", "0")
	h.Set("Retry-After", "1")
	return message.NewBlock(503, &h)
}()
