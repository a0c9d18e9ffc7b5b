package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"vitrine/config"
	"vitrine/observe/errorlog"
	"vitrine/trace"
)

// Bounds of the admin listener. Whoever may look is trusted; whoever may only connect is not.
const (
	adminConnections = 256 // at once; the next one is closed
	adminClient      = 64  // at once, of one client on another machine
	adminHead        = 32 << 10
	adminHeadTime    = 10 * time.Second // for a request's head, and before it for a TLS handshake
	adminBodyTime    = 10 * time.Second
	adminAnswerTime  = 30 * time.Second // for its reader; whoever writes for longer asks for more
	adminIdleTime    = 2 * time.Minute
	adminCloseTime   = time.Second // for what is being answered, when the listener ends
	adminTries       = 10          // ports that are tried where nobody said which
)

// admin is the listener of the page about the running server. It is on the machine's own sockets. Its methods belong to the
// goroutine that runs the server's life, unless they say otherwise.
type admin struct {
	log   *journal
	gate  *gatekeeper
	http  *http.Server
	certs atomic.Pointer[tls.Config] // nil: plain HTTP
	open  []net.Listener
	conf  *config.Admin // in force; nil: none
	bound atomic.Pointer[[]netip.AddrPort]
	place atomic.Pointer[string] // where a browser finds it; nil: nowhere
	conns chan struct{}          // a place for each connection
	body  time.Duration          // adminBodyTime; shorter in tests

	mu   sync.Mutex
	live map[*placed]bool // connections that are open
}

func newAdmin(handler http.Handler, log *journal) *admin {
	a := &admin{log: log, conns: make(chan struct{}, adminConnections), live: make(map[*placed]bool), body: adminBodyTime}
	a.gate = newGatekeeper(handler, a.refused)
	a.http = &http.Server{Handler: a.bounded(a.gate), ReadHeaderTimeout: adminHeadTime, IdleTimeout: adminIdleTime, MaxHeaderBytes: adminHead,
		ErrorLog: silent, DisableGeneralOptionsHandler: true}
	return a
}

// silent is for what net/http says about clients that go away.
var silent = log.New(io.Discard, "", 0)

// bounded bounds the time in which a request's body comes, and that in which its answer is taken; streams, which never end, have
// so long for each piece. Without a body there is no bound for reading, since net/http goes on reading while a handler runs, to
// notice that the client has gone, and would take the deadline for that.
func (a *admin) bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.SetWriteDeadline(time.Now().Add(adminAnswerTime))
		if r.Body != http.NoBody {
			control.SetReadDeadline(time.Now().Add(a.body))
		}
		h.ServeHTTP(w, r)
	})
}

// refused writes who was not let in. It may be called from any goroutine.
func (a *admin) refused(remote string, why *trace.Reason, detail string) {
	if detail != "" {
		detail = ": " + detail
	}
	a.log.Decision(errorlog.Warn, why, trace.Position{}, "admin page, request from %s%s", remote, detail)
}

// adminChange is a new admin block, with all of it that can fail done but for listening.
type adminChange struct {
	conf   *config.Admin // nil: no listener
	policy *policy
	certs  *tls.Config
}

// prepareAdmin reads what an admin block names. What is wrong is added to diags; then it returns nil.
func prepareAdmin(c *config.Config, diags *config.Diagnostics) *adminChange {
	conf := c.Admin
	if conf == nil || conf.Off.V {
		return &adminChange{}
	}
	ch := &adminChange{conf: conf}
	var err error
	if ch.policy, err = newPolicy(conf); err != nil {
		diags.Add(config.Error, conf.TokenFile.Pos, fmt.Sprintf("the token cannot be read: %v", cause(err)), "")
		return nil
	}
	if conf.Certificate.V != "" {
		pair, err := conf.Pair()
		if err != nil {
			diags.Add(config.Error, conf.Certificate.Pos, fmt.Sprintf("the certificate cannot be used: %v", cause(err)), "")
			return nil
		}
		ch.certs = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	return ch
}

// adopt puts a change in force. A page that cannot be listened for is only a warning.
func (a *admin) adopt(ch *adminChange) {
	same := a.conf != nil && ch.conf != nil && len(a.open) > 0 && a.conf.Address.V == ch.conf.Address.V
	if !same {
		a.unlisten() // the new address may be a part of the old one
	}
	a.conf = ch.conf
	if ch.conf == nil {
		a.disconnect()
		return
	}
	before := a.gate.policy.Load()
	a.certs.Store(ch.certs)
	a.gate.policy.Store(ch.policy)
	if !same || before.mark != ch.policy.mark || before.tls != ch.policy.tls {
		a.disconnect() // who was let in by the old word has to come again
	}
	if !same {
		a.listen(ch.conf)
	}
	if bound := a.bound.Load(); bound != nil {
		at := placeOf(ch.conf, (*bound)[0])
		a.place.Store(&at)
	}
}

// listen opens the address, or the next port that is free where nobody said which.
func (a *admin) listen(conf *config.Admin) {
	host, portText, _ := net.SplitHostPort(conf.Address.V)
	first, err := strconv.Atoi(portText)
	if err != nil {
		return
	}
	tries := 1
	if conf.Chosen() {
		tries = adminTries
	}
	var why error
	busy := first
	for port := first; port < first+tries && port <= 65535; port++ {
		opened, err := listenAll(net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			a.serve(opened)
			return
		}
		if why == nil {
			why, busy = err, port
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	AdminBusy.Reach()
	d := config.Diagnostic{Severity: config.Warning, Pos: conf.Address.Pos, Summary: fmt.Sprintf("there is no admin page: cannot listen on %s: %v", conf.Address.V, cause(why)),
		Hint: "vitrine journeys and the other commands ask the control socket, and need no page"}
	switch {
	case errors.Is(why, syscall.EADDRINUSE):
		d.Summary = fmt.Sprintf("there is no admin page: %s listens on %s already", cmp.Or(occupant(uint16(busy)), "another program"), conf.Address.V)
		d.Hint = "choose another port in the admin block, or with --admin"
	case errors.Is(why, syscall.EADDRNOTAVAIL):
		d.Summary = fmt.Sprintf("there is no admin page: this machine does not have the address of %s", conf.Address.V)
		d.Hint = "ip address lists those it has"
	}
	a.log.warning(d)
}

// listenAll opens every socket address that an address stands for, or none. With the port 0 all get the same one.
func listenAll(address string) ([]net.Listener, error) {
	resolved, err := Resolve(address)
	if err != nil {
		return nil, err
	}
	var all []net.Listener
	for attempt := 0; ; attempt++ {
		all = all[:0]
		var failed error
		for _, at := range resolved {
			if at.Port() == 0 && len(all) > 0 {
				at = netip.AddrPortFrom(at.Addr(), all[0].Addr().(*net.TCPAddr).AddrPort().Port())
			}
			var lc net.ListenConfig
			l, err := lc.Listen(context.Background(), "tcp", at.String())
			if err != nil {
				failed = err
				break
			}
			all = append(all, l)
		}
		if failed == nil {
			return all, nil
		}
		for _, l := range all {
			l.Close()
		}
		const again = 5 // another port may be free for both families
		if resolved[0].Port() != 0 || len(all) == 0 || attempt == again {
			return nil, failed
		}
	}
}

// serve answers on listeners.
func (a *admin) serve(opened []net.Listener) {
	a.open = opened
	bound := make([]netip.AddrPort, len(opened))
	for i, l := range opened {
		at := l.Addr().(*net.TCPAddr).AddrPort()
		bound[i] = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		door := &adminDoor{Listener: l, admin: a, ready: make(chan net.Conn), closed: make(chan struct{})}
		go door.take()
		go a.http.Serve(door)
	}
	a.bound.Store(&bound)
}

// disconnect ends every connection, streams too.
func (a *admin) disconnect() {
	a.mu.Lock()
	open := slices.Collect(maps.Keys(a.live))
	a.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// unlisten closes the listeners. Connections that are open stay.
func (a *admin) unlisten() {
	for _, l := range a.open {
		l.Close()
	}
	a.open = nil
	a.bound.Store(nil)
	a.place.Store(nil)
}

// close ends the listeners at once, and the connections soon. It does not wait.
func (a *admin) close() {
	a.unlisten()
	a.conf = nil
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminCloseTime)
		defer cancel()
		if a.http.Shutdown(ctx) != nil {
			a.http.Close()
		}
	}()
}

// reaches reports whether a connection to an address ends at the admin listener, so that nobody is led there who is not
// before this machine. It may be called from any goroutine.
func (a *admin) reaches(to netip.AddrPort) bool {
	bound := a.bound.Load()
	if bound == nil {
		return false
	}
	addr := to.Addr().Unmap().WithZone("")
	for _, b := range *bound {
		if b.Port() == to.Port() && (b.Addr() == addr || b.Addr().IsUnspecified() || addr.IsUnspecified()) {
			return true
		}
	}
	return false
}

// url is where a browser finds the page; "" when there is none. It may be called from any goroutine.
func (a *admin) url() string {
	at := a.place.Load()
	if at == nil {
		return ""
	}
	return *at
}

// placeOf is the URL of a page that is listened for.
func placeOf(conf *config.Admin, bound netip.AddrPort) string {
	scheme := "http://"
	if conf.Certificate.V != "" {
		scheme = "https://"
	}
	host, _, _ := net.SplitHostPort(conf.Address.V)
	if len(conf.Hosts) > 0 && !conf.Loopback() {
		host = strings.Trim(conf.Hosts[0].V, "[]")
	} else if host == "" || bound.Addr().IsUnspecified() {
		host = "localhost"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(int(bound.Port()))) + "/"
}
