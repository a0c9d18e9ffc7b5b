package site

import (
	"strings"
	"sync/atomic"

	"vitrine/trace"
)

// permission is what a visit knows of whether its client may. It outlives an internal redirect, after which the rules of the
// new path are asked with what was proven before.
type permission struct {
	gate  *settings // whose rules are asked
	next  step      // that follows when the client may
	began int       // events of the journey before the step authorize, which may begin anew off the loop

	personal bool // the answer is for this client, and no other may get it
	named    bool // the names were asked for
	busy     bool // as many waited as may
	names    []string
	unnamed  error // why there are none

	login login
	taken taken                // of the rates
	held  atomic.Pointer[held] // what is to be given back at the end
}

// guarded is the step that follows when the settings' rules let the client in: that itself, when nothing is asked. OPTIONS
// asks about a path and not about the route that answers, so the settings are not always the visit's.
func (v *visit) guarded(t *settings, next step) step {
	if t.guard == nil && t.limit == nil {
		return next
	}
	v.permission.gate, v.permission.next = t, next
	return permit
}

// authorize decides whether the client may have what is here, before anything tells whether it exists. What must be
// waited for holds no goroutine; then the step begins anew off the loop.
//
// The client is told that it may not, and nothing about the rule: that is for the error log and for whoever explains.
func (v *visit) authorize() (step, *trace.Reason) {
	p := &v.permission
	if v.looking() {
		p.began = len(v.x.Trace.Events)
	}
	if p.busy {
		p.busy = false
		v.refusal = refusal{status: 503, retry: true}
		return v.refused(AccessBusy.Reach(), p.gate.at, nil)
	}
	if g := p.gate.guard; g != nil {
		if next, why := v.ask(g); next != permit {
			return next, why
		}
	}
	if l := p.gate.limit; l != nil && v.nest == nil { // what a page includes is part of one request
		if next, why := v.count(l); next != permit {
			return next, why
		}
	}
	return p.next, nil
}

// again forgets what the step has told, since it begins anew off the loop.
func (v *visit) again() {
	if v.looking() {
		v.x.Trace.Events = v.x.Trace.Events[:v.permission.began]
	}
}

// ask asks the rules of an access block. It returns permit when they let the client in.
func (v *visit) ask(g *guard) (step, *trace.Reason) {
	v.permission.personal = v.permission.personal || !g.onlyNetworks()
	if g.asksPlace() {
		why, line := g.place(v.x.Client.Addr())
		if why == NameAsked {
			NameAsked.Reach()
			var waits bool
			if why, line, waits = v.askNames(g); waits {
				return v.waitForNames()
			}
		}
		user := g.either && len(g.schemes) > 0 // may make up for the place
		v.tellPlace(g, why, line, user)
		switch {
		case why == nil && user:
			return permit, nil
		case why != nil && !user:
			return v.forbid(why, line)
		}
	}
	if len(g.schemes) == 0 {
		return permit, nil
	}
	return v.askUser(g)
}

// forbid answers 403. The page says no more than that.
func (v *visit) forbid(why *trace.Reason, line *trace.Position) (step, *trace.Reason) {
	v.refusal.status = 403
	next, _ := v.refused(why.Reach(), line, nil)
	v.refusal.reason = Forbidden.Reach()
	return next, why
}

// askNames decides by the client's names as far as they are known; waits is true when they must be waited for.
func (v *visit) askNames(g *guard) (why *trace.Reason, line *trace.Position, waits bool) {
	p, names := &v.permission, v.h.opt.Names
	line = &g.conf.Hosts[0].Pos
	switch {
	case p.named:
	case names == nil && v.rehearsed(): // a server would have somebody to ask
		return NameUnasked, line, false
	case names == nil:
		return NoNames, line, false
	default:
		var known bool
		p.names, known = names.Known(v.x.Client.Addr())
		switch {
		case known:
			p.named = true
		case v.rehearsed():
			return NameUnasked, line, false
		default:
			return nil, nil, true
		}
	}
	at, _ := g.named(p.names)
	switch {
	case at != nil:
		return nil, at, false
	case p.unnamed != nil:
		return NameFailed, line, false
	}
	return NameElsewhere, line, false
}

// waitForNames asks for the client's names without a goroutine.
func (v *visit) waitForNames() (step, *trace.Reason) {
	p, a, names := &v.permission, v.x.Client.Addr(), v.h.opt.Names
	return v.wait(permit, func(resume func()) {
		asked := names.Ask(a, func(found []string, err error) {
			p.named, p.names, p.unnamed = true, found, err
			resume()
		})
		if !asked {
			p.busy = true
			resume()
		}
	})
}

// tellPlace tells what the rules about the client's place came to, and which of them were passed over.
func (v *visit) tellPlace(g *guard, why *trace.Reason, line *trace.Position, user bool) {
	if why == nil {
		AddressAllowed.Reach()
	}
	if !v.looking() {
		return
	}
	client := v.x.Client.Addr().Unmap()
	subject := shownClient(client)
	for i := range g.networks.All() {
		n := &g.networks.All()[i]
		if n.Pos == line {
			continue
		}
		reason := "does not contain the address"
		if client.IsValid() && n.Prefix.Contains(client.WithZone("")) {
			reason = "a more specific network decides, or deny for the same one"
		}
		v.tell("access", AccessPassedOver.Reach(), n.Pos, n.String(), false, trace.D("why", reason))
	}
	var details []trace.Detail
	if v.permission.named {
		found := "none that leads back to the address"
		if len(v.permission.names) > 0 {
			found = strings.Join(v.permission.names, " ")
		}
		if v.permission.unnamed != nil {
			details = append(details, trace.D("error", v.permission.unnamed.Error()))
		} else {
			details = append(details, trace.D("names", found))
		}
	}
	if why == nil {
		v.tell("access", AddressAllowed, line, subject, true, details...)
		return
	}
	if user {
		details = append(details, trace.D("satisfy", "any: a user may make up for it"))
	}
	v.tell("access", why, line, subject, !user, details...)
}
