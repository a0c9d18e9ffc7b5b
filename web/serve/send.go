package serve

import (
	"errors"
	"io"
	"syscall"

	"vitrine/socket"
)

// copyLimit is up to where a body is copied behind its head, so that one write sends both; a copy of this size is
// cheaper than a second vector or call.
const copyLimit = 16 << 10

// outLimit is when gathered output is written although the turn goes on.
const outLimit = 64 << 10

// fileStep bounds one sendfile, so that a turn stays short and other connections get theirs.
const fileStep = 1 << 20

// Send queues bytes that stay unchanged until release, which may be nil, is called. Small ones are copied.
func (c *Conn) Send(w *Worker, b []byte, release Releaser) {
	if c.failed {
		c.broken(release)
		w.Out = w.Out[:0]
		return
	}
	if len(b) <= copyLimit && len(w.Out)+len(b) <= cap(w.Out) {
		w.Out = append(w.Out, b...)
		if release != nil {
			release.Release()
		}
		return
	}
	if c.pace != nil || !c.out.empty() {
		c.out.pushCopy(w.Out)
		w.Out = w.Out[:0]
		c.out.push(piece{b: b, release: release})
		return
	}
	n, err := 0, error(socket.ErrWouldBlock)
	if c.ready&socket.Writable != 0 {
		n, err = c.ep.Writev(w.Out, b)
	}
	if err != nil && err != socket.ErrWouldBlock {
		c.broken(release)
		w.Out = w.Out[:0]
		return
	}
	c.sent += int64(n)
	if n == len(w.Out)+len(b) {
		w.Out = w.Out[:0]
		if release != nil {
			release.Release()
		}
		return
	}
	c.ready &^= socket.Writable
	if n < len(w.Out) {
		c.out.pushCopy(w.Out[n:])
		n = len(w.Out)
	}
	c.out.push(piece{b: b[n-len(w.Out):], release: release})
	w.Out = w.Out[:0]
}

// SendFile queues a section of a file. It stays open until release, which may be nil, is called.
func (c *Conn) SendFile(w *Worker, f *socket.File, off, n int64, release Releaser) {
	if n <= 0 {
		if release != nil {
			release.Release()
		}
		return
	}
	c.write(w, true)
	c.out.push(piece{file: f, off: off, n: n, release: release})
}

// Flush writes what the turn has gathered so far when it has become much. Drivers that answer many requests in one
// Receive call it in between.
func (c *Conn) Flush(w *Worker) {
	if len(w.Out) >= outLimit {
		c.write(w, false)
	}
}

// Pending reports whether output waits for the transport. While it does, the engine reads nothing from the client,
// and Driver.Sent follows when it no longer does.
func (c *Conn) Pending() bool {
	if c.out.empty() {
		return false
	}
	c.owing = true
	return true
}

// write hands w.Out to the transport, or to the queue what the transport does not take.
func (c *Conn) write(w *Worker, more bool) {
	if len(w.Out) == 0 {
		return
	}
	out := w.Out
	w.Out = w.Out[:0]
	if c.failed {
		return
	}
	if c.pace != nil || !c.out.empty() || c.ready&socket.Writable == 0 {
		c.out.pushCopy(out)
		return
	}
	n, err := c.ep.Write(out, more)
	if err != nil && err != socket.ErrWouldBlock {
		c.broken(nil)
		return
	}
	c.sent += int64(n)
	if n < len(out) {
		c.ready &^= socket.Writable
		c.out.pushCopy(out[n:])
	}
}

// broken notes that the transport takes nothing any more. The turn ends a client's connection when it sees that, and reads
// what the peer of a link has sent.
func (c *Conn) broken(release Releaser) {
	if release != nil {
		release.Release()
	}
	c.out.drop()
	c.failed = true
	c.ready |= socket.Readable
}

// flush writes what is gathered and queued. It returns false when the turn must stop: output waits for the
// transport, or the connection has died of it.
func (c *Conn) flush(w *Worker) bool {
	from := c.sent
	if len(w.Out) > 0 {
		c.write(w, false)
	}
	budget := fileStep
	for !c.failed && !c.out.empty() && c.ready&socket.Writable != 0 {
		if budget <= 0 {
			c.queued(w, from)
			c.pend.Or(againBit)
			return false
		}
		file := c.out.pieces[0].file != nil
		most := fileStep
		if c.pace != nil {
			if most = c.pace.allow(w.Now, most); most == 0 {
				c.stall = 0 // the client waits for us
				return false
			}
		}
		n, err := c.sendFirst(most)
		budget -= n
		c.sent += int64(n)
		if c.pace != nil {
			c.pace.spend(int64(n))
		}
		if n > 0 {
			c.moved(w)
		}
		switch {
		case err == socket.ErrWouldBlock:
			c.ready &^= socket.Writable
		case err == io.ErrUnexpectedEOF:
			c.die(w, CloseFileShrank.Reach(), true) // a reset, so that the client cannot take it for the end
			return false
		case err != nil && file && !lost(err):
			c.loop.engine.failed(err)
			c.die(w, CloseFileFailed.Reach(), true)
			return false
		case err != nil:
			c.broken(nil)
		}
	}
	if c.failed {
		if c.link != nil {
			c.unanswered(w)
			return true
		}
		if c.phase != dead {
			c.die(w, CloseReset.Reach(), false)
		}
		return false
	}
	if !c.out.empty() {
		c.queued(w, from)
		return false
	}
	c.stall = 0
	return true
}

// lost reports whether an error is the connection's and not the file's.
func lost(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.Is(err, syscall.ENOTCONN) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// sendFirst hands the first queued piece to the transport, up to most bytes of it, and returns ErrWouldBlock when the transport
// did not take them whole.
func (c *Conn) sendFirst(most int) (int, error) {
	p := &c.out.pieces[0]
	if p.file != nil {
		step := int(min(p.n, int64(most)))
		n, err := c.ep.SendFile(p.file, p.off, step)
		if err != nil {
			return 0, err
		}
		p.off += int64(n)
		if p.n -= int64(n); p.n == 0 {
			c.out.pop()
		}
		return n, nil // a short count is followed by a would-block, or by the end of a file that has shrunk
	}
	b := p.b
	if c.pace != nil {
		b = b[:min(len(b), most)]
	}
	n, err := c.ep.Write(b, len(c.out.pieces) > 1 && len(b) == len(p.b))
	switch {
	case err != nil:
		return 0, err
	case n == len(p.b):
		c.out.pop()
		return n, nil
	}
	p.b = p.b[n:]
	if n < len(b) {
		return n, socket.ErrWouldBlock
	}
	return n, nil
}

// queued starts the clocks of output that waits. from is how much had been sent before it came.
func (c *Conn) queued(w *Worker, from int64) {
	if c.stall == 0 && !c.out.empty() {
		c.stall = w.Now + c.patientFor()
		c.paceAt, c.paceFrom = w.Now, min(from, c.taken())
		c.paceSeen = c.paceFrom
	}
}

// patientFor is for how long output may wait without any of it being taken, in nanoseconds.
func (c *Conn) patientFor() int64 {
	if c.link != nil {
		return int64(c.link.o.Write)
	}
	return int64(c.Settings().Write)
}

// taken is how many bytes the client has taken, as far as the transport knows: of what was handed to the transport, much
// may still lie in its buffer.
func (c *Conn) taken() int64 { return c.sent - int64(max(c.ep.Unsent(), 0)) }

// tooSlow reports whether so many bytes since output began to wait are fewer than the minimum rate demands.
func (c *Conn) tooSlow(w *Worker, s *Settings, bytes int64) bool {
	took := w.Now - c.paceAt
	return s.MinRate > 0 && took > int64(s.Write) && bytes < s.MinRate*(took/1e6)/1e3
}

// moved notes that the client takes what is queued.
func (c *Conn) moved(w *Worker) {
	if c.stall != 0 {
		s := c.Settings()
		c.stall = w.Now + c.patientFor()
		if c.link == nil && c.tooSlow(w, s, c.sent-c.paceFrom) {
			c.stall = w.Now // the timer ends it, with the reason
		}
	}
}

// stalled ends a connection whose client does not take the response, or takes it too slowly. That the transport takes
// nothing does not mean it: a large buffer may empty steadily and long before it has room again.
func (c *Conn) stalled(w *Worker) {
	s := c.Settings()
	taken := c.taken()
	slow := c.link == nil && c.tooSlow(w, s, taken-c.paceFrom)
	switch {
	case slow && taken > c.paceFrom:
		c.die(w, CloseSlowReader.Reach(), true)
	case taken > c.paceSeen:
		c.paceSeen, c.stall = taken, w.Now+c.patientFor()
	default:
		c.die(w, c.because(CloseWriteTimeout, LinkStalled), true)
	}
}
