//go:build linux

package server

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Hundreds of requests for a script that takes its time wait without a goroutine each: files are answered as ever, although
// there are far fewer handlers. Whoever leaves the queue has no script run.
func TestManyRequestsForASlowScriptHinderNobodyElse(t *testing.T) {
	const all, leave, concurrent = 300, 100, 4
	dir := t.TempDir()
	for name, text := range map[string]string{
		"site/page.txt": "a page",
		"cgi-bin/slow":  "#!/bin/sh\necho >>../runs\nwhile ! [ -e ../go ]; do sleep 0.05; done\nprintf 'Content-Type: text/plain\\n\\ndone'\n",
	} {
		os.Mkdir(filepath.Dir(filepath.Join(dir, name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l := run(t, fmt.Sprintf(`
listen "127.0.0.1:0" {
}
limits {
  handlers = 32
}
memory {
  fresh = "0s"
}
site {
  default = true
  root    = "%[1]s/site"
  route "/cgi-bin/*" {
    root         = "%[1]s/cgi-bin"
    strip_prefix = "/cgi-bin"
    cgi {
      concurrent = %[2]d
      queue      = %[3]d
      queue_time = "1m"
    }
  }
}
`, dir, concurrent, all))
	runs := func() int {
		text, _ := os.ReadFile(filepath.Join(dir, "runs"))
		return strings.Count(string(text), "\n")
	}
	var waiting []*conn
	for range all {
		c, err := l.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(3 * patience))
		fmt.Fprint(c, "GET /cgi-bin/slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
		waiting = append(waiting, c)
	}
	// Exchanges that wait already when their loop looks are not counted as away, so most must do.
	engine := l.server.web.Engine()
	queued := func(n int) func() bool {
		return func() bool { return engine.Away() > n*9/10 && engine.Open() == n && runs() == concurrent }
	}
	defer func() {
		if t.Failed() {
			t.Logf("%d are away, %d connections are open, %d scripts were run", engine.Away(), engine.Open(), runs())
		}
	}()
	l.await(queued(all))
	for range 50 {
		if status, body := l.get("/page.txt"); status != 200 || body != "a page" {
			t.Fatalf("a file while scripts wait: %d %q", status, body)
		}
	}
	for _, c := range waiting[all-leave:] {
		c.Close()
	}
	l.await(queued(all - leave))
	os.WriteFile(filepath.Join(dir, "go"), nil, 0o644)
	for _, c := range waiting[:all-leave] {
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(r.Body); r.StatusCode != 200 || string(body) != "done" {
			t.Fatalf("%s %q", r.Status, body)
		}
	}
	if n := runs(); n != all-leave {
		t.Errorf("%d scripts were run, for %d who waited", n, all-leave)
	}
}
