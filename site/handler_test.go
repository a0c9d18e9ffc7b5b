package site

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"vitrine/config"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// later keeps what leaves the loop until the test runs it.
type later struct {
	fs   []func()
	woke int
}

func (l *later) Wake() { l.woke++ }
func (l *later) Spawn(f func()) bool {
	l.fs = append(l.fs, f)
	return true
}

func TestAnExchangeThatIsGivenUpOffTheLoopIsLoggedWithWhatWasKnown(t *testing.T) {
	w := filesWorld(t)
	l := new(later)
	x := w.begin(t, "GET /app/app.js")
	peer, r := x.Peer, x.Request
	x.Begin(l, r, peer, exchange.Limits{Input: 1, Output: 1})
	w.h.Serve(x)
	if !x.Detached() || len(l.fs) != 1 {
		t.Fatal("the file is not in memory and the exchange stayed on the loop")
	}
	x.Fail(errors.New("the client has gone"))
	w.h.Finish(x)
	x.Release()
	if want := "stdout: example.org /app/* tail=app.js file= route.matched line 7"; len(w.logged) != 1 || w.logged[0] != want {
		t.Errorf("logged %q, want %q", w.logged, want)
	}
	l.fs[0]() // the function finds out by itself
}

func TestRootsAreGivenBackAfterTheLastExchangeOffTheLoop(t *testing.T) {
	w := filesWorld(t)
	l := new(later)
	h, err := New(w.conf, Options{Store: w.store})
	if err != nil {
		t.Fatal(err)
	}
	x := w.begin(t, "GET /app/app.js")
	x.Begin(l, x.Request, x.Peer, exchange.Limits{Input: 1, Output: 1})
	h.Serve(x)
	w.h.Close() // the other one that has the same roots
	h.Close()
	l.fs[0]()
	if u := x.Update(); u.Block == nil || u.Block.Status() != 200 {
		t.Errorf("an exchange that had begun was not answered: %+v", u.Block)
	}
	if _, failure := h.roots[0].Load("/a.txt", h.anywhere.sites[0].base.load, nil); failure == nil || failure.Status != 503 {
		t.Errorf("the root is still open: %v", failure)
	}
	w.h, _ = New(w.conf, Options{Store: w.store}) // for the clean-up
}

func TestManyLoopsServeAtOnce(t *testing.T) {
	w := filesWorld(t)
	var mu sync.Mutex
	lines := 0
	h, err := New(w.conf, Options{Store: w.store, Log: func(*config.Log) func(*variables.Values) {
		return func(v *variables.Values) {
			mu.Lock()
			defer mu.Unlock()
			if variables.Decision(v.Exchange); v.Site == "example.org" {
				lines++
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	requests := []string{"GET /a.txt", "GET /", "GET /app/x", "GET /list/", "HEAD /a.txt", "GET /none", "GET /a.txt\nRange: bytes=1-2", "GET /app"}
	var loops sync.WaitGroup
	for i := range 8 {
		loops.Go(func() {
			mine := &world{h: h, conf: w.conf, local: w.local}
			for n := range 50 {
				request := requests[(i+n)%len(requests)]
				if r := mine.ask(t, request); r.status >= 500 || request == "GET /a.txt" && r.body != "0123456789" {
					t.Errorf("%s: %d %q", request, r.status, r.body)
				}
			}
		})
	}
	loops.Wait()
	if lines != 400 {
		t.Errorf("%d exchanges were logged", lines)
	}
}

func TestAConfigurationThatCannotBeUsedSaysEverythingThatIsWrong(t *testing.T) {
	w := filesWorld(t)
	conf := *w.conf.Sites[0]
	broken := *w.conf
	broken.Sites = []*config.Site{&conf}
	routes := append([]*config.Route{}, conf.Routes...)
	bad := *routes[0]
	bad.Pattern.V = "/a?b"
	gone := *routes[1]
	root := config.Value[string]{V: w.dir + "/gone", Pos: bad.Pattern.Pos}
	gone.Settings.Root = &root
	name := *routes[2]
	name.Settings.Headers = []config.HeaderRule{{Action: config.HeaderRemove, Name: "a b", Pos: bad.Pattern.Pos}}
	conf.Routes = []*config.Route{&bad, &gone, &name}
	_, err := New(&broken, Options{Store: w.store})
	var all Errors
	if !errors.As(err, &all) || len(all) != 3 {
		t.Fatalf("%v", err)
	}
	for i, want := range []string{"a pattern is about the path", "the root cannot be opened", `"a b" makes no valid field`} {
		if d := all[i]; !strings.Contains(d.Summary, want) || d.Pos.Line != 7 || d.Severity != config.Error {
			t.Errorf("error %d: %s", i, d)
		}
	}
	if !strings.HasSuffix(err.Error(), "(and 2 more)") || Errors(all[:1]).Error() != all[0].String() {
		t.Error(err)
	}
	if _, err := New(w.conf, Options{}); err == nil || !strings.Contains(fmt.Sprint(err), "nothing to serve files with") {
		t.Errorf("roots without a store: %v", err)
	}
}
