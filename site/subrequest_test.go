package site

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// withApps are handlers of the program, as pages include them.
const withApps = `site "example.org" {
  root = "$ROOT"
  ssi {
    exec    = true
    timeout = "300ms"
  }
  route "/app/*" {
    handler "app" {
    }
  }
}`

// appWorld makes a world in which a page includes what the handler answers, and asks for it.
func appWorld(t *testing.T, page string, app Application) (*reply, *world) {
	t.Helper()
	w := newWorld(t, map[string]string{"p.shtml": page}, `site "example.org" {
}`)
	conf := parse(t, strings.ReplaceAll(withApps, "$ROOT", w.dir))
	h, err := New(conf, Options{Store: w.store, Applications: map[string]Application{"app": app},
		Failed: func(_ trace.ID, why error) { w.told = append(w.told, why.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	w.h, w.conf, w.window, w.tracer = h, conf, 1<<30, true
	w.listen = conf.Listens[0]
	x := w.begin(t, "GET /p.shtml")
	x.Trace.Live = true
	w.h.Serve(x)
	return w.finish(t, x), w
}

// streaming answers with a body that is written in pieces.
func streaming(status int, length int64, pieces ...string) Application {
	return func(x *exchange.Exchange, head func(int, *message.Header)) {
		h := new(message.Header)
		h.Set("Vary", "Cookie")
		head(status, h)
		x.Stream(message.NewBlock(status, h), length)
		for _, p := range pieces {
			if _, err := x.Write([]byte(p)); err != nil {
				return
			}
		}
	}
}

func TestAProgramAnswersWithinAPage(t *testing.T) {
	long := strings.Repeat("0123456789", 50000)
	for name, test := range map[string]struct {
		page   string
		app    Application
		body   string
		reason *trace.Reason // of what failed
	}{
		"streams":     {`a<!--#include virtual="/app/x?y" -->z`, streaming(200, -1, "b", "c"), "abcz", nil},
		"exec cgi":    {`a<!--#exec cgi="/app/x" -->z`, streaming(200, -1, "b"), "abz", nil},
		"much":        {`a<!--#include virtual="/app/x" -->z`, streaming(200, -1, long, long), "a" + long + long + "z", nil},
		"fails":       {`a<!--#include virtual="/app/x" -->z`, streaming(500, -1, "secret"), "a" + failedText + "z", IncludeRefused},
		"not found":   {`a<!--#include virtual="/app/x" -->z`, streaming(404, -1, long), "a" + failedText + "z", IncludeRefused},
		"too short":   {`a<!--#include virtual="/app/x" -->z`, streaming(200, 10, "b"), "ab" + failedText + "z", IncludeCut},
		"no answer":   {`a<!--#include virtual="/app/x" -->z`, func(*exchange.Exchange, func(int, *message.Header)) {}, "a" + failedText + "z", IncludeRefused},
		"its size":    {`a<!--#fsize virtual="/app/x" -->z`, streaming(200, -1, "b"), "a" + failedText + "z", IncludeNoFile},
		"panics":      {`a<!--#include virtual="/app/x" -->z`, func(*exchange.Exchange, func(int, *message.Header)) { panic("oops") }, "a" + failedText + "z", IncludeCut},
		"panics with": {`a<!--#include virtual="/app/x" -->z`, func(*exchange.Exchange, func(int, *message.Header)) { panic(errors.New("oops")) }, "a" + failedText + "z", IncludeCut},
		"takes long": {`a<!--#include virtual="/app/x" -->z<!--#include virtual="/app/x" -->`, func(x *exchange.Exchange, head func(int, *message.Header)) {
			<-x.Context().Done()
		}, "a" + failedText + "z" + failedText, IncludeLate},
		"whole": {`a<!--#include virtual="/app/x" -->z`, func(x *exchange.Exchange, head func(int, *message.Header)) {
			x.AddBytes([]byte("b"), nil)
			x.Respond(message.NewBlock(200, nil))
		}, "abz", nil},
		"flushes": {`a<!--#include virtual="/app/x" -->z`, func(x *exchange.Exchange, head func(int, *message.Header)) {
			x.Stream(message.NewBlock(200, nil), -1)
			x.Write([]byte("b"))
			x.Flush()
			x.Write([]byte("c"))
		}, "abcz", nil},
		"elsewhere": {`a<!--#include virtual="/app/x" -->z`, func(x *exchange.Exchange, head func(int, *message.Header)) {
			x.Lend(nil)
			go func() {
				x.Stream(message.NewBlock(200, nil), -1)
				for range 100 {
					x.Write([]byte(strings.Repeat("b", 10000)))
				}
				x.End()
			}()
		}, "a" + strings.Repeat("b", 1000000) + "z", nil},
		"later": {`a<!--#include virtual="/app/x" -->z`, func(x *exchange.Exchange, head func(int, *message.Header)) {
			if !x.Suspend(nil) {
				panic("not suspended")
			}
			go x.Resume(func(x *exchange.Exchange) { streaming(200, -1, "b")(x, func(int, *message.Header) {}) })
		}, "abz", nil},
	} {
		r, w := appWorld(t, test.page, test.app)
		if r.status != 200 || r.body != test.body || r.aborted {
			t.Errorf("%s: %d %.200q aborted %t", name, r.status, r.body, r.aborted)
		}
		if test.reason != nil && !strings.Contains(w.story(r.journey), "include  "+test.reason.ID) {
			t.Errorf("%s: %s", name, w.story(r.journey))
		}
		if (test.reason == nil) != (len(w.told) == 0) {
			t.Errorf("%s: told %q", name, w.told)
		}
		if name == "flushes" && !r.streamed {
			t.Error("what is flushed is held back")
		}
		if name == "streams" && r.get("Vary") != "Cookie" {
			t.Errorf("the page varies by what is in it: %v", r.fields)
		}
	}
}

func TestAFileThatBecomesShorterIsCutWithinAPage(t *testing.T) {
	w := ssiWorld(t, strings.Replace(ssiConf, "site \"", "memory {\n  file_bytes = \"1KiB\"\n}\nsite \"", 1), map[string]string{
		"p.shtml": `a<!--#include file="big.txt" -->z`, "big.txt": strings.Repeat("x", 100000), "q.shtml": strings.Repeat("y", 100000)})
	w.window = 1 << 30
	if r := w.ask(t, "GET /p.shtml"); len(r.body) != 100002 {
		t.Fatalf("%d bytes", len(r.body))
	}
	w.ask(t, "GET /q.shtml")
	// The entries are fresh, so nobody looks again before they are read.
	os.Truncate(filepath.Join(w.dir, "big.txt"), 50000)
	os.Truncate(filepath.Join(w.dir, "q.shtml"), 50000)
	if r := w.ask(t, "GET /p.shtml"); r.body != "a"+strings.Repeat("x", 50000)+failedText+"z" {
		t.Errorf("%d bytes: %.200q", len(r.body), r.body[max(0, len(r.body)-200):])
	}
	if r := w.ask(t, "GET /q.shtml"); r.status != 500 || !strings.Contains(r.reasons, "site.include-unread") {
		t.Errorf("%d %s", r.status, r.reasons)
	}
}

// Who watches a request within a page may come a moment too late, when its exchange serves somebody else.
func TestAnExchangeWithinAPageIsGivenUpOnlyWhileItLasts(t *testing.T) {
	n := &nested{}
	n.x = exchange.New()
	n.x.Begin(n, new(message.Request), new(exchange.Peer), exchange.Limits{})
	n.unwatch()
	n.giveUp(errors.New("too late"), true)
	if n.x.Gone() != nil || n.late {
		t.Error("an exchange was given up that is somebody else's")
	}
	n = &nested{x: n.x}
	n.giveUp(errors.New("in time"), true)
	if n.x.Gone() == nil || !n.late {
		t.Error("the exchange goes on")
	}
}
