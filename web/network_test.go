package web

import (
	"net/netip"
	"sync/atomic"

	"vitrine/socket"
)

// observed is the kernel's network with a count of what goes through it.
type observed struct {
	socket.Kernel
	writes   atomic.Int64 // calls
	received atomic.Int64 // bytes
}

func (o *observed) Listen(addr netip.AddrPort, dual bool, lo socket.ListenOptions) (socket.Listener, error) {
	l, err := o.Kernel.Listen(addr, dual, lo)
	return observedListener{l, o}, err
}

func (o *observed) NewPoller() (socket.Poller, error) {
	p, err := o.Kernel.NewPoller()
	return observedPoller{p}, err
}

type observedListener struct {
	socket.Listener
	o *observed
}

func (l observedListener) Accept() (socket.Accepted, error) {
	a, err := l.Listener.Accept()
	if err == nil {
		a.Endpoint = observedEndpoint{a.Endpoint, l.o}
	}
	return a, err
}

type observedEndpoint struct {
	socket.Endpoint
	o *observed
}

func (e observedEndpoint) Read(p []byte) (int, error) {
	n, err := e.Endpoint.Read(p)
	e.o.received.Add(int64(n))
	return n, err
}

func (e observedEndpoint) Write(p []byte, more bool) (int, error) {
	e.o.writes.Add(1)
	return e.Endpoint.Write(p, more)
}

func (e observedEndpoint) Writev(a, b []byte) (int, error) {
	e.o.writes.Add(1)
	return e.Endpoint.Writev(a, b)
}

type observedPoller struct{ socket.Poller }

func (p observedPoller) Add(ep socket.Endpoint, t socket.Token) error {
	return p.Poller.Add(ep.(observedEndpoint).Endpoint, t)
}

func (p observedPoller) AddListener(l socket.Listener, t socket.Token) error {
	return p.Poller.AddListener(l.(observedListener).Listener, t)
}

func (p observedPoller) Remove(l socket.Listener) error {
	return p.Poller.Remove(l.(observedListener).Listener)
}
