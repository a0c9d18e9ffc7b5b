package site

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

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
		{"it says it to its standard error", func(_ int, c net.Conn) {
			takeRequest(c)
			for err := error(nil); err == nil; _, err = io.WriteString(c, record(7, "wait\n")) {
			}
		}, `read = "200ms"`, 504, "fcgi.silent", ""},
		{"its head comes letter by letter", func(_ int, c net.Conn) {
			takeRequest(c)
			for err := error(nil); err == nil; _, err = io.WriteString(c, record(6, "X")) {
				time.Sleep(5 * time.Millisecond)
			}
		}, "read = \"300ms\"\nhead_bytes = \"1MiB\"", 504, "fcgi.silent", ""},
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
	case <-time.After(time.Minute):
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

func TestWhichScriptAnApplicationDoesNotFindIsTold(t *testing.T) {
	app := trick(t, func(_ int, c net.Conn) {
		takeRequest(c)
		io.WriteString(c, record(7, "Primary script unknown")+record(6, "Status: 404\n\nFile not found.\n")+endOfRequest)
	})
	c := newCounter(t, serve.EventsPerCore, app, appFiles, withSettings(`root = "/var/www/html"`))
	if status, _, _ := c.ask("GET", "/index.php", nil); status != 404 {
		t.Errorf("%d", status)
	}
	c.ended()
	if told := c.errors(); !strings.Contains(told, `"/var/www/html/index.php"`) || !strings.Contains(told, "root in the fastcgi block") {
		t.Errorf("%s", told)
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
