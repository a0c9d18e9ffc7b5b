package site

import (
	"testing"
)

func TestCodedRequestsAreRefusedWhereNobodyDecodesThem(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, `
site "example.org" {
  root = "$ROOT"
  files {
    methods = ["GET", "POST"]
  }
  route "/fixed" {
    respond {
      body = "x"
    }
  }
}
`)
	for _, path := range []string{"/fixed", "/page.html"} {
		r := w.ask(t, "POST "+path+"\nContent-Length: 3\nContent-Encoding: gzip")
		if r.status != 415 || r.get("Accept-Encoding") != "identity" {
			t.Errorf("%s: %d, Accept-Encoding %q", path, r.status, r.get("Accept-Encoding"))
		}
		if r := w.ask(t, "POST "+path+"\nContent-Length: 3\nContent-Encoding: identity"); r.status != 200 {
			t.Errorf("%s: identity gives %d", path, r.status)
		}
		if r := w.ask(t, "GET "+path+"\nContent-Encoding: gzip"); r.status != 200 {
			t.Errorf("%s: no body gives %d", path, r.status)
		}
	}
}
