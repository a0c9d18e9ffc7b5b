//go:build linux

package site

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/web/serve"
)

const hostileSite = `
limits {
  handlers = 4
}

site "example.org" {
  root = "$ROOT"
  route "/cgi/*" {
    root         = "$ROOT/cgi"
    strip_prefix = "/cgi"
    cgi {
      concurrent   = 8
      head_time    = "2s"
      idle_time    = "2s"
      whole_time   = "4s"
      grace        = "100ms"
      output_bytes = "64MiB"
      error_bytes  = "1KiB"
    }
  }
  route "/app/*" {
    strip_prefix = "/app"
    fastcgi "$APP" {
      front       = "/index.php"
      read        = "1s"
      concurrent  = 8
      error_bytes = "1KiB"
      keep_alive  = $KEEP
    }
  }
}
`

// descriptors is how many this process has open.
func descriptors(t testing.TB) int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// settled waits until there are no more goroutines and descriptors than there were, but for what is kept for later.
func settled(t *testing.T, what string, goroutines, fds int) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		g, f := runtime.NumGoroutine(), descriptors(t)
		if g <= goroutines && f <= fds {
			return
		}
		if time.Now().After(until) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%s: %d goroutines of %d, %d descriptors of %d remain\n%s", what, g, goroutines, f, fds, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// Whatever a script does, its request ends, others are answered, and nothing of it stays.
func TestNothingStaysOfHostileScripts(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid (util-linux) is not there")
	}
	c := newCounter(t, serve.EventsPerCore, "127.0.0.1:9", map[string]string{
		"index.php":    "",
		"cgi/good":     "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\ngood'\n",
		"cgi/headless": "#!/bin/sh\nexec cat /dev/zero\n",
		"cgi/lines":    "#!/bin/sh\nwhile :; do echo 'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'; done\n",
		"cgi/bytes":    "#!/bin/sh\nfor c in C o n t e n t - T y p e : a / b; do printf $c; sleep 0.01; done; printf '\\n'; sleep 0.01; printf '\\n'; printf slow\n",
		"cgi/shut":     "#!/bin/sh\necho $$ > ../pid\nprintf 'Content-Type: a/b\\n\\nshut'; exec >&- 2>&-; exec sleep 60\n",
		"cgi/child":    "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\nchild'; sleep 60 & echo $! > ../pid; exit\n",
		"cgi/setsid":   "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\naway'; setsid sh -c 'echo $$ > ../pid; exec sleep 60' & while ! test -s ../pid; do sleep 0.01; done; exit\n",
		"cgi/deaf":     "#!/bin/sh\necho $$ > ../pid\ntrap '' TERM\nprintf 'Content-Type: a/b\\n\\n'; while :; do sleep 0.1; done\n",
		"cgi/early":    "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\nearly'\n",
		"cgi/words":    "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\nwords'; head -c 20000000 /dev/zero >&2\n",
		"cgi/flood":    "#!/bin/sh\nprintf 'Content-Type: a/b\\n\\n'; exec cat /dev/zero\n",
	}, strings.Replace(hostileSite, "$KEEP", "true", 1))
	good := func() {
		t.Helper()
		if status, _, body := c.ask("GET", "/cgi/good", nil); status != 200 || body != "good" {
			t.Errorf("a good script: %d %q", status, body)
		}
	}
	for range 5 { // what is kept for later is there by then
		good()
	}
	goroutines, fds := runtime.NumGoroutine()+2, descriptors(t)+2
	for _, test := range []struct {
		name   string
		status int
		body   string
		cut    bool
		stays  bool // what has left its session is beyond us
	}{
		{name: "headless", status: 502}, {name: "lines", status: 502}, {name: "bytes", status: 200, body: "slow"},
		{name: "shut", status: 200, body: "shut"}, {name: "child", status: 200, body: "child"}, {name: "setsid", status: 200, body: "away", stays: true},
		{name: "deaf", status: 200, cut: true}, {name: "words", status: 200, body: "words"}, {name: "flood", status: 200, cut: true},
	} {
		os.Remove(filepath.Join(c.dir, "pid"))
		status, _, body := c.ask("GET", "/cgi/"+test.name, nil)
		if status != test.status || test.body != "" && body != test.body || test.cut != strings.HasSuffix(body, "[cut]") {
			t.Errorf("%s: %d %.100q, want %d %q", test.name, status, body, test.status, test.body)
		}
		good()
		settled(t, test.name, goroutines, fds)
		if text, err := os.ReadFile(filepath.Join(c.dir, "pid")); err == nil {
			pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
			if test.stays {
				p, _ := os.FindProcess(pid)
				p.Kill()
			}
			await(t, func() bool {
				stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
				return err != nil || strings.Contains(string(stat), ") Z ")
			})
		}
	}
	// A script that does not wait for a body of a gibibyte: its answer comes, and who sends finds out.
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /cgi/early HTTP/1.1\r\nHost: example.org\r\nContent-Length: %d\r\n\r\n", 1<<30)
	go func() {
		piece := make([]byte, 64<<10)
		for {
			if _, err := conn.Write(piece); err != nil {
				return
			}
		}
	}()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, _ := io.ReadAll(conn)
	conn.Close()
	if !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.Contains(string(answer), "early") {
		t.Errorf("a body that is not read: %q", answer)
	}
	good()
	settled(t, "early", goroutines, fds)
	if told := c.errors(); len(told) > 100<<10 {
		t.Errorf("%d bytes were told to the error log", len(told))
	}
}

// Whatever an application does, its request ends, others are answered, and nothing of it stays.
func TestNothingStaysOfHostileApplications(t *testing.T) {
	const head = "Content-Type: text/plain\n\n"
	tricks := []struct {
		name   string
		play   func(c net.Conn)
		status int
		body   string // "[cut]": it is cut off
	}{
		{"dies", func(c net.Conn) {}, 502, ""},
		{"dies in the head", func(c net.Conn) { io.WriteString(c, record(6, "Content-Ty")) }, 502, ""},
		{"dies in the body", func(c net.Conn) { io.WriteString(c, record(6, head+"half")) }, 200, "[cut]"},
		{"dies in a record", func(c net.Conn) { io.WriteString(c, record(6, head+"half")[:20]) }, 502, ""},
		{"ends before it begins", func(c net.Conn) { io.WriteString(c, endOfRequest+record(6, head+"late")) }, 502, ""},
		{"ends twice", func(c net.Conn) { io.WriteString(c, record(6, head+"twice")+endOfRequest+endOfRequest) }, 200, "twice"},
		{"goes on behind the end", func(c net.Conn) { io.WriteString(c, record(6, head+"whole")+endOfRequest+record(6, "more")) }, 200, "whole"},
		{"says less than it has", func(c net.Conn) { io.WriteString(c, record(6, "Content-Length: 3\n"+head+"longer")+endOfRequest) }, 502, ""},
		{"says more than it has", func(c net.Conn) {
			io.WriteString(c, record(6, "Content-Length: 30\n"+head+"short"))
			time.Sleep(20 * time.Millisecond)
			io.WriteString(c, endOfRequest)
		}, 200, "[cut]"},
		{"speaks for another request", func(c net.Conn) { io.WriteString(c, "\x01\x06\x00\x02\x00\x02\x00\x00hi"+endOfRequest) }, 502, ""},
		{"speaks another version", func(c net.Conn) { io.WriteString(c, "\x02"+record(6, head+"x")[1:]+endOfRequest) }, 502, ""},
		{"speaks to its standard error for ever", func(c net.Conn) {
			for said := 0; said < 1<<20; said += 60000 {
				if _, err := io.WriteString(c, record(7, strings.Repeat("words\n", 10000))); err != nil {
					return
				}
			}
			io.WriteString(c, record(6, head+"said")+endOfRequest)
		}, 200, "said"},
		{"never answers", func(c net.Conn) { io.Copy(io.Discard, c) }, 504, ""},
		{"never ends", func(c net.Conn) { io.WriteString(c, record(6, head+"half")); io.Copy(io.Discard, c) }, 200, "[cut]"},
		{"sends a byte at a time", func(c net.Conn) {
			for _, b := range []byte(record(6, head+"slow") + endOfRequest) {
				c.Write([]byte{b})
				time.Sleep(time.Millisecond)
			}
		}, 200, "slow"},
		{"has a head without an end", func(c net.Conn) {
			for io.WriteString(c, record(6, strings.Repeat("X-A: b\n", 1000))); ; {
				if _, err := io.WriteString(c, record(6, strings.Repeat("X-A: b\n", 1000))); err != nil {
					return
				}
			}
		}, 502, ""},
	}
	turn := make(chan func(net.Conn), 1)
	app := trick(t, func(_ int, c net.Conn) {
		for takeRequest(c) {
			select {
			case play := <-turn:
				play(c)
				return
			default:
				io.WriteString(c, record(6, head+"good")+endOfRequest)
			}
		}
	})
	c := newCounter(t, serve.EventsPerCore, app, map[string]string{"index.php": "", "cgi/x": ""}, strings.Replace(hostileSite, "$KEEP", "false", 1))
	good := func(what string) {
		t.Helper()
		if status, _, body := c.ask("GET", "/app/", nil); status != 200 || body != "good" {
			t.Errorf("%s: a good request: %d %q", what, status, body)
		}
	}
	for range 5 {
		good("before")
	}
	goroutines, fds := runtime.NumGoroutine()+4, descriptors(t)+4
	for range 2 {
		for _, test := range tricks {
			turn <- test.play
			status, _, body := c.ask("POST", "/app/", strings.NewReader("x")) // which is sent once only
			cut := strings.HasSuffix(body, "[cut]")
			if status != test.status || cut != (test.body == "[cut]") || !cut && test.body != "" && body != test.body {
				t.Errorf("%s: %d %.200q, want %d %q", test.name, status, body, test.status, test.body)
			}
			good(test.name)
			settled(t, test.name, goroutines, fds)
		}
	}
	if inside, waiting := c.h.ofApplications[0].count(); inside != 0 || waiting != 0 {
		t.Errorf("%d are inside, %d wait", inside, waiting)
	}
	if told := c.errors(); len(told) > 200<<10 {
		t.Errorf("%d bytes were told to the error log", len(told))
	}
}

// What an application sends behind the end of its answer, on a connection that stays open, is taken for nobody's answer.
func TestWhatComesBehindTheEndIsNobodysAnswer(t *testing.T) {
	const good = "Content-Type: text/plain\n\ngood"
	stale := record(6, "Content-Type: text/plain\n\nstale") + endOfRequest
	for _, behind := range []string{endOfRequest, record(6, good) + endOfRequest, stale, record(7, "words"), "\x00", "\xff\xff\xff\xff\xff\xff\xff\xff"} {
		for _, at := range []string{"once", "later"} {
			if at == "later" && behind == stale {
				continue // an answer that comes when the next request was sent already is that one's, as far as anybody can tell
			}
			app := trick(t, func(_ int, c net.Conn) {
				for takeRequest(c) {
					if at == "once" {
						io.WriteString(c, record(6, good)+endOfRequest+behind)
						continue
					}
					io.WriteString(c, record(6, good)+endOfRequest)
					io.WriteString(c, behind)
				}
			})
			c := newCounter(t, serve.EventsPerCore, app, map[string]string{"index.php": "", "cgi/x": ""}, strings.Replace(hostileSite, "$KEEP", "true", 1))
			for range 10 {
				if status, _, body := c.ask("GET", "/app/", nil); status == 200 && body != "good" || status != 200 && status != 502 {
					t.Errorf("%q sent %s: %d %q", behind, at, status, body)
				}
			}
		}
	}
}
