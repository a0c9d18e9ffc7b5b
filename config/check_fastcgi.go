package config

import (
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vitrine/config/template"
)

// checkApplicationAddress checks where an application listens: "unix:" and an absolute path, or an address with a port.
func checkApplicationAddress(text string) *problem {
	const example = `write, for example, "unix:/run/php/php-fpm.sock" or "127.0.0.1:9000"`
	if path, ok := strings.CutPrefix(text, unixScheme); ok {
		switch clean := strings.TrimPrefix(path, "//"); {
		case !strings.HasPrefix(path, "/"):
			return &problem{message: "the path of the socket is not absolute", hint: example, offset: len(unixScheme), end: len(text)}
		case clean != path:
			return &problem{message: quoted(text) + " is a URL", hint: "write " + quoted(unixScheme+clean)}
		case len(path) > longestSocket:
			return &problem{message: fmt.Sprintf("this path of a socket has %d bytes, and %d are the most", len(path), longestSocket), hint: "choose a shorter one"}
		}
		return nil
	}
	if strings.HasPrefix(text, "/") {
		return &problem{message: quoted(text) + " does not say what it is", hint: "write " + quoted(unixScheme+text) + " for a Unix socket"}
	}
	if rest, ok := strings.CutPrefix(text, "fastcgi://"); ok {
		return &problem{message: quoted(text) + " is a URL", hint: "write " + quoted(rest)}
	}
	if strings.Contains(text, "://") {
		return &problem{message: quoted(text) + " is a URL", hint: example}
	}
	if p := checkBare(text); p != nil {
		return p
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return &problem{message: quoted(text) + " is no address with a port", hint: example}
	}
	if p := checkPort(port, len(text)-len(port)); p != nil {
		return p
	}
	if strings.Trim(port, "0") == "" {
		return &problem{message: "nobody listens on port 0", hint: example, offset: len(text) - len(port), end: len(text)}
	}
	if host == "" || host == "localhost" {
		return &problem{message: quoted(text) + " does not say which address", hint: "write " + quoted("127.0.0.1:"+port) + " or " + quoted("[::1]:"+port)}
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return &problem{message: quoted(host) + " is no address", hint: "names are not looked up here; write the address", end: len(text) - len(port) - 1}
	}
	return nil
}

func checkAbsolute(path string) *problem {
	if !filepath.IsAbs(path) {
		return &problem{message: quoted(path) + " is no absolute path", hint: `write, for example, "/srv/private"`}
	}
	return nil
}

func checkSplit(end string) *problem {
	switch {
	case end == "" || strings.ContainsAny(end, "/*"):
		return &problem{message: quoted(end) + " is not how a script's name ends", hint: `write, for example, ".php"`}
	case !strings.HasPrefix(end, "."):
		return &problem{message: fmt.Sprintf("every name that ends with %q would be a script", end), hint: "write " + quoted("."+end)}
	}
	return nil
}

func checkAccel(path string) *problem {
	if !strings.HasPrefix(path, "/") {
		return noSlash("path", path, "")
	}
	if path == "/" || strings.HasSuffix(path, "*") {
		hint := `write, for example, "/protected/"`
		if bare := strings.TrimRight(path, "*"); path != "/" && bare != "/" {
			hint = "write " + quoted(bare)
		}
		return &problem{message: quoted(path) + " is no path below which something lies apart", hint: hint}
	}
	return checkPathText(path)
}

// unforgeable are the parameters that decide what is run, and how.
var unforgeable = []string{"SCRIPT_FILENAME", "PATH_TRANSLATED", "PHP_VALUE", "PHP_ADMIN_VALUE"}

// assignParam adds a parameter of an application. Names are case-sensitive.
func (d *decoder) assignParam(s *setting, p pair, all *[]Param) {
	if p.name == "" || strings.ContainsAny(p.name, "=\x00") {
		d.problem(p.key, &problem{message: quoted(p.name) + " is no name of a parameter", hint: "write, for example, APP_ENV"})
		return
	}
	text, ok := d.text(s, p.value)
	if !ok {
		return
	}
	t, ok := d.compile(text, s.scope, p.value)
	if !ok {
		return
	}
	if _, static := t.Static(); !static && slices.Contains(unforgeable, p.name) {
		d.problem(p.value, &problem{message: "what is run would be made of what the request says",
			hint: fmt.Sprintf("write %s without placeholders, or leave it out: the server passes the script's own path, once it has found it", p.name)})
		return
	}
	*all = append(*all, Param{p.name, Value[*template.Template]{t, p.value.pos}})
}

// checkFastCGI looks at a fastcgi block as a whole.
func checkFastCGI(d *decoder, b *block, value any) {
	f := value.(*FastCGI)
	d.labelOr(b, "address", "this fastcgi block has two addresses")
	if !b.body.whole() {
		return
	}
	if len(f.Split) == 0 {
		for _, name := range []string{"index", "front", "static", "root"} {
			if useless := b.body.attr(name); useless != nil {
				d.warn(useless.at, name+" has no effect: split_path_info names no scripts, so the application gets every path", "remove it")
			}
		}
	}
	if idle := b.body.attr("idle"); idle != nil && !f.KeepAlive.V && f.Idle.V > 0 {
		d.warn(idle.at, "idle has no effect: keep_alive is false", "remove it")
	}
	if path := f.SocketPath(); path != "" && !d.opt.NoFiles {
		d.checkApplicationSocket(f, path)
	}
}

// socketsBeside names some sockets that are in the folder of one that is not there, or is "".
func socketsBeside(path string) string {
	const most = 4
	var names []string
	all, _ := os.ReadDir(filepath.Dir(path))
	for _, one := range all {
		if one.Type()&fs.ModeSocket != 0 && len(names) < most {
			names = append(names, shownPath(filepath.Join(filepath.Dir(path), one.Name())))
		}
	}
	return strings.Join(names, ", ")
}

// checkApplicationSocket warns about a socket that is not there: the application may only be down at the moment.
func (d *decoder) checkApplicationSocket(f *FastCGI, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		summary, hint := d.brokenPath(path, err)
		if info, err := os.Stat(filepath.Dir(path)); err == nil && info.IsDir() { // only the socket is missing
			hint = "start the application, or write the path that it listens on"
			if others := socketsBeside(path); others != "" { // Debian's have PHP's version in their names
				hint += ": there is " + others
			}
		}
		d.warnAt(f.Address.Pos, "nobody listens there at the moment: "+summary, hint)
	case info.Mode()&fs.ModeSocket == 0:
		d.failAt(f.Address.Pos, quoted(shownPath(path))+" is no socket", "write the path of the socket that the application listens on")
	}
}

// checkApplication holds a route with a fastcgi block to the folder that it needs, and to being its only answer.
func (d *decoder) checkApplication(b *block, r *Route) {
	block := b.body.block("fastcgi")
	if block == nil {
		return
	}
	for _, name := range []string{"respond", "redirect", "cgi"} {
		if other := b.body.block(name); other != nil {
			d.failRelated(other.head, "this route has two ways to answer", "keep one of them: a route has one way to answer", block.head, "an application answers here")
		}
	}
	r.Settings.CGI = nil // programs in the folder are the application's business
	f := r.FastCGI
	if f == nil || !b.body.whole() {
		return
	}
	if len(f.Split) > 0 && r.Settings.Root == nil && !d.siteHasRoot() {
		d.fail(block.head, "there is no folder with scripts here",
			`write root = "…" in the route or in the site, or split_path_info = [] in this block for an application that has no scripts`)
	}
	if len(f.Split) == 0 {
		if root := b.body.attr("root"); root != nil {
			d.warn(root.at, "root has no effect: the application gets every path of the route", "remove it")
		}
		r.Settings.Root = nil
	}
}
