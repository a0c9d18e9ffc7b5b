package site

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
)

// people makes a world with users: each has a home below home/, and belongs to whoever runs the test.
func people(t *testing.T, files map[string]string, source string, names map[string]int) *world {
	w := newWorld(t, files, source)
	for _, h := range w.h.homes {
		h.lookup = func(name string) (*user.User, error) {
			id, ok := names[name]
			if !ok {
				return nil, user.UnknownUserError(name)
			}
			return &user.User{Username: name, Uid: strconv.Itoa(id), HomeDir: filepath.Join(w.dir, "home", name)}, nil
		}
	}
	return w
}

const homesWorld = `
site "example.org" {
  root = "$ROOT/www"
  homes "/~" {
    except = ["carol"]
    open   = 2
  }
  files { listing = true }
}`

var homeFiles = map[string]string{
	"www/index.html": "site", "home/alice/public_html/index.html": "alice", "home/alice/public_html/page.txt": "page", "home/alice/secret.txt": "secret",
	"home/bob/public_html/a.txt": "bob's", "home/carol/public_html/index.html": "carol", "home/dave/other/": "", "home/daemon/public_html/index.html": "daemon",
	"home/nobody/public_html/index.html": "nobody", "home/public_html/index.html": "home", "home/root/public_html/index.html": "root", "home/erin/public_html/i.txt": "erin",
}

// userNumbers is whose homes homeFiles has.
var userNumbers = map[string]int{"alice": 1001, "bob": 1002, "carol": 1003, "dave": 1004, "erin": 1005, "daemon": 2, "nobody": 65534, "root": 0}

func TestTheFoldersOfUsersAreServed(t *testing.T) {
	w := people(t, homeFiles, homesWorld, userNumbers)
	for path, want := range map[string]string{
		"/~alice/": "200 alice", "/~alice/page.txt": "200 page", "/~alice": "301 ~alice/", "/%7Ealice": "301 %7Ealice/", "/%7Ealice/": "200 alice", "/": "200 site", "/~alice?q=1": "301 ~alice/?q=1",
		"/~alice/../~alice/page.txt": "200 page", "/~bob/": "200 *a.txt", "/~": "404", "/~/": "404", "/~alice/missing": "404",
	} {
		r := w.ask(t, "GET "+path)
		status, rest, _ := strings.Cut(want, " ")
		if strconv.Itoa(r.status) != status {
			t.Errorf("%s: %d, want %s (%s)", path, r.status, want, r.reasons)
			continue
		}
		switch part, listed := strings.CutPrefix(rest, "*"); {
		case rest == "":
		case status == "301":
			if r.get("Location") != rest {
				t.Errorf("%s leads to %s", path, r.get("Location"))
			}
		case listed && !strings.Contains(r.body, part), !listed && r.body != rest:
			t.Errorf("%s: %q", path, r.body)
		}
	}
}

// Nobody can tell by the answer whether there is a user.
func TestAUserThatThereIsNotAndOneWhoIsNotServedLookAlike(t *testing.T) {
	w := people(t, homeFiles, homesWorld, userNumbers)
	var first *reply
	for _, name := range []string{
		"missing", "carol", "dave", "daemon", "nobody", "root", "Alice", "ALICE", "alice.", ".alice", "-alice", "al%69ce%20", "alice%5c..%5cbob", "..%c0%af..", "%c0%ae%c0%ae",
		"alice;x=1", "alice%0a", "alice%0d%0aX:%20y", strings.Repeat("a", 300), "a%2e%2eb", "*", "{path}", "alice%3a", "~alice", "public_html", "x%25", "%252e%252e", "alice%2500", "&amp;", "<b>",
	} {
		r := w.ask(t, "GET /~"+name+"/index.html")
		r.body = strings.ReplaceAll(r.body, r.fields.Get("x"), "")
		if first == nil {
			first = r
		}
		if r.status != 404 || r.body != first.body || fmt.Sprint(r.fields) != fmt.Sprint(first.fields) {
			t.Errorf("%q: %d\n%s\n%s\n%v", name, r.status, r.body, r.reasons, r.fields)
		}
	}
	for path, status := range map[string]int{
		"/~../secret": 404, "/~alice%2f..%2fhome%2fbob%2fpublic_html%2fa.txt": 404, "/~alice/%2e%2e/secret.txt": 404,
		"/~alice/%252e%252e/secret.txt": 404, "/~alice/..%5csecret.txt": 404, "/~alice/..%c0%afsecret.txt": 404, "/~alice//page.txt": 200, "/~alice/./page.txt": 200,
		"//~alice/page.txt": 200, "/~alice/..;/secret.txt": 404, "/~alice%2fpage.txt": 200, "/~alice/page.txt/": 404, "/~alice/.hidden": 404,
	} {
		if r := w.ask(t, "GET "+path); r.status != status || strings.Contains(r.body, "secret") && !strings.Contains(r.reasons, "no-home") {
			t.Errorf("%s: %d %s %q", path, r.status, r.reasons, r.body)
		}
	}
}

func TestAUserIsServedWhenListed(t *testing.T) {
	w := people(t, homeFiles, strings.Replace(homesWorld, `except = ["carol"]`, `users = ["daemon", "carol"]`, 1), userNumbers)
	for name, status := range map[string]int{"daemon": 200, "carol": 200, "alice": 404, "root": 404} {
		if r := w.ask(t, "GET /~"+name+"/"); r.status != status {
			t.Errorf("%s: %d", name, r.status)
		}
	}
}

func TestHomesMayBeAPattern(t *testing.T) {
	w := people(t, homeFiles, strings.Replace(homesWorld, `except = ["carol"]`, `pattern = "$ROOT/home/*/public_html"`, 1), map[string]int{"daemon": 2})
	for name, status := range map[string]int{"alice": 200, "carol": 200, "daemon": 404, "missing": 404, "dave": 404, "..": 404, "*": 404} {
		if r := w.ask(t, "GET /~"+name+"/"); r.status != status && name != ".." {
			t.Errorf("%s: %d %s", name, r.status, r.reasons)
		}
	}
}

func TestExplainSaysWhyAFolderIsNotServed(t *testing.T) {
	w := people(t, homeFiles, homesWorld, userNumbers)
	w.tracer = true
	for name, because := range map[string]string{"missing": errUnknown.Error(), "carol": errExcepted.Error(), "daemon": errSystem.Error(), ".x": errNoName.Error(), "dave": errNoFolder.Error()} {
		r := w.ask(t, "GET /~"+name+"/")
		if story := w.story(r.journey); !strings.Contains(story, because) || !strings.Contains(story, "(vitrine.hcl:4:3)") {
			t.Errorf("%s:\n%s", name, story)
		}
		if strings.Contains(r.body, because) {
			t.Errorf("the client is told: %s", r.body)
		}
	}
	if story := w.story(w.ask(t, "GET /~alice/page.txt").journey); !strings.Contains(story, "site.home alice") {
		t.Error(story)
	}
}

func TestFoldersAreBoundedAndClosedWhenUnused(t *testing.T) {
	files := map[string]string{"www/": ""}
	names := make(map[string]int)
	for i := range 20 {
		name := fmt.Sprint("u", i)
		files["home/"+name+"/public_html/index.html"] = name
		names[name] = 1000
	}
	w := people(t, files, homesWorld, names)
	h := w.h.homes[0]
	for range 3 {
		for name := range names {
			if r := w.ask(t, "GET /~"+name+"/"); r.body != name {
				t.Fatalf("%s: %d %q", name, r.status, r.body)
			}
			if h.recent.Len() > 2 || len(h.open) > 2 {
				t.Fatalf("%d folders are open", len(h.open))
			}
		}
	}
	for i := range 10_000 {
		if r := w.ask(t, fmt.Sprintf("GET /~nobody%d/", i)); r.status != 404 {
			t.Fatal(r.status)
		}
		if len(h.absent) > mostAbsent || len(h.open) > 2 {
			t.Fatalf("%d names are remembered, %d folders are open", len(h.absent), len(h.open))
		}
	}
	for e := h.recent.Front(); e != nil; e = e.Next() {
		if e.Value.(*home).holders != 0 {
			t.Error("a folder is held by nobody")
		}
		e.Value.(*home).used.Store(time.Now().Add(-time.Hour).UnixNano())
	}
	h.closeUnused()
	if len(h.open) != 0 || h.tidy != nil {
		t.Errorf("%d folders are open", len(h.open))
	}
}

func TestAFolderInUseIsClosedByItsLastHolder(t *testing.T) {
	w := people(t, homeFiles, homesWorld, userNumbers)
	h, now := w.h.homes[0], time.Now().UnixNano()
	held, err := h.find("alice", now)
	if err != nil {
		t.Fatal(err)
	}
	h.forget("alice", now)
	if e, f := held.root.Load("/page.txt", resource.LoadOptions{}, nil); f != nil {
		t.Error(f)
	} else {
		e.Release()
	}
	held.release()
	if _, f := held.root.Load("/page.txt", resource.LoadOptions{}, nil); f == nil {
		t.Error("the folder is still open")
	}
}

func TestAUserWhoLeavesIsNotServedAnyMore(t *testing.T) {
	names := map[string]int{"alice": 1001}
	w := people(t, homeFiles, homesWorld, names)
	for range 3 { // from memory, too
		if r := w.ask(t, "GET /~alice/page.txt"); r.status != 200 {
			t.Fatal(r.status)
		}
	}
	delete(names, "alice")
	w.h.homes[0].open["alice"].Value.(*home).checked.Store(time.Now().Add(-time.Hour).UnixNano())
	if r := w.ask(t, "GET /~alice/page.txt"); r.status != 404 || !strings.Contains(r.reasons, NoUserHome.ID) {
		t.Errorf("%d %s", r.status, r.reasons)
	}
}

func TestAFolderThatWasRemovedLooksLikeNone(t *testing.T) {
	w := people(t, homeFiles, homesWorld+"\nmemory { fresh = \"0\" }", userNumbers)
	if r := w.ask(t, "GET /~bob/a.txt"); r.status != 200 {
		t.Fatal(r.status)
	}
	folder := filepath.Join(w.dir, "home/bob/public_html")
	if err := os.Rename(folder, folder+"2"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", folder); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/~bob/a.txt", "/~bob/passwd", "/~bob/"} {
		if r := w.ask(t, "GET "+path); r.status != 404 || !strings.Contains(r.reasons, NoUserHome.ID) {
			t.Errorf("%s: %d %s", path, r.status, r.reasons)
		}
	}
}

func TestLinksInAHomeAreFollowedAsTheConfigurationSays(t *testing.T) {
	for links, want := range map[string][3]int{"inside": {200, 403, 403}, "none": {403, 403, 403}, "owner": {200, 200, 403}} {
		w := people(t, homeFiles, strings.Replace(homesWorld, "open   = 2", "links = "+strconv.Quote(links), 1), userNumbers)
		folder := filepath.Join(w.dir, "home/alice/public_html")
		os.Symlink("page.txt", folder+"/in")
		os.Symlink("../secret.txt", folder+"/out")
		os.Symlink("/etc/passwd", folder+"/passwd")
		if os.Geteuid() == 0 {
			os.Lchown(folder+"/passwd", 1001, 1001)
		}
		for i, path := range []string{"in", "out", "passwd"} {
			if r := w.ask(t, "GET /~alice/"+path); r.status != want[i] {
				t.Errorf("%s: %s: %d, want %d (%s)", links, path, r.status, want[i], r.reasons)
			}
		}
	}
}

func TestARouteHoldsInHomes(t *testing.T) {
	w := people(t, homeFiles, `
site "example.org" {
  root = "$ROOT/www"
  homes "/~" { }
  route "/~alice/*" {
    header { set = { X-Home = "alice" } }
  }
  route "/robots.txt" { file = "$ROOT/home/alice/secret.txt" }
  route "/any/**" { file = "$ROOT/home/alice/public_html/page.txt" }
}`, userNumbers)
	if r := w.ask(t, "GET /~alice/"); r.body != "alice" || r.get("X-Home") != "alice" {
		t.Errorf("%q %q", r.body, r.get("X-Home"))
	}
	if r := w.ask(t, "GET /~bob/a.txt"); r.body != "bob's" || r.get("X-Home") != "" {
		t.Errorf("%q %q", r.body, r.get("X-Home"))
	}
	for range 2 {
		if r := w.ask(t, "GET /robots.txt"); r.body != "secret" || r.get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q", r.body)
		}
		if r := w.ask(t, "GET /any/thing/at/all"); r.body != "page" {
			t.Errorf("%q", r.body)
		}
	}
}

func FuzzHomes(f *testing.F) {
	for _, path := range []string{"/~alice/x", "/~", "/~/", "/~a/../b", "/~\x00", "/~..", "/~a\\..\\b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		h := newHomes(&config.Homes{Prefix: config.Value[string]{V: "/~"}, Folder: config.Value[string]{V: "public_html"}}, nil)
		h.lookup = func(name string) (*user.User, error) {
			return &user.User{Username: name, Uid: "0", HomeDir: "/home/" + name}, nil
		}
		h.users = map[string]bool{}
		name, below, ok := h.split([]byte(path))
		if !ok {
			return
		}
		h.users[string(name)] = true
		at, err := h.at(string(name))
		if err == nil && (filepath.Dir(at.Dir) != "/home" || at.Below != "public_html" || strings.ContainsAny(string(name), "/\x00")) {
			t.Errorf("%q leads to %q %q and %q", path, at.Dir, at.Below, below)
		}
	})
}

func TestScriptsInHomesAreNeitherRunNorShown(t *testing.T) {
	files := map[string]string{"www/index.html": "site", "home/alice/public_html/x.cgi": "#!/bin/sh\necho ran", "home/alice/public_html/d/index.cgi": "#!/bin/sh\necho ran"}
	w := people(t, files, `
site "example.org" {
  root = "$ROOT/www"
  homes "/~" { }
  files { index = ["index.cgi"] }
  cgi { extensions = [".cgi"] }
}`, userNumbers)
	os.Chmod(filepath.Join(w.dir, "home/alice/public_html/x.cgi"), 0o755)
	for _, path := range []string{"/~alice/x.cgi", "/~alice/d/", "/~alice/x.cgi?y", "/~alice/x%2ecgi", "/~alice/X.CGI/../x.cgi"} {
		if r := w.ask(t, "GET "+path); r.status != 403 || strings.Contains(r.body, "echo") || strings.Contains(r.body, "ran\n") || !strings.Contains(r.reasons, ScriptInHome.ID) {
			t.Errorf("%s: %d %q %s", path, r.status, r.body, r.reasons)
		}
	}
}
