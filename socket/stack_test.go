//go:build unix

package socket

import (
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/stacktest"
)

// What was written before an endpoint was closed reaches its peer although the poller is closed right after.
func TestAClosedPollerDeliversWhatWasWritten(t *testing.T) {
	for _, shared := range []bool{false, true} {
		server, client := stacktest.Pair(t, link.WireOptions{})
		n := ownStack(server, client, shared)
		p, err := n.NewPoller()
		if err != nil {
			t.Fatal(err)
		}
		ep, c := n.pair(t, p)
		other, cut := n.pair(t, p)
		sent := n.fill(t, p, ep) // what TCP has no room for waits before it
		ep.Close()
		other.Abort()
		read := make(chan struct{})
		go func() {
			defer close(read)
			if got, err := io.Copy(io.Discard, c); got != int64(sent) || err != nil {
				t.Errorf("shared %v: %d bytes of %d arrived, %v", shared, got, sent, err)
			}
		}()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		<-read
		if _, err := io.Copy(io.Discard, cut); err == nil {
			t.Errorf("shared %v: the reset was not sent", shared)
		}
		if err := p.Close(); err != nil {
			t.Error("closing twice:", err)
		}
	}
}

// A file stays open until the peer has what was sent from it: by the descriptor's duplicate, or by whoever holds it.
func TestAFileOutlivesSendFile(t *testing.T) {
	const size = 300_000
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	eachStack(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		for _, held := range []bool{false, true} {
			ep, c := n.pair(t, p)
			p.Add(ep, 7)
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			var holders atomic.Int64
			file := &File{F: f, FD: int(f.Fd()), Size: size}
			if held {
				file.Hold = func() bool { holders.Add(1); return true }
				file.Done = func() { holders.Add(-1) }
			}
			for off := int64(0); off < size; {
				m, err := ep.SendFile(file, off, int(size-off))
				off += int64(m)
				switch {
				case err == ErrWouldBlock:
					waitFor(t, p, 7, Writable)
				case err != nil:
					t.Fatal(err)
				}
			}
			if !held {
				f.Close() // what is on its way has a descriptor of its own
			}
			ep.Close()
			if b, err := n.rest(t, p, c); len(b) != size || err != nil {
				t.Errorf("%d bytes of %d arrived, %v", len(b), size, err)
			}
			n.until(t, p, "the file's return", func() bool { return holders.Load() == 0 })
			f.Close()
		}
	})
}

// A listener whose connections were all accepted is announced when the next one comes, although nobody was told that none
// waited.
func TestAcceptingExactlyThoseThatWait(t *testing.T) {
	eachStack(t, func(t *testing.T, n *network) {
		l := n.listen(t, n.at(), false)
		p := newPoller(t, n)
		if err := p.AddListener(l, 9); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := n.connect(t, p, l.Addr().String()); err != nil {
				t.Fatal(err)
			}
			waitFor(t, p, 9, Readable)
			a, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			a.Endpoint.Close()
			next(t, p, time.Now().Add(time.Millisecond))
		}
	})
}
