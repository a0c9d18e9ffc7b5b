//go:build !unix

package socket

import (
	"fmt"
	"net/netip"
	"runtime"
)

// Kernel is the Network of the kernel's sockets. On this system there is none yet: it says so when it is used.
type Kernel struct{}

func unsupported() error {
	return fmt.Errorf("socket: the sockets of %s are not supported; a Linux environment on it (such as WSL) is", runtime.GOOS)
}

// Listen fails on this system.
func (Kernel) Listen(netip.AddrPort, bool, ListenOptions) (Listener, error) {
	return nil, unsupported()
}

// NewPoller fails on this system.
func (Kernel) NewPoller() (Poller, error) { return nil, unsupported() }
