package cgi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// script writes a script of sh and gives the command that runs it.
func script(t *testing.T, text string) *Command {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Command{Path: path, Args: []string{path}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: dir}
}

// words takes what a script writes to standard error.
type words struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *words) take(b []byte) {
	w.mu.Lock()
	w.b.Write(b)
	w.mu.Unlock()
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// play runs a script to its end, and gives what it wrote, why reading ended, and how it ended.
func play(t *testing.T, s *Scripts, c *Command, w *Watch) (output string, why error, e Exit) {
	t.Helper()
	p, err := s.Start(c, w)
	if err != nil {
		t.Fatal(err)
	}
	all, why := io.ReadAll(p)
	return string(all), why, p.Finish()
}

// ended waits until a process is no more.
func ended(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) { // it is nobody's child that could be waited for
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs: %s", pid, stat)
		}
	}
}

// number reads a process id that a script has left in its folder, once it is there.
func number(t *testing.T, c *Command, name string) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(c.Dir, name))
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && strings.HasSuffix(string(text), "\n") {
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no number in %s: %q", name, text)
		}
	}
}

func TestAScriptIsRunToItsEnd(t *testing.T) {
	var said words
	c := script(t, "cat; echo \"$0 $* $A $(pwd)\"; echo problem >&2; exit 3")
	c.Args, c.Env = append(c.Args, "one", "two words"), append(c.Env, "A=b")
	in, out, _ := os.Pipe()
	io.WriteString(out, "body ")
	out.Close()
	c.Stdin = in
	defer in.Close()
	output, why, e := play(t, NewScripts(), c, &Watch{Errors: said.take})
	if want := "body " + c.Path + " one two words b " + c.Dir + "\n"; output != want || why != nil || said.String() != "problem\n" {
		t.Errorf("%q, %v, standard error %q; want %q", output, why, said.String(), want)
	}
	if e.String() != "exit status 3" || !e.Failed() || e.Elapsed <= 0 || e.Memory <= 0 {
		t.Errorf("%+v", e)
	}
}

// A script that has ended before its output was read to the end has left nothing behind by that.
func TestWhoEndsAloneHasLeftNothing(t *testing.T) {
	for range 10 {
		_, why, e := play(t, NewScripts(), script(t, "sleep 0.02; echo fine"), &Watch{})
		if why != nil || e.Left || e.Stopped {
			t.Fatalf("%v, %+v", why, e)
		}
	}
	p, err := NewScripts().Start(script(t, "exec sleep 600"), &Watch{Grace: time.Minute, Whole: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill(errors.New("it is enough"))
	io.ReadAll(p)
	if e := p.Finish(); !e.Stopped || e.String() != "this server ended it with SIGTERM" {
		t.Errorf("%s: %+v", &e, e)
	}
}

// What a script started is ended with it, whether it is killed or ends by itself.
func TestAllThatAScriptStartedIsKilledWithIt(t *testing.T) {
	const family = "sleep 600 & echo $! >child; (sh -c 'echo $$ >grandchild; exec sleep 600' &) ; "
	for name, c := range map[string]struct {
		then string
		kill bool
		left bool
	}{
		"when it is killed":              {"sleep 600", true, false},
		"when it refuses to end":         {"trap '' TERM; while :; do sleep 1; done", true, false},
		"when it ends":                   {"while ! [ -e grandchild ]; do :; done", false, true},
		"when it closes its output":      {"while ! [ -e grandchild ]; do :; done; exec >&-; exec sleep 600", true, false},
		"when its output is held by one": {"while ! [ -e grandchild ]; do :; done; echo fine", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, command := NewScripts(), script(t, family+c.then)
			p, err := s.Start(command, &Watch{Grace: 20 * time.Millisecond, Whole: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			child, grandchild := number(t, command, "child"), number(t, command, "grandchild")
			why := errors.New("it is enough")
			if c.kill {
				p.Kill(why)
			}
			_, got := io.ReadAll(p)
			e := p.Finish()
			if c.kill && got != why || !c.kill && got != nil {
				t.Errorf("reading ended with %v", got)
			}
			if e.Left != c.left {
				t.Errorf("%+v", e)
			}
			ended(t, p.PID)
			ended(t, child)
			ended(t, grandchild)
			if n := s.Running(); len(n) != 0 {
				t.Errorf("%v run", n)
			}
		})
	}
	t.Run("but not with background", func(t *testing.T) {
		command := script(t, "sleep 600 >/dev/null 2>&1 & echo $! >child")
		play(t, NewScripts(), command, &Watch{Background: true})
		child := number(t, command, "child")
		if err := syscall.Kill(child, 0); err != nil {
			t.Errorf("it was ended: %v", err)
		}
		syscall.Kill(child, syscall.SIGKILL)
	})
}

func TestAScriptsTimeIsBounded(t *testing.T) {
	late := errors.New("late")
	for name, c := range map[string]struct {
		watch Watch
		until bool
		want  error
	}{
		"whole": {Watch{Whole: 50 * time.Millisecond}, false, ErrWhole},
		"until": {Watch{}, true, late},
		"context": {Watch{Context: func() context.Context {
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(late)
			return ctx
		}}, false, late},
	} {
		p, err := NewScripts().Start(script(t, "echo begun; exec sleep 600"), &c.watch)
		if err != nil {
			t.Fatal(err)
		}
		if c.until {
			p.Until(time.Now().Add(50*time.Millisecond), late)
		}
		output, why := io.ReadAll(p)
		e := p.Finish()
		if string(output) != "begun\n" || why != c.want || p.Why() != c.want || e.Status.Signal() != syscall.SIGKILL {
			t.Errorf("%s: %q, %v, %v", name, output, why, &e)
		}
	}
}

// Nobody waits for a script that is not finished in a moment, nor for one that says nothing.
func TestSoonWaitsNoLongerThanItMay(t *testing.T) {
	p, err := NewScripts().Start(script(t, "echo 1; exec sleep 600"), &Watch{})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	if n, err := p.Read(b); string(b[:n]) != "1\n" || err != nil {
		t.Errorf("%q, %v", b[:n], err)
	}
	if n, err := p.Soon(b, time.Millisecond); n != 0 || err != ErrNotYet {
		t.Errorf("%q, %v", b[:n], err)
	}
	p.Kill(io.ErrClosedPipe)
	p.Finish()
}

func TestTheKernelBoundsWhatAScriptTakes(t *testing.T) {
	// The bounds are set when it has been started, so it looks at them until they are there.
	look := func(flag, want string) string {
		return "i=0; while [ \"$(ulimit " + flag + ")\" != " + want + " ] && [ $i -lt 1000 ]; do i=$((i+1)); done; ulimit " + flag
	}
	for name, c := range map[string]struct {
		limits Limits
		text   string
		want   string
	}{
		"memory":    {Limits{Memory: 512 << 20}, look("-v", "524288"), "524288\n"},
		"files":     {Limits{Files: 33}, look("-n", "33"), "33\n"},
		"processor": {Limits{CPU: 1500 * time.Millisecond}, look("-t", "2"), "2\n"},
	} {
		c2 := script(t, c.text)
		c2.Limits = c.limits
		output, why, e := play(t, NewScripts(), c2, &Watch{Whole: 20 * time.Second})
		if output != c.want || why != nil || e.Failed() {
			t.Errorf("%s: %q, %v, %v", name, output, why, &e)
		}
	}
	t.Run("and ends what takes too much processor time", func(t *testing.T) {
		c := script(t, "while :; do :; done")
		c.Limits.CPU = time.Second
		_, why, e := play(t, NewScripts(), c, &Watch{Whole: time.Minute})
		if why != nil || !strings.Contains(e.String(), "SIGXCPU") {
			t.Errorf("%v, %v", why, &e)
		}
	})
}

func TestAScriptRunsAsSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may run programs as somebody else")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("there is no user nobody")
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	c := script(t, "id -u; id -g; id -G; ulimit -n")
	c.Limits.Files = 77 // which takes a detour where root has not all capabilities
	for at := c.Dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		os.Chmod(at, 0o755)
	}
	c.User = &User{UID: uint32(uid), GID: 12345, Groups: []uint32{12346}}
	output, why, e := play(t, NewScripts(), c, &Watch{})
	if want := nobody.Uid + "\n12345\n12345 12346\n77\n"; output != want || why != nil || e.Failed() {
		t.Errorf("%q, %v, %v; want %q", output, why, &e, want)
	}
}

func TestABoundAboveTheServersOwnIsThat(t *testing.T) {
	var own syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &own); err != nil {
		t.Fatal(err)
	}
	c := script(t, "ulimit -n")
	c.Limits.Files = int(own.Max) + 1
	output, why, e := play(t, NewScripts(), c, &Watch{})
	// Who has all capabilities raises the bound, as far as the kernel goes.
	if n, _ := strconv.Atoi(strings.TrimSpace(output)); n != int(own.Max) && n != int(own.Max)+1 || why != nil || e.Failed() {
		t.Errorf("%q, %v, %v; want %d", output, why, &e, own.Max)
	}
}

// descriptors are those of this process, as a number.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Whatever becomes of scripts, no descriptor is left, and they have none of ours.
func TestNoDescriptorIsLost(t *testing.T) {
	given, err := syscall.Dup(0) // as by a shell that has it open: nothing says that it is closed in programs
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(given)
	s := NewScripts()
	round := func() {
		if output, _, _ := play(t, s, script(t, "ls /proc/self/fd | wc -l"), &Watch{}); strings.TrimSpace(output) != "4" { // 3, and the folder itself
			t.Errorf("the script has %q descriptors", output)
		}
		play(t, s, script(t, "echo 1; sleep 0.05; echo 2"), &Watch{Context: context.Background, Whole: time.Minute})
		play(t, s, script(t, "sleep 600 & sleep 0.05"), &Watch{})
		play(t, s, script(t, "sleep 600"), &Watch{Whole: 30 * time.Millisecond})
		for _, broken := range []*Command{{Path: "/no/such/script"}, {Path: os.DevNull, Dir: "/no/such/folder"}} {
			if _, err := s.Start(broken, &Watch{}); err == nil {
				t.Error("it was started")
			}
		}
		p, err := s.Start(script(t, "echo 1; sleep 600"), &Watch{})
		if err != nil {
			t.Fatal(err)
		}
		p.Kill(io.ErrClosedPipe)
		p.Finish()
	}
	round() // what is opened once
	before := descriptors(t)
	for range 5 {
		round()
	}
	for deadline := time.Now().Add(20 * time.Second); descriptors(t) > before; time.Sleep(time.Millisecond) { // who waits for an end closes its own
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors, and %d before", descriptors(t), before)
		}
	}
}

func TestCloseEndsAllAndStartsNoMore(t *testing.T) {
	s := NewScripts()
	ends := make(chan error, 2)
	for _, text := range []string{"echo; exec sleep 600", "trap '' TERM; echo; while :; do sleep 1; done"} {
		p, err := s.Start(script(t, text), &Watch{Grace: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		p.Read(b)
		go func() {
			_, err := io.ReadAll(p)
			p.Finish()
			ends <- err
		}()
	}
	s.Close()
	for range 2 {
		if err := <-ends; err != ErrStopping {
			t.Error(err)
		}
	}
	if _, err := s.Start(script(t, "echo"), &Watch{}); !errors.Is(err, ErrStopping) {
		t.Errorf("it was started: %v", err)
	}
}

func TestWhatKeepsAScriptFromBeingStartedIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"#!/no/such/thing\n":  "names the interpreter /no/such/thing",
		"#!/bin/sh\r\necho\n": "Windows",
		"\x00\x01\x02":        "is no program that this machine can run",
		"#! \n":               "is no program that this machine can run",
	} {
		c := script(t, "")
		if err := os.WriteFile(c.Path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := NewScripts().Start(c, &Watch{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A program in the machine's own format is executed by its descriptor, whatever its name leads to by then.
func TestAProgramIsExecutedByItsDescriptor(t *testing.T) {
	f, err := os.Open("/bin/cat")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	c := script(t, "echo 'the other one'")
	c.Exec, c.Args = f, []string{c.Path, "/proc/self/comm"}
	if output, why, _ := play(t, NewScripts(), c, &Watch{}); why != nil || strings.Contains(output, "other") {
		t.Errorf("%q, %v", output, why)
	}
}
