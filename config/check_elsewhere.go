package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// checkParameter checks the name of a query parameter that is put into URLs as it is.
func checkParameter(name string) *problem {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
			return &problem{message: quoted(name) + " cannot be the name of a query parameter here", hint: "take letters, digits and - . _ ~", offset: i, end: i + 1}
		}
	}
	if name == "" {
		return &problem{message: "a query parameter has a name", hint: `write, for example, "visit"`}
	}
	return nil
}

// checkWholeRegexp checks a regular expression that a whole value is held against.
func checkWholeRegexp(text string) *problem {
	if len(text) > 1000 {
		return &problem{message: "the regular expression is longer than 1000 bytes"}
	}
	if _, err := regexp.Compile(text); err != nil {
		return &problem{message: strings.TrimPrefix(err.Error(), "error parsing regexp: "), hint: "it is a regular expression of RE2, and about the whole value"}
	}
	return nil
}

// checkServerURL checks the URL of a server that clients are sent to.
func checkServerURL(text string) *problem {
	const example = `write, for example, "http://b.example.org"`
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		if err == nil && u.Scheme == "" && text != "" && !strings.ContainsAny(text, " ") {
			return &problem{message: quoted(text) + " is no URL of a server", hint: "write " + quoted("http://"+strings.TrimLeft(text, "/"))}
		}
		return &problem{message: quoted(text) + " is no URL of a server", hint: example}
	case u.User != nil:
		return &problem{message: "clients would be shown this name and password", hint: "leave them out"}
	case u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return &problem{message: "the path and the query of the request follow the URL", hint: "leave out what begins with ? or #"}
	case u.Port() != "" && (u.Port() == "0" || checkPort(u.Port(), 0) != nil):
		return &problem{message: quoted(u.Port()) + " is no port", hint: example}
	}
	return checkFieldValue(text)
}

// checkAwayStatus checks the status of a redirect that depends on the moment or the client.
func checkAwayStatus(status string) *problem {
	switch status {
	case "302", "303", "307":
		return nil
	case "301", "308":
		return &problem{message: status + " would be remembered by clients, and this redirect holds for now", hint: "302, 303 or 307"}
	}
	return checkRedirectStatus(status)
}

func checkHealthPath(path string) *problem {
	if !strings.HasPrefix(path, "/") {
		return noSlash("path", path, "")
	}
	if _, err := url.ParseRequestURI(path); err != nil || strings.ContainsAny(path, " #") {
		return &problem{message: quoted(path) + " is no path", hint: "encode what cannot stand in one"}
	}
	return nil
}

func checkAugment(d *decoder, b *block, value any) {
	a := value.(*Augment)
	if a.Valid.V == "" || a.Value.V == nil || !b.body.whole() {
		return
	}
	if text, static := a.Value.V.Static(); static && !regexp.MustCompile("^(?:"+a.Valid.V+")$").MatchString(text) {
		d.failAt(a.Value.Pos, quoted(text)+" is not valid itself, so clients would be sent in a circle", "valid is "+quoted(a.Valid.V), Related{a.Valid.Pos, "valid says so"})
	}
}

func checkBalance(d *decoder, b *block, value any) {
	l := value.(*Balance)
	if len(l.Servers) == 0 && b.body.whole() {
		d.fail(b.head, "there is no server to send clients to", `write, for example, server "http://b.example.org" { }`)
	}
	if l.Below.V > l.Above.V {
		d.failAt(l.Below.Pos, fmt.Sprintf("below (%d) is more than above (%d)", l.Below.V, l.Above.V), "the server is overloaded above the one, and no longer below the other")
	}
	for _, s := range l.Servers {
		if len(s.Networks) > 0 {
			d.warnAt(s.Networks[0].Pos, "networks have no effect under balance", "clients go to the server for their network under nearer")
		}
		if s.Here.V {
			d.failAt(s.Here.Pos, "an overloaded server cannot send clients to itself", "leave this server out")
		}
	}
	d.checkServers(l.Servers)
}

func checkNearer(d *decoder, b *block, value any) {
	n := value.(*Nearer)
	here := 0
	for _, s := range n.Servers {
		if s.Here.V {
			here++
		}
	}
	switch {
	case !b.body.whole():
	case len(n.Servers) < 2:
		d.fail(b.head, "there is no server to choose from", `write at least two, one of them with here = true`)
	case here == 0:
		d.fail(b.head, "none of the servers is this one, so every client would be sent away", "write here = true in the one that is")
	case here > 1:
		d.fail(b.head, fmt.Sprintf("%d of the servers are this one", here), "write here = true in one of them")
	}
	d.checkServers(n.Servers)
}

// checkServers reports servers that are named twice, and networks that two servers claim.
func (d *decoder) checkServers(all []*ElsewhereServer) {
	urls := make(map[string]*ElsewhereServer)
	networks := make(map[string]*ElsewhereServer)
	for _, s := range all {
		if s.URL.V == "" {
			continue // it is wrong, and reported
		}
		if first := urls[strings.TrimSuffix(s.URL.V, "/")]; first != nil {
			d.failAt(s.URL.Pos, "the server "+s.URL.V+" is named twice", "give the one a greater weight instead", Related{first.URL.Pos, "it is named here first"})
		}
		urls[strings.TrimSuffix(s.URL.V, "/")] = s
		for _, network := range s.Networks {
			if first := networks[network.V.Masked().String()]; first != nil && first != s {
				d.failAt(network.Pos, "two servers are for "+network.V.String(), "keep it in one of them", Related{first.Pos, "the other one is here"})
			}
			networks[network.V.Masked().String()] = s
		}
	}
}
