package cgi

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// moment is how long a script may take before anything about it is watched, and how long the answer waits for those who
// hold its standard output when it has ended.
const moment = 25 * time.Millisecond

// Process is a script that runs. Read, Until and Finish are used by one goroutine; Kill by any.
type Process struct {
	PID     int
	scripts *Scripts
	watch   *Watch
	started time.Time
	out     *os.File
	errors  int // the descriptor of its standard error

	// Of the goroutine that reads.
	attended bool
	at       time.Time // when reading is given up, and why
	late     error
	cancel   func() bool
	whole    *time.Timer
	drained  chan struct{} // closed when nobody reads its standard error any more

	mu     sync.Mutex
	why    error     // why it was killed
	over   time.Time // it has ended, and its output is read until then
	left   bool      // its output was still open by then
	reaped bool
	kill   *time.Timer
	stderr *os.File
}

// Start starts a script. It is waited for by Finish, which must be called.
func (s *Scripts) Start(c *Command, w *Watch) (*Process, error) {
	in, err := s.input(c)
	if err != nil {
		return nil, &StartError{Path: c.Path, Err: err}
	}
	var out, errs [2]int
	if err := syscall.Pipe2(out[:], syscall.O_CLOEXEC); err != nil {
		return nil, &StartError{Path: c.Path, Err: err}
	}
	if err := syscall.Pipe2(errs[:], syscall.O_CLOEXEC); err != nil {
		closeBoth(out)
		return nil, &StartError{Path: c.Path, Err: err}
	}
	syscall.SetNonblock(out[0], true)
	syscall.SetNonblock(errs[0], true)
	p := &Process{scripts: s, watch: w, started: time.Now(), errors: errs[0]}
	attr := syscall.ProcAttr{Dir: c.Dir, Env: c.Env, Files: []uintptr{in.Fd(), uintptr(out[1]), uintptr(errs[1])},
		Sys: &syscall.SysProcAttr{Setsid: true}}
	if c.User != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: c.User.UID, Gid: c.User.GID, Groups: c.User.Groups}
	}
	path := c.Path
	if c.Exec != nil {
		path = "/proc/self/fd/" + strconv.Itoa(int(c.Exec.Fd()))
	}
	p.PID, err = syscall.ForkExec(path, c.Args, &attr)
	runtime.KeepAlive(c)
	runtime.KeepAlive(in)
	syscall.Close(out[1])
	syscall.Close(errs[1])
	if err != nil {
		syscall.Close(out[0])
		syscall.Close(errs[0])
		return nil, c.blame(err)
	}
	p.out = os.NewFile(uintptr(out[0]), "stdout of "+c.Path)
	if err := c.Limits.apply(p.PID, c.User); err != nil {
		p.end(err, 0)
	}
	s.mu.Lock()
	s.running[p] = struct{}{}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		p.end(ErrStopping, 0)
	}
	p.out.SetReadDeadline(p.started.Add(moment))
	return p, nil
}

func closeBoth(p [2]int) {
	syscall.Close(p[0])
	syscall.Close(p[1])
}

// blame says what kept a script from being started.
func (c *Command) blame(err error) error {
	e := &StartError{Path: c.Path, Err: err}
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.EACCES) {
		if f, openErr := os.OpenFile(c.Path, os.O_RDONLY|unix.O_NONBLOCK, 0); openErr == nil { // a pipe may stand there by now
			var head [HeadSize]byte
			if i, isScript := Interpreter(Head(f, &head)); isScript && i != "" {
				if unix.Access(i, unix.X_OK) != nil {
					e.Interpreter = i
				}
				if len(i) > 0 && i[len(i)-1] == '\r' {
					e.Interpreter = i[:len(i)-1] + "␍"
					e.Err = errors.New("the line ends as on Windows (CR LF), and the CR is taken for a part of the name")
				}
			}
			f.Close()
		}
	}
	return e
}

// Until gives up reading at a time, with an error; the script is killed with it.
func (p *Process) Until(at time.Time, late error) {
	p.at, p.late = at, late
	if p.attended {
		p.arm()
	}
}

// arm sets the pipe's deadline: when reading is given up, or when those who hold it open are not waited for any more.
func (p *Process) arm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.at
	if !p.over.IsZero() && (at.IsZero() || p.over.Before(at)) {
		at = p.over
	}
	p.out.SetReadDeadline(at)
}

// Read reads what the script writes, as it is written. At the end of the script it is io.EOF, even when somebody else still
// holds its standard output. When the script was killed, it is why.
func (p *Process) Read(b []byte) (int, error) {
	for {
		n, err := p.out.Read(b)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !p.attended {
				p.attend()
				continue
			}
			p.mu.Lock()
			over := !p.over.IsZero() && !time.Now().Before(p.over)
			p.left = p.left || over
			p.mu.Unlock()
			if over {
				return 0, p.ended()
			}
			if !p.at.IsZero() && !time.Now().Before(p.at) {
				p.Kill(p.late)
				p.at = time.Time{} // it ends now, and that is waited for
			}
			p.arm()
		default:
			return 0, p.ended()
		}
	}
}

func (p *Process) ended() error {
	if err := p.Why(); err != nil {
		return err
	}
	return io.EOF
}

// Why is why the script was killed, nil when it was not.
func (p *Process) Why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why
}

// attend begins to watch a script that takes longer than a moment.
func (p *Process) attend() {
	p.attended = true
	w := p.watch
	p.drained = make(chan struct{})
	p.mu.Lock()
	p.stderr = os.NewFile(uintptr(p.errors), "stderr")
	f := p.stderr
	p.mu.Unlock()
	go p.drain(f)
	if w.Whole > 0 {
		p.whole = time.AfterFunc(time.Until(p.started.Add(w.Whole)), func() { p.Kill(ErrWhole) })
	}
	if w.Context != nil {
		ctx := w.Context()
		p.cancel = context.AfterFunc(ctx, func() { p.Kill(context.Cause(ctx)) })
	}
	p.await()
	p.arm()
}

// await waits for the script's end beside whoever reads.
func (p *Process) await() {
	fd, err := unix.PidfdOpen(p.PID, unix.PIDFD_NONBLOCK)
	if err != nil { // before Linux 5.10; then the pipe's end alone tells
		return
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	go func() {
		defer f.Close()
		raw, err := f.SyscallConn()
		if err != nil {
			return
		}
		var ended bool
		raw.Read(func(fd uintptr) bool {
			ended = zombie(unix.P_PIDFD, int(fd), unix.WNOHANG)
			return ended
		})
		if !ended {
			return
		}
		p.mu.Lock()
		if p.over.IsZero() {
			p.over = time.Now().Add(moment)
		}
		at := p.over
		if !p.reaped {
			p.out.SetReadDeadline(at)
		}
		p.mu.Unlock()
	}()
}

// drain reads what a script writes to standard error.
func (p *Process) drain(f *os.File) {
	defer close(p.drained)
	buf := buffers.Get().(*[4 << 10]byte)
	defer buffers.Put(buf)
	for {
		n, err := f.Read(buf[:])
		if n > 0 && p.watch.Errors != nil {
			p.watch.Errors(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

var buffers = sync.Pool{New: func() any { return new([4 << 10]byte) }}

// Kill ends the script with everything that it started: with SIGTERM, and after the grace with SIGKILL. The first reason
// stays. It returns at once.
func (p *Process) Kill(why error) { p.end(why, p.watch.Grace) }

func (p *Process) end(why error, grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return
	}
	if p.why == nil {
		p.why = why
	}
	if grace > 0 {
		if p.kill != nil {
			return
		}
		syscall.Kill(-p.PID, syscall.SIGTERM)
		p.kill = time.AfterFunc(grace, func() { p.end(why, 0) })
		return
	}
	syscall.Kill(-p.PID, syscall.SIGKILL)
}

// Soon is Read that waits no longer than within; then the error is ErrNotYet.
func (p *Process) Soon(b []byte, within time.Duration) (int, error) {
	if p.attended {
		return 0, ErrNotYet
	}
	p.out.SetReadDeadline(time.Now().Add(within))
	n, err := p.out.Read(b)
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.out.SetReadDeadline(p.started.Add(moment))
		return 0, ErrNotYet
	}
	return 0, p.ended()
}
