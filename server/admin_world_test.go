package server

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	weburl "net/url"
	"os"
	"strings"
	"testing"
	"time"
)

const looked = "admin \"127.0.0.1:0\" {\n%s}\n"

// withAdmin is a configuration with a page on a free port.
func withAdmin(settings string) string {
	return fmt.Sprintf(looked, settings) + answering(anywhere, "hello")
}

// admin is where the page of a server is, as host:port.
func (l *live) admin() string {
	l.t.Helper()
	u, err := weburl.Parse(l.server.AdminURL())
	if err != nil || u.Host == "" {
		l.t.Fatalf("the page is at %q; the error log is\n%s", l.server.AdminURL(), l.errors())
	}
	return u.Host
}

// send sends bytes to an address and reads one response, or what else is answered.
func send(t *testing.T, address, text string) (status int, fields http.Header, body string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, text)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, r.Header, string(b)
}

// pairFiles writes a certificate and its key into the server's folder to be.
func pairFiles(t *testing.T, hosts ...string) (settings string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(dir+"/"+name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(leaf)
	return fmt.Sprintf("  certificate = %q\n  key = %q\n", dir+"/cert.pem", dir+"/key.pem"), roots
}

const secretWord = "correct-horse-battery-staple"

// browser is a client that knows a certificate and keeps what it is given, and follows nothing.
func browser(roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func fetch(t *testing.T, c *http.Client, method, url, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp, string(b)
}

// answers is how many answers there are when a request is sent twice on one connection.
func answers(t *testing.T, at, request string) int {
	t.Helper()
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, request+"\r\n\r\n"+request+"\r\nConnection: close\r\n\r\n")
	all, _ := io.ReadAll(c) // a reset ends it as well
	return strings.Count(string(all), "HTTP/1.1 ")
}
