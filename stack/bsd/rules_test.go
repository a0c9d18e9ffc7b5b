package bsd_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack/bsd"
)

// calls is the part of the socket calls that the rules speak of, as ours and the kernel's are tested by them. All sockets
// are non-blocking IPv4 streams.
type calls interface {
	socket() int
	bind(fd int, a netip.AddrPort) error
	listen(fd, backlog int) error
	accept(fd int) (int, error)
	connect(fd int, a netip.AddrPort) error
	read(fd int, p []byte) (int, error)
	write(fd int, p []byte) (int, error)
	shutdown(fd, how int) error
	reset(fd int)
	close(fd int) error
	name(fd int) (netip.AddrPort, error)
	peer(fd int) (netip.AddrPort, error)
	failure(fd int) (int, error)
	poll(fd int) int
}

// ours is the stack.
type ours struct {
	t    *testing.T
	self *bsd.Table
}

func (o ours) socket() int {
	fd, err := o.self.Socket(bsd.AF_INET, bsd.SOCK_STREAM|bsd.SOCK_NONBLOCK, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	return fd
}
func (o ours) bind(fd int, a netip.AddrPort) error { return o.self.Bind(fd, a) }
func (o ours) listen(fd, backlog int) error        { return o.self.Listen(fd, backlog) }
func (o ours) accept(fd int) (int, error) {
	n, _, err := o.self.Accept4(fd, bsd.SOCK_NONBLOCK)
	return n, err
}
func (o ours) connect(fd int, a netip.AddrPort) error { return o.self.Connect(fd, a) }
func (o ours) read(fd int, p []byte) (int, error)     { return o.self.Read(fd, p) }
func (o ours) write(fd int, p []byte) (int, error)    { return o.self.Write(fd, p) }
func (o ours) shutdown(fd, how int) error             { return o.self.Shutdown(fd, how) }
func (o ours) reset(fd int) {
	o.self.SetsockoptLinger(fd, true, 0)
	o.self.Close(fd)
}
func (o ours) close(fd int) error                  { return o.self.Close(fd) }
func (o ours) name(fd int) (netip.AddrPort, error) { return o.self.Getsockname(fd) }
func (o ours) peer(fd int) (netip.AddrPort, error) { return o.self.Getpeername(fd) }
func (o ours) failure(fd int) (int, error) {
	return o.self.GetsockoptInt(fd, bsd.SOL_SOCKET, bsd.SO_ERROR)
}
func (o ours) poll(fd int) int {
	fds := []bsd.PollFd{{FD: fd, Events: bsd.POLLIN | bsd.POLLOUT | bsd.POLLRDHUP}}
	o.self.Poll(fds, 0)
	return fds[0].Revents
}

// world is where the rules are tried: calls on one host, and on another with whom it talks.
type world struct {
	t           *testing.T
	here, there calls
	host, peer  netip.Addr
	silent      func() netip.AddrPort // where a SYN gets no answer
	clean       []func()
	state       string
}

func (w *world) closeLater(c calls, fd int) int {
	w.clean = append(w.clean, func() { c.close(fd) })
	return fd
}

// await polls a socket until it has found something.
func (w *world) await(c calls, fd, what int) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); c.poll(fd)&what == 0; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			w.t.Fatalf("nothing of %s came, only %s", conditions(what), conditions(c.poll(fd)))
		}
	}
}

// listener listens on the other host.
func (w *world) listener() (fd int, a netip.AddrPort) {
	fd = w.closeLater(w.there, w.there.socket())
	if err := w.there.bind(fd, netip.AddrPortFrom(w.peer, 0)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.there.listen(fd, 5); err != nil {
		w.t.Fatal(err)
	}
	a, _ = w.there.name(fd)
	return fd, a
}

// connected connects both hosts.
func (w *world) connected() (fd, peer int) {
	l, a := w.listener()
	fd = w.closeLater(w.here, w.here.socket())
	w.here.connect(fd, a)
	w.await(w.here, fd, bsd.POLLOUT)
	if err := w.here.connect(fd, a); err != nil { // takes note of the success
		w.t.Fatal(err)
	}
	w.await(w.there, l, bsd.POLLIN)
	peer, err := w.there.accept(l)
	if err != nil {
		w.t.Fatal(err)
	}
	return fd, w.closeLater(w.there, peer)
}

// farewell waits until the peer, which has closed its direction already, has acknowledged our end.
func (w *world) farewell(fd int) {
	if w.state != "peer closed" {
		return
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Microsecond) {
		if _, err := w.here.peer(fd); err != nil {
			return
		}
		if time.Now().After(end) {
			w.t.Fatal("the connection did not end")
		}
	}
}

// states are what a socket can be in, and how it gets there.
var states = []struct {
	name string
	make func(w *world) int
}{
	{"fresh", func(w *world) int { return w.closeLater(w.here, w.here.socket()) }},
	{"bound", func(w *world) int {
		fd := w.closeLater(w.here, w.here.socket())
		if err := w.here.bind(fd, netip.AddrPortFrom(w.host, 0)); err != nil {
			w.t.Fatal(err)
		}
		return fd
	}},
	{"listening", func(w *world) int {
		fd := w.closeLater(w.here, w.here.socket())
		w.here.bind(fd, netip.AddrPortFrom(w.host, 0))
		if err := w.here.listen(fd, 5); err != nil {
			w.t.Fatal(err)
		}
		return fd
	}},
	{"connecting", func(w *world) int {
		fd := w.closeLater(w.here, w.here.socket())
		if err := w.here.connect(fd, w.silent()); err != syscall.EINPROGRESS {
			w.t.Fatal(err)
		}
		return fd
	}},
	{"refused", func(w *world) int {
		l, a := w.listener()
		w.there.close(l)
		w.clean = w.clean[:len(w.clean)-1]
		fd := w.closeLater(w.here, w.here.socket())
		w.here.connect(fd, a)
		w.await(w.here, fd, bsd.POLLHUP)
		return fd
	}},
	{"connected", func(w *world) int { fd, _ := w.connected(); return fd }},
	{"peer closed", func(w *world) int {
		fd, peer := w.connected()
		w.there.shutdown(peer, bsd.SHUT_WR)
		w.await(w.here, fd, bsd.POLLRDHUP)
		return fd
	}},
	{"write shut", func(w *world) int {
		fd, _ := w.connected()
		w.here.shutdown(fd, bsd.SHUT_WR)
		return fd
	}},
	{"read shut", func(w *world) int {
		fd, _ := w.connected()
		w.here.shutdown(fd, bsd.SHUT_RD)
		return fd
	}},
	{"reset", func(w *world) int {
		fd, peer := w.connected()
		w.there.reset(peer)
		w.clean = w.clean[:len(w.clean)-1]
		w.await(w.here, fd, bsd.POLLHUP)
		return fd
	}},
	{"closed", func(*world) int { return 1 << 20 }}, // a number that was never open: others may come back to life
}

// attempts are what can be called on it, each tried twice in a row.
var attempts = []struct {
	name string
	call func(w *world, fd int) string
}{
	{"bind", func(w *world, fd int) string { return errno(w.here.bind(fd, netip.AddrPortFrom(w.host, 0))) }},
	{"listen", func(w *world, fd int) string { return errno(w.here.listen(fd, 5)) }},
	{"accept", func(w *world, fd int) string {
		n, err := w.here.accept(fd)
		if err == nil {
			w.closeLater(w.here, n)
		}
		return errno(err)
	}},
	{"connect", func(w *world, fd int) string {
		_, a := w.listener()
		err := w.here.connect(fd, a)
		if err == syscall.EINPROGRESS {
			w.await(w.here, fd, bsd.POLLOUT)
		}
		return errno(err)
	}},
	{"read", func(w *world, fd int) string {
		n, err := w.here.read(fd, make([]byte, 1))
		if err == nil {
			return fmt.Sprint(n)
		}
		return errno(err)
	}},
	{"write", func(w *world, fd int) string {
		n, err := w.here.write(fd, []byte("x"))
		if err == nil {
			return fmt.Sprint(n)
		}
		return errno(err)
	}},
	{"shutdown(RD)", func(w *world, fd int) string { return errno(w.here.shutdown(fd, bsd.SHUT_RD)) }},
	{"shutdown(WR)", func(w *world, fd int) string {
		defer w.farewell(fd)
		return errno(w.here.shutdown(fd, bsd.SHUT_WR))
	}},
	{"shutdown(RDWR)", func(w *world, fd int) string {
		defer w.farewell(fd)
		return errno(w.here.shutdown(fd, bsd.SHUT_RDWR))
	}},
	{"shutdown(9)", func(w *world, fd int) string { return errno(w.here.shutdown(fd, 9)) }},
	{"getsockname", func(w *world, fd int) string {
		a, err := w.here.name(fd)
		if err != nil {
			return errno(err)
		}
		return shape(a)
	}},
	{"getpeername", func(w *world, fd int) string {
		a, err := w.here.peer(fd)
		if err != nil {
			return errno(err)
		}
		return shape(a)
	}},
	{"SO_ERROR", func(w *world, fd int) string {
		n, err := w.here.failure(fd)
		if err != nil {
			return errno(err)
		}
		if n == 0 {
			return "0"
		}
		return errno(syscall.Errno(n))
	}},
	{"poll", func(w *world, fd int) string { return conditions(w.here.poll(fd)) }},
	{"close", func(w *world, fd int) string { return errno(w.here.close(fd)) }},
}

func errno(err error) string {
	if err == nil {
		return "ok"
	}
	if e, ok := err.(syscall.Errno); ok {
		return unix.ErrnoName(e)
	}
	return err.Error()
}

// shape is an address without what differs from host to host.
func shape(a netip.AddrPort) string {
	host, port := "address", "port"
	if a.Addr().IsUnspecified() {
		host = "any"
	}
	if a.Port() == 0 {
		port = "0"
	}
	return host + ":" + port
}

func conditions(found int) string {
	var names []string
	for _, c := range []struct {
		bit  int
		name string
	}{{bsd.POLLIN, "IN"}, {bsd.POLLOUT, "OUT"}, {bsd.POLLRDHUP, "RDHUP"}, {bsd.POLLHUP, "HUP"}, {bsd.POLLERR, "ERR"}, {bsd.POLLNVAL, "NVAL"}} {
		if found&c.bit != 0 {
			names = append(names, c.name)
		}
	}
	return "{" + strings.Join(names, " ") + "}"
}

// tryRules tries every call in every state, twice each, and writes the table.
func tryRules(t *testing.T, begin func(t *testing.T) *world) string {
	var table strings.Builder
	for _, s := range states {
		for _, a := range attempts {
			w := begin(t)
			w.state = s.name
			fd := s.make(w)
			first := a.call(w, fd)
			fmt.Fprintf(&table, "%-12s %-15s %-28s %s\n", s.name, a.name, first, a.call(w, fd))
			for i := len(w.clean) - 1; i >= 0; i-- {
				w.clean[i]()
			}
		}
	}
	return table.String()
}

// rules is the table of (state, call) → what the call says, and what it says when it is repeated.
const rules = "testdata/rules.txt"

func compareRules(t *testing.T, got string) {
	t.Helper()
	want, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	if len(w) != len(g) {
		t.Fatalf("%d rows, the table has %d", len(g), len(w))
	}
	for i := range w {
		if w[i] != g[i] {
			t.Errorf("table: %s\n  here: %s", w[i], g[i])
		}
	}
}
