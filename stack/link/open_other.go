//go:build !linux

package link

import (
	"fmt"
	"runtime"
)

// OpenTAP fails on this system.
func OpenTAP(string, TAPOptions) (Adapter, error) { return nil, unsupported("TAP interfaces") }

// OpenPacket fails on this system.
func OpenPacket(string, PacketOptions) (Adapter, error) { return nil, unsupported("packet sockets") }

func unsupported(what string) error {
	return fmt.Errorf("link: %s of %s are not supported; a Linux environment on it (such as WSL) is", what, runtime.GOOS)
}
