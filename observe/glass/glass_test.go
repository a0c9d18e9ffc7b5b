package glass

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/site"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/exchange"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

const conf = `listen "127.0.0.1:8080" {}
site {
  default = true
  root    = "site"
  header {
    set = { X-Line = "here" }
  }
  route "/secret/*" {
    respond {
      status = 403
    }
  }
  route "/login" {
    respond {}
    header {
      set = { Set-Cookie = "id=top-secret-value" }
    }
  }
}
`

// world is a server with a site, whose journeys are recorded, and the glass before it.
type world struct {
	*testing.T
	site, glass string
	handler     *Handler
	recorder    *journey.Recorder
}

func newWorld(t *testing.T, change func(*Sources)) *world {
	folder := t.TempDir()
	path := filepath.Join(folder, "vitrine.hcl")
	for name, text := range map[string]string{"vitrine.hcl": conf, "site/index.html": "<p>hello", "site/a.txt": "a"} {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, diags := config.Load(path, config.Options{})
	if c == nil {
		t.Fatal(diags)
	}
	w := &world{T: t, recorder: journey.New(2, journey.Settings{})}
	t.Cleanup(w.recorder.Close)
	store := resource.NewStore(c.Memory)
	t.Cleanup(store.Close)
	handler, err := site.New(c, site.Options{Store: store, Observer: w.recorder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(handler.Close)
	server, err := web.NewServer(handler, web.Settings{Timed: true}, web.Options{Loops: 2,
		Ended: func(p *exchange.Peer, why *trace.Reason) { w.recorder.ConnectionEnded(p, why) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	l, err := server.Listen(netip.MustParseAddrPort("127.0.0.1:0"), 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	w.site = "http://" + l.Addr().String()
	s := Sources{Journeys: w.recorder, Version: "test", Status: func() api.Status { return api.Status{Version: "test", Sites: []string{"(default)"}} },
		Source: func(file string) ([]string, bool) { return strings.Split(conf, "\n"), file == path }}
	if change != nil {
		change(&s)
	}
	w.handler = New(s)
	glass := httptest.NewServer(w.handler)
	t.Cleanup(glass.Close)
	w.glass = glass.URL
	return w
}

// visit asks the site.
func (w *world) visit(method, target string, fields ...string) {
	w.Helper()
	r, err := http.NewRequest(method, w.site+target, nil)
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// ask asks the glass, and wants a status.
func (w *world) ask(path string, status int, into any) []byte {
	w.Helper()
	resp, err := http.Get(w.glass + path)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	if resp.StatusCode != status {
		w.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			w.Fatalf("%s: %v in %s", path, err, body)
		}
	}
	return body
}

// journeys waits until so many are recorded that a query chooses.
func (w *world) journeys(query string, n int) []api.Summary {
	w.Helper()
	for end := time.Now().Add(patience); ; {
		var list api.Journeys
		w.ask("/api/journeys?"+query, 200, &list)
		if len(list.Journeys) >= n {
			return list.Journeys
		}
		if time.Now().After(end) {
			w.Fatalf("%d journeys for %q, want %d", len(list.Journeys), query, n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAJourneyIsListedAndToldWhole(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/a.txt?q=1", "Cookie", "session=hidden-value", "Accept", "text/plain")
	w.visit("GET", "/secret/door")
	w.visit("GET", "/nothing")
	all := w.journeys("", 3)
	if all[0].Target != "/nothing" || all[1].Target != "/secret/door" || all[2].Target != "/a.txt?q=1" {
		t.Fatalf("the youngest is not first: %+v", all)
	}
	if s := all[1]; s.Status != 403 || !strings.HasSuffix(s.Position, "vitrine.hcl:8:3") && !strings.Contains(s.Position, "vitrine.hcl:") || s.Route != "/secret/*" {
		t.Errorf("the refusal is %+v", s)
	}
	var j api.Journey
	body := w.ask("/api/journeys/"+all[2].ID, 200, &j)
	if strings.Contains(string(body), "hidden-value") {
		t.Error("a cookie is told")
	}
	var cookie, accept bool
	for _, f := range j.Request.Fields {
		cookie = cookie || f.Name == "Cookie" && f.Hidden && f.Value == ""
		accept = accept || f.Name == "Accept" && f.Value == "text/plain"
	}
	if !cookie || !accept {
		t.Errorf("the request's fields are %+v", j.Request.Fields)
	}
	var line bool
	for _, f := range j.Response.Fields {
		line = line || f.Name == "X-Line" && f.Position != nil && f.Position.Line == 6
	}
	if !line {
		t.Errorf("the response's fields are %+v", j.Response.Fields)
	}
	if j.Verdict == nil || j.Verdict.Reason.Kind != "success" || len(j.Events) < 3 || j.File == "" {
		t.Errorf("decided: %+v, %d events, file %q", j.Verdict, len(j.Events), j.File)
	}
	if !strings.HasPrefix(j.Request.Line, "GET /a.txt?q=1 HTTP/1.1") || j.Response.Line != "HTTP/1.1 200 OK" || j.Response.Body != 1 {
		t.Errorf("%q, %q, %d bytes", j.Request.Line, j.Response.Line, j.Response.Body)
	}
	if j.Connection.Remote == "" || len(j.Connection.Others) != 2 || j.NoFrames == "" {
		t.Errorf("the connection is %+v, %q", j.Connection, j.NoFrames)
	}
}

func TestWhatARuleSetsInASecretFieldIsNotTold(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/login")
	id := w.journeys("", 1)[0].ID
	for _, path := range []string{"", "?as=text", "/har", "/json", "/pcapng"} {
		body := string(w.ask("/api/journeys/"+id+path, 200, nil))
		if strings.Contains(body, "top-secret-value") {
			t.Errorf("%q tells it:\n%s", path, body)
		}
		if path == "" && !strings.Contains(body, "Set-Cookie") {
			t.Errorf("the field itself is missing:\n%s", body)
		}
	}
}

func TestTheStationsOfAWayStandInTheirOrder(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/a.txt")
	w.visit("GET", "/a.txt")
	w.visit("GET", "/a.txt")
	all := w.journeys("path=/a.txt", 3)
	var j api.Journey
	w.ask("/api/journeys/"+all[0].ID, 200, &j)
	var names []string
	used := make(map[string]bool)
	for _, l := range j.Layers {
		names = append(names, l.Name)
		used[l.Name] = l.Used
		if l.Text == "" || l.Title == "" {
			t.Errorf("%s says nothing", l.Name)
		}
		if l.ToUS < l.AtUS {
			t.Errorf("%s ends before it begins: %+v", l.Name, l)
		}
	}
	if got := strings.Join(names, " "); got != "adapter ip tcp socket http site cache upstream response close log" {
		t.Errorf("the stations are %s", got)
	}
	if used["adapter"] || used["upstream"] || !used["site"] || !used["response"] {
		t.Errorf("passed: %v", used)
	}
	if j.Shared == "" || j.SharedGone || !used["cache"] {
		t.Errorf("the third answer was not remembered: %q %v", j.Shared, used)
	}
	for i := range j.Parts {
		if p := j.Parts[i]; p.Name == "accept" && p.ToUS == p.FromUS {
			t.Errorf("a part of the time is empty: %+v", j.Parts)
		}
		if p := j.Parts[i]; p.ToUS < p.FromUS || i > 0 && p.FromUS < j.Parts[i-1].ToUS-0.001 {
			t.Errorf("the parts overlap: %+v", j.Parts)
		}
	}
}

func TestDecisionsOfAJourneyThatIsGoneSaySo(t *testing.T) {
	w := newWorld(t, nil)
	for range 3 {
		w.visit("GET", "/a.txt")
	}
	w.journeys("path=/a.txt", 3)
	w.recorder.Configure(journey.Settings{Off: true})
	w.recorder.Configure(journey.Settings{})
	w.visit("GET", "/a.txt")
	var j api.Journey
	w.ask("/api/journeys/"+w.journeys("path=/a.txt", 1)[0].ID, 200, &j)
	if j.Shared == "" || !j.SharedGone || len(j.Events) == 0 {
		t.Errorf("shared: %q, gone: %t, %d decisions", j.Shared, j.SharedGone, len(j.Events))
	}
	w.ask("/api/journeys/"+j.Shared, 404, nil)
}

func TestWhatIsWrongWithAQuestionIsSaid(t *testing.T) {
	w := newWorld(t, nil)
	for path, status := range map[string]int{
		"/api/journeys?status=teapot":        400,
		"/api/journeys?limit=many":           400,
		"/api/journeys?before=yesterday":     400,
		"/api/journeys?slower=never":         400,
		"/api/journeys/zzz":                  400,
		"/api/journeys/0123456789abcdef":     404,
		"/api/journeys/0123456789abcdef/har": 404,
		"/api/journeys/0123456789abcdef/exe": 404,
		"/api/journeys/stream?status=teapot": 400,
		"/api/source?file=/etc/passwd":       404,
		"/api/source":                        404,
		"/api/explain":                       404,
		"/api/house":                         404,
		"/api/house/stream":                  404,
		"/api/sockets":                       404,
		"/api/counters":                      404,
		"/api/files":                         404,
		"/api/nothing":                       404,
		"/metrics":                           404,
		"/nothing.js":                        404,
		"/../sources.go":                     404,
	} {
		var e api.Error
		if w.ask(path, status, &e); e.Error == "" {
			t.Errorf("%s does not say what is wrong", path)
		}
	}
	for path, want := range map[string]int{"/api/journeys": 405, "/": 405} {
		resp, err := http.Post(w.glass+path, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Allow") == "" {
			t.Errorf("POST %s: %d", path, resp.StatusCode)
		}
	}
}

func TestThePageIsInTheProgram(t *testing.T) {
	w := newWorld(t, nil)
	resp, err := http.Get(w.glass + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(body), "<script") {
		t.Errorf("%d %s %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	resp, err = http.Get(w.glass + "/app.js")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("%d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
}

// events reads a stream until the test ends.
func (w *world) events(path string) (next func() (event, data string)) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", w.glass+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		w.Fatalf("%s: %s %s", path, resp.Status, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewReader(resp.Body)
	return func() (event, data string) {
		for {
			line, err := lines.ReadString('\n')
			switch {
			case err != nil:
				return "", err.Error()
			case line == "\n" && event != "":
				return event, data
			case strings.HasPrefix(line, "event: "):
				event = strings.TrimSpace(line[7:])
			case strings.HasPrefix(line, "data: "):
				data = strings.TrimSpace(line[6:])
			}
		}
	}
}

func TestAStreamBeginsWithThePastAndMissesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/a.txt?before")
	w.visit("GET", "/other")
	w.journeys("", 2)
	next := w.events("/api/journeys/stream?last=10&path=/a*")
	var got []string
	for i := 0; len(got) < 4; i++ {
		event, data := next()
		var b api.Batch
		if event != "journeys" || json.Unmarshal([]byte(data), &b) != nil {
			t.Fatalf("%s %s after %v", event, data, got)
		}
		for _, j := range b.Journeys {
			got = append(got, j.Target)
		}
		if i == 0 {
			if len(got) != 1 {
				t.Fatalf("the past is %v", got)
			}
			w.visit("GET", "/a.txt?1")
			w.visit("GET", "/other")
			w.visit("GET", "/a.txt?2")
			w.visit("GET", "/a.txt?3")
		}
	}
	if text := fmt.Sprint(got); text != "[/a.txt?before /a.txt?1 /a.txt?2 /a.txt?3]" {
		t.Errorf("the stream is %s", text)
	}
	w.handler.Close()
	for {
		event, data := next()
		if event == "end" {
			break
		}
		if event == "" {
			t.Fatalf("the stream ends without saying so: %s", data)
		}
	}
}

func TestTheHouseIsSentAgainAndAgain(t *testing.T) {
	n := 0
	w := newWorld(t, func(s *Sources) {
		s.House = func(context.Context) (*api.House, error) { n++; return &api.House{Requests: uint64(n)}, nil }
	})
	next := w.events("/api/house/stream?every=1ms")
	for i := 1; i <= 3; i++ {
		event, data := next()
		var h api.House
		if event != "house" || json.Unmarshal([]byte(data), &h) != nil || h.Requests != uint64(i) {
			t.Fatalf("%s %s", event, data)
		}
	}
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	for range cap(w.handler.streaming) {
		w.handler.streaming <- struct{}{}
	}
	var e api.Error
	if w.ask("/api/journeys/stream", 503, &e); !strings.Contains(e.Error, "may be no more") {
		t.Errorf("%+v", e)
	}
}

func TestWhoAsksForAHeadGetsNoMore(t *testing.T) {
	w := newWorld(t, func(s *Sources) { s.House = func(context.Context) (*api.House, error) { return new(api.House), nil } })
	w.visit("GET", "/a.txt")
	id := w.journeys("", 1)[0].ID
	for range streams + 1 { // none of them takes the place of a stream
		for _, path := range []string{"/api/journeys/stream?last=10", "/api/house/stream", "/api/journeys/json", "/api/journeys/" + id + "/har"} {
			resp, err := http.Head(w.glass + path)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: %s %v", path, resp.Status, resp.Header)
			}
		}
	}
	if n := len(w.handler.streaming) + len(w.handler.exporting); n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

func TestManyJourneysAreExportedOnceEach(t *testing.T) {
	w := newWorld(t, nil)
	const n = 30
	for range n {
		w.visit("GET", "/a.txt")
	}
	w.journeys("", n)
	var all []api.Journey
	w.ask("/api/journeys/json", 200, &all)
	if len(all) != n || all[0].Start.After(all[n-1].Start) {
		t.Errorf("%d journeys, the first at %v, the last at %v", len(all), all[0].Start, all[n-1].Start)
	}
	for i := range all {
		if len(all[i].Connection.Others) != 0 {
			t.Fatalf("journey %s tells of %d others, which are told anyway", all[i].ID, len(all[i].Connection.Others))
		}
	}
	var one api.Journey
	if w.ask("/api/journeys/"+all[0].ID, 200, &one); len(one.Connection.Others) != n-1 {
		t.Errorf("alone it tells of %d others on its connection", len(one.Connection.Others))
	}
}

func TestTheConfigurationIsShownAsItWasRead(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/secret/x")
	var j api.Journey
	w.ask("/api/journeys/"+w.journeys("", 1)[0].ID, 200, &j)
	p := j.Verdict.Position
	if p == nil {
		t.Fatalf("no line is responsible: %+v", j.Verdict)
	}
	var s api.Source
	w.ask(fmt.Sprintf("/api/source?file=%s&line=%d&around=1", p.File, p.Line), 200, &s)
	if s.From != p.Line-1 || len(s.Lines) != 3 || s.Total < 10 {
		t.Errorf("%+v", s)
	}
	if line := s.Lines[1]; !strings.Contains(line, "respond") && !strings.Contains(line, "route") && !strings.Contains(line, "status") {
		t.Errorf("line %d is %q", p.Line, line)
	}
	for path, status := range map[string]int{"&line=0": 400, "&line=x": 400, "&line=999": 404, "&line=3&around=-1": 400, "&line=3&around=99999999999999999999": 400} {
		w.ask("/api/source?file="+p.File+path, status, nil)
	}
}

func TestAJourneyReadsAsExplainTellsIt(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/secret/x")
	id := w.journeys("", 1)[0].ID
	text := string(w.ask("/api/journeys/"+id+"?as=text&width=100&unicode=1", 200, nil))
	for _, want := range []string{"403", "/secret/*", "vitrine.hcl:"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestReasonsAreCounted(t *testing.T) {
	w := newWorld(t, nil)
	w.visit("GET", "/a.txt")
	var all []api.Counted
	w.ask("/api/reasons", 200, &all)
	reached := 0
	for _, r := range all {
		if r.Sentence == "" || r.Kind == "" {
			t.Errorf("%+v", r)
		}
		if r.Reached > 0 {
			reached++
		}
	}
	if len(all) < 100 || reached < 5 {
		t.Errorf("%d reasons, %d reached", len(all), reached)
	}
}
