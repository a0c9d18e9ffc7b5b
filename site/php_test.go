package site

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/web/serve"
)

// aProgram is where a program is, also among those of the system's keeper, or "".
func aProgram(patterns ...string) string {
	for _, p := range patterns {
		if path, err := exec.LookPath(p); err == nil {
			return path
		}
		if all, _ := filepath.Glob("/usr/sbin/" + p); len(all) > 0 {
			return all[len(all)-1]
		}
	}
	return ""
}

// run runs a program until the test ends, and waits until somebody listens at its socket.
func run(t *testing.T, path, network, address string, args ...string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
	})
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial(network, address); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", path, err, said.String())
		default:
		}
	}
	t.Fatalf("nobody listens at %s", address)
}

// phpFPM runs php-fpm, and gives the address of its socket. The test is skipped when it is not installed.
func phpFPM(t *testing.T) string {
	t.Helper()
	path := aProgram("php-fpm", "php-fpm*")
	if path == "" {
		t.Skip("php-fpm is not installed: apt-get install php-fpm")
	}
	dir, err := os.MkdirTemp("", "fpm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Mkdir(dir+"/sessions", 0o700)
	owner, args := "", []string{"-n", "--nodaemonize", "--fpm-config", dir + "/fpm.conf"}
	if os.Getuid() == 0 {
		owner, args = "user = root\ngroup = root\n", append(args, "--allow-to-run-as-root")
	}
	os.WriteFile(dir+"/fpm.conf", []byte(`[global]
error_log = `+dir+`/fpm.log
daemonize = no
[www]
listen = `+dir+`/s
listen.mode = 0666
pm = static
pm.max_children = 6
catch_workers_output = no
php_admin_value[log_errors] = 1
php_admin_value[display_errors] = 0
php_admin_value[html_errors] = 0
php_admin_value[error_log] =
php_admin_value[session.save_path] = `+dir+`/sessions
`+owner), 0o600)
	run(t, path, "unix", dir+"/s", args...)
	return "unix:" + dir + "/s"
}

const phpSite = `
site "example.org" {
  root = "$ROOT"
  compress {
    min_size = "100B"
  }
  route "/pages/*" {
    ssi {
    }
  }
  route "/*" {
    fastcgi "$APP" {
    }
  }
}
`

var phpFiles = map[string]string{
	"dump.php": `<?php header("Content-Type: text/plain"); ksort($_SERVER); foreach ($_SERVER as $k => $v) if (is_string($v)) echo "$k=$v\n";`,
	"flush.php": `<?php header("Content-Type: text/plain"); header("Content-Encoding: identity"); echo "first\n"; flush();
for ($i = 0; $i < 400 && !file_exists(__DIR__ . "/seen"); $i++) { usleep(50000); clearstatcache(); } echo file_exists(__DIR__ . "/seen") ? "second\n" : "nobody saw it\n";`,
	"exit.php":        `<?php header("X-Half: yes"); http_response_code(202); echo "half"; exit(3); echo "never";`,
	"broken.php":      `<?php throw new Exception("no database at db.internal");`,
	"late.php":        `<?php echo str_repeat("x", 10000); flush(); throw new Exception("too late");`,
	"session.php":     `<?php session_start(); $_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; echo $_SESSION["n"];`,
	"upload.php":      `<?php $f = $_FILES["picture"]; echo $f["name"], " ", $f["size"], " ", md5_file($f["tmp_name"]), " ", $_POST["title"], " ", $_SERVER["CONTENT_LENGTH"] > 0 ? "yes" : "no";`,
	"tagged.php":      `<?php header('ETag: "v1"'); header("Cache-Control: no-cache"); echo "tagged";`,
	"part.php":        `<?php echo "from PHP, $_GET[q]";`,
	"pages/x.shtml":   `[<!--#include virtual="/part.php?q=1" -->]`,
	"big.php":         `<?php for ($i = 0; $i < 200; $i++) echo str_repeat("x", 10000);`,
	"pages/big.shtml": `[<!--#include virtual="/big.php" -->]`,
	"long.php":        `<?php header("Content-Type: text/html"); echo str_repeat("<p>the same again</p>\n", 1000);`,
}

func TestScriptsOfPHP(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, phpFPM(t), phpFiles, phpSite)
	t.Run("what is flushed reaches the client before the end", func(t *testing.T) {
		answer, err := http.DefaultClient.Do(phpRequest(t, c, "GET", "/flush.php", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		lines := bufio.NewReader(answer.Body)
		if line, err := lines.ReadString('\n'); line != "first\n" {
			t.Fatalf("%q, %v", line, err)
		}
		os.WriteFile(c.dir+"/seen", nil, 0o644)
		if rest, err := io.ReadAll(lines); string(rest) != "second\n" || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
	})
	t.Run("a script that exits has answered", func(t *testing.T) {
		if status, h, body := c.ask("GET", "/exit.php", nil); status != 202 || body != "half" || h.Get("X-Half") != "yes" {
			t.Errorf("%d %q %v", status, body, h)
		}
	})
	t.Run("an error is told to the log, and not to the client", func(t *testing.T) {
		status, _, body := c.ask("GET", "/broken.php", nil)
		if status != 500 || strings.Contains(body, "database") || strings.Contains(body, "Stack") {
			t.Errorf("%d %q", status, body)
		}
		c.ask("GET", "/late.php", nil)
		if told := c.errors(); !strings.Contains(told, "no database at db.internal") || !strings.Contains(told, "too late") {
			t.Errorf("the log says %s", told)
		}
	})
	t.Run("a session goes round", func(t *testing.T) {
		_, h, body := c.ask("GET", "/session.php", nil)
		cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		if body != "1" || !strings.HasPrefix(cookie, "PHPSESSID=") {
			t.Fatalf("%q %v", body, h)
		}
		if _, _, body := c.ask("GET", "/session.php", nil, "Cookie: "+cookie); body != "2" {
			t.Errorf("%q", body)
		}
	})
	t.Run("a picture is uploaded", func(t *testing.T) {
		for _, n := range []int{10, 200_000} {
			for _, known := range []bool{true, false} {
				var form bytes.Buffer
				w := multipart.NewWriter(&form)
				w.WriteField("title", "sunset")
				part, _ := w.CreateFormFile("picture", "a.jpg")
				part.Write(bytes.Repeat([]byte{0xff}, n))
				w.Close()
				var body io.Reader = &form
				if !known {
					body = io.MultiReader(body)
				}
				status, _, text := c.ask("POST", "/upload.php", body, "Content-Type: "+w.FormDataContentType())
				if status != 200 || !strings.HasPrefix(text, fmt.Sprintf("a.jpg %d ", n)) || !strings.HasSuffix(text, " sunset yes") {
					t.Errorf("%d bytes, known %v: %d %q", n, known, status, text)
				}
			}
		}
	})
	t.Run("HEAD, conditions and content codings", func(t *testing.T) {
		if status, h, body := c.ask("HEAD", "/tagged.php", nil); status != 200 || body != "" || h.Get("ETag") != `"v1"` {
			t.Errorf("HEAD: %d %q %v", status, body, h)
		}
		if status, h, body := c.ask("GET", "/tagged.php", nil, `If-None-Match: "v1"`); status != 304 || body != "" || h.Get("ETag") != `"v1"` || h.Get("Cache-Control") != "no-cache" {
			t.Errorf("a condition: %d %q %v", status, body, h)
		}
		status, h, body := c.ask("GET", "/long.php", nil, "Accept-Encoding: gzip")
		plain, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatalf("%d %v, %v", status, h, err)
		}
		text, err := io.ReadAll(plain)
		if err != nil || len(text) != 22_000 || len(body) > 2000 || h.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(h["Vary"], ","), "Accept-Encoding") {
			t.Errorf("%d %v, %d bytes for %d, %v", status, h, len(body), len(text), err)
		}
	})
	t.Run("a page includes a script", func(t *testing.T) {
		if status, _, body := c.ask("GET", "/pages/x.shtml", nil); status != 200 || body != "[from PHP, 1]" {
			t.Errorf("%d %q, %s", status, body, c.errors())
		}
		if _, _, body := c.ask("GET", "/pages/big.shtml", nil); len(body) != 2_000_002 { // more than may be on its way at once
			t.Errorf("%d bytes, %s", len(body), c.errors())
		}
	})
}

func phpRequest(t *testing.T, c *counter, method, target string, body io.Reader, fields ...string) *http.Request {
	r, err := http.NewRequest(method, "http://"+c.address+target, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "example.org"
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	return r
}

// notAsNginx are the parameters that differ from those that nginx's own fastcgi_params make, and why.
var notAsNginx = map[string]string{
	"SERVER_SOFTWARE":     "each has its own name",
	"SERVER_PORT":         "they listen on two ports",
	"REMOTE_PORT":         "they are asked over two connections",
	"CONTENT_LENGTH":      "nginx sends it empty when there is no body",
	"CONTENT_TYPE":        "nginx sends it empty when the request has none",
	"PATH_INFO":           "nginx sends it empty when there is none",
	"REMOTE_USER":         "nginx sends it empty when nobody is known",
	"PATH_TRANSLATED":     "RFC 3875 section 4.1.6 wants it beside PATH_INFO, and nginx's fastcgi_params have none",
	"HTTP_CONTENT_LENGTH": "RFC 3875 section 4.1.18: what has a variable of its own need not be there twice",
	"HTTP_CONTENT_TYPE":   "likewise",
}

func TestPHPIsToldWhatNginxTellsIt(t *testing.T) {
	nginx := aProgram("nginx")
	app := phpFPM(t)
	if nginx == "" {
		t.Skip("nginx is not installed: apt-get install nginx")
	}
	c := newCounter(t, serve.EventsPerCore, app, phpFiles, phpSite)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	os.WriteFile(dir+"/nginx.conf", []byte(`daemon off; master_process off; pid `+dir+`/pid; error_log `+dir+`/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path `+dir+`; fastcgi_temp_path `+dir+`; proxy_temp_path `+dir+`; uwsgi_temp_path `+dir+`; scgi_temp_path `+dir+`;
  server {
    listen `+address+`; server_name example.org; root `+c.dir+`;
    location ~ \.php(/|$) {
      include /etc/nginx/fastcgi_params;
      fastcgi_split_path_info ^(.+?\.php)(/.*)?$;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param PATH_INFO $fastcgi_path_info;
      fastcgi_pass `+app+`;
    }
  }
}
`), 0o644)
	run(t, nginx, "tcp", address, "-c", dir+"/nginx.conf", "-e", dir+"/error.log")
	used := map[string]bool{}
	for _, q := range []struct {
		method, target, body string
		fields               []string
	}{
		{"GET", "/dump.php", "", nil},
		{"GET", "/dump.php/more/of%20it?a=b&c=%2F", "", []string{"Cookie: a=b", "Accept-Language: de", "X-Two-Words: x"}},
		{"POST", "/dump.php?x", "name=value", []string{"Content-Type: application/x-www-form-urlencoded", "Proxy: http://evil", "X_Real_IP: 1"}},
	} {
		dump := func(at string) map[string]string {
			r := phpRequest(t, &counter{address: at}, q.method, q.target, strings.NewReader(q.body), q.fields...)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			all := map[string]string{}
			for line := range strings.Lines(string(text)) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				all[name] = value
			}
			if all["SCRIPT_NAME"] != "/dump.php" {
				t.Fatalf("%s %s: %s", at, q.target, text)
			}
			return all
		}
		ours, theirs := dump(c.address), dump(address)
		names := maps.Clone(ours)
		maps.Copy(names, theirs)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			mine, here := ours[name]
			other, there := theirs[name]
			if mine == other && here == there || name == "REQUEST_TIME" || name == "REQUEST_TIME_FLOAT" {
				continue
			}
			used[name] = true
			if notAsNginx[name] == "" {
				t.Errorf("%s %s: %s is %q (%v) here, and %q (%v) with nginx", q.method, q.target, name, mine, here, other, there)
			}
		}
	}
	for name := range notAsNginx {
		if !used[name] {
			t.Errorf("%s does not differ", name)
		}
	}
}
