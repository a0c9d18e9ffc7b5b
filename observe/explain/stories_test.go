package explain

import (
	"net/netip"
	"slices"
	"time"

	"vitrine/trace"
)

// configuration is what the stories are about.
const configuration = `# the example of the goldens
locals {
  day = "max-age=86400"
}

listen {
  addresses = ["0.0.0.0:8080"]
  clients {
    allow = ["10.0.0.0/8", "127.0.0.0/8"]
    deny  = ["10.9.0.0/16"]
  }
}

site "shop.example.org" {
  root = "/srv/shop"
}

site "example.org" "*.example.org" {
  root = "/srv/www"

  header {
    set = { Cache-Control = local.day, X-Frame-Options = "DENY" }
  }

  route "/api/*" {
    methods = ["GET", "POST"]
    respond { body = "{{\"path\":\"{path}\"}}" }
  }

  route "/old/**" {
    redirect { to = "https://example.org/new/{path.tail}" }
  }

  files {
    missing = "/404.html"
  }
}
`

func reason(id string, kind trace.Kind, sentence, standard string) *trace.Reason {
	return &trace.Reason{ID: id, Kind: kind, Sentence: sentence, Standard: standard}
}

// The Reasons as the deciding packages declare them.
var (
	accepted    = reason("connection.accepted", trace.Info, "the client may connect", "")
	denied      = reason("connection.denied", trace.Refused, "the client's address may not connect to this listener", "")
	considered  = reason("clients.considered", trace.Info, "the network was considered and does not decide", "")
	arrived     = reason("site.listener", trace.Info, "the connection came in on this listener, and the sites that it serves are the ones to choose from", "")
	byHost      = reason("site.by-host", trace.Info, "the site has the host that is asked for", "RFC 9110 §7.2")
	passedOver  = reason("site.passed-over", trace.Info, "the site does not answer for this host on this listener, or another one has the better claim", "")
	unknownHost = reason("site.unknown-host", trace.Refused, "no site here has the host that is asked for, and none is the default", "RFC 9110 §15.5.20")
	matched     = reason("route.matched", trace.Info, "the route's pattern matches the path and the route answers the method; the first such route in the file answers", "")
	otherPath   = reason("route.other-path", trace.Info, "the route's pattern does not match the path", "")
	otherMethod = reason("route.other-method", trace.Info, "the route's pattern matches the path, but the route does not answer the method", "")
	noRoute     = reason("route.none", trace.Info, "no route's pattern matches the path, so what the site itself says holds", "")
	noMethod    = reason("route.method-refused", trace.Refused, "routes match the path, but none of them answers the method; Allow names the methods that are answered", "RFC 9110 §15.5.6")
	redirected  = reason("site.redirect", trace.Success, "the route sends the client elsewhere", "RFC 9110 §15.4")
	read        = reason("resource.read", trace.Info, "The file was read from the disk into memory.", "")
	directory   = reason("resource.directory", trace.Info, "The path leads to a directory.", "")
	index       = reason("site.index", trace.Info, "the path leads to a folder, and this is its index", "")
	forbidden   = reason("resource.forbidden", trace.Refused, "The user that the server runs as may not read the file, or may not search a directory on the way to it.", "RFC 9110 §15.5.4")
	missing     = reason("resource.missing", trace.Refused, "Nothing with this name exists.", "RFC 9110 §15.5.5")
	missingPage = reason("site.missing-page", trace.Info, "nothing is at the path, so what the configuration names for that case is served", "")
	typeFound   = reason("content.by-extension", trace.Info, "the file's extension is in the table of types", "")
	whole       = reason("content.whole", trace.Success, "the file is sent whole", "RFC 9110 §15.3.1")
	unchanged   = reason("content.not-modified", trace.Success, "the client has this very representation, so only that is said", "RFC 9110 §13.1.2")
	noneMatch   = reason("content.if-none-match", trace.Info, "If-None-Match names the file's ETag", "RFC 9110 §13.1.2")
	dateIgnored = reason("content.if-modified-since-ignored", trace.Info, "If-Modified-Since is ignored, since If-None-Match is there", "RFC 9110 §13.1.3")
	partial     = reason("content.range", trace.Success, "the part that the client asks for is sent", "RFC 9110 §14.2")
	ruleApplied = reason("header.rule", trace.Info, "a header rule changed the response's header", "")
	ruleHeld    = reason("header.held-back", trace.Info, "the rule lets caches keep the response, and this one is an error that may be over sooner", "RFC 9111 §4")
	delivered   = reason("site.delivered", trace.Info, "the response is complete and was handed to the connection", "")
	keepDefault = reason("http1.keep.default", trace.Info, "The connection stays, as HTTP/1.1 does unless somebody says close.", "RFC 9112 §9.3")
	keepNot     = reason("http1.close.refused", trace.Info, "The server closes first: after a refusal it does not know where the next request would begin.", "RFC 9112 §9.6")
	badLine     = reason("http1.line.bare-lf", trace.Refused, "A line ends with a line feed alone; recipients disagree on whether it ends the line.", "RFC 9112 §2.2")
)

const file = "/etc/vitrine/vitrine.hcl"

func at(line, column int) trace.Position {
	return trace.Position{File: file, Line: line, Column: column}
}

var peer = Peer{From: netip.MustParseAddrPort("127.0.0.1:50312"), To: netip.MustParseAddrPort("127.0.0.1:8080")}

// begin is what the stories have in common.
func begin(from string, more ...trace.Event) []trace.Event {
	return append([]trace.Event{
		{Step: "clients", Reason: considered, Position: at(10, 14), Subject: "deny 10.9.0.0/16", Details: []trace.Detail{trace.D("why", "does not contain the address")}},
		{Step: "clients", Reason: accepted, Position: at(9, 28), Subject: from, Taken: true, Details: []trace.Detail{trace.D("rule", "allow 127.0.0.0/8")}},
		{Step: "listener", Reason: arrived, Position: at(6, 1), Subject: "0.0.0.0:8080", Taken: true, Details: []trace.Detail{trace.D("local address", "127.0.0.1:8080")}},
	}, more...)
}

// home is the site example.org and no route.
func home(path string, more ...trace.Event) []trace.Event {
	return append(begin("127.0.0.1",
		trace.Event{Step: "site", Reason: passedOver, Position: at(14, 1), Subject: "shop.example.org", Details: []trace.Detail{trace.D("has host", "shop.example.org")}},
		trace.Event{Step: "site", Reason: byHost, Position: at(18, 6), Subject: "example.org", Taken: true, Details: []trace.Detail{trace.D("host", "example.org")}},
		trace.Event{Step: "route", Reason: otherPath, Position: at(25, 9), Subject: "/api/*", Details: []trace.Detail{trace.D("why", "the path does not begin with /api/")}},
		trace.Event{Step: "route", Reason: otherPath, Position: at(30, 9), Subject: "/old/**", Details: []trace.Detail{trace.D("why", "the path does not begin with /old/")}},
		trace.Event{Step: "route", Reason: noRoute, Position: at(18, 1), Subject: path, Taken: true},
	), more...)
}

// headers are the events of the site's header rules.
func headers(more ...trace.Event) []trace.Event {
	cache := at(22, 28)
	cache.Source = &trace.Position{File: file, Line: 3, Column: 9}
	return append(more,
		trace.Event{Step: "header", Reason: ruleApplied, Position: cache, Subject: "Cache-Control", Taken: true, Details: []trace.Detail{trace.D("action", "set"), trace.D("value", "max-age=86400")}},
		trace.Event{Step: "header", Reason: ruleApplied, Position: at(22, 58), Subject: "X-Frame-Options", Taken: true, Details: []trace.Detail{trace.D("action", "set"), trace.D("value", "DENY")}},
		trace.Event{Step: "deliver", Reason: delivered, Taken: true, Details: []trace.Detail{trace.D("status", "200")}},
	)
}

func story(method, url string, status int, events []trace.Event, fields ...Field) *Story {
	s := &Story{
		Journey: 0x1f2e3d4c5b6a7988, Peer: peer, Status: status, Events: events, Fields: fields, Keep: true, KeepReason: keepDefault,
		Request: Request{Method: method, URL: url, Protocol: "HTTP/1.1", Fields: []Field{{Name: "Host", Value: "example.org"}}},
	}
	for i := range s.Fields {
		for _, e := range events {
			if e.Step == "header" && e.Taken && e.Subject == s.Fields[i].Name {
				s.Fields[i].Position = e.Position
			}
		}
	}
	return s
}

func field(name, value string) Field { return Field{Name: name, Value: value} }

var fileDetails = []trace.Detail{trace.D("kind", "file"), trace.D("size", "5123"), trace.D("etag", `"18a-5f"`), trace.D("mode", "-rw-r--r--"), trace.D("modified", "2026-11-20T08:00:00Z")}

var stories = map[string]func() *Story{
	"served": func() *Story {
		s := story("GET", "http://example.org:8080/docs/", 200, home("/docs/", headers(
			trace.Event{Step: "resource", Reason: directory, Subject: "/docs/", Taken: true, Details: []trace.Detail{trace.D("kind", "directory"), trace.D("mode", "drwxr-xr-x")}},
			trace.Event{Step: "resource", Reason: read, Subject: "/docs/index.html", Taken: true, Details: fileDetails},
			trace.Event{Step: "resource", Reason: index, Subject: "/docs/index.html", Taken: true, Position: trace.Position{Origin: trace.Default}},
			trace.Event{Step: "type", Reason: typeFound, Subject: "text/html", Taken: true, Details: []trace.Detail{trace.D("row", "html htm → text/html"), trace.D("charset", "utf-8")}},
			trace.Event{Step: "content", Reason: whole, Subject: "/docs/index.html", Taken: true},
		)...), field("Content-Type", "text/html; charset=utf-8"), field("Content-Length", "5123"), field("ETag", `"18a-5f"`),
			field("Cache-Control", "max-age=86400"), field("X-Frame-Options", "DENY"), field("Set-Cookie", "session=secret"))
		s.Length = 5123
		s.Request.Fields = append(s.Request.Fields, field("User-Agent", "curl/8.5.0"), field("Authorization", "Basic c2VjcmV0"))
		return s
	},
	"unreadable": func() *Story {
		s := story("GET", "http://example.org:8080/private/plan.html", 403, home("/private/plan.html", headers(
			trace.Event{Step: "resource", Reason: forbidden, Subject: "/private/plan.html", Details: []trace.Detail{trace.D("component", "/srv/www/private"), trace.D("mode", "drwx------"), trace.D("owner", "root:root"), trace.D("we are", "www-data (uid 33, groups 33)"), trace.D("error", "permission denied")}},
			trace.Event{Step: "refuse", Reason: forbidden, Subject: "/private/plan.html", Position: at(19, 3)},
			trace.Event{Step: "header", Reason: ruleHeld, Position: at(22, 28), Subject: "Cache-Control", Details: []trace.Detail{trace.D("action", "set"), trace.D("value", "max-age=86400")}},
		)...), field("Content-Type", "text/html; charset=utf-8"), field("Content-Length", "412"), field("X-Frame-Options", "DENY"))
		s.Events = slices.DeleteFunc(s.Events, func(e trace.Event) bool { return e.Subject == "Cache-Control" && e.Taken })
		s.Length = 412
		return s
	},
	"missing": func() *Story {
		s := story("GET", "http://example.org:8080/nothing.html", 404, home("/nothing.html",
			trace.Event{Step: "resource", Reason: missing, Subject: "/nothing.html", Details: []trace.Detail{trace.D("component", "/srv/www/nothing.html"), trace.D("error", "no such file or directory")}},
			trace.Event{Step: "resource", Reason: missingPage, Subject: "/404.html", Taken: true, Position: at(35, 15)},
			trace.Event{Step: "resource", Reason: read, Subject: "/404.html", Taken: true, Details: fileDetails},
		), field("Content-Type", "text/html; charset=utf-8"), field("Content-Length", "5123"))
		s.Length = 5123
		return s
	},
	"unknown-host": func() *Story {
		s := story("GET", "http://other.example/", 421, begin("127.0.0.1",
			trace.Event{Step: "site", Reason: passedOver, Position: at(14, 1), Subject: "shop.example.org", Details: []trace.Detail{trace.D("has host", "shop.example.org")}},
			trace.Event{Step: "site", Reason: passedOver, Position: at(18, 1), Subject: "example.org", Details: []trace.Detail{trace.D("has host", "example.org"), trace.D("has host", "*.example.org")}},
			trace.Event{Step: "site", Reason: unknownHost, Subject: "other.example", Details: []trace.Detail{trace.D("host", "other.example")}},
			trace.Event{Step: "refuse", Reason: unknownHost, Subject: "/"},
		), field("Content-Type", "text/plain; charset=utf-8"), field("Content-Length", "90"))
		s.Length = 90
		return s
	},
	"method": func() *Story {
		events := home("/api/x")
		events = append(events[:5], trace.Event{Step: "route", Reason: otherMethod, Position: at(25, 9), Subject: "/api/*", Details: []trace.Detail{trace.D("methods", "GET POST")}},
			events[6], trace.Event{Step: "refuse", Reason: noMethod, Position: at(25, 9), Subject: "/api/x", Details: []trace.Detail{trace.D("method", "DELETE"), trace.D("allow", "GET, HEAD, OPTIONS, POST")}})
		s := story("DELETE", "http://example.org:8080/api/x", 405, events, field("Allow", "GET, HEAD, OPTIONS, POST"), field("Content-Length", "0"))
		return s
	},
	"redirect": func() *Story {
		events := home("/old/a")[:6]
		events = append(events,
			trace.Event{Step: "route", Reason: matched, Position: at(30, 9), Subject: "/old/**", Taken: true, Details: []trace.Detail{trace.D("tail", "a/very/long/path/that/goes/on/and/on/for/a/while/a/very/long/path/that/goes/on/and/on/for/a/while.html")}},
			trace.Event{Step: "redirect", Reason: redirected, Position: at(31, 21), Subject: "/old/a/very/long/path/that/goes/on/and/on/for/a/while/a/very/long/path/that/goes/on/and/on/for/a/while.html", Taken: true, Details: []trace.Detail{trace.D("status", "308"), trace.D("location", "https://example.org/new/a")}})
		return story("GET", "http://example.org:8080/old/a/very/long/path/that/goes/on/and/on/for/a/while/a/very/long/path/that/goes/on/and/on/for/a/while.html", 308, events, field("Location", "https://example.org/new/a"), field("Content-Length", "0"))
	},
	"not-modified": func() *Story {
		s := story("GET", "http://example.org:8080/index.html", 304, home("/index.html", headers(
			trace.Event{Step: "resource", Reason: read, Subject: "/index.html", Taken: true, Details: fileDetails},
			trace.Event{Step: "conditions", Reason: noneMatch, Subject: "If-None-Match", Taken: true, Details: []trace.Detail{trace.D("asked", `"18a-5f"`), trace.D("is", `"18a-5f"`)}},
			trace.Event{Step: "conditions", Reason: dateIgnored, Subject: "If-Modified-Since"},
			trace.Event{Step: "conditions", Reason: unchanged, Subject: "/index.html", Taken: true},
		)...), field("ETag", `"18a-5f"`), field("Cache-Control", "max-age=86400"), field("X-Frame-Options", "DENY"))
		for i := range s.Events { // one that was watched live
			s.Events[i].At = time.Duration(i+1) * 12300
		}
		return s
	},
	"range": func() *Story {
		s := story("GET", "http://example.org:8080/film.mp4", 206, home("/film.mp4",
			trace.Event{Step: "resource", Reason: read, Subject: "/film.mp4", Taken: true, Details: fileDetails},
			trace.Event{Step: "range", Reason: partial, Subject: "bytes=100-199", Taken: true, Details: []trace.Detail{trace.D("of", "5123")}},
		), field("Content-Range", "bytes 100-199/5123"), field("Content-Length", "100"))
		s.Length = 100
		s.Request.Fields = append(s.Request.Fields, field("Range", "bytes=100-199"))
		return s
	},
	"denied": func() *Story {
		return &Story{
			Request: Request{Method: "GET", URL: "http://example.org:8080/"},
			Peer:    Peer{From: netip.MustParseAddrPort("10.9.1.1:0"), To: peer.To},
			Events: []trace.Event{
				{Step: "clients", Reason: considered, Position: at(9, 14), Subject: "allow 10.0.0.0/8", Details: []trace.Detail{trace.D("why", "a more specific network decides, or deny for the same one")}},
				{Step: "clients", Reason: denied, Position: at(10, 14), Subject: "10.9.1.1", Taken: true, Details: []trace.Detail{trace.D("rule", "deny 10.9.0.0/16")}},
			},
		}
	},
	"malformed": func() *Story {
		s := story("GET", "/\x1b[2J\u202e", 400, []trace.Event{{Step: "request", Reason: badLine, Taken: true, Details: []trace.Detail{trace.D("byte", "17")}}},
			field("Content-Type", "text/plain; charset=utf-8"), field("Connection", "close"))
		s.Keep, s.KeepReason, s.Length, s.Request.Fields = false, keepNot, -1, nil
		return s
	},
}
