package accesslog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/observe/logfile"
	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

func TestMain(m *testing.M) {
	time.Local = time.FixedZone("", -7*3600)
	os.Exit(m.Run())
}

var (
	matched = trace.Declare("accesslogtest.matched", trace.Info, "The route matches.", "")
	missing = trace.Declare("accesslogtest.missing", trace.Refused, "There is nothing by that name below the root.", "")
	cut     = trace.Declare("accesslogtest.cut", trace.Failed, "The client went away before it had everything.", "")
	keep    = trace.Declare("accesslogtest.keep", trace.Close, "The connection stays open.", "")
)

const head = "GET /index.html?a=1 HTTP/1.1\nHost: Example.org\nUser-Agent: tool \"1\"\nReferer: http://example.org/\n"

func served(t testing.TB) *variables.Values {
	x := variablestest.Exchange(t, head)
	x.Outcome = exchange.Outcome{Status: 200, Body: 1234, Sent: 1500, Received: 120, Elapsed: 241_999, Keep: true, Ending: keep}
	x.Because(matched, nil)
	return &variables.Values{Exchange: x, Site: "example.org", Route: "/*"}
}

func failed(t testing.TB, requestHead string) *variables.Values {
	x := variablestest.Exchange(t, requestHead)
	x.Peer.Remote = netip.MustParseAddrPort("[::ffff:198.51.100.7]:1")
	x.Client = x.Peer.Remote
	x.Outcome = exchange.Outcome{Status: 404, Elapsed: 12_345_678_900}
	x.Because(missing, &trace.Position{File: "site.hcl", Line: 12, Column: 3})
	return &variables.Values{Exchange: x, User: "a b\"c", Ident: "me"}
}

// line is what the Logger of a format writes.
func line(t testing.TB, format, custom string, style terminal.Style, v *variables.Values) string {
	t.Helper()
	block := &config.Log{Format: config.Value[string]{V: format}}
	if custom != "" {
		compiled, err := template.Compile(custom, template.ForLog)
		if err != nil {
			t.Fatal(err)
		}
		block.Custom.V = compiled
	}
	name := filepath.Join(t.TempDir(), "log")
	files := logfile.New(nil)
	file, err := files.Open(name, logfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := newLogger(file, block)
	l.style = style
	l.Log(v)
	if err := files.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheFormats(t *testing.T) {
	ascii, colour := terminal.Style{}, terminal.Style{Color: true, Unicode: true}
	for _, test := range []struct {
		format, custom string
		style          terminal.Style
		values         *variables.Values
		want           string
	}{
		{"common", "", ascii, served(t), `203.0.113.9 - - [21/Nov/2026:14:47:03 -0700] "GET /index.html?a=1 HTTP/1.1" 200 1234 "1f2e3d4c5b6a7988"`},
		{"combined", "", ascii, served(t), `203.0.113.9 - - [21/Nov/2026:14:47:03 -0700] "GET /index.html?a=1 HTTP/1.1" 200 1234 "http://example.org/" "tool \"1\"" "1f2e3d4c5b6a7988"`},
		{"combined", "", ascii, failed(t, "GET /x HTTP/1.0\n"), `198.51.100.7 me a\x20b\"c [21/Nov/2026:14:47:03 -0700] "GET /x HTTP/1.0" 404 - "-" "-" "1f2e3d4c5b6a7988"`},
		{"combined", "", ascii, failed(t, "\x00garbage"), `198.51.100.7 me a\x20b\"c [21/Nov/2026:14:47:03 -0700] "-" 404 - "-" "-" "1f2e3d4c5b6a7988"`},
		{"unknown", "", ascii, failed(t, "PURGE /é\xff HTTP/1.1\nHost: a\nReferer: a\tb\n"), `198.51.100.7 me a\x20b\"c [21/Nov/2026:14:47:03 -0700] "PURGE /é\xff HTTP/1.1" 404 - "a\tb" "-" "1f2e3d4c5b6a7988"`},
		{"json", "", ascii, served(t), `{"time":"2026-11-21T14:47:03.123-07:00","journey":"1f2e3d4c5b6a7988","client":"203.0.113.9","client_host":"","ident":"","user":"","method":"GET","host":"example.org","target":"/index.html?a=1","protocol":"HTTP/1.1","status":200,"bytes":1234,"sent":1500,"received":120,"duration_us":241,"site":"example.org","route":"/*","reasons":["accesslogtest.matched"],"failure":"","ending":"accesslogtest.keep","connection":7,"request":2,"user_agent":"tool \"1\"","referer":"http://example.org/"}`},
		{"custom", "{client.address} {method} {request.user-agent} {user}", ascii, served(t), `203.0.113.9 GET tool \"1\" -`},
		{"custom", `{{"agent":"{request.user-agent}","status":{status}}}`, ascii, served(t), `{"agent":"tool \"1\"","status":200}`},
		{"custom", "", ascii, served(t), `203.0.113.9 - - [21/Nov/2026:14:47:03 -0700] "GET /index.html?a=1 HTTP/1.1" 200 1234 "http://example.org/" "tool \"1\"" "1f2e3d4c5b6a7988"`},
		{"readable", "", ascii, served(t), "14:47:03  200    0.24 ms    1.2 kB  GET /index.html?a=1                  203.0.113.9 > example.org  1f2e3d4c5b6a7988"},
		{"readable", "", ascii, failed(t, "GET /x HTTP/1.0\n"), "14:47:03  404     12.3 s       0 B  GET /x                               198.51.100.7  1f2e3d4c5b6a7988\n" +
			"          `- There is nothing by that name below the root (accesslogtest.missing, site.hcl:12:3)"},
		{"readable", "", colour, failed(t, "garbage"), "\x1b[2m14:47:03\x1b[0m  \x1b[33m404\x1b[0m     12.3 s       0 B  (no request line)                    \x1b[2m198.51.100.7  1f2e3d4c5b6a7988\x1b[0m\n" +
			"          \x1b[33m└ \x1b[0mThere is nothing by that name below the root \x1b[2m(accesslogtest.missing, site.hcl:12:3)\x1b[0m"},
	} {
		if got := line(t, test.format, test.custom, test.style, test.values); got != test.want+"\n" {
			t.Errorf("%s\n got %s\nwant %s", test.format, got, test.want)
		}
	}
}

func TestAnAnswerThatDidNotArriveSaysWhyToo(t *testing.T) {
	v := served(t)
	v.Exchange.Outcome.Failure = cut
	got := line(t, "readable", "", terminal.Style{}, v)
	if !strings.HasSuffix(got, "\n          `- The client went away before it had everything (accesslogtest.cut)\n") {
		t.Errorf("got %s", got)
	}
	v.Exchange.Outcome = exchange.Outcome{Failure: cut}
	if got := line(t, "combined", "", terminal.Style{}, v); !strings.Contains(got, `" 000 - "`) {
		t.Errorf("without a response: %s", got)
	}
}

func TestEveryLineOfCombinedIsReadByWhoKnowsApaches(t *testing.T) {
	apache := regexp.MustCompile(`^(\S+) (\S+) (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"`)
	for _, v := range []*variables.Values{served(t), failed(t, head), failed(t, "\\\"\n"), failed(t, "A /\\\" HTTP/1.1\nHost: a\nUser-Agent: \\\nReferer: \" \"\n")} {
		got := line(t, "combined", "", terminal.Style{}, v)
		if m := apache.FindStringSubmatch(got); m == nil || m[4] != "21/Nov/2026:14:47:03 -0700" {
			t.Errorf("not combined: %s", got)
		}
	}
}

func TestARedirectShowsWhereItLeads(t *testing.T) {
	v := served(t)
	v.Exchange.Outcome.Status = 308
	v.Fields = new(message.Header)
	v.Fields.Add("Location", "/index/")
	if got := line(t, "readable", "", terminal.Style{}, v); !strings.Contains(got, "  GET /index.html?a=1 > /index/ ") {
		t.Errorf("got %s", got)
	}
}

func TestFiguresHaveAboutThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "0.00 ms", 0: "0.00 ms", 180 * time.Microsecond: "0.18 ms", 9994 * time.Microsecond: "9.99 ms",
		10 * time.Millisecond: "10 ms", 999 * time.Millisecond: "999 ms", 1500 * time.Millisecond: "1.5 s",
		61 * time.Second: "1 min 1 s", 3*time.Hour + 5*time.Minute: "3 h 5 min",
	} {
		if got := string(appendDuration(nil, d)); got != want {
			t.Errorf("%d ns is %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 99_940: "99.9 kB", 99_960: "100 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		5_000_000_000: "5.0 GB", 1<<63 - 1: "9.2 EB",
	} {
		if got := string(appendSize(nil, n)); got != want {
			t.Errorf("%d bytes are %s, want %s", n, got, want)
		}
	}
}

func TestStampsFollowTheTime(t *testing.T) {
	s := scratches.Get().(*scratch)
	for _, at := range []time.Time{variablestest.At, variablestest.At.Add(time.Millisecond), variablestest.At.Add(time.Hour), variablestest.At} {
		want := at.Local().Format("2006-01-02T15:04:05.000Z07:00 02/Jan/2006:15:04:05 -0700")
		got := string(append(append(s.appendISO(nil, at.UnixNano()), ' '), s.common.at(at.UnixNano())...))
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("/a", "tool", "http://a/")
	f.Add("/\"\\\xff", "\x1b[2J\u2028", "\r\n{}")
	f.Fuzz(func(t *testing.T, target, agent, referer string) {
		one := func(s string) string { // what may stand on a line of a head
			return strings.Map(func(r rune) rune {
				if r == '\n' || r == ' ' {
					return -1
				}
				return r
			}, s)
		}
		v := failed(t, "GET / HTTP/1.1\nHost: a\nUser-Agent: "+one(agent)+"\nReferer: "+one(referer)+"\n")
		v.Site, v.Route = target, agent
		l := &Logger{}
		s := scratches.Get().(*scratch)
		got := l.json(s, nil, v)
		var object map[string]any
		if err := json.Unmarshal(got, &object); err != nil || strings.ContainsAny(string(got), "\n\x1b\x7f") {
			t.Fatalf("%v: %q", err, got)
		}
		if strings.ContainsAny(string(l.combined(s, nil, v))+string(l.readable(s, nil, v))[:80], "\r\x00\x1b\x7f") {
			t.Fatalf("a control character got out: %q", l.combined(s, nil, v))
		}
	})
}

func block(format, file string) config.Log {
	return config.Log{Format: config.Value[string]{V: format}, File: config.Value[string]{V: file, Pos: trace.Position{File: "site.hcl", Line: 7}},
		Buffer: config.Value[int64]{V: 4096}, Flush: config.Value[time.Duration]{V: time.Hour}}
}

func TestSitesShareAFileAndAReloadGoesOnWithIt(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	first := &config.Config{Access: block("common", a), Base: config.Settings{Access: block("common", a)}, Sites: []*config.Site{
		{Settings: config.Settings{Access: block("json", a)}, Routes: []*config.Route{{Settings: config.Settings{Access: block("common", b)}}}},
	}}
	first.Sites[0].Routes = append(first.Sites[0].Routes, &config.Route{Settings: config.Settings{Access: config.Log{Off: config.Value[bool]{V: true}}}})
	second := &config.Config{Access: block("combined", a), Base: config.Settings{Access: block("combined", a)}}

	files := logfile.New(nil)
	old, err := Open(files, first)
	if err != nil {
		t.Fatal(err)
	}
	v := served(t)
	old.Logger(&first.Access).Log(v)
	old.Logger(&first.Sites[0].Settings.Access).Log(v)
	old.Logger(&first.Sites[0].Routes[0].Settings.Access).Log(v)
	off := old.Logger(&first.Sites[0].Routes[1].Settings.Access)
	if off.Log(v); off != nil {
		t.Error("a log that is off has a Logger")
	}
	now, err := Open(files, second)
	if err != nil {
		t.Fatal(err)
	}
	old.Close()
	now.Logger(&second.Access).Log(v)
	old.Logger(&first.Sites[0].Settings.Access).Log(v) // a request that began before the reload
	now.Close()
	if err := files.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	var begins []byte
	for l := range strings.Lines(string(text)) {
		begins = append(begins, l[0])
	}
	if string(begins) != "2{2{" {
		t.Errorf("%s has\n%s", a, text)
	}
	if text, err := os.ReadFile(b); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%s has %q, %v", b, text, err)
	}
}

func TestEveryFileThatCannotBeOpenedIsNamedWithItsLine(t *testing.T) {
	dir := t.TempDir()
	c := &config.Config{Access: block("common", filepath.Join(dir, "no", "a.log")), Base: config.Settings{Access: block("common", filepath.Join(dir, "fine.log"))},
		Sites: []*config.Site{{Settings: config.Settings{Access: block("json", dir)}}}}
	c.Sites[0].Settings.Access.File.Pos = trace.Position{Origin: trace.Default}
	files := logfile.New(nil)
	_, err := Open(files, c)
	var open *OpenError
	if !errors.As(err, &open) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v", err)
	}
	want := fmt.Sprintf("site.hcl:7: the log %s cannot be opened: ", c.Access.File.V)
	if !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "\nthe log "+dir+" cannot be opened: ") {
		t.Errorf("error %v", err)
	}
	if err := files.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
