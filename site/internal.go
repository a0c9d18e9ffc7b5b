package site

import (
	"vitrine/site/resource"
	"vitrine/trace"
)

// led reports whether the site itself led the request to its path: by an internal redirect, or because a page includes it. What
// a client asks for is never led.
func (v *visit) led() bool { return v.inner != nil || v.nest != nil }

// internal answers whoever asks for a route that is internal as if nothing were there. Which route it is, is for the log and
// for whoever explains. The site's own rules of access come first, as they do for paths that lead to nothing.
func (v *visit) internal(t *settings) (step, *trace.Reason) {
	v.refusal = refusal{status: 404}
	_, why := v.refused(RouteInternal.Reach(), &t.route.Internal.Pos, nil)
	v.refusal.reason = NothingHere.Reach()
	if v.settings.root != nil {
		v.refusal.reason = resource.Missing("").Reason.Reach()
	}
	return v.guarded(v.settings, refuse), why
}

// internalFirst is the first route that a path belongs to, when that is internal and the request was not led there; else nil.
// Then not even the method is refused, for that would say that there is something.
func (v *visit) internalFirst(path []byte) *settings {
	if v.led() {
		return nil
	}
	s := v.settings.site
	for i := range s.routes.Matches(path) {
		if t := s.each[i]; t.route.Internal.V {
			return t
		}
		return nil
	}
	return nil
}
