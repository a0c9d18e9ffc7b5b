package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// mustLoad loads a configuration that has nothing wrong with it.
func mustLoad(t *testing.T, path string) *Config {
	t.Helper()
	c, ds := Load(path, testOptions)
	return without(t, c, ds)
}

// mustParse is mustLoad for a text.
func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, ds := Parse([]byte(text), "test.hcl", Options{Env: environment, NoFiles: true})
	return without(t, c, ds)
}

func without(t *testing.T, c *Config, ds *Diagnostics) *Config {
	t.Helper()
	if c == nil || len(ds.All()) > 0 {
		var out bytes.Buffer
		ds.Write(&out, 0, false)
		t.Fatalf("refused:\n%s", out.String())
	}
	return c
}

func TestShowNamesThePlaceOfEveryValue(t *testing.T) {
	var out bytes.Buffer
	if err := movable(t, mustLoad(t, "testdata/good/full.hcl")).Show(&out); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "testdata/good/full.show.txt", out.Bytes())
}

func TestShowJSONHoldsTheSameForPrograms(t *testing.T) {
	var out bytes.Buffer
	if err := mustLoad(t, "testdata/good/full.hcl").ShowJSON(&out); err != nil {
		t.Fatal(err)
	}
	var shown struct {
		Limits map[string]struct {
			Value    int64
			Position struct {
				File, Origin string
				Line         int
			}
		}
		Site []struct {
			Hosts []struct{ Value string }
			Route []struct{ Pattern struct{ Value string } }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &shown); err != nil {
		t.Fatal(err)
	}
	if b := shown.Limits["body_bytes"]; b.Value != 1_500_000 || b.Position.File != "testdata/good/full.hcl" || b.Position.Line != 31 || b.Position.Origin != "written" {
		t.Errorf("body_bytes is %+v", b)
	}
	if len(shown.Site) != 2 || len(shown.Site[0].Hosts) != 4 || shown.Site[0].Route[0].Pattern.Value != "/old/*" {
		t.Errorf("the sites are %+v", shown.Site)
	}
}

func TestAWrittenConfigurationLoadsBackToTheSame(t *testing.T) {
	headers := `
		listen ":80" {
		}
		header {
			remove = ["A", "B"]
			set    = { A = "1" }
			add    = { A = "2" }
		}
		header {
			set = { A = "3", C = "{path} \"${"x"}\" $${{y}} %%{{z}}\t" }
		}
		site "a.example" {
			root = "/srv"
			header {
				add = { A = "4" }
			}
			header {
				add = { a = "5", "for" = "6" }
			}
		}`
	for name, c := range map[string]*Config{
		"full":    mustLoad(t, "testdata/good/full.hcl"),
		"headers": mustParse(t, headers),
		"serve":   Default(ServeOptions{}),
		"flags":   Default(ServeOptions{Root: "testdata", Listen: []string{"127.0.0.1:0", "[::1]:0"}, IO: "threads", Log: "off", Listing: new(bool)}),
	} {
		text := c.HCL()
		again, ds := Parse(text, "again.hcl", testOptions)
		if again == nil || len(ds.Errors()) > 0 {
			t.Errorf("%s: %v in\n%s", name, ds, text)
			continue
		}
		if got, want := bare(again), bare(c); !bytes.Equal(got, want) {
			t.Errorf("%s: another configuration came back from\n%s%s", name, text, firstDifference(got, want))
		}
		if second := again.HCL(); !bytes.Equal(second, text) {
			t.Errorf("%s: written twice it is not the same\n%s", name, firstDifference(second, text))
		}
		if formatted, _ := Format(text, "again.hcl"); !bytes.Equal(formatted, text) {
			t.Errorf("%s: it is written in another form than fmt's\n%s", name, firstDifference(formatted, text))
		}
	}
}

func TestTheWrittenFormIsShort(t *testing.T) {
	compareGolden(t, "testdata/good/full.hcl.txt", movable(t, mustLoad(t, "testdata/good/full.hcl")).HCL())
}

// movable puts a stand-in for the folder in which the test runs, so that the layout is the same everywhere.
func movable(t *testing.T, c *Config) *Config {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	move := func(s *Settings) {
		if s.Root != nil {
			s.Root.V = strings.Replace(s.Root.V, here, "/etc/vitrine", 1)
		}
		s.Access.File.V = strings.Replace(s.Access.File.V, here, "/etc/vitrine", 1)
	}
	for _, s := range c.Sites {
		move(&s.Settings)
		for _, r := range s.Routes {
			move(&r.Settings)
		}
	}
	return c
}

func TestJSONSaysTheSameAsHCL(t *testing.T) {
	got, want := bare(mustLoad(t, "testdata/good/full.json")), bare(mustLoad(t, "testdata/good/full.hcl"))
	if !bytes.Equal(got, want) {
		t.Errorf("JSON gives another configuration\n%s", firstDifference(got, want))
	}
}

// bare prints every value of a configuration without its places.
func bare(c *Config) []byte {
	var out bytes.Buffer
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Interface().(type) {
		case trace.Position, time.Duration:
			if d, ok := v.Interface().(time.Duration); ok {
				out.WriteString(path + " = " + d.String() + "\n")
			}
			return
		case *template.Template:
			if !v.IsNil() {
				out.WriteString(path + " = " + v.Interface().(*template.Template).Source() + "\n")
			}
			return
		}
		if s, ok := v.Interface().(interface{ String() string }); ok && v.Kind() == reflect.Struct {
			out.WriteString(path + " = " + s.String() + "\n")
			return
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(path+"[]", v.Index(i))
			}
		case reflect.Map:
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			for _, k := range keys {
				walk(path+"."+k.String(), v.MapIndex(k))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "Paths" && name != "Variables" && name != "Sources" {
					walk(path+"."+name, v.Field(i))
				}
			}
		default:
			data, _ := json.Marshal(v.Interface())
			out.WriteString(path + " = " + string(data) + "\n")
		}
	}
	walk("", reflect.ValueOf(*c))
	return out.Bytes()
}

func TestFmtChangesSpaceOnly(t *testing.T) {
	messy := "site   \"a\"   {\nroot=\"/x\"   # why\n  strip_prefix   =\"/y\"\n}\n\n\n"
	want := "site \"a\" {\n  root         = \"/x\" # why\n  strip_prefix = \"/y\"\n}\n"
	got, ds := Format([]byte(messy), "messy.hcl")
	if string(got) != want || ds.HasErrors() {
		t.Errorf("got %s%v", got, ds)
	}
	if got, ds := Format(nil, "empty.hcl"); len(got) != 0 || ds.HasErrors() {
		t.Errorf("an empty file becomes %q", got)
	}
	broken := []byte("site {\n root = \"x\n")
	if got, ds := Format(broken, "broken.hcl"); !bytes.Equal(got, broken) || !ds.HasErrors() {
		t.Errorf("a broken file is changed to %q, %v", got, ds)
	}
	full, err := os.ReadFile(filepath.Join("testdata", "good", "full.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := Format(full, "full.hcl"); !bytes.Equal(got, full) {
		t.Errorf("the example is not formatted: %s", firstDifference(got, full))
	}
}
