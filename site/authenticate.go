package site

import (
	"strconv"
	"time"

	"vitrine/site/access"
	"vitrine/trace"
	"vitrine/web/message"
)

// identity is who a client has proven to be, by one auth block or not at all.
type identity struct {
	scheme *scheme
	user   string
	info   string // of Authentication-Info
}

// login is what a visit knows of its client's credentials. It outlives an internal redirect: what was proven with them is not
// asked again, and a digest's count not taken twice.
type login struct {
	proven  []identity
	version uint64 // of the file that the password was held against; 0: none yet
	right   bool   // it was there
	failed  bool   // and counted as wrong
	slowed  bool   // and answered late
}

// askUser asks for a user. It returns permit when one is let in.
func (v *visit) askUser(g *guard) (step, *trace.Reason) {
	if g.conf.Preflight.V && v.isPreflight() {
		PreflightAllowed.Reach()
		if v.looking() {
			v.tell("access", PreflightAllowed, &g.conf.Preflight.Pos, string(v.request().Path()), true)
		}
		return permit, nil
	}
	if next, why, stale := v.freshen(g); stale {
		return next, why
	}
	for _, id := range v.permission.login.proven {
		for _, s := range g.schemes {
			if s.conf.File.V == id.scheme.conf.File.V && s.conf.Realm.V == id.scheme.conf.Realm.V && s.name() == id.scheme.name() {
				return v.admitUser(g, id)
			}
		}
	}
	r := v.x.Request
	value := r.Fields.Get(message.Authorization)
	switch {
	case value == nil:
		return v.challenge(g, CredentialsMissing, false, "")
	case r.Fields.Repeated(message.Authorization):
		return v.improper(g)
	}
	name, rest := access.Scheme(value)
	for _, s := range g.schemes {
		if message.EqualFold(name, s.name()) {
			if s.digests != nil {
				return v.checkDigest(g, s, rest)
			}
			return v.checkBasic(g, s, rest)
		}
	}
	return v.challenge(g, SchemeOther, false, "")
}

// isPreflight reports whether a browser asks whether a page of another origin may ask (Fetch Standard, CORS-preflight).
func (v *visit) isPreflight() bool {
	r := v.x.Request
	if r.Method != message.OPTIONS || !r.Fields.Has(message.Origin) {
		return false
	}
	_, has := r.Fields.Lookup("Access-Control-Request-Method")
	return has
}

// improper answers with 400: several credentials, and a proof that cannot be read or is for another path (RFC 7616 §3.4).
func (v *visit) improper(g *guard) (step, *trace.Reason) {
	v.refusal.status = 400
	return v.refused(CredentialsImproper.Reach(), &g.conf.Auth[0].Pos, nil)
}

// checkBasic checks a name with its password. What takes long is done elsewhere, and right ones are remembered for a while.
func (v *visit) checkBasic(g *guard, s *scheme, rest []byte) (step, *trace.Reason) {
	user, password, err := access.ParseBasic(rest)
	if err != nil { // browsers forget what they hold for a realm, and ask again, only at 401 (RFC 9110 §11.4)
		return v.challenge(g, CredentialsImproper, false, "")
	}
	state, p := v.h.opt.State, &v.permission.login
	users, version := s.passwords.Get()
	now := v.x.Start
	if !p.failed {
		if next, why, locked := v.locked(g, user); locked { // first of all: or what is known of others would tell which guess is right
			return next, why
		}
		if state.Knows(version, user, password, now) {
			return v.admitUser(g, identity{scheme: s, user: user})
		}
	}
	if !p.failed && p.version != version { // what another version of the file says counts for nothing
		p.version = version
		check := func() { p.right = users.Verify(user, password, state.Decoy(user)) }
		client := v.x.Client.Addr()
		if v.rehearsed() {
			if !v.away {
				p.version = 0
				v.again()
				return v.goAway()
			}
			check()
		} else {
			return v.wait(permit, func(resume func()) {
				asked := state.Hash(client, func() {
					switch {
					case v.x.Gone() != nil:
						v.permission.busy = true // nobody waits for the answer
					case v.lockedFor(g, user) == 0: // it may have failed too often meanwhile, and then is told that
						check()
					}
					resume()
				})
				if !asked {
					v.permission.busy = true
					resume()
				}
			})
		}
	}
	if !p.right {
		return v.wrong(g, user)
	}
	if !v.rehearsed() {
		state.Learn(version, user, password, now)
		state.Succeed(v.x.Client.Addr(), user)
	}
	return v.admitUser(g, identity{scheme: s, user: user})
}

// checkDigest checks a proof by digest.
func (v *visit) checkDigest(g *guard, s *scheme, rest []byte) (step, *trace.Reason) {
	d, err := access.ParseDigest(rest)
	if err != nil {
		return v.improper(g)
	}
	if v.permission.login.failed {
		return v.wrong(g, d.User)
	}
	if next, why, locked := v.locked(g, d.User); locked {
		return next, why
	}
	users, _ := s.digests.Get()
	r := v.x.Request
	proof := v.h.opt.State.CheckDigest(users, &s.realm, &d, string(r.MethodBytes()), string(r.RawTarget()), time.Now().UnixNano(), v.rehearsed())
	switch proof.Verdict {
	case access.Proven:
		if !v.rehearsed() {
			v.h.opt.State.Succeed(v.x.Client.Addr(), d.User)
		}
		return v.admitUser(g, identity{s, proof.User, proof.Info})
	case access.NotForHere:
		return v.challenge(g, SchemeOther, false, d.User)
	case access.Improper:
		return v.improper(g)
	case access.NonceForeign:
		return v.challenge(g, NonceForeign, true, proof.User)
	case access.NonceOld:
		return v.challenge(g, NonceOld, true, proof.User)
	case access.NonceReplayed:
		return v.challenge(g, NonceReplayed, true, proof.User)
	}
	return v.wrong(g, d.User)
}

// locked answers 429 to a client that has failed too often.
func (v *visit) locked(g *guard, user string) (step, *trace.Reason, bool) {
	wait := v.lockedFor(g, user)
	if wait == 0 {
		return 0, nil, false
	}
	next, why := v.tooMany(TooManyFailures, &g.conf.Failures.Pos, wait)
	return next, why, true
}

// lockedFor is how long the client must wait until another password is looked at; 0: not at all.
func (v *visit) lockedFor(g *guard, user string) time.Duration {
	return v.h.opt.State.Locked(v.x.Client.Addr(), user, g.conf.Failures.V, g.conf.Forget.V, time.Now().UnixNano())
}

// wrong answers a wrong name or password, later each time, which holds no goroutine.
func (v *visit) wrong(g *guard, user string) (step, *trace.Reason) {
	p := &v.permission.login
	if !p.failed && !v.rehearsed() {
		p.failed = true
		if delay := v.h.opt.State.Fail(v.x.Client.Addr(), user, g.conf.Forget.V, time.Now().UnixNano()); delay > 0 {
			p.slowed = true
			return v.wait(permit, func(resume func()) { time.AfterFunc(delay, resume) })
		}
	}
	return v.challenge(g, PasswordWrong, false, user)
}

// challenge answers 401 with what is offered here.
func (v *visit) challenge(g *guard, why *trace.Reason, stale bool, user string) (step, *trace.Reason) {
	v.refusal.status = 401
	var details []trace.Detail
	if user != "" {
		details = append(details, trace.D("user", user))
	}
	if v.permission.login.slowed {
		details = append(details, trace.D("answered", "late, since it was wrong before"))
	}
	next, _ := v.refused(why.Reach(), &g.conf.Auth[0].Pos, details)
	v.refusal.reason = Unauthorized.Reach()
	now := time.Now().UnixNano()
	for _, s := range g.schemes {
		if s.digests == nil {
			v.header.Add("WWW-Authenticate", access.BasicChallenge(s.conf.Realm.V))
			continue
		}
		users, _ := s.digests.Get()
		for _, a := range s.realm.Algorithms {
			if users.Serves(a) {
				v.header.Add("WWW-Authenticate", v.h.opt.State.Challenge(&s.realm, a, stale, now))
			}
		}
	}
	return next, why
}

// admitUser decides whether a user who has proven to be one may.
func (v *visit) admitUser(g *guard, id identity) (step, *trace.Reason) {
	p := &v.permission.login
	known := false
	for _, before := range p.proven {
		known = known || before.scheme == id.scheme
	}
	if !known {
		p.proven = append(p.proven, id)
	}
	line, by := g.userRule(id.user)
	if line == nil {
		if v.looking() {
			v.tell("access", UserElsewhere, &g.conf.Pos, id.user, true, trace.D("scheme", id.scheme.name()))
		}
		line = g.firstUserRule()
		return v.forbid(UserElsewhere, line)
	}
	v.x.User, v.x.Scheme = id.user, id.scheme.name()
	v.user = id.user
	if id.info != "" {
		v.header.Set("Authentication-Info", id.info)
	}
	UserAllowed.Reach()
	if v.looking() {
		v.tell("access", UserAllowed, line, id.user, true, trace.D("scheme", id.scheme.name()), trace.D("rule", by))
	}
	return permit, nil
}

// userRule is the line that lets a user in, and how it says so; nil when none does.
func (g *guard) userRule(user string) (*trace.Position, string) {
	if len(g.conf.Users) == 0 && len(g.conf.Groups) == 0 {
		return &g.conf.Auth[0].Pos, "every user in the file"
	}
	for i := range g.conf.Users {
		if g.conf.Users[i].V == user {
			return &g.conf.Users[i].Pos, "users"
		}
	}
	if g.groups != nil {
		groups, _ := g.groups.Get()
		for i := range g.conf.Groups {
			if groups.Has(g.conf.Groups[i].V, user) {
				return &g.conf.Groups[i].Pos, "group " + g.conf.Groups[i].V
			}
		}
	}
	return nil, ""
}

// firstUserRule is where the users or groups begin that may.
func (g *guard) firstUserRule() *trace.Position {
	if len(g.conf.Users) > 0 {
		return &g.conf.Users[0].Pos
	}
	return &g.conf.Groups[0].Pos
}

// tooMany answers 429, with when to try again.
func (v *visit) tooMany(why *trace.Reason, line *trace.Position, wait time.Duration) (step, *trace.Reason) {
	v.refusal.status = 429
	seconds := strconv.FormatInt(wholeSeconds(wait), 10)
	next, _ := v.refused(why.Reach(), line, []trace.Detail{trace.D("retry after", seconds+" s")})
	v.refusal.reason = SlowDown.Reach()
	v.header.Set("Retry-After", seconds)
	return next, why
}
