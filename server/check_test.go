package server

import (
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/observe/terminal"
)

func TestExpectationsAreComparedOneByOne(t *testing.T) {
	for name, c := range map[string]struct{ expect, differs string }{
		"all of it": {`url = "/"
  status = 200
  site   = "a.test"
  file   = "/index.html"
  type   = "text/html; charset=utf-8"
  fields = { Server = "vitrine", X-None = "" }
  body   = "content of"
  reasons = ["site.by-host"]`, ""},
		"redirect":                   {"url = \"/go/x\"\n  location = \"/x\"\n  route = \"/go/*\"\n  status = 302", ""},
		"status":                     {"url = \"/nowhere\"\n  status = 200", "status: 200, not 404"},
		"type":                       {"url = \"/\"\n  type = \"text/plain\"", "type: text/plain, not text/html; charset=utf-8"},
		"file":                       {"url = \"/\"\n  file = \"other\"", "file: other, not index.html"},
		"route":                      {"url = \"/\"\n  route = \"/go/*\"", "route: /go/*, not "},
		"location":                   {"url = \"/go/x\"\n  location = \"/y\"", "location: /y, not /x"},
		"field":                      {"url = \"/\"\n  fields = { Server = \"\" }", "Server: , not vitrine"},
		"body":                       {"url = \"/\"\n  body = \"none of it\"", "body: text that contains \"none of it\", not \"content of site/index.html\""},
		"reason":                     {"url = \"/\"\n  reasons = [\"site.redirect\"]", "reasons: site.redirect, not not among the decisions"},
		"sent field":                 {"url = \"/\"\n  send = { Range = \"bytes=0-1\" }\n  status = 206", ""},
		"refused":                    {"url = \"/\"\n  from = \"192.0.2.1\"\n  reasons = [\"accept.denied\"]", ""},
		"refused, and more expected": {"url = \"/\"\n  from = \"192.0.2.1\"\n  status = 403", "answer: an answer, not the connection is refused"},
		"another port":               {"url = \"http://a.test:1/\"\n  status = 200", "answer: an answer, not the connection is refused"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, diags := parsed(t, `
listen ":8080" {
  clients {
    deny = ["192.0.2.0/24"]
  }
}
site "a.test" {
  root = "site"
  route "/go/*" {
    redirect "/{path.tail}" {}
  }
  expect "it" {
  `+c.expect+`
  }
}
`, "site/index.html")
			results := Expect(cfg, diags)
			if len(results) != 1 {
				t.Fatalf("%d results", len(results))
			}
			var differs []string
			for _, d := range results[0].Differences {
				differs = append(differs, d.What+": "+d.Want+", not "+d.Got)
			}
			if got := strings.Join(differs, "; "); got != c.differs {
				t.Errorf("it differs in %q, not in %q", got, c.differs)
			}
			text := string(AppendExpected(nil, &results[0], terminal.Style{}))
			if (text == "") != (c.differs == "") || c.differs != "" && !strings.Contains(text, "because") {
				t.Errorf("it is told as\n%s", text)
			}
		})
	}
}

func TestWhatIsLegalAndProbablyNotMeantIsWarnedAbout(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		warns []string
	}{
		"nothing": {`route "/a" {
    redirect "/b" {}
  }`, nil},
		"a route behind a wider one": {`route "/a/*" {
    respond {}
  }
  route "/a/b" {
    respond {}
  }`, []string{`the route "/a/b" can never answer`}},
		"a redirect to itself": {`route "/a" {
    redirect "/a" {}
  }`, []string{"this redirect leads back to itself"}},
		"no index": {`files {
    index = ["other.html"]
  }`, []string{"the front page is an error"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, diags := parsed(t, "listen \":8080\" {}\nsite \"a.test\" {\n  root = \"site\"\n  "+c.text+"\n}\n", "site/index.html")
			Lint(cfg, diags)
			holds(t, diags, c.warns)
		})
	}
}

// holds compares warnings by how they begin.
func holds(t *testing.T, diags *config.Diagnostics, want []string) {
	t.Helper()
	warnings := diags.Warnings()
	ok := len(warnings) == len(want) && !diags.HasErrors()
	for i := range want {
		ok = ok && strings.HasPrefix(warnings[i].Summary, want[i])
	}
	if !ok {
		t.Errorf("got %v, not %q", diags.All(), want)
	}
}

func TestClientsRulesThatDecideNothingAreWarnedAbout(t *testing.T) {
	for rules, want := range map[string][]string{
		`allow = ["192.0.2.0/24"]`: nil,
		`allow = ["192.0.2.0/24"]
    deny = ["192.0.2.7"]`: nil,
		`deny = ["192.0.2.0/24"]
    allow = ["192.0.2.7"]`: {"denying 192.0.2.0/24 changes nothing"}, // nobody else may connect anyway
		`allow = ["192.0.2.7"]
    deny = ["192.0.2.7"]`: {"192.0.2.7 is allowed and denied, and deny wins"},
		`allow = ["192.0.2.0/24", "192.0.2.7"]`: {"192.0.2.7 changes nothing: 192.0.2.0/24 contains it"},
		`deny = ["192.0.2.7", "192.0.2.7"]`:     {"192.0.2.7 is listed twice"},
		`allow = ["192.0.2.0/24"]
    deny = ["10.0.0.0/8"]`: {"denying 10.0.0.0/8 changes nothing"},
	} {
		cfg, diags := parsed(t, "listen \":8080\" {\n  clients {\n    "+rules+"\n  }\n}\nsite \"a.test\" {\n  route \"/*\" {\n    respond {}\n  }\n}\n")
		Lint(cfg, diags)
		holds(t, diags, want)
	}
}

func TestWhatIsBelowARootAndShouldNotBeIsWarnedAbout(t *testing.T) {
	cfg, diags := parsed(t, `
listen ":8080" {}
log {
  file = "site/logs/access.log"
}
error_log {
  file = "site/.logs/error.log"
}
site "a.test" {
  root = "site"
}
site "b.test" {
  root = "."
}
`, "site/index.html", "index.html", "site/logs/x", "site/.logs/x")
	Lint(cfg, diags)
	holds(t, diags, []string{
		"everybody can read the access log: ", "everybody can read the configuration: ", "everybody can read the access log: ",
	})
}

func TestBoundsAreGivenToTheEngineAsItUnderstandsThem(t *testing.T) {
	cfg, _ := parsed(t, `
listen ":8080" {}
limits {
  body_bytes = 10
}
timeouts {
  keep_alive = 0
  linger     = 0
}
log {
  off = true
}
site "a.test" {
  route "/*" {
    body_bytes = 99
    respond {}
    log {
      off    = false
      format = "json"
    }
  }
}
`)
	s := settings(cfg)
	if s.RequestsPerConnection != 1 {
		t.Errorf("without a keep-alive time, %d requests are answered on a connection", s.RequestsPerConnection)
	}
	if s.LingerTimeout <= 0 || s.LingerTimeout > time.Millisecond {
		t.Errorf("no lingering is %v", s.LingerTimeout)
	}
	if s.BodyBytes != 99 {
		t.Errorf("the longest body that some route takes is %d", s.BodyBytes)
	}
	if !s.Timed {
		t.Error("a log that tells the time needs it")
	}
}
