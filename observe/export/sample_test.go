package export_test

import (
	"net/netip"
	"time"

	"vitrine/observe/journey"
	"vitrine/trace"
)

// The decisions of the sample.
var (
	routeMatched = trace.Declare("exporttest.matched", trace.Info, "The pattern matched the path.", "")
	passedOver   = trace.Declare("exporttest.passed", trace.Info, "Another pattern is more specific.", "")
	ruleApplied  = trace.Declare("exporttest.rule", trace.Info, "A header rule was applied.", "")
	fileSent     = trace.Declare("exporttest.sent", trace.Success, "The file was sent whole.", "RFC 9110 §15.3.1")
	clientGone   = trace.Declare("exporttest.gone", trace.Failed, "The client closed the connection.", "")
	stays        = trace.Declare("exporttest.stays", trace.Close, "The connection stays.", "RFC 9112 §9.3")
)

var start = time.Date(2026, 11, 21, 21, 47, 3, 123_456_789, time.UTC)

// sample is a request as it is recorded: a page with a query and a secret, 250 µs after its first byte answered in 3 ms.
func sample() *journey.Journey {
	site := trace.Position{File: "vitrine.hcl", Line: 3, Column: 1}
	route := trace.Position{File: "vitrine.hcl", Line: 7, Column: 3}
	return &journey.Journey{
		ID: 0x1f2e3d4c5b6a7988, Serial: 2,
		Began: start.Add(-250 * time.Microsecond), Start: start, First: time.Millisecond, Took: 3 * time.Millisecond,
		Method: "GET", Target: "/a%20b/index.html?q=one+two&empty&x=%zz", Authority: "example.org:8080", Protocol: "HTTP/1.1", Scheme: "http",
		Site: "example.org", Route: "/a b/*", File: "/srv/a b/index.html", Status: 200,
		Request: journey.Message{Fields: []journey.Field{
			{Name: "Host", Value: "example.org:8080"}, {Name: "User-Agent", Value: "probe/1.0"},
			{Name: "Cookie", Secret: true, Hidden: 24},
		}},
		Response: journey.Message{Fields: []journey.Field{
			{Name: "Content-Type", Value: "text/html; charset=utf-8"}, {Name: "Content-Length", Value: "800"},
			{Name: "Set-Cookie", Secret: true, Hidden: 10},
		}},
		Received: 141, Sent: 1000, Body: 800,
		Reasons: []*trace.Reason{fileSent}, Positions: []*trace.Position{&route},
		Decisions: &trace.Decisions{Of: 0x1f2e3d4c5b6a7988, Events: []trace.Event{
			{At: 100 * time.Microsecond, Step: "route", Reason: passedOver, Position: site, Subject: "/"},
			{At: 200 * time.Microsecond, Step: "route", Reason: routeMatched, Position: route, Subject: "/a b/*", Taken: true,
				Details: []trace.Detail{trace.D("path", "/a b/index.html"), trace.D("Authorization", "Basic c2VjcmV0")}},
			{At: 300 * time.Microsecond, Step: "header", Reason: ruleApplied, Position: route, Subject: "Set-Cookie", Taken: true,
				Details: []trace.Detail{trace.D("action", "set"), trace.D("value", "secret=yes")}},
			{At: 900 * time.Microsecond, Step: "deliver", Reason: fileSent, Taken: true},
		}},
		Keep: true, Ending: stays,
		Client:     netip.MustParseAddrPort("[::ffff:203.0.113.9]:50312"),
		Connection: journey.Connection{ID: 7, Remote: netip.MustParseAddrPort("[::ffff:203.0.113.9]:50312"), Local: netip.MustParseAddrPort("192.0.2.1:8080"), Loop: 1},
	}
}

// refused is a request that could not be read: next to nothing is known of it.
func refused() *journey.Journey {
	return &journey.Journey{ID: 2, Serial: 1, Start: start, Took: time.Millisecond, Status: 400, Sent: 120, Body: 20, Received: 17,
		Reasons: []*trace.Reason{clientGone}, Positions: []*trace.Position{nil},
		Client:     netip.MustParseAddrPort("[fe80::1%eth0]:1"),
		Connection: journey.Connection{ID: 8, Remote: netip.MustParseAddrPort("[fe80::1%eth0]:1"), Local: netip.MustParseAddrPort("[fe80::2%eth0]:80")}}
}
