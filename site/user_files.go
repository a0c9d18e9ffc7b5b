package site

import (
	"cmp"
	"errors"
	"time"

	"vitrine/config"
	"vitrine/site/access"
	"vitrine/trace"
)

// scheme is an auth block, compiled. It is immutable but for its file.
type scheme struct {
	conf      *config.Auth
	passwords *access.Watched[access.Passwords] // of basic
	digests   *access.Watched[access.Digests]   // of digest
	realm     access.Realm                      // of digest
}

// name is the scheme as it stands in an Authorization field.
func (s *scheme) name() string {
	if s.digests != nil {
		return "Digest"
	}
	return "Basic"
}

// schemes compiles the auth blocks and reads their files for the first time.
func (c *compiler) schemes(g *guard) {
	state, now := c.h.opt.State, time.Now().UnixNano()
	for _, a := range g.conf.Auth {
		s := &scheme{conf: a}
		var err error
		if a.Scheme.V == "digest" {
			s.digests = state.DigestFile(a.File.V, a.Realm.V)
			s.realm = access.Realm{Name: a.Realm.V, Life: a.Nonce.V, UserHash: a.UserHash.V}
			for _, name := range a.Algorithms {
				s.realm.Algorithms = append(s.realm.Algorithms, access.Algorithm(name.V))
			}
			err = first(c.h, s.digests, &a.File, now)
		} else {
			s.passwords = state.PasswordFile(a.File.V, a.Plain.V)
			err = first(c.h, s.passwords, &a.File, now)
		}
		if err != nil {
			c.failFile(&a.File, "users", err)
		}
		g.schemes = append(g.schemes, s)
	}
	if g.conf.GroupFile.V != "" && len(g.conf.Groups) > 0 {
		g.groups = state.GroupFile(g.conf.GroupFile.V)
		if err := first(c.h, g.groups, &g.conf.GroupFile, now); err != nil {
			c.failFile(&g.conf.GroupFile, "groups", err)
		}
	}
}

var errNotRead = errors.New("it could not be read before, and has not changed")

// first reads a file when nobody has, and else sees to it that what it says is not old. That it is broken now, while what it said
// before holds, is told as it is at a request.
func first[T any](h *Handler, w *access.Watched[T], file *config.Value[string], now int64) error {
	err := lookAt(h, w, file, now)
	if v, _ := w.Get(); v == nil {
		return cmp.Or(err, errNotRead)
	}
	return nil
}

func (c *compiler) failFile(file *config.Value[string], what string, err error) {
	for _, e := range c.errors {
		if e.Pos == file.Pos {
			return // a block that is inherited is compiled for each route
		}
	}
	c.fail(file.Pos, "the file with the "+what+" cannot be used: "+err.Error(), "htpasswd -B makes files for basic, htdigest for digest")
}

// freshen looks whether the files have changed, once a second and off the loop. stale means that the visit goes there, or
// has been answered.
func (v *visit) freshen(g *guard) (next step, why *trace.Reason, stale bool) {
	now := v.x.Start
	if v.away {
		now = time.Now().UnixNano()
	}
	if g.fresh(now) {
		return 0, nil, false
	}
	if !v.away {
		v.again()
		next, why = v.goAway()
		return next, why, true
	}
	for _, s := range g.schemes {
		if s.digests != nil {
			lookAt(v.h, s.digests, &s.conf.File, now)
		} else {
			lookAt(v.h, s.passwords, &s.conf.File, now)
		}
	}
	if g.groups != nil {
		lookAt(v.h, g.groups, &g.conf.GroupFile, now)
	}
	return 0, nil, false
}

// goAway lets the step begin anew off the loop.
func (v *visit) goAway() (step, *trace.Reason) {
	next, why := v.leave(permit)
	if next == refuse {
		why = AccessBusy.Reach()
		v.refusal.reason = why
	}
	return next, why
}

// fresh reports whether all files were looked at lately.
func (g *guard) fresh(now int64) bool {
	for _, s := range g.schemes {
		if s.digests != nil && !s.digests.Fresh(now) || s.passwords != nil && !s.passwords.Fresh(now) {
			return false
		}
	}
	return g.groups == nil || g.groups.Fresh(now)
}

// lookAt looks at a file and tells the owner what is wrong with it, or that nothing is any more.
func lookAt[T any](h *Handler, w *access.Watched[T], file *config.Value[string], now int64) error {
	recovered, err := w.Look(now)
	held, _ := w.Get()
	switch {
	case h.opt.Notify == nil, held == nil:
	case err != nil:
		h.opt.Notify(UsersKept.Reach(), file.Pos, file.V+": "+err.Error())
	case recovered:
		h.opt.Notify(UsersRead.Reach(), file.Pos, file.V)
	}
	return err
}
