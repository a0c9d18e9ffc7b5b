package site

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/trace/tracetest"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

func TestMain(m *testing.M) {
	tracetest.Main(m, "site.", "header.", "access.", "encode.", "cgi.", "fcgi.")
}

// world is a Handler of a configuration with its files, and a carrier that runs what leaves the loop at once.
type world struct {
	h      *Handler
	conf   *config.Config
	store  *resource.Store
	dir    string
	logged []string // "log file: site route tail file status-less reason" of each exchange
	told   []string // what was told to the error log

	full   bool // nothing can leave the loop
	off    int  // how many visits left the loop
	tracer bool // every exchange is looked at
	window int  // bytes that a response may be ahead of its client; 0: 64 KiB
	local  string
	listen *config.Listen // the connections' listener; nil: the first
}

// modified is when every file of a world was modified.
var modified = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newWorld makes the files, named by their paths with their content, and compiles the configuration, in which
// $ROOT is the folder of the files. A name that ends in "/" is a folder.
func newWorld(t testing.TB, files map[string]string, source string) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), local: "192.0.2.1:8080"}
	for name, content := range files {
		path := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			os.MkdirAll(path, 0o755)
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	filepath.WalkDir(w.dir, func(path string, d os.DirEntry, _ error) error {
		mode := os.FileMode(0o644)
		if d.IsDir() {
			mode = 0o755
		}
		os.Chmod(path, mode)
		return os.Chtimes(path, modified, modified)
	})
	w.conf = parse(t, strings.ReplaceAll(source, "$ROOT", w.dir))
	w.store = resource.NewStore(w.conf.Memory)
	t.Cleanup(w.store.Close)
	var err error
	w.h, err = New(w.conf, Options{Store: w.store, Log: w.log, Failed: func(id trace.ID, why error) { w.told = append(w.told, why.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.h.Close)
	return w
}

// parse reads a configuration that needs no listen block.
func parse(t testing.TB, source string) *config.Config {
	t.Helper()
	if !strings.Contains(source, "listen ") {
		source += "\nlisten \":8080\" {\n}\n"
	}
	conf, ds := config.Parse([]byte(source), "vitrine.hcl", config.Options{})
	if conf == nil {
		var all strings.Builder
		for _, d := range ds.All() {
			fmt.Fprintln(&all, d)
		}
		t.Fatalf("%s\n%s", all.String(), source)
	}
	return conf
}

func (w *world) log(block *config.Log) func(*variables.Values) {
	return func(v *variables.Values) {
		reason, at := variables.Decision(v.Exchange)
		line := fmt.Sprintf("%s: %s %s tail=%s file=%s %s", block.File.V, v.Site, v.Route, v.Tail, v.File, reason)
		if at != nil {
			line += fmt.Sprintf(" line %d", at.Line)
		}
		if v.Fields != nil {
			line += " type=" + v.Fields.Get("Content-Type")
		}
		w.logged = append(w.logged, line)
	}
}

// Wake has nobody to wake: whoever leaves the loop is done when Spawn returns.
func (w *world) Wake() {}

func (w *world) Spawn(f func()) bool {
	if w.full {
		return false
	}
	w.off++
	f()
	return true
}

// reply is a response.
type reply struct {
	status            int
	fields            *message.Header
	body              string
	journey           *trace.Journey
	reasons           string
	off               bool // it was answered off the loop
	streamed, aborted bool
}

func (r *reply) get(name string) string { return r.fields.Get(name) }

// begin makes the exchange of a request written as its head; without a protocol version it is HTTP/1.1, and without
// Host it asks for example.org.
func (w *world) begin(t testing.TB, head string) *exchange.Exchange {
	t.Helper()
	line, fields, _ := strings.Cut(head, "\n")
	if strings.Count(line, " ") == 1 {
		line += " HTTP/1.1"
	}
	if !strings.Contains(fields, "Host:") && !strings.HasSuffix(line, "1.0") {
		fields += "\nHost: example.org"
	}
	x := variablestest.Exchange(t, line+"\n"+strings.TrimPrefix(fields, "\n"))
	journey, serial := x.Journey, x.Serial
	peer := *x.Peer
	peer.Local = netip.MustParseAddrPort(w.local)
	if w.listen != nil {
		peer.Listener = w.listen
	} else if len(w.conf.Listens) > 0 {
		peer.Listener = w.conf.Listens[0]
	}
	if value := x.Request.Fields.Get(message.ContentLength); value != nil {
		fmt.Sscan(string(value), &x.Request.ContentLength)
	}
	x.Begin(w, x.Request, &peer, exchange.Limits{Input: 1 << 16, Output: max(w.window, 1<<16)})
	x.Journey, x.Serial, x.Start = journey, serial, time.Now().UnixNano()
	if w.tracer {
		x.Trace = &trace.Journey{ID: journey}
	}
	return x
}

// ask serves one request, head as for begin.
func (w *world) ask(t testing.TB, head string) *reply {
	t.Helper()
	x := w.begin(t, head)
	w.h.Serve(x)
	return w.finish(t, x)
}

// finish takes the answer and ends the exchange.
func (w *world) finish(t testing.TB, x *exchange.Exchange) *reply {
	t.Helper()
	r := &reply{journey: x.Trace, off: x.Detached()}
	block, pieces := x.Answer()
	if r.off {
		u := x.Update()
		if u.Panic != nil {
			t.Fatalf("panic: %v\n%s", u.Panic, u.Stack)
		}
		block, pieces = u.Block, x.Pieces()
		for !u.Whole {
			b, release := x.Take()
			if b == nil {
				break
			}
			pieces = append(pieces, exchange.Piece{Bytes: slices.Clone(b)})
			release.Release()
		}
		r.streamed, r.aborted = !u.Whole, u.Abort
	}
	if block == nil {
		t.Fatalf("%s was not answered", x.Request.RawTarget())
	}
	r.status, r.fields = block.Status(), block.Fields()
	var body strings.Builder
	for _, p := range pieces {
		if p.File != nil {
			b := make([]byte, p.N)
			if _, err := p.File.F.ReadAt(b, p.Offset); err != nil {
				t.Fatal(err)
			}
			body.Write(b)
		}
		body.Write(p.Bytes)
		if p.Release != nil {
			p.Release.Release()
		}
	}
	x.Forget()
	r.body = body.String()
	if length := r.get("Content-Length"); !(r.streamed && length == "") && x.Request.Method != message.HEAD && message.BodyAllowed(r.status) && length != fmt.Sprint(len(r.body)) {
		t.Errorf("%s: Content-Length is %q and the body has %d bytes", x.Request.RawTarget(), length, len(r.body))
	}
	reasons, _ := x.Why()
	for _, why := range reasons {
		r.reasons += " " + why.ID
	}
	r.reasons = strings.TrimSpace(r.reasons)
	x.Outcome.Status = r.status
	w.h.Finish(x)
	return r
}

// varying is what differs between machines, and between versions of the table of types.
var varying = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`"[0-9a-z]+-[0-9a-z]+-[0-9a-z]+"`), `"<etag>"`},
	{regexp.MustCompile(`owner: \S+`), "owner: <owner>"},
	{regexp.MustCompile(`types.txt:\d+`), "types.txt:<row>"},
	{regexp.MustCompile(`"[0-9a-f]{24}"`), `"<etag>"`},
	{regexp.MustCompile(`'sha256-\S+'`), "'sha256-<hash>'"},
	{regexp.MustCompile(`Content-Length: \d{4,}`), "Content-Length: <length>"}, // of a listing
	{regexp.MustCompile(`boundary=[0-9a-f]+`), "boundary=<boundary>"},
}

// story is a journey in a form that is the same on each machine.
func (w *world) story(tr *trace.Journey) string {
	var b strings.Builder
	for _, e := range tr.Events {
		mark := "·"
		if e.Taken {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s%s %-8s %s", strings.Repeat("  ", e.Depth), mark, e.Step, e.Reason)
		if e.Subject != "" {
			fmt.Fprintf(&b, " %s", e.Subject)
		}
		if !e.Position.IsZero() {
			fmt.Fprintf(&b, " (%s)", e.Position)
		}
		b.WriteByte('\n')
		for _, d := range e.Details {
			fmt.Fprintf(&b, "             %s: %s\n", d.Name, d.Value)
		}
	}
	text := strings.ReplaceAll(b.String(), w.dir, "$ROOT")
	for _, v := range varying {
		text = v.pattern.ReplaceAllString(text, v.instead)
	}
	return text
}
