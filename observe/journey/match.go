package journey

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// matcher is a Filter made ready for asking often. It is immutable.
type matcher struct {
	Filter
	hosts    []hostPattern
	statuses []statuses
	slower   int64
	text     []byte // lower case
}

type hostPattern struct {
	text string
	port bool // it names one
}

// compile makes the filter ready. What Set would have refused chooses nothing.
func (f *Filter) compile() *matcher {
	m := new(matcher)
	if f == nil {
		return m
	}
	m.Filter, m.slower = *f, int64(f.Slower)
	m.text = lowered(f.Text)
	for _, h := range f.Hosts {
		m.hosts = append(m.hosts, patternOf(h))
	}
	for _, s := range f.Statuses {
		if r, err := parseStatus(s); err == nil {
			m.statuses = append(m.statuses, r)
		}
	}
	m.Clients, m.Peers = plainPrefixes(f.Clients), plainPrefixes(f.Peers)
	return m
}

// plainPrefixes are networks as people write them: of IPv4, also where they were written as IPv6.
func plainPrefixes(all []netip.Prefix) (plain []netip.Prefix) {
	for _, p := range all {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		plain = append(plain, p)
	}
	return plain
}

func patternOf(host string) hostPattern {
	switch colons := strings.Count(host, ":"); {
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		return hostPattern{text: host[1 : len(host)-1]}
	case strings.HasPrefix(host, "["), colons == 1:
		return hostPattern{host, true}
	}
	return hostPattern{text: strings.TrimSuffix(host, ".")}
}

func lowered(s string) []byte {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// early reports whether something that is asked is known before the answer.
func (m *matcher) early() bool {
	return len(m.hosts)+len(m.Paths)+len(m.Methods)+len(m.Clients)+len(m.Peers) > 0 || m.Connection != 0
}

// late reports whether something that is asked is known at the end only.
func (m *matcher) late() bool {
	return len(m.Sites)+len(m.Statuses)+len(m.Reasons)+len(m.Users) > 0 || m.Failed || m.Slow || m.slower > 0 || len(m.text) > 0
}

// begun reports whether an exchange that has just begun can still match.
func (m *matcher) begun(x *exchange.Exchange) bool {
	r := x.Request
	return (m.Connection == 0 || m.Connection == x.Peer.Connection) && within(m.Clients, x.Client) && within(m.Peers, x.Peer.Remote) &&
		m.method(r.MethodBytes()) && m.host(r.Authority.Of(r.Arena())) && m.path(r.RawPath())
}

// ended reports whether an exchange that has ended matches.
func (m *matcher) ended(p *policy, x *exchange.Exchange, w *way, user string, took int64, failed, slow bool) bool {
	return m.times(took, failed, slow) && (len(m.Users) == 0 || slices.Contains(m.Users, user)) && m.status(uint16(x.Outcome.Status)) && m.begun(x) && m.way(w) &&
		(len(m.text) == 0 || holds([]byte(user), m.text) || m.textIn(p, x))
}

func (m *matcher) times(took int64, failed, slow bool) bool {
	return took >= m.slower && (!m.Failed && !m.Slow || m.Failed && failed || m.Slow && slow)
}

func (m *matcher) status(status uint16) bool {
	if len(m.Statuses) == 0 {
		return true
	}
	for _, s := range m.statuses {
		if s.from <= status && status <= s.to {
			return true
		}
	}
	return false
}

// user reports whether a user is one of those that are asked for.
func (m *matcher) user(name []byte) bool {
	for _, u := range m.Users {
		if u == string(name) {
			return true
		}
	}
	return false
}

// within reports whether an address lies in one of the networks; no networks are all of them.
func within(networks []netip.Prefix, a netip.AddrPort) bool {
	if len(networks) == 0 {
		return true
	}
	addr := a.Addr().Unmap()
	for _, p := range networks {
		if p.Contains(addr.WithZone("")) {
			return true
		}
	}
	return false
}

func (m *matcher) method(method []byte) bool {
	if len(m.Methods) == 0 {
		return true
	}
	for _, other := range m.Methods {
		if message.EqualFold(method, other) { // methods are case-sensitive; whoever looks for them is not
			return true
		}
	}
	return false
}

func (m *matcher) host(authority []byte) bool {
	if len(m.hosts) == 0 {
		return true
	}
	host := hostOf(authority)
	for i := range m.hosts {
		if h := &m.hosts[i]; h.port && message.EqualFold(authority, h.text) || !h.port && message.EqualFold(host, h.text) {
			return true
		}
	}
	return false
}

func (m *matcher) path(path []byte) bool {
	if len(m.Paths) == 0 {
		return true
	}
	for _, p := range m.Paths {
		if like(path, p) {
			return true
		}
	}
	return false
}

// like reports whether a text is what a pattern says, in which * is any text.
func like(text []byte, pattern string) bool {
	t, p := 0, 0
	star, mark := -1, 0 // where the last * was, and the text that it has not taken yet
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// way reports whether the site and the decisions are those that are asked for.
func (m *matcher) way(w *way) bool {
	return (len(m.Sites) == 0 || m.site(w.site)) && (len(m.Reasons) == 0 || m.reasons(w))
}

func (m *matcher) site(site string) bool {
	for _, s := range m.Sites {
		if message.EqualFold(s, site) {
			return true
		}
	}
	return false
}

func (m *matcher) reasons(w *way) bool {
	for _, why := range w.why {
		if why != nil && m.reason(why) {
			return true
		}
	}
	if w.failure != nil && m.reason(w.failure) || w.ending != nil && m.reason(w.ending) || w.refused != nil && m.reason(w.refused) {
		return true
	}
	if w.told != nil {
		for i := range w.told.Events {
			if e := &w.told.Events[i]; e.Taken && m.reason(e.Reason) {
				return true
			}
		}
	}
	return false
}

func (m *matcher) reason(r *trace.Reason) bool {
	for _, id := range m.Reasons {
		if r.ID == id || strings.HasSuffix(id, ".") && strings.HasPrefix(r.ID, id) {
			return true
		}
	}
	return false
}

// textIn reports whether the text is in a request, for an exchange that was not recorded yet. It does not look at the
// response.
func (m *matcher) textIn(p *policy, x *exchange.Exchange) bool {
	r := x.Request
	var memory [64]byte
	if holds(r.Authority.Of(r.Arena()), m.text) || holds(r.RawTarget(), m.text) || holds(x.Journey.Append(memory[:0]), m.text) ||
		holds(plainAddress(x.Peer.Remote).AppendTo(memory[:0]), m.text) || x.Client.IsValid() && holds(plainAddress(x.Client).AppendTo(memory[:0]), m.text) {
		return true
	}
	for i := range r.Fields.Len() {
		name, value := r.Fields.At(i)
		if holds(name, m.text) || !secretName(p, r.Fields.IDAt(i), name) && holds(value, m.text) {
			return true
		}
	}
	return false
}

// holds reports whether a text is in b, without regard to the case of ASCII letters. The text is in lower case.
func holds(b, text []byte) bool {
	if len(text) == 0 {
		return true
	}
	heads := [2]byte{text[0], text[0]} // how the text may begin
	if 'a' <= text[0] && text[0] <= 'z' {
		heads[1] -= 'a' - 'A'
	}
	last := len(b) - len(text)
	next := [2]int{-1, -1} // where each of them is next, from here on
	for at := 0; at <= last; at++ {
		for i, c := range heads {
			if next[i] < at {
				if next[i] = bytes.IndexByte(b[at:last+1], c); next[i] < 0 {
					next[i] = len(b)
				} else {
					next[i] += at
				}
			}
		}
		if at = min(next[0], next[1]); at > last {
			return false
		}
		if message.EqualFold(b[at:at+len(text)], text) {
			return true
		}
	}
	return false
}
