package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"vitrine/trace"
)

// checkClientHost checks a name of clients: a host, or all below a domain.
func checkClientHost(text string) *problem {
	name := strings.TrimPrefix(text, ".")
	switch {
	case strings.HasPrefix(text, "*."):
		return &problem{message: quoted(text) + " is written otherwise here", hint: "write " + quoted(text[1:]) + " for all names below it"}
	case name == "" || name == "*":
		return &problem{message: quoted(text) + " is no host name", hint: `write, for example, "www.example.org", or ".example.org" for all names below it`}
	}
	if _, ok := hostAddress(name); ok {
		return &problem{message: quoted(text) + " is an address, not a name", hint: "write it in allow"}
	}
	if _, err := netip.ParsePrefix(name); err == nil {
		return &problem{message: quoted(text) + " is a network, not a name", hint: "write it in allow"}
	}
	p := checkHost(name)
	if p != nil {
		p.hint, p.offset, p.end = `write, for example, "www.example.org", or ".example.org" for all names below it`, 0, 0
	}
	return p
}

// checkUser checks the name of a user: RFC 7617 §2 has no colon in it, and no control characters.
func checkUser(text string) *problem {
	switch text {
	case "*", "valid-user", "valid_user", "all":
		return &problem{message: quoted(text) + " names no user", hint: "leave users out: then every user in the file may"}
	}
	return checkName(text, "user")
}

func checkGroup(text string) *problem {
	if p := checkName(text, "group"); p != nil {
		return p
	}
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return &problem{message: "a group's name has no spaces", hint: "name each group in quotes of its own", offset: i, end: i + 1}
	}
	return nil
}

func checkName(text, what string) *problem {
	if text == "" {
		return &problem{message: "a " + what + " has a name", hint: "remove the empty text"}
	}
	if !utf8.ValidString(text) {
		return &problem{message: "the name of a " + what + " is text in UTF-8", hint: "write it in letters"}
	}
	for i, c := range text {
		if c < ' ' || c == 0x7f || c == ':' {
			return &problem{message: "the name of a " + what + " has no colon and no control characters", hint: "write each name in quotes of its own", offset: i, end: i + 1}
		}
	}
	return nil
}

// checkClientCertificate refuses what cannot be asked yet.
func checkClientCertificate(string) *problem {
	return &problem{message: "clients cannot show certificates: this server does not speak TLS yet", hint: "until then, use users, or let a proxy in front ask for certificates"}
}

func checkScheme(text string) *problem {
	switch strings.ToLower(text) {
	case "basic", "digest":
		if text == strings.ToLower(text) {
			return nil
		}
		return &problem{message: quoted(text) + " is written in small letters", hint: "write " + quoted(strings.ToLower(text))}
	}
	return &problem{message: "there is no scheme " + quoted(text), hint: `it may be "basic" or "digest"`}
}

// checkRealm checks a realm: it is sent within quotes (RFC 9110 §11.5).
func checkRealm(text string) *problem {
	if !utf8.ValidString(text) || text == "" || strings.ContainsRune(text, ':') {
		return &problem{message: "a realm is text without a colon", hint: `write, for example, realm = "accounts"`}
	}
	return checkFieldValue(text)
}

func checkDigestAlgorithm(text string) *problem {
	switch text {
	case "SHA-256", "MD5":
		return nil
	}
	hint := `it may be "SHA-256" or "MD5"`
	if near := nearest(strings.ToUpper(text), []string{"SHA-256", "MD5"}); near != "" {
		hint = "did you mean " + quoted(near) + "?"
	}
	return &problem{message: "digest does not offer " + quoted(text), hint: hint}
}

// parseFrequency reads "10/s": how long it is from one to the next. An empty text is no bound.
func parseFrequency(text string) (time.Duration, *problem) {
	if text == "" {
		return 0, nil
	}
	const example = `write, for example, "10/s", "600/m", "1000/h" or "5/d"`
	number, unit, ok := strings.Cut(text, "/")
	number = strings.TrimSuffix(strings.TrimSpace(number), "r") // as in nginx
	per := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[strings.TrimSpace(unit)]
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case !ok || err != nil || per == 0:
		return 0, &problem{message: quoted(text) + " is no number of requests in a time", hint: example}
	case n == 0:
		return 0, &problem{message: "no request at all would be answered", hint: "respond with 403, or write deny in an access block"}
	case per/time.Duration(n) == 0:
		return 0, &problem{message: quoted(text) + " is more than can be counted", hint: "leave it out: it bounds nothing"}
	}
	return per / time.Duration(n), nil
}

func checkFrequency(text string) *problem {
	_, p := parseFrequency(text)
	return p
}

// checkRateKey checks what is counted together.
func checkRateKey(text string) *problem {
	if text == "client" || text == "user" || strings.ContainsRune(text, '{') {
		return nil
	}
	hint := `it may be "client", "user", or a template such as "{request.X-Api-Key}"`
	if near := nearest(text, []string{"client", "user"}); near != "" {
		hint = "did you mean " + quoted(near) + "? " + hint
	}
	return &problem{message: quoted(text) + " is the same for all requests", hint: hint}
}

// checkAuth looks at an auth block as a whole.
func checkAuth(d *decoder, b *block, value any) {
	a := value.(*Auth)
	if b.body.attr("file") == nil && b.body.whole() {
		d.fail(b.head, "this auth block has no file with users", `write, for example, file = "/etc/vitrine/passwords"`)
	}
	other := map[string][]string{"basic": {"algorithms", "nonce", "userhash"}, "digest": {"plain_text"}}
	for _, name := range other[a.Scheme.V] {
		if useless := b.body.attr(name); useless != nil {
			d.warn(useless.at, fmt.Sprintf("%s has no effect on %s", name, a.Scheme.V), "remove it")
		}
	}
	if n := len(a.Algorithms); n == 0 && b.body.whole() && a.Scheme.V == "digest" {
		d.fail(b.head, "this auth block offers no algorithm", `leave algorithms out for SHA-256 and MD5`)
	}
}

// checkAccess looks at an access block as a whole, with what it takes from outside.
func checkAccess(d *decoder, b *block, value any) {
	a := value.(*Access)
	if !b.body.whole() {
		return
	}
	schemes := make(map[string]trace.Position)
	for _, auth := range a.Auth {
		if first, twice := schemes[auth.Scheme.V]; twice {
			d.failAt(auth.Pos, "there are two auth blocks for "+auth.Scheme.V, "keep one of them: a client could not tell them apart", Related{first, "the first one is here"})
		}
		schemes[auth.Scheme.V] = auth.Pos
	}
	if len(a.Auth) == 0 {
		for _, names := range []struct {
			what string
			list []Value[string]
		}{{"users", a.Users}, {"groups", a.Groups}} {
			if len(names.list) > 0 {
				d.failAt(names.list[0].Pos, names.what+" are named, and nothing says how they prove who they are", `write, for example, auth "basic" { file = "/etc/vitrine/passwords" } in this block`)
			}
		}
	}
	switch {
	case len(a.Groups) > 0 && a.GroupFile.V == "":
		d.failAt(a.Groups[0].Pos, "groups are named, and nothing says who is in them", `write, for example, group_file = "/etc/vitrine/groups"`)
	case len(a.Groups) == 0 && a.GroupFile.V != "" && b.body.attr("group_file") != nil:
		d.warnAt(a.GroupFile.Pos, "group_file has no effect: no groups are named", `write, for example, groups = ["staff"]`)
	}
	places := len(a.Allow) + len(a.Hosts) + len(a.Deny)
	if b.body.attr("satisfy") != nil && (places == 0 || len(a.Auth) == 0) {
		d.warnAt(a.Satisfy.Pos, "satisfy has no effect: only one thing is asked", "remove it, or ask for both an address and a user")
	}
	if len(b.body.attrs)+len(b.body.blocks) > 0 && !a.Asks() && !a.Off.V {
		d.warn(b.head, "this access block asks nothing of anybody", `write, for example, allow = ["192.0.2.0/24"]`)
	}
	d.checkNetworks(a)
}

// checkNetworks warns about networks that can decide nothing.
func (d *decoder) checkNetworks(a *Access) {
	for _, allowed := range a.Allow {
		for _, denied := range a.Deny {
			if allowed.V == denied.V {
				d.warnAt(allowed.Pos, fmt.Sprintf("%s is allowed and denied, and deny wins", allowed.V), "keep one of the two", Related{denied.Pos, "it is denied here"})
			}
		}
	}
	contains := func(list []Value[netip.Prefix], n netip.Prefix) bool {
		for _, wider := range list {
			if wider.V.Bits() < n.Bits() && wider.V.Contains(n.Addr()) {
				return true
			}
		}
		return false
	}
	for _, denied := range a.Deny {
		if len(a.Allow) > 0 && !contains(a.Allow, denied.V) && !contains(a.Deny, denied.V) && len(a.Hosts) == 0 {
			same := false
			for _, allowed := range a.Allow {
				same = same || allowed.V == denied.V || denied.V.Contains(allowed.V.Addr())
			}
			if !same {
				d.warnAt(denied.Pos, fmt.Sprintf("denying %s changes nothing: allow lists networks, and it is in none of them", denied.V), "remove it")
			}
		}
	}
}

// checkRate looks at a rate block as a whole, with what it takes from outside.
func checkRate(d *decoder, b *block, value any) {
	r := value.(*Rate)
	if !b.body.whole() || r.Off.V {
		return
	}
	if r.Requests.V == "" {
		for _, name := range []string{"burst", "delay", "headers"} {
			if useless := b.body.attr(name); useless != nil {
				d.warn(useless.at, name+" has no effect: requests are not bounded", `write, for example, requests = "10/s"`)
			}
		}
	}
	if delay := b.body.attr("delay"); delay != nil && r.Delay.V && r.Burst.V == 0 && r.Requests.V != "" {
		d.warn(delay.at, "no request ever waits: there is no burst", "write, for example, burst = 10")
	}
	if !r.Bounds() && len(b.body.attrs) > 0 {
		d.warn(b.head, "this rate block bounds nothing", `write, for example, requests = "10/s"`)
	}
}

// checkProxies looks at a proxies block as a whole.
func checkProxies(d *decoder, b *block, value any) {
	p := value.(*Proxies)
	if !b.body.whole() {
		return
	}
	if len(p.Trusted) == 0 {
		d.warn(b.head, "this proxies block trusts nobody, so every connection's own address is the client's", `write, for example, trusted = ["10.0.0.0/8"]`)
	}
	for _, n := range p.Trusted {
		if n.V.Bits() == 0 {
			d.warnAt(n.Pos, "everybody is trusted, so every client chooses its own address", "name the networks of the proxies only")
		}
	}
}

// checkGuards warns of passwords that go over the wire in the clear.
func (d *decoder) checkGuards() {
	c := d.config
	for _, s := range c.Sites {
		listens := s.Listens
		if len(listens) == 0 {
			listens = c.Listens
		}
		all := []*Settings{&s.Settings}
		for _, r := range s.Routes {
			all = append(all, &r.Settings)
		}
		for _, l := range listens {
			if l.Proxies != nil && len(l.Proxies.Trusted) > 0 || l.Proxies == nil && len(c.Proxies.Trusted) > 0 {
				continue // TLS may end there
			}
			for _, address := range l.Addresses {
				if isLoopback(address.V) {
					continue
				}
				for _, t := range all {
					if t.Guard.Off.V {
						continue
					}
					for _, a := range t.Guard.Auth {
						d.warnInClear(a, address)
					}
				}
			}
		}
	}
}

func (d *decoder) warnInClear(a *Auth, address Value[string]) {
	what := "passwords cross the network in the clear"
	if a.Scheme.V == "digest" {
		what = "whoever sees the network can guess passwords, and reads what they protect"
	}
	pos := a.Pos
	if pos.Origin == trace.Inherited { // said once, where it is written
		pos.Origin = trace.Written
	}
	d.warnAt(pos, what+": there is no TLS here", "put a proxy with TLS in front and name it in proxies, or listen on 127.0.0.1 only", placed(address.Pos, "others reach it here")...)
}

// isLoopback reports whether only this machine reaches an address of a listen block.
func isLoopback(address string) bool {
	host, err := netip.ParseAddrPort(address)
	return err == nil && host.Addr().Unmap().IsLoopback()
}

// sameProxies reports whether two listen blocks trust the same proxies.
func sameProxies(a, b *Proxies) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Field.V == b.Field.V && a.Hops.V == b.Hops.V &&
		slices.EqualFunc(a.Trusted, b.Trusted, func(a, b Value[netip.Prefix]) bool { return a.V == b.V })
}
