package config

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vitrine/trace"
)

// leastToken is how many characters the token of an admin block has at least.
const leastToken = 16

// mostToken bounds it, and so what is compared with it.
const mostToken = 4096

// checkAdminAddress checks "host:port" with an address, localhost or nothing for the host.
func checkAdminAddress(text string) *problem {
	if host, port, err := net.SplitHostPort(text); err == nil && host == "localhost" {
		return checkPort(port, len(text)-len(port))
	}
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		return &problem{message: fmt.Sprintf("the address %q lacks a colon", text), hint: fmt.Sprintf("write %q for this machine only, or %q for all addresses", "localhost:"+text, ":"+text)}
	}
	if text == "localhost" {
		return &problem{message: quoted(text) + " has no port", hint: `write, for example, "localhost:9180"`}
	}
	if rest, ok := cutScheme(text); ok {
		return &problem{message: quoted(text) + " is a URL, not an address", hint: "write " + quoted(rest)}
	}
	if strings.ContainsRune(text, '/') {
		return &problem{message: quoted(text) + " is no address with a port", hint: `write, for example, "localhost:9180"; programs of this machine may also ask the control socket, which is a Unix socket`}
	}
	p := checkListenAddress(text)
	if p != nil && strings.HasPrefix(p.hint, "names are not looked up") {
		p.hint = "names are not looked up here: write the address, and the name in hosts"
	}
	if p != nil && strings.HasPrefix(p.hint, `write, for example, ":80"`) {
		p.hint = `write, for example, "localhost:9180"`
	}
	return p
}

// checkAdminHost checks a name under which the page is asked for.
func checkAdminHost(text string) *problem {
	if strings.HasPrefix(text, "*") || text == "" || text == "_" {
		return &problem{message: quoted(text) + " is no host name", hint: "name each host: any other name may be that of somebody else's web page"}
	}
	p := checkHost(text)
	if p != nil && strings.Contains(p.hint, "in a listen block") {
		host, _, _ := strings.Cut(text, ":")
		p.hint = fmt.Sprintf("write %q; the port is that of the address", host)
	}
	return p
}

// checkToken checks a secret that is sent in a header field. Empty is none.
func checkToken(text string) *problem {
	n := utf8.RuneCountInString(text)
	switch {
	case text == "":
		return nil
	case n < leastToken:
		return &problem{message: fmt.Sprintf("this token has %s, and %d are the fewest: others could guess it", count(n, "character"), leastToken),
			hint: "openssl rand -hex 32 makes a good one"}
	case len(text) > mostToken:
		return &problem{message: fmt.Sprintf("this token has %d bytes, and %d are the most", len(text), mostToken), hint: "openssl rand -hex 32 makes a good one"}
	}
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f { // RFC 6750 §2.1, and what browsers send alike
			return &problem{message: "a token is printable ASCII without spaces, since it is sent in a header field", hint: "openssl rand -hex 32 makes a good one", offset: i, end: i + 1}
		}
	}
	return nil
}

// readable reports a file that cannot be read, and which component of its path is to blame.
func (d *decoder) readable(s *setting, path string, l located) {
	if d.opt.NoFiles {
		return
	}
	f, err := os.Open(path)
	if err == nil {
		info, statErr := f.Stat()
		f.Close()
		if statErr == nil && info.IsDir() {
			d.fail(l.at, quoted(shownPath(path))+" is a folder, and "+s.name+" is a file", "write the path of a file in it")
		}
		return
	}
	if errors.Is(err, fs.ErrPermission) {
		hint := ""
		if info, err := os.Stat(path); err == nil {
			hint = fmt.Sprintf("its mode is %s%s, and this program runs as user %d", info.Mode(), owner(info), os.Geteuid())
		}
		d.fail(l.at, fmt.Sprintf("the file %s cannot be read: %s", quoted(shownPath(path)), cause(err)), hint)
		return
	}
	summary, hint := d.brokenPath(path, err)
	if entries, err := os.ReadDir(filepath.Dir(path)); err == nil { // what may be meant is a file, not a folder
		var names []string
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, e.Name())
			}
		}
		hint = ""
		if near := nearest(filepath.Base(path), names); near != "" {
			hint = "did you mean " + quoted(near) + "?"
		}
	}
	d.fail(l.at, summary, hint)
}

// Secret is the token that is asked for; empty when there is none. It reads token_file, if that says it.
func (a *Admin) Secret() (string, error) {
	if a.Token.V != "" || a.TokenFile.V == "" {
		return a.Token.V, nil
	}
	f, err := os.Open(a.TokenFile.V)
	if err != nil {
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, 2*mostToken)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("its first line is empty")
	}
	if p := checkToken(line); p != nil {
		return "", errors.New(p.message)
	}
	return line, nil
}

// Pair is the certificate with its key; the error says what is wrong with them. There is none when Certificate is empty.
func (a *Admin) Pair() (tls.Certificate, error) {
	return tls.LoadX509KeyPair(a.Certificate.V, a.Key.V)
}

// checkAdmin looks at an admin block as a whole.
func checkAdmin(d *decoder, b *block, value any) {
	a := value.(*Admin)
	if address := b.body.attr("address"); address != nil && len(b.labels) > 0 {
		d.failRelated(address.at, "this admin block has two addresses", "keep one of them", b.labels[0].at, "the other one is here")
	}
	token, file := b.body.attr("token"), b.body.attr("token_file")
	if token != nil && file != nil && a.Token.V != "" && a.TokenFile.V != "" {
		d.failRelated(file.at, "this admin block has two tokens", "keep one of them", token.at, "the other one is here")
	}
	certificate, key := b.body.attr("certificate"), b.body.attr("key")
	switch {
	case certificate != nil && key == nil && b.body.whole():
		d.fail(certificate.at, "this certificate has no key", `write, for example, key = "/etc/vitrine/admin.key"`)
	case key != nil && certificate == nil && b.body.whole():
		d.fail(key.at, "this key has no certificate", `write, for example, certificate = "/etc/vitrine/admin.pem"`)
	}
	if d.opt.NoFiles || !b.body.whole() {
		return
	}
	if a.TokenFile.V != "" {
		d.checkTokenFile(a)
	}
	if a.Certificate.V != "" && a.Key.V != "" {
		d.checkPair(a)
	}
}

// checkTokenFile refuses a file without a token, and warns when others may read it.
func (d *decoder) checkTokenFile(a *Admin) {
	name := quoted(shownPath(a.TokenFile.V))
	if _, err := a.Secret(); err != nil {
		d.failAt(a.TokenFile.Pos, fmt.Sprintf("the file %s has no token that can be used: %s", name, cause(err)), "openssl rand -hex 32 makes a good one; it is the first line of the file")
		return
	}
	if info, err := os.Stat(a.TokenFile.V); err == nil && info.Mode().Perm()&0o004 != 0 {
		d.warnAt(a.TokenFile.Pos, fmt.Sprintf("everybody on this machine may read the token in %s", name), "chmod 600 keeps it for the owner")
	}
}

// checkPair refuses a certificate and a key that do not make a TLS server, and warns of one that browsers refuse.
func (d *decoder) checkPair(a *Admin) {
	pair, err := a.Pair()
	if err != nil {
		pos, summary, hint := a.Certificate.Pos, "", ""
		key := func(text string) { pos, summary = a.Key.Pos, text }
		switch text := err.Error(); {
		case strings.Contains(text, "private key does not match"), strings.Contains(text, "private key type does not match"):
			key("this key belongs to another certificate")
			hint = "openssl x509 -noout -pubkey -in CERTIFICATE and openssl pkey -pubout -in KEY print the same for a pair"
		case strings.Contains(text, "failed to find any PEM data in certificate"), strings.Contains(text, `failed to find "CERTIFICATE"`),
			strings.Contains(text, "failed to find certificate"):
			summary, hint = fmt.Sprintf("there is no certificate in %s", quoted(shownPath(a.Certificate.V))), "it is a file in PEM, with lines that say BEGIN CERTIFICATE"
		case strings.Contains(text, "key input"), strings.Contains(text, "rather than a key"), strings.Contains(text, "PRIVATE KEY"):
			key(fmt.Sprintf("there is no private key in %s", quoted(shownPath(a.Key.V))))
			hint = "it is a file in PEM, with a line that says BEGIN PRIVATE KEY, and without a password"
		case strings.Contains(text, "parse private key"), strings.Contains(text, "private key"):
			key(fmt.Sprintf("the private key in %s cannot be read: %s", quoted(shownPath(a.Key.V)), strings.TrimPrefix(text, "tls: ")))
		default:
			summary = "this certificate cannot be used: " + strings.TrimPrefix(text, "tls: ")
		}
		d.failAt(pos, summary, hint)
		return
	}
	leaf := pair.Leaf
	if leaf == nil {
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return
		}
	}
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		d.warnAt(a.Certificate.Pos, fmt.Sprintf("this certificate has expired, on %s", leaf.NotAfter.Format(time.DateOnly)), "browsers refuse it")
	case now.Before(leaf.NotBefore):
		d.warnAt(a.Certificate.Pos, fmt.Sprintf("this certificate begins to hold on %s", leaf.NotBefore.Format(time.DateOnly)), "browsers refuse it until then")
	}
	for _, h := range a.Hosts {
		if leaf.VerifyHostname(strings.Trim(h.V, "[]")) != nil {
			d.warnAt(h.Pos, fmt.Sprintf("the certificate is not for %s", h.V), "browsers refuse it there", Related{a.Certificate.Pos, "the certificate is here"})
		}
	}
}

// checkAdminWhole holds the admin block against the rest: who reaches it, and who has its address.
func (d *decoder) checkAdminWhole() {
	a := d.config.Admin
	if a == nil || a.Off.V || a.Address.V == "" {
		return
	}
	d.checkAdminReach(a)
	host, port, err := net.SplitHostPort(a.Address.V)
	if err != nil || port == "0" || d.config.Network != nil {
		return
	}
	mine := []string{listenKey(a.Address.V)}
	if host == "localhost" {
		mine = []string{listenKey("127.0.0.1:" + port), listenKey("[::1]:" + port)}
	}
	check := func(listens []*Listen) {
		for _, l := range listens {
			for _, address := range l.Addresses {
				other := listenKey(address.V)
				if !strings.HasSuffix(other, ":"+port) {
					continue
				}
				if slices.Contains(mine, other) || isWildcard(other) || isWildcard(mine[0]) {
					d.failAt(a.Address.Pos, fmt.Sprintf("the address %q is taken already", a.Address.V), "choose another port for the page",
						placed(address.Pos, "sites are served there")...)
					return
				}
			}
		}
	}
	check(d.config.Listens)
	for _, s := range d.config.Sites {
		check(s.Listens)
	}
}

// checkAdminReach demands what keeps strangers out where others reach the page.
func (d *decoder) checkAdminReach(a *Admin) {
	var lacks []string
	if a.Certificate.V == "" {
		lacks = append(lacks, "a certificate and its key")
	}
	b := d.written[a]
	refused := b != nil && a.Token.Pos.Origin == trace.Default && b.body.attr("token") != nil // a token that was too short is one
	if a.Token.V == "" && a.TokenFile.V == "" && !refused {
		lacks = append(lacks, "a token")
	}
	if a.Loopback() || len(lacks) == 0 {
		if len(a.Hosts) == 0 && !a.Loopback() && isWildcard(listenKey(a.Address.V)) {
			d.warnAt(a.Address.Pos, "the page is only answered under this machine's addresses: no name is in hosts", `write, for example, hosts = ["glass.example.org"]`)
		}
		return
	}
	_, port, _ := net.SplitHostPort(a.Address.V)
	hint := fmt.Sprintf("write %s in this block, or %q for this machine only", missingSettings(a), "localhost:"+port)
	if a.Address.Pos.File == adminFlag && a.Pos.Origin == trace.Flag {
		hint = fmt.Sprintf("write an admin block with %s, or say %q for this machine only", missingSettings(a), "localhost:"+port)
	}
	end := a.Address.Pos
	end.Column += utf8.RuneCountInString(a.Address.V)
	if a.Address.Pos.Origin != trace.Flag {
		end = trace.Position{} // the end of the word
	}
	d.append(Diagnostic{Severity: Error, Pos: a.Address.Pos, End: end, Summary: fmt.Sprintf("other machines reach %q, and there the page needs %s", a.Address.V, strings.Join(lacks, ", and ")), Hint: hint})
}

func missingSettings(a *Admin) string {
	var all []string
	if a.Certificate.V == "" {
		all = append(all, "certificate", "key")
	}
	if a.Token.V == "" && a.TokenFile.V == "" {
		all = append(all, "token_file")
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}
