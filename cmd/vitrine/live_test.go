package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"vitrine/observe/glass/api"
)

// liveServer is a server with its API, as explain --live meets it.
type liveServer struct {
	*asked
	url string

	mu      sync.Mutex
	forced  string // the client that is recorded
	journey api.Journey
	dry     api.Explanation
	unknown bool // it knows of no request
	off     bool
}

func newLiveServer(t *testing.T) *liveServer {
	l := &liveServer{}
	l.journey = api.Journey{Summary: api.Summary{ID: "1f2e3d4c5b6a7988", Status: 200}, Verdict: &api.Event{Reason: api.Reason{ID: "content.whole"}},
		Events:   []api.Event{{Step: "site", Subject: "a", Taken: true, Reason: api.Reason{ID: "site.by-host"}}, {Step: "resource", Subject: "/", Taken: true, Reason: api.Reason{ID: "resource.kept"}}},
		Response: api.Message{Fields: []api.Field{{Name: "Date", Value: "now"}, {Name: "ETag", Value: "1"}}}, Ending: &api.Reason{ID: "http1.keep.default"}}
	l.dry = api.Explanation{Status: 200, Verdict: l.journey.Verdict, Ending: l.journey.Ending,
		Events:   []api.Event{{Step: "listener", Taken: true, Reason: api.Reason{ID: "listener.chosen"}}, l.journey.Events[0], {Step: "resource", Subject: "/", Taken: true, Reason: api.Reason{ID: "resource.read"}}},
		Response: api.Message{Fields: []api.Field{{Name: "ETag", Value: "1"}}}}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/closed" {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, strings.Repeat("x", 100000))
	}))
	t.Cleanup(web.Close)
	l.url = web.URL
	l.asked = fakeServer(t, l.answer)
	return l
}

func (l *liveServer) answer(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch r.URL.Path {
	case "/api/status":
		json.NewEncoder(w).Encode(api.Status{Recording: api.Recording{On: !l.off}})
	case "/api/force":
		l.forced = r.URL.Query().Get("client")
		w.(http.Flusher).Flush()
		l.mu.Unlock()
		<-r.Context().Done()
		l.mu.Lock()
	case "/api/explain":
		json.NewEncoder(w).Encode(l.dry)
	case "/api/journeys":
		list := api.Journeys{Journeys: []api.Summary{{ID: "0000000000000000", Client: "127.0.0.1:1"}}}
		if !l.unknown {
			list.Journeys = append(list.Journeys, api.Summary{ID: l.journey.ID, Client: l.forced})
		}
		json.NewEncoder(w).Encode(list)
	case "/api/journeys/" + l.journey.ID:
		if r.URL.Query().Get("as") == "text" {
			io.WriteString(w, "the story\n")
			return
		}
		json.NewEncoder(w).Encode(l.journey)
	default:
		http.NotFound(w, r)
	}
}

func TestARequestIsReallySentAndHeldAgainstTheDryRun(t *testing.T) {
	l := newLiveServer(t)
	if out, errs := l.run("explain", "--live", l.url+"/"); out != "the story\n\n+ The dry run of this server says the same.\n[0]" || errs != "" {
		t.Errorf("%s%s", out, errs)
	}
	if out, _ := l.run("explain", "--live", "--json", l.url+"/"); !strings.Contains(out, `"same": true`) || !strings.Contains(out, `"id": "1f2e3d4c5b6a7988"`) {
		t.Error(out)
	}
	address := strings.TrimPrefix(l.url, "http://")
	if out, errs := l.run("explain", "--live", "-X", "HEAD", "--http1.0", "--connect", address, "http://elsewhere.test/"); !strings.HasPrefix(out, "the story\n") {
		t.Errorf("elsewhere: %s%s", out, errs)
	}
	l.dry.Status = 404
	if out, _ := l.run("explain", "--live", l.url+"/"); !strings.HasSuffix(out, "x The dry run of this server differs: the status was 200, and is 404 in the dry run\n[0]") {
		t.Error(out)
	}
}

func TestWhyThereIsNoJourneyIsSaid(t *testing.T) {
	l := newLiveServer(t)
	l.unknown = true
	if out, errs := l.run("explain", "--live", "--timeout", "1s", l.url+"/"); out != "[2]" || !strings.Contains(errs, "knows of no request from 127.0.0.1:") || !strings.Contains(errs, "--connect ADDRESS") {
		t.Errorf("another program: %s%s", out, errs)
	}
	l.off = true
	if out, errs := l.run("explain", "--live", "--timeout", "1s", l.url+"/"); out != "[1]" || !strings.Contains(errs, "records nothing") {
		t.Errorf("nothing is recorded: %s%s", out, errs)
	}
	l.dry = api.Explanation{Verdict: &api.Event{Reason: api.Reason{ID: "accept.denied", Sentence: "The client may not connect."}}, Position: &api.Position{Text: "v.hcl:3:4"}}
	if out, errs := l.run("explain", "--live", l.url+"/closed"); !strings.Contains(out, "The dry run says why: The client may not connect (accept.denied), v.hcl:3:4") {
		t.Errorf("refused: %s%s", out, errs)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	if out, errs := l.run("explain", "--live", "http://"+free.Addr().String()+"/"); out != "[2]" || !strings.Contains(errs, "nobody listens on "+free.Addr().String()) || !strings.Contains(errs, "listens on 127.0.0.1:8080") {
		t.Errorf("nobody: %s%s", out, errs)
	}
}

func TestAnAnswerThatDoesNotComeIsNotWaitedForForEver(t *testing.T) {
	l := newLiveServer(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if out, errs := l.run("explain", "--live", "--timeout", "50ms", "http://"+silent.Addr().String()+"/"); out != "[1]" || !strings.Contains(errs, "no whole answer came from "+silent.Addr().String()+" within 50ms; --timeout") {
		t.Errorf("%s%s", out, errs)
	}
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "220 smtp.example.org\r\n")
			c.Close()
		}
	}()
	if out, errs := l.run("explain", "--live", "http://"+silent.Addr().String()+"/"); out == "[0]" || !strings.Contains(errs, silent.Addr().String()) {
		t.Errorf("no HTTP: %s%s", out, errs)
	}
}

func TestTheFirstDifferenceIsNamed(t *testing.T) {
	place := func(text string) *api.Position { return &api.Position{Text: text} }
	event := func(step, subject, id, at string) api.Event {
		e := api.Event{Step: step, Subject: subject, Taken: true, Reason: api.Reason{ID: id}}
		if at != "" {
			e.Position = place(at)
		}
		return e
	}
	for _, c := range []struct {
		change func(j *api.Journey, x *api.Explanation)
		want   string
	}{
		{func(*api.Journey, *api.Explanation) {}, ""},
		{func(j *api.Journey, x *api.Explanation) { x.Verdict = &api.Event{Reason: api.Reason{ID: "b"}} }, "what decided it was a, and is b in the dry run"},
		{func(j *api.Journey, x *api.Explanation) { x.Events[0] = event("route", "/b", "r", "f:2:1") }, "route: it decided r for /a (f:1:1), and the dry run r for /b (f:2:1)"},
		{func(j *api.Journey, x *api.Explanation) { x.Events = nil }, "route: it decided r for /a (f:1:1), and the dry run does not"},
		{func(j *api.Journey, x *api.Explanation) { j.Events = nil }, "route: the dry run decides r for /a (f:1:1), which was not decided"},
		{func(j *api.Journey, x *api.Explanation) { j.Events, j.NoEvents = nil, "not recorded" }, ""},
		{func(j *api.Journey, x *api.Explanation) {
			x.Events = append(x.Events, api.Event{Step: "route", Reason: api.Reason{ID: "passed"}})
		}, ""},
		{func(j *api.Journey, x *api.Explanation) { x.Response.Fields = nil }, "the field Vary was Accept, and is not there in the dry run"},
		{func(j *api.Journey, x *api.Explanation) {
			x.Response.Fields = append(x.Response.Fields, api.Field{Name: "date", Value: "x"})
		}, ""},
		{func(j *api.Journey, x *api.Explanation) { x.Ending = &api.Reason{ID: "other"} }, ""},
		{func(j *api.Journey, x *api.Explanation) { // the program's answer is its own
			j.Status, j.Events = 404, append(j.Events, event("cgi", "/s", "cgi.started", "f:3:1"))
			x.Status, x.Events = 200, append(x.Events, event("cgi", "/s", "cgi.would-run", "f:3:1"))
		}, ""},
		{func(j *api.Journey, x *api.Explanation) { // another way led there
			j.Events = append(j.Events, event("access", "alice", "access.user", ""), event("cgi", "/s", "cgi.started", "f:3:1"))
			x.Events = append(x.Events, event("cgi", "/s", "cgi.would-run", "f:3:1"))
		}, "access: it decided access.user for alice, and the dry run does not"},
		{func(j *api.Journey, x *api.Explanation) { x.Keep, x.Ending = true, nil }, "the connection was closed (ends), and is kept in the dry run"},
	} {
		j := &api.Journey{Verdict: &api.Event{Reason: api.Reason{ID: "a"}}, Events: []api.Event{event("route", "/a", "r", "f:1:1")},
			Response: api.Message{Fields: []api.Field{{Name: "Vary", Value: "Accept"}}}, Ending: &api.Reason{ID: "ends"}}
		x := &api.Explanation{Verdict: j.Verdict, Events: []api.Event{event("route", "/a", "r", "f:1:1")}, Response: api.Message{Fields: []api.Field{{Name: "vary", Value: "Accept"}}}, Ending: j.Ending}
		c.change(j, x)
		if got := differs(j, x); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestFlagsAreCompleted(t *testing.T) {
	for args, want := range map[string]string{
		"journeys --status": "4xx\n", "journeys --reason": "resource.missing\t", "journeys --export": "pcapng\n", "journeys --method": "GET\n",
		"serve --admin": "off\n", "reasons": "site.\n",
	} {
		line := append([]string{"__complete"}, strings.Fields(args)...)
		if out, _ := (*asked)(nil).run(append(line, "")...); !strings.Contains(out, want) {
			t.Errorf("%s: %s", args, fmt.Sprintf("%.300s", out))
		}
	}
}
