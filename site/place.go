package site

import (
	"vitrine/trace"
)

// place is the root and the path below it that the request's path means: the folder of a user's, the one file of the route,
// or the root with its prefix. It returns false when the next step is decided.
func (v *visit) place() (path []byte, next step, why *trace.Reason, ok bool) {
	t := v.settings
	v.leaveHome() // the step begins anew off the loop
	if t.homes != nil {
		if name, below, ours := t.homes.split(v.request().Path()); ours {
			return v.findHome(name, below)
		}
	}
	v.root = t.root
	if t.root == nil {
		v.refusal.status = 404
		next, why = v.refused(NothingHere.Reach(), t.at, nil)
		return nil, next, why, false
	}
	if t.single != nil {
		if v.looking() {
			v.tell("resource", SingleFile.Reach(), &t.route.File.Pos, t.route.File.V, true)
		}
		SingleFile.Reach()
		return t.single, 0, nil, true
	}
	path, stripped := t.below(v.request().Path())
	if stripped && v.looking() {
		v.tell("resource", StripPrefix.Reach(), &t.conf.StripPrefix.Pos, t.conf.StripPrefix.V, true, trace.D("leaves", string(path)))
	}
	return path, 0, nil, true
}

// findHome goes into a user's folder.
func (v *visit) findHome(name, below []byte) (path []byte, next step, why *trace.Reason, ok bool) {
	h, now := v.settings.homes, v.x.Start
	found, absent := h.known(name, now)
	var err error
	switch {
	case v.rehearsed() || found == nil && !absent && v.away:
		if found != nil {
			found.release()
		}
		found, err = h.find(string(name), now)
	case absent:
		err = errUnknown
	case found == nil:
		next, why = v.leave(resolve)
		return nil, next, why, false
	}
	if err != nil {
		next, why = v.noHome(string(name), err)
		return nil, next, why, false
	}
	v.home, v.root = found, found.root
	if len(below) == 0 {
		next, why = v.addSlash()
		return nil, next, why, false
	}
	HomeFound.Reach()
	if v.looking() {
		v.tell("resource", HomeFound, &v.settings.conf.Homes.Pos, string(name), true, trace.D("folder", found.root.Dir()), trace.D("leaves", string(below)))
	}
	return below, 0, nil, true
}

// noHome answers for a name under which no folder is served. Whoever keeps the server learns why; to the client, a user that
// there is not and one who is not served look alike.
func (v *visit) noHome(name string, err error) (step, *trace.Reason) {
	v.refusal.status = 404
	return v.refused(NoUserHome.Reach(), &v.settings.conf.Homes.Pos, []trace.Detail{trace.D("user", name), trace.D("because", err.Error())})
}

// leaveHome gives the visit's hold on a user's folder back.
func (v *visit) leaveHome() {
	if v.home != nil {
		v.home.release()
		v.home = nil
	}
}

// rootLine is the line that says where files come from.
func (v *visit) rootLine() *trace.Position {
	t := v.settings
	switch {
	case v.home != nil:
		return &t.conf.Homes.Pos
	case t.single != nil:
		return &t.route.File.Pos
	case t.conf.Root != nil:
		return &t.conf.Root.Pos
	}
	return t.at
}
