package serve

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"vitrine/socket"
)

// accepting is a listener's socket of this loop.
type accepting struct {
	ln     *Listener
	socket socket.Listener
	paused bool
	batch  int // how many to take at the next event
}

// listening marks tokens of listeners.
const listening socket.Token = 1 << 63

func (l *loop) listen(ln *Listener, s socket.Listener) {
	if ln.unheard {
		return
	}
	at := slices.Index(l.listeners, nil)
	if at < 0 {
		at = len(l.listeners)
		l.listeners = append(l.listeners, nil)
	}
	l.listeners[at] = &accepting{ln: ln, socket: s}
	if err := l.poller.AddListener(s, listening|socket.Token(at)); err != nil {
		l.engine.failed(err)
	}
}

func (l *loop) unlisten(ln *Listener) {
	for i, a := range l.listeners {
		if a == nil || a.ln != ln {
			continue
		}
		l.unpause(a)
		l.accept(a) // those who wait have been promised a connection by their kernel
		if !l.unpause(a) {
			l.poller.Remove(a.socket)
		}
		if err := a.socket.Close(); err != nil {
			l.engine.failed(err)
		}
		a.socket, l.listeners[i] = nil, nil
	}
}

// acceptBatch bounds how many connections one event may bring, so that those that are there get their turns.
const acceptBatch = 64

// accept takes connections from a listener until there are none, the batch is full or a limit is reached.
func (l *loop) accept(a *accepting) {
	e := l.engine
	n := 0
	// One that comes alone costs no second call to find out that it is alone; when there was one for each call, there
	// may be more, and the batch grows. The poller tells again of those that are left.
	most := max(a.batch, 1)
	defer func() {
		if a.batch = 1; n >= most {
			a.batch = min(2*most, acceptBatch)
		}
	}()
	for ; a.socket != nil && !a.paused && (n < most || a.ln.closed.Load()); n++ {
		s := e.settings.Load()
		if !e.reserve(s) {
			ReasonFull.Reach()
			l.pause(a)
			l.resume() // a connection that ended before the pause was seen has told nobody
			return
		}
		in, err := a.socket.Accept()
		if err != nil {
			e.vacate()
			e.vacancy(l)
			l.refusedAccept(a, err)
			return
		}
		if why := e.take(in.Remote, a.ln, s); why != nil {
			in.Endpoint.Close()
			e.vacate()
			e.vacancy(l)
			if e.o.Refused != nil {
				e.o.Refused(in.Remote, a.ln.tag.Load().(holder).v, why)
			}
			continue
		}
		e.accepted.Add(1)
		a.ln.open.Add(1)
		c := &Conn{ep: in.Endpoint, loop: l, listener: a.ln, remote: in.Remote, local: in.Local,
			id: e.lastID.Add(1), opened: l.worker.Wall, counted: s.ConnectionsPerClient > 0}
		_, c.tags = in.Endpoint.(socket.Tagger)
		c.driver = e.o.NewDriver(c)
		l.add(c)
		// A client that has connected usually has sent its request too: look before anything is waited for.
		l.exec.run(l, c, uint32(socket.Readable|socket.Writable))
	}
}

// refusedAccept looks at why no connection could be taken.
func (l *loop) refusedAccept(a *accepting, err error) {
	switch {
	case err == socket.ErrWouldBlock:
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
		ReasonNoDescriptors.Reach()
		l.engine.failed(err)
		l.pause(a) // they may come free without any connection of ours ending
		time.AfterFunc(time.Second, func() { l.do(l.resume) })
	default:
		l.engine.failed(err)
	}
}

// pause leaves new connections in the listen queue.
func (l *loop) pause(a *accepting) {
	if !a.paused {
		a.paused = true
		l.poller.Remove(a.socket)
		l.engine.paused.Add(1)
	}
}

// unpause ends a pause, and reports whether there was one.
func (l *loop) unpause(a *accepting) bool {
	if !a.paused {
		return false
	}
	a.paused = false
	l.engine.paused.Add(-1)
	return true
}

// resume goes on accepting when there is room again.
func (l *loop) resume() {
	if l.engine.paused.Load() == 0 || l.engine.full(l.engine.settings.Load()) {
		return
	}
	for i, a := range l.listeners {
		if a != nil && l.unpause(a) {
			if err := l.poller.AddListener(a.socket, listening|socket.Token(i)); err != nil {
				l.engine.failed(err)
			}
		}
	}
}
