//go:build linux

package site

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/serve"
)

const crowded = `
limits {
  handlers = 2
}

site "example.org" {
  root = "$ROOT"
  ssi {
  }
  compress {
    min_size = "1KiB"
  }
  route "/cgi-bin/*" {
    root         = "$ROOT/cgi-bin"
    strip_prefix = "/cgi-bin"
    cgi {
      concurrent = 10
      queue      = 2
      queue_time = "60s"
    }
  }
  route "/api/*" {
    handler "api" {
    }
  }
}
`

// sayGo is a Go handler.
func sayGo(x *exchange.Exchange, head func(int, *message.Header)) {
	header := new(message.Header)
	header.Set("Content-Length", "2")
	head(200, header)
	x.AddBytes([]byte("go"), nil)
	x.Respond(message.NewBlock(200, header))
}

// Ten scripts that wait leave both handlers to others, whether a page includes them or they are asked for themselves, and
// whether they have begun to answer or closed their output and live on.
func TestScriptsThatTakeTheirTimeKeepNobodyWaiting(t *testing.T) {
	wait := `echo started >> ../started; read line < ../gate`
	for _, architecture := range []string{serve.EventsPerCore, serve.Threads} {
		c := newCounterWith(t, architecture, "", map[string]string{
			"cgi-bin/silent": "#!/bin/sh\n" + wait + "; printf 'Content-Type: text/plain\n\nslow'",
			"cgi-bin/begun":  "#!/bin/sh\nprintf 'Content-Type: text/plain\n\nsl'; " + wait + "; printf ow",
			"cgi-bin/shut":   "#!/bin/sh\nprintf 'Content-Type: text/plain\n\nslow'; exec >&-; " + wait,
			"slow.shtml":     `<!--#include virtual="/cgi-bin/silent" -->`,
			"page.shtml":     `a<!--#include virtual="/a.txt" -->c`,
			"a.txt":          "b",
			"big.txt":        strings.Repeat("to be encoded. ", 20000),
			"started":        "",
		}, crowded, Options{Applications: map[string]Application{"api": sayGo}})
		gate := c.dir + "/gate"
		if err := syscall.Mkfifo(gate, 0o600); err != nil {
			t.Fatal(err)
		}
		answers := make(chan string, 12)
		for _, target := range []string{"/cgi-bin/silent", "/cgi-bin/begun", "/cgi-bin/shut", "/slow.shtml", "/cgi-bin/silent", "/cgi-bin/begun",
			"/cgi-bin/shut", "/slow.shtml", "/cgi-bin/silent", "/cgi-bin/begun", "/cgi-bin/silent", "/slow.shtml"} {
			go func() {
				_, _, body := c.ask("GET", target, nil)
				answers <- target + " " + body
			}()
		}
		await(t, func() bool { return strings.Count(readFile(t, c.dir+"/started"), "started") == 10 })
		for range 5 {
			for target, want := range map[string]string{"/page.shtml": "abc", "/api/x": "go", "/a.txt": "b", "/big.txt": strings.Repeat("to be encoded. ", 20000)} {
				began := time.Now()
				if status, _, body := c.ask("GET", target, nil); status != 200 || body != want {
					t.Errorf("%s: %d, %.40q", target, status, body)
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s took %v", target, took)
				}
			}
		}
		// The scripts that wait for the others have their turn when those have ended, again all at once.
		openGate(t, gate)
		for range 12 {
			select {
			case answer := <-answers:
				if !strings.HasSuffix(answer, " slow") {
					t.Error(answer)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("a script has no answer")
			}
		}
	}
}

// openGate lets those through who wait at a FIFO, now and later.
func openGate(t *testing.T, path string) {
	fd, err := syscall.Open(path, syscall.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err = syscall.Symlink("/dev/null", path+".open"); err == nil {
		err = syscall.Rename(path+".open", path)
	}
	syscall.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
}

// Scripts that write without an end to clients that take nothing are bounded by their own number, too.
func TestScriptsWhoseClientsTakeNothingKeepNobodyWaiting(t *testing.T) {
	c := newCounterWith(t, serve.EventsPerCore, "", map[string]string{
		"cgi-bin/flood": "#!/bin/sh\necho started >> ../started\nprintf 'Content-Type: text/plain\n\n'; exec cat /dev/zero",
		"page.shtml":    `a<!--#include virtual="/a.txt" -->c`, "a.txt": "b", "started": "",
	}, crowded, Options{Applications: map[string]Application{"api": sayGo}})
	for range 10 {
		client, err := net.Dial("tcp", c.address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.Write([]byte("GET /cgi-bin/flood HTTP/1.1\r\nHost: example.org\r\n\r\n"))
	}
	await(t, func() bool { return strings.Count(readFile(t, c.dir+"/started"), "started") == 10 })
	for range 5 {
		if status, _, body := c.ask("GET", "/page.shtml", nil); status != 200 || body != "abc" {
			t.Errorf("%d, %q", status, body)
		}
	}
}

// await waits until something is so.
func await(t testing.TB, so func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it does not come to pass")
		}
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
