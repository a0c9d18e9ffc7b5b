package site

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine/site/access"
	"vitrine/trace"
)

// The passwords of anna and ben are their names backwards, by bcrypt at its lowest cost and by SHA-1.
const passwordFile = "# users\n" +
	"anna:$2a$04$aKUHqoSwb3rT8xR2p1NjfujsGKjxcBdMF6T58rJRabnKtd/k/Zbr6\n" +
	"ben:{SHA}M+wEnIrGInqIaekcPNu+yQu6wmU=\n"

func basic(user, password string) string {
	return "\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func digestLine(user, realm, password, algorithm string) string {
	text := user + ":" + realm + ":" + password
	if algorithm == "SHA-256" {
		sum := sha256.Sum256([]byte(text))
		return user + ":" + realm + ":" + hex.EncodeToString(sum[:]) + "\n"
	}
	sum := md5.Sum([]byte(text))
	return user + ":" + realm + ":" + hex.EncodeToString(sum[:]) + "\n"
}

// guarded makes a world with a file of users, a digest file and a group file beside its root.
func guarded(t testing.TB, source string) (w *world, dir string) {
	dir = t.TempDir()
	write(t, dir, "passwords", passwordFile)
	write(t, dir, "digests", digestLine("anna", "accounts", "anna", "MD5")+digestLine("anna", "accounts", "anna", "SHA-256")+digestLine("ben", "other", "ben", "MD5"))
	write(t, dir, "groups", "staff: anna cleo\nguests: ben\n")
	w = newWorld(t, map[string]string{"a.txt": "a", "b/a.txt": "b", "c/a.txt": "c"}, strings.ReplaceAll(source, "$DIR", dir))
	return w, dir
}

// write replaces a file at once, and makes it look old.
func write(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chtimes(path+".new", modified, modified)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const basicConfig = `
site "example.org" {
  root = "$ROOT"
  access {
    auth "basic" {
      realm = "the \"accounts\""
      file  = "$DIR/passwords"
    }
  }
  route "/b/*" {
    access {
      groups     = ["staff"]
      group_file = "$DIR/groups"
    }
    respond { body = "hello {user}" }
  }
  route "/c/*" {
    access {
      users     = ["ben"]
      allow     = ["192.0.2.0/24"]
      satisfy   = "any"
      preflight = true
    }
  }
  route "/open" {
    access { off = true }
    respond { body = "open" }
  }
}`

func TestBasicLetsInWhoHasAPassword(t *testing.T) {
	w, _ := guarded(t, basicConfig)
	const here, elsewhere = "192.0.2.1", "198.51.100.7"
	for _, test := range []struct {
		client, request string
		status          int
		why, body       string
	}{
		{elsewhere, "GET /open", 200, "site.respond", "open"},
		{elsewhere, "GET /a.txt", 401, "access.credentials-missing", ""},
		{elsewhere, "HEAD /a.txt", 401, "access.credentials-missing", ""},
		{elsewhere, "OPTIONS /a.txt", 401, "access.credentials-missing", ""},
		{elsewhere, "GET /missing", 401, "access.credentials-missing", ""},
		{elsewhere, "GET /a.txt" + basic("anna", "anna"), 200, "content.whole", "a"},
		{elsewhere, "GET /a.txt" + basic("ben", "neb"), 200, "content.whole", "a"},
		{elsewhere, "GET /missing" + basic("ben", "neb"), 404, "resource.missing", ""},
		{elsewhere, "OPTIONS /a.txt" + basic("ben", "neb"), 204, "site.options", ""},
		{elsewhere, "GET /a.txt" + basic("ben", "nebx"), 401, "access.password-wrong", ""},
		{elsewhere, "GET /a.txt" + basic("nobody", "neb"), 401, "access.password-wrong", ""},
		{elsewhere, "GET /a.txt\nAuthorization: Bearer x", 401, "access.scheme-other", ""},
		{elsewhere, "GET /a.txt\nAuthorization: Basic !!!", 401, "access.credentials-improper", ""},
		{elsewhere, "GET /a.txt" + basic("ben", "neb") + basic("ben", "neb"), 400, "access.credentials-improper", ""},
		{elsewhere, "GET /b/x" + basic("anna", "anna"), 200, "site.respond", "hello anna"},
		{elsewhere, "GET /b/x" + basic("ben", "neb"), 403, "access.user-elsewhere", ""},
		{here, "GET /c/a.txt", 200, "content.whole", "c"},
		{elsewhere, "GET /c/a.txt", 401, "access.credentials-missing", ""},
		{elsewhere, "GET /c/a.txt" + basic("ben", "neb"), 200, "content.whole", "c"},
		{elsewhere, "GET /c/a.txt" + basic("anna", "anna"), 403, "access.user-elsewhere", ""},
		{elsewhere, "OPTIONS /c/a.txt\nOrigin: http://a\nAccess-Control-Request-Method: GET", 204, "site.options", ""},
		{elsewhere, "OPTIONS /c/a.txt\nOrigin: http://a", 401, "access.credentials-missing", ""},
	} {
		for range 2 {
			r := w.askFrom(t, test.client, test.request)
			if r.status != test.status || !strings.Contains(r.reasons+" ", test.why+" ") || test.body != "" && r.body != test.body {
				t.Errorf("%s: %d %q %s, want %d %s", test.request, r.status, r.body, r.reasons, test.status, test.why)
			}
			challenge := r.get("WWW-Authenticate")
			if (r.status == 401) != (challenge == `Basic realm="the \"accounts\"", charset="UTF-8"`) {
				t.Errorf("%s: challenge %q", test.request, challenge)
			}
			if test.status >= 400 && strings.Contains(r.body, test.why) && r.status != 400 && r.status != 404 {
				t.Errorf("%s: the client is told %s", test.request, r.body)
			}
		}
	}
}

func TestAnAnswerForAUserIsRememberedForNobody(t *testing.T) {
	w, _ := guarded(t, basicConfig)
	for range 3 {
		if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("ben", "neb")); strings.Contains(r.reasons, "site.remembered") || r.status != 200 {
			t.Errorf("%d %s", r.status, r.reasons)
		}
		if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"); r.status != 401 {
			t.Errorf("%d %s", r.status, r.reasons)
		}
	}
	if m := w.h.anywhere.sites[0].memory.slots.Load(); m != nil {
		t.Error("something is remembered")
	}
}

func TestThePasswordIsNowhere(t *testing.T) {
	w, _ := guarded(t, basicConfig)
	w.tracer = true
	for _, request := range []string{"GET /a.txt" + basic("anna", "s3cret"), "GET /a.txt" + basic("anna", "anna")} {
		r := w.askFrom(t, "192.0.2.1", request)
		story := w.story(r.journey)
		if strings.Contains(story, "s3cret") || strings.Contains(story, "$2a$") || strings.Contains(story, "Authorization") {
			t.Error(story)
		}
	}
	w.tracer = false
	w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("anna", "anna"))
	if line := w.logged[len(w.logged)-1]; strings.Contains(line, "s3cret") {
		t.Error(line)
	}
}

func TestWrongPasswordsAreSlowedAndThenNotLookedAt(t *testing.T) {
	w, _ := guarded(t, strings.Replace(basicConfig, "auth \"basic\" {", "failures = 4\n    auth \"basic\" {", 1))
	start := time.Now()
	for i := range 4 {
		if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("anna", fmt.Sprint(i))); r.status != 401 {
			t.Errorf("%d: %d", i, r.status)
		}
	}
	if took := time.Since(start); took < 300*time.Millisecond { // 100 ms and 200 ms
		t.Errorf("four wrong passwords took %v", took)
	}
	r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("anna", "anna"))
	if r.status != 429 || !strings.HasSuffix(r.reasons, "access.too-many-failures") || r.get("Retry-After") == "" {
		t.Errorf("%d %s %q", r.status, r.reasons, r.get("Retry-After"))
	}
	if r := w.askFrom(t, "192.0.2.2", "GET /a.txt"+basic("anna", "anna")); r.status != 200 {
		t.Errorf("another client: %d %s", r.status, r.reasons)
	}
	if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("ben", "neb")); r.status != 200 {
		t.Errorf("another user: %d %s", r.status, r.reasons)
	}
	// A reload forgets none of it.
	state := w.h.opt.State
	w.reopen(t, Options{State: state})
	if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("anna", "anna")); r.status != 429 {
		t.Errorf("after a reload: %d", r.status)
	}
}

// later makes the files be looked at with the next request.
func (w *world) later(t testing.TB) {
	t.Helper()
	s := w.h.anywhere.sites[0].base.guard.schemes[0]
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		now := time.Now().UnixNano()
		if s.passwords != nil && !s.passwords.Fresh(now) || s.digests != nil && !s.digests.Fresh(now) {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the file stays fresh")
		}
	}
}

func TestAFileOfUsersIsReadAgainWhenItHasChanged(t *testing.T) {
	w, dir := guarded(t, basicConfig)
	var told []string
	w.reopen(t, Options{Notify: func(why *trace.Reason, at trace.Position, what string) {
		told = append(told, fmt.Sprintf("%s %d %s", why, at.Line, strings.ReplaceAll(what, dir, "$DIR")))
	}})
	right := "GET /a.txt" + basic("ben", "neb")
	expect := func(status int) {
		t.Helper()
		if r := w.askFrom(t, "192.0.2.1", right); r.status != status {
			t.Errorf("%d %s, want %d", r.status, r.reasons, status)
		}
	}
	expect(200)
	write(t, dir, "passwords", "anna:{SHA}M+wEnIrGInqIaekcPNu+yQu6wmU=\n")
	w.later(t)
	expect(401) // although the password was found right before
	write(t, dir, "passwords", passwordFile)
	w.later(t)
	expect(200)
	write(t, dir, "passwords", passwordFile+"cleo:plain secret\n")
	w.later(t)
	expect(200)
	os.Remove(filepath.Join(dir, "passwords"))
	w.later(t)
	expect(200)
	write(t, dir, "passwords", passwordFile)
	w.later(t)
	expect(200)
	got := strings.Join(told, "\n")
	want := "access.users-kept 7 $DIR/passwords: line 4: its password is in plain text"
	if !strings.HasPrefix(got, want) || !strings.Contains(got, "no such file") || !strings.Contains(got, "access.users-read 7 $DIR/passwords") || strings.Contains(got, "secret") {
		t.Error(got)
	}
}

func TestAFileThatCannotBeReadAtTheStartIsAnError(t *testing.T) {
	w, dir := guarded(t, basicConfig)
	write(t, dir, "passwords", "anna:plain\n")
	_, err := New(w.conf, Options{Store: w.store})
	if err == nil || !strings.Contains(err.Error(), "vitrine.hcl:7:15") || !strings.Contains(err.Error(), "line 1: its password is in plain text") {
		t.Error(err)
	}
}

const digestConfig = `
site "example.org" {
  root = "$ROOT"
  access {
    auth "digest" {
      realm    = "accounts"
      file     = "$DIR/digests"
      userhash = true
      nonce    = "1h"
    }
    auth "basic" {
      realm = "accounts"
      file  = "$DIR/passwords"
    }
  }
}`

var nonceText = regexp.MustCompile(`nonce="([^"]+)"`)

// proof makes a Digest field as a client does.
func proof(algorithm, user, realm, password, nonce, nc, method, uri, extra string) string {
	h := func(text string) string {
		if algorithm == "SHA-256" {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		}
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	response := h(h(user+":"+realm+":"+password) + ":" + nonce + ":" + nc + ":c:auth:" + h(method+":"+uri))
	return fmt.Sprintf("\nAuthorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", algorithm=%s, response=\"%s\", qop=auth, nc=%s, cnonce=\"c\"%s",
		user, realm, nonce, uri, algorithm, response, nc, extra)
}

func TestDigestTakesEachProofOnce(t *testing.T) {
	w, _ := guarded(t, digestConfig)
	const client = "192.0.2.1"
	r := w.askFrom(t, client, "GET /a.txt")
	var challenges []string
	for name, value := range r.fields.Each() {
		if name == "WWW-Authenticate" {
			challenges = append(challenges, nonceText.ReplaceAllString(value, "nonce"))
		}
	}
	if want := []string{
		`Digest realm="accounts", qop="auth", algorithm=SHA-256, nonce, charset=UTF-8, userhash=true`,
		`Digest realm="accounts", qop="auth", algorithm=MD5, nonce, charset=UTF-8, userhash=true`,
		`Basic realm="accounts", charset="UTF-8"`}; r.status != 401 || strings.Join(challenges, "\n") != strings.Join(want, "\n") {
		t.Fatalf("%d %s", r.status, strings.Join(challenges, "\n"))
	}
	nonce := nonceText.FindStringSubmatch(r.get("WWW-Authenticate"))[1]
	other := w.h.opt.State.Nonce(time.Now().UnixNano(), "another realm")
	old := w.h.opt.State.Nonce(time.Now().Add(-2*time.Hour).UnixNano(), "accounts")
	forged := access.NewState().Nonce(time.Now().UnixNano(), "accounts")
	d := func(nonce, nc string) string {
		return proof("MD5", "anna", "accounts", "anna", nonce, nc, "GET", "/a.txt", "")
	}
	hashed := sha256.Sum256([]byte("anna:accounts"))
	for _, test := range []struct {
		name, request string
		status        int
		why           string
	}{
		{"MD5", "GET /a.txt" + d(nonce, "00000001"), 200, "content.whole"},
		{"the same again", "GET /a.txt" + d(nonce, "00000001"), 401, "access.nonce-replayed"},
		{"the next", "GET /a.txt" + d(nonce, "00000002"), 200, "content.whole"},
		{"one ahead", "GET /a.txt" + d(nonce, "0000000a"), 200, "content.whole"},
		{"one that was overtaken", "GET /a.txt" + d(nonce, "00000005"), 200, "content.whole"},
		{"and again", "GET /a.txt" + d(nonce, "00000005"), 401, "access.nonce-replayed"},
		{"far ahead", "GET /a.txt" + d(nonce, "ffffff00"), 200, "content.whole"},
		{"far behind", "GET /a.txt" + d(nonce, "00000006"), 401, "access.nonce-replayed"},
		{"count zero", "GET /a.txt" + d(nonce, "00000000"), 400, "access.credentials-improper"},
		{"SHA-256", "GET /a.txt" + proof("SHA-256", "anna", "accounts", "anna", nonce, "ffffff01", "GET", "/a.txt", ""), 200, "content.whole"},
		{"another realm's nonce", "GET /a.txt" + d(other, "00000001"), 401, "access.nonce-foreign"},
		{"an old nonce", "GET /a.txt" + d(old, "00000001"), 401, "access.nonce-old"},
		{"a forged nonce", "GET /a.txt" + d(forged, "00000001"), 401, "access.nonce-foreign"},
		{"a nonce of the client's own", "GET /a.txt" + d("abc", "00000001"), 401, "access.nonce-foreign"},
		{"another path", "GET /b/a.txt" + d(nonce, "ffffff02"), 400, "access.credentials-improper"},
		{"another method", "HEAD /a.txt" + d(nonce, "ffffff03"), 401, "access.password-wrong"},
		{"a wrong password", "GET /a.txt" + proof("MD5", "anna", "accounts", "x", nonce, "ffffff04", "GET", "/a.txt", ""), 401, "access.password-wrong"},
		{"nobody", "GET /a.txt" + proof("MD5", "nobody", "accounts", "x", nonce, "ffffff05", "GET", "/a.txt", ""), 401, "access.password-wrong"},
		{"another realm's user", "GET /a.txt" + proof("MD5", "ben", "accounts", "ben", nonce, "ffffff06", "GET", "/a.txt", ""), 401, "access.password-wrong"},
		{"another realm", "GET /a.txt" + proof("MD5", "ben", "other", "ben", nonce, "ffffff07", "GET", "/a.txt", ""), 401, "access.scheme-other"},
		{"auth-int", "GET /a.txt" + strings.Replace(d(nonce, "ffffff08"), "qop=auth", "qop=auth-int", 1), 400, "access.credentials-improper"},
		{"no qop", "GET /a.txt" + strings.Replace(d(nonce, "ffffff09"), ", qop=auth", "", 1), 400, "access.credentials-improper"},
		{"MD5-sess", "GET /a.txt" + strings.Replace(d(nonce, "ffffff0a"), "algorithm=MD5", "algorithm=MD5-sess", 1), 401, "access.scheme-other"},
		{"twice the same parameter", "GET /a.txt" + strings.Replace(d(nonce, "ffffff0b"), "qop=auth", "qop=auth, qop=auth", 1), 400, "access.credentials-improper"},
		{"basic", "GET /a.txt" + basic("ben", "neb"), 200, "content.whole"},
	} {
		r := w.askFrom(t, client, test.request)
		if r.status != test.status || !strings.Contains(r.reasons+" ", test.why+" ") {
			t.Errorf("%s: %d %s, want %d %s", test.name, r.status, r.reasons, test.status, test.why)
		}
		stale := strings.Contains(r.get("WWW-Authenticate"), "stale=true")
		if stale != strings.HasPrefix(test.why, "access.nonce") {
			t.Errorf("%s: stale is %v", test.name, stale)
		}
		if info := r.get("Authentication-Info"); (info != "") != (r.status == 200 && test.name != "basic") {
			t.Errorf("%s: Authentication-Info: %q", test.name, info)
		}
	}
	// A name that is hashed: the proof is made with the name itself, and sent with its hash.
	field := proof("SHA-256", "anna", "accounts", "anna", nonce, "ffffff10", "GET", "/a.txt", ", userhash=true")
	field = strings.Replace(field, `username="anna"`, `username="`+hex.EncodeToString(hashed[:])+`"`, 1)
	if r := w.askFrom(t, client, "GET /a.txt"+field); r.status != 200 {
		t.Errorf("a hashed name: %d %s", r.status, r.reasons)
	}
}

func TestProofsAreCheckedInADryRunAndNotUsedUp(t *testing.T) {
	w, _ := guarded(t, digestConfig)
	w.tracer = true
	nonce := w.h.opt.State.Nonce(time.Now().UnixNano(), "accounts")
	for range 3 {
		for _, field := range []string{proof("MD5", "anna", "accounts", "anna", nonce, "00000001", "GET", "/a.txt", ""), basic("ben", "neb")} {
			if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+field); r.status != 200 || !strings.Contains(w.story(r.journey), "access.user ") {
				t.Errorf("%d\n%s", r.status, w.story(r.journey))
			}
		}
	}
	for range 30 {
		w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("ben", "wrong"))
	}
	w.tracer = false
	if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"+basic("ben", "neb")); r.status != 200 {
		t.Errorf("failures of a dry run count: %d %s", r.status, r.reasons)
	}
}

func TestRulesThatAreNeverAskedAndFilesThatAnybodyMayFetchAreWarnedOf(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a", "users": passwordFile}, `
site "example.org" {
  root = "$ROOT"
  access {
    auth "basic" {
      file = "$ROOT/users"
    }
  }
  route "/x/*" {
    respond { body = "x" }
  }
  route "/x/private/*" {
    access {
      allow = ["192.0.2.0/24"]
    }
    respond { body = "private" }
  }
}`)
	var all []string
	for _, d := range w.h.Warnings() {
		all = append(all, fmt.Sprintf("%d: %s", d.Pos.Line, d.Summary))
	}
	for _, want := range []string{"13: these access rules are never asked", "6: this file is below a root"} {
		if got := strings.Join(all, "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}
