package config

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vitrine/trace"
)

const positions = `io = "events"
locals {
  data = "/srv"
  home = env.HOST
}
log {
  file = "/var/log/${env.HOST}"
}
files {
  index = ["a",
    "b"]
}
listen ":80" ":81" {
}
site "a.example" {
  root = local.data
  header {
    set = {
      A = "1"
      B = env("HOST", "none")
    }
  }
  types {
    default = "text/${local.home}"
  }
  route "/x" {
    root = (env.LISTING == "true" ? "/on" : "/off")
  }
}
server = env("HOST", "none")
`

// where is a Position as "line:column origin", with its source behind it.
func where(pos trace.Position) string {
	text := strings.TrimPrefix(pos.String(), pos.File+":") + " " + pos.Origin.String()
	if pos.Source != nil {
		text += " <- " + where(*pos.Source)
	}
	return text
}

func TestEveryValueKnowsItsPlace(t *testing.T) {
	c := mustParse(t, positions)
	s := c.Sites[0]
	r := s.Routes[0]
	for name, test := range map[string]struct {
		pos  trace.Position
		want string
	}{
		"a setting stands where its value begins":  {c.IO.Pos, "1:6 written"},
		"a default stands nowhere":                 {c.Loops.Pos, "default default"},
		"a label has its own place":                {c.Listens[0].Addresses[1].Pos, "13:14 written"},
		"a block stands where its name begins":     {s.Pos, "15:1 written"},
		"an element of a list has its own place":   {c.Base.Files.Index[1].Pos, "11:5 written"},
		"a local keeps use and definition":         {s.Settings.Root.Pos, "16:10 written <- 3:3 written"},
		"a local may come from the environment":    {s.Settings.Types.Default.Pos, "24:15 written <- 4:3 environment"},
		"the environment may be inside a text":     {c.Access.File.Pos, "7:10 environment <- 7:22 environment"},
		"a variable may decide and not be a part":  {r.Settings.Root.Pos, "27:12 environment <- 27:13 environment"},
		"a header rule stands where its name is":   {s.Settings.Headers[1].Pos, "20:7 written"},
		"the function env reads the environment":   {c.Server.Pos, "30:10 environment"},
		"a site inherits from the top level":       {s.Settings.Files.Index[0].Pos, "10:12 inherited"},
		"what is inherited keeps where it is from": {r.Settings.Access.File.Pos, "7:10 inherited <- 7:22 environment"},
		"a route inherits from its site":           {r.Settings.Headers[0].Pos, "19:7 inherited"},
		"an inherited default is a default":        {r.Settings.Files.Listing.Pos, "default default"},
		"a body's bound comes from the limits":     {r.Settings.BodyBytes.Pos, "default default"},
	} {
		if got := where(test.pos); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestAnIncludedFileSaysSoAndSeesTheLocalsOfTheOther(t *testing.T) {
	files := map[string]string{
		"/etc/v/main.hcl":       "include = [\"*.hcl\"]\nlocals {\n  port = 80\n  base = \"www\"\n}\nlisten {\n  addresses = [\":${local.port}\"]\n}\n",
		"/etc/v/sites/one.hcl":  "locals {\n  name = \"one\"\n}\nsite \"one.example\" {\n  root = \"${local.base}/${local.name}\"\n}\n",
		"/etc/v/sites/two.json": `{"locals": {"name": "two"}, "site": {"two.example": {"root": "${local.base}/${local.name}"}}}`,
		"/etc/v/sites/away.hcl": "",
	}
	c, ds := Load("/etc/v/main.hcl", Options{
		NoFiles: true,
		Glob: func(pattern string) ([]string, error) {
			return []string{"/etc/v/sites/two.json", "/etc/v/main.hcl", "/etc/v/sites/one.hcl"}, nil
		},
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
	without(t, c, ds)
	if got := c.Sites[0].Settings.Root.V; got != "/etc/v/sites/www/one" {
		t.Errorf("a relative root of an included file is %s", got)
	}
	if got := c.Sites[1].Settings.Root.V; got != "/etc/v/sites/www/two" {
		t.Errorf("each file has its own locals, and the root is %s", got)
	}
	if pos := c.Sites[0].Settings.Root.Pos; pos.Origin != trace.Include || pos.File != "/etc/v/sites/one.hcl" || pos.Line != 5 {
		t.Errorf("the place is %+v", pos)
	}
	if want := []string{"/etc/v/main.hcl", "/etc/v/sites/one.hcl", "/etc/v/sites/two.json"}; !slices.Equal(c.Paths, want) {
		t.Errorf("the files read are %q", c.Paths)
	}
}

func TestTheVariablesThatWereReadAreKnownAndSecretsAreNotKept(t *testing.T) {
	c := mustParse(t, "listen {\n  addresses = [\":${env.PORT}\"]\n}\nsite \"a.example\" {\n  root = \"/srv\"\n  header {\n    set = { A = env.DB_PASSWORD, B = env(\"HOST\", \"\"), C = env(\"NOBODY\", \"\") }\n  }\n}\n")
	if got := c.Variables["PORT"]; got.V != "8080" || got.Pos.Line != 2 {
		t.Errorf("PORT is %+v", got)
	}
	if _, kept := c.Variables["DB_PASSWORD"]; kept || len(c.Variables) != 2 {
		t.Errorf("the variables are %v", c.Variables)
	}
}

func TestAFileThatCannotBeReadIsTheOneError(t *testing.T) {
	c, ds := Load(filepath.Join(t.TempDir(), "no.hcl"), Options{})
	if c != nil || len(ds.Errors()) != 1 || !strings.Contains(ds.Error(), "there is no such file") {
		t.Errorf("got %v, %v", c, ds)
	}
}

func TestOthersAddTheirDiagnosticsAndTheyAreQuoted(t *testing.T) {
	c, ds := Parse([]byte("listen \":80\" {\n}\nsite \"a.example\" {\n  root = \"/srv\"\n}\n"), "lint.hcl", Options{NoFiles: true})
	without(t, c, ds)
	ds.Add(Warning, c.Sites[0].Hosts[0].Pos, "nobody knows this host", "tell somebody")
	ds.Add(Error, c.Sites[0].Pos, "no", "")
	ds.Append(Diagnostic{Severity: Warning, Pos: trace.Position{File: "--io", Origin: trace.Flag}, Summary: "a flag", Detail: "Said at length."})
	var out bytes.Buffer
	ds.Write(&out, 0, false)
	want := `--io: warning: a flag
        Said at length.

lint.hcl:3:1: error: no
    3 | site "a.example" {
      | ^^^^

lint.hcl:3:6: warning: nobody knows this host
    3 | site "a.example" {
      |      ^^^^^^^^^^^
        hint: tell somebody

1 error, 2 warnings
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	data, err := ds.MarshalJSON()
	if err != nil || !strings.Contains(string(data), `{"severity":"warning","summary":"nobody knows this host","hint":"tell somebody","position":{"file":"lint.hcl","line":3,"column":6,"origin":"written"}}`) {
		t.Errorf("in JSON %s, %v", data, err)
	}
}

func TestASourceLineCannotCommandTheTerminal(t *testing.T) {
	_, ds := Parse([]byte("io = \"a\x1b[2J\"\n"), "evil.hcl", Options{NoFiles: true})
	var out bytes.Buffer
	ds.Write(&out, 0, false)
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("an escape sequence came through: %q", out.String())
	}
}
