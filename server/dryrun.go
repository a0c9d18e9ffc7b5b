package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vitrine/config"
	"vitrine/site"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web"
)

// bodyLimit is how much of a body a dry run keeps.
const bodyLimit = 1 << 20

// Query is a request that is only asked about.
type Query struct {
	Method string      // empty: GET
	URL    string      // http://host[:port]/path; it is sent as it is, so that what is wrong with it shows
	Fields [][2]string // names and values; a Host among them is sent instead of the URL's
	From   netip.Addr  // the client; zero: this machine
	Old    bool        // HTTP/1.0
}

// Answer is how a configuration answers a Query. Nothing was sent.
type Answer struct {
	Peer    *web.Peer      // who would be at both ends; nil when nothing listens
	Head    []byte         // the request as it would be sent
	Events  []trace.Event  // every decision, in order, those before the request is read too
	Result  *web.DryResult // nil when no byte would be read
	Refused *trace.Reason  // why none would
}

// Dry answers Queries by a configuration, without a socket. It may be used by one goroutine at a time.
type Dry struct {
	config    *config.Config
	own       *resource.Store // nil: it is somebody else's
	handler   *site.Handler
	listening []*listening
}

// NewDry makes a Dry. It returns nil, with the errors in diags, when the configuration cannot be used. Close gives
// its files back.
func NewDry(c *config.Config, diags *config.Diagnostics) *Dry {
	own := resource.NewStore(c.Memory)
	d := newDry(c, site.Options{Store: own}, diags)
	if d == nil {
		own.Close()
		return nil
	}
	d.own = own
	return d
}

// newDry makes a Dry that looks for files where others do, too, and knows what they know.
func newDry(c *config.Config, known site.Options, diags *config.Diagnostics) *Dry {
	d := &Dry{config: c, listening: wanted(c, diags)}
	var err error
	d.handler, err = site.New(c, known)
	if err != nil {
		addErrors(diags, err)
		return nil
	}
	return d
}

// addErrors adds what keeps a site from being made.
func addErrors(diags *config.Diagnostics, err error) {
	var wrong site.Errors
	if !errors.As(err, &wrong) {
		diags.Add(config.Error, trace.Position{}, err.Error(), "")
	}
	for _, d := range wrong {
		diags.Append(d)
	}
}

// Close gives the files back.
func (d *Dry) Close() {
	d.handler.Close()
	if d.own != nil {
		d.own.Close()
	}
}

// Ask answers a Query. The error says what is wrong with the Query itself.
func (d *Dry) Ask(q Query) (*Answer, error) {
	u, err := splitURL(q.URL)
	if err != nil {
		return nil, err
	}
	a := &Answer{Head: u.head(q)}
	var j trace.Journey
	l := d.arrive(u, &j)
	if l == nil {
		a.Refused = ListenerNone
		a.Events = j.Events
		return a, nil
	}
	from := q.From
	local := d.local(l, u, from)
	if !from.IsValid() {
		from = d.someNeighbor(local)
	}
	a.Peer = &web.Peer{Remote: netip.AddrPortFrom(from, 0), Local: netip.AddrPortFrom(local, u.localPort(l)), Connection: 1, Listener: l.conf}
	if why := l.clients.tell(&j, from); why != nil {
		a.Refused = why
		a.Events = j.Events
		return a, nil
	}
	a.Result = web.DryRun(d.handler, a.Head, a.Peer, settings(d.config), bodyLimit)
	a.Events = append(j.Events, a.Result.Events...)
	return a, nil
}

// arrive chooses the listener that a connection to the URL arrives at, and tells of those that were passed over.
func (d *Dry) arrive(u *url, j *trace.Journey) *listening {
	var chosen *listening
	why := ListenerChosen
	if n := d.config.Network; n != nil {
		j.Add(trace.Event{Step: "network", Reason: NetworkOwn.Reach(), Position: n.Pos, Subject: label(n), Taken: true})
		if u.address.IsValid() && !n.Has(u.address) {
			j.Add(trace.Event{Step: "listener", Reason: ListenerNone.Reach(), Position: n.Pos, Subject: u.authority, Taken: true,
				Details: []trace.Detail{trace.D("why", fmt.Sprintf("%s is no address of the network %s", u.address, n.Adapter.V))}})
			return nil
		}
	}
	if n := d.config.Network; n != nil && u.host == "localhost" { // an expect block may say so all the same
		j.Add(trace.Event{Step: "network", Reason: ListenerLocal.Reach(), Position: n.Pos, Subject: u.authority,
			Details: []trace.Detail{trace.D("ask for", n.Address[0].V.Addr().String())}})
	}
	for _, l := range d.listening {
		if chosen == nil && l.takes(u.address, u.portOr80()) {
			chosen = l
		}
	}
	if chosen == nil && u.port == 0 { // no port was said: the configuration's own serves, whatever is in front of it
		for _, l := range d.listening {
			if chosen == nil && l.takes(u.address, l.address.Port()) && d.serves(l, u.host) {
				chosen, why = l, ListenerAssumed
			}
		}
	}
	for _, l := range d.listening {
		if l != chosen {
			j.Add(trace.Event{Step: "listener", Reason: ListenerOther.Reach(), Position: l.written.Pos, Subject: l.address.String()})
		}
	}
	if chosen == nil {
		j.Add(trace.Event{Step: "listener", Reason: ListenerNone.Reach(), Subject: u.authority, Taken: true})
		return nil
	}
	j.Add(trace.Event{Step: "listener", Reason: why.Reach(), Position: chosen.written.Pos, Subject: chosen.address.String(), Taken: true})
	return chosen
}

// serves reports whether one of the listener's sites answers for the host, so that an assumed listener is a sensible
// one; the only listener always is.
func (d *Dry) serves(l *listening, host string) bool {
	if len(d.listening) == 1 {
		return true
	}
	for _, s := range d.config.Sites {
		if !reaches(l.conf, s, d.config) {
			continue
		}
		if s.Default.V {
			return true
		}
		for _, h := range s.Hosts {
			suffix, wild := strings.CutPrefix(h.V, "*")
			if h.V == host || wild && strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
				return true
			}
		}
	}
	return false
}

// reaches reports whether a listen block serves a site.
func reaches(l *config.Listen, s *config.Site, c *config.Config) bool {
	if len(s.Listens) == 0 {
		return slices.Contains(c.Listens, l)
	}
	return slices.Contains(s.Listens, l)
}

// takes reports whether the listener accepts connections to an address, which is zero for a name, and a port.
func (l *listening) takes(a netip.Addr, port uint16) bool {
	if l.address.Port() != port && l.address.Port() != 0 {
		return false
	}
	own := l.address.Addr()
	switch {
	case !a.IsValid(), own == a:
		return true
	case own.IsUnspecified():
		return own.Is6() || a.Is4()
	}
	return false
}

// local is the address of the server that the client's connection ends at.
func (d *Dry) local(l *listening, u *url, from netip.Addr) netip.Addr {
	switch own := l.address.Addr(); {
	case !own.IsUnspecified():
		return own
	case u.address.IsValid():
		return u.address
	case d.config.Network != nil:
		return localLike(d.config.Network, from)
	case from.Is6() && own.Is6():
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// someNeighbor is a client's address when nobody says one: this machine, or a station on the own network.
func (d *Dry) someNeighbor(local netip.Addr) netip.Addr {
	switch {
	case d.config.Network != nil:
		return neighbor(d.config.Network, local)
	case local.Is6():
		return netip.IPv6Loopback()
	}
	return loopback
}

// url is a URL as far as it must be understood to send it.
type url struct {
	authority string     // host[:port], as written
	host      string     // lower case, without brackets
	address   netip.Addr // of the host, when it is one
	port      uint16     // 0: none was written
	target    string     // what follows the authority
	user      string     // user:password, which clients take out of the URL
}

// splitURL takes a URL apart without judging its path: the request's own parser shall do that.
func splitURL(text string) (*url, error) {
	rest, ok := strings.CutPrefix(text, "http://")
	if !ok {
		if strings.HasPrefix(text, "https://") {
			return nil, fmt.Errorf("%s: this server does not speak https; ask for http://%s", text, text[len("https://"):])
		}
		if strings.Contains(text, "://") {
			return nil, fmt.Errorf("%s is no URL of a web page; it begins with http://", text)
		}
		rest = text
	}
	u := &url{authority: rest, target: "/"}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		u.authority, u.target = rest[:end], rest[end:]
	}
	u.target, _, _ = strings.Cut(u.target, "#") // no client sends it
	if !strings.HasPrefix(u.target, "/") {
		u.target = "/" + u.target
	}
	if at := strings.LastIndexByte(u.authority, '@'); at >= 0 {
		u.user, u.authority = u.authority[:at], u.authority[at+1:]
	}
	if u.authority == "" {
		return nil, fmt.Errorf("%s names no host; write, for example, http://localhost%s", text, u.target)
	}
	host, port := u.authority, ""
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		host, port = host[:at], host[at+1:]
	}
	if strings.HasPrefix(host, "[") != strings.HasSuffix(host, "]") {
		return nil, fmt.Errorf("%s: an IPv6 address stands between [ and ]", text)
	}
	if ascii := config.ASCIIHost(host); ascii != host {
		u.authority, host = ascii+u.authority[len(host):], ascii
	}
	u.host = strings.ToLower(strings.Trim(host, "[]"))
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no port", text, port)
		}
		u.port = uint16(n)
	}
	if a, err := netip.ParseAddr(u.host); err == nil {
		u.address = a.Unmap()
	}
	return u, nil
}

func (u *url) portOr80() uint16 {
	if u.port == 0 {
		return 80
	}
	return u.port
}

// localPort is the port of this machine that the connection ends at.
func (u *url) localPort(l *listening) uint16 {
	if p := l.address.Port(); p != 0 {
		return p
	}
	return u.portOr80()
}

// head is the request's bytes. Characters beyond ASCII are percent-encoded, as every client does; everything else is
// sent as it was written.
func (u *url) head(q Query) []byte {
	method, version, host, user := q.Method, "HTTP/1.1", true, u.user != ""
	if method == "" {
		method = "GET"
	}
	if q.Old {
		version = "HTTP/1.0"
	}
	b := append([]byte(method), ' ')
	for i := range len(u.target) {
		if c := u.target[i]; c >= 0x80 {
			b = fmt.Appendf(b, "%%%02X", c)
		} else {
			b = append(b, c)
		}
	}
	b = fmt.Appendf(b, " %s\r\n", version)
	for _, f := range q.Fields {
		host = host && !strings.EqualFold(f[0], "Host")
		user = user && !strings.EqualFold(f[0], "Authorization")
	}
	if host {
		b = fmt.Appendf(b, "Host: %s\r\n", u.authority)
	}
	if user {
		b = fmt.Appendf(b, "Authorization: Basic %s\r\n", base64.StdEncoding.EncodeToString([]byte(u.user)))
	}
	for _, f := range q.Fields {
		b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
	}
	return append(b, "\r\n"...)
}
