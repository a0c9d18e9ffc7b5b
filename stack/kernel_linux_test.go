package stack

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack/link"
)

// inNamespace runs a test in a network namespace of its own. The thread is in it for good, so it ends with the goroutine.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace with interfaces in it")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the program ip (iproute2)")
	}
	done := make(chan string)
	go func() {
		skip := "the test ended early"
		defer func() { done <- skip }()
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			skip = "needs a network namespace: " + err.Error()
			return
		}
		skip = ""
		run(t, "ip link set lo up")
		f(t)
	}()
	if skip := <-done; skip != "" {
		t.Skip(skip)
	}
}

func run(t *testing.T, command string) string {
	t.Helper()
	args := strings.Fields(command)
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	return string(out)
}

// media opens each kind of adapter whose other end is the kernel, which has 198.18.0.1 and fd00:198:18::1 there.
var media = []struct {
	name string
	open func(t *testing.T) (link.Adapter, error)
}{
	{"TAP", func(t *testing.T) (link.Adapter, error) { return openTAP(t, link.TAPOptions{}) }},
	{"TAP as a wire", func(t *testing.T) (link.Adapter, error) { return openTAP(t, link.TAPOptions{Wire: true}) }},
	{"packet socket", func(t *testing.T) (link.Adapter, error) {
		run(t, "ip link add veth0 type veth peer name veth1")
		run(t, "ip addr add 198.18.0.1/24 dev veth1")
		run(t, "ip addr add fd00:198:18::1/64 dev veth1 nodad")
		run(t, "ip link set veth0 up")
		run(t, "ip link set veth1 up")
		return link.OpenPacket("veth0", link.PacketOptions{})
	}},
}

func openTAP(t *testing.T, o link.TAPOptions) (link.Adapter, error) {
	a, err := link.OpenTAP("tap0", o)
	if err != nil {
		return nil, err
	}
	run(t, "ip addr add 198.18.0.1/24 dev tap0")
	run(t, "ip addr add fd00:198:18::1/64 dev tap0 nodad")
	return a, nil
}

// responder answers each request with the file that it names, on a shard, as a server's loop does.
type responder struct {
	h     *Shard
	l     *Listener
	ready []*Conn
	wait  bool // connections wait to be accepted
	small []byte
	file  *os.File
	size  int
	state map[*Conn]*answering
	stop  atomic.Bool
	err   error
}

type answering struct{ off, left int }

func (r *responder) Ready(c *Conn, _ Ready) { r.ready = append(r.ready, c) }

func now() int64 { return int64(time.Since(start)) + second }

var start = time.Now()

func (r *responder) run() {
	buffer := make([]byte, 16<<10)
	for !r.stop.Load() {
		more, err := r.h.Poll(now())
		if err != nil {
			r.err = err
			return
		}
		if r.wait {
			for {
				c, ok := r.l.Accept()
				if !ok {
					break
				}
				c.SetOwner(r, 0)
				r.ready = append(r.ready, c)
			}
			r.wait = false
		}
		for _, c := range r.ready {
			r.serve(c, buffer)
		}
		clear(r.ready)
		r.ready = r.ready[:0]
		if err := r.h.Flush(now()); err != nil {
			r.err = err
			return
		}
		if more || len(r.ready) > 0 || r.wait {
			continue
		}
		if r.err = r.h.Wait(r.h.Deadline()); r.err != nil {
			return
		}
	}
}

func (r *responder) serve(c *Conn, buffer []byte) {
	for {
		if a := r.state[c]; a != nil {
			n, err := c.WriteFile(FileSource{ReaderAt: r.file, FD: int(r.file.Fd())}, int64(a.off), a.left)
			if err == ErrWouldBlock {
				return
			}
			if err != nil {
				delete(r.state, c)
				c.Close()
				return
			}
			a.off += n
			if a.left -= n; a.left == 0 {
				delete(r.state, c)
			}
			continue
		}
		n, err := c.Read(buffer)
		if err == ErrWouldBlock {
			return
		}
		if err != nil {
			c.Close()
			return
		}
		switch b := buffer[:n]; {
		case !bytes.HasSuffix(b, []byte("\r\n\r\n")):
			c.Abort()
			return
		case bytes.HasPrefix(b, []byte("GET /large")):
			c.Write([]byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", r.size)), true)
			r.state[c] = &answering{0, r.size}
		default:
			c.Write(r.small, false)
		}
	}
}

func startResponder(t *testing.T, a link.Adapter, at string) (*responder, *Stack) {
	t.Helper()
	s, err := New(Config{Addresses: prefixes("198.18.0.2/24", "fd00:198:18::2/64")}, a)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen(netip.MustParseAddrPort(at), ListenOptions{Dual: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &responder{h: s.Shard(0), l: l, state: make(map[*Conn]*answering)}
	body := pattern(1024)
	r.small = append([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n"), body...)
	name := filepath.Join(t.TempDir(), "large")
	r.size = 20 << 20
	if err := os.WriteFile(name, pattern(r.size), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.file, err = os.Open(name); err != nil {
		t.Fatal(err)
	}
	l.Attach(r.h, func() { r.wait = true })
	done := make(chan bool)
	go func() { r.run(); close(done) }()
	t.Cleanup(func() {
		r.stop.Store(true)
		r.h.Post(func() {})
		<-done
		if r.err != nil {
			t.Error(r.err)
		}
		s.Close()
		r.file.Close()
	})
	return r, s
}

// The kernel's own clients, with every kind of adapter.
func TestTheKernelIsServed(t *testing.T) {
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) {
			inNamespace(t, func(t *testing.T) {
				a, err := medium.open(t)
				if err != nil {
					t.Skip(err)
				}
				r, _ := startResponder(t, a, "[::]:80")
				for _, host := range []string{"198.18.0.2", "[fd00:198:18::2]"} {
					c, err := net.DialTimeout("tcp", host+":80", 5*time.Second)
					if err != nil {
						t.Fatal(err)
					}
					c.SetDeadline(time.Now().Add(20 * time.Second))
					for range 20 {
						io.WriteString(c, "GET /small HTTP/1.1\r\n\r\n")
						got := make([]byte, len(r.small))
						if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, r.small) {
							t.Fatalf("%s: the answer is damaged: %v", host, err)
						}
					}
					io.WriteString(c, "GET /large HTTP/1.1\r\n\r\n")
					head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", r.size)
					io.ReadFull(c, make([]byte, len(head)))
					sum := sha256.New()
					if _, err := io.CopyN(sum, c, int64(r.size)); err != nil {
						t.Fatal(err)
					}
					want := sha256.Sum256(pattern(r.size))
					if !bytes.Equal(sum.Sum(nil), want[:]) {
						t.Fatalf("%s: the file arrives damaged", host)
					}
					c.(*net.TCPConn).CloseWrite()
					if _, err := c.Read(make([]byte, 1)); err != io.EOF {
						t.Fatalf("%s: at the end: %v", host, err)
					}
					c.Close()
				}
				if _, err := net.DialTimeout("tcp", "198.18.0.2:81", 5*time.Second); err == nil || !strings.Contains(err.Error(), "refused") {
					t.Fatalf("nobody listens there: %v", err)
				}
				if _, err := exec.LookPath("ping"); err == nil {
					run(t, "ping -c 2 -i 0.2 -W 2 198.18.0.2")
					run(t, "ping -c 2 -i 0.2 -W 2 fd00:198:18::2")
				}
			})
		})
	}
}

// With two queues the kernel spreads its flows over them as it likes; every connection works nevertheless.
func TestTheKernelIsServedOnSeveralQueues(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		a, err := openTAP(t, link.TAPOptions{Queues: 2})
		if err != nil {
			t.Skip(err)
		}
		s, err := New(Config{Addresses: prefixes("198.18.0.2/24")}, a)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.Start()
		defer s.Stop()
		l, err := s.ListenTCP("198.18.0.2:80")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					io.Copy(c, c)
					c.Close()
				}()
			}
		}()
		data := pattern(100_000)
		var open []net.Conn
		for range 20 {
			c, err := net.DialTimeout("tcp", "198.18.0.2:80", 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			c.SetDeadline(time.Now().Add(30 * time.Second))
			defer c.Close()
			open = append(open, c)
		}
		for _, c := range open {
			if _, err := c.Write(data); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range open {
			got := make([]byte, len(data))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("the echo is damaged: %v", err)
			}
		}
	})
}
