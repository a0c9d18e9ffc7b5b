//go:build unix

package logfile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/trace"
)

// pipe is a named pipe with its reading end, opened as a log.
func pipe(t *testing.T, fs *Files, o Options) (*os.File, *File) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Open(name, o); err == nil {
		t.Error("a pipe that nobody reads was opened")
	}
	reader, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	return reader, open(t, fs, name, o)
}

func TestLinesAreDroppedAndCountedWhenTheWriterIsBehind(t *testing.T) {
	var notices told
	fs := New(notices.add)
	reader, f := pipe(t, fs, Options{Buffer: 64 << 10})
	line := []byte(strings.Repeat("x", 1023) + "\n")
	const lines = 4096 // four times what the buffers and the pipe hold
	before := reasonBehind.Reached()
	for range lines {
		f.Append(line) // blocks never, or this test does not end
	}
	dropped := reasonBehind.Reached() - before
	done := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(reader)
		done <- b
	}()
	closeAll(t, fs)
	got := bytes.Count(<-done, line)
	if dropped == 0 || got+int(dropped) != lines {
		t.Errorf("%d lines arrived whole and %d were counted as dropped, of %d", got, dropped, lines)
	}
	if _, told := notices.of(reasonBehind); told != dropped {
		t.Errorf("told of %d dropped lines, counted %d", told, dropped)
	}
}

func TestTheDropIsToldAtOnceAndThenOnceAMinute(t *testing.T) {
	var said []Notice
	synctest.Test(t, func(t *testing.T) {
		n := notices{notify: func(x Notice) { said = append(said, x) }, wake: func() {}}
		for range 90 {
			n.trouble(reasonBehind, 10, nil)
			n.tell(false)
			time.Sleep(time.Second)
		}
		n.tell(true)
	})
	var lines []uint64
	for _, x := range said {
		lines = append(lines, x.Lines)
	}
	if fmt.Sprint(lines) != "[10 600 290]" {
		t.Errorf("told of %v lines", lines)
	}
}

func TestAReaderThatGoesAwayCostsLinesOnly(t *testing.T) {
	var notices told
	fs := New(notices.add)
	reader, f := pipe(t, fs, Options{})
	reader.Close()
	f.Append([]byte("one\ntwo\n"))
	flush(t, fs)
	if _, lines := notices.of(reasonUnread); lines != 2 {
		t.Errorf("told of %d lines", lines)
	}
	closeAll(t, fs)
}

func TestALogThatCannotBeWrittenIsKeptUntilItCan(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "access.log")
	if err := os.Symlink("/dev/full", name); err != nil {
		t.Fatal(err)
	}
	var notices told
	synctest.Test(t, func(t *testing.T) {
		fs := New(notices.add)
		f := open(t, fs, name, Options{})
		f.Append([]byte("first\n"))
		time.Sleep(150 * time.Second)
		if times, _ := notices.of(reasonUnwritable); times != 3 {
			t.Errorf("told %d times in 2.5 minutes, want 3", times)
		}
		f.Append([]byte("second\n"))
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		fs.Reopen()
		synctest.Wait()
		closeAll(t, fs)
	})
	if got := content(t, name); got != "first\nsecond\n" {
		t.Errorf("got %q", got)
	}
	if times, _ := notices.of(reasonRecovered); times != 1 {
		t.Errorf("told of the recovery %d times", times)
	}
}

func TestALogThatCannotBeWrittenDoesNotHoldUpTheEnd(t *testing.T) {
	var notices told
	fs := New(notices.add)
	f := open(t, fs, "/dev/full", Options{Buffer: 1 << 10})
	f.Append([]byte("one\ntwo\n"))
	closeAll(t, fs)
	if _, lines := notices.of(reasonLost); lines != 2 {
		t.Errorf("told of %d lost lines", lines)
	}
}

func TestAFileThatCannotBeReopenedIsWrittenOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	moved := dir + ".old"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var notices told
	fs := New(notices.add)
	f := open(t, fs, filepath.Join(dir, "access.log"), Options{})
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	fs.Reopen()
	f.Append([]byte("still here\n"))
	closeAll(t, fs)
	if got := content(t, filepath.Join(moved, "access.log")); got != "still here\n" {
		t.Errorf("got %q", got)
	}
	if times, _ := notices.of(reasonNotReopened); times != 1 {
		t.Errorf("told %d times", times)
	}
}

// helpers are run in a process of their own, since they change what belongs to the whole process.
var helpers = map[string]func() int{"stdout": helpStdout, "limit": helpLimit}

func helper(t *testing.T, name string, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(append(os.Environ(), "LOGFILE_TEST_HELPER="+name), more...)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestStandardOutputThatNobodyReadsDoesNotEndTheProgram(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd := helper(t, "stdout")
	cmd.Stdout = w
	err = cmd.Run()
	w.Close()
	if err != nil {
		t.Error(err)
	}
}

func helpStdout() int {
	before := reasonUnread.Reached()
	fs := New(nil)
	f, err := fs.Open("stdout", Options{})
	if err != nil {
		return 2
	}
	fs.Reopen() // which standard output does not mind
	f.Append([]byte("nobody reads this\n"))
	fs.Close(context.Background())
	if reasonUnread.Reached() != before+1 {
		return 3
	}
	return 0
}

func TestStandardOutputGetsTheLines(t *testing.T) {
	cmd := helper(t, "limit", "LOGFILE_TEST_NAME=stdout")
	out, err := cmd.Output()
	if err != nil || string(out) != numbered {
		t.Errorf("%v: %q", err, out)
	}
}

func TestALineThatWasCutShortByAFullDiskIsCompleted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	if err := helper(t, "limit", "LOGFILE_TEST_NAME="+name).Run(); err != nil {
		t.Error(err)
	}
	if got := content(t, name); got != numbered {
		t.Errorf("got %q", got)
	}
}

func TestALineThatWasCutShortByAFullDiskBeginsAgainInTheReopenedFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	if err := helper(t, "limit", "LOGFILE_TEST_NAME="+name, "LOGFILE_TEST_ASIDE="+name+".1").Run(); err != nil {
		t.Error(err)
	}
	old, now := content(t, name+".1"), content(t, name)
	if whole := old[:strings.LastIndexByte(old, '\n')+1]; len(old) != 100 || whole+now != numbered {
		t.Errorf("got %q and %q", old, now)
	}
}

var numbered = strings.Repeat("0123456789 0123456789 0123456789\n", 10)

// helpLimit writes to a file that may have 100 bytes only at first.
func helpLimit() int {
	signal.Ignore(syscall.SIGXFSZ)
	var limit unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_FSIZE, &limit)
	small := limit
	small.Cur = 100
	unix.Setrlimit(unix.RLIMIT_FSIZE, &small)
	name, aside := os.Getenv("LOGFILE_TEST_NAME"), os.Getenv("LOGFILE_TEST_ASIDE")
	fs := New(nil)
	f, err := fs.Open(name, Options{})
	if err != nil {
		return 2
	}
	f.Append([]byte(numbered))
	if name != "stdout" && !await(reasonUnwritable) {
		return 3
	}
	if aside != "" {
		os.Rename(name, aside)
		if fs.Reopen(); !await(reasonReopened) {
			return 4
		}
	}
	unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
	if fs.Flush(context.Background()) != nil || fs.Close(context.Background()) != nil {
		return 5
	}
	return 0
}

// await returns once the writer has come to a decision, or false when it does not.
func await(r *trace.Reason) bool {
	for deadline := time.Now().Add(20 * time.Second); r.Reached() == 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
