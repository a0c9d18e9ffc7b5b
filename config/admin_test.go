package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

func TestThePageAndWhatIsRecordedAreShownWithoutSecrets(t *testing.T) {
	c := movable(t, mustLoad(t, "testdata/good/admin.hcl"))
	var shown, asJSON bytes.Buffer
	if err := c.Show(&shown); err != nil {
		t.Fatal(err)
	}
	if err := c.ShowJSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	text := shown.String()
	compareGolden(t, "testdata/good/admin.show.txt", []byte(text[strings.Index(text, "admin "):strings.Index(text, "\ncontrol ")]))
	var lines strings.Builder
	for name, all := range c.Sources {
		fmt.Fprintf(&lines, "%s\n%s\n", name, strings.Join(all, "\n"))
	}
	for _, secret := range []string{"nobody", "another-hidden-word", "Bearer", "secret\""} {
		for where, text := range map[string]string{"show": text, "show --json": asJSON.String(), "the lines": lines.String(), "the variables": fmt.Sprint(c.Variables)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells the secret %q:\n%s", where, secret, text)
			}
		}
	}
	if _, kept := c.Variables["PORT"]; !kept || len(c.Variables) != 1 {
		t.Errorf("the variables are %v", c.Variables)
	}
	if got, _ := c.Admin.Secret(); got != "the-words-that-nobody-knows" {
		t.Errorf("the token is %q", got)
	}
	if got := c.Journeys.OTLP.Headers[0].Value.V; got != "Bearer another-hidden-word" {
		t.Errorf("the collector gets %q", got)
	}
	if got := c.Journeys.When.Sites[0].V; got != "a.example" {
		t.Errorf("the site is called %q", got)
	}
}

func TestTheValuesOfSecretFieldsAreNotAmongTheLines(t *testing.T) {
	t.Setenv("WORD", "word-of-the-environment")
	c, ds := Parse([]byte(`listen ":80" {}
locals {
  cookie = "id=word-of-a-local"
  all    = { Authorization = "word-of-a-map", Accept = "text/html" }
}
journeys {
  hide = ["X-Api-Key"]
}
site "a" {
  root = "/srv"
  header {
    set     = { set-cookie = local.cookie, X-Api-Key = "word-that-is-hidden", X-Word = "seen" }
    default = { Proxy-Authorization = env.WORD }
  }
  expect "a" {
    url  = "http://a/"
    send = { Cookie = "word-that-is-sent" }
  }
  expect "b" {
    url  = "http://a/"
    send = local.all
  }
}
`), "test.hcl", Options{NoFiles: true})
	if c == nil {
		t.Fatal(ds)
	}
	lines := strings.Join(c.Sources["test.hcl"], "\n")
	if strings.Contains(lines, "word-") || !strings.Contains(lines, `X-Word = "seen"`) || !strings.Contains(lines, `"*******************"`) {
		t.Errorf("the lines are\n%s", lines)
	}
	if _, kept := c.Variables["WORD"]; kept {
		t.Error("the variable is shown")
	}
}

func TestTheLinesAreKeptAsTheyWereRead(t *testing.T) {
	c, ds := Parse([]byte("listen \":80\" {\r\n}\n\tadmin {\n  token = \"0123456789abcdef\" # why\n}\nsite \"a\" {\n  root = \"/srv\"\n}"), "test.hcl",
		Options{NoFiles: true, Net: "tap:tap0,198.18.0.2/24", Admin: "localhost:1"})
	if c == nil {
		t.Fatal(ds)
	}
	want := []string{`listen ":80" {`, `}`, "\tadmin {", `  token = "****************" # why`, `}`, `site "a" {`, `  root = "/srv"`, `}`}
	if got := c.Sources["test.hcl"]; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the lines are\n%s", strings.Join(got, "\n"))
	}
	if got := c.Sources["--net"]; len(got) != 1 || got[0] != "tap:tap0,198.18.0.2/24" {
		t.Errorf("of --net there is %q", got)
	}
}

func TestASecretIsNotQuotedWhereSomethingIsWrongBesideIt(t *testing.T) {
	const secret = "0123456789abcdef-secret"
	for _, text := range []string{
		"admin {\n  token = \"" + secret + "\"\n  token = \"again\"\n}",
		"admin { token = \"" + secret + "\" }\nadmin { token = \"" + secret + "\" }",
		"admin {\n  token = \"" + secret + "\n}",
		"admin {\n  token = [\"" + secret + "\"]\n}",
		"admin {\n  token = \"" + secret + " \\u0001\"\n}",
		"locals {\n  a = \"" + secret + " x\"\n  b = local.a\n}\nadmin {\n  token = local.b\n}",
		"locals {\n  a = { b = \"" + secret + " x\" }\n}\nadmin {\n  token = local.a.b\n}",
		"admin {\n  token = \"${upper(\"" + secret + "\")} x\"\n}",
		"journeys {\n  otlp \"http://localhost:4318\" {\n    headers = { A = \"" + secret + "\", a = \"" + secret + "\" }\n  }\n}",
		"journeys {\n  otlp \"http://localhost:4318\" {\n    headers = { A = \"" + secret + "\\n\" }\n  }\n}",
		`{"admin": {"token": "` + secret + ` x"}}`,
	} {
		name := "test.hcl"
		if text[0] == '{' {
			name = "test.json"
		}
		_, ds := Parse([]byte(text), name, Options{NoFiles: true})
		var out bytes.Buffer
		ds.Write(&out, 0, false)
		if !ds.HasErrors() || strings.Contains(strings.ToLower(out.String()), secret) {
			t.Errorf("%s\nis reported as\n%s", text, out.String())
		}
	}
}

func TestTheFlagSaysWhereThePageIs(t *testing.T) {
	const text = "listen \":80\" {\n}\nsite \"a\" {\n  root = \"/srv\"\n}\n"
	const block = "admin \"localhost:1234\" {\n  hosts = [\"glass.example.org\"]\n}\n"
	for _, test := range []struct{ name, text, flag, address, wrong string }{
		{name: "neither flag nor block", text: text},
		{name: "a flag", text: text, flag: "127.0.0.1:9", address: "127.0.0.1:9"},
		{name: "a flag in place of a block's address", text: text + block, flag: "[::1]:9", address: "[::1]:9"},
		{name: "a flag that wants none", text: text + block, flag: "off"},
		{name: "a flag for others", text: text, flag: ":9180", wrong: "other machines reach"},
		{name: "a flag without a port", text: text, flag: "localhost", wrong: "has no port"},
		{name: "a port alone", text: text, flag: "9180", wrong: `lacks a colon`},
		{name: "a name", text: text, flag: "glass.example.org:9180", wrong: "is no address"},
		{name: "the sites' own port", text: text, flag: "localhost:80", wrong: "is taken already"},
	} {
		c, ds := Parse([]byte(test.text), "test.hcl", Options{NoFiles: true, Admin: test.flag})
		switch {
		case test.wrong != "":
			if c != nil || !strings.Contains(ds.Error(), test.wrong) || !strings.HasPrefix(ds.Errors()[0].Pos.String(), "--admin") {
				t.Errorf("%s: %v", test.name, ds)
			}
		case c == nil:
			t.Errorf("%s: %v", test.name, ds)
		case test.address == "":
			if c.Admin != nil && !c.Admin.Off.V {
				t.Errorf("%s: the page is at %s", test.name, c.Admin.Address.V)
			}
		default:
			if a := c.Admin; a == nil || a.Address.V != test.address || a.Off.V || a.Address.Pos.Origin != trace.Flag || a.Chosen() {
				t.Errorf("%s: the page is %+v", test.name, a)
			} else if strings.Contains(test.text, "hosts") != (len(a.Hosts) == 1) {
				t.Errorf("%s: the hosts are %v", test.name, a.Hosts)
			}
		}
	}
}

func TestServeHasAPageForThisMachineUnlessItIsToldOtherwise(t *testing.T) {
	if a := Default(ServeOptions{}).Admin; a == nil || a.Address.V != DefaultAdmin || !a.Chosen() || !a.Loopback() {
		t.Errorf("the page is %+v", a)
	}
	if a := Default(ServeOptions{Admin: "localhost:1"}).Admin; a.Address.V != "localhost:1" || a.Chosen() {
		t.Errorf("the page is %+v", a)
	}
	if a := Default(ServeOptions{Admin: "off"}).Admin; !a.Off.V {
		t.Errorf("the page is %+v", a)
	}
	for flag, wrong := range map[string]string{"off": "", "localhost:1": "", ":9180": "other machines", "of": "is no address", "localhost:8080": "is taken already"} {
		ds := ServeOptions{Admin: flag}.Check()
		if ds.HasErrors() != (wrong != "") || wrong != "" && !strings.Contains(ds.Error(), wrong) {
			t.Errorf("--admin %s: %v", flag, ds)
		}
	}
	if ds := (ServeOptions{Admin: "localhost:80", Net: "tap:tap0,198.18.0.2/24"}).Check(); ds.HasErrors() {
		t.Errorf("the page is on the machine's own sockets, and the sites are not: %v", ds)
	}
}

// keyPair writes a certificate for hosts and its key, and returns their paths.
func keyPair(t *testing.T, name string, from, to time.Time, hosts ...string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to, DNSNames: hosts}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(file, kind string, b []byte) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

func TestACertificateIsLookedAtBeforeAnybodyMeetsIt(t *testing.T) {
	now := time.Now()
	good, key := keyPair(t, "glass", now.Add(-time.Hour), now.Add(time.Hour), "glass.example.org")
	old, oldKey := keyPair(t, "old", now.Add(-2*time.Hour), now.Add(-time.Hour), "glass.example.org")
	soon, soonKey := keyPair(t, "soon", now.Add(time.Hour), now.Add(2*time.Hour), "glass.example.org")
	for _, test := range []struct{ name, certificate, key, hosts, said string }{
		{"right", good, key, `"glass.example.org"`, ""},
		{"another's key", good, oldKey, `"glass.example.org"`, "this key belongs to another certificate"},
		{"a key for a certificate", key, key, `"glass.example.org"`, "there is no certificate in"},
		{"a certificate for a key", good, good, `"glass.example.org"`, "there is no private key in"},
		{"expired", old, oldKey, `"glass.example.org"`, "has expired"},
		{"not yet", soon, soonKey, `"glass.example.org"`, "begins to hold"},
		{"another host", good, key, `"other.example.org"`, "the certificate is not for other.example.org"},
		{"no host", good, key, ``, "no name is in hosts"},
	} {
		text := fmt.Sprintf("listen \":80\" {\n}\nsite \"a\" {\n  root = %q\n}\nadmin \":9180\" {\n  certificate = %q\n  key = %q\n  token = \"0123456789abcdef\"\n  hosts = [%s]\n}\n",
			t.TempDir(), test.certificate, test.key, test.hosts)
		_, ds := Parse([]byte(text), "test.hcl", Options{})
		var out bytes.Buffer
		ds.Write(&out, 0, false)
		if test.said == "" && len(ds.All()) > 0 || !strings.Contains(out.String(), test.said) || len(ds.All()) > 1 {
			t.Errorf("%s:\n%s", test.name, out.String())
		}
	}
}

func TestATokenIsTheFirstLineOfItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for text, want := range map[string]string{"0123456789abcdef\n": "0123456789abcdef", "0123456789abcdef\r\nmore\n": "0123456789abcdef", "0123456789abcdef": "0123456789abcdef", "\n0123456789abcdef\n": "", "": "", "short\n": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := &Admin{TokenFile: Value[string]{V: path}}
		if got, err := a.Secret(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q holds the token %q, %v", text, got, err)
		}
	}
}
