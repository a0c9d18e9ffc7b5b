package site

import (
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"vitrine/config"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/site/route"
	"vitrine/socket"
	"vitrine/web/exchange"
)

// responder is a fastcgi block, compiled: an application that answers.
type responder struct {
	conf   *config.FastCGI
	link   exchange.LinkOptions
	limits gateway.Limits
	gate   gate
	over   handover
	known  knownScripts
	said   allowance // of the application's standard error
	fresh  time.Duration
}

// responder compiles the fastcgi block of a route.
func (c *compiler) responder(t *settings, conf *config.FastCGI) *responder {
	r := &responder{conf: conf, limits: gateway.Limits{Bytes: int(conf.HeadBytes.V)}, fresh: c.h.conf.Memory.Fresh.V}
	to := socket.Address{Path: conf.SocketPath()}
	if to.Path == "" {
		addr, err := netip.ParseAddrPort(conf.Address.V)
		if err != nil {
			c.fail(conf.Address.Pos, "the application's address is none", "")
			return r
		}
		to.Addr = addr
	}
	r.link = exchange.LinkOptions{Address: to, Protocol: "fastcgi", Connect: conf.Connect.V, Write: conf.Write.V, IdleTime: conf.IdleTime.V}
	if conf.KeepAlive.V {
		r.link.Idle = conf.Idle.V
	}
	r.said.perSecond = conf.ErrorRate.V
	r.gate = gate{most: conf.Concurrent.V, queue: conf.Queue.V, patience: conf.QueueTime.V}
	c.h.ofApplications = append(c.h.ofApplications, &r.gate)
	if t.conf.Root != nil && len(conf.Split) > 0 {
		c.openPlaces(t)
	}
	r.over = c.handover(conf.SendFile, conf.AccelRedirect)
	return r
}

// isScript reports whether a name ends as those of scripts do, in any case: nothing with such a name is ever shown.
func (r *responder) isScript(name string) bool {
	for i := range r.conf.Split {
		end := r.conf.Split[i].V
		if len(name) >= len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
			return true
		}
	}
	return false
}

// ends reports whether a part of a path ends exactly as scripts do.
func (r *responder) ends(part []byte) bool {
	for i := range r.conf.Split {
		end := r.conf.Split[i].V
		if len(part) > len(end) && string(part[len(part)-len(end):]) == end {
			return true
		}
	}
	return false
}

// staticMethods are those that files answer beside scripts.
var staticMethods = route.MethodsOf("GET", "HEAD")

// knownScripts remembers what paths led to, for the fresh time, so that a hot script is found on the loop. Reading takes no
// lock and allocates nothing.
type knownScripts struct {
	all atomic.Pointer[map[string]*knownScript]
}

// knownScript is what a path led to when it was last looked at.
type knownScript struct {
	found   *resource.Found
	checked atomic.Int64 // nanoseconds since 1970
}

// mostKnown bounds how many are remembered for a route.
const mostKnown = 1024

func (k *knownScripts) hot(path []byte, now int64, fresh time.Duration) *resource.Found {
	all := k.all.Load()
	if all == nil {
		return nil
	}
	if s := (*all)[string(path)]; s != nil {
		if age := now - s.checked.Load(); age < int64(fresh) && -age < int64(fresh) {
			return s.found
		}
	}
	return nil
}

func (k *knownScripts) keep(f *resource.Found, now int64) {
	old := k.all.Load()
	next := make(map[string]*knownScript)
	if old != nil {
		if s := (*old)[f.Path]; s != nil && *s.found == *f {
			s.checked.Store(now)
			return
		}
		if len(*old) < mostKnown {
			for path, s := range *old {
				next[path] = s
			}
		}
	}
	s := &knownScript{found: f}
	s.checked.Store(now)
	next[f.Path] = s
	k.all.CompareAndSwap(old, &next) // somebody else's is as good; it is kept the next time
}
