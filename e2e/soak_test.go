package e2e

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soakConfig is a server with everything that can leak: logs that rotate, files of each size, several routes.
const soakConfig = `
io = "%s"
listen "ADDR" {}
log {
  file   = "access.log"
  buffer = "16KiB"
  rotate {
    size = "2MiB"
    keep = 3
  }
}
memory {
  files_bytes = "1MiB"
  descriptors = 20
}
site {
  default = true
  root    = "site"
  files {
    listing = true
  }
  route "/hello" {
    respond {
      body = "hello {query.name} %d\n"
    }
  }
  route "/old/*" {
    redirect "/{path.tail}" {}
  }
}
`

// TestSoak runs a server for as long as VITRINE_SOAK says, under clients of all manners, reloads and rotation: every
// request must be answered, and neither memory nor descriptors may grow.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("VITRINE_SOAK"))
	if err != nil {
		t.Skip("VITRINE_SOAK does not say how long, such as 10m")
	}
	for _, n := range named(kernelNetwork, tapNetwork) {
		for _, architecture := range []string{"events-per-core", "threads"} {
			t.Run(n.name+"/"+architecture, func(t *testing.T) { soak(t, n, architecture, length/4) })
		}
	}
}

func soak(t *testing.T, n *network, architecture string, length time.Duration) {
	c := crowd(t, n, fmt.Sprintf(soakConfig, architecture, 0))
	for i := range 200 {
		name := filepath.Join(c.folder, "site", fmt.Sprintf("file%d.txt", i))
		if err := os.WriteFile(name, []byte(strings.Repeat("y", 1+i*997)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var answered atomic.Int64
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n, err := visit(c, i)
				answered.Add(int64(n))
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
			}
		})
	}
	sample := func() (int64, int) { return c.memory(t), c.descriptors(t) }
	var memory int64
	var descriptors int
	begin, warm := time.Now(), false
	for reloads := 1; time.Since(begin) < length && !t.Failed(); reloads++ {
		time.Sleep(min(time.Second, length/20))
		c.write(t, fmt.Sprintf(soakConfig, architecture, reloads))
		c.cmd.Process.Signal(syscall.SIGHUP)
		if !warm && time.Since(begin) > length/3 {
			warm = true
			memory, descriptors = sample()
		}
	}
	lastMemory, lastDescriptors := sample()
	close(stop)
	clients.Wait()
	t.Logf("%d requests in %v; memory %d KiB after a third, %d KiB at the end; descriptors %d and %d",
		answered.Load(), length, memory>>10, lastMemory>>10, descriptors, lastDescriptors)
	if lastMemory > memory*3/2+16<<20 {
		t.Errorf("memory grew from %d to %d bytes", memory, lastMemory)
	}
	if lastDescriptors > descriptors+40 {
		t.Errorf("descriptors grew from %d to %d", descriptors, lastDescriptors)
	}
	c.stop(t)
}

// visit is one connection of a client with its own manner. It returns how many requests were answered.
func visit(c *crowded, manner int) (int, error) {
	conn, err := c.dial()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	requests := 1 + rand.IntN(20)
	for i := range requests {
		path, want := "/", 200
		switch (manner + i) % 8 {
		case 0:
			path = fmt.Sprintf("/file%d.txt", rand.IntN(200))
		case 1:
			path = "/large.bin"
		case 2:
			path = "/hello?name=" + fmt.Sprint(i)
		case 3:
			path, want = "/old/x", 302
		case 4:
			path, want = fmt.Sprintf("/missing%d", rand.IntN(1000)), 404
		case 5: // goes away in the middle
			fmt.Fprintf(conn, "GET /large.bin HTTP/1.1\r\nHost: a.test\r\n\r\n")
			return i, nil
		}
		status, err := get1(conn, r, "a.test", path)
		if err != nil {
			return i, fmt.Errorf("%s: %w", path, err)
		}
		if status != want {
			return i, fmt.Errorf("%s was answered with %d, not %d", path, status, want)
		}
	}
	return requests, nil
}
