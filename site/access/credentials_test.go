package access

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/config/template"
)

func TestBasicIsRead(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	for in, want := range map[string]string{
		encode([]byte("anna:secret")):                         "anna secret",
		encode([]byte("anna:a:b")):                            "anna a:b",
		encode([]byte(":x")):                                  " x",
		encode([]byte("ännä:sécret")):                         "ännä sécret",
		base64.RawStdEncoding.EncodeToString([]byte("anna:")): "anna ",
		encode([]byte("anna")):                                "-",
		encode([]byte("a\x00b:c")):                            "-",
		encode([]byte("\xff:c")):                              "-",
		encode([]byte("anna:" + strings.Repeat("x", 2000))):   "-",
		encode([]byte(strings.Repeat("x", 300) + ":")):        "-",
		"":                            "-",
		"!":                           "-",
		"YW5=":                        "-",
		strings.Repeat("YWFh", 4<<10): "-",
	} {
		user, password, err := ParseBasic([]byte(in))
		got := user + " " + password
		if err != nil {
			got = "-"
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}

func TestDigestIsRead(t *testing.T) {
	const whole = `username="anna", realm="r", nonce="n", uri="/", response="0", qop=auth, nc=0000000A, cnonce="c"`
	d, err := ParseDigest([]byte(whole))
	if err != nil || d.User != "anna" || d.NC != 10 || d.QOP != "auth" {
		t.Fatalf("%+v %v", d, err)
	}
	d, err = ParseDigest([]byte(strings.Replace(whole, `username="anna"`, `username*=UTF-8''J%C3%A4s%C3%B8n`, 1)))
	if err != nil || d.User != "Jäsøn" {
		t.Errorf("%+v %v", d, err)
	}
	d, err = ParseDigest([]byte(strings.Replace(whole, `"anna"`, `"a\"\\b"`, 1) + " , ,userhash=true"))
	if err != nil || d.User != `a"\b` || !d.Hashed {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := ParseDigest([]byte(strings.Replace(whole, `username="anna"`, `username="AbC0", userhash=true`, 1))); err != nil || d.User != "abc0" {
		t.Errorf("a hashed name is %q, %v: its failures would be counted by how it is written", d.User, err)
	}
	for _, bad := range []string{
		"", "x", "username", whole + ", nc=00000001", whole + ", x", whole + " x", strings.Replace(whole, "0000000A", "A", 1),
		strings.Replace(whole, "0000000A", "0000000G", 1), strings.Replace(whole, `, cnonce="c"`, "", 1), whole + `, username*=UTF-8''a`,
		strings.Replace(whole, `username="anna", `, "", 1), whole + ", userhash=maybe", whole + `, a="`, whole + `, a="\`,
		strings.Replace(whole, `username="anna"`, `username*=UTF-8''%zz`, 1), strings.Replace(whole, `username="anna"`, `username*=latin1''a`, 1),
		whole + strings.Repeat(", a=b", 30), strings.Repeat("x", 9000),
	} {
		if d, err := ParseDigest([]byte(bad)); err == nil {
			t.Errorf("%.60q is read as %+v", bad, d)
		}
	}
}

func FuzzBasic(f *testing.F) {
	f.Add([]byte("YTpi"))
	f.Add([]byte("YTpiYw"))
	f.Fuzz(func(t *testing.T, b []byte) {
		user, password, err := ParseBasic(b)
		if err == nil && (strings.ContainsAny(user, ":\x00\n") || strings.ContainsAny(password, "\x00\n") || len(password) > mostPassword) {
			t.Fatalf("%q: %q %q", b, user, password)
		}
	})
}

func FuzzDigest(f *testing.F) {
	f.Add([]byte(`username="anna", realm="r", nonce="n", uri="/", response="0", qop=auth, nc=0000000A, cnonce="c", userhash=true`))
	f.Add([]byte(`username*=UTF-8''J%C3%A4s, nonce=n,uri="/\"",response=0`))
	s, users := NewState(), &Digests{}
	r := &Realm{Name: "r", Algorithms: []Algorithm{MD5}, Life: time.Hour}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDigest(b)
		if err != nil {
			return
		}
		if d.User == "" || d.Nonce == "" || d.QOP != "" && len(d.NCText) != 8 {
			t.Fatalf("%q: %+v", b, d)
		}
		if p := s.CheckDigest(users, r, &d, "GET", d.URI, 1, false); p.Verdict == Proven {
			t.Fatalf("%q lets in", b)
		}
	})
}

func FuzzPasswordFile(f *testing.F) {
	for _, seed := range []string{"a:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=\n", "a:$apr1$salt1234$hCcjfcJ.VzS4cwZnJMIxy/\n", "a:$5$rounds=1000$a$b", "a:$2y$04$", "#\n\r\n", "a:$1$", "a:$6$$", "a:{SSHA}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePasswords(b, false)
		if err != nil {
			var line *lineError
			if !errors.As(err, &line) || line.Line == 0 {
				t.Fatalf("%q: %v", b, err)
			}
			return
		}
		if len(p.all) > 2 {
			return
		}
		for user := range p.byUser {
			if strings.Contains(string(b), "$2") {
				return // that would take a while
			}
			p.Verify(user, "password", 0)
		}
	})
}

func FuzzDigestFile(f *testing.F) {
	f.Add([]byte("anna:r:0cc175b9c0f1b6a831c399e269772661\n"), "r")
	f.Fuzz(func(t *testing.T, b []byte, realm string) {
		if d, err := parseDigests(b, realm); err == nil {
			for user, sums := range d.users {
				for a, sum := range sums {
					if len(sum) != 2*a.new().Size() || user == "" {
						t.Fatalf("%q: %q %s %q", b, user, a, sum)
					}
				}
			}
		}
		parseGroups(b)
	})
}

// The hashes of "secret", as htpasswd and mkpasswd write them, one for each kind.
var kinds = map[string]string{
	"SHA-1":   "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
	"bcrypt":  "$2y$04$mL2nt.kNljyWW1gunnO87OdxUuGoTVeVSYkEDV1sl5c5LoWcJuiF2",
	"apr1":    "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
	"SHA-256": "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.",
	"SHA-512": "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.",
}

func TestEachKindOfHashLetsInThePasswordAndNoOther(t *testing.T) {
	for kind, hash := range kinds {
		p, err := parsePasswords([]byte("anna:"+hash+":a comment\n"), false)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if !p.Verify("anna", "secret", 0) || p.Verify("anna", "secre", 0) || p.Verify("anna", "", 0) || p.Verify("ben", "secret", 0) || p.Verify("", "secret", 0) {
			t.Errorf("%s: right %v, wrong %v, unknown %v", kind, p.Verify("anna", "secret", 0), p.Verify("anna", "secre", 0), p.Verify("ben", "secret", 0))
		}
	}
	if p, err := parsePasswords([]byte("anna:secret\n"), true); err != nil || !p.Verify("anna", "secret", 0) || p.Verify("anna", "x", 0) {
		t.Error("plain text", err)
	}
	if p, _ := parsePasswords(nil, false); p.Verify("anna", "x", 7) {
		t.Error("an empty file lets in")
	}
}

func TestALineThatCannotBeReadIsNamedAndNotShown(t *testing.T) {
	for line, what := range map[string]string{
		"secret": "no name and hash", ":secret": "no name and hash", "anna:": "no hash", "anna:secret": "plain text",
		"anna:$2y$31$mL2nt.kNljyWW1gunnO87OdxUuGoTVeVSYkEDV1sl5c5LoWcJuiF2": "costs 31", "anna:$2y$04$secret": "malformed",
		"anna:$apr1$secret": "malformed", "anna:$5$rounds=99999999$a$" + strings.Repeat("b", 43): "rounds", "anna:$6$$secret": "malformed",
		"anna:$y$j9T$secret": "not known", "anna:{SHA}secret": "malformed", "anna:{X}secret": "not known", "an\x01na:secret": "control character",
		strings.Repeat("secret", 4000): "more than",
	} {
		_, err := parsePasswords([]byte("# comment\n\n"+line+"\n"), false)
		var at *lineError
		if !errors.As(err, &at) || at.Line != 3 || !strings.Contains(at.What, what) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: %v, want %q", line, err, what)
		}
	}
}

// TestNobodyIsLetInWhileAFileIsRewritten writes a file again and again in the worst ways, while others ask: the one user who is
// always in it is let in, and the one who never is, is not.
func TestNobodyIsLetInWhileAFileIsRewritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	good := "anna:" + kinds["SHA-1"] + "\nben:" + kinds["SHA-1"] + "\n"
	os.WriteFile(path, []byte(good), 0o600)
	w := NewState().PasswordFile(path, false)
	if _, err := w.Look(1); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writer, readers sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			f, _ := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
			for part := good; part != ""; {
				n := min(1+rand.Intn(30), len(part))
				f.WriteString(part[:n])
				part = part[n:]
			}
			f.Close()
			if i%7 == 0 {
				os.WriteFile(path+".new", []byte(good), 0o600)
				os.Rename(path+".new", path)
			}
		}
	}()
	for i := range 2 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for n := range 300 {
				w.Look(int64(n+1)*3e9 + int64(i))
				p, version := w.Get()
				if p == nil || version == 0 {
					t.Error("there is nothing")
					return
				}
				if p.Verify("eve", "secret", uint64(n)) || p.Verify("anna", "wrong", 0) {
					t.Error("somebody was let in")
				}
			}
		}()
	}
	readers.Wait()
	close(stop)
	writer.Wait()
	os.WriteFile(path, []byte(good), 0o600)
	w.Look(time.Now().UnixNano() + 1e13)
	if p, _ := w.Get(); !p.Verify("anna", "secret", 0) {
		t.Error("in the end she is not let in")
	}
}

func TestATableForgetsWhatWasNotAskedForLongest(t *testing.T) {
	evicted := 0
	table := newTable[int](shards * 4)
	table.evicted = func(v *int) { evicted++ }
	key := func(i int) Key { return Key{Lo: uint64(i) << 8} } // all meet in few shards
	for i := range 1000 {
		v, created := table.lock(key(i), true)
		if !created || *v != 0 {
			t.Fatal("an entry is not new")
		}
		*v = i + 1
		table.unlock(key(i))
		if v, created := table.lock(key(0), true); i < 3 && (created || *v != 1) {
			t.Fatal("what was just asked for is forgotten")
		}
		table.unlock(key(0))
	}
	kept := 0
	for i := range table.shards {
		if n := len(table.shards[i].index); n > 4 {
			t.Errorf("a shard has %d", n)
		} else {
			kept += n
		}
	}
	if kept == 0 || evicted < 900 {
		t.Errorf("%d kept, %d evicted", kept, evicted)
	}
}

func TestANonceThatWasForgottenIsNotGood(t *testing.T) {
	s := NewState()
	s.nonces.used = newTable[nonceUse](shards) // two in a shard
	s.nonces.used.evicted = func(u *nonceUse) { s.nonces.horizon = max(s.nonces.horizon, u.made) }
	use := func(nonce string, nc uint32) DigestVerdict {
		made, k, verdict := s.checkNonce(nonce, "r", 1e9, time.Hour)
		if verdict != Proven {
			return verdict
		}
		return s.useNonce(made, k, nc)
	}
	first := s.Nonce(1e9, "r")
	if use(first, 1) != Proven || use(first, 1) != NonceReplayed {
		t.Fatal("a nonce is not used once")
	}
	for range 200 {
		use(s.Nonce(1e9, "r"), 1)
	}
	if v := use(first, 1); v == Proven {
		t.Error("a proof that was forgotten is taken again")
	}
}

func limit(t testing.TB, s *State, requests string, burst, concurrent int, delay bool) *Limit {
	by, err := template.Compile("client", template.ForBody)
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Rate{Requests: config.Value[string]{V: requests}, Burst: config.Value[int]{V: burst}, Keys: config.Value[int]{V: 1000},
		Delay: config.Value[bool]{V: delay}, Concurrent: config.Value[int]{V: concurrent}, By: config.Value[*template.Template]{V: by}}
	return s.NewLimit(c, 0)
}

func TestARateIsCountedByTime(t *testing.T) {
	l := limit(t, NewState(), "10/s", 2, 0, false)
	k := l.Client(netip.MustParseAddr("192.0.2.1"))
	now := int64(1e18)
	var got []string
	for _, at := range []int64{0, 0, 0, 0, 50, 100, 100, 1000, 1000, 1000, 1000, 900} { // milliseconds
		taken := l.Take(k, now+at*1e6, true)
		got = append(got, fmt.Sprint(taken.OK, taken.Left, taken.Wait.Milliseconds()))
	}
	want := "true 2 0,true 1 0,true 0 0,false 0 100,false 0 50,true 0 0,false 0 100,true 2 0,true 1 0,true 0 0,false 0 100,false 0 100"
	if strings.Join(got, ",") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, ","), want)
	}
	delayed := limit(t, NewState(), "10/s", 2, 0, true)
	for i, want := range []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if taken := delayed.Take(k, now, true); !taken.OK || taken.Wait != want {
			t.Errorf("%d: %+v", i, taken)
		}
	}
}

func TestCountingDoesNotAllocate(t *testing.T) {
	s := NewState()
	l := limit(t, s, "10/s", 2, 5, false)
	k, text := l.Client(netip.MustParseAddr("192.0.2.1")), []byte("some key")
	l.Take(k, 1, true)
	n := testing.AllocsPerRun(100, func() {
		l.Done(k, l.Take(k, 2, true))
		l.Text(text)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	l := limit(b, NewState(), "1000/s", 1000, 0, false)
	k := l.Client(netip.MustParseAddr("192.0.2.1"))
	for i := 0; b.Loop(); i++ {
		l.Take(k, int64(i)*1e6, true)
	}
}

func BenchmarkKnows(b *testing.B) {
	s := NewState()
	s.Learn(1, "anna", "secret", 1)
	for b.Loop() {
		s.Knows(1, "anna", "secret", 2)
	}
}

func BenchmarkDigest(b *testing.B) {
	s := NewState()
	users, _ := parseDigests([]byte("anna:r:0cc175b9c0f1b6a831c399e269772661\n"), "r")
	r := &Realm{Name: "r", Algorithms: []Algorithm{MD5}, Life: time.Hour}
	d := Digest{User: "anna", Realm: "r", Nonce: s.Nonce(1, "r"), URI: "/", Response: strings.Repeat("0", 32), CNonce: "c", NC: 1, NCText: "00000001", QOP: "auth"}
	for b.Loop() {
		s.CheckDigest(users, r, &d, "GET", "/", 2, false)
	}
}
