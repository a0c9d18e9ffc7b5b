package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

func TestWithoutSettingsTheDefaultsHold(t *testing.T) {
	c := mustParse(t, "listen \":80\" {\n}\nsite \"a.example\" {\n  root = \"/srv\"\n}\n")
	s := c.Sites[0].Settings
	for name, ok := range map[string]bool{
		"a loop a core":                       c.IO.V == "events-per-core" && c.Loops.V == 0,
		"32 KiB of header":                    c.Limits.HeaderBytes.V == 32<<10 && c.Limits.HeaderCount.V == 100,
		"1 GiB of body":                       c.Limits.BodyBytes.V == 1<<30 && s.BodyBytes.V == 1<<30,
		"75 s of keep-alive":                  c.Timeouts.KeepAlive.V == 75*time.Second,
		"files are looked at each second":     c.Memory.Fresh.V == time.Second,
		"combined lines on standard output":   c.Access.Format.V == "combined" && c.Access.File.V == "stdout" && s.Access.Format.V == "combined",
		"no rotation":                         c.Access.Rotate.Size.V == 0 && c.Access.Rotate.Age.V == 0,
		"index.html, no listing, nothing dot": len(s.Files.Index) == 1 && s.Files.Index[0].V == "index.html" && !s.Files.Listing.V && !s.Files.Hidden.V,
		"plain answers for what is missing":   s.Files.Missing == nil,
		"UTF-8":                               s.Types.Charset.V == "utf-8" && s.Types.Default.V == "application/octet-stream" && s.Types.Explicit == nil,
		"a name":                              c.Server.V == "vitrine",
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
}

func TestAnInnerBlockInheritsWhatItDoesNotSay(t *testing.T) {
	c := mustParse(t, `
listen ":80" {
}
files {
  index = ["top"]
  missing "/gone" {
  }
}
log {
  file   = "/var/log/all"
  custom = "{uri}"
}
types {
  extensions = { a = "text/a", b = "text/b" }
}
header {
  set = { A = "top" }
}
limits {
  body_bytes = 5
}
site "a.example" {
  root = "/site"
  files {
    listing = true
  }
  log {
    format = "json"
  }
  types {
    extensions = { B = "text/site" }
  }
  header {
    set = { A = "site" }
  }
  route "/one" {
    root = "/route"
    files {
      index = []
      missing "/other" {
        status = 200
      }
    }
    header {
      remove = ["A"]
    }
    body_bytes = 7
  }
  route "/two" {
  }
  route "/three" {
    respond {
    }
  }
}
site "b.example" {
  root = "/other"
}
`)
	site, other := c.Sites[0], c.Sites[1]
	one, two, three := site.Routes[0].Settings, site.Routes[1].Settings, site.Routes[2].Settings
	for name, ok := range map[string]bool{
		"files are inherited setting by setting":      site.Settings.Files.Index[0].V == "top" && site.Settings.Files.Listing.V && site.Settings.Files.Missing.Path.V == "/gone",
		"a list is replaced, be it by an empty one":   len(one.Files.Index) == 0 && one.Files.Listing.V,
		"missing is replaced whole":                   one.Files.Missing.Path.V == "/other" && one.Files.Missing.Status.V == 200,
		"and inherited whole":                         two.Files.Missing.Path.V == "/gone" && two.Files.Missing.Status.V == 404,
		"the root is inherited":                       one.Root.V == "/route" && two.Root.V == "/site",
		"but not by a route that answers in its way":  three.Root == nil,
		"logs are inherited setting by setting":       site.Settings.Access.Format.V == "json" && site.Settings.Access.File.V == "/var/log/all",
		"the top level keeps its own":                 c.Access.Format.V == "custom" && other.Settings.Access.Format.V == "custom",
		"extensions are inherited one by one":         two.Types.Extensions["a"].V == "text/a" && two.Types.Extensions["b"].V == "text/site",
		"without touching another site's":             other.Settings.Types.Extensions["b"].V == "text/b",
		"header rules come from the outside in":       len(one.Headers) == 3 && one.Headers[0].Value.Source() == "top" && one.Headers[1].Value.Source() == "site" && one.Headers[2].Action == HeaderRemove,
		"and do not leak into the next route":         len(two.Headers) == 2 && len(other.Settings.Headers) == 1,
		"the bound of a body comes from the limits":   two.BodyBytes.V == 5 && one.BodyBytes.V == 7,
		"a route's settings do not change its site's": site.Settings.Files.Missing.Path.V == "/gone" && len(site.Settings.Headers) == 2,
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
}

func TestNamesAddressesAndPathsAreNormal(t *testing.T) {
	c := mustParse(t, `
listen ":80" {
  clients {
    allow = ["192.0.2.1", "2001:db8::/32", "::ffff:192.0.2.2"]
  }
}
site "EXAMPLE.org." "*.Bücher.example" "2001:DB8:0::1" "192.0.2.1" {
  root = "www/../public"
  address = ["[::ffff:198.18.0.1]:80"]
  expect "relative" {
    url = "/x?y"
    site = "bücher.example"
    status = 200
  }
}
site "bücher.example" {
  root = "x"
}
`)
	var hosts []string
	for _, h := range c.Sites[0].Hosts {
		hosts = append(hosts, h.V)
	}
	if want := []string{"example.org", "*.xn--bcher-kva.example", "[2001:db8::1]", "192.0.2.1"}; !slices.Equal(hosts, want) {
		t.Errorf("the hosts are %q, want %q", hosts, want)
	}
	if got := c.Sites[0].Address[0].V; got != netip.MustParseAddrPort("198.18.0.1:80") {
		t.Errorf("the address is %v", got)
	}
	here, _ := os.Getwd()
	if got := c.Sites[0].Settings.Root.V; got != filepath.Join(here, "public") {
		t.Errorf("the root is %s", got)
	}
	allow := c.Listens[0].Clients.Allow
	if allow[0].V != netip.MustParsePrefix("192.0.2.1/32") || allow[2].V != netip.MustParsePrefix("192.0.2.2/32") {
		t.Errorf("the clients are %v", allow)
	}
	if e := c.Expects[0]; e.URL.V != "http://example.org/x?y" || e.Site.V != "xn--bcher-kva.example" {
		t.Errorf("the expectation is about %s of %s", e.URL.V, e.Site.V)
	}
}

func TestWhatIsLegalAndUsefulIsAccepted(t *testing.T) {
	for name, text := range map[string]string{
		"sites share an address that both name":      "site \"a\" {\n root = \"/\"\n listen \":81\" {\n }\n}\nsite \"b\" {\n root = \"/\"\n listen \":81\" {\n }\n}\n",
		"one host on two listeners":                  "site \"a\" {\n root = \"/\"\n listen \":81\" {\n }\n}\nsite \"a\" {\n root = \"/\"\n listen \":82\" {\n }\n}\n",
		"a default site for each listener":           "site {\n default = true\n root = \"/\"\n listen \":81\" {\n }\n}\nsite {\n default = true\n root = \"/\"\n listen \":82\" {\n }\n}\n",
		"a site chosen by address only":              "listen \":80\" {\n}\nsite {\n address = [\"192.0.2.1:0\"]\n root = \"/\"\n}\n",
		"null is as if it were not written":          "listen \":80\" {\n}\nio = null\nsite \"a\" {\n root = \"/\"\n files {\n  index = null\n }\n}\n",
		"methods nobody knows":                       "listen \":80\" {\n}\nsite \"a\" {\n root = \"/\"\n route \"/dav/*\" {\n  methods = [\"PROPFIND\", \"MKCOL\"]\n }\n}\n",
		"patterns with escapes and stars":            "listen \":80\" {\n}\nsite \"a\" {\n root = \"/\"\n route \"/%7Buser%7D/**/*.php\" {\n }\n route \"/a**z/\" {\n }\n}\n",
		"a text that is a number":                    "listen \":80\" {\n}\nloops = \"2\"\nsite \"a\" {\n root = \"/\"\n types {\n  charset = 7\n }\n}\n",
		"a redirect to a URL made of placeholders":   "listen \":80\" {\n}\nsite \"a\" {\n route \"/x\" {\n  redirect \"{scheme}://www.{host}{uri}\" {\n  }\n }\n}\n",
		"names and values computed by an expression": "listen \":80\" {\n}\nlocals {\n all = { A = \"1\" }\n}\nsite \"a\" {\n root = \"/\"\n header {\n  set = merge(local.all, { B = \"{path}\" })\n  remove = [for n in [\"x\", \"y\"] : upper(n)]\n }\n}\n",
	} {
		t.Run(name, func(t *testing.T) { mustParse(t, text) })
	}
}

func TestComputedNamesAndValuesStandWhereTheExpressionStands(t *testing.T) {
	c := mustParse(t, "listen \":80\" {\n}\nsite \"a\" {\n  root = \"/\"\n  header {\n    set = merge({ B = \"2\" }, { A = \"1\" })\n  }\n}\n")
	for i, name := range []string{"A", "B"} {
		if h := c.Sites[0].Settings.Headers[i]; h.Name != name || h.Pos.Line != 6 || h.Pos.Column != 11 {
			t.Errorf("rule %d is %s at %v", i, h.Name, h.Pos)
		}
	}
}

func TestFindLooksInThreePlacesAndNamesThem(t *testing.T) {
	here, home := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	path, tried := Find(here)
	want := []string{filepath.Join(here, Name), filepath.Join(home, "vitrine", Name), "/etc/vitrine/vitrine.hcl"}
	if path == "" && !slices.Equal(tried, want) {
		t.Errorf("tried %q, want %q", tried, want)
	}
	write := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i >= 0; i-- {
		write(want[i])
		if path, _ := Find(here); path != want[i] {
			t.Errorf("found %q, want %q", path, want[i])
		}
	}
}

func TestServeNeedsNoFile(t *testing.T) {
	root := t.TempDir()
	no := false
	c := Default(ServeOptions{Root: root, Listen: []string{"127.0.0.1:0"}, Log: "json", Listing: &no})
	s := c.Sites[0]
	for name, ok := range map[string]bool{
		"the folder is served to every host":    s.Settings.Root.V == root && s.Default.V && s.Settings.Root.Pos == trace.Position{File: "vitrine serve DIR", Origin: trace.Flag},
		"the flag says where":                   c.Listens[0].Addresses[0].V == "127.0.0.1:0" && c.Listens[0].Addresses[0].Pos.String() == "--listen",
		"the log's format is the flag's":        c.Access.Format.V == "json" && s.Settings.Access.Format.V == "json",
		"listings are off when the flag says":   !s.Settings.Files.Listing.V,
		"what no flag says is a default":        c.IO.Pos.Origin == trace.Default && c.IO.V == "events-per-core",
		"without flags there are listings":      Default(ServeOptions{}).Sites[0].Settings.Files.Listing.V,
		"a person gets readable lines":          Default(ServeOptions{Terminal: true}).Access.Format.V == "readable",
		"a file gets combined ones":             Default(ServeOptions{}).Access.Format.V == "combined",
		"the listener has the schema's backlog": c.Listens[0].Backlog.V == 4096,
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
	if ds := (ServeOptions{Root: root, Listen: []string{":0"}, IO: "pool", Log: "off"}).Check(); ds.HasErrors() {
		t.Errorf("good options are refused: %v", ds)
	}
	ds := ServeOptions{Root: filepath.Join(root, "nowhere"), Listen: []string{"8080"}, IO: "pol", Log: "custom"}.Check()
	var all []string
	for _, d := range ds.Errors() {
		all = append(all, d.String())
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{`--listen: error: the address "8080" lacks a colon`, `--io: error: there is no "pol"; did you mean "pool"?`, `--log: error: there is no "custom"`, `error: there is no "nowhere" in `} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, path := range []string{"testdata/good/full.hcl", "testdata/good/full.json"} {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, strings.HasSuffix(path, ".json"))
	}
	found, _ := filepath.Glob("testdata/*.*")
	for _, path := range found {
		if src, err := os.ReadFile(path); err == nil && !strings.HasSuffix(path, ".txt") {
			f.Add(src, strings.HasSuffix(path, ".json"))
		}
	}
	opt := Options{
		Env: environment, ReasonIDs: reasonIDs, NoFiles: true,
		Glob:     func(string) ([]string, error) { return nil, nil },
		ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist },
	}
	f.Fuzz(func(t *testing.T, src []byte, isJSON bool) {
		name := "fuzz.hcl"
		if isJSON {
			name = "fuzz.json"
		}
		c, ds := Parse(src, name, opt)
		if (c == nil) != ds.HasErrors() {
			t.Fatalf("a configuration: %v, and %v", c != nil, ds)
		}
		for _, d := range ds.All() {
			if d.Summary == "" || d.Pos.Line > 1+strings.Count(string(src), "\n") {
				t.Fatalf("an empty or misplaced message: %+v", d)
			}
		}
		var out strings.Builder
		if err := ds.Write(&out, 80, false); err != nil {
			t.Fatal(err)
		}
		if c == nil {
			return
		}
		again, ds := Parse(c.HCL(), "again.hcl", opt)
		if again == nil {
			t.Fatalf("what was written is refused: %v\n%s", ds, c.HCL())
		}
		if string(bare(again)) != string(bare(c)) {
			t.Fatalf("another configuration came back\n%s\n%s", c.HCL(), firstDifference(bare(again), bare(c)))
		}
	})
}
