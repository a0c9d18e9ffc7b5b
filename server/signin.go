package server

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Where a browser brings the token, and how much of a form is read.
const (
	signInPath = "/sign-in"
	formBytes  = 16 << 10
)

// demand asks for the token, unless the request brings it.
func (g *gatekeeper) demand(w http.ResponseWriter, r *http.Request, p *policy) {
	w.Header().Set("Connection", "close") // strangers do not keep one of the places
	given, asked := "", false
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") { // RFC 6750 §2.1
		given, asked = strings.TrimSpace(token), true
	}
	form := r.URL.Path == signInPath && r.Method == http.MethodPost
	if form {
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		if err := r.ParseForm(); err != nil {
			writeError(w, http.StatusBadRequest, "the form cannot be read", "")
			return
		}
		given, asked = strings.TrimSpace(r.PostForm.Get("token")), true
	}
	if !asked {
		g.unsigned(w, r, "")
		return
	}
	client := clientAt(r.RemoteAddr)
	if !g.tries.may(client, time.Now()) {
		w.Header().Set("Retry-After", "60")
		g.refused(r.RemoteAddr, AdminTries.Reach(), "")
		writeError(w, http.StatusTooManyRequests, AdminTries.Clause(), adminHints[AdminTries])
		return
	}
	if !p.right(given) {
		g.refused(r.RemoteAddr, AdminToken.Reach(), "")
		g.tries.failed(client, time.Now())
		g.tries.wait(r)
		if form {
			g.unsigned(w, r, "That was another token.")
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="vitrine", error="invalid_token"`) // RFC 6750 §3
		writeError(w, http.StatusUnauthorized, AdminToken.Clause(), adminHints[AdminToken])
		return
	}
	w.Header().Del("Connection")
	if !form {
		g.next.ServeHTTP(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: p.cookieName(), Value: g.sign(p, time.Now().Add(sessionTime)), Path: "/", MaxAge: int(sessionTime / time.Second),
		HttpOnly: true, Secure: p.tls, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// unsigned answers a request without a token: a person gets a form for it.
func (g *gatekeeper) unsigned(w http.ResponseWriter, r *http.Request, said string) {
	if said == "" {
		AdminNoToken.Reach() // a browser that comes for the first time is not worth a line
	}
	if !navigation(r) || strings.HasPrefix(r.URL.Path, "/api/") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="vitrine"`)
		writeError(w, http.StatusUnauthorized, AdminNoToken.Clause(), adminHints[AdminNoToken])
		return
	}
	if said != "" {
		said = `<p role="alert">` + html.EscapeString(said) + "</p>"
	}
	writePage(w, http.StatusUnauthorized, "Who looks?", "The server shows itself to whoever knows the token of its admin block.", said+signInForm)
}

// signInForm asks for the token. Programs that keep passwords file them under a name, so there is one; nobody sees or reads it.
const signInForm = `<form method="post" action="` + signInPath + `"><input name="username" autocomplete="username" value="vitrine" hidden>` +
	`<label for="token">Token</label><input id="token" type="password" name="token" autocomplete="current-password" autocapitalize="off" spellcheck="false" autofocus required>` +
	`<button>Look inside</button></form>`

// pageStyle is the style of the pages that are shown before the page itself may be.
const pageStyle = `:root{color-scheme:light dark;font:.9375rem/1.5 system-ui,sans-serif;background:light-dark(#f3f6f6,#0c1213);color:light-dark(#142120,#e7efee)}` +
	`body{max-width:26rem;margin:0 auto;padding:14vh 1rem 2rem}main{padding:1.75rem;background:light-dark(#fff,#131b1c);border:1px solid light-dark(#dbe3e2,#243132);border-radius:11px}` +
	`svg{display:block;margin-bottom:1rem}h1{margin:0;font-size:1.5rem;line-height:1.2}p{margin:.5rem 0 1.25rem;color:light-dark(#445452,#b0bfbd);text-wrap:pretty}` +
	`label{font-weight:600}input:not([hidden]),button{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.6rem .75rem;border-radius:7px}` +
	`input{margin:.35rem 0 1rem;border:1px solid light-dark(#6d807d,#6f8482);background:light-dark(#f6f9f9,#0f1718);color:inherit}` +
	`button{border:0;font-weight:600;cursor:pointer;background:light-dark(#0a6c61,#5fcbb9);color:light-dark(#fff,#05211d)}` +
	`:focus-visible{outline:2px solid light-dark(#0a6c61,#5fcbb9);outline-offset:2px}[role=alert]{color:light-dark(#b8232c,#ff8a82)}`

// pageMark is the page's icon.
const pageMark = `<svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true"><rect x="3" y="3" width="26" height="26" rx="6" fill="#0b6e63"/>` +
	`<path d="M9 9.5 16 23l7-13.5" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>`

// pageStyleHash allows that style and no other: CSP 3 §6.7.3.3.
var pageStyleHash = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// writePage writes a small page. body is HTML.
func writePage(w http.ResponseWriter, status int, title, text, body string) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+pageStyleHash+"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>` + html.EscapeString(title) +
		` · vitrine</title><style>` + pageStyle + `</style><body><main>` + pageMark + `<h1>` + html.EscapeString(title) + `</h1><p>` + html.EscapeString(text) + "</p>" + body + `</main>`))
}

// Bounds of wrong tokens.
const (
	triesDelay   = 500 * time.Millisecond // before each is answered
	triesBurst   = 10                     // wrong ones in a row
	triesEvery   = 6 * time.Second        // one more is allowed
	triesClients = 1024                   // that are remembered; more are one
	triesWaiting = 32                     // wrong ones that wait for their answer at once; more are answered without
)

// tries bounds how often each client may bring a wrong token. The zero value works, with no delay.
type tries struct {
	delay   time.Duration
	mu      sync.Mutex
	clients map[netip.Addr]*try
	waiting int
}

// try is a client that has brought wrong tokens.
type try struct {
	left float64
	at   time.Time
}

// refill gives a client back what time has.
func (t *try) refill(now time.Time) {
	t.left = min(t.left+now.Sub(t.at).Seconds()/triesEvery.Seconds(), triesBurst)
	t.at = now
}

// may reports whether a client may try another token.
func (t *tries) may(client netip.Addr, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.clients[client]
	if c == nil && len(t.clients) >= triesClients {
		c = t.clients[netip.Addr{}]
	}
	if c == nil {
		return true
	}
	c.refill(now)
	return c.left >= 1
}

// failed notes a wrong token.
func (t *tries) failed(client netip.Addr, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clients == nil {
		t.clients = make(map[netip.Addr]*try)
	}
	c := t.clients[client]
	if c == nil && len(t.clients) >= triesClients {
		for a, old := range t.clients { // those who have waited long enough are strangers again
			if old.refill(now); old.left >= triesBurst {
				delete(t.clients, a)
			}
		}
		if len(t.clients) >= triesClients {
			client = netip.Addr{}
			c = t.clients[client]
		}
	}
	if c == nil {
		c = &try{left: triesBurst, at: now}
		t.clients[client] = c
	}
	c.refill(now)
	c.left--
}

// wait lets a wrong token wait for its answer, so that trying many takes long. Few wait at once.
func (t *tries) wait(r *http.Request) {
	t.mu.Lock()
	full := t.waiting >= triesWaiting
	if !full {
		t.waiting++
	}
	t.mu.Unlock()
	if full || t.delay <= 0 {
		if !full {
			t.done()
		}
		return
	}
	defer t.done()
	timer := time.NewTimer(t.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func (t *tries) done() {
	t.mu.Lock()
	t.waiting--
	t.mu.Unlock()
}

// clientAt is who is at an address with a port: the address, or its /64 network of IPv6.
func clientAt(text string) netip.Addr {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	a := at.Addr().Unmap().WithZone("")
	if a.Is6() && !a.IsLoopback() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
