package site

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vitrine/web/serve"
)

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

func TestAnApplicationDecidesAboutMethodsItself(t *testing.T) {
	method := func(env map[string]string, body string) string { return env["REQUEST_METHOD"] }
	c := newCounter(t, serve.EventsPerCore, echo(t, method), appFiles, withSettings(`static = true`))
	for _, test := range []struct {
		method, target string
		status         int
		body, allow    string
	}{
		{"OPTIONS", "/hello.php", 200, "OPTIONS", ""}, // as browsers ask before they let a page of another site ask
		{"PROPFIND", "/hello.php/calendars/", 200, "PROPFIND", ""},
		{"TRACE", "/hello.php", 405, "*", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"},
		{"OPTIONS", "/style.css", 204, "", "GET, HEAD, OPTIONS"}, // a file is none of its business
		{"POST", "/style.css", 405, "*", "GET, HEAD, OPTIONS"},
		{"PROPFIND", "/style.css", 501, "*", ""},
	} {
		status, header, body := c.ask(test.method, test.target, nil)
		if status != test.status || test.body != "*" && body != test.body || header.Get("Allow") != test.allow {
			t.Errorf("%s %s: %d %q, Allow %q", test.method, test.target, status, body, header.Get("Allow"))
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
