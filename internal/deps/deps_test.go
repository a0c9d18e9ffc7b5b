package deps

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, seen from here.
const root = "../.."

const module = "vitrine/"

// imported is one import.
type imported struct {
	from, to string // folders of this module, or the path of a library
	file     string
	test     bool
}

// tree reads every import of the module, whatever system a file is for.
func tree(t *testing.T) (packages map[string]bool, imports []imported) {
	t.Helper()
	packages = make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if name := e.Name(); path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go":
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		from := filepath.ToSlash(filepath.Dir(rel))
		packages[from] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imported{from, strings.TrimPrefix(to, module), rel, strings.HasSuffix(path, "_test.go")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages, imports
}

// allowed reads an order: for each package, all that it may import.
func allowed(t *testing.T, text string) map[string]map[string]bool {
	t.Helper()
	may := make(map[string]map[string]bool)
	var rules strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rules.WriteString(line + " ")
	}
	for rule := range strings.SplitSeq(rules.String(), ";") {
		if strings.TrimSpace(rule) == "" {
			continue
		}
		below, above, ok := strings.Cut(rule, "<")
		if !ok {
			t.Fatalf("a rule without <: %q", rule)
		}
		for upper := range names(above) {
			if may[upper] == nil {
				may[upper] = make(map[string]bool)
			}
			for lower := range names(below) {
				if lower == "NONE" {
					continue
				}
				if may[lower] == nil {
					t.Fatalf("%s is used before it is defined; the order would allow a circle", lower)
				}
				may[upper][lower] = true
				for further := range may[lower] {
					may[upper][further] = true
				}
			}
		}
	}
	return may
}

// names are the words of a list with commas.
func names(list string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range strings.SplitSeq(list, ",") {
			if !yield(strings.TrimSpace(name)) {
				return
			}
		}
	}
}

// firstWords are the first words of each line, with the rest of the line.
func firstWords(text string) map[string]string {
	rows := make(map[string]string)
	for line := range strings.Lines(text) {
		if first, rest, _ := strings.Cut(strings.TrimSpace(line), " "); first != "" {
			rows[first] = rest
		}
	}
	return rows
}

func TestEveryPackageHasItsPlaceInTheOrder(t *testing.T) {
	packages, _ := tree(t)
	may := allowed(t, order)
	for p := range packages {
		if may[p] == nil {
			t.Errorf("%s has no place in the order", p)
		}
		for part := range strings.SplitSeq(p, "/") {
			if slices.Contains(strings.Fields(unwanted), part) {
				t.Errorf("%s: %q says nothing about what is in it", p, part)
			}
		}
	}
	for p := range may {
		if !packages[p] {
			t.Errorf("%s is in the order, and there is no such package", p)
		}
	}
}

func TestNobodyImportsAgainstTheOrder(t *testing.T) {
	packages, imports := tree(t)
	may := allowed(t, order)
	for _, i := range imports {
		if i.test || !packages[i.to] || i.to == "trace" || i.to == i.from {
			continue // tests look at their package from outside and may use what they like
		}
		if !may[i.from][i.to] {
			t.Errorf("%s: %s may not import %s", i.file, i.from, i.to)
		}
	}
}

func TestRoomsAreEnteredByTheirDoors(t *testing.T) {
	packages, imports := tree(t)
	free := firstWords(words)
	used := make(map[string]bool)
	for _, i := range imports {
		room, part, inner := strings.Cut(i.to, "/")
		if i.test || !packages[i.to] || !inner || part == "" || i.from == room || strings.HasPrefix(i.from, room+"/") {
			continue
		}
		if _, ok := free[i.to]; ok {
			continue
		}
		if slices.ContainsFunc(rows(past), func(row []string) bool { return row[0] == i.from && row[1] == i.to }) {
			used[i.from+" "+i.to] = true
			continue
		}
		t.Errorf("%s: %s looks past the door of %s at %s", i.file, i.from, room, i.to)
	}
	for _, row := range rows(past) {
		if !used[row[0]+" "+row[1]] {
			t.Errorf("%s may look at %s, and does not: take the permission away", row[0], row[1])
		}
	}
}

func rows(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 {
			all = append(all, words)
		}
	}
	return all
}

func TestLibrariesAreUsedWhereTheyAreMeantToBe(t *testing.T) {
	_, imports := tree(t)
	lists := firstWords(modules)
	for _, i := range imports {
		if host, _, _ := strings.Cut(i.to, "/"); !strings.Contains(host, ".") {
			continue // the standard library, or this module
		}
		list := lists[i.from]
		if i.test {
			list += " " + lists["TESTS"]
		}
		if !slices.ContainsFunc(strings.Fields(list), func(m string) bool { return i.to == m || strings.HasPrefix(i.to, m+"/") }) {
			t.Errorf("%s: %s may not use the library %s", i.file, i.from, i.to)
		}
	}
}

func TestMachinesArePure(t *testing.T) {
	_, imports := tree(t)
	pure := []string{"web/http1", "web/message", "site/route", "site/gateway", "site/fastcgi", "config/template", "stack/ethernet", "stack/arp", "stack/ip",
		"stack/ipv4", "stack/ipv6", "stack/icmp", "stack/udp", "stack/neighbor", "stack/tcp", "stack/tcp/segment", "stack/tcp/recovery"}
	impure := []string{"net", "os", "syscall", "log", "log/slog", "golang.org/x/sys/unix", "runtime"}
	for _, i := range imports {
		if !i.test && slices.Contains(pure, i.from) && slices.Contains(impure, i.to) {
			t.Errorf("%s: %s is pure and may not use %s", i.file, i.from, i.to)
		}
	}
}

func TestAnOrderIsTransitiveAndHasADirection(t *testing.T) {
	may := allowed(t, "NONE < a; a < b; b < c;")
	if !may["c"]["a"] || may["a"]["c"] {
		t.Errorf("c may import a through b, and never the other way: %v", may)
	}
}
