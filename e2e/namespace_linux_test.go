package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace that exists for one test. Nothing in it is connected with the machine's network, so
// nothing that is sent there leaves it. Programs enter it by its path; what a test does itself there, it does by do.
type namespace struct {
	path  string
	fd    int
	calls chan func()
}

// mayMakeNamespaces says why this user cannot have network namespaces with interfaces in them; nil when it can.
func mayMakeNamespaces() error {
	if os.Geteuid() != 0 {
		return errors.New("the own stack is tested in network namespaces, which only root may make: sudo -E make e2e")
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("the own stack is tested in network namespaces, and %s is not installed: apt-get install iproute2 util-linux", program)
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("the own stack is tested on TAP interfaces, and this system has none: %v", err)
	}
	n, err := newNamespace()
	if err != nil {
		return fmt.Errorf("the own stack is tested in network namespaces, which are not to be had here: %v", err)
	}
	n.close()
	return nil
}

// newNamespace makes a namespace in which only the loopback interface is, and up.
func newNamespace() (*namespace, error) {
	n := &namespace{calls: make(chan func())}
	ready := make(chan error)
	go n.run(ready)
	if err := <-ready; err != nil {
		return nil, err
	}
	if err := n.command("ip", "link", "set", "lo", "up").Run(); err != nil {
		n.close()
		return nil, fmt.Errorf("setting up the loopback interface: %w", err)
	}
	return n, nil
}

// run is the namespace's own thread, which is in it for good and so ends with it.
func (n *namespace) run(ready chan<- error) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		ready <- fmt.Errorf("unshare: %w", err)
		return
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		ready <- err
		return
	}
	n.fd, n.path = fd, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
	ready <- nil
	for f := range n.calls {
		f()
	}
}

// do runs f on the namespace's thread: sockets that f opens are there for good, whoever uses them later.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() { f(); close(done) }
	<-done
}

// wrap is the command line that runs others in the namespace.
func (n *namespace) wrap() []string { return []string{"nsenter", "--net=" + n.path} }

// command is a program that will run in the namespace.
func (n *namespace) command(args ...string) *exec.Cmd {
	line := append(n.wrap(), args...)
	return exec.Command(line[0], line[1:]...)
}

// ip runs the program of this name, with arguments separated by spaces.
func (n *namespace) ip(args string) error {
	if out, err := n.command(append([]string{"ip"}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}

func (n *namespace) close() {
	close(n.calls)
	unix.Close(n.fd)
}
