package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// labKey is where a script keeps its lab.
type labKey struct{}

func labOf(ts *testscript.TestScript) *lab { return ts.Value(labKey{}).(*lab) }

// servers are the running servers of a script, by name.
type servers map[string]*running

// running is a server that was started, with the states that it told as a service tells its manager (sd_notify).
type running struct {
	cmd    *exec.Cmd
	states chan string
	ended  chan error
	output *buffer
}

// buffer is what a server prints.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func find(ts *testscript.TestScript, name string) *running {
	if r := labOf(ts).servers[name]; r != nil {
		return r
	}
	ts.Fatalf("no server is called %q", name)
	return nil
}

// wrapped is a command line as the place wants it run.
func wrapped(ts *testscript.TestScript, args ...string) []string {
	return append(labOf(ts).wrap(), args...)
}

// start: start NAME ARGS... runs vitrine with the arguments, and on an own network with --net, and returns once it is
// ready. What it prints goes to NAME.out and NAME.err. "! start" wants it to fail.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: start NAME ARGS...")
	}
	name := args[0]
	socket := filepath.Join(ts.Getenv("WORK"), name+".notify")
	os.Remove(socket)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	ts.Check(err)
	l := labOf(ts)
	line := wrapped(ts, append([]string{binary}, l.arguments(args[1:])...)...)
	r := &running{cmd: exec.Command(line[0], line[1:]...), states: make(chan string, 16), ended: make(chan error, 1), output: &buffer{}}
	out, err := os.OpenFile(ts.MkAbs(name+".out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	ts.Check(err)
	errs, err := os.OpenFile(ts.MkAbs(name+".err"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	ts.Check(err)
	r.cmd.Stdout, r.cmd.Stderr = out, errs
	r.cmd.Dir = ts.MkAbs(".")
	r.cmd.Env = append(environment(ts), "NOTIFY_SOCKET="+socket)
	ts.Check(r.cmd.Start())
	out.Close()
	errs.Close()
	go r.listen(conn)
	go func() {
		r.ended <- r.cmd.Wait()
		conn.Close()
	}()
	l.servers[name] = r
	ts.Defer(func() { r.cmd.Process.Kill() })
	err = r.await("READY=1")
	if err == nil {
		err = l.ready()
	}
	if neg != (err != nil) {
		printed, _ := os.ReadFile(ts.MkAbs(name + ".err"))
		ts.Fatalf("start %s: %v\n%s", name, err, printed)
	}
}

func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "WORK", "HOST", "PORT", "ADDR", "BASE", "CLIENT", "NET", "XDG_RUNTIME_DIR", "VITRINE_IO", "VITRINE_PORT", "VITRINE_LOG", "TMPDIR"} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return append(env, "GORACE=halt_on_error=1")
}

func (r *running) listen(conn *net.UnixConn) {
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		r.states <- string(b[:n])
	}
}

// await waits until the server tells a state that begins so.
func (r *running) await(state string) error {
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		select {
		case s := <-r.states:
			if strings.HasPrefix(s, state) {
				return nil
			}
		case err := <-r.ended:
			r.ended <- err
			return fmt.Errorf("it ended before it told %s: %v", state, err)
		case <-timer.C:
			return fmt.Errorf("it did not tell %s in %v", state, deadline)
		}
	}
}

// signalServer: signal NAME SIGNAL sends a signal and does not wait.
func signalServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME HUP|USR1|TERM|INT")
	}
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

// reload: reload NAME sends SIGHUP and returns once the server has dealt with it.
func reload(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reload NAME")
	}
	r := find(ts, args[0])
	ts.Check(r.cmd.Process.Signal(syscall.SIGHUP))
	ts.Check(r.await("RELOADING=1"))
	ts.Check(r.await("READY=1"))
}

// stop: stop NAME [STATUS] sends SIGTERM and waits for the end, whose exit status must be 0 or STATUS.
func stop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: stop NAME [STATUS]")
	}
	find(ts, args[0]).cmd.Process.Signal(syscall.SIGTERM)
	expectStatus(ts, false, append(args, "0")[:2])
}

// expectStatus: expect-status NAME STATUS waits until the server has ended and compares its exit status.
func expectStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expect-status NAME STATUS")
	}
	r := find(ts, args[0])
	select {
	case err := <-r.ended:
		r.ended <- err
	case <-time.After(deadline):
		ts.Fatalf("%s did not end in %v", args[0], deadline)
	}
	if got := strconv.Itoa(r.cmd.ProcessState.ExitCode()); got != args[1] {
		printed, _ := os.ReadFile(ts.MkAbs(args[0] + ".err"))
		ts.Fatalf("%s ended with status %s, not %s\n%s", args[0], got, args[1], printed)
	}
}
