package recovery

import "testing"

// BenchmarkInOrder is what a segment of a long flight costs that is acknowledged with the one after it.
func BenchmarkInOrder(b *testing.B) {
	f := newFlow(b, Cubic).window(1000, 500)
	f.send(500)
	a := Ack{HasTS: true}
	for i := 0; b.Loop(); i += 2 {
		f.now += 20_000
		a.Una, a.TSEcr = f.s.una.Add(2*mss), Timestamp(f.now)-10
		f.s.Acked(f.now, &a)
		f.send(2)
	}
}

// BenchmarkRequest is a small answer that is sent and acknowledged.
func BenchmarkRequest(b *testing.B) {
	f := newFlow(b, Cubic)
	a := Ack{HasTS: true}
	for b.Loop() {
		f.send(1)
		f.now += 10 * ms
		a.Una, a.TSEcr = f.s.nxt, Timestamp(f.now)-10
		f.s.Acked(f.now, &a)
	}
}

// BenchmarkHole is a duplicate acknowledgement with a growing block behind one hole.
func BenchmarkHole(b *testing.B) {
	f := newFlow(b, Cubic).window(4000, 4000)
	f.send(2000)
	for i := 0; b.Loop(); i++ {
		if i%1900 == 0 {
			f.after(10 * ms)
			f.ack(f.sent)
			f.send(2000)
			f.after(10 * ms)
		}
		at := f.sent - 2000
		f.sack[0].Start, f.sack[0].End = f.seq(at+1), f.seq(at+2+i%1900)
		f.s.Acked(f.now, &Ack{Una: f.s.una, SACK: f.sack[:1]})
	}
}
