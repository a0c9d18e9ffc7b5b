package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// applications warns about Unix sockets of FastCGI applications that are there although nobody listens any more: an
// application that was killed leaves its socket behind. One that is not there the configuration has warned about.
func (l *linter) applications() {
	seen := make(map[string]bool)
	for _, s := range l.config.Sites {
		for _, r := range s.Routes {
			if r.FastCGI == nil {
				continue
			}
			path := r.FastCGI.SocketPath()
			if path == "" || seen[path] {
				continue
			}
			seen[path] = true
			if isDead(path) {
				l.warn(r.FastCGI.Address.Pos, fmt.Sprintf("nobody listens there at the moment: the socket %q is left of a program that has ended", path),
					"start the application, or write the path that it listens on")
			}
		}
	}
}

// isDead reports whether a socket is there and nobody listens. Whoever listens is not disturbed where the system's own table
// shows it (proc_net(5)); that of another namespace, such as a container's, does not stand there, so a connection is tried then.
func isDead(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 || isListened(path) {
		return false
	}
	const longEnough = 100 * time.Millisecond
	c, err := net.DialTimeout("unix", path, longEnough)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// isListened reports whether the system's table of Unix sockets has one that listens at the path.
func isListened(path string) bool {
	const accepts = "00010000" // __SO_ACCEPTCON in the column Flags
	table, _ := os.ReadFile("/proc/net/unix")
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // Num RefCount Protocol Flags Type St Inode Path
		if len(f) > 7 && f[3] == accepts && strings.HasSuffix(strings.TrimSuffix(line, "\n"), " "+path) {
			return true
		}
	}
	return false
}
