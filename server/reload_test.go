package server

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Addresses come and go while clients ask on all of them: whoever is connected is answered by a configuration that
// knows the address, and never told that the server does not.
func TestNoRequestIsMisdirectedWhileAddressesComeAndGo(t *testing.T) {
	stays := freeAddress(t)
	var come []string
	for range 60 {
		come = append(come, freeAddress(t))
	}
	few := "timeouts {\n  idle = \"50ms\"\n}\n" + answering(stays, "few")
	many := few
	for _, a := range come {
		many = "listen " + quote(a) + " {}\n" + many
	}
	l := run(t, few)

	stop := make(chan struct{})
	var asked, onNew atomic.Int64
	var clients sync.WaitGroup
	client := func(address string) {
		c, err := dial(address)
		if err != nil { // it is not there now
			return
		}
		defer c.Close()
		for range 1 + rand.IntN(8) {
			_, closes, err := c.ask("/")
			if err != nil {
				if strings.HasPrefix(err.Error(), "status ") {
					t.Errorf("%s: %v", address, err)
				}
				return
			}
			asked.Add(1)
			if address != stays {
				onNew.Add(1)
			}
			if closes {
				return
			}
		}
	}
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if rand.IntN(10) == 0 {
					client(stays)
				} else {
					client(come[rand.IntN(len(come))])
				}
			}
		})
	}
	for range 6 {
		for _, text := range []string{many, few} {
			before := asked.Load()
			if said := l.reload(text); !strings.Contains(said, Reloaded.ID) {
				t.Error(said)
			}
			l.await(func() bool { return asked.Load() > before+200 })
		}
	}
	close(stop)
	clients.Wait()
	if onNew.Load() < 100 {
		t.Errorf("of %d requests only %d came in on addresses that come and go", asked.Load(), onNew.Load())
	}
}

// A reload whose error log cannot be opened is refused whole, as a start would be.
func TestAReloadWhoseErrorLogCannotBeOpenedIsRefused(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	said := l.reload("error_log {\n  file = \"nowhere/error.log\"\n}\n" + answering(anywhere, "two"))
	if !strings.Contains(said, ReloadRefused.ID) || !strings.Contains(said, "nowhere/error.log cannot be opened: no such file") ||
		strings.Contains(said, Reloaded.ID) {
		t.Errorf("the error log says\n%s", said)
	}
	if _, body := l.get("/"); body != "one" {
		t.Errorf("the answer is %q", body)
	}
}

// What a refused configuration says about the rotation of log files does not come into force either.
func TestARefusedConfigurationRotatesNoLog(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	const small = "rotate {\n    size = \"1KiB\"\n  }\n"
	l.reload("error_log {\n  file = \"error.log\"\n  " + small + "}\nlisten \"192.0.2.123:1\" {}\n" + answering(anywhere, "two"))
	for range 3 {
		l.reload("lsten \":80\" {}\n")
	}
	for i := range 40 {
		l.server.log.Info("line %d", i)
	}
	l.await(func() bool { return strings.Contains(l.errors(), "line 39") })
	names, err := filepath.Glob(l.path("error*.log"))
	if err != nil || len(names) != 1 {
		t.Errorf("the error log was put aside: %v, %v", names, err)
	}
}

// The next lines go to the error log that a reload names.
func TestAReloadMovesTheErrorLog(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	l.write("error_log {\n  file = \"other.log\"\n}\n" + answering(anywhere, "two"))
	l.signals <- sigReload
	l.await(func() bool {
		b, _ := os.ReadFile(l.path("other.log"))
		return strings.Contains(string(b), Reloaded.ID)
	})
}

// A reload that waits for the connections of a listener that is gone does not keep the server from stopping: the wait
// ends, and the reload is done before the drain begins.
func TestAServerStopsWhileAReloadWaits(t *testing.T) {
	const slow = "timeouts {\n  idle = \"1h\"\n  drain = \"10ms\"\n}\n"
	a, b := freeAddress(t), freeAddress(t)
	l := run(t, slow+answering(a, "one"))
	c, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ask("/"); err != nil { // now it is idle, and may be for an hour
		t.Fatal(err)
	}
	l.write(slow + answering(b, "two"))
	l.signals <- sigReload
	l.await(func() bool { // the listener is closed
		other, err := dial(a)
		if err == nil {
			other.Close()
		}
		return err != nil
	})
	l.signals <- sigReopen
	l.await(func() bool { return strings.Contains(l.errors(), "log.reopened") })
	if strings.Contains(l.errors(), Reloaded.ID) {
		t.Error("the reload did not wait for the connection")
	}
	l.signals <- sigTerminate
	if e := l.end(); e != Cut {
		t.Errorf("it ended as %d", e)
	}
	said := l.errors()
	if i := strings.Index(said, Reloaded.ID); i < 0 || i > strings.Index(said, Draining.ID) {
		t.Errorf("the error log says\n%s", said)
	}
}

// Clients that connect to a new address before the new configuration is in force wait for it, and a request that is
// under way on an address that goes is answered by the old one, with the end of the connection announced.
func TestOldConnectionsAreAnsweredByTheOldConfigurationAndNewOnesByTheNew(t *testing.T) {
	const patient = "timeouts {\n  idle = \"1h\"\n}\n"
	a, b := freeAddress(t), freeAddress(t)
	l := run(t, patient+answering(a, "old"))
	old, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if body, _, err := old.ask("/"); err != nil || body != "old" {
		t.Fatalf("%q, %v", body, err)
	}
	l.write(patient + answering(b, "new"))
	l.signals <- sigReload
	var fresh *conn
	l.await(func() bool { fresh, err = dial(b); return err == nil })
	defer fresh.Close()
	l.await(func() bool {
		other, err := dial(a)
		if err == nil {
			other.Close()
		}
		return err != nil
	})
	if body, closes, err := old.ask("/"); err != nil || body != "old" || !closes {
		t.Errorf("the connection of the address that goes gets %q, %v; closes: %t", body, err, closes)
	}
	old.Close()
	if body, _, err := fresh.ask("/"); err != nil || body != "new" {
		t.Errorf("the connection of the address that comes gets %q, %v", body, err)
	}
}
