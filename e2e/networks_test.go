package e2e

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// network is what carries a server and its clients: the kernel's sockets, or an own stack on an adapter whose other end
// the kernel is.
type network struct {
	name   string
	flag   string   // for --net; empty: the kernel's sockets
	before []string // what ip is told before the server starts
	after  []string // and when it is ready
	host   string   // the server's address
	client string   // its clients' address
}

// The addresses of the link between the kernel and the own stack, of both versions.
const (
	ours4, kernels4 = "198.18.0.2", "198.18.0.1"
	ours6, kernels6 = "fd00:198:18::2", "fd00:198:18::1"
	both            = "," + ours4 + "/24," + ours6 + "/64"
)

var (
	tapAddresses = []string{"addr replace " + kernels4 + "/24 dev tap0", "addr replace " + kernels6 + "/64 dev tap0 nodad"}
	vethPair     = []string{
		"link add veth0 type veth peer name veth1",
		"addr add " + kernels4 + "/24 dev veth0", "addr add " + kernels6 + "/64 dev veth0 nodad",
		"link set veth0 up", "link set veth1 up",
	}
)

var (
	kernelNetwork = &network{name: "kernel"}
	tapNetwork    = &network{name: "tap", flag: "tap:tap0" + both, after: tapAddresses, host: ours4, client: kernels4}
	// tap6Network is another way to the same: everything is asked over IPv6.
	tap6Network   = &network{name: "tap6", flag: "tap:tap0" + both, after: tapAddresses, host: ours6, client: kernels6}
	wireNetwork   = &network{name: "wire", flag: "tap:tap0" + both + ",wire", after: tapAddresses, host: ours4, client: kernels4}
	packetNetwork = &network{name: "packet", flag: "packet:veth1" + both, before: vethPair, host: ours4, client: kernels4}
)

func (n *network) own() bool { return n.flag != "" }

// device is the kernel's end of the link.
func (n *network) device() string {
	if n.before != nil {
		return "veth0"
	}
	return "tap0"
}

// named are the networks that VITRINE_NET names, or all of them.
func named(all ...*network) []*network {
	only := os.Getenv("VITRINE_NET")
	if only == "" {
		return all
	}
	var some []*network
	for _, n := range all {
		if n.name == only {
			some = append(some, n)
		}
	}
	return some
}

var namespaces = sync.OnceValue(mayMakeNamespaces)

// needsNamespaces skips a test where there cannot be any.
func needsNamespaces(t *testing.T) {
	t.Helper()
	if os.Getenv("VITRINE_WRAP") != "" || os.Getenv("VITRINE_BASE_URL") != "" {
		t.Skip("this test makes its own network namespaces, and VITRINE_WRAP or VITRINE_BASE_URL says where the server is to run")
	}
	if err := namespaces(); err != nil {
		t.Skip(err)
	}
}

// lab is where one server and its clients are: the machine's own network, or a namespace with a link in it.
type lab struct {
	network   *network
	ns        *namespace // nil: the machine's own network, or where VITRINE_WRAP says
	where     *url.URL   // what the server listens on
	servers   servers    // of a script
	noted     tally      // what the kernel had counted
	recorders map[string]*recorder
	others    []*namespace
	held      net.Conn // by a script
}

// newLab prepares a place for a server.
func newLab(n *network) (l *lab, err error) {
	if !n.own() {
		where, err := place()
		return &lab{network: n, where: where, servers: make(servers)}, err
	}
	l = &lab{network: n, where: &url.URL{Scheme: "http", Host: net.JoinHostPort(n.host, "8080")}, servers: make(servers)}
	if l.ns, err = newNamespace(); err != nil {
		return nil, err
	}
	if err := l.all(n.before); err != nil {
		l.ns.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) all(commands []string) error {
	for _, c := range commands {
		if err := l.ns.ip(c); err != nil {
			return err
		}
	}
	return nil
}

// ready does what a server's user does when it has started: give this machine its addresses on the link.
func (l *lab) ready() error { return l.all(l.network.after) }

func (l *lab) close() {
	for _, n := range append(l.others, l.ns) {
		if n != nil {
			n.close()
		}
	}
}

// another: namespace NAME makes another namespace. Its path is in the variable of this name, and the program of this name
// runs others in it: exec NAME PROGRAM ARGS...
func another(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: namespace NAME")
	}
	n, err := newNamespace()
	ts.Check(err)
	l := labOf(ts)
	l.others = append(l.others, n)
	ts.Setenv(args[0], n.path)
	text := fmt.Sprintf("#!/bin/sh\nPATH='%s'\nexec %s \"$@\"\n", os.Getenv("PATH")+":/usr/sbin:/sbin", strings.Join(n.wrap(), " "))
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), ".bin", args[0]), []byte(text), 0o755))
}

// wrap is the command that programs are run by.
func (l *lab) wrap() []string {
	if l.ns == nil {
		return strings.Fields(os.Getenv("VITRINE_WRAP"))
	}
	return l.ns.wrap()
}

// command is a program that will run in the lab.
func (l *lab) command(args ...string) *exec.Cmd {
	line := append(l.wrap(), args...)
	return exec.Command(line[0], line[1:]...)
}

// arguments are vitrine's arguments on this network.
func (l *lab) arguments(args []string) []string {
	if l.network.own() && len(args) > 0 && (args[0] == "run" || args[0] == "serve") && !slices.Contains(args, "--net") {
		args = append(append([]string(nil), args...), "--net", l.network.flag)
	}
	return args
}

// client is the address that the server sees its clients at.
func (l *lab) client() string {
	if l.network.own() {
		return l.network.client
	}
	return l.where.Hostname()
}

// dial connects to the server.
func (l *lab) dial() (net.Conn, error) { return l.dialTo(l.where.Host) }

// dialTo connects to a literal address.
func (l *lab) dialTo(address string) (c net.Conn, err error) {
	d := net.Dialer{Timeout: deadline}
	connect := func() { c, err = d.Dial("tcp", address) }
	if l.ns == nil {
		connect()
	} else {
		l.ns.do(connect)
	}
	return c, err
}

// datagram sends one to a literal address and waits for what comes of it.
func (l *lab) datagram(host, port string) (err error) {
	l.ns.do(func() {
		var c net.Conn
		if c, err = net.Dial("udp", net.JoinHostPort(host, port)); err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(deadline))
		if _, err = c.Write([]byte("?")); err == nil {
			_, err = c.Read(make([]byte, 100))
		}
	})
	return err
}

// describe tells a script about its lab: the adapter, the two ends of the link, and the namespace.
func (l *lab) describe(env *testscript.Env) {
	env.Setenv("NET", l.network.flag)
	env.Setenv("DEVICE", l.network.device())
	env.Setenv("NAMESPACE", l.ns.path)
	env.Setenv("BASE4", "http://"+net.JoinHostPort(ours4, l.where.Port()))
	env.Setenv("BASE6", "http://"+net.JoinHostPort(ours6, l.where.Port()))
	for name, value := range map[string]string{"OURS4": ours4, "OURS6": ours6, "KERNELS4": kernels4, "KERNELS6": kernels6} {
		env.Setenv(name, value)
	}
}

func (l *lab) String() string { return fmt.Sprintf("%s at %s", l.network.name, l.where.Host) }
