package journey

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

var (
	matched    = trace.Declare("journeytest.matched", trace.Info, "The route matches.", "")
	found      = trace.Declare("journeytest.found", trace.Success, "The file is there.", "")
	missing    = trace.Declare("journeytest.missing", trace.Refused, "There is nothing by that name.", "")
	broken     = trace.Declare("journeytest.broken", trace.Failed, "The file cannot be read.", "")
	cut        = trace.Declare("journeytest.cut", trace.Close, "The client went away before it had everything.", "")
	keep       = trace.Declare("journeytest.keep", trace.Close, "The connection stays open.", "")
	gone       = trace.Declare("journeytest.gone", trace.Close, "The client has closed the connection.", "")
	malformed  = trace.Declare("journeytest.malformed", trace.Refused, "The request makes no sense.", "")
	here       = &trace.Position{File: "site.hcl", Line: 12, Column: 3}
	usual      = "GET /index.html?a=1 HTTP/1.1\nHost: Example.org:8080\nUser-Agent: tool 1\nAccept: */*\n"
	usualBlock = func() *message.Block {
		var h message.Header
		h.Add("Content-Type", "text/html")
		h.Add("Content-Length", "1234")
		h.Add("ETag", `"1-2-3"`)
		return message.NewBlock(200, &h)
	}()
)

// uncounted says that allocations and times cannot be counted here.
var uncounted bool

// transport is one that knows its connection.
type transport struct{ asked int }

func (t *transport) Info(into *socket.Info) bool {
	t.asked++
	*into = socket.Info{State: "ESTABLISHED", Congestion: "cubic", Phase: "open", RTT: 3 * time.Millisecond, RTO: 200 * time.Millisecond,
		Window: 14600, MSS: 1460, Acked: uint64(1000 * t.asked), SegmentsOut: 1 << 40, Lost: -1, ISS: 1, IRS: 0xffffffff, Sequences: true}
	return true
}

// client makes exchanges on one connection, one after the other, as a loop does.
type client struct {
	t    testing.TB
	r    *Recorder
	peer *exchange.Peer
	id   trace.ID
	n    uint32
	now  time.Time
	v    variables.Values
	x    *exchange.Exchange // of the last request
	text string
}

func connect(t testing.TB, r *Recorder, connection uint64) *client {
	return &client{t: t, r: r, id: trace.IDs(1 << 21), now: variablestest.At, peer: &exchange.Peer{
		Remote: netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), uint16(connection)), Local: netip.MustParseAddrPort("192.0.2.1:8080"),
		Connection: connection, Opened: variablestest.At.Add(-time.Second).UnixNano()}}
}

// answer is what a request got.
type answer struct {
	status  int
	took    time.Duration
	failure *trace.Reason
	refused *exchange.Refusal
	why     []*trace.Reason
	block   *message.Block
	told    *trace.Decisions
	line    *trace.Position // nil: here
	site    string
	file    string
	client  *netip.AddrPort // nil: the connection's other end
	user    string
}

// ask records one exchange, and returns its id.
func (c *client) ask(head string, a answer) trace.ID {
	c.t.Helper()
	if c.x == nil || c.text != head {
		c.x, c.text = variablestest.Exchange(c.t, head), head
	}
	x := c.x
	x.Begin(nil, x.Request, c.peer, exchange.Limits{})
	if a.client != nil {
		x.Client = *a.client
	}
	c.n++
	c.id = c.id.Next()
	c.now = c.now.Add(time.Millisecond)
	x.Journey, x.Serial, x.Start, x.Refused = c.id, c.n, c.now.UnixNano(), a.refused
	c.r.Begin(x)
	if a.line == nil {
		a.line = here
	}
	for _, why := range a.why {
		x.Because(why, a.line)
	}
	if a.block != nil {
		x.Respond(a.block)
	}
	x.Outcome = exchange.Outcome{Status: a.status, Body: 1234, Sent: 1500, Received: 120, Elapsed: int64(a.took), Head: 1000, First: 2000,
		RequestAt: 120 * int64(c.n-1), ResponseAt: 1500 * int64(c.n-1), Keep: a.failure == nil, Ending: keep, Failure: a.failure}
	c.v = variables.Values{Exchange: x, Site: a.site, Route: "/*", File: a.file, User: a.user}
	if c.v.Site == "" {
		c.v.Site = "example.org"
	}
	if a.block != nil {
		c.v.Fields = a.block.Fields()
	}
	c.r.End(&c.v, a.told)
	return c.id
}

func (c *client) hot() trace.ID {
	return c.ask(usual, hot)
}

var hot = answer{status: 200, took: 40 * time.Microsecond, why: []*trace.Reason{matched, found}, block: usualBlock, file: "/srv/www/index.html"}

func recorder(t testing.TB, loops int, s Settings) *Recorder {
	r := New(loops, s)
	t.Cleanup(r.Close)
	return r
}

func mustFind(t testing.TB, r *Recorder, id trace.ID) *Journey {
	t.Helper()
	j, ok := r.Find(id)
	if !ok {
		t.Fatalf("journey %v is not there", id)
	}
	return j
}

// told are decisions of a journey.
func told(of trace.ID, n int) *trace.Decisions {
	events := make([]trace.Event, n)
	for i := range events {
		events[i] = trace.Event{Step: "route", Reason: matched, Subject: fmt.Sprint("/a/", i), Taken: i%2 == 0}
	}
	return trace.NewDecisions(of, events)
}

func fields(m *Message) string {
	var b strings.Builder
	for _, f := range m.Fields {
		fmt.Fprintf(&b, "%s: %s", f.Name, f.Value)
		if f.Secret {
			fmt.Fprintf(&b, "(%d hidden)", f.Hidden)
		}
		b.WriteString("\n")
	}
	return b.String()
}
