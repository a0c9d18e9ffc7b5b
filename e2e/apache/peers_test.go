// Package apache serves the same folder by Apache httpd and by vitrine, asks both the same, and holds every difference to
// an explanation. Whoever comes from there can read in it what is the same here, and what is not and why.
package apache

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var binary string // vitrine

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "vitrine-apache-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "vitrine")
	if out, err := exec.Command("go", "build", "-o", binary, "vitrine/cmd/vitrine").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// httpd is the program, and the folder of its modules.
func httpd(t *testing.T) (program, modules string) {
	for _, name := range []string{"/usr/sbin/apache2", "/usr/sbin/httpd"} {
		if _, err := os.Stat(name); err == nil {
			program = name
		}
	}
	for _, folder := range []string{"/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"} {
		if _, err := os.Stat(folder); err == nil {
			modules = folder
		}
	}
	if program == "" || modules == "" {
		t.Skip("Apache httpd is not installed: apt-get install apache2-bin")
	}
	return program, modules
}

// port is one on the loopback that nobody has.
func port(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// run starts a server and returns once it takes connections; it ends with the test.
func run(t *testing.T, address string, program string, args ...string) {
	t.Helper()
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = printed, printed
	cmd.Dir = filepath.Dir(printed.Name())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			text, _ := os.ReadFile(printed.Name())
			ended <- err
			t.Fatalf("%s: %v\n%s", program, err, text)
		case <-time.After(10 * time.Millisecond): // there is no event for another program's listening socket
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(printed.Name())
			t.Fatalf("%s does not listen\n%s", program, text)
		}
	}
}

// startApache runs Apache httpd with the modules and the lines of configuration, and returns its address.
func startApache(t *testing.T, root string, modules []string, lines string) string {
	t.Helper()
	program, folder := httpd(t)
	own := t.TempDir()
	address := fmt.Sprintf("127.0.0.1:%d", port(t))
	var b strings.Builder
	fmt.Fprintf(&b, "Listen %s\nServerName www.example.org\nPidFile %s/pid\nErrorLog %s/error.log\nDefaultRuntimeDir %s\n", address, own, own, own)
	fmt.Fprintf(&b, "Mutex file:%s default\nTypesConfig /etc/mime.types\n", own)
	b.WriteString("StartServers 1\nServerLimit 1\nThreadsPerChild 8\nThreadLimit 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\n")
	if os.Getuid() == 0 {
		b.WriteString("User nobody\nGroup nogroup\n")
		for at := own; at != "/" && at != os.TempDir(); at = filepath.Dir(at) { // its children are somebody else
			os.Chmod(at, 0o755)
		}
	}
	all := append([]string{"mpm_event", "authz_core", "authn_core", "mime", "dir"}, modules...)
	for _, name := range all {
		fmt.Fprintf(&b, "LoadModule %s_module %s/mod_%s.so\n", name, folder, name)
	}
	fmt.Fprintf(&b, "DocumentRoot %s\nAddDefaultCharset utf-8\n<Directory %s>\nRequire all granted\nOptions FollowSymLinks\n</Directory>\n%s\n", root, root, lines)
	conf := filepath.Join(own, "httpd.conf")
	if err := os.WriteFile(conf, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	mime := filepath.Join(own, "mime.types")
	if _, err := os.Stat("/etc/mime.types"); err != nil { // of another package: a few lines do
		os.WriteFile(mime, []byte("text/html html\ntext/css css\ntext/plain txt\nimage/png png\nimage/svg+xml svg\napplication/json json\n"), 0o644)
		os.WriteFile(conf, []byte(strings.Replace(b.String(), "/etc/mime.types", mime, 1)), 0o644)
	}
	run(t, address, program, "-f", conf, "-DFOREGROUND")
	return address
}

// startVitrine runs vitrine with one site of the folder and the lines of configuration in it, and returns its address.
func startVitrine(t *testing.T, root, lines string) string {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port(t))
	conf := filepath.Join(t.TempDir(), "vitrine.hcl")
	before, lines, two := strings.Cut(lines, "\nsite:\n") // what stands outside of the site, if anything
	if !two {
		before, lines = "", before
	}
	text := fmt.Sprintf("listen %q {\n}\ncontrol {\n  socket = \"\"\n}\n%s\nsite \"www.example.org\" {\n  root = %q\n%s\n}\n", address, before, root, lines)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, address, binary, "run", "--config", conf)
	return address
}

// answer is what a request came to, as far as it is compared.
type answer struct {
	status int
	fields map[string]string
	body   string
}

// ask sends a request, which has no Host yet, with what follows an empty line as its body, on a connection of its own from the address. A body in gzip is decoded.
func ask(t *testing.T, from, address, request string) answer {
	t.Helper()
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	head, content, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	var b bytes.Buffer
	b.WriteString(lines[0] + " HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n")
	for _, line := range lines[1:] {
		b.WriteString(strings.TrimSpace(line) + "\r\n")
	}
	b.WriteString("\r\n" + content)
	if _, err := c.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(lines[0], " ")
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", lines[0], err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("%s: %v", lines[0], err)
	}
	if r.Header.Get("Content-Encoding") == "gzip" && len(body) > 0 && r.StatusCode != http.StatusPartialContent {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
		if body, err = io.ReadAll(z); err != nil {
			t.Fatalf("%s: %v", lines[0], err)
		}
	}
	a := answer{status: r.StatusCode, fields: map[string]string{}, body: string(body)}
	for name, values := range r.Header {
		a.fields[name] = strings.Join(values, ", ")
	}
	if r.ContentLength >= 0 {
		a.fields["Content-Length"] = fmt.Sprint(r.ContentLength)
	}
	return a
}
