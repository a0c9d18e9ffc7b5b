package journey

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vitrine/web/message"
)

// Filter chooses journeys: those that fit every field that is not empty, and one of its values where there are several.
// The zero Filter, as nil, chooses all. ParseFilter reads one.
type Filter struct {
	Sites, Hosts []string // exact, without regard to case; a host without a port fits whatever the port
	Paths        []string // patterns of the request target's path as it was sent, in which * is any text
	Methods      []string
	Statuses     []string       // "404", or a class: "4xx"
	Clients      []netip.Prefix // of who asked, whom trusted proxies may have named
	Peers        []netip.Prefix // of the connections' other ends
	Users        []string       // who the clients proved to be, exactly
	Reasons      []string       // ids, or what they begin with when they end in "."; of any decision that was noted
	Slower       time.Duration  // it took at least as long
	Failed       bool           // only failures
	Slow         bool           // only slow ones, and failures when Failed is set too
	Connection   uint64
	Text         string // in host, target, client, id or a field that is no secret, without regard to case
}

// Bounds of a filter that comes from outside.
const (
	mostValues  = 100
	longestText = 1000
)

// names are the conditions, in the order in which they are told.
var names = []string{"site", "host", "path", "method", "status", "client", "peer", "user", "reason", "slower", "failed", "slow", "connection", "text"}

// ParseFilter reads conditions as a URL's query or a command line gives them: site, host, path, method, status, client, peer,
// user and reason, each as often as you like, slower, failed, slow, connection and text. Names that are no condition are left
// alone. The error says which value is wrong, and gives an example.
func ParseFilter(query map[string][]string) (*Filter, error) {
	f := new(Filter)
	for _, name := range names {
		if len(query[name]) > mostValues {
			return nil, fmt.Errorf("%s is given %d times: at most %d", name, len(query[name]), mostValues)
		}
		for _, value := range query[name] {
			if err := f.Set(name, value); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// Set adds one condition, by the name that ParseFilter knows.
func (f *Filter) Set(name, value string) error {
	wrong := func(why string) error { return fmt.Errorf("%s=%q: %s", name, clip(value), why) }
	if len(value) > longestText {
		return wrong("longer than " + strconv.Itoa(longestText) + " bytes")
	}
	if value == "" && name != "failed" && name != "slow" && name != "text" {
		return wrong("a value is missing")
	}
	switch name {
	case "site":
		f.Sites = append(f.Sites, value)
	case "host":
		f.Hosts = append(f.Hosts, value)
	case "path":
		f.Paths = append(f.Paths, value)
	case "method":
		f.Methods = append(f.Methods, value)
	case "status":
		if _, err := parseStatus(value); err != nil {
			return wrong(err.Error())
		}
		f.Statuses = append(f.Statuses, value)
	case "client", "peer":
		client, err := parseClient(value)
		if err != nil {
			return wrong(err.Error())
		}
		if name == "peer" {
			f.Peers = append(f.Peers, client)
		} else {
			f.Clients = append(f.Clients, client)
		}
	case "user":
		f.Users = append(f.Users, value)
	case "reason":
		f.Reasons = append(f.Reasons, value)
	case "slower":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return wrong(`not a duration: write it as "250ms" or "1.5s"`)
		}
		f.Slower = d
	case "failed", "slow":
		on := true
		switch value {
		case "1", "true", "yes", "":
		case "0", "false", "no":
			on = false
		default:
			return wrong(`write 1, or leave it out`)
		}
		if name == "failed" {
			f.Failed = on
		} else {
			f.Slow = on
		}
	case "connection":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return wrong("not a connection's number")
		}
		f.Connection = n
	case "text":
		f.Text = value
	default:
		return fmt.Errorf("%q is no condition: there are %s", clip(name), strings.Join(names, ", "))
	}
	return nil
}

// Query are the conditions as ParseFilter reads them, for asking a server.
func (f *Filter) Query() map[string][]string {
	q := make(map[string][]string)
	if f == nil {
		return q
	}
	for name, values := range map[string][]string{"site": f.Sites, "host": f.Hosts, "path": f.Paths, "method": f.Methods,
		"status": f.Statuses, "user": f.Users, "reason": f.Reasons} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	for _, c := range f.Clients {
		q["client"] = append(q["client"], c.String())
	}
	for _, p := range f.Peers {
		q["peer"] = append(q["peer"], p.String())
	}
	if f.Slower > 0 {
		q["slower"] = []string{f.Slower.String()}
	}
	if f.Failed {
		q["failed"] = []string{"1"}
	}
	if f.Slow {
		q["slow"] = []string{"1"}
	}
	if f.Connection != 0 {
		q["connection"] = []string{strconv.FormatUint(f.Connection, 10)}
	}
	if f.Text != "" {
		q["text"] = []string{f.Text}
	}
	return q
}

// clip shortens what an error quotes.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// statuses is a range of status codes, both ends included.
type statuses struct{ from, to uint16 }

func parseStatus(s string) (statuses, error) {
	bad := errors.New(`not a status: write it as "404", or a class as "4xx"`)
	if len(s) != 3 {
		return statuses{}, bad
	}
	if message.EqualFold(s[1:], "xx") && s[0] >= '0' && s[0] <= '9' {
		from := uint16(s[0]-'0') * 100
		return statuses{from, from + 99}, nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return statuses{}, bad
	}
	return statuses{uint16(n), uint16(n)}, nil
}

func parseClient(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		if p, err := netip.ParsePrefix(s); err == nil {
			return p.Masked(), nil
		}
	} else if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, errors.New(`not an address: write it as "192.0.2.7", "2001:db8::1" or "192.0.2.0/24"`)
}
