package site

import (
	"strconv"
	"time"

	"vitrine/config"
	"vitrine/site/access"
	"vitrine/trace"
)

// limit compiles a rate block; nil when it bounds nothing. Settings that inherit one count with it.
func (c *compiler) limit(conf *config.Rate) *access.Limit {
	if !conf.Bounds() {
		return nil
	}
	at := trace.Position{File: conf.Pos.File, Line: conf.Pos.Line, Column: conf.Pos.Column}
	if l := c.limits[at]; l != nil {
		return l
	}
	l := c.h.opt.State.NewLimit(conf, len(c.limits))
	c.limits[at] = l
	c.h.limits = append(c.h.limits, l)
	return l
}

// mostTaken bounds the rates that one visit is counted by: its own, and those of the paths that it was led to.
const mostTaken = 4

// taken is the rates that a visit was counted by.
type taken struct {
	n    int
	all  [mostTaken]counted
	done bool
}

type counted struct {
	limit *access.Limit
	key   access.Key
	taken access.Taken
}

// held is what is given back when an exchange ends, which may be while its function still runs off the loop.
type held struct {
	counted
	before *held
}

var released held

// count counts the request by a rate block, once however often it is led elsewhere. It returns permit when the request may go
// on, which a timer says when it must wait for its turn.
func (v *visit) count(l *access.Limit) (step, *trace.Reason) {
	p := &v.permission
	p.personal = true
	for i := range p.taken.n {
		if c := &p.taken.all[i]; c.limit == l {
			v.tellLimit(l, &c.taken)
			return permit, nil
		}
	}
	conf := l.Conf()
	if l.Exempt(v.x.Client.Addr()) {
		if v.looking() {
			v.tell("rate", RateExempt.Reach(), &conf.Pos, shownClient(v.x.Client.Addr()), false)
		}
		return permit, nil
	}
	key := v.rateKey(l)
	now := v.x.Start
	if v.away {
		now = time.Now().UnixNano()
	}
	t := l.Take(key, now, !v.rehearsed())
	if !t.OK {
		line, why := &conf.Requests.Pos, RateExceeded
		if t.Crowded {
			line, why = &conf.Concurrent.Pos, RateCrowded
		}
		v.tellLimit(l, &t)
		return v.tooMany(why, line, t.Wait)
	}
	if p.taken.n < mostTaken {
		p.taken.all[p.taken.n] = counted{l, key, t}
		p.taken.n++
	}
	if conf.Concurrent.V > 0 {
		p.hold(counted{l, key, t})
	}
	if b := l.Bandwidth(); b > 0 {
		v.x.SetPace(b, 0)
	}
	if !v.rehearsed() {
		if b := l.Shared(key); b != nil {
			v.x.SharePace(b)
		}
	}
	why := RateAllowed
	if t.Wait > 0 {
		why = RateDelayed
	}
	why.Reach()
	if v.looking() {
		details := []trace.Detail{trace.D("left", strconv.FormatInt(t.Left, 10))}
		if b := l.Bandwidth(); b > 0 {
			details = append(details, trace.D("bandwidth", strconv.FormatInt(b, 10)))
		}
		v.tell("rate", why, &conf.Pos, shownClient(v.x.Client.Addr()), true, details...)
	}
	if t.Wait > 0 && !v.rehearsed() {
		return v.wait(permit, func(resume func()) { time.AfterFunc(t.Wait, resume) })
	}
	v.tellLimit(l, &t)
	return permit, nil
}

// rateKey is what the request is counted with.
func (v *visit) rateKey(l *access.Limit) access.Key {
	by := l.Conf().By.V
	switch text, static := by.Static(); {
	case static && text == "user" && v.user != "":
		v.buf = append(v.buf[:0], v.user...)
	case static:
		return l.Client(v.x.Client.Addr())
	default:
		v.buf = by.Append(v.buf[:0], v.vars())
		if len(v.buf) == 0 {
			return l.Client(v.x.Client.Addr())
		}
	}
	return l.Text(v.buf)
}

// tellLimit tells the client what is left, when the block says so (draft-ietf-httpapi-ratelimit-headers-10).
func (v *visit) tellLimit(l *access.Limit, t *access.Taken) {
	conf := l.Conf()
	if !conf.Headers.V || conf.Requests.V == "" {
		return
	}
	quota := int64(conf.Burst.V) + 1
	window := wholeSeconds(time.Duration(quota) * conf.Interval())
	v.header.Set("RateLimit-Policy", `"default";q=`+strconv.FormatInt(quota, 10)+`;w=`+strconv.FormatInt(window, 10))
	v.header.Set("RateLimit", `"default";r=`+strconv.FormatInt(max(t.Left, 0), 10)+`;t=`+strconv.FormatInt(wholeSeconds(t.Reset), 10))
}

// wholeSeconds is a time in seconds, rounded up.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// hold keeps a count that is to be given back when the exchange ends. When it has ended already, it is given back now.
func (p *permission) hold(c counted) {
	for {
		before := p.held.Load()
		if before == &released {
			c.limit.Done(c.key, c.taken)
			return
		}
		if p.held.CompareAndSwap(before, &held{c, before}) {
			return
		}
	}
}

// end gives back what is held.
func (p *permission) end() {
	for h := p.held.Swap(&released); h != nil && h != &released; h = h.before {
		h.limit.Done(h.key, h.taken)
	}
}
