package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// crowded is a server that a test in Go runs, for what scripts cannot do: many clients at once.
type crowded struct {
	*lab
	cmd     *exec.Cmd
	address string
	folder  string
	done    chan struct{}
}

// crowd runs a server on a network and a configuration in which ADDR stands for its address.
func crowd(t *testing.T, n *network, config string, files ...file) *crowded {
	t.Helper()
	if os.Getenv("VITRINE_WRAP") != "" {
		t.Skip("the clients of this test run here, and VITRINE_WRAP says that the server runs elsewhere")
	}
	if n.own() {
		needsNamespaces(t)
	}
	l, err := newLab(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	c := &crowded{lab: l, address: l.where.Host, folder: t.TempDir()}
	c.write(t, config)
	if err := os.MkdirAll(filepath.Join(c.folder, "site"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"index.html": 1 << 10, "middle.bin": 100 << 10, "large.bin": 3 << 20} {
		if err := os.WriteFile(filepath.Join(c.folder, "site", name), []byte(strings.Repeat("x", size)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		f.write(t, c.folder)
	}
	c.begin(t)
	return c
}

// file is one that the server has beside those of every crowd: its path below the folder of the configuration, and what is in
// it. One that begins with an interpreter's name is a program.
type file struct{ path, text string }

func (f *file) write(t *testing.T, folder string) {
	t.Helper()
	path, mode := filepath.Join(folder, filepath.FromSlash(f.path)), os.FileMode(0o644)
	if strings.HasPrefix(f.text, "#!") {
		mode = 0o755
	}
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(f.text), mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// begin starts the server, for the first time or after it was stopped, and returns once it is ready.
func (c *crowded) begin(t *testing.T) {
	t.Helper()
	socket := filepath.Join(c.folder, "notify")
	os.Remove(socket)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	log, err := os.OpenFile(filepath.Join(c.folder, "stderr"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	line := append(c.wrap(), append([]string{binary}, c.arguments([]string{"run", "--config", "vitrine.hcl"})...)...)
	cmd, done := exec.Command(line[0], line[1:]...), make(chan struct{})
	c.cmd, c.done = cmd, done
	c.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, "XDG_RUNTIME_DIR="+c.folder, "GOTRACEBACK=all")
	c.cmd.Stderr, c.cmd.Dir = log, c.folder
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	manager.SetReadDeadline(time.Now().Add(deadline))
	go func() {
		cmd.Wait()
		close(done)
		manager.SetReadDeadline(time.Now()) // who ended will not be ready
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
	})
	if n, err := manager.Read(make([]byte, 100)); err != nil || n == 0 {
		t.Fatalf("the server is not ready: %v\n%s", err, c.errors())
	}
	if err := c.ready(); err != nil {
		t.Fatal(err)
	}
}

// ask runs one of vitrine's commands that ask the running server, for JSON.
func (c *crowded) ask(t *testing.T, into any, command ...string) {
	t.Helper()
	socket := filepath.Join(c.folder, "vitrine", strconv.Itoa(c.cmd.Process.Pid)+".sock")
	out, err := exec.Command(binary, append(command, "--json", "--all", "--control", socket)...).Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("vitrine %s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// counters are what the own stack has counted, by name.
func (c *crowded) counters(t *testing.T) tally {
	t.Helper()
	var all []struct {
		Name  string
		Value int64
	}
	c.ask(t, &all, "counters")
	counted := make(tally)
	for _, one := range all {
		counted[one.Name] = one.Value
	}
	return counted
}

func (c *crowded) write(t *testing.T, config string) {
	t.Helper()
	path := filepath.Join(c.folder, "vitrine.hcl")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(config, "ADDR", c.address)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (c *crowded) errors() string {
	b, _ := os.ReadFile(filepath.Join(c.folder, "stderr"))
	return string(b)
}

// memory is what the server has resident, in bytes.
func (c *crowded) memory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("the system does not say how much memory the server has")
	return 0
}

// descriptors is how many the server has open.
func (c *crowded) descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// stop drains the server.
func (c *crowded) stop(t *testing.T) {
	t.Helper()
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(deadline):
		t.Fatalf("the server did not stop\n%s", c.errors())
	}
	if code := c.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with status %d\n%s", code, c.errors())
	}
}

// get asks on a connection and reads the answer whole.
func get1(c net.Conn, r *bufio.Reader, host, path string) (int, error) {
	c.SetDeadline(time.Now().Add(deadline))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

const crowdConfig = `
io      = "%s"
threads = 50000
listen "ADDR" {}
log {
  off = true
}
limits {
  connections            = 50000
  connections_per_client = 50000
}
timeouts {
  header     = "2s"
  body       = "2s"
  keep_alive = "300s"
}
site {
  default = true
  root    = "site"
}
`

// idleMost is what an idle connection may add to the server's resident memory, by network and architecture: a quarter more
// than it does. On an own network that is with what the kernel has otherwise.
var idleMost = map[string]int64{
	"kernel":         1100,
	"kernel/threads": 7200, // with a goroutine's stack
	"tap":            2400,
	"tap/pool":       2900, // with what connects a worker and the shard
	"tap/threads":    9000,
}

// TestIdleConnections: thousands of clients that keep their connections without asking anything cost little memory
// and nobody waits for them.
//
// Two things would be in the number that no connection costs. What is recorded of requests and frames grows with the first
// requests up to its bound, so nothing is recorded. And the collector lets the heap grow before it looks what is still
// in use, by as much again unless it is told otherwise: here by a tenth, so that it does not matter when it looked.
func TestIdleConnections(t *testing.T) {
	const clients = 9000
	if testing.Short() {
		t.Skip("thousands of connections take a moment")
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); limit.Cur < clients+500 {
		t.Skipf("only %d descriptors may be open here", limit.Cur)
	}
	each(t, func(t *testing.T, n *network, architecture string) {
		t.Setenv("GOGC", "10")
		c := crowd(t, n, fmt.Sprintf(crowdConfig, architecture)+"\njourneys {\n  off = true\n}\n")
		ask := func() (net.Conn, error) {
			conn, err := c.dial()
			if err != nil {
				return nil, err
			}
			status, err := get1(conn, bufio.NewReaderSize(conn, 2048), "a.test", "/")
			if err == nil && status != 200 {
				err = fmt.Errorf("status %d", status)
			}
			return conn, err
		}
		var idle []net.Conn
		defer func() {
			for _, conn := range idle {
				conn.Close()
			}
		}()
		open := func(n int) {
			for len(idle) < n {
				conn, err := ask()
				if err != nil {
					t.Fatalf("connection %d: %v\n%s", len(idle), err, c.errors())
				}
				idle = append(idle, conn)
			}
		}
		open(clients / 9)
		before := c.memory(t)
		open(clients)
		each := (c.memory(t) - before) / int64(clients-clients/9)
		start := time.Now()
		conn, err := ask()
		took := time.Since(start)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		t.Logf("%d idle connections: %d bytes each; one more request took %v", clients, each, took)
		most := idleMost[n.name+"/"+architecture]
		if most == 0 {
			most = idleMost[n.name]
		}
		if each > most && !raceEnabled {
			t.Errorf("an idle connection costs %d bytes, more than %d", each, most)
		}
		if took > time.Second {
			t.Errorf("one more request took %v", took)
		}
	})
}

// TestHostileClients: while clients send as slowly as they can, others are served, and the slow ones are sent away.
func TestHostileClients(t *testing.T) {
	tool, err := exec.LookPath("slowhttptest")
	if err != nil {
		t.Skip("slowhttptest is not installed, so slow and hostile clients are not tried: apt-get install slowhttptest")
	}
	attacks := map[string][]string{
		"slow headers": {"-H", "-i", "1"},
		"slow bodies":  {"-B", "-i", "1", "-s", "8192"},
		"slow reading": {"-X", "-w", "1", "-y", "10", "-n", "1", "-z", "1", "-k", "1"},
		"many ranges":  {"-R", "-a", "1", "-b", "1500"},
	}
	each(t, func(t *testing.T, n *network, architecture string) {
		t.Parallel()
		c := crowd(t, n, fmt.Sprintf(crowdConfig, architecture))
		var attackers sync.WaitGroup
		for name, flags := range attacks {
			attackers.Go(func() {
				args := append(append([]string(nil), flags...), "-c", "100", "-r", "50", "-l", "4", "-u", "http://"+c.address+"/large.bin")
				if out, err := c.command(append([]string{tool}, args...)...).CombinedOutput(); err != nil && !strings.Contains(string(out), "Exit status") {
					t.Errorf("%s: %v\n%s", name, err, out)
				}
			})
		}
		over := make(chan struct{})
		go func() {
			attackers.Wait()
			close(over)
		}()
		// A connection may take longer than its request: a SYN that is lost on a busy link is sent again after a second, then
		// after two more. Slow clients do not hold that up, since the transport accepts connections by itself.
		slowest, connecting, answered := time.Duration(0), time.Duration(0), 0
		for attacked := true; attacked; {
			select {
			case <-over:
				attacked = false
			default:
			}
			start := time.Now()
			conn, err := c.dial()
			if err != nil {
				t.Fatal(err)
			}
			connecting, start = max(connecting, time.Since(start)), time.Now()
			status, err := get1(conn, bufio.NewReader(conn), "a.test", "/")
			conn.Close()
			if err != nil || status != 200 {
				t.Fatalf("an honest client got %d, %v\n%s", status, err, c.errors())
			}
			slowest = max(slowest, time.Since(start))
			answered++
		}
		t.Logf("%d honest requests were answered during the attacks, the slowest in %v; connecting took up to %v", answered, slowest, connecting)
		if slowest > 3*time.Second {
			t.Errorf("an honest client waited %v", slowest)
		}
		c.stop(t)
	})
}

// each runs a test with each architecture in which clients do not wait for each other, on the kernel's sockets and on the
// own stack.
func each(t *testing.T, test func(t *testing.T, n *network, architecture string)) {
	for _, n := range named(kernelNetwork, tapNetwork) {
		for _, architecture := range architectures() {
			if architecture != "single" {
				t.Run(n.name+"/"+architecture, func(t *testing.T) { test(t, n, architecture) })
			}
		}
	}
}
