package errorlog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"vitrine/config"
	"vitrine/observe/logfile"
	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/trace/tracetest"
	"vitrine/web/exchange"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

func TestMain(m *testing.M) {
	time.Local = time.FixedZone("", -7*3600)
	tracetest.Main(m, "log.repeated")
}

var (
	matched = trace.Declare("errorlogtest.matched", trace.Info, "the route matches", "")
	missing = trace.Declare("errorlogtest.missing", trace.Refused, "There is nothing by that name.", "")
	broken  = trace.Declare("errorlogtest.broken", trace.Failed, "The file could not be read.", "")
	slow    = trace.Declare("errorlogtest.slow", trace.Refused, "The client took too long.", "")
	gone    = trace.Declare("errorlogtest.gone", trace.Close, "The client went away.", "")
	full    = trace.Declare("errorlogtest.full", trace.Failed, "the disk is full.", "")
)

func request(t testing.TB, head string, outcome exchange.Outcome, why ...*trace.Reason) *variables.Values {
	x := variablestest.Exchange(t, head)
	x.Outcome = outcome
	for _, r := range why {
		x.Because(r, &trace.Position{File: "site.hcl", Line: 12, Column: 3})
	}
	return &variables.Values{Exchange: x}
}

// written is what do makes a Logger of a level write.
func written(t testing.TB, level string, do func(*Logger)) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "error.log")
	var l Logger
	files := logfile.New(l.Notice)
	if err := l.Use(files, &config.ErrorLog{File: config.Value[string]{V: name}, Level: config.Value[string]{V: level}}); err != nil {
		t.Fatal(err)
	}
	do(&l)
	l.Close()
	if err := files.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const head = "GET /a\"b HTTP/1.1\nHost: Example.org\n"

func TestAFailedRequestsLineHasEveryDecisionWithItsPlace(t *testing.T) {
	for _, test := range []struct {
		values *variables.Values
		want   string
	}{
		{request(t, head, exchange.Outcome{Status: 404, Ending: gone}, matched, missing),
			`2026-11-21T14:47:03.123-07:00 warn 1f2e3d4c5b6a7988 203.0.113.9 "GET /a\"b HTTP/1.1" example.org 404 | errorlogtest.matched: The route matches (site.hcl:12:3) | errorlogtest.missing: There is nothing by that name (site.hcl:12:3) | connection: errorlogtest.gone: The client went away`},
		{request(t, "garbage\n", exchange.Outcome{Failure: broken, Ending: broken}),
			`2026-11-21T14:47:03.123-07:00 error 1f2e3d4c5b6a7988 203.0.113.9 "- - -" - 000 | sending: errorlogtest.broken: The file could not be read`},
	} {
		if got := written(t, "info", func(l *Logger) { l.Request(test.values) }); got != test.want+"\n" {
			t.Errorf("got  %swant %s", got, test.want)
		}
	}
	v := request(t, "garbage\n", exchange.Outcome{Status: 400})
	v.Exchange.Refused = &exchange.Refusal{Status: 400, Reason: missing}
	if got := written(t, "info", func(l *Logger) { l.Request(v) }); !strings.HasSuffix(got, " 400 | errorlogtest.missing: There is nothing by that name\n") {
		t.Errorf("a refused request: %s", got)
	}
}

func TestWhatIsToldAndHowBadItIs(t *testing.T) {
	for _, test := range []struct {
		outcome exchange.Outcome
		why     []*trace.Reason
		want    string // the level, "" when nothing is told
	}{
		{exchange.Outcome{Status: 200}, []*trace.Reason{matched}, ""},
		{exchange.Outcome{Status: 304, Ending: gone}, nil, ""},
		{exchange.Outcome{Status: 404}, []*trace.Reason{missing}, "warn"},
		{exchange.Outcome{Status: 503}, nil, "error"},
		{exchange.Outcome{Status: 200, Failure: broken}, nil, "error"},
		{exchange.Outcome{Status: 200, Failure: slow}, nil, "warn"},
		{exchange.Outcome{Status: 200, Failure: gone}, nil, "info"},
		{exchange.Outcome{Status: 200}, []*trace.Reason{broken}, "warn"},
		{exchange.Outcome{Status: 200, Ending: broken}, nil, "warn"},
	} {
		v := request(t, head, test.outcome, test.why...)
		for i, level := range levelNames {
			got := written(t, level, func(l *Logger) { l.Request(v) })
			told := test.want != "" && strings.Index("error warn info", test.want) <= strings.Index("error warn info", levelNames[i])
			if told != strings.Contains(got, " "+test.want+" 1f2e") || !told && got != "" {
				t.Errorf("%+v with level %s: %q, want %q", test.outcome, level, got, test.want)
			}
		}
	}
	if got := written(t, "info", func(l *Logger) {
		l.Requests(false)
		l.Request(request(t, head, exchange.Outcome{Status: 404}))
	}); got != "" {
		t.Errorf("requests are off, and yet %q", got)
	}
}

func TestMessagesOfTheServerCannotBeTakenForSeveral(t *testing.T) {
	got := written(t, "info", func(l *Logger) {
		l.Info("listening on %q", "0.0.0.0:80")
		l.Warn("100%")
		l.Error("refused:\nsite.hcl:1: \"x\"\n\t^\n\x1b[2J\xff가\n")
	})
	got = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT[\d:.]+-07:00 `).ReplaceAllString(got, "TIME ")
	want := "TIME info listening on \"0.0.0.0:80\"\nTIME warn 100%\nTIME error refused:\n    site.hcl:1: \"x\"\n    \t^\n    \\x1b[2J\\xff가\n"
	if got != want {
		t.Errorf("got %q", got)
	}
}

func TestTheLevelHoldsForMessagesToo(t *testing.T) {
	got := written(t, "error", func(l *Logger) {
		l.Info("a")
		l.Warn("b")
		l.Error("c")
	})
	if !strings.HasSuffix(got, " error c\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestOnATerminalEachDecisionHasItsLine(t *testing.T) {
	v := request(t, head, exchange.Outcome{Status: 404, Ending: gone}, missing)
	style := terminal.Style{Terminal: true, Unicode: true}
	got := string(appendRequest(appendStart(nil, variablestest.At.Local(), Warn, style), v, style))
	want := `14:47:03 warn  404 GET /a\"b HTTP/1.1  example.org 203.0.113.9 1f2e3d4c5b6a7988
               └ There is nothing by that name (errorlogtest.missing, site.hcl:12:3)
               └ connection: The client went away (errorlogtest.gone)`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	style.Color = true
	got = string(appendText(appendStart(nil, variablestest.At.Local(), Error, style), "a\nb", style))
	if want := "\x1b[2m14:47:03\x1b[0m \x1b[1;31merror\x1b[0m a\n               b"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestTheSameAgainAndAgainIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := written(t, "info", func(l *Logger) {
			v := request(t, head, exchange.Outcome{Status: 404}, missing)
			other := request(t, head, exchange.Outcome{Status: 403}, missing)
			v.Exchange.Positions[0] = other.Exchange.Positions[0] // both by the same line
			for range 130 {
				l.Request(v)
			}
			l.Request(other)
			for range 11 {
				l.Info("again")
			}
			time.Sleep(9 * time.Second)
			l.Request(v)
			time.Sleep(1001 * time.Millisecond)
			l.Request(v)
			for range 12 {
				l.Warn("at the end")
			}
			time.Sleep(time.Second)
		})
		count := func(part string, want int) {
			t.Helper()
			if n := strings.Count(got, part); n != want {
				t.Errorf("%d of %q, want %d, in\n%s", n, part, want, got)
			}
		}
		count(" 404 | errorlogtest.missing", 11)
		count(" warn ... 121 more of the same in 10 s: 404 errorlogtest.missing (site.hcl:12:3)\n", 1)
		count(" 403 | errorlogtest.missing", 1)
		count(" info again\n", 10)
		count(" info ... 1 more of the same in 10 s: again\n", 1)
		count(" warn ... 2 more of the same in 1 s: at the end\n", 1)
	})
}

func TestClientsThatAreTurnedAwayDoNotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := written(t, "warn", func(l *Logger) {
			l.Decision(Info, matched, trace.Position{}, "not told")
			for i := range 100 {
				l.Decision(Warn, slow, trace.Position{File: "site.hcl", Line: 4, Column: 2}, "connection from 203.0.113.%d", i)
			}
			l.Decision(Error, slow, trace.Position{}, "another")
			time.Sleep(11 * time.Second)
		})
		if n := strings.Count(got, ": The client took too long (errorlogtest.slow, site.hcl:4:2)\n"); n != each {
			t.Errorf("%d lines in\n%s", n, got)
		}
		for _, want := range []string{" warn connection from 203.0.113.9: The", " error another: The client took too long (errorlogtest.slow)\n",
			" warn ... 90 more of the same in 10 s: errorlogtest.slow (site.hcl:4:2)\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing in\n%s", want, got)
			}
		}
	})
}

// dear is a text that costs something to make, and needs the log for it.
type dear struct {
	l    *Logger
	made *int
}

func (d dear) String() string {
	*d.made++
	d.l.Info("looking")
	return "dear"
}

func TestATextIsMadeForALineThatIsWrittenAndHoldsNobodyUp(t *testing.T) {
	made := 0
	got := written(t, "info", func(l *Logger) {
		for range 100 {
			l.Decision(Warn, slow, trace.Position{}, "%v", dear{l, &made})
		}
	})
	if made != each || strings.Count(got, " dear: ") != each {
		t.Errorf("%d texts were made for\n%s", made, got)
	}
}

func TestManyDifferentMessagesAreForgottenWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written(t, "info", func(l *Logger) {
			for i := range 3 * many {
				l.Info("message %d", i)
				time.Sleep(time.Second)
			}
			if n := len(l.repeats.seen); n > many {
				t.Errorf("%d messages are remembered", n)
			}
		})
	})
}

func TestNoticesOfLogFiles(t *testing.T) {
	got := written(t, "info", func(l *Logger) {
		l.Notice(logfile.Notice{Reason: full, File: "/var/log/a.log", Lines: 120, Err: errors.New("no space left")})
		l.Notice(logfile.Notice{Reason: full, File: "/var/log/a.log", Lines: 1})
		l.Notice(logfile.Notice{Reason: matched, File: "/var/log/b.log"})
	})
	for _, want := range []string{
		" error /var/log/a.log: The disk is full: no space left (120 lines) (errorlogtest.full)\n",
		" error /var/log/a.log: The disk is full (1 line) (errorlogtest.full)\n",
		" info /var/log/b.log: The route matches (errorlogtest.matched)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}

// stderr is what do writes to standard error.
func stderr(t *testing.T, do func()) string {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	defer func(was *os.File) { os.Stderr = was }(os.Stderr)
	os.Stderr = f
	do()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBeforeItHasAFileAndWhenItsOwnFailsStandardErrorIsUsed(t *testing.T) {
	dir := t.TempDir()
	got := stderr(t, func() {
		var l Logger
		files := logfile.New(l.Notice)
		if err := l.Use(files, &config.ErrorLog{File: config.Value[string]{V: dir}}); err == nil {
			t.Error("a directory was opened")
		}
		l.Info("no file yet")
		if err := l.Use(files, &config.ErrorLog{File: config.Value[string]{V: "/dev/full"}}); err != nil {
			t.Fatal(err)
		}
		l.Error("cannot be written")
		if err := l.Use(files, &config.ErrorLog{File: config.Value[string]{V: filepath.Join(dir, "log")}}); err != nil {
			t.Fatal(err)
		}
		l.Notice(logfile.Notice{Reason: full, File: filepath.Join(dir, "log")})
		files.Close(context.Background())
	})
	for _, want := range []string{" info no file yet\n", "/log: The disk is full (errorlogtest.full)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}

func TestASuccessCostsNothing(t *testing.T) {
	v := request(t, head, exchange.Outcome{Status: 200}, matched)
	var l Logger
	if n := testing.AllocsPerRun(100, func() { l.Request(v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("/a", "message")
	f.Add("/\x1b[2J\"\\", "a\nb\r\x00\xff\u202e")
	f.Fuzz(func(t *testing.T, target, text string) {
		target = strings.Map(func(r rune) rune {
			if r <= ' ' || r == '#' || r == '%' || r == 0x7f {
				return -1
			}
			return r
		}, target)
		v := request(t, "GET /"+target+" HTTP/1.1\nHost: a\n", exchange.Outcome{Status: 404}, missing)
		one := appendRequest(nil, v, terminal.Style{})
		for _, r := range string(one) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q has a control character", one)
			}
		}
		message := appendText(nil, text, terminal.Style{})
		for i, r := range string(message) {
			if r == '\n' && !strings.HasPrefix(string(message[i+1:]), "    ") {
				t.Fatalf("%q could be two messages", message)
			}
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("%q has a control character", message)
			}
		}
	})
}
