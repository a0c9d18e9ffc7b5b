package stack

import (
	"bytes"
	"testing"

	"vitrine/stack/tcp/segment"
)

// What is acknowledged of a file is no part of the send queue any more, and whoever asks is told why the rest waits.
func TestWhatWaitsToBeSentAndWhy(t *testing.T) {
	r := newRaw(t)
	l := r.listen("0.0.0.0:80", ListenOptions{})
	c, _ := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{MSS: 1460, Scale: -1, Window: 2000})
	server, _ := l.Accept()
	if w := server.Info().TCP.Waits; w != nil {
		t.Errorf("nothing is to be sent, and it waits: %v", w)
	}
	server.WriteFile(FileSource{FD: -1, ReaderAt: bytes.NewReader(pattern(50_000))}, 0, 50_000)
	for len(r.run()) == 0 { // the file is read by a goroutine
	}
	c.ack = c.ack.Add(14_600)                                                        // all that the first congestion window takes
	r.tcp(c.src, c.dst, segment.Out{Seq: c.seq, Ack: c.ack, Flags: segment.ACK}, "") // and the window is closed
	r.pass(10 * second)
	i := server.Info()
	if i.SendQueue != 50_000-14_600 || i.Files != i.SendQueue {
		t.Errorf("%d bytes are not acknowledged, of which %d are in files", i.SendQueue, i.Files)
	}
	if w := i.TCP.Waits; w == nil || w.ID != "tcp.wait.window" || i.Timer != "persist" {
		t.Errorf("waits for %v, timer %s", w, i.Timer)
	}
}

// Memory also comes free when a connection ends that had it: nobody else may ever acknowledge anything.
func TestMemoryOfAConnectionThatEndsIsForTheOthers(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.a.Limits.SendMemory = 8 * sendChunkBytes })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	_, first := p.connected(l, "", "198.18.203.1:80")
	_, second := p.connected(l, "", "198.18.203.1:80")
	w := new(watch)
	second.SetOwner(w, 0)
	first.Write(pattern(100_000), false)
	if _, err := second.Write([]byte("x"), false); err != ErrWouldBlock {
		t.Fatal(err)
	}
	first.Abort()
	p.settle()
	if w.take()&Writable == 0 {
		t.Fatal("not told that there is memory again")
	}
}
