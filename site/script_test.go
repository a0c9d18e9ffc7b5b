//go:build linux

package site

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/site/cgi"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// stage is a world with scripts: $ROOT/cgi-bin, and extensions in $ROOT.
type stage struct {
	*world
	body  string // of the next request
	lost  error  // in the middle of it
	leave func(x *exchange.Exchange)
	x     *exchange.Exchange
	cut   bool // the answer was cut off

	holds bool                       // exchanges may wait
	held  atomic.Bool                // one does
	later chan func()                // what goes on when they have
	gone  func(x *exchange.Exchange) // is called when one waits
}

func (s *stage) Hold(netip.Addr) bool {
	s.held.Store(s.holds)
	return s.holds
}
func (s *stage) Unhold(netip.Addr) {}

// askLater is ask for a request that has to wait: what comes after that runs here as well.
func (s *stage) askLater(t testing.TB, head string) *reply {
	s.later = make(chan func(), 1)
	defer func() { s.later = nil }()
	return s.ask(t, head)
}

func newStage(t testing.TB, files map[string]string, settings string) *stage {
	files = maps.Clone(files)
	files["one/program"] = text + `echo "$SCRIPT_NAME|$PATH_INFO"`
	t.Helper()
	w := newWorld(t, files, `
site "example.org" {
  root = "$ROOT"
  cgi {
    extensions = [".cgi"]
  }
  files {
    index = ["index.html", "index.cgi"]
  }
  route "/cgi-bin/*" {
    root         = "$ROOT/cgi-bin"
    strip_prefix = "/cgi-bin"
    cgi {
`+settings+`
    }
  }
  route "/one/*" {
    file         = "$ROOT/one/program"
    strip_prefix = "/one"
    cgi {
    }
  }
  route "/exact" {
    file = "$ROOT/one/program"
    cgi {
    }
  }
  route "/plain/*" {
    root         = "$ROOT"
    strip_prefix = "/plain"
  }
}
`)
	for name := range files {
		if strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".html") || strings.Contains(name, "plain") {
			continue
		}
		if err := os.Chmod(filepath.Join(w.dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &stage{world: w}
}

func (s *stage) Spawn(f func()) bool {
	if s.held.Load() {
		s.later <- f
		return true
	}
	if s.body != "" || s.lost != nil {
		fed := make(chan struct{})
		go func(x *exchange.Exchange, rest string, lost error) {
			defer close(fed)
			for rest != "" {
				n := x.Feed([]byte(rest))
				if rest = rest[n:]; n == 0 {
					time.Sleep(time.Millisecond) // the credit: nobody wakes this carrier
				}
			}
			if lost != nil {
				x.FeedError(lost)
				return
			}
			x.FeedEnd(nil)
		}(s.x, s.body, s.lost)
		defer func() { <-fed }()
	}
	if s.leave != nil {
		left := make(chan struct{})
		go func(leave func(*exchange.Exchange), x *exchange.Exchange) {
			defer close(left)
			leave(x)
		}(s.leave, s.x)
		defer func() { <-left }()
	}
	return s.world.Spawn(f)
}

func (s *stage) ask(t testing.TB, head string) *reply {
	t.Helper()
	s.tracer, s.cut = true, false
	x := s.begin(t, head)
	length := x.Request.ContentLength
	if strings.Contains(head, "chunked") {
		length = -1
	}
	journey, start := x.Journey, x.Start
	peer := x.Peer
	x.Begin(s, x.Request, peer, exchange.Limits{Input: 1 << 16, Output: 1 << 30})
	x.Request.ContentLength = length
	x.Journey, x.Start, x.Serial = journey, start, 1
	x.Trace = &trace.Journey{ID: journey, Live: true}
	s.x = x
	s.h.Serve(x)
	u := exchange.Update{}
	if s.later != nil {
		if s.gone != nil {
			s.gone(x)
		}
		later := <-s.later
		s.held.Store(false)
		later()
	}
	if x.Detached() {
		u = x.Update()
	}
	if u.Panic != nil {
		t.Fatalf("panic: %v\n%s", u.Panic, u.Stack)
	}
	if u.Block == nil || u.Whole {
		return s.finish(t, x)
	}
	r := &reply{journey: x.Trace, off: true, status: u.Block.Status(), fields: u.Block.Fields()}
	var body strings.Builder
	for {
		b, release := x.Take()
		if release == nil {
			break
		}
		body.Write(b)
		release.Release()
	}
	r.body, s.cut = body.String(), u.Abort
	reasons, _ := x.Why()
	for _, why := range reasons {
		r.reasons += " " + why.ID
	}
	if v, ok := x.Pinned.(*visit); ok {
		for _, e := range v.decisions().Events {
			r.reasons += " " + e.Reason.ID
		}
	}
	s.h.Finish(x)
	return r
}

const text = "#!/bin/sh\necho Content-Type: text/plain\necho\n"

func TestScriptsAnswer(t *testing.T) {
	s := newStage(t, map[string]string{
		"cgi-bin/hello":       text + "echo hello",
		"cgi-bin/sub/deep":    text + `echo "$SCRIPT_NAME $PATH_INFO $(pwd | sed s,.*/,,)"`,
		"cgi-bin/status":      "#!/bin/sh\necho Status: 404 Nope\necho X-A: b\necho\n",
		"cgi-bin/none204":     "#!/bin/sh\nprintf 'Status: 204\\nContent-Length: 3\\n\\n'; sleep 0.1; echo no\n",
		"cgi-bin/cat":         text + `echo "$CONTENT_LENGTH"; cat | wc -c`,
		"cgi-bin/remote":      "#!/bin/sh\necho Location: http://example.com/\necho\n",
		"cgi-bin/local":       "#!/bin/sh\necho Location: /page.txt\necho\n",
		"cgi-bin/loop":        "#!/bin/sh\necho Location: /cgi-bin/loop\necho\n",
		"cgi-bin/etag":        "#!/bin/sh\necho Content-Type: text/plain\necho 'ETag: \"1\"'\necho\necho old",
		"cgi-bin/env":         text + "env",
		"cgi-bin/method":      text + `echo "$REQUEST_METHOD"`,
		"cgi-bin/args":        text + `echo "$#:$*"`,
		"cgi-bin/stream":      text + "echo 1; sleep 0.1; echo 2",
		"cgi-bin/long":        "#!/bin/sh\necho Content-Type: text/plain\necho Content-Length: 6\necho\necho 1; sleep 0.1; echo 234567890",
		"cgi-bin/plain.pyx":   "echo Content-Type: text/plain; echo; echo by sh",
		"x.cgi":               text + "echo by extension $PATH_INFO",
		"page.txt":            "a page",
		"sub/index.cgi":       text + "echo index $SCRIPT_NAME",
		"folder.cgi/page.txt": "in a folder that looks like a script",
	}, `
interpreters = { pyx = "/bin/sh" }
environment = { MY_OWN = "value", LANG = "C" }
pass_environment = ["VITRINE_TEST_PASSED"]
arguments = true
`)
	for _, c := range []struct{ request, status, body string }{
		{"GET /cgi-bin/hello", "200", "hello\n"},
		{"HEAD /cgi-bin/hello", "200", ""},
		{"DELETE /cgi-bin/hello", "200", "hello\n"},
		{"GET /cgi-bin/hello/and/more", "200", "hello\n"},
		{"GET /cgi-bin/sub/deep/a%20b/", "200", "/cgi-bin/sub/deep /a b/ sub\n"},
		{"GET /cgi-bin/status", "404", ""},
		{"GET /cgi-bin/remote", "302", ""},
		{"GET /cgi-bin/local", "200", "a page"},
		{"GET /cgi-bin/loop", "500", "*"},
		{"GET /cgi-bin/etag\nIf-None-Match: \"1\"", "304", ""},
		{"GET /cgi-bin/etag\nIf-Match: \"2\"", "412", "*"},
		{"GET /cgi-bin/etag\nIf-None-Match: \"2\"", "200", "old\n"},
		{"GET /cgi-bin/args?a+b%20c", "200", "2:a b c\n"},
		{"GET /cgi-bin/args?a=b", "200", "0:\n"},
		{"GET /cgi-bin/args?-s", "200", "0:\n"},
		{"GET /cgi-bin/args?a%00", "200", "0:\n"},
		{"GET /cgi-bin/args?%zz", "200", "0:\n"},
		{"GET /cgi-bin/stream", "200", "1\n2\n"},
		{"HEAD /cgi-bin/stream", "200", ""},
		{"GET /cgi-bin/long", "200", "1\n2345"},
		{"GET /cgi-bin/plain.pyx", "200", "by sh\n"},
		{"GET /x.cgi", "200", "by extension\n"},
		{"GET /x.cgi/more/info", "200", "by extension /more/info\n"},
		{"POST /page.txt", "405", "*"},
		{"PROPFIND /page.txt", "501", "*"},
		{"OPTIONS /page.txt", "204", ""},
		{"OPTIONS /cgi-bin/method", "200", "OPTIONS\n"}, // a program decides about methods
		{"PROPFIND /cgi-bin/method", "200", "PROPFIND\n"},
		{"TRACE /cgi-bin/method", "405", "*"},
		{"GET /page.txt", "200", "a page"},
		{"GET /folder.cgi/page.txt", "200", "in a folder that looks like a script"},
		{"GET /sub/", "200", "index /sub/index.cgi\n"},
		{"GET /y.cgi", "404", "*"},
		{"GET /plain/x.cgi", "200", "*"},               // a root of its own: its site's scripts are files there, as was written
		{"GET /one/a/b%20c/", "200", "/one|/a/b c/\n"}, // one program for all of a route, such as git http-backend
		{"GET /one/", "200", "/one|/\n"},
		{"GET /one", "200", "/one|\n"},
		{"GET /exact", "200", "/exact|\n"},
		{"GET /exact/x", "404", "*"},
		{"GET /cgi-bin/", "403", "*"},
		{"GET /cgi-bin/sub", "403", "*"},
		{"GET /cgi-bin/none", "404", "*"},
	} {
		r := s.ask(t, c.request)
		if fmt.Sprint(r.status) != c.status || c.body != "*" && r.body != c.body || s.cut {
			t.Errorf("%s: %d %q, cut off %v, want %s %q\n%s", c.request, r.status, r.body, s.cut, c.status, c.body, s.story(r.journey))
		}
	}
	for _, request := range []string{"GET /cgi-bin/none204", "HEAD /cgi-bin/none204"} {
		if r := s.ask(t, request); r.status != 204 || r.get("Content-Length") != "" || r.body != "" || s.cut {
			t.Errorf("%s: %d, Content-Length %q, %q, cut off %v", request, r.status, r.get("Content-Length"), r.body, s.cut)
		}
	}
	t.Run("with what the environment says and nothing else", func(t *testing.T) {
		t.Setenv("VITRINE_TEST_SECRET", "1")
		r := s.ask(t, "GET /cgi-bin/env?q\nProxy: http://evil.example/\nX_Forged: 1\nAuthorization: Basic eA==\nCookie: a=b")
		for _, want := range []string{"MY_OWN=value\n", "PATH=/usr/local/bin:/usr/bin:/bin\n", "QUERY_STRING=q\n", "HTTP_COOKIE=a=b\n", "GATEWAY_INTERFACE=CGI/1.1\n"} {
			if !strings.Contains(r.body, want) {
				t.Errorf("there is no %q in %s", want, r.body)
			}
		}
		for _, never := range []string{"SECRET", "HTTP_PROXY", "FORGED", "AUTHORIZATION"} {
			if strings.Contains(r.body, never) {
				t.Errorf("there is %q in %s", never, r.body)
			}
		}
	})
	for _, n := range []int{1, 1 << 10, 64 << 10, 64<<10 + 1, 300 << 10} {
		for _, how := range []string{fmt.Sprintf("Content-Length: %d", n), "Transfer-Encoding: chunked"} {
			s.body = strings.Repeat("x", n)
			r := s.ask(t, "POST /cgi-bin/cat\n"+how)
			if want := fmt.Sprintf("%d\n%d\n", n, n); r.body != want {
				t.Errorf("%d bytes, %s: %q, want %q", n, how, r.body, want)
			}
		}
	}
	s.body = ""
	if open := len(s.h.opt.Scripts.Running()); open != 0 {
		t.Errorf("%d scripts are left", open)
	}
}

// Who asks is told to scripts as far as it is known; nobody is asked for it.
func TestAScriptIsToldWhoAsks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "passwords", passwordFile)
	for want, known := range map[string][]string{
		",,anna,Basic,\n":                   nil,
		"client.example.org,,anna,Basic,\n": {"client.example.org"},
	} {
		s := newStage(t, map[string]string{"cgi-bin/who": text + `echo "$REMOTE_HOST,$REMOTE_IDENT,$REMOTE_USER,$AUTH_TYPE,$HTTP_AUTHORIZATION"`}, `
    }
    access {
      auth "basic" {
        file  = "`+dir+`/passwords"
        realm = "accounts"
      }
`)
		s.h.opt.Names = &knownNames{known}
		s.holds = true // while the password is looked at
		if r := s.askLater(t, "GET /cgi-bin/who"+basic("anna", "anna")); r.status != 200 || r.body != want {
			t.Errorf("%d %q, want %q\n%s", r.status, r.body, want, s.story(r.journey))
		}
	}
}

// knownNames are what is known of every client.
type knownNames struct{ names []string }

func (n *knownNames) Known(netip.Addr) ([]string, bool)          { return n.names, n.names != nil }
func (n *knownNames) Ask(netip.Addr, func([]string, error)) bool { panic("somebody was asked") }

func TestADryRunRunsNothing(t *testing.T) {
	s := newStage(t, map[string]string{"cgi-bin/touch": "#!/bin/sh\ntouch ran\necho\n"}, "")
	w := s.world
	w.tracer = true
	r := w.ask(t, "GET /cgi-bin/touch/info?q=1\nCookie: secret")
	story := w.story(r.journey)
	for _, want := range []string{"cgi.would-run", "PATH_INFO: /info", "QUERY_STRING: q=1", "command: $ROOT/cgi-bin/touch", "HTTP_COOKIE: (not shown, 6 bytes)", "vitrine.hcl:13"} {
		if !strings.Contains(story, want) {
			t.Errorf("there is no %q in\n%s", want, story)
		}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "cgi-bin/ran")); err == nil {
		t.Error("it was run")
	}
}

func TestWhatScriptsDoWrongIsToldApart(t *testing.T) {
	files := map[string]string{
		"cgi-bin/silent":     "#!/bin/sh\necho 'could not open the \033[31mdatabase' >&2\nexit 3\n",
		"cgi-bin/killed":     "#!/bin/sh\nkill -9 $$\n",
		"cgi-bin/noheader":   "#!/bin/sh\necho hello world\n",
		"cgi-bin/inject":     "#!/bin/sh\nprintf 'Content-Type: text/plain\\nX: a\\rb\\n\\n'\n",
		"cgi-bin/huge":       "#!/bin/sh\nprintf 'X: '; head -c 100000 /dev/zero | tr '\\0' x; printf '\\n\\n'\n",
		"cgi-bin/cut":        "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Le'\n",
		"cgi-bin/short":      "#!/bin/sh\nprintf 'Content-Length: 10\\n\\nabc'\n",
		"cgi-bin/shortlater": "#!/bin/sh\nprintf 'Content-Length: 10\\n\\nabc'; sleep 0.1\n",
		"cgi-bin/failed":     text + "echo fine; exit 7",
		"cgi-bin/faillater":  text + "echo fine; sleep 0.1; exit 7",
		"cgi-bin/hang":       "#!/bin/sh\nsleep 60\n",
		"cgi-bin/idle":       text + "echo 1; sleep 60",
		"cgi-bin/endless":    text + "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done",
		"cgi-bin/slow":       text + "while :; do echo 1; sleep 0.1; done",
		"cgi-bin/left":       text + "echo 1; sleep 60 &",
		"cgi-bin/noexec.txt": text,
		"cgi-bin/nph-x":      "#!/bin/sh\n",
		"cgi-bin/noformat":   "\x01\x02\x03",
		"cgi-bin/badpath":    "#!/no/such/interpreter\n",
		"cgi-bin/windows":    "#!/bin/sh\r\necho\r\n",
		"cgi-bin/dup":        "#!/bin/sh\nprintf 'Status: 200\\nStatus: 404\\n\\n'\n",
	}
	const bounds = `
grace        = "100ms"
output_bytes = "20KB"
concurrent   = 2
queue        = 1
queue_time   = "100ms"
`
	s := newStage(t, files, bounds)
	for _, c := range []struct {
		path   string
		status int
		reason string
		log    string
		cut    bool
		late   string // the one time that it has too little of; of the others it has plenty, on a busy machine too
	}{
		{path: "silent", status: 502, reason: "cgi.silent", log: `the last that it wrote to standard error is: could not open the \x1b[31mdatabase`},
		{path: "killed", status: 502, reason: "cgi.silent", log: "SIGKILL"},
		{path: "noheader", status: 502, reason: "gateway.not-a-field", log: `"hello world"`},
		{path: "inject", status: 502, reason: "gateway.bad-field-value"},
		{path: "huge", status: 502, reason: "gateway.head-too-large"},
		{path: "cut", status: 502, reason: "gateway.head-cut-short"},
		{path: "dup", status: 502, reason: "gateway.said-twice"},
		{path: "short", status: 502, reason: "cgi.cut-short"},
		{path: "shortlater", status: 200, reason: "cgi.cut-short", cut: true},
		{path: "failed", status: 200, reason: "cgi.failed", log: "exit status 7"},
		{path: "faillater", status: 200, reason: "cgi.failed", log: "exit status 7"},
		{path: "hang", status: 504, reason: "cgi.head-late", log: "SIGTERM", late: `head_time = "300ms"`},
		{path: "idle", status: 200, reason: "cgi.idle", cut: true, late: `idle_time = "300ms"`},
		{path: "endless", status: 200, reason: "cgi.too-long", cut: true},
		{path: "slow", status: 200, reason: "cgi.late", cut: true, late: `whole_time = "3s"`},
		{path: "left", status: 200, reason: "cgi.left-running"},
		{path: "noexec.txt", status: 403, reason: "cgi.not-executable", log: "-rw-r--r--"},
		{path: "nph-x", status: 403, reason: "cgi.nph"},
		{path: "noformat", status: 500, reason: "cgi.no-format"},
		{path: "badpath", status: 500, reason: "cgi.no-interpreter", log: "/no/such/interpreter"},
		{path: "windows", status: 500, reason: "cgi.no-interpreter", log: "Windows"},
	} {
		s := s
		if c.late != "" {
			s = newStage(t, files, bounds+c.late)
		}
		s.world.told = nil
		started := time.Now()
		r := s.ask(t, "GET /cgi-bin/"+c.path)
		for c.path == "short" && s.cut && time.Since(started) < 10*time.Second { // a busy machine ends it after the 2 ms of soon, as if it were shortlater
			r = s.ask(t, "GET /cgi-bin/"+c.path)
		}
		if r.status != c.status || s.cut != c.cut {
			t.Errorf("%s: status %d, cut off %v; want %d, %v\n%s", c.path, r.status, s.cut, c.status, c.cut, s.story(r.journey))
		}
		if told := s.story(r.journey) + r.reasons; !strings.Contains(told, c.reason) {
			t.Errorf("%s: there is no %s in\n%s", c.path, c.reason, told)
		}
		if log := strings.Join(s.world.told, "\n"); !strings.Contains(log, c.log) {
			t.Errorf("%s: there is no %q in the log: %s", c.path, c.log, log)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("%s took %v", c.path, took)
		}
		if open := s.h.opt.Scripts.Running(); len(open) != 0 {
			t.Errorf("%s: scripts are left: %v", c.path, open)
		}
	}
	t.Run("what others may change is not run", func(t *testing.T) {
		path := filepath.Join(s.dir, "cgi-bin/failed")
		os.Chmod(path, 0o777)
		if r := s.ask(t, "GET /cgi-bin/failed"); r.status != 403 || !strings.Contains(s.story(r.journey), "cgi.writable") {
			t.Errorf("status %d", r.status)
		}
		os.Chmod(path, 0o755)
		os.Chmod(filepath.Dir(path), 0o777)
		if r := s.ask(t, "GET /cgi-bin/failed"); r.status != 403 {
			t.Errorf("in a folder that anybody may write: status %d", r.status)
		}
		os.Chmod(filepath.Dir(path), 0o755)
	})
	t.Run("when as many run as may", func(t *testing.T) {
		gate := s.h.anywhere.sites[0].each[0].scripts.gate
		gate.try()
		gate.try()
		if r := s.ask(t, "GET /cgi-bin/failed"); r.status != 503 || r.get("Retry-After") == "" || !strings.Contains(s.story(r.journey), "cgi.busy") {
			t.Errorf("status %d", r.status)
		}
		gate.leave()
		gate.leave()
	})
	t.Run("when it has waited for its turn", func(t *testing.T) {
		gate := s.h.anywhere.sites[0].each[0].scripts.gate
		gate.try()
		gate.try()
		s.holds = true
		go func() {
			for _, waiting := gate.count(); waiting == 0; _, waiting = gate.count() {
				time.Sleep(time.Millisecond)
			}
			gate.leave()
		}()
		r := s.askLater(t, "GET /cgi-bin/failed")
		if r.status != 200 || !strings.Contains(s.story(r.journey), "cgi.waited") {
			t.Errorf("status %d\n%s", r.status, s.story(r.journey))
		}
		gate.try() // nobody else has it
		for _, c := range []struct {
			why   string
			leave func(x *exchange.Exchange)
		}{
			{"it waited for 100ms", nil},
			{"the client went away", func(x *exchange.Exchange) { x.Fail(&exchange.GoneError{Reason: ScriptGone}) }},
		} {
			s.gone = c.leave
			if r := s.askLater(t, "GET /cgi-bin/failed"); r.status != 503 || !strings.Contains(s.story(r.journey), c.why) {
				t.Errorf("%s: status %d\n%s", c.why, r.status, s.story(r.journey))
			}
		}
		s.gone, s.holds = nil, false
		gate.leave()
		gate.leave()
	})
	t.Run("when the body is lost, or has no room", func(t *testing.T) {
		s.body, s.lost = "abc", errors.New("malformed")
		if r := s.ask(t, "POST /cgi-bin/failed\nContent-Length: 10"); r.status != 400 || !strings.Contains(s.story(r.journey), "cgi.body-lost") {
			t.Errorf("status %d", r.status)
		}
		s.body, s.lost = strings.Repeat("x", 100<<10), nil
		t.Setenv("TMPDIR", "/nonexistent")
		if r := s.ask(t, "POST /cgi-bin/failed\nTransfer-Encoding: chunked"); r.status != 500 || !strings.Contains(s.story(r.journey), "cgi.no-room") {
			t.Errorf("status %d", r.status)
		}
		s.body = ""
	})
	t.Run("where nobody misses the body", func(t *testing.T) {
		s := newStage(t, files, bounds+`idle_time = "300ms"`)
		if r := s.ask(t, "HEAD /cgi-bin/idle"); r.status != 200 || s.cut {
			t.Errorf("status %d, cut off %v", r.status, s.cut)
		}
	})
	t.Run("when the client goes away", func(t *testing.T) {
		s.leave = func(x *exchange.Exchange) {
			for len(s.h.opt.Scripts.Running()) == 0 {
				time.Sleep(time.Millisecond)
			}
			x.Fail(&exchange.GoneError{Reason: ScriptGone})
		}
		started := time.Now()
		r := s.ask(t, "GET /cgi-bin/hang")
		if r.status != 503 || time.Since(started) > 250*time.Millisecond && !strings.Contains(s.story(r.journey), "cgi.client-gone") {
			t.Errorf("status %d\n%s", r.status, s.story(r.journey))
		}
		s.leave = nil
	})
	t.Run("when the server stops", func(t *testing.T) {
		s.leave = func(x *exchange.Exchange) {
			for len(s.h.opt.Scripts.Running()) == 0 {
				time.Sleep(time.Millisecond)
			}
			s.h.opt.Scripts.Close()
		}
		if r := s.ask(t, "GET /cgi-bin/hang"); r.status != 503 || !strings.Contains(s.story(r.journey), "cgi.stopped") {
			t.Errorf("status %d\n%s", r.status, s.story(r.journey))
		}
		s.leave = nil
		if r := s.ask(t, "GET /cgi-bin/failed"); r.status != 503 {
			t.Errorf("a script was run afterwards: status %d", r.status)
		}
	})
}

func TestAScriptThatCannotBeStarted(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		why    *trace.Reason
	}{
		{syscall.EAGAIN, 503, ScriptExhausted},
		{syscall.EMFILE, 503, ScriptExhausted},
		{syscall.E2BIG, 500, ScriptUnstartable},
		{syscall.ENOEXEC, 500, ScriptNoFormat},
		{&cgi.StartError{Interpreter: "/x", Err: syscall.ENOENT}, 500, ScriptNoInterpreter},
	} {
		status, why := unstartable(c.err)
		if why.Reach(); status != c.status || why != c.why {
			t.Errorf("%v: %d %s", c.err, status, why.ID)
		}
	}
	for err, want := range map[error]*trace.Reason{errReplaced: ScriptReplaced, cgi.ErrWhole: ScriptLate, io.ErrClosedPipe: ScriptUnstartable} {
		if why := (&running{}).reason(err); why.Reach() != want {
			t.Errorf("%v is %s", err, why.ID)
		}
	}
}

// An error's page that a program makes, and that turns out to be none while the program still writes, ends the program: what
// nobody reads would keep its place for ever.
func TestAProgramWhosePageIsNotSentIsEnded(t *testing.T) {
	away := "#!/bin/sh\necho Status: 302\necho Location: https://example.com/\necho Content-Type: text/plain\necho\n" +
		"i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exec sleep 30"
	w := newWorld(t, map[string]string{"cgi-bin/away": away}, `
site "example.org" {
  root = "$ROOT"
  errors {
    page "404" { path = "/cgi-bin/away" }
  }
  route "/cgi-bin/*" {
    root         = "$ROOT/cgi-bin"
    strip_prefix = "/cgi-bin"
    cgi {
      concurrent = 1
      grace      = "100ms"
    }
  }
}`)
	if err := os.Chmod(filepath.Join(w.dir, "cgi-bin/away"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second one finds the place of the first
		r := w.ask(t, "GET /missing")
		told := strings.Join(w.told, "\n")
		if w.told = nil; r.status != 404 || !strings.Contains(told, errPageRoute.Error()) {
			t.Errorf("%d %q %s", r.status, r.body, told)
		}
	}
	if running := w.h.opt.Scripts.Running(); len(running) > 0 {
		t.Errorf("%v still run", running)
	}
}

// A body whose length nobody knows has a bound also where bodies have none.
func TestABodyThatIsKeptForAScriptIsBounded(t *testing.T) {
	s := newStage(t, map[string]string{"cgi-bin/cat": text + "wc -c"}, `
      spool_bytes = "100KiB"
    }
    body_bytes = 0
    types {
`)
	for n, status := range map[int]int{100 << 10: 200, 100<<10 + 1: 413} {
		s.body = strings.Repeat("x", n)
		if r := s.ask(t, "POST /cgi-bin/cat\nTransfer-Encoding: chunked"); r.status != status {
			t.Errorf("%d bytes: %d\n%s", n, r.status, s.story(r.journey))
		}
	}
}
