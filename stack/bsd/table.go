package bsd

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"vitrine/stack"
)

// firstDescriptor leaves room for the three that every program has.
const firstDescriptor = 3

// Table is the descriptors of one program on a stack.
type Table struct {
	s *stack.Stack

	mu    sync.Mutex
	socks []*sock // by descriptor, less firstDescriptor; nil: free
	used  int
	limit int
	next  int // the shard of the next socket
}

// NewTable makes an empty table. limit is how many descriptors may be open; 0: 1024.
func NewTable(s *stack.Stack, limit int) *Table {
	if limit <= 0 {
		limit = 1024
	}
	return &Table{s: s, limit: limit}
}

// install gives a socket the lowest free descriptor.
func (t *Table) install(s *sock) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used >= t.limit {
		return -1, syscall.EMFILE
	}
	t.used++
	for i, taken := range t.socks {
		if taken == nil {
			t.socks[i] = s
			return i + firstDescriptor, nil
		}
	}
	t.socks = append(t.socks, s)
	return len(t.socks) - 1 + firstDescriptor, nil
}

// get is the socket of a descriptor.
func (t *Table) get(fd int) (*sock, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := fd - firstDescriptor; i >= 0 && i < len(t.socks) && t.socks[i] != nil {
		return t.socks[i], nil
	}
	return nil, syscall.EBADF
}

// remove frees a descriptor.
func (t *Table) remove(fd int) (*sock, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := fd - firstDescriptor
	if i < 0 || i >= len(t.socks) || t.socks[i] == nil {
		return nil, syscall.EBADF
	}
	s := t.socks[i]
	t.socks[i] = nil
	t.used--
	for n := len(t.socks); n > 0 && t.socks[n-1] == nil; n-- {
		t.socks = t.socks[:n-1]
	}
	return s, nil
}

// shard is where the next socket lives: they take turns.
func (t *Table) shard() *stack.Shard {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	return t.s.Shard(t.next % t.s.Shards())
}

// Open is how many descriptors are open.
func (t *Table) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.used
}

// CloseAll closes every descriptor, as the end of a program does.
func (t *Table) CloseAll() {
	t.mu.Lock()
	n := len(t.socks)
	t.mu.Unlock()
	for fd := firstDescriptor; fd < firstDescriptor+n; fd++ {
		t.Close(fd)
	}
}

// errnoOf is the errno that stands for an error of the stack.
func errnoOf(err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno):
		return errno
	case err == stack.ErrWouldBlock, errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return syscall.EAGAIN
	case err == stack.ErrTooMany:
		return syscall.ENOBUFS
	case errors.Is(err, net.ErrClosed): // the stack was stopped
		return syscall.ENETDOWN
	}
	return syscall.EIO
}
