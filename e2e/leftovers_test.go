package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// endings are the ways in which a connection ends: each leaves other things behind that have to go.
var endings = []struct {
	name  string
	close func(c net.Conn, r *bufio.Reader) error
}{
	{"the server closes first", func(c net.Conn, r *bufio.Reader) error {
		if err := request(c, r, "Connection: close\r\n"); err != nil {
			return err
		}
		if _, err := r.ReadByte(); err != io.EOF {
			return fmt.Errorf("after the answer: %v", err)
		}
		return nil
	}},
	{"the client closes first", func(c net.Conn, r *bufio.Reader) error { return request(c, r, "") }},
	{"the client goes without a farewell", func(c net.Conn, r *bufio.Reader) error {
		c.(*net.TCPConn).SetLinger(0)
		return request(c, r, "")
	}},
	{"the client says nothing", func(net.Conn, *bufio.Reader) error { return nil }},
}

func request(c net.Conn, r *bufio.Reader, fields string) error {
	c.SetDeadline(time.Now().Add(deadline))
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: a.test\r\n%s\r\n", fields); err != nil {
		return err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// come lets so many connections come and go, in all manners.
func (c *crowded) come(t *testing.T, n int) {
	t.Helper()
	var clients sync.WaitGroup
	const at = 8 // once
	for i := range at {
		clients.Go(func() {
			reader := bufio.NewReader(nil)
			for j := i; j < n && !t.Failed(); j += at {
				conn, err := c.dial()
				if err != nil {
					t.Errorf("connection %d: %v", j, err)
					return
				}
				reader.Reset(conn)
				ending := &endings[j/at%len(endings)]
				if err := ending.close(conn, reader); err != nil {
					t.Errorf("connection %d, in which %s: %v", j, ending.name, err)
				}
				conn.Close()
			}
		})
	}
	clients.Wait()
	if t.Failed() {
		t.Fatalf("the server's log:\n%s", c.errors())
	}
}

// TestConnectionsLeaveNothing: twenty thousand connections that came and went, however they ended, leave neither sockets
// nor memory, descriptors or goroutines.
func TestConnectionsLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of connections take a moment")
	}
	const connections = 20000
	// What is remembered of a connection that the server closed first is to be gone before the test ends.
	tap, packet := *tapNetwork, *packetNetwork
	tap.flag += ",time_wait=1s"
	packet.flag += ",time_wait=1s"
	for _, test := range []struct {
		network      *network
		architecture string
	}{{&tap, "events-per-core"}, {&tap, "threads"}, {&packet, "events"}} {
		t.Run(test.network.name+"/"+test.architecture, func(t *testing.T) {
			// What is recorded of them stays, in as much memory as it is given: here less than the first of them fill.
			c := crowd(t, test.network, fmt.Sprintf(crowdConfig, test.architecture)+"journeys {\n  memory = \"1MiB\"\n  kept = \"1MiB\"\n  frames = \"1MiB\"\n}\n")
			c.come(t, connections/4)
			c.empty(t)
			memory, descriptors := c.memory(t), c.descriptors(t)
			c.come(t, connections)
			c.empty(t)
			after := c.memory(t)
			counted := c.counters(t)
			t.Logf("%d KiB before, %d KiB after; opened %d, reopened in TIME-WAIT %d, handed to another queue %d",
				memory>>10, after>>10, counted["opened"], counted["stack.reopened"], counted["handed"])
			if after > memory+memory/4+4<<20 {
				t.Errorf("memory grew from %d to %d bytes", memory, after)
			}
			if n := c.descriptors(t); n > descriptors+5 {
				t.Errorf("descriptors grew from %d to %d", descriptors, n)
			}
			if n := c.goroutines(t); n > 40 {
				t.Errorf("%d goroutines are left:\n%s", n, c.errors())
			}
		})
	}
}

// empty waits until the own stack has no connection any more, nor anything that belonged to one.
func (c *crowded) empty(t *testing.T) {
	t.Helper()
	var left tally
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		left = c.counters(t)
		if left["connections"]+left["half-open"]+left["orphans"]+left["time-wait"]+left["send-memory"]+left["receive-memory"] == 0 {
			return
		}
	}
	t.Fatalf("left are %d connections, %d half open, %d orphans, %d in TIME-WAIT, %d bytes to send, %d received", left["connections"],
		left["half-open"], left["orphans"], left["time-wait"], left["send-memory"], left["receive-memory"])
}

// goroutines ends the server in the way in which Go programs print their goroutines, and counts them.
func (c *crowded) goroutines(t *testing.T) int {
	t.Helper()
	before := len(c.errors())
	c.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-c.done:
	case <-time.After(deadline):
		t.Fatal("the server does not end")
	}
	return strings.Count(c.errors()[before:], "\ngoroutine ")
}
