package web

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"vitrine/socket"
	"vitrine/web/serve"
)

// poor is the kernel's network on a system that has run out of something.
type poor struct {
	socket.Kernel
	accepts  *atomic.Int32 // how often accepting still fails for want of descriptors
	watching *atomic.Bool  // whether the poller takes no more endpoints
}

type poorListener struct {
	socket.Listener
	accepts *atomic.Int32
}

func (l *poorListener) Accept() (socket.Accepted, error) {
	if l.accepts.Add(-1) >= 0 {
		return socket.Accepted{}, os.NewSyscallError("accept4", syscall.EMFILE)
	}
	return l.Listener.Accept()
}

type poorPoller struct {
	socket.Poller
	watching *atomic.Bool
}

func (p *poorPoller) Add(ep socket.Endpoint, t socket.Token) error {
	if p.watching.Load() {
		return errors.New("no space left on device")
	}
	return p.Poller.Add(ep, t)
}

func (p *poorPoller) AddListener(l socket.Listener, t socket.Token) error {
	return p.Poller.AddListener(l.(*poorListener).Listener, t)
}

func (p *poorPoller) Remove(l socket.Listener) error {
	return p.Poller.Remove(l.(*poorListener).Listener)
}

func (n poor) Listen(a netip.AddrPort, dual bool, o socket.ListenOptions) (socket.Listener, error) {
	l, err := n.Kernel.Listen(a, dual, o)
	if err != nil {
		return nil, err
	}
	return &poorListener{l, n.accepts}, nil
}

func (n poor) NewPoller() (socket.Poller, error) {
	p, err := n.Kernel.NewPoller()
	if err != nil {
		return nil, err
	}
	return &poorPoller{p, n.watching}, nil
}

// When the system has no descriptor for a new connection, the connection waits, and is served when there is one.
func TestWithoutDescriptorsConnectionsWait(t *testing.T) {
	concurrentOnKernel(t, func(t *testing.T, arch string) {
		n := poor{accepts: new(atomic.Int32), watching: new(atomic.Bool)}
		n.accepts.Store(1)
		before := serve.ReasonNoDescriptors.Reached()
		sv := start(t, arch, Settings{}, func(x *Exchange) { respond(x, 200, "ok") },
			func(o *Options) { o.Network, o.Loops = n, 1 })
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "ok")
		if err := await(t, "failure", sv.failures); !errors.Is(err, syscall.EMFILE) {
			t.Error(err)
		}
		if serve.ReasonNoDescriptors.Reached() == before {
			t.Error("the reason was not reached")
		}
	})
}

// A connection that cannot be waited for is ended, and said to be our own fault.
func TestAConnectionThatCannotBeWatched(t *testing.T) {
	onKernel(t, func(t *testing.T, arch string) {
		n := poor{accepts: new(atomic.Int32), watching: new(atomic.Bool)}
		n.watching.Store(true)
		sv := start(t, arch, Settings{}, func(x *Exchange) { respond(x, 200, "ok") },
			func(o *Options) { o.Network, o.Loops = n, 1 })
		if c, err := net.Dial("tcp", sv.addr); err == nil { // else the reset was faster
			defer c.Close()
		}
		sv.endsFor(t, serve.CloseInternal)
	})
}
