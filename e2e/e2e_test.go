// Package e2e runs the program as people run it: scripts in testdata start it, ask it with curl, send it signals and
// read its logs. Those in testdata/command need no server; those in testdata/serve run under each I/O architecture, on
// the kernel's sockets and on the own TCP/IP stack; those in testdata/stack are about the own stack, with the kernel and
// its programs as peers and tshark and the kernel's counters as judges.
//
// Whatever is on the own stack runs in network namespaces that the tests make for it, which needs root. Nothing leaves
// them.
//
// Where the others run can be said from outside:
//
//	VITRINE_BINARY    the program to test, instead of building it
//	VITRINE_BASE_URL  where its server listens, such as http://192.0.2.1:8080, instead of a free port of the loopback
//	VITRINE_WRAP      a command that server and clients are run by, such as "ip netns exec lab"
//	VITRINE_IO        only this I/O architecture
//	VITRINE_NET       only this network: kernel, tap, tap6, wire or packet
//
// With -update the scripts' golden files are rewritten; commit only what you understand.
package e2e

import (
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files of the scripts")

// deadline is how long a test waits for anything that must happen before it fails. It is no time that anything is expected to
// take, and long enough for a machine that does much else.
const deadline = time.Minute

var binary string // absolute path of the program

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "vitrine-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		if binary, err = program(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// program is the program to test: the one that is named, or a fresh build.
func program(folder string) (string, error) {
	if named := os.Getenv("VITRINE_BINARY"); named != "" {
		return filepath.Abs(named)
	}
	path := filepath.Join(folder, "vitrine")
	args := []string{"build", "-buildvcs=false", "-o", path}
	if raceEnabled {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "vitrine/cmd/vitrine")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return path, nil
}

func TestCommands(t *testing.T) {
	testscript.Run(t, parameters("testdata/command", "", kernelNetwork))
}

// architectures are the I/O architectures that are tested.
func architectures() []string {
	if only := os.Getenv("VITRINE_IO"); only != "" {
		return []string{only}
	}
	return []string{"single", "threads", "pool", "events", "events-per-core"}
}

// TestServer runs the scripts about serving, under each architecture and on each network. Those with IPv6 addresses and
// without offloads change what only the network sees, so one architecture will do.
func TestServer(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed, so the scripts with a server are skipped: apt-get install curl")
	}
	for _, n := range named(kernelNetwork, tapNetwork, packetNetwork, tap6Network, wireNetwork) {
		t.Run(n.name, func(t *testing.T) {
			if n.own() {
				needsNamespaces(t)
			}
			for i, architecture := range slices.Backward(architectures()) {
				if n == kernelNetwork || n == tapNetwork || n == packetNetwork && i%2 == 0 || i == len(architectures())-1 {
					t.Run(architecture, func(t *testing.T) {
						testscript.Run(t, parameters("testdata/serve", architecture, n))
					})
				}
			}
		})
	}
}

func parameters(dir, architecture string, n *network) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(15 * time.Minute),
		Setup: func(env *testscript.Env) error {
			if os.Getenv("VITRINE_BASE_URL") != "" { // one address: one script after the other
				alone.Lock()
				env.Defer(alone.Unlock)
			}
			l, err := newLab(n)
			if err != nil {
				return err
			}
			env.Defer(l.close)
			programs, err := shims(filepath.Join(env.WorkDir, ".bin"), l)
			if err != nil {
				return err
			}
			env.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
			env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, ".run")) // nobody else's servers are to be seen
			env.Setenv("NO_PROXY", "*")
			env.Setenv("VITRINE_IO", architecture)
			env.Setenv("HOST", l.where.Hostname())
			env.Setenv("PORT", l.where.Port())
			env.Setenv("ADDR", l.where.Host)
			env.Setenv("BASE", l.where.String())
			env.Setenv("CLIENT", l.client())
			env.Setenv("MODULE", moduleRoot())
			if n.own() {
				l.describe(env)
			}
			env.Values[labKey{}] = l
			return nil
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Getuid() == 0, nil
			case "loopback":
				where, err := url.Parse(os.Getenv("VITRINE_BASE_URL"))
				return err == nil && !n.own() && (where.Host == "" || strings.HasPrefix(where.Host, "127.")), err
			case "descriptors":
				var limit syscall.Rlimit
				err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
				return limit.Cur >= 10000, err
			case "own":
				return n.own(), nil
			case "single":
				return architecture == "single", nil
			case "wire":
				return n == wireNetwork, nil
			case "packet":
				return n == packetNetwork, nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "signal": signalServer, "reload": reload, "stop": stop,
			"get": get, "await-get": awaitGet, "await": await, "lines": lines, "bytes": makeBytes, "expect-status": expectStatus,
			"note": note, "untroubled": untroubled, "moved": moved, "record": record, "recorded": recorded, "clean": clean, "frames": frames,
			"pure-acks": pureAcks, "journeys": journeys, "unreachable": unreachable, "await-output": awaitOutput, "hold": hold, "namespace": another, "let-go": letGo,
		},
	}
}

// shims is a folder with the programs that scripts run, as they are or as the place wants them run, so that no script
// can reach past it.
func shims(folder string, l *lab) (string, error) {
	wrap := strings.Join(l.wrap(), " ")
	if wrap == "" {
		return filepath.Dir(binary), nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	shim := func(name, command string) error {
		text := fmt.Sprintf("#!/bin/sh\nexec %s %s \"$@\"\n", wrap, command)
		return os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755)
	}
	// A command that asks the one server that runs here is not to find other people's.
	alone := "unshare --mount sh -c 'mount -t tmpfs none /run/vitrine 2>/dev/null; exec \"$0\" \"$@\"' "
	if l.ns == nil {
		alone = ""
	}
	if err := shim("vitrine", alone+"'"+binary+"'"); err != nil {
		return "", err
	}
	if err := shim("unprivileged", "setpriv --bounding-set=-net_admin,-net_raw --inh-caps=-net_admin,-net_raw"); err != nil {
		return "", err
	}
	for _, name := range []string{"curl", "ethtool", "h2load", "ip", "nstat", "ping", "ss", "sysctl", "traceroute", "wrk"} {
		if path, err := lookPath(name); err == nil {
			if err := shim(name, "'"+path+"'"); err != nil {
				return "", err
			}
		}
	}
	return folder, nil
}

// lookPath looks where the system's administrator would, too.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, folder := range []string{"/usr/sbin", "/sbin"} {
		if err == nil {
			break
		}
		path, err = exec.LookPath(filepath.Join(folder, name))
	}
	return path, err
}

// alone is held by the script that runs, where there is only one address for all of them.
var alone sync.Mutex

// lastPort makes each script's port another one. The ports are below those that the system gives to clients.
var lastPort atomic.Int32

func init() { lastPort.Store(int32(17000 + os.Getpid()%5000)) }

// place is where the server of a script listens.
func place() (*url.URL, error) {
	if base := os.Getenv("VITRINE_BASE_URL"); base != "" {
		return url.Parse(base)
	}
	for range 1000 {
		port := int(lastPort.Add(1))
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		l.Close()
		return url.Parse(fmt.Sprintf("http://127.0.0.1:%d", port))
	}
	return nil, fmt.Errorf("no free port")
}

func moduleRoot() string {
	root, err := filepath.Abs("..")
	if err != nil {
		panic(err)
	}
	return root
}
