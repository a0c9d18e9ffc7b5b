package site

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"vitrine/web/serve"
)

func TestAnAllowanceIsUsedUpAndComesBack(t *testing.T) {
	a := allowance{perSecond: 100}
	now := time.Unix(1000, 0)
	for _, step := range []struct {
		after  time.Duration
		n      int
		ok     bool
		missed int64
	}{
		{0, 60, true, 0}, {0, 60, false, 0}, {0, 40, true, 60}, {0, 1, false, 0}, {0, 0, false, 0},
		{100 * time.Millisecond, 20, false, 0}, {100 * time.Millisecond, 20, true, 21}, {time.Hour, 100, true, 0}, {0, 1, false, 0},
		{-time.Hour, 1, false, 0}, {2 * time.Hour, 101, false, 0}, {0, 100, true, 103},
	} {
		now = now.Add(step.after)
		if ok, missed := a.take(step.n, now); ok != step.ok || missed != step.missed {
			t.Fatalf("%+v: %v, %d", step, ok, missed)
		}
	}
}

func TestAnApplicationThatComplainsInEachRequestDoesNotFillTheDisk(t *testing.T) {
	app := trick(t, func(_ int, c net.Conn) {
		for takeRequest(c) {
			io.WriteString(c, record(7, strings.Repeat("oops ", 100)+"\n"+strings.Repeat("more ", 100)+"\n")+record(6, "Status: 200\n\n")+endOfRequest)
		}
	})
	c := newCounter(t, serve.EventsPerCore, app, appFiles, withSettings(`error_rate = "1KiB"`))
	began := time.Now()
	for range 200 {
		if status, _, _ := c.ask("GET", "/index.php", nil); status != 200 {
			t.Fatal(status)
		}
	}
	if told := c.errors(); !strings.Contains(told, "oops") || len(told) > 10_000+2000*int(time.Since(began)/time.Second) {
		t.Errorf("%d bytes", len(told))
	}
}

func TestABodyOfUnknownLengthDoesNotFillTheDisk(t *testing.T) {
	app := echo(t, func(_ map[string]string, body string) string { return "took " + strings.Repeat("x", len(body)/1000) })
	c := newCounter(t, serve.EventsPerCore, app, appFiles, strings.Replace(withSettings(`
      buffer_bytes = "1KiB"
      spool_bytes  = "10KiB"`), "route ", "body_bytes = 0\n  route ", 1))
	for _, test := range []struct {
		n      int
		known  bool
		status int
	}{{5000, false, 200}, {10 << 10, false, 200}, {10<<10 + 1, false, 413}, {1 << 20, false, 413}, {1 << 20, true, 200}} {
		var body io.Reader = strings.NewReader(strings.Repeat("b", test.n))
		if !test.known {
			body = io.MultiReader(body)
		}
		status, _, text := c.ask("POST", "/index.php", body)
		why := c.ended()
		if status != test.status && !strings.Contains(text, "[cut]") || test.status == 413 && !strings.Contains(why, "site.body-too-large") {
			t.Errorf("%+v: %d %q, %s", test, status, text, why)
		}
	}
}
