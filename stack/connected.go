package stack

import "net"

// Connected is nil once the connection is established, ErrWouldBlock before, and else why it is not.
func (c *Conn) Connected() error { return c.writable() }

// Connected is nil once the connection is established, ErrWouldBlock before, and else why it is not. It does not wait.
func (r *Remote) Connected() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.failed || r.gone || r.hung || r.err != nil:
		if r.err != nil {
			return r.err
		}
		return net.ErrClosed
	case r.closed:
		return net.ErrClosed
	case r.opened:
		return nil
	}
	return ErrWouldBlock
}
