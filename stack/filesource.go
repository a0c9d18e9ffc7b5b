package stack

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"vitrine/trace"
)

// FileSource is a file that a connection sends from. Its bytes are read when a segment is built, straight into the
// adapter's memory, and read again for a retransmission: whoever changes the file meanwhile changes what is sent.
type FileSource struct {
	// ReaderAt reads the file. Without a descriptor it is the only way, and is called by goroutines of the stack.
	ReaderAt io.ReaderAt
	// FD is the file's descriptor, -1: none. The stack duplicates it, so that it may be closed once WriteFile has
	// returned, unless Done is given.
	FD int
	// Done, when not nil, is called exactly once, on the shard, when the stack needs the file no more for this WriteFile,
	// also when that took nothing. Until then FD and ReaderAt stay open.
	Done func()
}

// errNoWait says that a file cannot be read without the risk of waiting.
var errNoWait = errors.New("stack: reading might wait")

// file is a piece's file.
type file struct {
	source  FileSource
	fd      int // -1: none
	own     bool
	slow    bool // it can be read only off the loop
	reading bool // a goroutine is at it
	ended   bool // the piece is gone; what is left to do is left to that goroutine
	block   *block
}

// block is what a goroutine has read.
type block struct {
	at int64
	n  int
	b  [fileBlock]byte
}

// fileBlock is how much is read at once, off the loop or for several segments, in bytes.
const fileBlock = 64 << 10

var blocks = sync.Pool{New: func() any { return new(block) }}

// openFile takes a file over for one piece.
func openFile(s *FileSource) (*file, error) {
	f := &file{source: *s, fd: s.FD}
	switch {
	case s.FD < 0, s.Done != nil && !descriptors:
		f.fd, f.slow = -1, true
	case s.Done == nil:
		fd, err := duplicate(s.FD)
		if err != nil {
			return nil, err
		}
		f.fd, f.own = fd, true
	}
	return f, nil
}

// same reports whether a source is certainly the same file. A descriptor alone does not say so, since its number may be
// another file's by now, and not every reader can be compared.
func (f *file) same(s *FileSource) bool {
	a, ok := f.source.ReaderAt.(*os.File)
	b, okay := s.ReaderAt.(*os.File)
	return ok && okay && a == b && s.Done == nil && f.source.Done == nil && f.source.FD == s.FD
}

// release gives the file back, as soon as nobody reads it.
func (f *file) release(h *Shard) {
	f.ended = true
	if h.ahead.file == f {
		h.ahead.file = nil
	}
	if f.reading {
		return
	}
	if f.block != nil {
		blocks.Put(f.block)
		f.block = nil
	}
	if f.own {
		closeDuplicate(f.fd)
		f.own = false
	}
	if done := f.source.Done; done != nil {
		f.source.Done = nil
		done()
	}
}

// aheadCache is what was read of a file for the segments that come next, when they are too small to be read one by one.
type aheadCache struct {
	file *file
	at   int64
	n    int
	b    []byte
}

// directRead is from which size on a part of a file is read straight to where it is sent from.
const directRead = 8 << 10

// fileInto reads a part of a piece. errNoWait: a goroutine reads it in, and the connection will be pulled again.
func (h *Shard) fileInto(c *Conn, p *piece, at int64, dst []byte) error {
	f := p.file
	if k := f.block; k != nil && at >= k.at && at < k.at+int64(k.n) {
		switch {
		case at+int64(len(dst)) <= k.at+int64(k.n):
			copy(dst, k.b[at-k.at:k.n])
			if !f.slow && at+int64(len(dst)) == k.at+int64(k.n) {
				blocks.Put(k)
				f.block = nil
			}
			return nil
		case at == k.at:
			return io.ErrUnexpectedEOF // as much as there was of it was asked for
		}
	}
	left := int(p.at + int64(p.n) - at)
	if !f.slow {
		n, err := h.readNow(f, at, dst, left)
		switch {
		case n == len(dst):
			return nil
		case err == nil && n == 0:
			return io.ErrUnexpectedEOF
		case err == nil, err == syscall.EAGAIN:
			// Some of it is not in memory.
		case err == syscall.EOPNOTSUPP, err == syscall.ENOSYS, err == syscall.EINVAL:
			f.slow = true
		default:
			return err
		}
	}
	if !f.reading {
		h.fetch(c, f, at, min(left, fileBlock))
	}
	return errNoWait
}

// readNow reads what is in memory, by way of the cache when it is little.
func (h *Shard) readNow(f *file, at int64, dst []byte, left int) (int, error) {
	if len(dst) >= directRead {
		return h.readCached(f.fd, dst, at)
	}
	a := &h.ahead
	if a.file == f && at >= a.at && at+int64(len(dst)) <= a.at+int64(a.n) {
		return copy(dst, a.b[at-a.at:a.n]), nil
	}
	if a.b == nil {
		a.b = make([]byte, fileBlock)
	}
	n, err := h.readCached(f.fd, a.b[:min(left, fileBlock)], at)
	a.file, a.at, a.n = f, at, n
	return copy(dst, a.b[:n]), err
}

// fetcher reads what is not in memory, with a bounded number of goroutines that end when there is nothing to do.
type fetcher struct {
	mu      sync.Mutex
	waiting []fetch
	running int
	limit   int
}

type fetch struct {
	h  *Shard
	c  *Conn
	f  *file
	at int64
	n  int
}

func (h *Shard) fetch(c *Conn, f *file, at int64, n int) {
	reasonFileRead.Reach()
	h.counters.FileReads++
	f.reading = true
	r := &h.stack.fetcher
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, fetch{h, c, f, at, n})
	if r.running < r.limit {
		r.running++
		go r.run()
	}
}

func (r *fetcher) run() {
	for {
		r.mu.Lock()
		if len(r.waiting) == 0 {
			r.running--
			r.mu.Unlock()
			return
		}
		j := r.waiting[0]
		r.waiting[0] = fetch{}
		r.waiting = r.waiting[1:]
		r.mu.Unlock()

		k := blocks.Get().(*block)
		k.at = j.at
		var err error
		k.n, err = j.f.readAll(k.b[:j.n], j.at)
		j.h.Post(func() { j.h.fetched(j, k, err) })
	}
}

// readAll reads until b is full or the file ends.
func (f *file) readAll(b []byte, at int64) (n int, err error) {
	for n < len(b) {
		var k int
		if f.fd >= 0 {
			k, err = pread(f.fd, b[n:], at+int64(n))
			if err == syscall.EINTR {
				continue
			}
		} else {
			k, err = f.source.ReaderAt.ReadAt(b[n:], at+int64(n))
		}
		n += max(k, 0)
		if err != nil || k <= 0 {
			break
		}
	}
	if err == io.EOF || n > 0 {
		err = nil
	}
	return n, err
}

// fetched takes over what a goroutine has read.
func (h *Shard) fetched(j fetch, k *block, err error) {
	f := j.f
	f.reading = false
	if f.block != nil {
		blocks.Put(f.block)
	}
	f.block = k
	if f.ended {
		f.release(h)
		return
	}
	switch {
	case err != nil:
		h.fileFailed(j.c, err)
	case k.n == 0:
		h.fileFailed(j.c, io.ErrUnexpectedEOF)
	}
	h.touch(j.c)
}

// fileFailed ends a connection whose file cannot be read: the peer must not take what it has for the whole.
func (h *Shard) fileFailed(c *Conn, err error) {
	var why *trace.Reason
	if err == io.ErrUnexpectedEOF {
		why = reasonFileShrank.Reach()
	} else {
		why = reasonFileError.Reach()
	}
	h.abort(c, why, err)
}
