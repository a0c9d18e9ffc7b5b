package bsd_test

import (
	"flag"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write the table of rules anew, from what the kernel does")

// The table is what Linux does: the same calls in the same states on the kernel's sockets say the same.
func TestRulesAreLinuxs(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	got := tryRules(t, func(t *testing.T) *world {
		k := kernels{t}
		w := &world{t: t, here: k, there: k, host: loopback, peer: loopback}
		// A listener whose queue is full does not answer.
		w.silent = func() netip.AddrPort {
			l := w.closeLater(k, k.socket())
			k.bind(l, netip.AddrPortFrom(loopback, 0))
			if err := k.listen(l, 0); err != nil {
				t.Fatal(err)
			}
			a, _ := k.name(l)
			for range 10 {
				fd := w.closeLater(k, k.socket())
				if err := k.connect(fd, a); err != nil && err != syscall.EINPROGRESS {
					t.Fatal(err)
				}
				fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
				if n, _ := unix.Poll(fds, 20); n == 0 {
					break
				}
			}
			return a
		}
		return w
	})
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(rules, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compareRules(t, got)
}
