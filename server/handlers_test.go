package server

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/config"
)

// A program with a server inside gives its handlers names, and routes say which one answers. The header rules hold for
// what it answers.
func TestAProgramsOwnHandlerAnswers(t *testing.T) {
	signals := make(chan os.Signal, 1)
	ready, ended := make(chan string, 1), make(chan Ending, 1)
	load := func() (*config.Config, *config.Diagnostics) {
		return config.Parse([]byte(`
listen "127.0.0.1:0" {
}
control {
  off = true
}
log {
  off = true
}
site "localhost" {
  default = true
  header {
    set = { X-From = "rules" }
  }
  route "/api/*" {
    handler "api" {
    }
  }
}
`), "embedded.hcl", config.Options{})
	}
	go func() {
		ending, diags := Run(load, Options{Signals: signals, Ready: func(s *Server) { ready <- s.Addresses()[0].Bound.String() },
			Handlers: map[string]http.Handler{"api": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "you asked for %s", r.URL.Path)
			})}})
		if diags != nil {
			t.Errorf("%v", diags.All())
			close(ready)
		}
		ended <- ending
	}()
	address, ok := <-ready
	if !ok {
		return
	}
	r, err := http.Get("http://" + address + "/api/x")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != 200 || string(body) != "you asked for /api/x" || r.Header.Get("X-From") != "rules" {
		t.Errorf("%s, X-From %q: %q", r.Status, r.Header.Get("X-From"), body)
	}
	http.DefaultClient.CloseIdleConnections()
	signals <- sigTerminate
	<-ended
}

// check says what is dangerous about scripts.
func TestCheckWarnsAboutScriptsThatOthersMayBring(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"open", "script", "uploads", "safe"} {
		os.Mkdir(filepath.Join(dir, name), 0o755)
	}
	os.Chmod(filepath.Join(dir, "open"), 0o777)
	os.WriteFile(filepath.Join(dir, "script/a.cgi"), nil, 0o755)
	os.Chmod(filepath.Join(dir, "script/a.cgi"), 0o777)
	route := func(name, more string) string {
		return fmt.Sprintf("  route \"/%s/*\" {\n    root = %q\n    cgi {\n    }\n%s  }\n", name, filepath.Join(dir, name), more)
	}
	text := "listen \"127.0.0.1:0\" {\n}\nsite \"localhost\" {\n  default = true\n" + route("open", "") + route("script", "") +
		route("uploads", "    files {\n      methods = [\"GET\", \"PUT\"]\n    }\n") + route("safe", "") + "}\n"
	c, diags := config.Parse([]byte(text), "vitrine.hcl", config.Options{})
	if c == nil {
		t.Fatalf("%v", diags.All())
	}
	Lint(c, diags)
	var all strings.Builder
	for _, d := range diags.All() {
		fmt.Fprintln(&all, d)
	}
	for _, want := range []string{"may put a script into " + dir + "/open", "may change the script " + dir + "/script/a.cgi", "PUT to files is allowed there"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("there is no %q in\n%s", want, all.String())
		}
	}
	if os.Geteuid() == 0 && !strings.Contains(all.String(), "run as root") {
		t.Errorf("scripts run as root, and nothing says so:\n%s", all.String())
	}
	if strings.Contains(all.String(), dir+"/safe") {
		t.Errorf("something is wrong with what is right:\n%s", all.String())
	}
}
