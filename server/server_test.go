package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
)

func TestAServerAnswersUntilItIsToldToStop(t *testing.T) {
	l := run(t, answering(anywhere, "hello"))
	if status, body := l.get("/"); status != 200 || body != "hello" {
		t.Errorf("got %d %q", status, body)
	}
	l.signals <- syscall.SIGTERM
	if e := l.end(); e != Drained {
		t.Errorf("it ended as %d, not drained", e)
	}
	for _, want := range []string{"server.started", "server.draining", "SIGTERM; ", "server.stopped"} {
		if !strings.Contains(l.errors(), want) {
			t.Errorf("the error log does not say %q:\n%s", want, l.errors())
		}
	}
}

func TestAReloadIsInForceForTheNextRequestOfAConnectionThatStays(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	c, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if body, _, err := c.ask("/"); err != nil || body != "one" {
		t.Fatalf("got %q, %v", body, err)
	}
	l.reload(answering(anywhere, "two"))
	if body, _, err := c.ask("/"); err != nil || body != "two" {
		t.Errorf("after the reload the same connection got %q, %v", body, err)
	}
}

func TestABrokenConfigurationIsRefusedWithAllItsErrors(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	said := l.reload("lsten \":80\" {}\nsite {\n  default = 7\n}\n")
	for _, want := range []string{"server.reload-refused", "did you mean listen", "default takes true or false"} {
		if !strings.Contains(said, want) {
			t.Errorf("the error log does not say %q:\n%s", want, said)
		}
	}
	if _, body := l.get("/"); body != "one" {
		t.Errorf("the old configuration must go on, and the answer is %q", body)
	}
}

func TestAReloadThatNeedsWhatIsNotThereChangesNothing(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an address of another machine": {"listen \"192.0.2.123:1\" {}\n" + answering(anywhere, "two"), "this machine does not have that address"},
		"a log in a folder that is not there": {"listen \"127.0.0.1:0\" {}\nsite {\n  default = true\n  log {\n    off = false\n    file = \"nowhere/access.log\"\n  }\n  route \"/*\" {\n    respond {}\n  }\n}\n",
			"access.log"},
	} {
		t.Run(name, func(t *testing.T) {
			l := run(t, answering(anywhere, "one"))
			if said := l.reload(c.text); !strings.Contains(said, "server.reload-refused") || !strings.Contains(said, c.want) {
				t.Errorf("the error log does not say %q:\n%s", c.want, said)
			}
			if _, body := l.get("/"); body != "one" {
				t.Errorf("the answer is %q", body)
			}
		})
	}
}

func TestWhatOnlyARestartCanChangeIsSaid(t *testing.T) {
	l := run(t, "io = \"events\"\n"+answering(anywhere, "one"))
	said := l.reload("io = \"threads\"\n" + answering(anywhere, "two"))
	if !strings.Contains(said, "io = threads needs a restart; until then it stays events") {
		t.Errorf("the error log says\n%s", said)
	}
	if _, body := l.get("/"); body != "two" {
		t.Errorf("the rest is in force, and the answer is %q", body)
	}
}

func TestListenersThatStayKeepTheirSocketsAndTheOthersChange(t *testing.T) {
	a, b := freeAddress(t), freeAddress(t)
	l := run(t, answering(a, "one"))
	kept, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()

	l.reload("listen " + quote(b) + " {}\n" + answering(a, "both"))
	for _, address := range []string{a, b} {
		if body := ask(t, address); body != "both" {
			t.Errorf("%s answers %q", address, body)
		}
	}
	l.reload(answering(b, "moved"))
	if body := ask(t, b); body != "moved" {
		t.Errorf("%s answers %q", b, body)
	}
	if _, err := net.DialTimeout("tcp", a, patience); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s is given up, and connecting gives %v", a, err)
	}
	// What comes on the connection of a listener that is gone is the last that does, and is answered as before.
	body, closes, err := kept.ask("/")
	if err == nil && (body != "one" || !closes) {
		t.Errorf("the connection of the listener that is gone gets %q, and the server closes it: %v", body, closes)
	}
	if body, _, err := kept.ask("/"); err == nil {
		t.Errorf("after that it still gets %q", body)
	}
}

func TestAnAddressMayBecomeWiderAndNarrowerInOneReload(t *testing.T) {
	narrow := freeAddress(t)
	_, port, _ := net.SplitHostPort(narrow)
	l := run(t, answering(narrow, "narrow"))
	l.reload(answering(":"+port, "wide"))
	if body := ask(t, narrow); body != "wide" {
		t.Errorf("the wider listener answers %q; the error log is\n%s", body, l.errors())
	}
	l.reload(answering(narrow, "narrow again"))
	if body := ask(t, narrow); body != "narrow again" {
		t.Errorf("the narrower listener answers %q; the error log is\n%s", body, l.errors())
	}
}

func TestAClientThatIsDeniedIsToldInTheErrorLog(t *testing.T) {
	l := run(t, "listen \"127.0.0.1:0\" {\n  clients {\n    allow = [\"192.0.2.0/24\"]\n  }\n}\nsite {\n  default = true\n  route \"/*\" {\n    respond {}\n  }\n}\n")
	c, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ask("/"); err == nil {
		t.Error("it was answered")
	}
	l.await(func() bool { return strings.Contains(l.errors(), "accept.denied") })
}

func TestLogFilesAreOpenedAnew(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	if err := os.Rename(l.path("error.log"), l.path("old.log")); err != nil {
		t.Fatal(err)
	}
	l.signals <- syscall.SIGUSR1
	l.await(func() bool { _, err := os.Stat(l.path("error.log")); return err == nil })
	l.await(func() bool { return strings.Contains(l.errors(), "log.reopened") })
}

func TestADrainThatTakesTooLongIsCut(t *testing.T) {
	for name, c := range map[string]struct {
		drain string
		want  string
		twice bool
	}{
		"by its limit":       {"50ms", "the limit for draining has passed", false},
		"by a second signal": {"60s", "told to stop a second time", true},
	} {
		t.Run(name, func(t *testing.T) {
			l := run(t, "timeouts {\n  drain = \""+c.drain+"\"\n}\n"+answering(anywhere, "one"))
			conn, err := l.dial() // a request that never becomes complete
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n")
			fmt.Fprint(conn, "GET")
			l.await(func() bool { return l.server.web.Engine().Open() == 1 })
			l.signals <- syscall.SIGTERM
			if c.twice {
				l.await(func() bool { return strings.Contains(l.errors(), "server.draining") })
				l.signals <- syscall.SIGINT
			}
			if e := l.end(); e != Cut {
				t.Errorf("it ended as %d", e)
			}
			if !strings.Contains(l.errors(), c.want) || !strings.Contains(l.errors(), "server.cut-short") {
				t.Errorf("the error log does not say %q:\n%s", c.want, l.errors())
			}
		})
	}
}

func TestEveryRequestIsAnsweredWhileConfigurationsChange(t *testing.T) {
	address := freeAddress(t)
	l := run(t, answering(address, "0"))
	stop := make(chan struct{})
	var asked atomic.Int64
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Go(func() {
			keep := i%2 == 0
			var c *conn
			for {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				if c == nil {
					if c, err = l.dial(); err != nil {
						t.Errorf("connecting: %v", err)
						return
					}
				}
				if _, _, err = c.ask("/"); err != nil {
					t.Errorf("request %d: %v", asked.Load(), err)
					return
				}
				asked.Add(1)
				if !keep {
					c.Close()
					c = nil
				}
			}
		})
	}
	const reloads = 30
	for i := range reloads {
		l.write(answering(address, fmt.Sprint("after ", i)))
		l.signals <- syscall.SIGHUP
		l.await(func() bool { return ask(t, address) == fmt.Sprint("after ", i) })
	}
	close(stop)
	clients.Wait()
	if asked.Load() < reloads {
		t.Errorf("only %d requests were asked during %d reloads", asked.Load(), reloads)
	}
}

func TestEveryRequestIsAnsweredWhileDraining(t *testing.T) {
	l := run(t, answering(freeAddress(t), "hello"))
	var clients sync.WaitGroup
	started := make(chan struct{}, 8)
	for range 8 {
		clients.Go(func() {
			c, err := l.dial()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for i := 0; ; i++ {
				body, closes, err := c.ask("/")
				if err != nil || body != "hello" {
					t.Errorf("request %d of a busy connection: %q, %v", i, body, err)
					return
				}
				if i == 20 {
					started <- struct{}{}
				}
				if closes {
					return
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	l.signals <- syscall.SIGTERM
	clients.Wait()
	if e := l.end(); e != Drained {
		t.Errorf("it ended as %d", e)
	}
}

func TestAServerThatCannotStartSaysEverythingThatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", anywhere)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	text := answering(taken.Addr().String(), "one")
	text = strings.Replace(text, " {}", " \"192.0.2.123:1\" {}", 1)
	path := filepath.Join(t.TempDir(), "vitrine.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ending, diags := Run(func() (*config.Config, *config.Diagnostics) { return config.Load(path, config.Options{}) }, Options{Signals: make(chan os.Signal)})
	if ending != NotStarted || diags == nil {
		t.Fatalf("it ended as %d, %v", ending, diags)
	}
	errs := diags.Errors()
	if len(errs) != 2 {
		t.Fatalf("there are %d errors, not 2: %v", len(errs), errs)
	}
	if !strings.Contains(errs[0].Summary, "listens there already") || !strings.Contains(errs[0].Summary, fmt.Sprint(os.Getpid())) {
		t.Errorf("who has the port is not said: %s", errs[0].Summary)
	}
	if !strings.Contains(errs[1].Summary, "this machine does not have that address") {
		t.Error(errs[1].Summary)
	}
}

func TestAnErrorThatBelongsToNoRequestIsLogged(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	l.server.log.failed(errors.New("a handler stumbled"))
	l.await(func() bool { return strings.Contains(l.errors(), "a handler stumbled") })
	if !strings.Contains(l.errors(), EngineError.ID) {
		t.Error(l.errors())
	}
}

func TestTheServiceManagerIsTold(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	heard := func() string {
		b := make([]byte, 1000)
		manager.SetReadDeadline(time.Now().Add(patience))
		n, err := manager.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	l := run(t, answering(anywhere, "one"))
	if s := heard(); s != "READY=1" {
		t.Errorf("first it said %q", s)
	}
	l.signals <- syscall.SIGHUP
	if s := heard(); !strings.HasPrefix(s, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("at a reload it said %q", s)
	}
	if s := heard(); s != "READY=1" {
		t.Errorf("after the reload it said %q", s)
	}
	l.signals <- syscall.SIGTERM
	if s := heard(); s != "STOPPING=1" {
		t.Errorf("at the end it said %q", s)
	}
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// given are the addresses that were given to tests, so that none is given twice.
var given sync.Map

// freeAddress is an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", anywhere)
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		if _, taken := given.LoadOrStore(address, true); !taken {
			return address
		}
	}
	t.Fatal("no address is free")
	return ""
}

// ask asks at an address, on a new connection.
func ask(t *testing.T, address string) string {
	t.Helper()
	c, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	body, _, err := c.ask("/")
	if err != nil {
		t.Fatal(err)
	}
	return body
}
