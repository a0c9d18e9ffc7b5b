package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	weburl "net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"vitrine/config"
	"vitrine/observe/glass/api"
	"vitrine/trace"
)

// gatekeeper decides who may look at the page about the running server. Everything else that the handler behind it shows is
// shown to whoever comes this far. It is safe for concurrent use.
type gatekeeper struct {
	next    http.Handler
	refused func(remote string, why *trace.Reason, detail string) // told of each refusal; must not block
	policy  atomic.Pointer[policy]
	key     [sha256.Size]byte // of this process: what was signed before it means nothing now
	tries   tries
}

// policy is what an admin block says about who may look.
type policy struct {
	token []byte   // nil: none is asked for
	hosts []string // normal form: lower case, without brackets
	tls   bool
	mark  [sha256.Size]byte // of the token: another token ends what was signed in with the old one
}

func newGatekeeper(next http.Handler, refused func(remote string, why *trace.Reason, detail string)) *gatekeeper {
	g := &gatekeeper{next: next, refused: refused}
	g.tries.delay = triesDelay
	rand.Read(g.key[:])
	g.policy.Store(new(policy))
	return g
}

// newPolicy reads the token, where a file has it.
func newPolicy(a *config.Admin) (*policy, error) {
	token, err := a.Secret()
	if err != nil {
		return nil, err
	}
	p := &policy{tls: a.Certificate.V != ""}
	if token != "" {
		p.token = []byte(token)
		p.mark = sha256.Sum256(p.token)
	}
	for _, h := range a.Hosts {
		p.hosts = append(p.hosts, plainHost(h.V))
	}
	return p, nil
}

// plainHost is a host without brackets and a final dot, in lower case; an address in its shortest form.
func plainHost(text string) string {
	text = strings.ToLower(strings.TrimSuffix(strings.Trim(text, "[]"), "."))
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Unmap().String()
	}
	return text
}

// ServeHTTP lets a request pass, or refuses it.
func (g *gatekeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := g.policy.Load()
	harden(w.Header())
	if why, detail := p.foreign(r); why != nil {
		g.refuse(w, r, why, detail)
		return
	}
	if p.token == nil || g.signedIn(p, r) {
		if r.URL.Path == signInPath && p.token == nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		g.next.ServeHTTP(w, r)
		return
	}
	g.demand(w, r, p)
}

// harden sets what keeps other pages and other contents away from this one. The page has no scripts and styles but its
// own files.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer a browser's form says Origin: null, and foreign refuses it
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
}

// foreign says why a request does not come from whoever sits before this server's page; nil when it may.
func (p *policy) foreign(r *http.Request) (why *trace.Reason, detail string) {
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return AdminMethod, r.Method
	}
	if !strings.HasPrefix(r.RequestURI, "/") { // absolute-form is what clients send to a proxy: RFC 9112 §3.2.2
		return AdminProxied, "the request target is " + clip(r.RequestURI)
	}
	for name := range r.Header {
		if ofProxy(name) {
			return AdminProxied, "it has the field " + clip(name)
		}
	}
	if !p.known(r) {
		return AdminHost, "it asks for the host " + clip(r.Host)
	}
	if r.ProtoMajor == 1 && r.ProtoMinor == 0 {
		return AdminProxied, "it is HTTP/1.0, which no browser speaks, and a proxy may that says nothing of itself, as nginx"
	}
	if origin := r.Header.Values("Origin"); len(origin) > 0 && (len(origin) > 1 || !p.same(origin[0], r.Host)) {
		return AdminOrigin, "it comes from " + clip(strings.Join(origin, ", "))
	}
	// Fetch Metadata §2.3. Another port of this machine is another program: "same-site" is not enough.
	for _, from := range r.Header.Values("Sec-Fetch-Site") {
		if from != "" && from != "same-origin" && from != "none" {
			return AdminCrossSite, "the browser says " + clip(from)
		}
	}
	// Browsers that do not say so may still tell where they were. So do all of them behind a proxy that puts another host in
	// the place of its own.
	for _, from := range r.Header.Values("Referer") {
		if u, err := weburl.Parse(from); err == nil && u.Host != "" && !p.same(u.Scheme+"://"+u.Host, r.Host) {
			return AdminCrossSite, "the page that asks is of " + clip(u.Scheme+"://"+u.Host)
		}
	}
	return nil, ""
}

// ofProxy reports whether a field is one that proxies add, by its canonical name.
func ofProxy(name string) bool {
	switch name {
	case "Via", "Forwarded", "Cdn-Loop", "Max-Forwards", // RFC 9110 §7.6.3, RFC 7239, RFC 8586, RFC 9110 §7.6.2
		"X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Host", "X-Original-Url", "Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded") || strings.HasPrefix(name, "X-Envoy-") || strings.HasPrefix(name, "Proxy-")
}

// known reports whether the host that is asked for is one of this page's: localhost and the loopback addresses on a
// connection to one of them, the address that the connection was made to, and what the configuration names. A name that
// somebody else has lead here is none of them. The port is not looked at: a tunnel may have another.
func (p *policy) known(r *http.Request) bool {
	host, ok := hostOf(r.Host)
	if !ok {
		return false
	}
	if slices.Contains(p.hosts, host) {
		return true
	}
	local, ok := localAddr(r)
	if !ok {
		return false
	}
	if host == "localhost" {
		return local.IsLoopback()
	}
	a, err := netip.ParseAddr(host)
	return err == nil && (a == local || a.IsLoopback() && local.IsLoopback())
}

// hostOf is the host that a Host field names (RFC 9110 §7.2), in its normal form. An address of IPv6 may lack its brackets. It
// has no zone, since that means something on one machine only.
func hostOf(field string) (host string, ok bool) {
	host, port := field, ""
	if colon := strings.LastIndexByte(field, ':'); colon >= 0 && (strings.HasSuffix(field[:colon], "]") || strings.IndexByte(field, ':') == colon) {
		host, port = field[:colon], field[colon+1:]
	}
	if port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
	}
	inner, six := strings.CutPrefix(host, "[")
	if six {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return "", false
		}
	}
	if six || strings.ContainsAny(host, ":%[]") {
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() || a.Zone() != "" {
			return "", false
		}
	}
	host = plainHost(host)
	return host, host != ""
}

// localAddr is the address that the connection was made to.
func localAddr(r *http.Request) (netip.Addr, bool) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddrPort(local.String())
	return a.Addr().Unmap().WithZone(""), err == nil
}

// same reports whether an origin is that of the page itself: RFC 6454 §5.
func (p *policy) same(origin, host string) bool {
	u, err := weburl.Parse(origin)
	scheme := "http"
	if p.tls {
		scheme = "https"
	}
	return err == nil && u.Scheme == scheme && strings.EqualFold(u.Host, host)
}

// clip is a text of the client's that is short enough for a log.
func clip(text string) string {
	const enough = 100
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return `"` + text + `"`
}

// signedIn reports whether a request brings the mark of a browser that has brought the token.
func (g *gatekeeper) signedIn(p *policy, r *http.Request) bool {
	for _, c := range r.CookiesNamed(p.cookieName()) { // another program on this host may have set one of that name
		if g.valid(p, c.Value, time.Now()) {
			return true
		}
	}
	return false
}

// cookieName is the cookie's name. Under TLS the browser itself sees to it that nobody else has set it: RFC 6265bis
// §4.1.3.2.
func (p *policy) cookieName() string {
	if p.tls {
		return "__Host-vitrine"
	}
	return "vitrine"
}

// sessionTime is how long a browser stays signed in.
const sessionTime = 12 * time.Hour

// sign makes the mark of a browser that has brought the token: until when it holds, signed.
func (g *gatekeeper) sign(p *policy, until time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, g.mac(p, b)...))
}

func (g *gatekeeper) mac(p *policy, b []byte) []byte {
	m := hmac.New(sha256.New, g.key[:])
	m.Write(p.mark[:])
	m.Write(b)
	return m.Sum(nil)
}

// valid reports whether sign made a mark, and it still holds.
func (g *gatekeeper) valid(p *policy, text string, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 8+sha256.Size || !hmac.Equal(b[8:], g.mac(p, b[:8])) {
		return false
	}
	return now.Unix() < int64(binary.BigEndian.Uint64(b))
}

// right compares a token in a time that does not tell where it differs, nor how long the right one is.
func (p *policy) right(text string) bool {
	given := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(given[:], p.mark[:]) == 1
}

// refuse says no, with the reason, to a person or to a program.
func (g *gatekeeper) refuse(w http.ResponseWriter, r *http.Request, why *trace.Reason, detail string) {
	g.refused(r.RemoteAddr, why.Reach(), detail)
	w.Header().Set("Connection", "close") // strangers do not keep one of the places
	status := http.StatusForbidden
	switch why {
	case AdminHost:
		status = http.StatusMisdirectedRequest
	case AdminMethod:
		w.Header().Set("Allow", "GET, HEAD, POST")
		status = http.StatusMethodNotAllowed
	}
	hint := adminHints[why]
	if navigation(r) && (why == AdminCrossSite) {
		writePage(w, status, "This page was opened from another one", why.Sentence, `<p><a href="/">Open it here</a></p>`)
		return
	}
	writeError(w, status, why.Clause(), hint)
}

// adminHints say what to do about a refusal.
var adminHints = map[*trace.Reason]string{
	AdminHost:      "ask for localhost or for the address itself, or name the host in hosts of the admin block",
	AdminOrigin:    "open the page itself in the browser",
	AdminCrossSite: "open the page itself in the browser: type its address",
	AdminProxied:   "connect to the page directly, or through a tunnel such as ssh -L",
	AdminMethod:    "the API is only read",
	AdminNoToken:   "send the field Authorization: Bearer TOKEN",
	AdminToken:     "the token is the one of the admin block of the configuration",
	AdminTries:     "wait a minute",
}

// navigation reports whether a person opens a page, as opposed to a program that asks.
func navigation(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// writeError answers as the API does.
func writeError(w http.ResponseWriter, status int, what, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(api.Error{Error: what, Hint: hint})
}
