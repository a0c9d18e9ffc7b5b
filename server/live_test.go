package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/stack/link"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// live is a server that runs in the test, on a configuration that the test can change.
type live struct {
	t       *testing.T
	folder  string
	signals chan os.Signal
	server  *Server
	first   string // address
	ended   chan Ending
	loads   atomic.Int32 // finished
}

// path is a file of the server's folder.
func (l *live) path(name string) string { return filepath.Join(l.folder, name) }

// write changes the configuration.
func (l *live) write(text string) {
	l.t.Helper()
	text = "log {\n  off = true\n}\n" + text
	if !strings.Contains(text, "error_log {") {
		text = "error_log {\n  file = \"error.log\"\n}\n" + text
	}
	if !strings.Contains(text, "control {") { // all servers of the tests are one process
		text = "control {\n  off = true\n}\n" + text
	}
	if err := os.WriteFile(l.path("vitrine.hcl"), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// run starts a server. It has stopped when the test ends.
func run(t *testing.T, text string) *live {
	t.Helper()
	return runOn(t, text, nil)
}

// runOn is run with an adapter for the configuration's network block.
func runOn(t *testing.T, text string, adapter link.Adapter) *live {
	t.Helper()
	l := &live{t: t, folder: t.TempDir(), signals: make(chan os.Signal, 8), ended: make(chan Ending, 1)}
	l.write(text)
	ready, first := make(chan *Server, 1), make(chan string, 1)
	failed := make(chan *config.Diagnostics, 1)
	go func() {
		ending, diags := Run(l.load, Options{Signals: l.signals, adapter: func(*config.Network, int) (link.Adapter, error) { return adapter, nil }, Ready: func(s *Server) {
			first <- s.Addresses()[0].Bound.String() // here nobody reloads
			ready <- s
		}})
		if diags != nil {
			failed <- diags
		}
		l.ended <- ending
	}()
	select {
	case l.server = <-ready:
		l.first = <-first
	case diags := <-failed:
		t.Fatalf("the server did not start: %v", diags)
	case <-time.After(patience):
		t.Fatal("the server is not ready")
	}
	t.Cleanup(func() {
		select {
		case e := <-l.ended:
			l.ended <- e
		default:
			l.signals <- syscall.SIGTERM
			l.signals <- syscall.SIGTERM
			l.end()
		}
	})
	return l
}

func (l *live) load() (*config.Config, *config.Diagnostics) {
	c, diags := config.Load(l.path("vitrine.hcl"), config.Options{})
	l.loads.Add(1)
	return c, diags
}

// end waits until the server has stopped.
func (l *live) end() Ending {
	l.t.Helper()
	select {
	case e := <-l.ended:
		l.ended <- e
		return e
	case <-time.After(patience):
		l.t.Fatal("the server has not stopped")
	}
	return NotStarted
}

// address is where it listened first.
func (l *live) address() string { return l.first }

// reload changes the configuration and waits until the error log says what came of it.
func (l *live) reload(text string) string {
	l.t.Helper()
	before := len(l.errors())
	l.write(text)
	l.signals <- syscall.SIGHUP
	l.await(func() bool { return strings.Contains(l.errors()[before:], "server.reload") })
	return l.errors()[before:]
}

// errors is the error log.
func (l *live) errors() string {
	b, err := os.ReadFile(l.path("error.log"))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// await waits for a condition that another goroutine or the file system brings about.
func (l *live) await(condition func() bool) {
	l.t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("what was awaited did not happen; the error log is\n%s", l.errors())
		}
	}
}

// get asks on a new connection.
func (l *live) get(path string) (status int, body string) {
	l.t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	r, err := c.Get("http://" + l.address() + path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// conn is a connection that stays.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func (l *live) dial() (*conn, error) { return dial(l.address()) }

func dial(address string) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReader(c)}, nil
}

// ask sends a request and reads its answer. closes says that the server will close the connection.
func (c *conn) ask(path string) (body string, closes bool, err error) {
	c.SetDeadline(time.Now().Add(patience))
	if _, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n", path); err != nil {
		return "", false, err
	}
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", false, err
	}
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != 200 {
		err = fmt.Errorf("status %d: %s", r.StatusCode, b)
	}
	return string(b), r.Close, err
}

// answering is a configuration that answers everything with a text.
func answering(listen, text string) string {
	return fmt.Sprintf("listen %q {}\nsite {\n  default = true\n  route \"/*\" {\n    respond {\n      body = %q\n    }\n  }\n}\n", listen, text)
}

// anywhere is a port that the system chooses.
const anywhere = "127.0.0.1:0"
