package stack

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// TCPConn is a connection of the stack as Go programs expect it: a net.Conn whose methods block. It has what a
// *net.TCPConn has, as far as that makes sense without a file descriptor. All methods may be called concurrently.
type TCPConn struct {
	r             *Remote
	local, remote *net.TCPAddr

	reading sync.Mutex // held through a Read, so that concurrent ones take turns
	writing sync.Mutex // held through a Write, so that concurrent ones do not mix their bytes

	readBy, writeBy deadline // guarded by r.mu
}

// NewTCPConn wraps a Remote. Nobody else uses the Remote's reading and writing methods afterwards.
func NewTCPConn(r *Remote) *TCPConn {
	return &TCPConn{r: r, local: net.TCPAddrFromAddrPort(r.Local()), remote: net.TCPAddrFromAddrPort(r.Remote())}
}

// LocalAddr is a *net.TCPAddr.
func (c *TCPConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is a *net.TCPAddr.
func (c *TCPConn) RemoteAddr() net.Addr { return c.remote }

// Endpoint is the Remote under the connection, for what a net.Conn has no word for, such as Call.
func (c *TCPConn) Endpoint() *Remote { return c.r }

func (c *TCPConn) fail(op string, err error) error {
	return opError(op, "tcp", c.local, c.remote, err)
}

// Read waits until something can be read and reads it. Errors are *net.OpError but for io.EOF.
func (c *TCPConn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for {
		if err := c.awaitReading(len(p) > 0); err != nil {
			return 0, c.fail("read", err)
		}
		n, err := c.r.Read(p)
		if err != ErrWouldBlock {
			return n, c.fail("read", err)
		}
	}
}

// awaitReading waits until reading yields something. With wait off it only looks whether reading is allowed.
func (c *TCPConn) awaitReading(wait bool) error {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.closed:
			return net.ErrClosed
		case c.readBy.passed:
			return os.ErrDeadlineExceeded
		case !wait || r.in.n > 0 || r.ended:
			return nil
		}
		r.readers.Wait()
	}
}

// Write writes all of p or says why not. Bytes that it counts were handed to the stack, not necessarily delivered.
func (c *TCPConn) Write(p []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.write(p)
}

func (c *TCPConn) write(p []byte) (n int, err error) {
	for {
		if err := c.awaitWriting(len(p) > n); err != nil {
			return n, c.fail("write", err)
		}
		k, err := c.r.Write(p[n:], false)
		n += k
		if err != nil && err != ErrWouldBlock {
			return n, c.fail("write", err)
		}
		if n == len(p) {
			return n, nil
		}
	}
}

// awaitWriting waits until there is room worth writing to. With wait off it only looks whether writing is allowed.
func (c *TCPConn) awaitWriting(wait bool) error {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.closed:
			return net.ErrClosed
		case c.writeBy.passed:
			return os.ErrDeadlineExceeded
		case !wait || r.closing || r.writable():
			return r.mayWrite()
		}
		r.writers.Wait()
	}
}

// copySize is how much ReadFrom and WriteTo move at once.
const copySize = 64 << 10

var copies = sync.Pool{New: func() any { return new([copySize]byte) }}

// ReadFrom writes what src yields until its end. A regular file, also one in an *io.LimitedReader, is read straight into
// the connection's queue.
func (c *TCPConn) ReadFrom(src io.Reader) (n int64, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if f, most := regular(src); f != nil {
		return c.readFile(f, src, most)
	}
	buf := copies.Get().(*[copySize]byte)
	defer copies.Put(buf)
	for {
		k, end := src.Read(buf[:])
		if k > 0 {
			w, err := c.write(buf[:k])
			n += int64(w)
			if err != nil {
				return n, err
			}
		}
		if end == io.EOF {
			return n, nil
		}
		if end != nil {
			return n, end
		}
	}
}

// regular is the regular file behind a reader and how much of it is wanted, nil when there is none.
func regular(src io.Reader) (f *os.File, most int64) {
	most = 1<<63 - 1
	if l, ok := src.(*io.LimitedReader); ok {
		src, most = l.R, l.N
	}
	f, ok := src.(*os.File)
	if !ok {
		return nil, 0
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, 0
	}
	return f, most
}

func (c *TCPConn) readFile(f *os.File, src io.Reader, most int64) (n int64, err error) {
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	defer func() { // readers that share the file go on where this ended
		f.Seek(start+n, io.SeekStart)
		if l, ok := src.(*io.LimitedReader); ok {
			l.N -= n
		}
	}()
	for n < most {
		if err := c.awaitWriting(true); err != nil {
			return n, c.fail("write", err)
		}
		k, err := c.r.WriteFile(f, start+n, int(min(most-n, 1<<20)))
		n += int64(k)
		switch err {
		case nil, ErrWouldBlock:
		case io.ErrUnexpectedEOF:
			return n, nil
		default:
			return n, c.fail("write", err)
		}
	}
	return n, nil
}

// WriteTo writes what the peer sends to dst until the peer's end.
func (c *TCPConn) WriteTo(dst io.Writer) (n int64, err error) {
	buf := copies.Get().(*[copySize]byte)
	defer copies.Put(buf)
	for {
		k, err := c.Read(buf[:])
		if k > 0 {
			w, err := dst.Write(buf[:k])
			n += int64(w)
			if err != nil {
				return n, err
			}
			if w < k {
				return n, io.ErrShortWrite
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Close closes the connection; who waits on it returns with net.ErrClosed. What was written is still delivered in the
// background, unless bytes received were left unread (then the peer gets a reset) or SetLinger says otherwise.
func (c *TCPConn) Close() error {
	err := c.r.Close()
	c.r.mu.Lock()
	c.readBy.stop()
	c.writeBy.stop()
	c.r.mu.Unlock()
	return c.fail("close", err)
}

// CloseWrite ends the sending direction (FIN); reading goes on.
func (c *TCPConn) CloseWrite() error { return c.fail("close", c.r.CloseWrite()) }

// CloseRead makes reading yield io.EOF from now on. What the peer sends is taken and dropped, as Linux does.
func (c *TCPConn) CloseRead() error { return c.fail("close", c.r.CloseRead()) }

// SetDeadline sets both deadlines; the zero time means none. Who waits past it returns os.ErrDeadlineExceeded.
func (c *TCPConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of reading, also of a Read that waits already.
func (c *TCPConn) SetReadDeadline(t time.Time) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.readBy.set(&c.r.mu, &c.r.readers, t)
	return nil
}

// SetWriteDeadline sets the deadline of writing, also of a Write that waits already.
func (c *TCPConn) SetWriteDeadline(t time.Time) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.writeBy.set(&c.r.mu, &c.r.writers, t)
	return nil
}

func (c *TCPConn) usable() error {
	c.r.mu.Lock()
	closed := c.r.closed
	c.r.mu.Unlock()
	if closed {
		return c.fail("set", net.ErrClosed)
	}
	return nil
}

// call sets something on the shard. What was written before is not affected by the order.
func (c *TCPConn) call(f func(*Conn)) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.r.Call(f)
	return nil
}

// SetNoDelay turns Nagle's algorithm off, as it is from the beginning, or on.
func (c *TCPConn) SetNoDelay(on bool) error { return c.call(func(c *Conn) { c.SetNoDelay(on) }) }

// SetLinger is Remote.SetLinger. Close never waits.
func (c *TCPConn) SetLinger(seconds int) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.r.SetLinger(seconds)
	return nil
}

// SetKeepAlive turns probes of an idle connection on, with the configuration's times, or off.
func (c *TCPConn) SetKeepAlive(on bool) error {
	return c.call(func(c *Conn) { c.SetKeepAlive(on, 0, 0, 0) })
}

// SetKeepAlivePeriod turns probes on and sets both the idle time and the interval.
func (c *TCPConn) SetKeepAlivePeriod(d time.Duration) error {
	return c.call(func(c *Conn) { c.SetKeepAlive(true, d, d, 0) })
}

// SetKeepAliveConfig sets everything about probes. Zero and negative times are the configuration's.
func (c *TCPConn) SetKeepAliveConfig(k net.KeepAliveConfig) error {
	return c.call(func(c *Conn) {
		c.SetKeepAlive(k.Enable, max(k.Idle, 0), max(k.Interval, 0), max(k.Count, 0))
	})
}

// SetReadBuffer bounds the bytes that are held for reading beside TCP's own buffer.
func (c *TCPConn) SetReadBuffer(bytes int) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.r.SetBuffers(bytes, 0)
	return nil
}

// SetWriteBuffer bounds the bytes that are held for TCP to take.
func (c *TCPConn) SetWriteBuffer(bytes int) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.r.SetBuffers(0, bytes)
	return nil
}

// Info describes the connection as Sockets does. It asks the shard.
func (c *TCPConn) Info(ctx context.Context) (SocketInfo, error) {
	info, err := c.r.Info(ctx)
	return info, c.fail("read", err)
}
