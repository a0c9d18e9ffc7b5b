package stack_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/nettest"
	"golang.org/x/sys/unix"

	"vitrine/stack"
	"vitrine/stack/link"
)

// namespace is a network namespace with a thread in it. Sockets made there work from everywhere.
type namespace struct {
	calls chan func()
	done  chan struct{}
}

// newNamespace makes a namespace, or skips the test where that is not allowed.
func newNamespace(t *testing.T) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace with an interface in it")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the program ip (iproute2)")
	}
	n := &namespace{calls: make(chan func()), done: make(chan struct{})}
	made := make(chan error)
	go func() {
		defer close(n.done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		made <- err
		if err != nil {
			return
		}
		for f := range n.calls {
			f()
		}
	}()
	if err := <-made; err != nil {
		t.Skip("needs a network namespace: " + err.Error())
	}
	t.Cleanup(func() {
		close(n.calls)
		<-n.done
	})
	return n
}

// do runs f in the namespace.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// ip runs the program ip in the namespace.
func (n *namespace) ip(t *testing.T, command string) {
	t.Helper()
	n.do(func() {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Errorf("ip %s: %v: %s", command, err, out)
		}
	})
}

// beside puts a stack, 198.18.0.2 and fd00:198:18::2, beside a kernel, 198.18.0.1 and fd00:198:18::1.
func beside(t *testing.T, o link.TAPOptions) (*namespace, *stack.Stack) {
	t.Helper()
	n := newNamespace(t)
	var a link.Adapter
	var err error
	n.do(func() { a, err = link.OpenTAP("tap0", o) })
	if err != nil {
		t.Skip("needs a TAP interface: " + err.Error())
	}
	n.ip(t, "addr add 198.18.0.1/24 dev tap0")
	n.ip(t, "addr add fd00:198:18::1/64 dev tap0 nodad")
	n.ip(t, "link set lo up")
	s, err := stack.New(stack.Config{Quiet: true, Addresses: []netip.Prefix{
		netip.MustParsePrefix("198.18.0.2/24"), netip.MustParsePrefix("fd00:198:18::2/64")}}, a)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Stop()
		s.Close()
	})
	return n, s
}

// dial connects from the kernel.
func (n *namespace) dial(address string) (c net.Conn, err error) {
	n.do(func() { c, err = (&net.Dialer{Timeout: 10 * time.Second, FallbackDelay: -1}).Dial("tcp", address) })
	return c, err
}

func (n *namespace) listen(address string) (l net.Listener, err error) {
	n.do(func() { l, err = net.Listen("tcp", address) })
	return l, err
}

var taps = []struct {
	name string
	o    link.TAPOptions
}{{"offloads", link.TAPOptions{}}, {"as a wire", link.TAPOptions{Wire: true}}}

// The kernel's connections to the stack, and the stack's to the kernel, are what every Go program takes a net.Conn for.
func TestConnWithTheKernel(t *testing.T) {
	for _, tap := range taps {
		t.Run(tap.name, func(t *testing.T) {
			n, s := beside(t, tap.o)
			for _, address := range []string{"198.18.0.%d:0", "[fd00:198:18::%d]:0"} {
				ours, kernels := fmt.Sprintf(address, 2), fmt.Sprintf(address, 1)
				both := func(c1, c2 net.Conn) (net.Conn, net.Conn, func(), error) {
					return c1, c2, func() {
						c1.Close()
						c2.Close()
					}, nil
				}
				t.Run("kernel to "+ours, func(t *testing.T) {
					nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
						l, err := s.ListenTCP(ours)
						if err != nil {
							return nil, nil, nil, err
						}
						defer l.Close()
						c1, err := n.dial(l.Addr().String())
						if err != nil {
							return nil, nil, nil, err
						}
						c2, err := l.Accept()
						if err != nil {
							return nil, nil, nil, err
						}
						return both(c1, c2)
					})
				})
				t.Run("we to "+kernels, func(t *testing.T) {
					nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
						l, err := n.listen(kernels)
						if err != nil {
							return nil, nil, nil, err
						}
						defer l.Close()
						ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
						defer cancel()
						c1, err := s.Dial(ctx, "tcp", l.Addr().String())
						if err != nil {
							return nil, nil, nil, err
						}
						c2, err := l.Accept()
						if err != nil {
							return nil, nil, nil, err
						}
						return both(c1, c2)
					})
				})
			}
		})
	}
}

// net/http on the kernel's sockets and on the stack, in both roles, with bodies that must come as they were sent.
func TestHTTPWithTheKernel(t *testing.T) {
	payload := make([]byte, 5<<20)
	rand.NewChaCha8([32]byte{2}).Read(payload)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			sum := sha256.New()
			io.Copy(sum, r.Body)
			fmt.Fprintf(w, "%x", sum.Sum(nil))
			return
		}
		w.Write(payload)
	})
	check := func(t *testing.T, client *http.Client, base string) {
		t.Helper()
		res, err := client.Get(base)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d of %d bytes came, or they differ: %v", len(got), len(payload), err)
		}
		res, err = client.Post(base, "application/octet-stream", bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		got, _ = io.ReadAll(res.Body)
		res.Body.Close()
		if want := fmt.Sprintf("%x", sha256.Sum256(payload)); string(got) != want {
			t.Errorf("the sum of the upload is %s, not %s", got, want)
		}
	}
	for _, tap := range taps {
		t.Run(tap.name, func(t *testing.T) {
			n, s := beside(t, tap.o)
			base := "http://" + serveHTTP(t, s, "198.18.0.2:80", handler)
			client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
				DialContext: func(_ context.Context, _, address string) (net.Conn, error) { return n.dial(address) }}}
			check(t, client, base)
			client.CloseIdleConnections()

			l, err := n.listen("198.18.0.1:80")
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: handler}
			go server.Serve(l)
			defer server.Close()
			check(t, httpClient(t, s), "http://198.18.0.1:80")
		})
	}
}

// UDP to the kernel and back.
func TestUDPWithTheKernel(t *testing.T) {
	n, s := beside(t, link.TAPOptions{})
	echo(t, s, "198.18.0.2:7")
	var c net.Conn
	var err error
	n.do(func() { c, err = net.Dial("udp", "198.18.0.2:7") })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	for _, size := range []int{0, 1, 1472} {
		c.Write(make([]byte, size))
		if got, err := c.Read(make([]byte, 2000)); got != size || err != nil {
			t.Errorf("%d bytes came back as %d, %v", size, got, err)
		}
	}
}
