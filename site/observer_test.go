package site

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// watcher is an Observer that has one in so many exchanges traced.
type watcher struct {
	every int // 0: none
	began int
	ended []seen
	spare trace.Journey // of exchanges that are not kept
	reuse bool
}

// seen is what an Observer is told at an exchange's end.
type seen struct {
	journey trace.ID
	site    string
	told    *trace.Decisions
}

func (o *watcher) Begin(x *exchange.Exchange) {
	o.began++
	if o.every == 0 || (o.began-1)%o.every != 0 {
		return
	}
	tr := &o.spare
	if !o.reuse {
		tr = new(trace.Journey)
	}
	*tr = trace.Journey{ID: x.Journey, Start: time.Unix(0, x.Start), Live: true, Events: tr.Events[:0]}
	x.Trace = tr
}

func (o *watcher) End(v *variables.Values, told *trace.Decisions) {
	if !o.reuse {
		o.ended = append(o.ended, seen{v.Exchange.Journey, v.Site, told})
	}
}

// observed is a world on the same files, whose exchanges are observed.
func observed(t testing.TB, of *world, o Observer) *world {
	t.Helper()
	w := &world{dir: of.dir, local: of.local, conf: of.conf, store: resource.NewStore(of.conf.Memory)}
	t.Cleanup(w.store.Close)
	var err error
	if w.h, err = New(w.conf, Options{Store: w.store, Log: w.log, Observer: o,
		Failed: func(_ trace.ID, why error) { w.told = append(w.told, why.Error()) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.h.Close)
	for i, s := range w.h.anywhere.sites { // what drives what out of memory is a matter of the seed
		s.memory.seed = of.h.anywhere.sites[i].memory.seed
	}
	return w
}

var everything = []string{
	"GET /", "HEAD /", "GET /index.html", "GET /\nHost: www.example.org", "GET /\nHost: nobody.example", "GET / HTTP/1.0",
	"POST /api/x/y?z", "GET /api/x", "OPTIONS /api/x", "BREW /api/x", "GET /old/a.txt", "GET /docs", "GET /docs/", "GET /docs/a.txt",
	"GET /docs/a.txt\nRange: bytes=2-3", "GET /docs/a.txt\nRange: bytes=20-", "GET /docs/a.txt\nIf-None-Match: *",
	"GET /docs/a.txt\nIf-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT", "GET /static/a.txt", "GET /static/none", "GET /static/list/",
	"GET /broken/none", "GET /noindex/", "GET /.hidden", "GET /index.html/x", "POST /index.html", "TRACE /index.html", "OPTIONS *",
	"CONNECT example.org:443", "PUT /index.html\nExpect: tea", "GET https://example.org/",
}

var filesOfExplain = map[string]string{
	"index.html": "<h1>index</h1>", "docs/a.txt": "0123456789", "docs/404.html": "gone", "docs/empty/": "", "docs/list/b.md": "b",
	"noindex/x": "x", ".hidden": "hidden",
}

// Whether an exchange is traced changes nothing about its answer, and nothing about what is kept in memory for the next.
func TestATraceOfWhatReallyHappensChangesNothing(t *testing.T) {
	explain, err := os.ReadFile("testdata/explain.hcl")
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("large", 1000)
	for name, c := range map[string]struct {
		files    map[string]string
		source   string
		requests []string
	}{
		"every step": {filesOfExplain, string(explain), everything},
		"memory": {map[string]string{"index.html": "index", "a.txt": "a", "docs/index.html": "docs", "large.bin": large, "empty.txt": ""}, memoryConfig,
			[]string{"GET /a.txt", "HEAD /a.txt", "GET /", "GET /index.html", "GET /docs", "GET /docs/", "GET /large.bin", "HEAD /large.bin", "GET /empty.txt",
				"GET /hello", "HEAD /hello", "GET /hello/you", "GET /client/a.txt", "GET /other/a.txt", "GET /other/", "GET /none"}},
	} {
		for _, every := range []int{0, 1, 2, 5} {
			t.Run(fmt.Sprint(name, ", one in ", every), func(t *testing.T) {
				plain := newWorld(t, c.files, c.source)
				o := &watcher{every: every}
				w := observed(t, plain, o)
				for round := range 4 {
					for _, request := range c.requests {
						want := plain.ask(t, request)
						w.off, plain.off = 0, 0
						got := w.ask(t, request)
						if got.status != want.status || got.body != want.body || fmt.Sprint(got.fields) != fmt.Sprint(want.fields) || got.off != want.off {
							t.Errorf("round %d, %s:\n%d %q %v\nobserved:\n%d %q %v", round, request, want.status, want.body, want.fields, got.status, got.body, got.fields)
						}
						if every < 2 && got.reasons != want.reasons { // some of several take the walk first
							t.Errorf("round %d, %s: %s, observed: %s", round, request, want.reasons, got.reasons)
						}
						if got.journey != nil && o.ended[len(o.ended)-1].told == nil {
							t.Errorf("round %d, %s: it was traced, and no decisions were told", round, request)
						}
						if now := o.ended[len(o.ended)-1]; every == 0 && now.told != nil {
							t.Errorf("%s: decisions without a trace: %v", request, now.told)
						}
					}
				}
				if fmt.Sprint(w.logged) != fmt.Sprint(plain.logged) || fmt.Sprint(w.told) != fmt.Sprint(plain.told) {
					t.Errorf("logged %v %v\nobserved %v %v", plain.logged, plain.told, w.logged, w.told)
				}
				if o.began != len(o.ended) || o.began != 4*len(c.requests) {
					t.Errorf("%d beginnings and %d ends of %d exchanges", o.began, len(o.ended), 4*len(c.requests))
				}
			})
		}
	}
}

// What a live trace tells is what the dry run tells, but for where the file was found.
func TestWhatIsToldLiveIsWhatARehearsalTells(t *testing.T) {
	source, err := os.ReadFile("testdata/explain.hcl")
	if err != nil {
		t.Fatal(err)
	}
	dry := newWorld(t, filesOfExplain, string(source))
	dry.tracer = true
	o := &watcher{every: 1}
	w := observed(t, dry, o)
	for range 3 {
		for _, request := range everything {
			want := dry.story(dry.ask(t, request).journey)
			w.ask(t, request)
			last := o.ended[len(o.ended)-1]
			got := w.story(&trace.Journey{Events: last.told.Events})
			if found(got) != found(want) {
				t.Errorf("%s: live\n%s\nrehearsed\n%s", request, got, want)
			}
			if last.told.Size < 200*len(last.told.Events) || last.told.Size > 10<<10 {
				t.Errorf("%s: %d events are said to be %d bytes", request, len(last.told.Events), last.told.Size)
			}
		}
	}
}

// found is a story without what the memory has to do with it: of a folder that is in memory nobody asks what else is there.
func found(story string) string {
	var kept []string
	skip := false
	for line := range strings.Lines(story) {
		if line[0] != ' ' {
			skip = strings.Contains(line, "resource resource.")
			if !skip {
				line = strings.TrimRight(line, "\n")
			}
		}
		if !skip {
			kept = append(kept, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Join(kept, "\n")
}

// Who is answered from memory shares the decisions of the walk that the answer comes from; the first who looks takes one.
func TestAnAnswerFromMemoryHasTheDecisionsOfItsWalk(t *testing.T) {
	w := newWorld(t, map[string]string{"index.html": "index"}, memoryConfig)
	o := &watcher{}
	w = observed(t, w, o)
	for _, path := range []string{"GET /index.html", "HEAD /index.html", "GET /", "GET /hello"} {
		o.every = 0
		w.ask(t, path) // reads the file
		w.ask(t, path) // remembers the answer
		if r := w.ask(t, path); !strings.HasPrefix(r.reasons, "site.remembered") {
			t.Fatalf("%s: %s", path, r.reasons)
		}
		o.every = 1
		var first *trace.Decisions
		for i := range 3 {
			r := w.ask(t, path)
			told := o.ended[len(o.ended)-1].told
			if i == 0 {
				first = told
			}
			if from := strings.HasPrefix(r.reasons, "site.remembered"); from != (i > 0) || told == nil || told != first {
				t.Errorf("%s: the %d. that is traced: %s, decisions %v, the first had %v", path, i+1, r.reasons, told, first)
			}
		}
		steps := ""
		for _, e := range first.Events {
			steps += " " + e.Reason.ID
		}
		for _, want := range []string{"site.by-host", "site.delivered", "header.server"} {
			if !strings.Contains(steps, want) {
				t.Errorf("%s: no %s in%s", path, want, steps)
			}
		}
		if last := first.Events[len(first.Events)-1]; last.Reason != Delivered {
			t.Errorf("%s: the last decision is %s", path, last.Reason)
		}
	}
}

// The decisions of a file that has changed are those that its new answer was made with.
func TestTheDecisionsAreThoseOfTheFileThatIsSent(t *testing.T) {
	w := newWorld(t, map[string]string{"index.html": "index"}, strings.Replace(memoryConfig, `"1h"`, `"1ms"`, 1))
	o := &watcher{every: 1}
	w = observed(t, w, o)
	for round := range 6 {
		body := strings.Repeat("x", round+1)
		if err := os.WriteFile(w.dir+"/index.html", []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; {
			path := []string{"GET /", "GET /index.html"}[round%2]
			r := w.ask(t, path)
			length := ""
			for _, e := range o.ended[len(o.ended)-1].told.Events {
				if e.Step == "content" && e.Subject == "/index.html" {
					for _, d := range e.Details {
						if d.Name == "length" {
							length = d.Value
						}
					}
				}
			}
			if length != r.get("Content-Length") {
				t.Fatalf("%s: %s bytes are sent, the decisions are about %s", path, r.get("Content-Length"), length)
			}
			if r.body == body {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%q", r.body)
			}
		}
	}
}

// The decisions of a site with very many routes are not kept with each path.
func TestTooManyDecisionsAreNotRemembered(t *testing.T) {
	var source strings.Builder
	source.WriteString("site \"example.org\" {\n")
	for i := range 100 {
		fmt.Fprintf(&source, "route \"/%d\" {\nrespond {\nbody = \"x\"\n}\n}\n", i)
	}
	source.WriteString("}")
	w := newWorld(t, nil, source.String())
	o := &watcher{every: 1}
	w = observed(t, w, o)
	for _, c := range []struct {
		request    string
		remembered bool
	}{{"GET /1", true}, {"GET /99", false}} {
		for range 3 {
			w.ask(t, c.request)
		}
		told := o.ended[len(o.ended)-1].told
		if shared := told == o.ended[len(o.ended)-2].told; told == nil || shared != c.remembered {
			t.Errorf("%s: %d events, %d bytes, shared: %v", c.request, len(told.Events), told.Size, shared)
		}
		o.every = 0
		if r := w.ask(t, c.request); !strings.HasPrefix(r.reasons, "site.remembered") {
			t.Errorf("%s: without a trace: %s", c.request, r.reasons)
		}
		o.every = 1
	}
}

func TestAnExchangeThatTheProtocolRefusedIsObserved(t *testing.T) {
	w := newWorld(t, nil, memoryConfig)
	o := &watcher{every: 1}
	w = observed(t, w, o)
	x := w.begin(t, "GET /")
	refused := trace.Lookup("site.no-tunnel")
	x.Refused = &exchange.Refusal{Status: 400, Reason: refused}
	w.h.Serve(x)
	w.finish(t, x)
	if len(o.ended) != 1 || o.ended[0].told == nil || o.ended[0].told.Events[0].Reason != refused {
		t.Errorf("%+v", o.ended)
	}
}

// slow runs what leaves the loop when it is told to.
type slow struct {
	*world
	run chan func()
}

func (s slow) Spawn(f func()) bool {
	s.run <- f
	return true
}

// An exchange may fail while its function still runs: what that decides from then on is not told, and not waited for.
func TestOfAFunctionThatStillRunsTheDecisionsBeforeItAreTold(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a", "b.txt": "b"}, memoryConfig)
	o := &watcher{every: 1}
	w = observed(t, w, o)
	s := slow{w, make(chan func(), 1)}
	for path, early := range map[string]bool{"GET /a.txt": true, "GET /b.txt": false} {
		x := w.begin(t, path)
		x.Begin(s, x.Request, x.Peer, exchange.Limits{Input: 1 << 16, Output: 1 << 16})
		x.Start = time.Now().UnixNano()
		w.h.Serve(x)
		f := <-s.run
		var both sync.WaitGroup
		both.Go(f)
		if !early {
			both.Wait()
		}
		w.h.Finish(x) // early: both at once, for the race detector
		both.Wait()
		told := o.ended[len(o.ended)-1].told
		if told == nil {
			t.Fatalf("%s: nothing was told", path)
		}
		story := w.story(&trace.Journey{Events: told.Events})
		if !strings.Contains(story, "* site     site.by-host") || !early && !strings.Contains(story, "* deliver  site.delivered") {
			t.Errorf("%s: told\n%s", path, story)
		}
		for _, p := range x.Pieces() {
			if p.Release != nil {
				p.Release.Release()
			}
		}
	}
}

func TestObservingARequestFromMemoryDoesNotAllocate(t *testing.T) {
	w := newWorld(t, map[string]string{"index.html": "index", "large.bin": strings.Repeat("large", 1000)}, memoryConfig)
	for name, o := range map[string]Observer{"a trace of each": &watcher{every: 1, reuse: true}, "nothing": nothing{}} {
		w := observed(t, w, o)
		for _, head := range []string{"GET /", "HEAD /index.html", "GET /large.bin", "GET /hello"} {
			w.ask(t, head)
			serve := hot(t, w, head)
			serve()
			w.logged = nil
			w.h.anywhere.sites[0].base.record = nil // the test's own log allocates
			for _, r := range w.h.anywhere.sites[0].each {
				r.record = nil
			}
			serve()
			if n := testing.AllocsPerRun(100, serve); n != 0 {
				t.Errorf("%s, %s: %v allocations", name, head, n)
			}
		}
	}
}

// However many sites and paths there are, and whatever their decisions are, what is remembered of them is bounded.
func TestTheMemoryOfDecisionsIsBounded(t *testing.T) {
	var source strings.Builder
	const sites = 4
	for i := range sites {
		fmt.Fprintf(&source, "site \"s%d.example\" {\n  route \"/*\" {\n    respond { body = \"x\" }\n  }\n}\n", i)
	}
	base := newWorld(t, nil, source.String())
	w := observed(t, base, &watcher{every: 1, reuse: true})
	held := func() (size int64) {
		for _, s := range w.h.anywhere.sites {
			if slots := s.memory.slots.Load(); slots != nil {
				for i := range slots {
					if k := slots[i].Load(); k != nil && k.answers[0].told != nil {
						size += int64(k.answers[0].told.Size)
					}
				}
			}
		}
		return size
	}
	for range 2 {
		for i := range memorySlots {
			for k := range sites {
				w.ask(t, fmt.Sprintf("GET /%s/%d\nHost: s%d.example", strings.Repeat("x", 200), i, k))
			}
		}
		if size, counted := held(), w.h.told.Load(); size != counted || size > mostToldAll || size < mostToldAll/2 {
			t.Errorf("%d bytes of decisions are remembered, %d counted, at most %d", size, counted, mostToldAll)
		}
	}
}

// nothing is an Observer that does nothing.
type nothing struct{}

func (nothing) Begin(*exchange.Exchange)                {}
func (nothing) End(*variables.Values, *trace.Decisions) {}

// What being observed costs a request from memory: the difference of the first two, and of a trace of each the third.
func BenchmarkObserver(b *testing.B) {
	base := newWorld(b, map[string]string{"index.html": "index"}, memoryConfig)
	for name, o := range map[string]Observer{"none": nil, "nothing": nothing{}, "trace": &watcher{every: 1, reuse: true}} {
		b.Run(name, func(b *testing.B) {
			w := observed(b, base, o)
			w.h.Close()
			w.h, _ = New(w.conf, Options{Store: w.store, Observer: o})
			serve := hot(b, w, "GET /")
			w.ask(b, "GET /")
			serve()
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
