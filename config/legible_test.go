package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What no parser should see is refused with one error that says where and why: the parsers would take minutes for it,
// or overflow the stack and end the program.
func TestAFileThatCannotBeReadSafely(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		line, column     int
	}{
		{"garbage.hcl", "io = \"threads\"\n\xa7\xff\x00", "this is no UTF-8 text", 2, 1},
		{"utf16.hcl", "\xff\xfei\x00o\x00", "this file is in UTF-16, and a configuration is in UTF-8", 1, 1},
		{"binary.hcl", "io = \"threads\"\n#\x00", "this file holds a byte 0 and so is no text", 2, 2},
		{"lists.hcl", "a = " + strings.Repeat("[", 100_000), deeply, 1, 205},
		{"groups.hcl", "a = " + strings.Repeat("(", 201), deeply, 1, 205},
		{"blocks.hcl", strings.Repeat("x {\n", 100_000), deeply, 201, 3},
		{"templates.hcl", "a = " + strings.Repeat(`"${`, 100_000), deeply, 1, 305},
		{"nots.hcl", "a = " + strings.Repeat("!", 1_000_000), deeply, 1, 205},
		{"choices.hcl", "a = " + strings.Repeat("b ? c : ", 100_000), deeply, 1, 1607},
		{"lists.json", strings.Repeat(`[`, 1_000_000), deeply, 1, 201},
		{"objects.json", strings.Repeat(`{"a\"[":`, 100_000), deeply, 1, 1601},
	} {
		check := func(how string, diags *Diagnostics) {
			all := diags.Errors()
			if len(all) != 1 || all[0].Summary != c.want || all[0].Pos.Line != c.line || all[0].Pos.Column != c.column {
				t.Errorf("%s %s: %.300v, want %d:%d %s", how, c.name, all, c.line, c.column, c.want)
			}
		}
		_, diags := Parse([]byte(c.text), c.name, Options{})
		check("load", diags)
		if !isJSON(c.name) {
			_, diags = Format([]byte(c.text), c.name)
			check("format", diags)
		}
	}
}

const deeply = "too many blocks, brackets or operators stand in each other here"

// Brackets one after the other, and brackets inside texts, are no nesting.
func TestWhatIsNotDeep(t *testing.T) {
	flat := "locals {\n  a = [" + strings.Repeat("[1], ", 1000) + "]\n  b = \"" + strings.Repeat("[{(", 1000) + "\"\n}\n" +
		strings.Repeat("# ((((\n", 1000) + strings.Repeat("listen \"127.0.0.1:1\" {\n}\n", 300)
	if offset, deep := tooDeep([]byte(flat), "x.hcl"); deep {
		t.Errorf("at %.40q", flat[offset:])
	}
	text := `{"a": [` + strings.Repeat("[1], ", 1000) + `"` + strings.Repeat(`[{\"`, 1000) + `"]}`
	if offset, deep := tooDeep([]byte(text), "x.json"); deep {
		t.Errorf("at %.40q", text[offset:])
	}
}

// A file without end is not read to its end.
func TestAFileThatIsTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vitrine.hcl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil { // a hole
		t.Skip(err)
	}
	_, diags := Load(path, Options{})
	if all := diags.Errors(); len(all) != 1 || !strings.Contains(all[0].Summary, "larger than 16 MiB") {
		t.Error(all)
	}
}

// Errors about very long lines stay readable where no width is known.
func TestAVeryLongLineIsCut(t *testing.T) {
	_, diags := Parse([]byte("io = \""+strings.Repeat("a", 100_000)+"\"\nlisten \":80\" {\n}\n"), "vitrine.hcl", Options{NoFiles: true})
	var b strings.Builder
	if err := diags.Write(&b, 0, false); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 5000 {
		t.Errorf("the report has %d bytes", b.Len())
	}
}
