package deps

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// told are the texts that lead through the code. Whatever they name in `code` must be there, in the file that they name
// beside it: a map that is wrong is worse than none.
var told = []string{"ARCHITECTURE.md", "docs/journey.md", "docs/stack.md", "docs/decisions/*.md"}

// plain are words in `code` that are lower-case and no names of the source: commands, settings and what they may be.
const plain = `document_root epoll_wait gohcl hcldec logrotate no nstat preadv2 sendfile sendmmsg ss tcpdump timeouts.idle`

// foreign are packages of other people that the texts speak of.
const foreign = "net http os io time netip errors context syscall testing runtime unix nettest maphash crc32 json slog " +
	"fs bufio sync atomic filepath iotest cobra hcl gopacket pcapgo RawConn Root"

// code is what the tree declares.
type code struct {
	packages map[string]map[string]bool // by the package's own name: its functions, types, variables and constants
	members  map[string]map[string]bool // by a type's name: methods, fields, and what it embeds
	names    map[string]bool            // all of the above
	in       map[string]map[string]bool // by file: everything that it declares
	files    map[string]bool            // and folders
	sources  map[string]string          // the text of each Go file, without indentation
	plain    map[string]bool            // of the words in plain, those that a text has used
}

func put(m map[string]map[string]bool, key, name string) {
	if m[key] == nil {
		m[key] = make(map[string]bool)
	}
	m[key][name] = true
}

// declared reads what there is.
func declared(t *testing.T) *code {
	t.Helper()
	c := &code{map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}, map[string]map[string]bool{},
		map[string]bool{}, map[string]string{}, map[string]bool{}}
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if e.IsDir() && rel != "." && strings.HasPrefix(e.Name(), ".") {
			return filepath.SkipDir
		}
		c.files[rel] = true
		if e.IsDir() || path.Ext(rel) != ".go" {
			return nil
		}
		return c.read(name, rel)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *code) read(name, rel string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	c.sources[rel] = unindented(string(text))
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	pkg := strings.TrimSuffix(f.Name.Name, "_test")
	top := func(id string) {
		put(c.packages, pkg, id)
		put(c.in, rel, id)
		c.names[id] = true
	}
	member := func(of, id string) {
		put(c.members, of, id)
		put(c.in, rel, id)
		c.names[id] = true
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				top(d.Name.Name)
			} else {
				member(base(d.Recv.List[0].Type), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					for _, n := range s.Names {
						top(n.Name)
					}
				case *ast.TypeSpec:
					top(s.Name.Name)
					var fields *ast.FieldList
					switch x := s.Type.(type) {
					case *ast.StructType:
						fields = x.Fields
					case *ast.InterfaceType:
						fields = x.Methods
					default:
						continue
					}
					for _, field := range fields.List {
						for _, n := range field.Names {
							member(s.Name.Name, n.Name)
						}
						if len(field.Names) == 0 {
							member(s.Name.Name, base(field.Type))
						}
					}
				}
			}
		}
	}
	return nil
}

// base is the name of a type without stars, packages and parameters.
func base(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			return x.Sel.Name
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func unindented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// has reports whether a type, or one that it embeds, has a member.
func (c *code) has(of, id string, depth int) bool {
	if c.members[of][id] {
		return true
	}
	for e := range c.members[of] {
		if depth > 0 && e != of && c.members[e] != nil && c.has(e, id, depth-1) {
			return true
		}
	}
	return false
}

// knows reports whether a name with dots means something: package.Name, Type.member, package.Type.member, or further in.
func (c *code) knows(parts []string) bool {
	if len(parts) == 1 {
		return c.names[parts[0]] || c.packages[parts[0]] != nil
	}
	if c.packages[parts[0]][parts[1]] {
		return len(parts) == 2 || c.chain(parts[1:])
	}
	return c.chain(parts)
}

func (c *code) chain(parts []string) bool {
	if !c.has(parts[0], parts[1], 2) {
		return false
	}
	for _, p := range parts[2:] { // the member's own type is not followed
		if !c.names[p] {
			return false
		}
	}
	return true
}

// file is the files that a text means: a path from the module's root, a name alone that is somewhere, or a pattern.
func (c *code) file(name string) (found []string) {
	name = strings.TrimSuffix(name, "/")
	for f := range c.files {
		if ok, _ := path.Match(name, f); ok || f == name || strings.HasSuffix(f, "/"+name) {
			found = append(found, f)
		}
	}
	return found
}

// declares reports whether a file declares what is named beside it, or that is no name.
func (c *code) declares(file, text string) bool {
	name, _ := normal(text)
	if !goName.MatchString(name) || allCaps.MatchString(name) {
		return true
	}
	last := name[strings.LastIndex(name, ".")+1:]
	return slices.ContainsFunc(c.file(file), func(f string) bool { return c.in[f][last] })
}

var (
	fence    = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	span     = regexp.MustCompile("`([^`\n]+(?:\n[^`\n]+)?)`")
	located  = regexp.MustCompile("`([\\w/.*]+\\.go)`(?:, | \\(|: | \\| )(`[^`]+`(?:(?:, | and )`[^`]+`)*)")
	placed   = regexp.MustCompile("`([^`\n ]+)`(?: in| of|, in| is in) `([\\w/.*]+\\.go)`")
	goName   = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$`)
	allCaps  = regexp.MustCompile(`^[A-Z0-9][A-Z0-9_.-]*$`)
	fileName = regexp.MustCompile(`[\w/*]+\.go\b`)
	inFigure = regexp.MustCompile(`\b[A-Za-z]\w*(?:\.[A-Za-z]\w*)+\b|\b[A-Za-z]\w*\(\)`)
	link     = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
)

// normal is a name as it is looked up: "(*serve.Conn).turn" is serve.Conn.turn, and "Poll()" is Poll.
func normal(s string) (name string, certain bool) {
	name = s
	if i := strings.Index(name, "("); i > 0 && strings.HasSuffix(name, ")") {
		name, certain = name[:i], true
	}
	if strings.HasPrefix(name, "(*") {
		name, certain = strings.Replace(name[2:], ")", "", 1), true
	}
	return strings.TrimPrefix(name, "*"), certain
}

// wrong says what in a text is nothing in the tree.
func (c *code) wrong(doc, text string) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		switch body := m[2]; m[1] {
		case "go":
			there := func(source string) bool { return strings.Contains(source, unindented(body)) }
			if !slices.ContainsFunc(slices.Collect(values(c.sources)), there) {
				say("this is in no file that is compiled:\n%s", body)
			}
		case "text": // a figure; output of programs has no language
			for _, f := range fileName.FindAllString(body, -1) {
				if len(c.file(f)) == 0 {
					say("there is no file %s", f)
				}
			}
			for _, n := range inFigure.FindAllString(body, -1) {
				name, _ := normal(n)
				if path.Ext(name) != ".go" && !c.knows(strings.Split(name, ".")) {
					say("%s is nothing in this tree", n)
				}
			}
		}
	}
	text = fence.ReplaceAllString(text, "")
	others, words := strings.Fields(foreign), strings.Fields(plain)
	for _, m := range span.FindAllStringSubmatch(text, -1) {
		s := strings.Join(strings.Fields(m[1]), " ")
		name, certain := normal(s)
		switch parts := strings.Split(name, "."); {
		case path.Ext(s) == ".go" && !strings.Contains(s, " "), regexp.MustCompile(`^[a-z0-9]+(/[\w.*]+)+/?$`).MatchString(s):
			if first, _, _ := strings.Cut(s, "/"); len(c.file(s)) == 0 && !slices.Contains(others, first) {
				say("there is no file or folder `%s`", s)
			}
		case !goName.MatchString(name), allCaps.MatchString(name):
			// a command, a flag, a constant of the system
		case slices.Contains(others, parts[0]) && !c.knows(parts):
		case c.knows(parts), len(parts) == 1 && !certain && c.files[name]:
		case !certain && slices.Contains(words, name):
			c.plain[name] = true
		default:
			say("`%s` is nothing in this tree", s)
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, m := range located.FindAllStringSubmatch(text, -1) {
		for _, n := range span.FindAllStringSubmatch(m[2], -1) {
			if !c.declares(m[1], n[1]) {
				say("`%s` is not declared in `%s`", n[1], m[1])
			}
		}
	}
	for _, m := range placed.FindAllStringSubmatch(text, -1) {
		if !c.declares(m[2], m[1]) {
			say("`%s` is not declared in `%s`", m[1], m[2])
		}
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], ":") && !c.files[path.Join(path.Dir(doc), m[1])] {
			say("the link to %s leads nowhere", m[1])
		}
	}
	return all
}

func values(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func TestWhatTheTextsNameExists(t *testing.T) {
	c := declared(t)
	for _, pattern := range told {
		docs, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(docs) == 0 {
			t.Fatalf("there is no %s: %v", pattern, err)
		}
		for _, doc := range docs {
			text, err := os.ReadFile(doc)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(root, doc)
			for _, w := range c.wrong(filepath.ToSlash(rel), string(text)) {
				t.Errorf("%s: %s", rel, w)
			}
		}
	}
	for _, word := range strings.Fields(plain) {
		if !c.plain[word] {
			t.Errorf("no text needs the plain word %s any more: take it away", word)
		}
	}
}

func TestATextThatNamesNothingIsFound(t *testing.T) {
	c := declared(t)
	for _, text := range []string{"`stack/nowhere.go`", "`Shard.Pol`", "`tcp.Conn.Nxet`", "`(*link.Card).Recieve`", "`nowhereToBeFound`", "`Nobody()`",
		"`stack/shard.go`, `Shard.Flush` and `inputTCP`", "`inputTCP` in `stack/shard.go`", "```text\nCard.Recieve\n```\n", "```go\nfunc nobody() {}\n```\n", "[x](nowhere.md)"} {
		if c.wrong("ARCHITECTURE.md", text) == nil {
			t.Errorf("nothing is wrong with %q", text)
		}
	}
	fine := "`stack/shard.go`, `Shard.Flush`; `link.Card`, `(*link.Card).Receive`, `SO_REUSEPORT`, `ip link`, `net.Conn`, `input4`"
	if w := c.wrong("ARCHITECTURE.md", fine); w != nil {
		t.Errorf("all of this exists: %v", w)
	}
}
