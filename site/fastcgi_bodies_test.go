package site

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"vitrine/web/serve"
)

func TestBodiesHaveBounds(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), appFiles, strings.Replace(withSettings(`buffer_bytes = "1KiB"`), `route "/*" {`, "route \"/*\" {\n body_bytes = \"2KiB\"", 1))
	for n, want := range map[int]int{2048: 200, 2049: 413, 50_000: 413} {
		if status, _, _ := c.ask("POST", "/index.php", io.MultiReader(strings.NewReader(strings.Repeat("x", n)))); status != want {
			t.Errorf("%d bytes: %d", n, status)
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
