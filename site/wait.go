package site

import (
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// wait suspends the visit without a goroutine, on the loop or off it, until resume is called, once, from any goroutine, also
// before start returns. Then the walk goes on with a step, off the loop. When as many wait as may, the answer is 503.
func (v *visit) wait(next step, start func(resume func())) (step, *trace.Reason) {
	x, was := v.x, v.away
	if !x.Suspend(nil) {
		v.refusal = refusal{status: 503, retry: true}
		return v.refused(AccessBusy.Reach(), v.settings.at, nil)
	}
	if !was {
		v.asks()
		v.away = true
	}
	if next == permit {
		v.again()
	}
	if !was && v.looking() {
		v.before = x.Trace.Events
	}
	v.h.hold()
	start(func() {
		if x.Resume(func(*exchange.Exchange) {
			defer v.h.drop()
			v.walk(next)
		}) {
			return
		}
		defer v.h.drop()
		x.Because(AccessBusy.Reach(), nil)
		x.Respond(tryAgain)
		x.End()
	})
	return done, nil
}

// tryAgain is the answer of those who waited and find everybody busy.
var tryAgain = func() *message.Block {
	var h message.Header
	h.Set("Content-Length", "0")
	h.Set("Retry-After", "1")
	return message.NewBlock(503, &h)
}()
