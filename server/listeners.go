package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/serve"
)

// listeners are the addresses that a server listens on. They belong to the goroutine that runs the server's life.
type listeners struct {
	web     *web.Server
	network *config.Network // whose addresses they are; nil: the kernel's
	open    []*listening
	byConf  atomic.Pointer[map[any]*clients] // for rules, which any goroutine may call
}

// rules are who may connect to the listener of a connection, nil when it is gone.
func (ls *listeners) rules(conf any) *clients {
	if m := ls.byConf.Load(); m != nil {
		return (*m)[conf]
	}
	return nil
}

// listening is one socket address, with what the configuration says about it.
type listening struct {
	address  netip.AddrPort // as the configuration has it: a port of 0 is one that the system chooses
	written  config.Value[string]
	conf     *config.Listen
	clients  *clients
	listener *serve.Listener // nil: not open yet
}

// key tells whether two configurations mean the same socket: for a port of 0, the same mention of it.
func (l *listening) key() string {
	if l.address.Port() == 0 {
		return l.address.String() + " " + l.written.V
	}
	return l.address.String()
}

// overlaps reports whether two addresses cannot be bound at the same time by two programs.
func (l *listening) overlaps(other *listening) bool {
	a, b := l.address, other.address
	return a.Port() == b.Port() && a.Port() != 0 &&
		(a == b || a.Addr().IsUnspecified() && a.Addr().Is6() || b.Addr().IsUnspecified() && b.Addr().Is6() ||
			(a.Addr().IsUnspecified() || b.Addr().IsUnspecified()) && a.Addr().Is4() == b.Addr().Is4())
}

// wanted is every address that a configuration listens on, in file order. An address that several sites name is
// there once.
func wanted(c *config.Config, diags *config.Diagnostics) []*listening {
	var all []*listening
	add := func(l *config.Listen) {
		compiled := newClients(l)
		for _, a := range l.Addresses {
			resolved, err := Resolve(a.V)
			if err != nil {
				diags.Add(config.Error, a.Pos, err.Error(), "")
			}
			for _, at := range resolved {
				one := &listening{address: at, written: a, conf: l, clients: compiled}
				if !slices.ContainsFunc(all, func(o *listening) bool { return o.key() == one.key() }) {
					all = append(all, one)
				}
			}
		}
	}
	for _, l := range c.Listens {
		add(l)
	}
	for _, s := range c.Sites {
		for _, l := range s.Listens {
			add(l)
		}
	}
	return all
}

// change is a difference between the addresses that are open and those that a new configuration wants, with the new
// ones open already.
type change struct {
	next   []*listening // all that the new configuration wants
	opened []*listening // of those, the ones that were not open
	gone   []*listening // open, and not wanted any more
	early  []*listening // of the gone ones, those that had to be closed first, since a new one overlaps them
}

// prepare binds what the configuration wants and is not open: clients can connect there, and wait until commit. What
// is open stays, unless a new address overlaps one that goes. Errors are added to diags, all of them; then nothing has
// changed, and the change is nil.
func (ls *listeners) prepare(c *config.Config, diags *config.Diagnostics) *change {
	ch := &change{next: wanted(c, diags)}
	if diags.HasErrors() {
		return nil
	}
	for _, want := range ch.next {
		if i := slices.IndexFunc(ls.open, func(o *listening) bool { return o.key() == want.key() }); i >= 0 {
			want.listener = ls.open[i].listener
		}
	}
	for _, o := range ls.open {
		if !slices.ContainsFunc(ch.next, func(want *listening) bool { return want.listener == o.listener }) {
			ch.gone = append(ch.gone, o)
		}
	}
	ok := true
	for _, want := range ch.next {
		if want.listener != nil {
			continue
		}
		for _, o := range ch.gone {
			if want.overlaps(o) && !slices.Contains(ch.early, o) {
				ls.web.Unlisten(o.listener)
				ch.early = append(ch.early, o)
			}
		}
		if err := ls.bind(want); err != nil {
			diags.Append(ls.cannotListen(want, err))
			ok = false
			continue
		}
		ch.opened = append(ch.opened, want)
	}
	if !ok {
		ls.undo(ch, diags)
		return nil
	}
	return ch
}

// bind opens one address, without accepting yet.
func (ls *listeners) bind(l *listening) error {
	if ls.network == nil { // an own network shares its ports with nobody
		if err := probe(l.address); err != nil {
			return err
		}
	}
	opened, err := ls.web.Bind(l.address, l.conf.Backlog.V, l.conf, l.clients.admitFunc())
	l.listener = opened
	return err
}

// undo closes what prepare opened and opens again what it had to close.
func (ls *listeners) undo(ch *change, diags *config.Diagnostics) {
	for _, l := range ch.opened {
		ls.web.Unlisten(l.listener)
	}
	for _, l := range ch.early {
		if err := ls.bind(l); err != nil {
			diags.Append(ls.cannotListen(l, err))
			ls.open = slices.DeleteFunc(ls.open, func(o *listening) bool { return o == l })
			continue
		}
		ls.web.Accept(l.listener)
	}
}

// tags is what connections report as their listener under the new configuration.
func (ch *change) tags() map[*serve.Listener]any {
	tags := make(map[*serve.Listener]any, len(ch.next))
	for _, l := range ch.next {
		tags[l.listener] = l.conf
	}
	return tags
}

// retire closes the listeners that are gone and waits until their connections have ended, or for the context's end.
func (ls *listeners) retire(ctx context.Context, ch *change) {
	gone := make([]*serve.Listener, len(ch.gone))
	for i, l := range ch.gone {
		gone[i] = l.listener
	}
	ls.web.Retire(ctx, gone...) // what is still open then, the new configuration answers
}

// commit puts the change in force, when the handler that knows the new listeners is: listeners that stay get their new
// rules and keep their connections, and new ones accept.
func (ls *listeners) commit(ch *change) {
	for _, l := range ch.next {
		l.listener.Retag(l.conf, l.clients.admitFunc())
	}
	ls.open = ch.next
	rules := make(map[any]*clients)
	for _, l := range ls.open {
		rules[l.conf] = l.clients
	}
	ls.byConf.Store(&rules)
	for _, l := range ch.opened {
		ls.web.Accept(l.listener)
	}
}

// cannotListen says why an address cannot be listened on, and what to do about it.
func (ls *listeners) cannotListen(l *listening, err error) config.Diagnostic {
	d := config.Diagnostic{Severity: config.Error, Pos: l.written.Pos}
	port := l.address.Port()
	switch {
	case ls.network != nil:
		d.Summary = fmt.Sprintf("cannot listen on %s of the network %s: %v", l.address, ls.network.Adapter.V, err)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			d.Summary = fmt.Sprintf("cannot listen on %s: the network %s does not have that address", l.address, ls.network.Adapter.V)
			d.Hint = fmt.Sprintf("it is %s; write \":%d\" for all of its addresses", label(ls.network), port)
		}
	case errors.Is(err, syscall.EADDRINUSE):
		who := cmp.Or(occupant(port), "another program")
		d.Summary = fmt.Sprintf("cannot listen on %s: %s listens there already", l.address, who)
		d.Hint = "stop that program, or choose another port"
	case errors.Is(err, syscall.EACCES):
		d.Summary = fmt.Sprintf("cannot listen on %s: user %s may not use port %d", l.address, userName(), port)
		d.Hint = fmt.Sprintf("choose a port from %d, or allow this one: under systemd with AmbientCapabilities=CAP_NET_BIND_SERVICE, else with sudo setcap cap_net_bind_service=+ep %s",
			firstFreePort(), program())
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		d.Summary = fmt.Sprintf("cannot listen on %s: this machine does not have that address", l.address)
		d.Hint = fmt.Sprintf("ip address lists those it has; write \":%d\" for all of them", port)
	default:
		d.Summary = fmt.Sprintf("cannot listen on %s: %v", l.address, err)
	}
	return d
}

// firstFreePort is the first port that needs no privilege.
func firstFreePort() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return n
		}
	}
	return 1024
}

func program() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}

func userName() string {
	if name := os.Getenv("USER"); name != "" {
		return name
	}
	return strconv.Itoa(os.Getuid())
}

// Address is one socket address that a server listens on.
type Address struct {
	Bound netip.AddrPort // with the port that the system chose, when the configuration left it to it
	Pos   trace.Position
}

func (ls *listeners) addresses() []Address {
	var all []Address
	for _, l := range ls.open {
		all = append(all, Address{l.listener.Addr(), l.written.Pos})
	}
	return all
}

// live are the addresses as the system has bound them, for whoever asks what would happen to a connection.
func (ls *listeners) live() []*listening {
	var all []*listening
	for _, l := range ls.open {
		one := *l
		one.address = netip.AddrPortFrom(l.address.Addr(), l.listener.Addr().Port())
		all = append(all, &one)
	}
	return all
}

// Taken reports whether an address is listened on already, and by whom.
func Taken(address string) (who string, taken bool) {
	resolved, err := Resolve(address)
	if err != nil {
		return "", false
	}
	for _, a := range resolved {
		if err := probe(a); errors.Is(err, syscall.EADDRINUSE) {
			return cmp.Or(occupant(a.Port()), "another program"), true
		}
	}
	return "", false
}
