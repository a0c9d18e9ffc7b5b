package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vitrine/observe/glass/api"
)

// shown is a row of the page's list of journeys.
type shown struct {
	ID, Status, Method, Host, Target, Reason, Line, Client string
}

// rows are what the list shows, the newest first.
func (b *tab) rows() []shown {
	b.t.Helper()
	return value[[]shown](b, `[...document.querySelectorAll('[role=row][data-id]')].map(r => {
		const says = (s) => r.querySelector(s)?.textContent.trim() ?? '';
		return {ID: r.dataset.id, Status: says('.c-status b'), Method: says('.jmethod'), Host: says('.c-request .host'), Target: says('.c-request a').slice(says('.c-request .host').length),
			Reason: says('.c-reason code'), Line: says('.c-line code'), Client: says('.c-client code')}})`)
}

// listed waits until the list shows exactly these journeys. On a busy machine the order is not that of the requests for
// certain: a loop takes the time once for all that it finds when it wakes.
func (b *tab) listed(ids ...string) {
	b.t.Helper()
	text, _ := json.Marshal(slices.Sorted(slices.Values(ids)))
	b.await(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll('[role=row][data-id]')].map(r => r.dataset.id).sort()) === JSON.stringify(%s ?? [])`, text))
}

// lists waits until the list shows a target.
func (b *tab) lists(target string) {
	b.t.Helper()
	b.await(fmt.Sprintf(`[...document.querySelectorAll('[role=row][data-id]')].some(r => r.innerText.includes(%q))`, target))
}

// has waits until an element says a text, as people read it.
func (b *tab) has(selector, text string) {
	b.t.Helper()
	b.await(fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q)`, selector, text))
}

// keys presses them, whatever has the focus.
func (b *tab) keys(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// leave goes from the server's page, so that it may stop.
func (b *tab) leave() { b.do(chromedp.Navigate("about:blank")) }

// press presses one key that writes, and that the page may take for itself: then it writes nothing.
func (b *tab) press(key string) {
	b.t.Helper()
	for _, event := range []input.DispatchKeyEventParams{{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}, {Type: input.DispatchKeyEventTypeKeyUp, Key: key}} {
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, event); err != nil {
			b.t.Fatal(err)
		}
	}
}

// filter empties the filter and types another one.
func (b *tab) filter(text string) {
	b.t.Helper()
	b.await(`document.querySelector('[data-filter]')`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('.filter-clear')?.click(); document.activeElement?.blur(); void 0`))
	b.await(`!document.querySelector('.filter-clear') && !location.hash.includes('?')`)
	b.press("/")
	b.await(`document.activeElement?.matches('[data-filter]')`)
	b.keys(text + kb.Enter)
}

// TestGlassJourneys: the page lists what happened, while it happens, chooses what is typed, and tells one journey as the API
// does, which tells it as the client saw it.
func TestGlassJourneys(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		g := glaze(t, n, glassConfig, "")
		var all []sent
		for i, w := range several() {
			client := g.http
			if i%4 == 0 {
				client = g.other // which closes its connection
			}
			all = append(all, g.send(t, client, w))
		}
		b := g.browse(t, "http://"+g.admin)
		b.open("#/journeys")
		b.await(fmt.Sprintf(`document.querySelectorAll('[role=row][data-id]').length === %d`, len(all)))
		b.holds(g, all)

		// Another one, and one by another program, appear by themselves.
		b.do(chromedp.Evaluate[chromedp.Void](`window.unchanged = true; void 0`))
		all = append(all, g.send(t, g.http, wanted{method: "GET", host: "shop.test", target: "/hello?name=live", status: 200, reason: "site.respond", line: "hello"}))
		b.lists("/hello?name=live")
		all = append(all, g.curl(t))
		b.lists("/hello?name=curl")
		if !value[bool](b, `window.unchanged === true`) {
			t.Error("the page was loaded anew")
		}
		b.holds(g, all)
		b.shoot("test-journeys-" + n.name)

		for filter, fits := range map[string]func(sent) bool{
			"status:4xx ":             func(s sent) bool { return s.status/100 == 4 },
			"status:503":              func(s sent) bool { return s.status == 503 },
			"method:head":             func(s sent) bool { return s.method == "HEAD" },
			"host:quiet.test":         func(s sent) bool { return s.host == "quiet.test" },
			"site:quiet.test":         func(s sent) bool { return s.host == "quiet.test" },
			"path:/hello*":            func(s sent) bool { return strings.HasPrefix(s.target, "/hello") },
			"path:/hello* status:200": func(s sent) bool { return strings.HasPrefix(s.target, "/hello") },
			"reason:resource.": func(s sent) bool {
				return slices.Contains([]string{"content.whole", "content.part", "resource.missing"}, s.reason)
			},
			"reason:site.redirect":                 func(s sent) bool { return s.reason == "site.redirect" },
			"client:" + g.client():                 func(sent) bool { return true },
			"client:192.0.2.0/24":                  func(sent) bool { return false },
			"live":                                 func(s sent) bool { return strings.Contains(s.target, "live") },
			"slower:10s":                           func(sent) bool { return false },
			"method:GET status:2xx host:shop.test": func(s sent) bool { return s.method == "GET" && s.status/100 == 2 && s.host == "shop.test" },
		} {
			b.filter(filter)
			var ids []string
			for _, s := range all {
				if fits(s) {
					ids = append(ids, s.id)
				}
			}
			if len(ids) == 0 {
				b.has(".view", "No journey fits the filter")
			}
			b.listed(ids...)
		}

		// The newest but one by the keyboard: the redirect, of those that a filter chooses.
		b.filter("status:3xx")
		redirect := all[slices.IndexFunc(all, func(s sent) bool { return s.status == 308 })]
		b.listed(redirect.id)
		b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); void 0`))
		b.press("j")
		b.await(fmt.Sprintf(`document.querySelector('[role=row][aria-selected=true]')?.dataset.id === %q`, redirect.id))
		b.keys(kb.Enter)
		b.await(fmt.Sprintf(`location.hash === '#/journeys/%s' && document.querySelector('.jverdict')`, redirect.id))
		b.tells(g, redirect)
		b.shoot("test-journey-" + n.name)
		b.keys(kb.Escape) // back to the list, as it was
		b.listed(redirect.id)

		for _, s := range all {
			if s.header != nil || s.status >= 400 || s.method == "POST" {
				b.open("#/journeys/" + s.id)
				b.await(fmt.Sprintf(`document.querySelector('.journey-id')?.textContent === %q && document.querySelector('.jverdict')`, s.id))
				b.tells(g, s)
			}
		}
		b.wire(g, all[0])
		b.leave()
		g.stop(t)
	})
}

// curl asks once, as another program.
func (g *glazed) curl(t *testing.T) sent {
	t.Helper()
	w := wanted{method: "GET", host: "shop.test", target: "/hello?name=curl", status: 200, reason: "site.respond", line: "hello"}
	curl, err := lookPath("curl")
	if err != nil {
		t.Skip("curl is not installed, so what it asks is not looked for: apt-get install curl")
	}
	out, err := g.command(curl, "--silent", "--include", "--max-time", "20", "--header", "Host: "+w.host, "http://"+g.address+w.target).Output()
	id := regexp.MustCompile(`(?i)vitrine-journey: ([0-9a-f]{16})`).FindSubmatch(out)
	if err != nil || id == nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	return sent{wanted: w, id: string(id[1])}
}

// holds says that the list shows what was sent, and nothing else.
func (b *tab) holds(g *glazed, all []sent) {
	b.t.Helper()
	rows := b.rows()
	if len(rows) != len(all) {
		b.t.Errorf("the list has %d rows, and %d requests were made", len(rows), len(all))
		return
	}
	for _, s := range all {
		i := slices.IndexFunc(rows, func(r shown) bool { return r.ID == s.id })
		if i < 0 {
			b.t.Errorf("%s %s%s is not in the list", s.method, s.host, s.target)
			continue
		}
		r := rows[i]
		client := r.Client
		if !strings.HasPrefix(client, g.client()+":") {
			b.t.Errorf("%s came from %s, not from %s", r.Target, client, g.client())
		}
		got := fmt.Sprintf("%s %s %s%s %s %s %s", r.ID, r.Method, r.Host, r.Target, r.Status, r.Reason, r.Line)
		want := fmt.Sprintf("%s %s %s%s %d %s %s", s.id, s.method, s.host, s.target, s.status, s.reason, g.line(b.t, s.line))
		if got != want {
			b.t.Errorf("the list shows\n%s, not\n%s", got, want)
		}
	}
}

// tells holds the page of one journey against the API and the request.
func (b *tab) tells(g *glazed, s sent) {
	b.t.Helper()
	t := b.t
	j := g.recorded(t, s.id)
	says := func(selector string) string { return b.text(fmt.Sprintf(`document.querySelector(%q)`, selector)) }
	verdict := says(".jverdict")
	if !strings.Contains(verdict, fmt.Sprint(s.status)) || !strings.Contains(verdict, s.reason) || !strings.Contains(verdict, http.StatusText(s.status)) {
		t.Errorf("%s: the verdict is %q", s.target, verdict)
	}
	if title := says("h1"); !strings.Contains(strings.ReplaceAll(title, "\n", ""), s.method) || !strings.Contains(strings.ReplaceAll(title, "\n", ""), s.host+s.target) {
		t.Errorf("%s: the title is %q", s.target, title)
	}
	// The responsible line, with the configuration's own text.
	line := g.line(t, s.line)
	_, number, _ := strings.Cut(line, ":")
	b.await(`document.querySelector('.responsible .here')`)
	here := says(".responsible .here")
	if !strings.Contains(here, number) || !strings.Contains(here, "# "+s.line) {
		t.Errorf("%s: the line that is responsible is shown as %q, and is number %s", s.target, here, number)
	}
	layers := value[[]string](b, `[...document.querySelectorAll('[data-layer]')].map(e => e.dataset.layer)`)
	var want []string
	for _, l := range j.Layers {
		want = append(want, l.Name)
	}
	if !slices.Equal(layers, want) {
		t.Errorf("%s: the layers are %q, not %q", s.target, layers, want)
	}
	// Decisions: those that were taken, and behind a fold those that were passed over.
	passed, decided := 0, false
	for _, e := range slices.Backward(j.Events) {
		if e.Reason.ID == j.Verdict.Reason.ID && !decided {
			decided = true
		} else if !e.Taken {
			passed++
		}
	}
	if shown := value[int](b, `document.querySelectorAll('.decisions .decision').length`); shown != len(j.Events) {
		t.Errorf("%s: %d decisions are shown, and there are %d", s.target, shown, len(j.Events))
	}
	if folded := value[int](b, `document.querySelectorAll('.decisions .passed .decision').length`); folded != passed {
		t.Errorf("%s: %d candidates are folded, and %d were passed over", s.target, folded, passed)
	}
	if passed > 0 {
		visible := `[...document.querySelectorAll('.decisions .passed .decision')].filter(e => e.checkVisibility()).length`
		if n := value[int](b, visible); n != 0 {
			t.Errorf("%s: %d candidates that were passed over are shown before anybody asks", s.target, n)
		}
		b.press("o")
		b.await(fmt.Sprintf(`%s === %d`, visible, passed))
	}
	for _, f := range j.Request.Fields {
		if f.Hidden {
			b.has(".message .secret", "hidden")
		}
	}
	untold(t, "the page", []byte(value[string](b, `document.documentElement.outerHTML`)))
	untold(t, "the API", g.raw(t, "/api/journeys/"+s.id))
}

// wire looks at what is told of the connection of a journey that ended with it.
func (b *tab) wire(g *glazed, s sent) {
	b.t.Helper()
	b.open("#/journeys/" + s.id)
	if !g.network.own() {
		b.has("#view", "What TCP knew")
		b.await(`document.querySelector('table.snapshots')`)
		table := b.text(`document.querySelector('table.snapshots')`)
		j := g.recorded(b.t, s.id)
		if len(j.Connection.Snapshots) == 0 || j.Connection.Snapshots[0].MSS == 0 {
			b.t.Fatalf("no TCP_INFO was recorded: %+v", j.Connection)
		}
		for _, want := range []string{j.Connection.Snapshots[0].State, "Round trip", "Congestion window", "Largest segment"} {
			if !strings.Contains(table, want) {
				b.t.Errorf("what TCP knew does not tell %q:\n%s", want, table)
			}
		}
		b.has(".no-frames", "shows no frames")
		return
	}
	b.await(`document.querySelector('svg.sequence') && /FIN/.test(document.querySelector('svg.sequence').textContent) && /TIME-WAIT|CLOSED/.test(document.querySelector('svg.sequence').textContent)`)
	var j *api.Journey
	var of []api.Frame
	b.await(`document.querySelector('table.frames')`)
	drawn := value[[]string](b, `[...document.querySelectorAll('svg.sequence .frame .numbers')].map(e => e.textContent)`)
	j = g.recorded(b.t, s.id)
	states := 0
	for _, f := range j.Sequence.Frames {
		if f.Kind == "state" {
			states++
		} else {
			of = append(of, f)
		}
	}
	if len(drawn) != len(of) {
		b.t.Fatalf("%d frames are drawn, and the API tells %d", len(drawn), len(of))
	}
	if n := value[int](b, `document.querySelectorAll('svg.sequence .state:not(.presumed)').length`); n > states || n == 0 {
		b.t.Errorf("%d states are drawn, and the API tells %d", n, states)
	}
	flags := ""
	for i, f := range of {
		if f.Kind != "tcp" {
			continue
		}
		if want := fmt.Sprintf("seq %d", f.Seq); !strings.Contains(drawn[i], want) || !strings.Contains(drawn[i], fmt.Sprintf("len %d", f.Len)) {
			b.t.Errorf("frame %d is drawn with %q, and is %+v", i, drawn[i], f)
		}
		side := "<"
		if f.Out {
			side = ">"
		}
		flags += side + f.Flags + " "
	}
	// SYN, SYN-ACK and ACK; the request; the response; a FIN of either side.
	if !regexp.MustCompile(`^<SYN >SYN,? ?ACK <ACK `).MatchString(flags) || strings.Count(flags, "FIN") < 2 {
		b.t.Errorf("the frames are %s", flags)
	}
	request, response := 0, 0
	for _, f := range of {
		if f.Out {
			response += f.Len
		} else {
			request += f.Len
		}
	}
	if int64(request) != j.Request.Bytes || int64(response) != j.Response.Bytes {
		b.t.Errorf("frames carry %d and %d bytes, and the request has %d, the response %d", request, response, j.Request.Bytes, j.Response.Bytes)
	}
	picture := b.text(`document.querySelector('svg.sequence')`) + value[string](b, `document.querySelector('svg.sequence').textContent`)
	for _, want := range []string{"SYN", "ESTABLISHED", "FIN"} {
		if !strings.Contains(picture, want) {
			b.t.Errorf("the sequence diagram has no %s", want)
		}
	}
	b.shoot("test-sequence-" + filepath.Base(g.network.name))
}

// chromeSize is the size of the window.
func chromeSize(width, height int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(width, height)
}
