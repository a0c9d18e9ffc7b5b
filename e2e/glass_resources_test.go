package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vitrine/observe/glass/api"
)

// resourcesConfig is a server whose answers are made in each way: of variants and encoded, by a script, put together of
// parts, and only for some.
const resourcesConfig = `
listen "ADDR" {}
log {
  off = true
}
admin "ADMIN" {
}
journeys {
  most = 0
}
header {
  set = { Vitrine-Journey = "{journey}" }
}
proxies {
  trusted = ["127.0.0.0/8", "198.18.0.0/15"]
}
site "shop.test" {
  default = true
  root    = "site"
  negotiate {
    variants  = true
    languages = ["en", "ko"]
  }
  compress { # compress
    min_size = "16B"
  }
  ssi { # ssi
  }
  route "/cgi-bin/*" {
    root         = "scripts"
    strip_prefix = "/cgi-bin"
    cgi { # cgi
    }
  }
  route "/inside" {
    access {
      allow = ["192.0.2.0/24"] # allow
    }
    respond {
      body = "inside\n"
    }
  }
  route "/account" {
    access {
      auth "basic" {
        realm = "accounts"
        file  = "passwords"
      }
    }
    respond { # account
      body = "hello {user}\n"
    }
  }
}
`

// TestGlassResources: the page tells of variants and codings, scripts, parts of pages, users and clients behind a proxy.
func TestGlassResources(t *testing.T) {
	g := glaze(t, kernelNetwork, resourcesConfig, "",
		file{"passwords", // secretCookie is hers
			"alice:$2a$04$/cjjOjMyFunR8K01BJg0d.qd6FnfHNq.4DUJn3yHISoz3brHTk.Pi\n"},
		file{"scripts/hello", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello from a script\\n'\n"},
		file{"site/page.html.en", strings.Repeat("<p>in English</p>\n", 100)},
		file{"site/page.html.ko", strings.Repeat("<p>한국어</p>\n", 100)},
		file{"site/whole.shtml", "<!--#include virtual=\"/part.txt\" -->|<!--#include virtual=\"/cgi-bin/hello\" -->\n"},
		file{"site/part.txt", "a part\n"})
	basic := http.Header{}
	r := &http.Request{Header: basic}
	r.SetBasicAuth("alice", secretCookie)
	all := map[string]wanted{
		"coded":  {target: "/page", header: http.Header{"Accept-Language": {"ko"}, "Accept-Encoding": {"gzip"}}, status: 200, reason: "content.whole"},
		"script": {target: "/cgi-bin/hello", status: 200, reason: "cgi.answered", line: "cgi"},
		"page":   {target: "/whole.shtml", status: 200, reason: "site.include-", line: "ssi"}, // whole, or streamed by a slow machine
		"denied": {target: "/inside", header: http.Header{"X-Forwarded-For": {"203.0.113.77"}}, status: 403, reason: "access.elsewhere", line: "allow"},
		"user":   {target: "/account", header: basic, status: 200, reason: "site.respond", line: "account"},
	}
	b := g.browse(t, "http://"+g.admin)
	stories := make(map[string]*api.Journey)
	for _, name := range []string{"coded", "script", "page", "denied", "user"} {
		w := all[name]
		w.method, w.host = "GET", "shop.test"
		s := g.send(t, g.http, w)
		j := g.recorded(t, s.id)
		stories[name] = j
		if !strings.HasPrefix(j.Reason, w.reason) || w.line != "" && !strings.Contains(j.Position, g.line(t, w.line)+":") {
			t.Errorf("%s: %s by %s, not %s by %s", w.target, j.Reason, j.Position, w.reason, g.line(t, w.line))
		}
		b.open("#/journeys/" + j.ID)
		b.has(".jverdict", fmt.Sprint(w.status))
		b.has(".jverdict", j.Reason)
		b.await(`document.querySelectorAll('.way .station').length === 11`)
		b.shoot("test-resources-" + name)
	}
	layer := func(j *api.Journey, name string) api.Layer {
		for _, l := range j.Layers {
			if l.Name == name {
				return l
			}
		}
		t.Fatalf("no layer %s", name)
		return api.Layer{}
	}
	for _, c := range []struct{ journey, layer, text string }{
		{"coded", "response", "encoded as gzip"}, {"coded", "response", "chosen by what the client accepts"},
		{"script", "upstream", "status"}, {"page", "site", "2 parts of the page"}, {"page", "response", "directives"},
		{"denied", "site", "client 203.0.113.77 through a trusted proxy"}, {"user", "site", "user alice"},
	} {
		if l := layer(stories[c.journey], c.layer); !l.Used || !strings.Contains(l.Text, c.text) {
			t.Errorf("%s: the layer %s says %q, not %q", c.journey, c.layer, l.Text, c.text)
		}
	}
	if up := layer(stories["script"], "upstream"); len(up.Marks) != 3 || up.Marks[0].AtUS > up.Marks[2].AtUS || up.Reason == nil || up.Reason.ID != "cgi.answered" {
		t.Errorf("the script's times are %+v", up)
	}
	if up := layer(stories["denied"], "upstream"); up.Used {
		t.Errorf("nobody was asked, and the page says %+v", up)
	}
	if j := stories["denied"]; j.Client != "203.0.113.77" || j.Peer == "" {
		t.Errorf("the client is %q through %q", j.Client, j.Peer)
	}
	if j := stories["user"]; j.User != "alice" {
		t.Errorf("the user is %q", j.User)
	}
	untold(t, "a journey with a password", g.raw(t, "/api/journeys/"+stories["user"].ID))

	for filter, name := range map[string]string{"client:203.0.113.77": "denied", "user:alice": "user", "reason:cgi.answered path:/cgi-bin/*": "script"} {
		b.open("#/journeys")
		b.filter(filter)
		b.listed(stories[name].ID)
	}
	b.open("#/explain?url=http%3A%2F%2Fshop.test%2Fcgi-bin%2Fhello")
	b.has(".view", "would be run")
	b.leave()
	g.stop(t)
}
