package message

import (
	"bytes"
	"sync"
	"testing"
)

func TestBlockKeepsOneEncodingForEachProtocol(t *testing.T) {
	var h Header
	h.Add("Content-Type", "text/plain")
	b := NewBlock(200, &h)
	h.Set("Content-Type", "text/html")
	if got := b.Fields().Get("content-type"); got != "text/plain" {
		t.Errorf("a block changed with the header it was made of: %q", got)
	}
	var once sync.WaitGroup
	got := make([][]byte, 8)
	for i := range got {
		once.Go(func() { got[i] = b.Wire(HTTP1, func(*Block) []byte { return []byte{byte(i)} }) })
	}
	once.Wait()
	for i := range got {
		if &got[i][0] != &got[0][0] {
			t.Fatal("two callers got two encodings of the same block")
		}
	}
	if two := b.Wire(HTTP2, func(b *Block) []byte { return []byte("h2") }); !bytes.Equal(two, []byte("h2")) {
		t.Errorf("HTTP/2 got %q", two)
	}
	if n := testing.AllocsPerRun(100, func() { b.Wire(HTTP1, nil) }); n != 0 {
		t.Errorf("a block that has its encoding allocates %v times", n)
	}
}

func TestBlockOfNoFields(t *testing.T) {
	if b := NewBlock(204, nil); b.Status() != 204 || b.Fields().Len() != 0 {
		t.Errorf("status %d with %d fields", b.Status(), b.Fields().Len())
	}
}
