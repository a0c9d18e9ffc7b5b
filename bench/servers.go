package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is one that is being measured.
type server struct {
	name   string
	port   int
	cmd    *exec.Cmd
	output string
	exited chan struct{}
}

// alone reports whether the server serves one connection at a time.
func (s *server) alone() bool { return strings.HasSuffix(s.name, ":single") }

func (s *server) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", s.port, path) }

// start runs a server on core 0 and waits until it answers, rightly.
func (b *bench) start(name string, w workload) (*server, error) {
	b.port++
	s := &server{name: name, port: b.port, output: filepath.Join(b.dir, strconv.Itoa(b.port)+".out"), exited: make(chan struct{})}
	if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)); err == nil {
		c.Close()
		return nil, fmt.Errorf("port %d is taken", s.port)
	}
	command, err := b.command(name, s.port)
	if err != nil {
		return nil, err
	}
	out, err := os.Create(s.output)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s.cmd = exec.Command("taskset", append([]string{"-c", "0"}, command...)...)
	s.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	b.running = append(b.running, s)
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := s.answers(w)
		if err == nil {
			return s, nil
		}
		select {
		case <-s.exited:
			deadline = time.Time{}
		case <-time.After(50 * time.Millisecond): // somebody else's program gives no other sign
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(s.output)
			return nil, fmt.Errorf("%s: %v\n%s", name, err, said)
		}
	}
}

// answers checks one answer.
func (s *server) answers(w workload) error {
	resp, err := http.Get(s.url(w.path))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return err
	}
	defer http.DefaultClient.CloseIdleConnections() // one that is kept may be the only one that is served
	if resp.StatusCode != 200 || n != int64(w.size) {
		return fmt.Errorf("%s is answered with %d and %d bytes", w.path, resp.StatusCode, n)
	}
	return nil
}

func (b *bench) stopAll() {
	for _, s := range b.running {
		s.cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, s := range b.running {
		select {
		case <-s.exited:
		case <-time.After(5 * time.Second):
			s.cmd.Process.Kill()
			<-s.exited
		}
	}
	b.running = nil
}

// command is how a server is started, with a configuration that suits the workloads: no log, connections kept.
func (b *bench) command(name string, port int) ([]string, error) {
	root := filepath.Join(b.dir, "root")
	write := func(file, text string) (string, error) {
		file = filepath.Join(b.dir, fmt.Sprintf("%d-%s", port, file))
		return file, os.WriteFile(file, []byte(text), 0o644)
	}
	kind, variant, _ := strings.Cut(name, ":")
	switch kind {
	case "vitrine", "vitrine+log":
		log := "off = true"
		if kind == "vitrine+log" {
			log = fmt.Sprintf("format = %q\n  file = %q", "combined", filepath.Join(b.dir, strconv.Itoa(port)+".log"))
		}
		io := ""
		if variant != "" {
			io = fmt.Sprintf("io = %q\n", variant)
		}
		conf, err := write("vitrine.hcl", fmt.Sprintf("%slisten \"127.0.0.1:%d\" {}\nlog {\n  %s\n}\nsite \"bench\" {\n  default = true\n  root = %q\n}\n", io, port, log, root))
		return []string{b.vitrine, "run", "--config", conf}, err
	case "nginx":
		// The main process leaves the work to its child; both are measured.
		conf, err := write("nginx.conf", fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/nginx.pid; error_log %[1]s/nginx.err;
events { worker_connections 20000; }
http {
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 300s; etag on;
  types { text/html html; } open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  server { listen 127.0.0.1:%[2]d backlog=4096; root %[3]s; }
}
`, b.dir, port, root))
		return []string{"nginx", "-p", b.dir, "-c", conf}, err
	case "lighttpd":
		conf, err := write("lighttpd.conf", fmt.Sprintf("server.document-root = %q\nserver.bind = \"127.0.0.1\"\nserver.port = %d\nserver.max-keep-alive-requests = 1000000\nserver.max-keep-alive-idle = 300\nserver.max-connections = 20000\nserver.max-fds = 20000\nmimetype.assign = (\".html\" => \"text/html\")\n", root, port))
		return []string{"lighttpd", "-D", "-f", conf}, err
	case "embedded":
		self, err := os.Executable()
		return []string{self, "embedded", fmt.Sprintf("127.0.0.1:%d", port), root}, err
	}
	return nil, fmt.Errorf("no server is called %q", name)
}
