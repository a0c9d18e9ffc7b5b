package server

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// adminDoor takes connections, as many as there are places, and looks at the first byte of each: whoever does not speak TLS
// where it is spoken is told so.
type adminDoor struct {
	net.Listener
	admin  *admin
	ready  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// take accepts until the listener is closed.
func (d *adminDoor) take() {
	defer d.once.Do(func() { close(d.closed) })
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			var busy net.Error
			if errors.As(err, &busy) && !errors.Is(err, net.ErrClosed) { // out of descriptors, for instance
				time.Sleep(50 * time.Millisecond)
				continue
			}
			return
		}
		p := &placed{Conn: c, admin: d.admin, client: clientAt(c.RemoteAddr().String())}
		if !d.admin.admit(p) {
			d.admin.refused(c.RemoteAddr().String(), AdminFull.Reach(), "")
			c.Close()
			continue
		}
		go d.look(p)
	}
}

// admit gives a connection one of the places; false: there is none for it.
func (a *admin) admit(p *placed) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !p.client.IsLoopback() {
		n := 0
		for other := range a.live {
			if other.client == p.client {
				n++
			}
		}
		if n >= adminClient {
			return false
		}
	}
	select {
	case a.conns <- struct{}{}:
		a.live[p] = true
		return true
	default:
		return false
	}
}

// look waits for the first byte and hands the connection over.
func (d *adminDoor) look(c *placed) {
	c.SetReadDeadline(time.Now().Add(adminHeadTime))
	c.in = bufio.NewReaderSize(c.Conn, 512)
	first, err := c.in.Peek(1)
	if err != nil {
		c.Close()
		return
	}
	c.SetReadDeadline(time.Time{})
	const handshake = 0x16 // RFC 8446 §5.1
	var out net.Conn = c
	certs := d.admin.certs.Load()
	switch secure := first[0] == handshake; {
	case certs != nil && !secure:
		d.admin.refused(c.RemoteAddr().String(), AdminPlain.Reach(), "")
		c.SetDeadline(time.Now().Add(adminCloseTime))
		text := AdminPlain.Sentence + "\n"
		fmt.Fprintf(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
		c.lastBytes()
		c.Close()
		return
	case certs == nil && secure:
		d.admin.refused(c.RemoteAddr().String(), AdminSecure.Reach(), "")
		c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70}) // an alert: protocol_version, RFC 8446 §6
		c.Close()
		return
	case certs != nil:
		out = tls.Server(c, certs)
	}
	select {
	case d.ready <- out:
	case <-d.closed:
		c.Close()
	}
}

func (d *adminDoor) Accept() (net.Conn, error) {
	select {
	case c := <-d.ready:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *adminDoor) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Listener.Close()
}

// placed is a connection that has one of the places, and whose first byte was looked at.
type placed struct {
	net.Conn
	in     *bufio.Reader
	admin  *admin
	client netip.Addr
	once   sync.Once
}

func (c *placed) Read(b []byte) (int, error) { return c.in.Read(b) }

func (c *placed) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.admin.mu.Lock()
		delete(c.admin.live, c)
		c.admin.mu.Unlock()
		<-c.admin.conns
	})
	return err
}

// lastBytes takes in what the client still sends, so that no reset destroys the answer.
func (c *placed) lastBytes() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
	}
	io.Copy(io.Discard, io.LimitReader(c.in, adminHead))
}
