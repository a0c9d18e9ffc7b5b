//go:build unix

package control

import (
	"io/fs"
	"net"
	"os"
	"syscall"
)

// trusted reports whether a folder belongs to this user or to root, and nobody else may write to it.
func trusted(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (stat.Uid == uint32(os.Getuid()) || stat.Uid == 0) && info.Mode().Perm()&0o022 == 0
}

// private is a ListenConfig whose sockets are their user's alone from the moment they have a name: Linux makes the file
// with the mode that the socket has before it is bound.
var private = net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { syscall.Fchmod(int(fd), 0o600) })
}}
