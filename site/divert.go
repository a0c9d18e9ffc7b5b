package site

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/site/elsewhere"
	"vitrine/trace"
	"vitrine/web/message"
)

// diversion is what sends clients to another URL before anything is answered: state that belongs into the URL, an overload,
// a server that is nearer. It is immutable but for the gauges and the health of servers.
type diversion struct {
	balance *config.Balance
	gauge   *elsewhere.Gauge
	others  *group

	nearer *config.Nearer
	near   *group

	augment *config.Augment
	valid   *regexp.Regexp // nil: every value that is not empty
}

// group is the servers of one block, and who asks whether they are well.
type group struct {
	servers []elsewhere.Server
	at      []*trace.Position
	checker *elsewhere.Checker // nil: nobody asks, and all are taken to be well
}

func (g *group) well(i int) bool { return g.checker == nil || g.checker.Well(i) }

// diversion compiles what the settings say. Routes that inherit a block share its gauge, and those who ask about its servers.
func (c *compiler) diversion(conf *config.Settings) *diversion {
	if conf.Augment == nil && conf.Balance == nil && conf.Nearer == nil {
		return nil
	}
	d := &diversion{augment: conf.Augment, balance: conf.Balance, nearer: conf.Nearer}
	if b := d.balance; b != nil {
		below := int64(b.Below.V)
		if below == 0 {
			below = int64(b.Above.V) * 9 / 10
		}
		key := fmt.Sprint(b.Measure.V, b.Above.V, below)
		if c.gauges[key] == nil {
			c.gauges[key] = &elsewhere.Gauge{Above: int64(b.Above.V), Below: below}
		}
		d.gauge = c.gauges[key]
		d.others = c.group(b.Servers, b.Check)
	}
	if n := d.nearer; n != nil {
		d.near = c.group(n.Servers, n.Check)
	}
	if a := d.augment; a != nil && a.Valid.V != "" {
		d.valid = regexp.MustCompile("^(?:" + a.Valid.V + ")$") // config has checked it
	}
	return d
}

func (c *compiler) group(conf []*config.ElsewhereServer, check *config.HealthCheck) *group {
	g := &group{}
	var urls []string
	for _, s := range conf {
		server := elsewhere.Server{URL: strings.TrimSuffix(s.URL.V, "/"), Here: s.Here.V, Weight: s.Weight.V}
		for _, n := range s.Networks {
			server.Networks = append(server.Networks, n.V)
		}
		g.servers, g.at, urls = append(g.servers, server), append(g.at, &s.Pos), append(urls, server.URL)
	}
	if check == nil {
		return g
	}
	o := elsewhere.CheckOptions{Path: check.Path.V, Interval: check.Interval.V, Timeout: check.Timeout.V, Rise: check.Rise.V, Fall: check.Fall.V}
	key := fmt.Sprint(urls, o.Path, o.Interval, o.Timeout, o.Rise, o.Fall)
	if c.checkers[key] == nil {
		o.Changed = c.h.serverChanged
		c.checkers[key] = elsewhere.NewChecker(g.servers, o)
		c.h.checkers = append(c.h.checkers, c.checkers[key])
	}
	g.checker = c.checkers[key]
	return g
}

// serverChanged tells the error log of a server that is well no more, or again.
func (h *Handler) serverChanged(url string, well bool, answer string) {
	state := "is not well: no client is sent there"
	if well {
		state = "is well again"
	}
	h.report(0, fmt.Errorf("the server %s %s; its last answer: %s", url, state, answer))
}

// divert sends the client to another URL when its own lacks what belongs there, when this server is overloaded, or when
// another one is nearer; else the walk goes on with what answers here.
func (v *visit) divert() (step, *trace.Reason) {
	v.memorize = false
	d := v.settings.divert
	if d.balance != nil {
		if location := v.overloaded(d); location != "" {
			return v.sendAway(location, d.balance.Status.V, Overloaded)
		}
	}
	if d.nearer != nil {
		if location := v.nearest(d); location != "" {
			return v.sendAway(location, d.nearer.Status.V, Nearer)
		}
	}
	if d.augment != nil {
		if location := v.augmented(d); location != "" {
			return v.sendAway(location, d.augment.Status.V, Augmented)
		}
	}
	return v.answers(), nil
}

// sendAway redirects for this moment and this client: nobody may keep it.
func (v *visit) sendAway(location string, status int, why *trace.Reason) (step, *trace.Reason) {
	v.header.Set("Cache-Control", "no-store")
	return v.sendTo(location, status, why)
}

// movable reports whether a redirect with the status takes the request along: one without a body, whose method stays.
func (v *visit) movable(status int) bool {
	r := v.request()
	return r.Method == message.GET || r.Method == message.HEAD || status == 307 && r.ContentLength == 0 && r.Method != message.OPTIONS
}

// wholeTarget is the path and the query as the client sent them.
var wholeTarget = func() *template.Template {
	t, err := template.Compile("{uri}", template.ForRedirect)
	if err != nil {
		panic(err)
	}
	return t
}()

// overloaded is where the client is sent because this server has too much to do, or "".
func (v *visit) overloaded(d *diversion) string {
	b := d.balance
	v.line = &b.Pos
	if d.others.checker != nil && !v.rehearsed() {
		d.others.checker.Begin()
	}
	measure := int64(0)
	if v.h.opt.Load != nil {
		measure = v.h.opt.Load(b.Measure.V)
	}
	over := false
	if v.rehearsed() {
		over = d.gauge.Is(measure)
	} else {
		over = d.gauge.Over(measure)
	}
	stay := func(why *trace.Reason) string {
		why.Reach()
		if v.looking() {
			v.tell("balance", why, v.line, b.Measure.V, false, trace.D("measured", strconv.FormatInt(measure, 10)),
				trace.D("above", strconv.FormatInt(d.gauge.Above, 10)), trace.D("below", strconv.FormatInt(d.gauge.Below, 10)))
		}
		return ""
	}
	switch {
	case !over:
		return stay(NotOverloaded)
	case !v.movable(b.Status.V):
		return stay(NotMovable)
	case b.Mark.V != "" && hasParameter(v.request().Query(), b.Mark.V):
		return stay(SentHere)
	}
	i := v.choose(d.others, "balance")
	if i < 0 {
		return ""
	}
	location := v.at(&d.others.servers[i])
	if b.Mark.V != "" {
		joint := "?"
		if strings.Contains(location, "?") {
			joint = "&"
		}
		location += joint + b.Mark.V + "=1"
	}
	return location
}

// nearest is where the client is sent because that server is for it, or "" when it is this one.
func (v *visit) nearest(d *diversion) string {
	v.line = &d.nearer.Pos
	if !v.movable(d.nearer.Status.V) {
		NotMovable.Reach()
		if v.looking() {
			v.tell("nearer", NotMovable, v.line, v.request().MethodName(), false)
		}
		return ""
	}
	if d.near.checker != nil && !v.rehearsed() {
		d.near.checker.Begin()
	}
	i := v.choose(d.near, "nearer")
	if i < 0 || d.near.servers[i].Here {
		return ""
	}
	return v.at(&d.near.servers[i])
}

// choose finds the server of a group for the client, and tells of those that were passed over.
func (v *visit) choose(g *group, where string) int {
	client := v.client()
	choice := elsewhere.Choose(g.servers, client, g.well)
	if choice.Index >= 0 {
		v.line = g.at[choice.Index]
	}
	if v.looking() {
		for i := range g.servers {
			why, taken := elsewhere.PassedOver, false
			switch {
			case i == choice.Index:
				why, taken = choice.Reason, true
			case !g.servers[i].Here && !g.well(i):
				why = elsewhere.Unwell
			}
			v.tell(where, why.Reach(), g.at[i], g.servers[i].URL, taken, trace.D("client", client.String()))
		}
		if choice.Index < 0 {
			v.tell(where, choice.Reason, v.line, client.String(), false)
		}
	}
	return choice.Index
}

// at is the URL of the request on another server.
func (v *visit) at(s *elsewhere.Server) string {
	v.buf = wholeTarget.Append(append(v.buf[:0], s.URL...), v.vars().URL())
	return encodeLiteral(v.buf)
}

// augmented is the request's URL with the parameter that it lacks, or "" when it has it.
func (v *visit) augmented(d *diversion) string {
	a, query := d.augment, v.request().Query()
	v.line = &a.Pos
	value, has := parameter(query, a.Name.V)
	if !v.movable(302) || has && value != "" && (d.valid == nil || d.valid.MatchString(value)) {
		HasState.Reach()
		if v.looking() {
			v.tell("augment", HasState, v.line, a.Name.V, false)
		}
		return ""
	}
	given := string(a.Value.V.Append(nil, v.vars().URL()))
	if plain, err := url.QueryUnescape(given); err != nil || plain == "" || d.valid != nil && !d.valid.MatchString(plain) {
		// The client would come back, and be sent on again.
		NoState.Reach()
		if v.looking() {
			v.tell("augment", NoState, v.line, a.Name.V, false, trace.D("value", given))
		}
		return ""
	}
	// A reference that is only a query keeps the path, whatever a proxy has taken from its front (RFC 3986 §5.2.2).
	location := append(v.buf[:0], '?')
	for _, part := range bytes.Split(query, []byte{'&'}) {
		if name, _, _ := bytes.Cut(part, []byte{'='}); len(part) > 0 && string(name) != a.Name.V {
			location = append(append(location, part...), '&')
		}
	}
	location = append(append(append(location, a.Name.V...), '='), given...)
	v.buf = location
	return encodeLiteral(location)
}

// parameter is the first value of a query parameter, decoded, and whether there is one.
func parameter(query []byte, name string) (value string, has bool) {
	for _, part := range bytes.Split(query, []byte{'&'}) {
		key, raw, _ := bytes.Cut(part, []byte{'='})
		if string(key) != name {
			continue
		}
		value, err := url.QueryUnescape(string(raw))
		return value, err == nil
	}
	return "", false
}

func hasParameter(query []byte, name string) bool {
	_, has := parameter(query, name)
	return has
}

// client is who asks.
func (v *visit) client() netip.Addr { return v.x.Client.Addr().Unmap() }

// circles reports whether a redirect sends the client about in a circle. A redirect that is the same for every request was
// looked at when the configuration was checked.
func (v *visit) circles(location string) bool {
	if v.rehearsed() || v.memorize || !v.client().IsValid() {
		return false
	}
	r := v.x.Request
	to, err := url.Parse(location)
	if err != nil {
		return false
	}
	from := &url.URL{Scheme: r.Scheme, Host: string(r.Authority.Of(r.Arena())), Path: string(r.Path()), RawQuery: string(r.Query())}
	return v.h.hops.Circle(v.client(), hop(from), hop(from.ResolveReference(to)), time.Now().UnixNano())
}

// hop writes a URL as it is known again in the request that it leads to: each URL has many spellings (RFC 3986 §6.2), and a client
// that follows a redirect uses another one than the redirect, as the path of a request is decoded and has no double slashes.
func hop(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	path := u.Path
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return u.Scheme + "://" + strings.TrimSuffix(host, ":") + path + "?" + u.RawQuery
}
