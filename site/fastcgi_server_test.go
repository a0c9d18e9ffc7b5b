package site

import (
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// counter is a server with an application behind it.
type counter struct {
	t       testing.TB
	dir     string
	address string
	h       *Handler
	reached chan string // "status reason …" of each exchange that ended

	mu      sync.Mutex
	told    []string
	stories []*trace.Decisions
}

func (c *counter) Begin(x *exchange.Exchange) {
	x.Trace = &trace.Journey{ID: x.Journey, Start: time.Now(), Live: true}
}

func (c *counter) End(v *variables.Values, told *trace.Decisions) {
	why, _ := v.Exchange.Why()
	var ids []string
	for _, r := range why {
		ids = append(ids, r.ID)
	}
	c.mu.Lock()
	c.stories = append(c.stories, told)
	c.mu.Unlock()
	select {
	case c.reached <- strconv.Itoa(v.Exchange.Outcome.Status) + " " + strings.Join(ids, " "):
	default:
	}
}

// newCounter serves the configuration, in which $ROOT is a folder with the files and $APP the application's address.
func newCounter(t testing.TB, architecture, app string, files map[string]string, source string) *counter {
	t.Helper()
	return newCounterWith(t, architecture, app, files, source, Options{})
}

// newCounterWith is newCounter with more options. Files that begin with #! may be executed.
func newCounterWith(t testing.TB, architecture, app string, files map[string]string, source string, opt Options) *counter {
	t.Helper()
	c := &counter{t: t, dir: t.TempDir(), reached: make(chan string, 1000)}
	if real, err := filepath.EvalSymlinks(c.dir); err == nil {
		c.dir = real
	}
	for name, text := range files {
		path := filepath.Join(c.dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if to, ok := strings.CutPrefix(text, "=> "); ok {
			os.Symlink(to, path)
		} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		} else if strings.HasPrefix(text, "#!") {
			os.Chmod(path, 0o755)
		}
	}
	source = strings.NewReplacer("$ROOT", c.dir, "$APP", app).Replace(source)
	conf, ds := config.Parse([]byte("listen \"127.0.0.1:0\" {\n}\n"+source), "vitrine.hcl", config.Options{})
	if conf == nil {
		t.Fatal(ds.All())
	}
	store := resource.NewStore(conf.Memory)
	opt.Store, opt.Observer = store, c
	opt.Failed = func(id trace.ID, why error) {
		c.mu.Lock()
		c.told = append(c.told, why.Error())
		c.mu.Unlock()
	}
	h, err := New(conf, opt)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := web.NewServer(h, web.Settings{Handlers: conf.Limits.Handlers.V}, web.Options{Architecture: architecture})
	if err != nil {
		t.Fatal(err)
	}
	l, err := srv.Listen(netip.MustParseAddrPort("127.0.0.1:0"), 100, conf.Listens[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Close(); h.Close(); store.Close() })
	c.address, c.h = l.Addr().String(), h
	return c
}

// ask sends a request and returns the answer's status, its header and its body.
func (c *counter) ask(method, target string, body io.Reader, fields ...string) (int, http.Header, string) {
	c.t.Helper()
	r, err := http.NewRequest(method, "http://"+c.address+target, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Host = "example.org"
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		return 200, nil, err.Error() + " [cut]" // a reset can overtake what was sent before
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		text = append(text, " [cut]"...)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// ended is how the next exchange ended.
func (c *counter) ended() string {
	c.t.Helper()
	select {
	case s := <-c.reached:
		return s
	case <-time.After(20 * time.Second):
		c.t.Fatal("no exchange has ended")
		return ""
	}
}

func (c *counter) errors() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.told, "\n")
}

const appSite = `
site "example.org" {
  root = "$ROOT"
  route "/*" {
    fastcgi "$APP" {
      keep_alive = true
      $SETTINGS
    }
  }
}
`

func withSettings(lines string) string { return strings.Replace(appSite, "$SETTINGS", lines, 1) }

var appFiles = map[string]string{"index.php": "<?php", "a/index.php": "<?php", "hello.php": "<?php", "style.css": "body {}", "UP.PHP": "secret",
	"uploads/x.jpg": "<?php evil", "b/index.html": "<p>", "current.php": "=> a/index.php", "out.php": "=> /etc/passwd", ".hidden.php": "<?php", "c.php/d.php": "<?php"}
