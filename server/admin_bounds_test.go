package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	weburl "net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
)

func TestWhoLooksIsToldOfTheEndAndDoesNotDelayIt(t *testing.T) {
	l := run(t, "timeouts {\n  drain = \"20s\"\n}\n"+withAdmin(""))
	at := l.admin()
	var streams []*bufio.Reader
	for _, path := range []string{"/api/journeys/stream", "/api/house/stream"} {
		c, err := net.DialTimeout("tcp", at, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+at+"\r\n\r\n")
		r := bufio.NewReader(c)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%s: %q, %v", path, line, err)
		}
		for { // until something was sent, so that it runs
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(line, "data: ") {
				break
			}
		}
		streams = append(streams, r)
	}
	idle, err := net.DialTimeout("tcp", at, patience) // and one who only connects
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	began := time.Now()
	l.signals <- syscall.SIGTERM
	if e := l.end(); e != Drained {
		t.Errorf("it ended as %d", e)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stopping took %v", took)
	}
	for _, r := range streams {
		if b, _ := io.ReadAll(r); !strings.Contains(string(b), "event: end") {
			t.Errorf("a stream ended with %q", b)
		}
	}
	if _, err := net.DialTimeout("tcp", at, patience); err == nil {
		t.Error("the page is still there")
	}
}

func TestAStreamOutlivesTheTimeForABody(t *testing.T) {
	more, left := make(chan struct{}), make(chan struct{})
	late := make(chan error)
	log := new(journal)
	defer log.Close()
	a := newAdmin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, err := io.ReadAll(r.Body)
			late <- err
			return
		}
		io.WriteString(w, "begins\n")
		http.NewResponseController(w).Flush()
		select {
		case <-more:
			io.WriteString(w, "goes on\n")
		case <-r.Context().Done():
			close(left)
		}
	}), log)
	defer a.close()
	a.body = 20 * time.Millisecond
	c := config.Default(config.ServeOptions{Root: t.TempDir()})
	c.Admin.Address.V = "127.0.0.1:0"
	a.adopt(prepareAdmin(c, new(config.Diagnostics)))
	u, err := weburl.Parse(a.url())
	if err != nil || u.Host == "" {
		t.Fatalf("the page is at %q", a.url())
	}
	open := func(head string) (net.Conn, *bufio.Reader) {
		c, err := net.DialTimeout("tcp", u.Host, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, head+"\r\nHost: "+u.Host+"\r\n\r\n")
		return c, bufio.NewReader(c)
	}
	_, stream := open("GET /stream HTTP/1.1")
	resp, err := http.ReadResponse(stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := bufio.NewReader(resp.Body)
	if line, err := body.ReadString('\n'); line != "begins\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	// A body that does not come ends by the same time, which tells that it has passed: twice, so that the stream's has as well.
	for range 2 {
		open("POST /body HTTP/1.1\r\nContent-Length: 5")
		select {
		case err := <-late:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a body that does not come ends with %v", err)
			}
		case <-time.After(patience):
			t.Fatal("a body that does not come is waited for")
		}
	}
	select {
	case more <- struct{}{}:
	case <-left:
		t.Fatal("the stream was ended")
	}
	if line, err := body.ReadString('\n'); line != "goes on\n" {
		t.Errorf("the stream goes on with %q, %v", line, err)
	}
}

func TestMoreConnectionsThanThereAreAreClosed(t *testing.T) {
	l := run(t, withAdmin(""))
	at := l.admin()
	for range adminConnections {
		l.server.admin.conns <- struct{}{}
	}
	before := AdminFull.Reached()
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("one too many gets %v", err)
	}
	if AdminFull.Reached() == before {
		t.Error("it is not counted")
	}
	for range adminConnections {
		<-l.server.admin.conns
	}
	if status, _, _ := send(t, at, "GET /api/status HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("afterwards it answers %d", status)
	}
}

func TestOneClientElsewhereDoesNotTakeEveryPlace(t *testing.T) {
	a := newAdmin(nil, nil)
	at := func(text string) *placed { return &placed{admin: a, client: clientAt(text)} }
	for i := range adminClient {
		if !a.admit(at(fmt.Sprintf("[2001:db8::%x]:1", i))) {
			t.Fatalf("connection %d has no place", i)
		}
	}
	if a.admit(at("[2001:db8::ffff]:2")) {
		t.Error("a client has more places than there are for one")
	}
	if !a.admit(at("[2001:db8:0:1::1]:2")) || !a.admit(at("192.0.2.1:3")) {
		t.Error("others have none")
	}
	for range adminClient + 1 {
		if !a.admit(at("127.0.0.1:4")) {
			t.Fatal("this machine's users share one address, and there are too few places for them")
		}
	}
}

func TestStrangersDoNotKeepTheirPlace(t *testing.T) {
	l := run(t, withAdmin("  token = \"0123456789abcdef\"\n"))
	at := l.admin()
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: evil.example",
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate",
		"GET / HTTP/1.1\r\nHost: " + at,
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nAccept: text/html",
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nAuthorization: Bearer fedcba9876543210",
	} {
		if n := answers(t, at, request); n != 1 {
			t.Errorf("of two requests that begin with %q on a connection %d are answered", request, n)
		}
	}
	if n := answers(t, at, "GET /api/status HTTP/1.1\r\nHost: "+at+"\r\nAuthorization: Bearer 0123456789abcdef"); n != 2 {
		t.Errorf("of two requests with the token on a connection %d are answered", n)
	}
}
