package site

import (
	"vitrine/config"
	"vitrine/config/template"
	"vitrine/site/route"
	"vitrine/trace"
)

// checkGroups refuses placeholders of groups that the route's pattern does not have.
func (c *compiler) checkGroups(r *config.Route, p *route.Pattern) {
	check := func(t *template.Template, at trace.Position) {
		if t == nil {
			return
		}
		for v, name := range t.Vars() {
			if v != template.MatchGroup || p.HasGroup(name) {
				continue
			}
			hint := `a route with groups begins with ~, such as "~ ^/old/(.*)$"`
			if p.IsRegexp() {
				hint = "its groups are counted from 1, and (?P<name>…) has a name"
			}
			c.fail(at, "{match."+name+"} stands for nothing: the route "+r.Pattern.V+" has no such group", hint)
		}
	}
	if r.Redirect != nil {
		check(r.Redirect.To.V, r.Redirect.To.Pos)
	}
	if r.Respond != nil {
		check(r.Respond.Body.V, r.Respond.Body.Pos)
	}
	for i := range r.Settings.Headers {
		if h := &r.Settings.Headers[i]; h.Value != nil {
			check(h.Value, h.Pos)
		}
	}
}
