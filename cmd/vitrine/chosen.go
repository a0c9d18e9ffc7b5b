package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"vitrine/server/control"
)

// choice finds among several servers the one that is meant, by what is asked of it.
type choice struct {
	fits func(ctx context.Context, r *control.Running) bool
	none string // what to say when none of them does, such as "and none of them listens there"
}

// lookUp is how long the address of a name is looked for.
const lookUp = 3 * time.Second

// listeningOn chooses the server that listens where a request is sent: an address with a port, or a name with one.
func listeningOn(address string) *choice {
	c := &choice{none: ", and none of them listens on " + address}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		c.fits = func(context.Context, *control.Running) bool { return false }
		return c
	}
	var ips []netip.Addr
	c.fits = func(ctx context.Context, r *control.Running) bool {
		if ips == nil {
			ctx, cancel := context.WithTimeout(ctx, lookUp)
			defer cancel()
			ips, _ = net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
		return slices.ContainsFunc(r.Addresses, func(listener string) bool { return accepts(listener, ips, port) })
	}
	return c
}

// accepts reports whether a connection to one of the addresses arrives at a listener, whose address has an IP or none.
func accepts(listener string, ips []netip.Addr, port string) bool {
	host, at, err := net.SplitHostPort(listener)
	if err != nil || at != port {
		return false
	}
	own, err := netip.ParseAddr(host)
	if host == "" || err == nil && own.IsUnspecified() {
		return true
	}
	return err == nil && slices.ContainsFunc(ips, func(ip netip.Addr) bool { return ip.Unmap().WithZone("") == own.Unmap().WithZone("") })
}

// remembering chooses the server that has recorded the journey with an id, or one whose id begins so.
func remembering(id string) *choice {
	return &choice{none: ", and none of them remembers journey " + id, fits: func(ctx context.Context, r *control.Running) bool {
		_, err := beginsSo(ctx, control.Dial(r.Path), id)
		var several *usageError
		return err == nil || errors.As(err, &several)
	}}
}
