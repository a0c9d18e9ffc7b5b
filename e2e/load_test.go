package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// content is a file in which every part looks different.
func content(size int) []byte {
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "%015d\n", b.Len())
	}
	return b.Bytes()[:size]
}

// put puts files into the site of a server.
func (c *crowded) put(t *testing.T, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(c.folder, "site", name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// onStack runs a test with each architecture on the own stack, and with a loop a core on the other adapters.
func onStack(t *testing.T, test func(t *testing.T, n *network, architecture string)) {
	for _, n := range named(tapNetwork, wireNetwork, packetNetwork) {
		for _, architecture := range architectures() {
			if n == tapNetwork || architecture == "events-per-core" {
				t.Run(n.name+"/"+architecture, func(t *testing.T) { test(t, n, architecture) })
			}
		}
	}
}

// TestGoClients: many of Go's own clients at once, over both versions of IP, with requests of each kind; every answer is
// exactly what it should be.
func TestGoClients(t *testing.T) {
	files := map[string][]byte{"small": content(700), "middle": content(90_000), "big": content(2_000_000)}
	onStack(t, func(t *testing.T, n *network, architecture string) {
		c := crowd(t, n, strings.Replace(fmt.Sprintf(crowdConfig, architecture), "ADDR", ":8080", 1))
		c.put(t, files)
		before := c.both(t)
		atOnce := 16
		if architecture == "single" {
			atOnce = 1 // which is what it is about
		}
		var clients sync.WaitGroup
		var exchanges atomic.Int64
		for i := range atOnce {
			clients.Go(func() {
				transport := &http.Transport{DisableKeepAlives: architecture == "single", DialContext: func(_ context.Context, _, address string) (net.Conn, error) { return c.dialTo(address) }}
				defer transport.CloseIdleConnections()
				client := &http.Client{Transport: transport, Timeout: deadline}
				for j := range 40 {
					if err := ask(client, c, files, i+j); err != nil {
						t.Error(err)
						return
					}
					exchanges.Add(1)
				}
			})
		}
		clients.Wait()
		// Connections that were left with an unread answer are reset.
		if moved := c.both(t).trouble(before, append(c.network.jumbled(), "TcpEstabResets")...); len(moved) > 0 {
			t.Errorf("there was trouble: %v", moved)
		}
		t.Logf("%d exchanges", exchanges.Load())
		c.stop(t)
	})
}

// ask makes one request of some kind and looks at the answer.
func ask(client *http.Client, c *crowded, files map[string][]byte, kind int) error {
	host := []string{ours4, ours6}[kind/7%2]
	name := []string{"small", "middle", "big"}[kind%3]
	want, status := files[name], http.StatusOK
	r, err := http.NewRequest("GET", "http://"+net.JoinHostPort(host, c.where.Port())+"/"+name, nil)
	if err != nil {
		return err
	}
	switch kind % 7 {
	case 1:
		r.Method, want = "HEAD", nil
	case 2:
		r.Header.Set("Range", "bytes=100-599")
		want, status = want[100:600], http.StatusPartialContent
	case 3: // an upload that nobody wants is taken off the wire, so that the answer arrives
		r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(bytes.NewReader(files["middle"])), int64(len(files["middle"]))
		want, status = nil, http.StatusMethodNotAllowed
	case 4:
		r.Close = true
	}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", r.Method, r.URL, err)
	case resp.StatusCode != status:
		return fmt.Errorf("%s %s: status %d, not %d", r.Method, r.URL, resp.StatusCode, status)
	case want != nil && sha256.Sum256(got) != sha256.Sum256(want):
		return fmt.Errorf("%s %s: %d bytes came, and not what was sent", r.Method, r.URL, len(got))
	}
	return nil
}

// errUnanswered: the connection ended before a byte of the answer came, as it may when the server stops.
var errUnanswered = errors.New("not answered")

// whole asks for a file on a connection. Anything but a whole answer, or none at all, is an error.
func whole(conn net.Conn, r *bufio.Reader, name string, want []byte) error {
	conn.SetDeadline(time.Now().Add(deadline))
	if _, err := fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: a.test\r\n\r\n", name); err != nil {
		return errUnanswered
	}
	if _, err := r.Peek(1); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		return errUnanswered
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return fmt.Errorf("an answer broke off in its head: %w", err)
	}
	got, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("an answer broke off after %d of %d bytes: %w", len(got), len(want), err)
	case !bytes.Equal(got, want):
		return fmt.Errorf("status %d, %d bytes, and not what was asked for", resp.StatusCode, len(got))
	case resp.Close:
		return io.EOF // a whole answer, and the last one
	}
	return nil
}

// visitors keep asking until stop is closed, and see to it that every answer that begins is whole. With mayGo the server
// may go, and each stays on its last connection until it does.
func (c *crowded) visitors(t *testing.T, n int, stop <-chan struct{}, mayGo bool, name string, want []byte) (answered *atomic.Int64, wait func()) {
	stopped := func() bool {
		select {
		case <-stop:
			return true
		default:
			return false
		}
	}
	answered = new(atomic.Int64)
	var visitors sync.WaitGroup
	for range n {
		visitors.Go(func() {
			for !stopped() {
				conn, err := c.dial()
				if err != nil {
					if !mayGo || !stopped() {
						t.Errorf("connecting: %v", err)
					}
					return
				}
				for r := bufio.NewReader(conn); err == nil && (mayGo || !stopped()); {
					if err = whole(conn, r, name, want); err == nil || err == io.EOF {
						answered.Add(1)
					}
				}
				conn.Close()
				if err != nil && err != io.EOF && !(err == errUnanswered && mayGo) {
					t.Error(err)
					return
				}
			}
		})
	}
	return answered, visitors.Wait
}

// TestStopUnderLoad: SIGTERM while clients ask and ask. What began is finished, to its last byte, and the status is 0.
func TestStopUnderLoad(t *testing.T) {
	file := content(1_000_000)
	onStack(t, func(t *testing.T, n *network, architecture string) {
		t.Parallel()
		c := crowd(t, n, fmt.Sprintf(crowdConfig, architecture))
		c.put(t, map[string][]byte{"file": file})
		leaving := make(chan struct{})
		answered, wait := c.visitors(t, 16, leaving, true, "file", file)
		for end := time.Now().Add(deadline); answered.Load() < 100 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		before := answered.Load()
		close(leaving)
		c.stop(t)
		wait()
		t.Logf("%d answers before SIGTERM, %d after", before, answered.Load()-before)
		if before < 100 {
			t.Error("the clients were not under way")
		}
	})
}

// TestReloadUnderLoad: not one request fails while the configuration is loaded anew, again and again.
func TestReloadUnderLoad(t *testing.T) {
	file := content(20_000)
	onStack(t, func(t *testing.T, n *network, architecture string) {
		t.Parallel()
		if architecture == "single" {
			t.Skip("one client at a time: the others wait, whatever is loaded")
		}
		c := crowd(t, n, fmt.Sprintf(crowdConfig, architecture))
		c.put(t, map[string][]byte{"file": file})
		stop := make(chan struct{})
		answered, wait := c.visitors(t, 8, stop, false, "file", file)
		const reloads = 10
		for i := range reloads {
			c.write(t, fmt.Sprintf(crowdConfig, architecture)+fmt.Sprintf("\nserver = \"number %d\"\n", i))
			seen := c.reloads()
			c.cmd.Process.Signal(syscall.SIGHUP)
			for end := time.Now().Add(deadline); c.reloads() == seen; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("it was not loaded anew\n%s", c.errors())
				}
			}
		}
		close(stop)
		wait()
		if answered.Load() < 50 {
			t.Errorf("only %d requests", answered.Load())
		}
		t.Logf("%d requests in %d reloads", answered.Load(), reloads)
		c.stop(t)
	})
}

func (c *crowded) reloads() int { return bytes.Count([]byte(c.errors()), []byte("(server.reloaded)")) }
