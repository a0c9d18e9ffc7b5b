package cgi

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Command is a script and what it is run with.
type Command struct {
	// Path is the program's, absolute. Args are its arguments, the first being its own name.
	Path string
	Args []string
	// Exec is the open file that is executed in the place of Path; nil: Path is. It suits programs in the machine's own
	// format only: an interpreter would be given a name that leads nowhere.
	Exec *os.File
	// Env is the whole environment, as NAME=value. Dir is the working folder.
	Env []string
	Dir string
	// Stdin is what it reads; nil: nothing. It stays the caller's.
	Stdin *os.File
	// User is whom it runs as; nil: the server's own user.
	User   *User
	Limits Limits
}

// User is whom a script runs as.
type User struct {
	UID, GID uint32
	Groups   []uint32
}

// Limits bound each process of a script. A zero bounds nothing.
type Limits struct {
	CPU       time.Duration // processor time, in whole seconds, rounded up
	Memory    int64         // bytes of address space
	Files     int           // open descriptors
	Processes int           // of the user that it runs as, all together
}

// StartError says why a script could not be started.
type StartError struct {
	Path string
	// Interpreter is the program that the script's first line names, when that is what is missing or may not be run.
	Interpreter string
	Err         error
}

func (e *StartError) Unwrap() error { return e.Err }

func (e *StartError) Error() string {
	switch {
	case e.Interpreter != "":
		return fmt.Sprintf("%s: its first line names the interpreter %s: %v", e.Path, e.Interpreter, e.Err)
	case errors.Is(e.Err, syscall.ENOEXEC):
		return fmt.Sprintf("%s: it is no program that this machine can run, and its first line does not begin with #! and name an interpreter", e.Path)
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

// HeadSize is how much of a file tells how it is run: what the kernel itself looks at (BINPRM_BUF_SIZE).
const HeadSize = 256

// Interpreter is the program that a script's first line names, "" when it names none; isScript tells whether the file
// begins with #! at all. head is the file's beginning.
func Interpreter(head []byte) (interpreter string, isScript bool) {
	text := string(head)
	if !strings.HasPrefix(text, "#!") {
		return "", false
	}
	line, _, _ := strings.Cut(text[2:], "\n")
	line = strings.TrimLeft(line, " \t")
	if i := strings.IndexAny(line, " \t\x00"); i >= 0 {
		line = line[:i]
	}
	return line, true
}

// Head reads as much of a file's beginning as tells how it is run.
func Head(f *os.File, b *[HeadSize]byte) []byte {
	n, _ := f.ReadAt(b[:], 0)
	return b[:max(n, 0)]
}

// Exit is how a script ended.
type Exit struct {
	Status  syscall.WaitStatus
	User    time.Duration // processor time of it and of those of its children that it waited for
	System  time.Duration
	Memory  int64         // the most that it had in memory, in bytes
	AtMost  bool          // Memory is what this server has: the script had no more, and how much less nobody knows
	Elapsed time.Duration // since it was started
	// Left is set when something that it had started held its standard output open and was not waited for.
	Left bool
	// Stopped is set when this server ended it.
	Stopped bool
	// Lost is set when it did not end although it was killed.
	Lost bool
}

// Failed reports whether it ended otherwise than with exit status 0.
func (e *Exit) Failed() bool { return e.Lost || e.Status.ExitStatus() != 0 }

func (e *Exit) String() string {
	switch {
	case e.Lost:
		return "it did not end although it was killed"
	case e.Status.Signaled():
		if e.Stopped && (e.Status.Signal() == syscall.SIGTERM || e.Status.Signal() == syscall.SIGKILL) {
			return "this server ended it with " + signalName(e.Status.Signal())
		}
		s := "it was ended by signal " + signalName(e.Status.Signal()) + remarks[e.Status.Signal()]
		if e.Status.CoreDump() {
			s += ", and left a core dump"
		}
		return s
	}
	return fmt.Sprintf("exit status %d", e.Status.ExitStatus())
}

var signals = map[syscall.Signal]string{syscall.SIGABRT: "SIGABRT", syscall.SIGSEGV: "SIGSEGV", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE",
	syscall.SIGILL: "SIGILL", syscall.SIGKILL: "SIGKILL", syscall.SIGTERM: "SIGTERM", syscall.SIGPIPE: "SIGPIPE", syscall.SIGHUP: "SIGHUP",
	syscall.SIGINT: "SIGINT", syscall.SIGALRM: "SIGALRM"}

// remarks say what a signal usually means.
var remarks = map[syscall.Signal]string{syscall.SIGKILL: " (the kernel's when memory is short, or that of somebody who may)"}

func signalName(s syscall.Signal) string {
	if name := signals[s]; name != "" {
		return name
	}
	return fmt.Sprint(int(s))
}
