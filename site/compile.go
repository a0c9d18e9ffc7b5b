package site

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/site/access"
	"vitrine/site/content"
	"vitrine/site/elsewhere"
	"vitrine/site/resource"
	"vitrine/site/route"
	"vitrine/trace"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// site is one site block, compiled. It is immutable but for its memory.
type site struct {
	conf   *config.Site
	name   string
	base   *settings // what holds when no route matches
	routes *route.Table
	each   []*settings // of the routes, by index
	hides  bool        // there are routes, and some path's file may not be shown for another path; see visit.mayShow
	memory memory
}

// all are the settings of the site itself and of its routes.
func (s *site) all() []*settings { return append([]*settings{s.base}, s.each...) }

// settings are what holds for a request once its route is known: the site's settings with what the route says.
// They are immutable
// but for fixed.
type settings struct {
	conf    *config.Settings
	site    *site           // nil: of responses that no site gives
	route   *config.Route   // nil: of the site itself
	pattern *route.Pattern  // of the route
	at      *trace.Position // of the route, else of the site

	named   route.Methods // that the route names; every method when it names none
	allowed route.Methods // that are answered here, OPTIONS not counted; never every method
	none    bool          // allowed is no method at all
	// anyMethod: a program answers here and the route names no methods. So it gets OPTIONS, as browsers send it before they
	// let another site's page ask, and those that this server has not heard of, such as WebDAV's. Not TRACE: see NoEcho.
	anyMethod bool

	root   *resource.Root // nil: no files here
	homes  *homes         // nil: nobody's folder is served
	single []byte         // the path of the one file that is served; nil: the request's path says which
	load   resource.LoadOptions
	types  *content.Types
	ssi    *ssiSettings // nil: pages are sent as they are

	negotiation negotiation

	divert *diversion    // nil: nobody is sent elsewhere
	guard  *guard        // nil: nothing is asked of the client
	limit  *access.Limit // nil: nothing is bounded

	enquiry *enquiry // what the log wants to know of clients besides; nil: nothing

	record func(*variables.Values) // nil: nothing is recorded

	server  *config.Value[string] // the Server field; empty sends none
	rules   []headerRule
	dynamic bool // some header rule needs the request

	scripts     *scripts     // nil: no file is a script
	application *application // nil: no Go program answers
	responder   *responder   // nil: no application is asked

	coder *coder // nil: nothing is encoded

	body  fixedBody                     // of respond
	fixed atomic.Pointer[message.Block] // of respond and redirect, once it is known to be the same for every request
}

// headerRule is a header rule whose value may be known already.
type headerRule struct {
	*config.HeaderRule
	value  string
	static bool
}

// Errors is everything that keeps a configuration from being used.
type Errors []config.Diagnostic

func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", e[0], len(e)-1)
}

// compiler turns a configuration into a Handler and collects what is wrong on the way.
type compiler struct {
	h        *Handler
	gauges   map[string]*elsewhere.Gauge
	checkers map[string]*elsewhere.Checker
	errors   Errors
	tables   content.Tables
	gates    map[string]*gate                 // of scripts, by the place of their block
	homes    map[string]*homes                // by what their block says
	limits   map[trace.Position]*access.Limit // by the place of their block
}

func (c *compiler) fail(at trace.Position, summary, hint string) {
	c.errors = append(c.errors, config.Diagnostic{Severity: config.Error, Summary: summary, Hint: hint, Pos: at})
}

func (c *compiler) compile() {
	conf := c.h.conf
	c.h.base = c.settings(nil, nil, &conf.Base, nil)
	var all []*site
	for _, sc := range conf.Sites {
		all = append(all, c.site(sc))
	}
	c.h.listeners = listenersOf(conf, all)
	c.h.anywhere = newListener(nil, all)
	c.trustProxies()
}

func (c *compiler) site(conf *config.Site) *site {
	s := &site{conf: conf, name: conf.Name()}
	s.memory.init()
	s.base = c.settings(s, nil, &conf.Settings, &conf.Pos)
	var rules []route.Rule
	for _, r := range conf.Routes {
		p, err := route.Parse(r.Pattern.V)
		if err != nil {
			var wrong *route.SyntaxError
			errors.As(err, &wrong)
			c.fail(r.Pattern.Pos, err.Error(), wrong.Hint)
			continue
		}
		rs := c.settings(s, r, &r.Settings, &r.Pos)
		rs.pattern = p
		c.checkGroups(r, p)
		s.each = append(s.each, rs)
		rules = append(rules, route.Rule{Pattern: p, Methods: rs.named, Position: r.Pos})
	}
	s.routes = route.NewTable(rules)
	s.hides = len(s.each) > 0 && (s.base.keepsToItself() || slices.ContainsFunc(s.each, (*settings).keepsToItself))
	return s
}

// standard is what a route without methods of its own answers with something else than files.
var standard = route.MethodsOf("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")

func (c *compiler) settings(s *site, r *config.Route, conf *config.Settings, at *trace.Position) *settings {
	t := &settings{conf: conf, ssi: newSSI(&conf.SSI), site: s, route: r, at: at, server: &c.h.conf.Server}
	if c.h.opt.Log != nil && !conf.Access.Off.V {
		t.record = c.h.opt.Log(&conf.Access)
	}
	t.divert = c.diversion(conf)
	t.enquiry = c.enquiry(&conf.Access)
	c.types(t)
	c.negotiation(t)
	t.guard = c.guard(&conf.Guard)
	t.coder = newCoder(conf.Compress)
	t.limit = c.limit(&conf.Rate)
	t.load.Hidden = conf.Files.Hidden.V
	t.dynamic = t.dynamic || conf.Expires.Modified.V
	for i := range conf.Headers {
		rule := headerRule{HeaderRule: &conf.Headers[i]}
		if rule.Action == config.HeaderRemove {
			rule.static = true
		} else {
			rule.value, rule.static = rule.Value.Static()
		}
		if !message.IsToken(rule.Name) || !message.IsValue(rule.value) {
			c.fail(rule.Pos, "the header rule for "+strconv.Quote(rule.Name)+" makes no valid field", "")
		}
		t.dynamic = t.dynamic || !rule.static || rule.When != nil && len(rule.When.Methods) > 0
		t.rules = append(t.rules, rule)
	}
	answers := standard
	switch {
	case r != nil && r.Respond != nil:
		t.body.compile(r.Respond)
	case r != nil && r.Redirect != nil:
	case r != nil && r.Application != nil:
		t.application = c.application(r.Application)
	case r != nil && r.FastCGI != nil:
		t.responder = c.responder(t, r.FastCGI)
	case s != nil && (conf.Root != nil || conf.Homes != nil || r != nil && r.File != nil):
		answers = route.MethodsOf("GET")
		if files := texts(conf.Files.Methods); len(files) > 0 {
			answers = route.MethodsOf(files...)
		}
		c.openPlaces(t)
	default:
		answers = route.MethodsOf("GET")
	}
	t.allowed = answers
	if r != nil {
		t.named = route.MethodsOf(texts(r.Methods)...)
	}
	switch {
	case t.named.Any():
	case t.isFiles():
		both, some := answers.Intersect(t.named)
		t.allowed, t.none = both, !some
	default:
		t.allowed = t.named
	}
	c.scripts(t)
	t.anyMethod = t.named.Any() && (t.application != nil || t.responder != nil || t.scripts != nil)
	return t
}

// isFiles reports whether files answer here, or nothing does.
func (t *settings) isFiles() bool {
	return t.route == nil || t.route.Respond == nil && t.route.Redirect == nil && t.route.Application == nil && t.route.FastCGI == nil
}

// openPlaces opens what files come from: the root, the folder of the one file, and the users' folders when they are asked for.
func (c *compiler) openPlaces(t *settings) {
	conf := t.conf
	if conf.Homes != nil {
		t.homes = c.homesOf(conf.Homes)
	}
	at := resource.Entrance{Links: linksOf(conf.Files.Links.V)}
	switch {
	case t.route != nil && t.route.File != nil:
		file := t.route.File
		at.Dir = filepath.Dir(file.V)
		if at.Links != resource.LinksOwner {
			at.Links = resource.LinksInside
		}
		t.single, t.load.Hidden = []byte("/"+filepath.Base(file.V)), true
		t.root = c.openRoot(at, file.Pos)
	case conf.Root != nil:
		at.Dir = conf.Root.V
		t.root = c.openRoot(at, conf.Root.Pos)
	}
}

func (c *compiler) openRoot(at resource.Entrance, line trace.Position) *resource.Root {
	if c.h.opt.Store == nil {
		c.fail(line, "there is nothing to serve files with", "")
		return nil
	}
	dir, err := filepath.Abs(at.Dir)
	at.Dir = dir
	var root *resource.Root
	if err == nil {
		root, err = c.h.opt.Store.Enter(at)
	}
	if err != nil {
		c.fail(line, "the root cannot be opened: "+err.Error(), "")
		return nil
	}
	c.h.roots = append(c.h.roots, root)
	return root
}

func texts(values []config.Value[string]) []string {
	var all []string
	for _, v := range values {
		all = append(all, v.V)
	}
	return all
}

// fixedBody is the body of a fixed answer.
type fixedBody struct {
	template *template.Template
	text     []byte // when it is the same for every request
	static   bool
}

func (b *fixedBody) compile(r *config.Respond) {
	b.template = r.Body.V
	if b.template == nil {
		b.static = true
		return
	}
	text, static := b.template.Static()
	b.text, b.static = []byte(text), static
}

// below is the path under the root, and whether a prefix was taken from its front. A prefix ends at a segment.
func (t *settings) below(path []byte) ([]byte, bool) {
	prefix := t.strip()
	if prefix == "" || len(path) < len(prefix) || string(path[:len(prefix)]) != prefix {
		return path, false
	}
	switch rest := path[len(prefix):]; {
	case len(rest) == 0:
		return slash, true
	case rest[0] == '/':
		return rest, true
	}
	return path, false
}

// strip is what is taken from the front of a path, without a slash at its end.
func (t *settings) strip() string { return strings.TrimSuffix(t.conf.StripPrefix.V, "/") }

var slash = []byte{'/'}
