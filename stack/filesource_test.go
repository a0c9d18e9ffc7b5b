package stack

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// receive reads n bytes at c while w is called to write more, and lets goroutines that read files do their work.
func (p *pair) receive(c *Conn, n int, write func()) []byte {
	p.t.Helper()
	var got []byte
	b := make([]byte, 64<<10)
	for patience := time.Now().Add(20 * time.Second); len(got) < n && time.Now().Before(patience); {
		write()
		p.settle()
		k, err := c.Read(b)
		got = append(got, b[:max(k, 0)]...)
		if err == ErrWouldBlock {
			p.pass(millisecond)
			time.Sleep(50 * time.Microsecond) // a goroutine reads: its end cannot be waited for under fake time
		} else if err != nil {
			break
		}
	}
	return got
}

func fileOf(t *testing.T, content []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// slowReader stands for a file without a descriptor.
type slowReader struct {
	mu    sync.Mutex
	data  []byte
	reads int
	err   error
}

func (s *slowReader) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.err != nil {
		return 0, s.err
	}
	if off >= int64(len(s.data)) {
		return 0, io.EOF
	}
	n := copy(p, s.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestFilesAreSent(t *testing.T) {
	content := pattern(700_000)
	for _, medium := range []struct {
		name string
		wire link.WireOptions
	}{{"cable", link.WireOptions{}}, {"offloads", link.WireOptions{Offloads: true}}} {
		for _, kind := range []string{"descriptor", "reader"} {
			for _, loss := range []bool{false, true} {
				t.Run(medium.name+"/"+kind, func(t *testing.T) {
					p := newPair(t, func(o *pairOptions) { o.wire = medium.wire })
					l := p.listen("0.0.0.0:80", ListenOptions{})
					client, server := p.connected(l, "", "198.18.203.1:80")
					if loss {
						n := 0
						p.lose = func(int, []byte) bool { n++; return n%13 == 0 }
					}
					source := FileSource{FD: -1}
					if kind == "descriptor" {
						f := fileOf(t, content)
						source = FileSource{ReaderAt: f, FD: int(f.Fd())}
					} else {
						source.ReaderAt = &slowReader{data: content}
					}
					off := 0
					head := false
					got := p.receive(client, len(content)+8, func() {
						if !head {
							server.Write([]byte("head"), true)
							head = true
						}
						for off < len(content) {
							n, err := server.WriteFile(source, int64(off), len(content)-off)
							if err == ErrWouldBlock {
								return
							}
							if err != nil {
								t.Fatal(err)
							}
							off += n
							if off == len(content) {
								server.Write([]byte("tail"), false)
							}
						}
					})
					want := append(append([]byte("head"), content...), "tail"...)
					if !bytes.Equal(got, want) {
						t.Fatalf("%d bytes of %d, or other ones; %+v", len(got), len(want), server.Info())
					}
					p.pass(10 * second)
					if server.queue != nil {
						t.Fatal("a queue is left")
					}
				})
			}
		}
	}
}

// The caller may close its descriptor once WriteFile has returned, unless it asked to be told when the stack is done.
func TestWhoseDescriptorItIs(t *testing.T) {
	content := pattern(100_000)
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	f := fileOf(t, content)
	if n, err := server.WriteFile(FileSource{ReaderAt: f, FD: int(f.Fd())}, 0, len(content)); n != len(content) || err != nil {
		t.Fatal(n, err)
	}
	f.Close()
	if got := p.receive(client, len(content), func() {}); !bytes.Equal(got, content) {
		t.Fatalf("%d bytes", len(got))
	}

	f = fileOf(t, content)
	done := 0
	source := FileSource{ReaderAt: f, FD: int(f.Fd()), Done: func() { done++ }}
	server.WriteFile(source, 0, 1000)
	server.WriteFile(source, 1000, len(content)-1000)
	if done != 0 {
		t.Fatal("done too soon")
	}
	p.receive(client, len(content), func() {})
	p.settle()
	if done != 2 {
		t.Fatalf("told %d times of two", done)
	}
	server.CloseWrite()
	if n, err := server.WriteFile(source, 0, 10); n != 0 || err != syscall.EPIPE || done != 3 {
		t.Fatalf("when nothing was taken: %d, %v, told %d times", n, err, done)
	}
	// A connection that ends gives its files back.
	client, server = p.connected(l, "", "198.18.203.1:80")
	server.WriteFile(source, 0, len(content))
	client.Abort()
	p.settle()
	if done != 4 {
		t.Fatal("not told at the connection's end")
	}
}

// A file that became shorter must not look like a whole one: the connection is reset.
func TestFilesThatShrink(t *testing.T) {
	content := pattern(100_000)
	for _, c := range []struct {
		name string
		why  reason
		make func(t *testing.T) FileSource
	}{
		{"a descriptor", reasonFileShrank, func(t *testing.T) FileSource {
			f := fileOf(t, content[:40_000])
			return FileSource{ReaderAt: f, FD: int(f.Fd())}
		}},
		{"a reader", reasonFileShrank, func(t *testing.T) FileSource {
			return FileSource{ReaderAt: &slowReader{data: content[:40_000]}, FD: -1}
		}},
		{"nothing at all", reasonFileShrank, func(t *testing.T) FileSource {
			return FileSource{ReaderAt: &slowReader{}, FD: -1}
		}},
		{"an error", reasonFileError, func(t *testing.T) FileSource {
			return FileSource{ReaderAt: &slowReader{err: errors.New("the disk is broken")}, FD: -1}
		}},
	} {
		for _, offloads := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				p := newPair(t, func(o *pairOptions) { o.wire.Offloads = offloads })
				l := p.listen("0.0.0.0:80", ListenOptions{})
				client, server := p.connected(l, "", "198.18.203.1:80")
				w := new(watch)
				server.SetOwner(w, 0)
				reached(t, c.why, func() {
					server.WriteFile(c.make(t), 0, len(content))
					p.receive(client, len(content), func() {})
				})
				if w.take()&Hangup == 0 || client.Err() != syscall.ECONNRESET || server.Err() == nil || server.Why() == nil || server.Why().ID != c.why.String() {
					t.Fatalf("the peer got %v, we %v", client.Err(), server.Err())
				}
			})
		}
	}
}

// While a part of a file is read in, the connection waits; others do not, and it can be aborted.
func TestAFileThatTakesLong(t *testing.T) {
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	otherClient, other := p.connected(l, "", "198.18.203.1:80")
	slow := &slowReader{data: pattern(1000)}
	slow.mu.Lock()
	done := 0
	reached(t, reasonFileRead, func() {
		server.WriteFile(FileSource{ReaderAt: slow, FD: -1, Done: func() { done++ }}, 0, 1000)
		p.pass(5 * second)
	})
	if !server.Info().Stalled || server.Info().Files != 1000 {
		t.Fatalf("%+v", server.Info())
	}
	p.transfer(other, otherClient, pattern(10_000))
	server.Abort()
	p.settle()
	if client.Err() != syscall.ECONNRESET {
		t.Fatalf("the reset waits for the disk: %v", client.Err())
	}
	if done != 0 {
		t.Fatal("the file was given back while it is read")
	}
	slow.mu.Unlock()
	for patience := time.Now().Add(time.Minute); done == 0 && time.Now().Before(patience); {
		time.Sleep(time.Millisecond)
		p.settle()
	}
	if done != 1 {
		t.Fatal("the file was not given back")
	}
}

// A peer may acknowledge what waits for its file: then it is not sent any more.
func TestAcknowledgedWhileItWaits(t *testing.T) {
	r := newRaw(t)
	l := r.listen("0.0.0.0:80", ListenOptions{})
	c, _ := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{MSS: 1460, Scale: -1})
	server, _ := l.Accept()
	slow := &slowReader{data: pattern(1000)}
	slow.mu.Lock()
	server.WriteFile(FileSource{ReaderAt: slow, FD: -1}, 0, 1000)
	r.run()
	if server.stall == nil {
		t.Fatal("the segment does not wait")
	}
	c.ack += 1000
	reached(t, reasonOvertaken, func() { c.send(segment.ACK, "") })
	slow.mu.Unlock()
	server.Write([]byte("more"), false)
	r.run()
	if s := r.one(); string(s.Payload) != "more" || s.Seq != c.ack {
		t.Fatalf("%q at %d, want it at %d", s.Payload, s.Seq, c.ack)
	}
}

func TestSendMemoryIsBounded(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.a.Limits.SendMemory = 8 * sendChunkBytes })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	_, first := p.connected(l, "", "198.18.203.1:80")
	client, second := p.connected(l, "", "198.18.203.1:80")
	w := new(watch)
	second.SetOwner(w, 0)
	var n int
	reached(t, reasonSendMemory, func() { n, _ = first.Write(pattern(100_000), false) })
	if n != 8*sendChunkBytes {
		t.Fatalf("%d bytes were taken", n)
	}
	if _, err := second.Write([]byte("x"), false); err != ErrWouldBlock {
		t.Fatal(err)
	}
	p.settle()
	if w.take()&Writable == 0 {
		t.Fatal("not told that there is memory again")
	}
	if n, err := second.Writev([]byte("a"), []byte("b")); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	p.settle()
	mustRead(t, client, "ab")
}
