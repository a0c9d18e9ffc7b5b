package site

import (
	"net/netip"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/site/gateway"
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
