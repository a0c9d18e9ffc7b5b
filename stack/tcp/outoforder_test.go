package tcp

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"vitrine/stack/tcp/segment"
)

// byteMap is the naive model of an out-of-order queue: for every position whether it was received, and what first.
type byteMap struct {
	have []bool
	data []byte
}

func (m *byteMap) insert(at int, p []byte) (fresh int) {
	for i, b := range p {
		if !m.have[at+i] {
			m.have[at+i], m.data[at+i] = true, b
			fresh++
		}
	}
	return fresh
}

// checkPieces holds the queue to the model and to its own invariants.
func checkPieces(t *testing.T, h *Host, o *outOfOrder, m *byteMap, base segment.Number) {
	t.Helper()
	covered := make([]bool, len(m.have))
	memory := 0
	for i := range o.pieces {
		p := &o.pieces[i]
		if !p.start.Less(p.end) || i > 0 && !o.pieces[i-1].end.Less(p.start) {
			t.Fatalf("piece %d is empty, touches or overlaps the one before", i)
		}
		if p.data.n != int(p.end.Sub(p.start)) {
			t.Fatalf("piece %d has %d bytes for %d", i, p.data.n, p.end.Sub(p.start))
		}
		at := int(p.start.Sub(base))
		for c := p.data.head; c != nil; c = c.next {
			for _, b := range c.data[c.lo:c.hi] {
				if !m.have[at] || m.data[at] != b {
					t.Fatalf("byte %d is %d, the model has %d (%v)", at, b, m.data[at], m.have[at])
				}
				covered[at] = true
				at++
			}
		}
		memory += p.data.memory()
	}
	for i, have := range m.have {
		if have != covered[i] {
			t.Fatalf("byte %d: model %v, queue %v", i, have, covered[i])
		}
	}
	if memory != o.memory || memory != h.used {
		t.Fatalf("memory is %d, counted %d, the Host counts %d", memory, o.memory, h.used)
	}
}

// FuzzOutOfOrder inserts what the input says into the queue and into the naive model and compares them after each step.
func FuzzOutOfOrder(f *testing.F) {
	f.Add([]byte{10, 5, 20, 5, 15, 5, 0, 40})
	f.Add([]byte{0, 1, 2, 1, 4, 1, 6, 1, 8, 1, 0, 9})
	f.Add([]byte{100, 200, 50, 255, 40, 3, 255, 255})
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 400 {
			return
		}
		const base = segment.Number(0xffffff00)
		h := NewHost(Default(), [32]byte{})
		o := h.borrow()
		m := &byteMap{have: make([]bool, 8192), data: make([]byte, 8192)}
		for i := 0; i+1 < len(in); i += 2 {
			at, n := 1+int(in[i])*16, int(in[i+1])*8+1
			p := bytes.Repeat([]byte{byte(i)}, n)
			r := o.insert(h, base.Add(at), p)
			if r.why != nil {
				t.Fatal(r.why)
			}
			if fresh := m.insert(at, p); fresh != r.fresh {
				t.Fatalf("%d bytes were new, the model says %d", r.fresh, fresh)
			} else if (fresh == n) != r.duplicate.Empty() {
				t.Fatalf("the duplicate is %v of %d bytes with %d new", r.duplicate, n, fresh)
			}
			o.noted(base.Add(at))
			checkPieces(t, h, o, m, base)
			var blocks [4]segment.Range
			k := o.blocks(blocks[:])
			if k != min(4, len(o.pieces)) || !blocks[0].Contains(segment.Range{Start: base.Add(at), End: base.Add(at + n)}) {
				t.Fatalf("%d blocks %v after [%d,%d)", k, blocks, at, at+n)
			}
			for a := range k {
				for b := range a {
					if blocks[a] == blocks[b] {
						t.Fatalf("blocks %v repeat", blocks[:k])
					}
				}
			}
		}
		// The missing bytes arrive one gap after the other.
		var q chain
		nxt := base
		for len(o.pieces) > 0 {
			gap := int(o.pieces[0].start.Sub(nxt))
			for i := range gap {
				m.data[int(nxt.Sub(base))+i] = 7
			}
			if !q.push(h, bytes.Repeat([]byte{7}, gap)) {
				t.Fatal("no memory")
			}
			nxt = o.pull(h, nxt.Add(gap), &q)
		}
		if o.memory != 0 {
			t.Fatalf("%d bytes are left behind", o.memory)
		}
		got := make([]byte, q.n)
		q.pop(h, got, 0)
		if !bytes.Equal(got, m.data[:len(got)]) || len(got) != int(nxt.Sub(base)) {
			t.Fatal("what came out is not what went in")
		}
		if h.used != 0 {
			t.Fatalf("%d bytes are still lent", h.used)
		}
		h.giveBack(o)
	})
}

func TestTinySegmentsPinLittle(t *testing.T) {
	h := NewHost(Default(), [32]byte{})
	o := h.borrow()
	big := make([]byte, 65000)
	for i := range 100 {
		o.insert(h, segment.Number(10+2*i), big[:1])
	}
	if o.memory > 100*256 {
		t.Errorf("100 bytes in 100 pieces take %d bytes", o.memory)
	}
	// Filling the gaps joins them.
	for i := range 99 {
		o.insert(h, segment.Number(11+2*i), big[:1])
	}
	if len(o.pieces) != 1 {
		t.Errorf("%d pieces are left", len(o.pieces))
	}
	h.giveBack(o)
	if h.used != 0 {
		t.Errorf("%d bytes are still lent", h.used)
	}
}

func TestLongQueuesWasteLittle(t *testing.T) {
	h := NewHost(Default(), [32]byte{})
	var q chain
	p := make([]byte, 1448)
	for range 1000 {
		q.push(h, p)
	}
	if q.memory() > q.n*3/2 || q.memory() != h.used {
		t.Errorf("%d bytes take %d, and %d are lent", q.n, q.memory(), h.used)
	}
	q.free(h)
	if h.used != 0 {
		t.Errorf("%d bytes are still lent", h.used)
	}
}

func TestFreeListsAreBounded(t *testing.T) {
	cfg := Default()
	cfg.ReceiveMemory = 8 << 20
	h := NewHost(cfg, [32]byte{})
	var q chain
	for q.push(h, make([]byte, 64<<10)) {
	}
	if h.used > cfg.ReceiveMemory {
		t.Errorf("%d bytes are lent", h.used)
	}
	q.free(h)
	if h.idle > cfg.ReceiveMemory/8 || h.used != 0 {
		t.Errorf("%d bytes lie idle, %d are lent", h.idle, h.used)
	}
}

func TestPruningSparesTheQueueThatIsFilled(t *testing.T) {
	cfg := Default()
	cfg.ReceiveMemory = 1024
	h := NewHost(cfg, [32]byte{})
	a, b := h.borrow(), h.borrow()
	for i := range 2 {
		a.insert(h, segment.Number(1000*i), []byte("old"))
		b.insert(h, segment.Number(1000*i), []byte("old"))
	}
	if r := b.insert(h, 5000, []byte("new")); r.why != nil || len(a.pieces) != 0 || len(b.pieces) != 3 {
		t.Errorf("%v, %d and %d pieces", r.why, len(a.pieces), len(b.pieces))
	}
	b.insert(h, 6000, []byte("new"))
	if r := b.insert(h, 7000, []byte("new")); r.why != reasonMemory {
		t.Errorf("%v", r.why)
	}
	h.giveBack(b)
	h.giveBack(a)
	if h.used != 0 || h.oldest != nil || h.newest != nil {
		t.Errorf("%d bytes are still lent", h.used)
	}
}

func BenchmarkOutOfOrder(b *testing.B) {
	h := NewHost(Default(), [32]byte{})
	o := h.borrow()
	p := make([]byte, 1448)
	r := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		for i := range 100 {
			o.insert(h, segment.Number((i*7%100)*1448+r.IntN(2)), p)
		}
		o.clear(h)
	}
}
