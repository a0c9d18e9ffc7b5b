package site

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/exchange"
	"vitrine/web/serve"
	"vitrine/web/variables"
)

// counter is a server with an application behind it.
type counter struct {
	t       testing.TB
	dir     string
	address string
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
		}
	}
	source = strings.NewReplacer("$ROOT", c.dir, "$APP", app).Replace(source)
	conf, ds := config.Parse([]byte("listen \"127.0.0.1:0\" {\n}\n"+source), "vitrine.hcl", config.Options{})
	if conf == nil {
		t.Fatal(ds.All())
	}
	store := resource.NewStore(conf.Memory)
	h, err := New(conf, Options{Store: store, Observer: c, Failed: func(id trace.ID, why error) {
		c.mu.Lock()
		c.told = append(c.told, why.Error())
		c.mu.Unlock()
	}})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := web.NewServer(h, web.Settings{}, web.Options{Architecture: architecture})
	if err != nil {
		t.Fatal(err)
	}
	l, err := srv.Listen(netip.MustParseAddrPort("127.0.0.1:0"), 100, conf.Listens[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Close(); h.Close(); store.Close() })
	c.address = l.Addr().String()
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

// application runs h as an application on a Unix socket.
func anApplication(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l := listenUnix(t)
	go fcgi.Serve(l, h)
	return "unix:" + l.Addr().String()
}

func listenUnix(t testing.TB) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	return l
}

// record is a record as an application writes it.
func record(kind byte, content string) string {
	h := []byte{1, kind, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content
}

const endOfRequest = "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// trick is an application that does with each connection what it is told to, once the request has come whole.
func trick(t testing.TB, f func(n int, c net.Conn)) string {
	t.Helper()
	l := listenUnix(t)
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func(n int) {
				defer c.Close()
				f(n, c)
			}(n)
		}
	}()
	return "unix:" + l.Addr().String()
}

// takeRequest reads a request to its end, or returns false.
func takeRequest(c io.Reader) bool {
	var h [8]byte
	for {
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return false
		}
		n := int64(binary.BigEndian.Uint16(h[4:]))
		if _, err := io.CopyN(io.Discard, c, n+int64(h[6])); err != nil {
			return false
		}
		if h[1] == 5 && n == 0 {
			return true
		}
	}
}

const appSite = `
site "example.org" {
  root = "$ROOT"
  route "/*" {
    fastcgi "$APP" {
      $SETTINGS
    }
  }
}
`

func withSettings(lines string) string { return strings.Replace(appSite, "$SETTINGS", lines, 1) }

var appFiles = map[string]string{"index.php": "<?php", "a/index.php": "<?php", "hello.php": "<?php", "style.css": "body {}", "UP.PHP": "secret",
	"uploads/x.jpg": "<?php evil", "b/index.html": "<p>", "current.php": "=> a/index.php", "out.php": "=> /etc/passwd", ".hidden.php": "<?php", "c.php/d.php": "<?php"}

// echo is an application that answers with what f makes of its parameters and of the request's body.
func echo(t testing.TB, f func(env map[string]string, body string) string) string {
	return trick(t, func(_ int, c net.Conn) {
		for {
			env, body, ok := takeParams(c)
			if !ok {
				return
			}
			answer := "Content-Type: text/plain\n\n" + f(env, body)
			records := ""
			for len(answer) > 0 {
				n := min(len(answer), 60000)
				records += record(6, answer[:n])
				answer = answer[n:]
			}
			io.WriteString(c, records+endOfRequest)
		}
	})
}

// takeParams reads a request to its end.
func takeParams(c io.Reader) (env map[string]string, body string, ok bool) {
	var h [8]byte
	var params []byte
	var all strings.Builder
	for {
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return nil, "", false
		}
		content := make([]byte, int(binary.BigEndian.Uint16(h[4:])))
		if _, err := io.ReadFull(c, content); err != nil {
			return nil, "", false
		}
		switch {
		case h[1] == 4:
			params = append(params, content...)
		case h[1] == 5 && len(content) > 0:
			all.Write(content)
		case h[1] == 5:
			env = map[string]string{}
			length := func() int {
				n := int(params[0])
				if n < 0x80 {
					params = params[1:]
					return n
				}
				n = int(binary.BigEndian.Uint32(params) &^ (1 << 31))
				params = params[4:]
				return n
			}
			for len(params) > 0 {
				n, m := length(), length()
				env[string(params[:n])] = string(params[n : n+m])
				params = params[n+m:]
			}
			return env, all.String(), true
		}
	}
}

func scriptDump(env map[string]string, body string) string {
	return env["SCRIPT_NAME"] + "|" + env["PATH_INFO"]
}

func TestWhichScriptAnApplicationIsAskedFor(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, withSettings(`static = true`))
	f := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, withSettings(`front = "/index.php"`))
	for _, test := range []struct {
		target, plain, front string // "script|path info", or the status
	}{
		{"/hello.php", "/hello.php|", "/hello.php|"},
		{"/hello.php/more/of%20it", "/hello.php|/more/of it", "/hello.php|/more/of it"},
		{"/hello.php/", "/hello.php|/", "/hello.php|/"},
		{"/", "/index.php|", "/index.php|"},
		{"/a/", "/a/index.php|", "/a/index.php|"},
		{"/a", "301", "301"},
		{"/b/", "200", "/index.php|"},
		{"/style.css", "200", "/index.php|"},
		{"/c.php/d.php/e", "/c.php/d.php|/e", "/c.php/d.php|/e"},
		{"/uploads/x.jpg/foo.php", "404", "/index.php|"},
		{"/uploads/x.jpg%00.php", "400", "400"},
		{"/uploads/x.jpg/.php", "404", "/index.php|"},
		{"/none.php", "404", "/index.php|"},
		{"/none", "404", "/index.php|"},
		{"/UP.PHP", "404", "/index.php|"},
		{"/current.php", "/current.php|", "/current.php|"},
		{"/out.php", "403", "403"},
		{"/.hidden.php", "404", "/index.php|"},
		{"/x/../hello.php", "/hello.php|", "/hello.php|"},
	} {
		for range 2 { // from the disk, and remembered
			for _, try := range []struct {
				c    *counter
				want string
			}{{c, test.plain}, {f, test.front}} {
				status, _, body := try.c.ask("GET", test.target, nil)
				got := strconv.Itoa(status)
				if strings.Contains(body, "|") {
					got = body
				}
				if got != try.want {
					t.Errorf("%s: %s, not %s", test.target, got, try.want)
				}
				if strings.Contains(body, "secret") || strings.Contains(body, "evil") || strings.Contains(body, "root:") {
					t.Errorf("%s shows %q", test.target, body)
				}
			}
		}
	}
}

func TestAnApplicationAnswersUnderEveryArchitecture(t *testing.T) {
	app := echo(t, func(env map[string]string, body string) string {
		switch env["PATH_INFO"] {
		case "/big":
			return strings.Repeat("x", 3_000_000)
		}
		return fmt.Sprintf("%s|%s|%s|%s|%d:%s", env["SCRIPT_FILENAME"], env["SCRIPT_NAME"], env["PATH_INFO"], env["QUERY_STRING"], len(body), body[:min(len(body), 20)])
	})
	for _, architecture := range serve.Architectures {
		t.Run(architecture, func(t *testing.T) {
			c := newCounter(t, architecture, app, appFiles, withSettings(`buffer_bytes = "4KiB"`))
			for range 3 {
				if status, h, body := c.ask("GET", "/index.php/x?q=1", nil); status != 200 || body != c.dir+"/index.php|/index.php|/x|q=1|0:" || h.Get("Content-Length") == "" {
					t.Errorf("%d %q %v", status, body, h)
				}
				if status, _, body := c.ask("GET", "/index.php/big", nil); status != 200 || len(body) != 3_000_000 {
					t.Errorf("%d and %d bytes", status, len(body))
				}
				if status, _, body := c.ask("HEAD", "/index.php", nil); status != 200 || body != "" {
					t.Errorf("HEAD: %d %q", status, body)
				}
				for _, n := range []int{1, 4096, 5000, 1_000_000} {
					text := strings.Repeat("b", n)
					for name, body := range map[string]io.Reader{"known": strings.NewReader(text), "unknown": io.MultiReader(strings.NewReader(text))} {
						status, _, answer := c.ask("POST", "/index.php", body)
						if want := fmt.Sprintf("|%d:%s", n, text[:min(n, 20)]); status != 200 || !strings.HasSuffix(answer, want) {
							t.Errorf("POST of %d bytes, their number %s: %d %q", n, name, status, answer)
						}
					}
				}
			}
			if told := c.errors(); told != "" {
				t.Errorf("the error log says %s", told)
			}
		})
	}
}

func TestAnAnswerReachesTheClientAsItIsWritten(t *testing.T) {
	next := make(chan string)
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		for piece := range next {
			io.WriteString(w, piece)
			w.(http.Flusher).Flush()
		}
	})
	c := newCounter(t, serve.EventsPerCore, app, appFiles, withSettings(""))
	go func() { next <- "one" }()
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /index.php HTTP/1.1\r\nHost: example.org\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for _, want := range []string{"one", "two", "three"} {
		if want != "one" {
			next <- want
		}
		if n, err := io.ReadFull(answer.Body, buf[:len(want)]); err != nil || string(buf[:n]) != want {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	close(next)
	if n, err := answer.Body.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("%d %v", n, err)
	}
}

func TestWhoseFaultItIs(t *testing.T) {
	head := record(6, "Content-Type: text/plain\n\n")
	for _, test := range []struct {
		what     string
		f        func(n int, c net.Conn)
		settings string
		status   int
		why      string
		body     string // its end
	}{
		{"it closes at once", func(int, net.Conn) {}, "", 502, "fcgi.closed", ""},
		{"it closes after the head", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, head) }, "", 200, "fcgi.closed", "[cut]"},
		{"it closes within the head", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, record(6, "Content-")) }, "", 502, "fcgi.closed", ""},
		{"it ends without a head", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, record(6, "X")+endOfRequest) }, "", 502, "gateway.head-cut-short", ""},
		{"it says nothing", func(_ int, c net.Conn) { takeRequest(c); io.Copy(io.Discard, c) }, `read = "200ms"`, 504, "fcgi.silent", ""},
		{"it stops in the middle", func(_ int, c net.Conn) {
			takeRequest(c)
			io.WriteString(c, head+record(6, "abc"))
			io.Copy(io.Discard, c)
		}, `read = "200ms"`, 200, "fcgi.stalled", "[cut]"},
		{"it is a web server", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, "", 502, "fastcgi.not-fastcgi", ""},
		{"its head is none", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, record(6, "Warning!\n\n")+endOfRequest) }, "", 502, "gateway.not-a-field", ""},
		{"its head is too large", func(_ int, c net.Conn) { takeRequest(c); io.WriteString(c, record(6, "X: "+strings.Repeat("y", 1000))) }, `head_bytes = "512B"`, 502, "gateway.head-too-large", ""},
		{"it is overloaded", func(_ int, c net.Conn) {
			takeRequest(c)
			io.WriteString(c, endOfRequest[:12]+"\x02\x00\x00\x00")
		}, "", 503, "fastcgi.overloaded", ""},
		{"its length is wrong", func(_ int, c net.Conn) {
			takeRequest(c)
			io.WriteString(c, record(6, "Content-Length: 5\n\nabc")+endOfRequest)
		}, "", 502, "fcgi.length", ""},
		{"its length turns out to be wrong", func(_ int, c net.Conn) {
			takeRequest(c)
			io.WriteString(c, record(6, "Content-Length: 5\n\nabc"))
			time.Sleep(50 * time.Millisecond)
			io.WriteString(c, endOfRequest)
		}, "", 200, "", "[cut]"},
	} {
		t.Run(test.what, func(t *testing.T) {
			c := newCounter(t, serve.EventsPerCore, trick(t, test.f), appFiles, withSettings(test.settings))
			status, _, body := c.ask("POST", "/index.php", nil)
			if status != test.status || !strings.HasSuffix(body, test.body) {
				t.Errorf("%d %q", status, body)
			}
			if strings.Contains(body, "app") && strings.Contains(body, "/s") && strings.Contains(body, os.TempDir()) {
				t.Errorf("the client is told of the socket: %s", body)
			}
			if got := c.ended(); !strings.Contains(got, test.why) {
				t.Errorf("it ended as %s, and the log says %s", got, c.errors())
			}
		})
	}
	missing := newCounter(t, serve.EventsPerCore, "unix:/nowhere/at/all", appFiles, withSettings(""))
	if status, _, _ := missing.ask("GET", "/index.php", nil); status != 502 || !strings.Contains(missing.ended(), "fcgi.no-socket") {
		t.Errorf("without a socket: %d, %s", status, missing.errors())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	dead := newCounter(t, serve.EventsPerCore, l.Addr().String(), appFiles, withSettings(""))
	if status, _, _ := dead.ask("GET", "/index.php", nil); status != 502 || !strings.Contains(dead.ended(), "fcgi.not-listening") {
		t.Errorf("where nobody listens: %d, %s", status, dead.errors())
	}
}

func TestAConnectionThatDiedWhileItWasIdleIsReplaced(t *testing.T) {
	answer := record(6, "Content-Type: text/plain\n\nhello") + endOfRequest
	closed := make(chan bool, 10)
	app := trick(t, func(n int, c net.Conn) {
		takeRequest(c)
		io.WriteString(c, answer)
		if n == 1 { // it goes when the next request comes, before anything of the answer
			takeRequest(c)
			closed <- true
			return
		}
		io.Copy(io.Discard, c)
	})
	c := newCounter(t, serve.Events, app, appFiles, withSettings(""))
	for i := range 2 {
		if status, _, body := c.ask("GET", "/index.php", nil); status != 200 || body != "hello" {
			t.Fatalf("request %d: %d %q", i+1, status, body)
		}
		c.ended()
	}
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("the connection was not used again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var told []string
	for _, e := range c.stories[1].Events {
		told = append(told, e.Reason.ID)
	}
	if !slices.Contains(told, "fcgi.again") {
		t.Errorf("the journey is %v", told)
	}
}

func TestARequestWithABodyIsNeverSentTwice(t *testing.T) {
	answer := record(6, "Content-Type: text/plain\n\nhello") + endOfRequest
	app := trick(t, func(n int, c net.Conn) {
		takeRequest(c)
		io.WriteString(c, answer)
		takeRequest(c)
	})
	c := newCounter(t, serve.Events, app, appFiles, withSettings(""))
	if status, _, _ := c.ask("GET", "/index.php", nil); status != 200 {
		t.Fatal(status)
	}
	c.ended()
	if status, _, _ := c.ask("POST", "/index.php", strings.NewReader("x")); status != 502 {
		t.Errorf("%d", status)
	}
}

func TestWhatAnApplicationMayHaveSent(t *testing.T) {
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		for _, name := range []string{"X-Sendfile", "X-Accel-Redirect", "ETag", "Location", "Content-Type"} {
			if q.Has(name) {
				w.Header()[name] = []string{q.Get(name)}
			}
		}
		w.Header().Set("Set-Cookie", "a=b")
		if s, err := strconv.Atoi(q.Get("status")); err == nil {
			w.WriteHeader(s)
		}
		io.WriteString(w, "own body")
	})
	files := map[string]string{"index.php": "", "private/file.txt": "private", "private/out.txt": "=> /etc/passwd", "store/a.txt": "stored"}
	c := newCounter(t, serve.EventsPerCore, app, files, `
site "example.org" {
  root = "$ROOT"
  route "/protected/*" {
    root         = "$ROOT/store"
    strip_prefix = "/protected"
  }
  route "/*" {
    fastcgi "$APP" {
      send_file        = ["$ROOT/private"]
      accel_redirect   = ["/protected/"]
      intercept_errors = true
    }
  }
}
`)
	for _, test := range []struct {
		query  string
		fields []string
		status int
		body   string
		why    string
	}{
		{"X-Sendfile=" + c.dir + "/private/file.txt", nil, 200, "private", "fcgi.send-file"},
		{"X-Sendfile=" + c.dir + "/private/file.txt", []string{"Range: bytes=0-2"}, 206, "pri", "fcgi.send-file"},
		{"X-Sendfile=" + c.dir + "/private/none.txt", nil, 404, "", "fcgi.send-file"},
		{"X-Sendfile=" + c.dir + "/private/out.txt", nil, 403, "", "resource.escapes"},
		{"X-Sendfile=" + c.dir + "/private/", nil, 200, "own body", ""},
		{"X-Sendfile=" + c.dir + "/private/../store/a.txt", nil, 200, "own body", ""},
		{"X-Sendfile=/etc/passwd", nil, 200, "own body", ""},
		{"X-Accel-Redirect=/protected/a.txt", nil, 200, "stored", "fcgi.accel-redirect"},
		{"X-Accel-Redirect=/protected/../index.php", nil, 200, "own body", ""},
		{"X-Accel-Redirect=/protected/%252e%252e/index.php", nil, 200, "own body", ""},
		{"X-Accel-Redirect=/other", nil, 200, "own body", ""},
		{"ETag=%22x%22", []string{`If-None-Match: "x"`}, 304, "", "fcgi.not-modified"},
		{"ETag=%22x%22", []string{`If-Match: "y"`}, 412, "", "fcgi.precondition-failed"},
		{"status=404", nil, 404, "", "fcgi.intercepted"},
	} {
		status, h, body := c.ask("GET", "/index.php?"+test.query, nil, test.fields...)
		got := c.ended()
		if status != test.status || test.body != "" && body != test.body || !strings.Contains(got, test.why) {
			t.Errorf("%s: %d %q, %s", test.query, status, body, got)
		}
		if h.Get("X-Sendfile") != "" || h.Get("X-Accel-Redirect") != "" || strings.Contains(body, "root:") {
			t.Errorf("%s: the client sees %v %q", test.query, h, body)
		}
	}
	local := newCounter(t, serve.EventsPerCore, trick(t, func(_ int, conn net.Conn) {
		takeRequest(conn)
		io.WriteString(conn, record(6, "Location: /static.txt\n\n")+endOfRequest)
	}), map[string]string{"index.php": "", "static.txt": "static"}, withSettings("static = true"))
	if status, _, body := local.ask("GET", "/index.php", nil); status != 200 || body != "static" {
		t.Errorf("a local redirect: %d %q", status, body)
	}
}

func TestRequestsWaitForAnApplicationThatIsBusy(t *testing.T) {
	come, goOn := make(chan bool, 10), make(chan bool)
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		come <- true
		<-goOn
		io.WriteString(w, "done")
	})
	c := newCounter(t, serve.Events, app, appFiles, withSettings("concurrent = 1\nqueue = 1\nqueue_time = \"20s\""))
	answers := make(chan int, 3)
	send := func() {
		status, _, _ := c.ask("GET", "/index.php", nil)
		answers <- status
	}
	go send()
	<-come
	go send()
	go send()
	if status := <-answers; status != 503 { // one of them waits, the other is too much
		t.Errorf("%d", status)
	}
	goOn <- true
	<-come
	goOn <- true
	for range 2 {
		if status := <-answers; status != 200 {
			t.Errorf("%d", status)
		}
	}
	late := newCounter(t, serve.Events, app, appFiles, withSettings("concurrent = 1\nqueue = 1\nqueue_time = \"50ms\""))
	go func() { late.ask("GET", "/index.php", nil) }()
	<-come
	if status, h, _ := late.ask("GET", "/index.php", nil); status != 503 || h.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, h)
	}
	goOn <- true
}

func TestAClientThatLeavesIsNoticed(t *testing.T) {
	gone := make(chan bool, 1)
	app := trick(t, func(_ int, c net.Conn) {
		takeRequest(c)
		io.WriteString(c, record(6, "Content-Type: text/plain\n\n"))
		piece := record(6, strings.Repeat("x", 60000))
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				gone <- true
				return
			}
		}
	})
	c := newCounter(t, serve.EventsPerCore, app, appFiles, withSettings(""))
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET /index.php HTTP/1.1\r\nHost: example.org\r\n\r\n")
	io.ReadFull(conn, make([]byte, 1<<20))
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Fatal("the application still writes")
	}
}

func TestWhatAnApplicationSaysGoesToTheErrorLog(t *testing.T) {
	app := trick(t, func(_ int, c net.Conn) {
		takeRequest(c)
		io.WriteString(c, record(7, "PHP Warning:  \x1b[31moops\n"+strings.Repeat("y", 3000)+"\n")+record(6, "Status: 500\n\n")+endOfRequest)
	})
	c := newCounter(t, serve.EventsPerCore, app, appFiles, withSettings(`error_bytes = "1KiB"`))
	if status, _, _ := c.ask("GET", "/index.php", nil); status != 500 {
		t.Errorf("%d", status)
	}
	c.ended()
	if told := c.errors(); !strings.Contains(told, `PHP Warning:  \x1b[31moops`) || len(told) > 3000 || !strings.Contains(told, "left out") {
		t.Errorf("%s", told)
	}
}

func TestAnExplanationAsksNobody(t *testing.T) {
	asked := make(chan bool, 1)
	app := trick(t, func(int, net.Conn) { asked <- true })
	w := newWorld(t, map[string]string{"index.php": ""}, strings.Replace(withSettings(`params = { APP = "for {client.address}", HTTPS = "on", QUERY_STRING = "" }`), "$APP", app, 1))
	w.tracer = true
	r := w.ask(t, "GET /?a=b\nCookie: secret=1\nX_Real_IP: 1")
	story := w.story(r.journey)
	for _, want := range []string{"fcgi.would-ask", "SCRIPT_FILENAME: $ROOT/index.php", "APP: for ", "HTTPS: on", "HTTP_COOKIE: (not shown", "left out: 1 fields, the first is X_Real_IP"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story lacks %q:\n%s", want, story)
		}
	}
	if strings.Contains(story, "QUERY_STRING: ") || strings.Contains(story, "secret") {
		t.Error(story)
	}
	select {
	case <-asked:
		t.Error("somebody was asked")
	default:
	}
}

func TestAnApplicationWithoutScriptsGetsEveryPath(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, `
site "example.org" {
  route "/api/*" {
    strip_prefix = "/api"
    fastcgi "$APP" {
      split_path_info = []
    }
  }
}
`)
	for target, want := range map[string]string{"/api/a/b.php/c": "/api|/a/b.php/c", "/api": "/api|"} {
		if status, _, body := c.ask("GET", target, nil); status != 200 || body != want {
			t.Errorf("%s: %d %q", target, status, body)
		}
	}
}

func TestBodiesHaveBounds(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, strings.Replace(withSettings(`buffer_bytes = "1KiB"`), `route "/*" {`, "route \"/*\" {\n body_bytes = \"2KiB\"", 1))
	for n, want := range map[int]int{2048: 200, 2049: 413, 50_000: 413} {
		if status, _, _ := c.ask("POST", "/index.php", io.MultiReader(strings.NewReader(strings.Repeat("x", n)))); status != want {
			t.Errorf("%d bytes: %d", n, status)
		}
	}
}

func TestASourceIsNeverShown(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), map[string]string{"a/index.php": "secret", "a/b.txt": "text"}, `
site "example.org" {
  root = "$ROOT"
  files {
    index = ["index.php"]
  }
  route "/*" {
    files {
      index = ["index.php", "index.html"]
    }
    fastcgi "$APP" {
      static = true
      index  = ["other.php"]
    }
  }
}
`)
	if status, _, body := c.ask("GET", "/a/", nil); strings.Contains(body, "secret") {
		t.Errorf("%d %q", status, body)
	}
}

// deadEnd is a carrier whose links cannot be made.
type deadEnd struct {
	*world
	why *trace.Reason
	err error
}

func (d *deadEnd) Dial(x *exchange.Exchange, _ *exchange.LinkOptions, _ bool) error {
	x.LinkDriver().Gone(nil, d.why, d.err)
	return nil
}

func TestWhyThereIsNoConnection(t *testing.T) {
	l := listenUnix(t)
	w := newWorld(t, map[string]string{"index.php": ""}, strings.Replace(withSettings(""), "$APP", "unix:"+l.Addr().String(), 1))
	for _, test := range []struct {
		id     string
		err    error
		status int
		why    *trace.Reason
		told   string
	}{
		{"upstream.refused", os.NewSyscallError("connect", syscall.EACCES), 502, AppForbidden, "this program runs as user"},
		{"upstream.refused", os.NewSyscallError("connect", syscall.EHOSTUNREACH), 502, AppUnreachable, "connect: "},
		{linkTimeout, nil, 504, nil, ""},
	} {
		x := w.begin(t, "GET /")
		why := &trace.Reason{ID: test.id, Kind: trace.Failed, Sentence: "it failed"}
		journey := x.Journey
		x.Begin(&deadEnd{w, why, test.err}, x.Request, x.Peer, exchange.Limits{Input: 1 << 16, Output: 1 << 16})
		x.Journey, x.Start = journey, time.Now().UnixNano()
		w.told = nil
		w.h.Serve(x)
		r := w.finish(t, x)
		if test.why != nil && !strings.Contains(r.reasons, test.why.ID) || r.status != test.status || !strings.Contains(strings.Join(w.told, ""), test.told) {
			t.Errorf("%s: %d, %s, %q", test.id, r.status, r.reasons, w.told)
		}
	}
}

func TestBodiesThatDoNotCome(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, withSettings(`buffer_bytes = 0`))
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /index.php HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 400 ") {
		t.Errorf("%q, %v", line, err)
	}
	if got := c.ended(); !strings.Contains(got, "fcgi.body-lost") {
		t.Error(got)
	}
	t.Setenv("TMPDIR", "/nowhere/at/all")
	if status, _, _ := c.ask("POST", "/index.php", io.MultiReader(strings.NewReader("x"))); status != 500 || !strings.Contains(c.ended(), "fcgi.no-room") {
		t.Errorf("%d, %s", status, c.errors())
	}
}

// An application that is asked for the page of an error and sends the client elsewhere in its place has made none.
func TestAnErrorsPageThatIsARedirect(t *testing.T) {
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://example.com/")
		w.WriteHeader(302)
		io.WriteString(w, strings.Repeat("elsewhere ", 100_000))
	})
	c := newCounter(t, serve.Events, app, appFiles, `
site "example.org" {
  root = "$ROOT"
  errors {
    page "404" { path = "/index.php" }
  }
  route "/index.php" {
    fastcgi "$APP" {
      concurrent = 1
    }
  }
}
`)
	for range 2 { // the second one finds the place of the first
		if status, h, body := c.ask("GET", "/missing", nil); status != 404 || !strings.Contains(body, "404 Not Found") || h.Get("Location") != "" {
			t.Errorf("%d %q %v", status, body[:min(len(body), 200)], h)
		}
	}
}
