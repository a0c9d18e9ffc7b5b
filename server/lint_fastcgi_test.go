package server

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASocketThatNobodyListensAtIsWarnedAbout(t *testing.T) {
	dir, err := os.MkdirTemp("", "app") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	cfg, diags := parsed(t, strings.ReplaceAll(`
listen ":8080" {}
site "a.test" {
  root = "site"
  route "/app/*" {
    fastcgi "unix:PATH" {}
  }
  route "/*" {
    fastcgi "unix:PATH" {}
  }
}
`, "PATH", path), "site/index.php")
	if isDead(path) {
		t.Error("a socket that is not there is called dead")
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if isDead(path) {
		t.Error("a socket at which somebody listens is called dead")
	}
	l.SetUnlinkOnClose(false)
	l.Close() // what a program leaves that was killed
	one := linter{cfg, diags}
	one.applications()
	found := 0
	for _, w := range diags.Warnings() {
		if strings.Contains(w.Summary, "is left of a program that has ended") {
			found++
		}
	}
	if found != 1 {
		t.Errorf("of two routes with the same dead socket the warnings are %v", diags.Warnings())
	}
}
