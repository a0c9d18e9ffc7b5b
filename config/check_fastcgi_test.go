package config

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestASocketThatIsNotThereIsLookedForBeside(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "php8.2-fpm.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, ds := Parse([]byte(`listen ":80" {
}
site "example.org" {
  root = "`+dir+`"
  route "/*" {
    fastcgi "unix:`+dir+`/php-fpm.sock" {
    }
  }
}
`), "vitrine.hcl", Options{})
	for _, d := range ds.All() {
		if strings.Contains(d.Summary, "nobody listens") && strings.HasSuffix(d.Hint, "there is "+filepath.Join(dir, "php8.2-fpm.sock")) {
			return
		}
	}
	t.Errorf("%v", ds.All())
}
