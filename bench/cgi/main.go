// Command cgi measures what a CGI request costs here and under Apache httpd with mod_cgid: processor time of the server with
// that of its exited children, for a script in C and one for sh. Run it in the module's root:
//
//	go run ./bench/cgi            # go, cc and apache2 with its modules are needed
//	go run ./bench/cgi -n 5000 -rounds 5
//
// The servers take turns, so that a machine that is busy with something else is so for both. The client's time is not
// counted. The median of the rounds is compared.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	requests = flag.Int("n", 2000, "requests of a round")
	rounds   = flag.Int("rounds", 3, "rounds")
	clients  = flag.Int("clients", 4, "connections")
	apache   = flag.String("apache", "/usr/sbin/apache2", "Apache httpd")
	modules  = flag.String("modules", "/usr/lib/apache2/modules", "its modules")
)

const inC = `#include <stdio.h>
int main(void) { printf("Content-Type: text/plain\r\n\r\nhello\n"); return 0; }
`

const inShell = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\nhello\\n'\n"

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "vitrine-bench-cgi-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755)
	scripts := filepath.Join(dir, "scripts")
	os.Mkdir(scripts, 0o755)
	source := filepath.Join(dir, "hello.c")
	os.WriteFile(source, []byte(inC), 0o644)
	if out, err := exec.Command("cc", "-O2", "-o", filepath.Join(scripts, "hello"), source).CombinedOutput(); err != nil {
		return fmt.Errorf("cc: %v: %s", err, out)
	}
	os.WriteFile(filepath.Join(scripts, "hello.sh"), []byte(inShell), 0o755)
	program := filepath.Join(dir, "vitrine")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/vitrine").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %v: %s", err, out)
	}
	servers := []*server{
		{name: "vitrine", port: free()},
		{name: "apache", port: free()},
	}
	ours := filepath.Join(dir, "vitrine.hcl")
	os.WriteFile(ours, fmt.Appendf(nil, `listen "127.0.0.1:%d" {
}
control {
  socket = "%s/control.sock"
}
log {
  off = true
}
site "localhost" {
  default = true
  route "/*" {
    root = "%s"
    cgi {
    }
  }
}
`, servers[0].port, dir, scripts), 0o644)
	theirs := filepath.Join(dir, "apache.conf")
	os.WriteFile(theirs, fmt.Appendf(nil, `ServerRoot %[1]s
ServerName localhost
Listen 127.0.0.1:%[2]d
PidFile %[1]s/apache.pid
ErrorLog %[1]s/apache.error
User www-data
Group www-data
DefaultRuntimeDir %[1]s
LoadModule mpm_event_module %[3]s/mod_mpm_event.so
LoadModule authz_core_module %[3]s/mod_authz_core.so
LoadModule alias_module %[3]s/mod_alias.so
LoadModule cgid_module %[3]s/mod_cgid.so
ScriptSock %[1]s/cgid.sock
KeepAlive On
MaxKeepAliveRequests 0
ScriptAlias / %[4]s/
<Directory %[4]s>
  Require all granted
</Directory>
`, dir, servers[1].port, *modules, scripts), 0o644)
	commands := [][]string{{program, "run", "--config", ours}, {*apache, "-d", dir, "-f", theirs, "-DFOREGROUND"}}
	for i, s := range servers {
		if err := s.start(commands[i]); err != nil {
			return err
		}
		defer s.stop()
	}
	for _, script := range []string{"hello", "hello.sh"} {
		taken := make([][]time.Duration, len(servers))
		for range *rounds + 1 {
			for i, s := range servers {
				d, err := s.measure(script)
				if err != nil {
					return err
				}
				taken[i] = append(taken[i], d)
			}
		}
		var median []time.Duration
		for i, s := range servers {
			all := taken[i][1:] // the first warms up
			slices.Sort(all)
			median = append(median, all[len(all)/2])
			fmt.Printf("%-9s %-8s %8v of processor time for a request, in the rounds %v\n", script, s.name, median[i], all)
		}
		fmt.Printf("%-9s vitrine / apache = %.2f\n", script, float64(median[0])/float64(median[1]))
	}
	return nil
}

func free() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

type server struct {
	name  string
	port  int
	cmd   *exec.Cmd
	group *group
}

func (s *server) url(script string) string {
	return fmt.Sprintf("http://127.0.0.1:%d/%s", s.port, script)
}

func (s *server) start(command []string) error {
	g, err := newGroup(fmt.Sprintf("vitrine-bench-%s-%d", s.name, os.Getpid()))
	if err != nil {
		return err
	}
	s.group = g
	s.cmd = exec.Command("sh", append([]string{"-c", `echo $$ >"$0" && exec "$@"`, g.dir + "/cgroup.procs"}, command...)...)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := fetch(http.DefaultClient, s.url("hello")); err == nil {
			return nil
		} else if time.Now().After(deadline) {
			return fmt.Errorf("%s: %v", s.name, err)
		}
	}
}

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
	os.Remove(s.group.dir)
}

func fetch(c *http.Client, url string) (string, error) {
	r, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && string(b) != "hello\n" {
		err = fmt.Errorf("%s: %s: %q", url, r.Status, b)
	}
	return string(b), err
}

// measure makes the requests of a round and returns the processor time of one.
func (s *server) measure(script string) (time.Duration, error) {
	before, err := s.group.used()
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	failures := make(chan error, *clients)
	for range *clients {
		wg.Go(func() {
			c := &http.Client{Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for range *requests / *clients {
				if _, err := fetch(c, s.url(script)); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failures:
		return 0, err
	default:
	}
	time.Sleep(50 * time.Millisecond) // the last children are waited for
	after, err := s.group.used()
	return (after - before) / time.Duration(*requests), err
}

// group is a control group of one server: Apache does not wait for its scripts, so that nothing else knows of their time.
type group struct {
	dir string
	v2  bool
}

func newGroup(name string) (*group, error) {
	g := &group{dir: "/sys/fs/cgroup/cpuacct/" + name}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		g.dir, g.v2 = "/sys/fs/cgroup/"+name, true
	}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, fmt.Errorf("a control group is needed to count the time of scripts, and making one needs root: %w", err)
	}
	return g, nil
}

// used is the processor time that was used in the group.
func (g *group) used() (time.Duration, error) {
	if !g.v2 {
		b, err := os.ReadFile(g.dir + "/cpuacct.usage")
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
		return time.Duration(n), err
	}
	b, err := os.ReadFile(g.dir + "/cpu.stat")
	if err != nil {
		return 0, err
	}
	var n int64
	_, err = fmt.Sscanf(string(b), "usage_usec %d", &n)
	return time.Duration(n) * time.Microsecond, err
}
