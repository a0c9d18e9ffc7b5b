package ip

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// part is a fragment as tests write it: "offset+length" of text, with a dot at the end when it is the last one.
type part struct {
	offset int
	data   string
	last   bool
}

const text = "abcdefghijklmnopqrstuvwxyz012345ABCDEFGHIJKLMNOPQRSTUVWXYZ6789!?" // 64 bytes

func cut(from, to int) part { return part{from, text[from:to], to == len(text)} }

func key(id int) Key { return Key{Src: peer(1), Dst: own[0].Addr(), ID: uint32(id), Protocol: UDP} }

func add(r *Reassembler, now int64, k Key, p part) string {
	b, done, why := r.Add(now, k, p.offset, !p.last, []byte(p.data), fmt.Appendf(nil, "<%d>", p.offset))
	if done {
		return string(b)
	}
	return why.String()
}

func TestReassembly(t *testing.T) {
	const whole = "<0>" + text
	for _, c := range []struct {
		sentence string
		in       []part
		out      []string
	}{
		{"in order", []part{cut(0, 24), cut(24, 48), cut(48, 64)}, []string{"-", "-", whole}},
		{"the other way round", []part{cut(48, 64), cut(24, 48), cut(0, 24)}, []string{"-", "-", whole}},
		{"the middle last", []part{cut(48, 64), cut(0, 24), cut(24, 48)}, []string{"-", "-", whole}},
		{"the same fragment twice is ignored", []part{cut(0, 24), cut(0, 24), cut(48, 64), cut(48, 64), cut(24, 48)},
			[]string{"-", "ip.fragment.again", "-", "ip.fragment.again", whole}},
		{"RFC 5722: an overlap ends all, also what still comes", []part{cut(0, 24), cut(16, 48), cut(48, 64), cut(24, 48), cut(0, 24)},
			[]string{"-", "ip.fragment.overlap", "ip.fragment.overlap", "ip.fragment.overlap", "ip.fragment.overlap"}},
		{"a fragment within another is an overlap", []part{cut(0, 48), cut(8, 16)}, []string{"-", "ip.fragment.overlap"}},
		{"a fragment around another is an overlap", []part{cut(8, 16), cut(0, 48)}, []string{"-", "ip.fragment.overlap"}},
		{"a shorter fragment at the same place is an overlap", []part{cut(0, 48), cut(0, 16)}, []string{"-", "ip.fragment.overlap"}},
		{"other bytes at the same place are an overlap", []part{cut(0, 8), {0, "ABCDEFGH", false}}, []string{"-", "ip.fragment.overlap"}},
		{"two ends", []part{{8, "12345678", true}, {24, "12345678", true}}, []string{"-", "ip.fragment.overlap"}},
		{"two ends, the nearer one later", []part{{24, "12345678", true}, {8, "12345678", true}}, []string{"-", "ip.fragment.overlap"}},
		{"something behind the end", []part{{8, "12345678", true}, {16, "12345678", false}}, []string{"-", "ip.fragment.overlap"}},
		{"the end before something that is there", []part{{16, "12345678", false}, {8, "12345678", true}}, []string{"-", "ip.fragment.overlap"}},
		{"the same bytes, once as the end", []part{{8, "12345678", false}, {8, "12345678", true}}, []string{"-", "ip.fragment.overlap"}},
		{"the same bytes, once no more as the end", []part{{8, "12345678", true}, {8, "12345678", false}}, []string{"-", "ip.fragment.overlap"}},
		{"the length of all but the last is a multiple of eight", []part{{0, "1234567", false}}, []string{"ip.fragment.uneven"}},
		{"of the last it need not be", []part{{8, "1234567", true}, cut(0, 8)}, []string{"-", "<0>abcdefgh1234567"}},
		{"empty fragments could come for ever", []part{{0, "", false}, {8, "", true}}, []string{"ip.fragment.empty", "ip.fragment.empty"}},
		{"the ping of death", []part{{65528, "12345678", true}}, []string{"ip.fragment.beyond"}},
		{"the last byte that there can be", []part{{65528, "1234567", true}}, []string{"-"}},
		{"no place is before the beginning", []part{{-8, "12345678", true}}, []string{"ip.fragment.beyond"}},
	} {
		r := NewReassembler(ReassemblyLimits{})
		for i, p := range c.in {
			if got := add(r, 1, key(1), p); got != c.out[i] {
				t.Errorf("%s: fragment %d: %s instead of %s", c.sentence, i, got, c.out[i])
			}
		}
		r.Advance(1 << 60)
		if n, b := r.Held(); n != 0 || b != 0 || len(r.sources) != 0 {
			t.Errorf("%s: %d datagrams and %d bytes are left at the end", c.sentence, n, b)
		}
	}
}

func TestDatagramsAreToldApart(t *testing.T) {
	r := NewReassembler(ReassemblyLimits{})
	keys := []Key{key(1), key(2), {Src: peer(2), Dst: key(1).Dst, ID: 1, Protocol: UDP}, {Src: peer(1), Dst: peer(3), ID: 1, Protocol: UDP},
		{Src: peer(1), Dst: key(1).Dst, ID: 1, Protocol: ICMP}}
	for _, k := range keys {
		if got := add(r, 1, k, cut(0, 32)); got != "-" {
			t.Error(got)
		}
	}
	for _, k := range keys {
		if got := add(r, 1, k, cut(32, 64)); got != "<0>"+text {
			t.Error(got)
		}
	}
}

func TestTimeIsOver(t *testing.T) {
	r := NewReassembler(ReassemblyLimits{Timeout: 30})
	if r.Deadline() != 0 {
		t.Error("nothing to wait for")
	}
	add(r, 100, key(1), cut(0, 8))
	add(r, 110, key(2), cut(8, 16))
	add(r, 120, key(3), cut(0, 8))
	add(r, 121, key(3), cut(0, 16)) // overlaps
	add(r, 129, key(1), cut(8, 16)) // prolongs nothing
	if r.Deadline() != 130 || len(r.Advance(129)) != 0 {
		t.Error("the time counts from the first fragment", r.Deadline())
	}
	x := r.Advance(130)
	if len(x) != 1 || x[0].Key != key(1) || string(x[0].First) != "<0>abcdefgh" {
		t.Errorf("the first fragment is quoted as it came: %v", x)
	}
	x = r.Advance(1000)
	if len(x) != 2 || x[0].First != nil || x[1].First != nil {
		t.Errorf("no message without the first fragment (RFC 792), nor after an overlap: %v", x)
	}
	if r.Deadline() != 0 {
		t.Error("there is nothing left")
	}
	// Afterwards the number may be used again.
	if got := add(r, 1001, key(3), part{0, "x", true}); got != "<0>x" {
		t.Error(got)
	}
}

func TestBounds(t *testing.T) {
	t.Run("of one source", func(t *testing.T) {
		r := NewReassembler(ReassemblyLimits{PerSource: 2})
		other := Key{Src: peer(9), Dst: key(0).Dst, ID: 7, Protocol: UDP}
		add(r, 1, other, cut(0, 32))
		for id := range 3 {
			add(r, int64(2+id), key(id), cut(0, 32))
		}
		if n, _ := r.Held(); n != 3 {
			t.Errorf("%d datagrams are held", n)
		}
		if got := add(r, 9, other, cut(32, 64)); got != "<0>"+text {
			t.Error("another source had to go:", got)
		}
		if got := add(r, 9, key(2), cut(32, 64)); got != "<0>"+text {
			t.Error("the newest had to go:", got)
		}
	})
	t.Run("of datagrams", func(t *testing.T) {
		r := NewReassembler(ReassemblyLimits{Datagrams: 4})
		for id := range 100 {
			add(r, 1, Key{Src: peer(id), Dst: own[0].Addr(), ID: 1}, cut(0, 32))
			if n, _ := r.Held(); n > 4 {
				t.Fatalf("%d datagrams are held", n)
			}
		}
	})
	t.Run("of bytes", func(t *testing.T) {
		r := NewReassembler(ReassemblyLimits{Bytes: 10000, PerSource: 1000, Datagrams: 1000})
		for id := range 100 {
			add(r, 1, key(id), part{0, string(make([]byte, 1480)), false})
			if _, b := r.Held(); b > 10000 {
				t.Fatalf("%d bytes are held", b)
			}
		}
		if n, _ := r.Held(); n != 6 {
			t.Errorf("%d datagrams fit", n)
		}
		if got := add(r, 1, Key{Src: peer(2), ID: 1}, part{0, string(make([]byte, 16000)), false}); got != "ip.fragment.memory" {
			t.Error("a fragment larger than everything:", got)
		}
	})
	t.Run("of fragments", func(t *testing.T) {
		r := NewReassembler(ReassemblyLimits{Fragments: 3})
		for i := range 3 {
			add(r, 1, key(1), cut(i*8, i*8+8))
		}
		if got := add(r, 1, key(1), cut(24, 64)); got != "ip.fragment.many" {
			t.Error(got)
		}
		if _, b := r.Held(); b != fragmentCost {
			t.Errorf("%d bytes are still held", b)
		}
	})
	t.Run("tiny fragments are not cheap", func(t *testing.T) {
		r := NewReassembler(ReassemblyLimits{})
		add(r, 1, key(1), cut(8, 16))
		if _, b := r.Held(); b != 8+2*fragmentCost {
			t.Errorf("%d bytes", b)
		}
	})
}

// model is reassembly byte by byte: a datagram is complete when every byte up to its end is there, once.
type model struct {
	seen  map[part]bool
	bytes [1 << 17]int // the byte and 256, or 0 when it is not there
	end   int
	far   int
	ended bool
}

func newModel() *model { return &model{seen: map[part]bool{}, end: -1} }

func (m *model) add(p part) (whole string, done bool) {
	to := p.offset + len(p.data)
	if to > MaxPacket || len(p.data) == 0 || !p.last && len(p.data)%8 != 0 || m.ended || m.seen[p] {
		return "", false
	}
	for i := p.offset; i < to; i++ {
		m.ended = m.ended || m.bytes[i] != 0
	}
	switch {
	case m.ended, p.last && (m.end >= 0 || m.far > to), !p.last && m.end >= 0 && to > m.end:
		m.ended = true
		return "", false
	}
	m.seen[p] = true
	m.far = max(m.far, to)
	if p.last {
		m.end = to
	}
	for i := range len(p.data) {
		m.bytes[p.offset+i] = int(p.data[i]) | 256
	}
	var b []byte
	for i := range m.end {
		if m.bytes[i] == 0 {
			return "", false
		}
		b = append(b, byte(m.bytes[i]))
	}
	return string(b), m.end >= 0
}

// FuzzReassembly plays random fragments of three datagrams, with overlaps, repetitions and contradictions, and holds the
// outcome to the model.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 0, 8, 0, 0, 1, 8, 1})
	f.Add([]byte{0, 1, 8, 1, 0, 0, 8, 0, 0, 0, 8, 0, 1, 0, 16, 1})
	f.Add([]byte{0, 0, 16, 0, 0, 1, 8, 0, 0, 2, 3, 1, 0, 2, 3, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReassembler(ReassemblyLimits{Bytes: 1 << 30, Fragments: 1 << 20})
		models := map[byte]*model{}
		for ; len(in) >= 4; in = in[4:] {
			id := in[0] % 3
			p := part{int(in[1]) * 8, "", in[3]&1 != 0}
			if in[3]&2 != 0 {
				p.offset += 65536 - 256*8 // near the end of what there can be
			}
			data := bytes.Repeat([]byte{in[3] >> 2}, int(in[2]))
			p.data = string(data)
			m := models[id]
			if m == nil {
				m = newModel()
				models[id] = m
			}
			want, whole := m.add(p)
			b, done, why := r.Add(1, key(int(id)), p.offset, !p.last, data, []byte("head"))
			if done != whole || done && string(b) != "head"+want {
				t.Fatalf("%+v: %q, %v, %v instead of %q, %v", p, b, done, why, want, whole)
			}
			if done {
				delete(models, id)
			}
		}
		r.Advance(1 << 60)
		if n, held := r.Held(); n != 0 || held != 0 {
			t.Fatalf("%d datagrams, %d bytes are left", n, held)
		}
	})
}

// Honest fragments in any order, some of them twice, make the datagram once.
func TestHonestFragmentsInAnyOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		data := make([]byte, 1+rnd.IntN(5000))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		var parts []part
		for at := 0; at < len(data); {
			n := min(8*(1+rnd.IntN(64)), len(data)-at)
			parts = append(parts, part{at, string(data[at : at+n]), at+n == len(data)})
			at += n
		}
		order := rnd.Perm(len(parts))
		r := NewReassembler(ReassemblyLimits{Fragments: 1000})
		done := 0
		for i, x := range order {
			if rnd.IntN(4) == 0 && i > 0 {
				add(r, 1, key(1), parts[order[rnd.IntN(i)]])
			}
			b, whole, why := r.Add(1, key(1), parts[x].offset, !parts[x].last, []byte(parts[x].data), nil)
			if why != nil {
				t.Fatal(why)
			}
			if whole {
				done++
				if !bytes.Equal(b, data) {
					t.Fatal("the datagram is not what was cut")
				}
			}
		}
		if done != 1 {
			t.Fatalf("%d fragments made %d datagrams", len(parts), done)
		}
	}
}
