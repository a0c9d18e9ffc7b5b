package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// asked is a server that a command asks: it answers as a handler does, and keeps the questions.
type asked struct {
	socket    string
	questions chan string
}

func fakeServer(t *testing.T, h http.HandlerFunc) *asked {
	t.Helper()
	a := &asked{socket: filepath.Join(t.TempDir(), "1.sock"), questions: make(chan string, 100)}
	l, err := net.Listen("unix", a.socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status" {
			json.NewEncoder(w).Encode(control.Status{PID: 4711, Addresses: []string{"127.0.0.1:8080"}})
			return
		}
		a.questions <- r.Method + " " + r.URL.RequestURI()
		h(w, r)
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return a
}

// run is what a command line prints, with its exit status behind it.
func (a *asked) run(args ...string) (out, errs string) {
	var o, e bytes.Buffer
	if a != nil {
		args = append(args, "--control", a.socket)
	}
	status := execute(args, strings.NewReader(""), &o, &e)
	return o.String() + fmt.Sprintf("[%d]", status), e.String()
}

// question is the last one that was asked, its query decoded.
func (a *asked) question(t *testing.T) (path string, query url.Values) {
	t.Helper()
	var last string
	for {
		select {
		case last = <-a.questions:
			continue
		default:
		}
		break
	}
	_, text, _ := strings.Cut(last, " ")
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path, u.Query()
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// someJourneys is a list with one of everything, the youngest first.
func someJourneys() []api.Summary {
	return []api.Summary{
		{ID: "1f2e3d4c5b6a7989", Start: noon.Add(-time.Second), TookUS: 3200000, Method: "GET", Host: "example.org", Target: "/slow?" + strings.Repeat("a=long&", 30), Status: 200,
			Body: 1234567, Client: "[2001:db8::1234:5678]:50312", Reason: "content.whole", Kind: "success", Position: "vitrine.hcl:12:3", Slow: true},
		{ID: "1f2e3d4c5b6a7988", Start: noon.Add(-time.Minute), TookUS: 110, Method: "GET", Host: "example.org:8080", Target: "/missing", Status: 404,
			Body: 162, Client: "203.0.113.9:50312", Reason: "resource.missing", Kind: "refused", Position: "vitrine.hcl:12:3"},
		{ID: "1f2e3d4c5b6a7987", Start: noon.Add(-26 * time.Hour), TookUS: 12345, Method: "POST", Host: "example.org", Target: "/\x1b[2J", Status: 502,
			Client: "203.0.113.9:50311", Reason: "not.known.here", Failed: true},
		{ID: "1f2e3d4c5b6a7986", Start: noon.Add(-27 * time.Hour), Status: 0, Client: "203.0.113.9:50310"},
	}
}

func TestJourneysAreReadableAtAnyWidth(t *testing.T) {
	all := someJourneys()
	slices.Reverse(all)
	var out []byte
	for _, s := range []terminal.Style{{}, {Width: 140, Unicode: true}, {Width: 100, Unicode: true, Color: true}, {Width: 72}, {Width: 30}} {
		table := newJourneyTable(s, noon, all)
		from := len(out)
		for i := range all {
			out = table.append(out, &all[i])
		}
		for line := range strings.Lines(string(out[from:])) {
			if cells := terminal.Cells(strings.TrimSuffix(line, "\n")); s.Width >= 72 && !s.Color && cells > s.Width {
				t.Errorf("%d columns in %d: %q", cells, s.Width, line)
			}
		}
		out = append(out, '\n')
	}
	list := api.Journeys{Journeys: all, Before: "2026-11-22T12:00:00Z", Recording: api.Recording{On: true, Mode: "all, at most 1000 a second", Journeys: 1204,
		Bytes: 3 << 20, Limit: 32 << 20, Recorded: 2000, LeftOut: 12}}
	out = append(appendRecording(out, &list, false, " --pid 7", terminal.Style{}), '\n')
	for _, other := range []struct {
		list     api.Journeys
		filtered bool
	}{
		{api.Journeys{Recording: api.Recording{On: true, Mode: "all", Journeys: 5, LeftOut: 1}}, true},
		{api.Journeys{Recording: api.Recording{On: true, Mode: "all"}}, false},
		{api.Journeys{Recording: api.Recording{}}, false},
	} {
		out = append(appendRecording(out, &other.list, other.filtered, "", terminal.Style{}), '\n')
	}
	golden(t, "journeys.txt", out)
}

func TestFiltersBecomeAQuestion(t *testing.T) {
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(api.Journeys{}) })
	out, errs := a.run("journeys", "--site", "a", "--host", "b,c", "--path", "/x,y*", "--method", "get", "--status", "404,5XX", "--client", "203.0.113.0/24", "--client", "::1",
		"--reason", "resource.", "--slower", "200ms", "--failed", "--slow", "--connection", "7", "--text", "t", "-n", "3", "--json", "--before", "2026-01-31T12:00:00Z")
	if out != "[]\n[0]" || errs != "" {
		t.Errorf("%q, %q", out, errs)
	}
	path, got := a.question(t)
	want := url.Values{"site": {"a"}, "host": {"b", "c"}, "path": {"/x,y*"}, "method": {"GET"}, "status": {"404", "5xx"}, "client": {"203.0.113.0/24", "::1"},
		"reason": {"resource."}, "slower": {"200ms"}, "failed": {"1"}, "slow": {"1"}, "connection": {"7"}, "text": {"t"}, "limit": {"3"}, "before": {"2026-01-31T12:00:00Z"}}
	if path != "/api/journeys" || got.Encode() != want.Encode() {
		t.Errorf("asked %s with\n%s, not\n%s", path, got.Encode(), want.Encode())
	}
}

func TestMistakesAreSaidBeforeAServerIsAsked(t *testing.T) {
	for args, want := range map[string]string{
		"journeys --status 4x":                       "no status",
		"journeys --client nobody":                   "no address and no network",
		"journeys --before never":                    "no time",
		"journeys --slower -1s":                      "not negative",
		"journeys --slower soon":                     `--slower "soon" is no span of time`,
		"journeys -n -1":                             "not negative",
		"journeys -n 10001":                          "at most 10000",
		"journeys --export xml":                      "no format",
		"journeys -o file":                           "needs --export",
		"journeys --id 1f2e3d4c5b6a7988":             "--id is for --export",
		"journeys --export har --id 1f":              "too little of an id",
		"journeys --follow --before 10m":             "--follow of the future",
		"journeys --reason resource.mising":          "did you mean resource.missing?",
		"journeys --reason resource":                 "did you mean resource.?",
		"journeys --reason nothing-like-this-at-all": "vitrine reasons lists them",
		"journeys what":                              "takes no argument",
		"explain --id nothing":                       "no journey's id",
		"explain --id 12345":                         "first 6 digits",
		"explain --id 1f2e3d4c5b6a7988aa":            "no journey's id",
		"explain --id 1f2e3d4c5b6a7988 -X PUT":       "--request has no meaning with --id",
		"explain --live --from ::1 http://a/":        "--from has no meaning with --live",
		"explain --live --connect a http://a/":       "no address with a port",
		"explain --live https://a/":                  "does not speak https",
		"explain --connect a:1 http://a/":            "needs --live",
		"explain --live --timeout 0s http://a/":      "more than nothing",
		"capture --port abc":                         `--port "abc" is no port: write a number from 1 to 65535`,
		"capture --count x":                          `--count "x" is no number`,
		"reasons --all":                              "needs --live",
	} {
		out, errs := (*asked)(nil).run(strings.Fields(args)...)
		if out != "[2]" || !strings.Contains(errs, want) || strings.Contains(errs, "strconv") {
			t.Errorf("%s: %s%s, want %q", args, out, errs, want)
		}
	}
}

func TestTimesOfDayAreOfTheLastDay(t *testing.T) {
	for text, want := range map[string]string{
		"11:30": "2026-11-22T11:30:00Z", "12:30:05": "2026-11-21T12:30:05Z", "10m": "2026-11-22T11:50:00Z", "2026-11-20": "2026-11-20T00:00:00Z",
		"2026-11-20 10:00": "2026-11-20T10:00:00Z", "2026-11-20T10:00:00.5+01:00": "2026-11-20T10:00:00.5+01:00",
		"1700000000000000000-7-1f2e3d4c5b6a7988": "1700000000000000000-7-1f2e3d4c5b6a7988", "-5m": "", "yesterday": "",
	} {
		if got, err := moment(text, noon); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

func TestFollowingEndsWithTheServer(t *testing.T) {
	word := "event: end\ndata: {}\n\n"
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		batch, _ := json.Marshal(api.Batch{Journeys: someJourneys()[:1]})
		fmt.Fprintf(w, "event: journeys\ndata: {\"journeys\":[]}\n\n: still here\n\nevent: news\ndata: x\n\nevent: journeys\ndata: %s\n\n", batch)
		fmt.Fprintf(w, "event: journeys\ndata: {\"journeys\":[],\"left_out\":3}\n\n%s", word)
	})
	out, errs := a.run("journeys", "-f", "--json", "-n", "0")
	var one api.Summary
	if err := json.Unmarshal([]byte(strings.TrimSuffix(out, "[0]")), &one); err != nil || one.ID != "1f2e3d4c5b6a7989" || strings.Count(out, "\n") != 1 {
		t.Errorf("%v: %s", err, out)
	}
	if want := "3 journeys not shown: this output is too slow for them\nthe server (process 4711) has stopped; 1 journey was shown\n"; errs != want {
		t.Errorf("said %q", errs)
	}
	if path, q := a.question(t); path != "/api/journeys/stream" || q.Get("last") != "0" {
		t.Errorf("asked %s with %v", path, q)
	}
	word = ""
	if out, errs = a.run("journeys", "-f"); !strings.HasSuffix(out, "[1]") || !strings.Contains(errs, "went away without a word") {
		t.Errorf("without a word: %s%s", out, errs)
	}
	if _, q := a.question(t); q.Get("last") != "10" {
		t.Errorf("asked with %v", q)
	}
}

func TestAnIdMayBeShort(t *testing.T) {
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/journeys":
			json.NewEncoder(w).Encode(api.Journeys{Journeys: someJourneys()})
		case r.URL.Path == "/api/journeys/1f2e3d4c5b6a7988" && r.URL.Query().Get("as") == "text":
			io.WriteString(w, "a story\n")
		case r.URL.Path == "/api/journeys/1f2e3d4c5b6a7988":
			io.WriteString(w, `{"id":"1f2e3d4c5b6a7988","connection":{"id":18446744073709551615}}`)
		default:
			w.WriteHeader(404)
			io.WriteString(w, `{"error":"it is not here","hint":"what is recorded: all"}`)
		}
	})
	for _, c := range []struct{ args, out, errs string }{
		{"--id 1F2E3D4C5B6A7988", "a story\n[0]", ""},
		{"--id 1f2e3d4c5b6a7988 --json", "18446744073709551615", ""},
		{"--id 1f2e3d4c5b6a798", "[2]", "the ids of 4 journeys begin with 1f2e3d4c5b6a798\n  give more of it: 1f2e3d4c5b6a7989, 1f2e"},
		{"--id 1f2e3d4c5b6a79880", "[2]", "no journey's id"},
		{"--id abcdef", "[1]", "no journey that is recorded has an id that begins with abcdef"},
		{"--id abcdefabcdefabcd", "[1]", "vitrine: it is not here\n  what is recorded: all\n"},
	} {
		if out, errs := a.run(append([]string{"explain"}, strings.Fields(c.args)...)...); !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("%s: %s%s", c.args, out, errs)
		}
	}
}

func TestExportsAreWrittenWholeOrNotAtAll(t *testing.T) {
	cut := false
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "everything")
		if cut {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	file := filepath.Join(t.TempDir(), "out.har")
	if _, errs := a.run("journeys", "--export", "har", "-o", file, "--failed"); !strings.Contains(errs, "10 bytes to "+file) {
		t.Error(errs)
	}
	if path, q := a.question(t); path != "/api/journeys/har" || q.Get("failed") != "1" || q.Get("limit") != "10000" {
		t.Errorf("asked %s with %v", path, q)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v: others may read it: %v", err, info.Mode())
	}
	if out, _ := a.run("journeys", "--export", "json", "--id", "1f2e3d4c5b6a7988", "-o", "-"); out != "everything[0]" {
		t.Errorf("to the standard output: %s", out)
	}
	if path, _ := a.question(t); path != "/api/journeys/1f2e3d4c5b6a7988/json" {
		t.Errorf("asked %s", path)
	}
	cut = true
	out, errs := a.run("journeys", "--export", "pcapng", "-o", file)
	if out != "[1]" || !strings.Contains(errs, "was not written") {
		t.Errorf("cut short: %s%s", out, errs)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "everything" {
		t.Errorf("%v, %q", err, text)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if out, errs := a.run("journeys", "--export", "har", "-o", t.TempDir()); out != "[2]" || !strings.Contains(errs, "is a folder") {
		t.Errorf("a folder: %s%s", out, errs)
	}
}

func TestAnotherVersionIsNamed(t *testing.T) {
	a := fakeServer(t, http.NotFound)
	for _, args := range []string{"journeys", "journeys -f", "journeys --export har", "explain --id 1f2e3d4c5b6a7988", "explain --live http://127.0.0.1:1/", "reasons --live"} {
		if out, errs := a.run(strings.Fields(args)...); out != "[1]" || !strings.Contains(errs, "the server (process 4711) is of another version of vitrine") {
			t.Errorf("%s: %s%s", args, out, errs)
		}
	}
}

func TestReasonsThatWereReached(t *testing.T) {
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `[{"id":"a.one","kind":"info","sentence":"One.","reached":1234},{"id":"a.two","kind":"info","sentence":"two","reached":0}]`)
	})
	for args, want := range map[string]string{
		"":       "reached since the server started\n  1,234  a.one  One\n1 other Reason not reached yet (--all shows them)\n[0]",
		"a.one":  "reached since the server started\n  1,234  a.one  One\n[0]",
		"a.two":  "1 Reason not reached yet (--all shows them)\n[0]",
		"--all":  "reached since the server started\n  1,234  a.one  One\n      0  a.two  Two\n[0]",
		"--json": "\"reached\": 1234",
		"zzz":    "[1]",
	} {
		if out, _ := a.run(append([]string{"reasons", "--live"}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s: %s", args, out)
		}
	}
}

func TestSocketsOfTheKernel(t *testing.T) {
	a := fakeServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sockets" {
			w.WriteHeader(http.StatusConflict)
			return
		}
		json.NewEncoder(w).Encode([]api.Socket{
			{State: "LISTEN", Local: "127.0.0.1:8080", Loop: 0, RecvQueue: 1, SendQueue: 4096},
			{State: "LISTEN", Local: "127.0.0.1:8080", Loop: 1, SendQueue: 4096},
			{State: "ESTABLISHED", Local: "127.0.0.1:8080", Remote: "127.0.0.1:50312", Loop: 1, ID: 17, Serial: 3, Doing: "sending", Journey: "1f2e3d4c5b6a7988", AgeUS: 3.5e6,
				SendQueue: 100, Snapshot: &api.Snapshot{State: "ESTABLISHED", RTTUS: 312, RTTVarUS: 101, RTOUS: 204000, Congestion: "cubic", Window: 14480, MSS: 1448, SegmentsOut: 3},
				Waits: &api.Reason{ID: "tcp.wait.window", Sentence: "The window is full."}},
		})
	})
	out, errs := a.run("sockets", "--all")
	if strings.Count(out, "LISTEN") != 1 || errs != "" {
		t.Errorf("%s%s", out, errs)
	}
	golden(t, "kernel.txt", []byte(out))
	if out, _ := a.run("sockets", "--all", "--json"); strings.Count(out, "LISTEN") != 2 {
		t.Error(out)
	}
}
