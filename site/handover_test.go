//go:build linux

package site

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"vitrine/web/serve"
)

const handoverSite = `
site "example.org" {
  root = "$ROOT/www"
  ssi {
  }
  route "/ext/*" {
    root         = "$ROOT/cgi"
    strip_prefix = "/ext"
    cgi {
      extensions     = [".cgi"]
      send_file      = ["$ROOT/private"]
      accel_redirect = ["/protected/"]
    }
  }
  route "/protected/*" {
    internal     = true
    root         = "$ROOT/private"
    strip_prefix = "/protected"
    cgi {
      extensions = [".cgi"]
    }
  }
  route "/cgi/*" {
    root         = "$ROOT/cgi"
    strip_prefix = "/cgi"
    cgi {
      send_file      = ["$ROOT/private"]
      accel_redirect = ["/protected/"]
    }
  }
  route "/none/*" {
    root         = "$ROOT/cgi"
    strip_prefix = "/none"
    cgi {
    }
  }
  route "/app/*" {
    root         = "$ROOT/www"
    strip_prefix = "/app"
    fastcgi "$APP" {
      front          = "/index.php"
      send_file      = ["$ROOT/private"]
      accel_redirect = ["/protected/"]
    }
  }
}
`

// What scripts and applications hand over to is the same, and the fields that nginx keeps win over those of the file.
func TestScriptsAndApplicationsHandOverAlike(t *testing.T) {
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		head, _ := base64.StdEncoding.DecodeString(r.URL.RawQuery)
		for line := range strings.Lines(string(head)) {
			line = strings.TrimSuffix(line, "\n")
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Add(name, value)
		}
		io.WriteString(w, "own body")
	})
	const script = "#!/bin/sh\necho Content-Type: text/x-inner\necho Cache-Control: inner\necho Set-Cookie: c=d\necho\nprintf 'inner script'"
	c := newCounter(t, serve.EventsPerCore, app, map[string]string{
		"www/index.php":        "",
		"cgi/say":              "#!/bin/sh\necho \"$QUERY_STRING\" | base64 -d\necho\nprintf 'own body'",
		"cgi/say.cgi":          "#!/bin/sh\necho \"$QUERY_STRING\" | base64 -d\necho\nprintf 'own body'",
		"cgi/flood":            "#!/bin/sh\necho X-Accel-Redirect: /protected/report.pdf\necho\nexec cat /dev/zero",
		"private/report.pdf":   "%PDF-0123456789",
		"private/x.cgi":        script,
		"private/sub/more.txt": "more",
		"private/say":          "not the script of this name",
		"private/index.php":    "uploaded index.php",
		"private/up.php.txt":   "uploaded up.php.txt",
		"private/up.shtml":     `<!--#include virtual="/protected/report.pdf" -->`,
		"secret.txt":           "secret",
	}, handoverSite)
	file := c.dir + "/private/report.pdf"
	for _, by := range []string{"/cgi/say", "/ext/say.cgi", "/app/x", "/none/say"} {
		for _, test := range []struct {
			head   string
			status int
			body   string
			fields []string // of the request
			want   []string // of the response
		}{
			{"X-Accel-Redirect: /protected/report.pdf&Content-Type: application/x-own", 200, "%PDF-0123456789", nil, []string{"Content-Type: application/x-own"}},
			{"X-Accel-Redirect: /protected/report.pdf&Content-Type: a/b&Content-Disposition: attachment&Set-Cookie: a=b&Cache-Control: private&Expires: 0&X-Other: gone&Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT", 200, "%PDF-0123456789", nil,
				[]string{"Content-Type: a/b", "Content-Disposition: attachment", "Set-Cookie: a=b", "Cache-Control: private", "Expires: 0", "X-Other: ", "Accept-Ranges: bytes"}},
			{"X-Accel-Redirect: /protected/report.pdf&Content-Type: a/b", 206, "PDF", []string{"Range: bytes=1-3"}, []string{"Content-Type: a/b"}},
			{"X-Accel-Redirect: /protected/report.pdf&Content-Type: a/b&Accept-Ranges: none", 200, "%PDF-0123456789", []string{"Range: bytes=1-3"}, []string{"Accept-Ranges: none"}},
			{"X-Accel-Redirect: /protected/x.cgi&Content-Type: a/b&Cache-Control: outer&Set-Cookie: a=b", 200, "inner script", nil,
				[]string{"Content-Type: text/x-inner", "Cache-Control: inner", "Set-Cookie: a=b|c=d"}},
			{"X-Accel-Redirect: /protected/nothing&Content-Type: a/b", 404, "", nil, nil},
			{"X-Sendfile: " + file + "&Content-Type: a/b&X-Other: gone", 200, "%PDF-0123456789", nil, []string{"Content-Type: a/b", "X-Other: "}},
			{"X-Sendfile: " + file + "&Content-Type: a/b", 206, "PDF", []string{"Range: bytes=1-3"}, nil},
			// what is uploaded, for example, is sent as it is, whatever its name means elsewhere
			{"X-Sendfile: " + c.dir + "/private/x.cgi&Content-Type: a/b", 200, script, nil, []string{"Content-Type: a/b"}},
			{"X-Sendfile: " + c.dir + "/private/say&Content-Type: a/b", 200, "not the script of this name", nil, nil},
			{"X-Sendfile: " + c.dir + "/private/index.php&Content-Type: a/b", 200, "uploaded index.php", nil, nil},
			{"X-Sendfile: " + c.dir + "/private/up.php.txt&Content-Type: a/b", 200, "uploaded up.php.txt", nil, nil},
			{"X-Sendfile: " + c.dir + "/private/up.shtml&Content-Type: a/b", 200, `<!--#include virtual="/protected/report.pdf" -->`, nil, nil},
			{"X-Sendfile: " + c.dir + "/private/sub&Content-Type: a/b", 404, "", nil, nil},
			{"X-Sendfile: " + c.dir + "/private/../secret.txt&Content-Type: a/b", 200, "own body", nil, nil},
			{"X-Sendfile: " + c.dir + "/secret.txt&Content-Type: a/b", 200, "own body", nil, nil},
			{"X-Accel-Redirect: /protected/../secret.txt&Content-Type: a/b", 200, "own body", nil, nil},
			{"X-Accel-Redirect: /other&Content-Type: a/b", 200, "own body", nil, nil},
		} {
			query := base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(test.head, "&", "\n") + "\n"))
			status, header, body := c.ask("GET", by+"?"+query, nil, test.fields...)
			if by == "/none/say" {
				if status != 200 || body != "own body" {
					t.Errorf("%s %s: %d %q where nothing is allowed", by, test.head, status, body)
				}
				continue
			}
			if status != test.status || test.body != "" && body != test.body {
				t.Errorf("%s %s: %d %q, want %d %q", by, test.head, status, body, test.status, test.body)
			}
			for _, line := range test.want {
				name, value, _ := strings.Cut(line, ": ")
				if got := strings.Join(header.Values(name), "|"); got != value {
					t.Errorf("%s %s: %s is %q, want %q", by, test.head, name, got, value)
				}
			}
		}
	}
	if status, _, body := c.ask("GET", "/cgi/flood", nil); status != 200 || body != "%PDF-0123456789" {
		t.Errorf("a script whose own body has no end: %d %q", status, body)
	}
	if told := c.errors(); !strings.Contains(told, "X-Sendfile: "+c.dir+"/secret.txt") || !strings.Contains(told, "X-Accel-Redirect: /other") {
		t.Errorf("told: %s", told)
	}
}
