package frames

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

var (
	ours  = netip.MustParseAddrPort("198.18.0.1:80")
	peer  = netip.MustParseAddrPort("198.18.0.2:1025")
	moved = &trace.Reason{ID: "tcp.syn"}
)

func event(data []byte) link.Event { return link.Event{First: true, Frame: link.Frame{Data: data}} }

func TestRecordingCostsNoAllocation(t *testing.T) {
	r := New(1, Settings{Bytes: 256 << 10, Most: 1 << 30})
	e := event(tcpFrame(ours, peer, false, segment.ACK, 1, 1, 1000))
	round := func() {
		r.See(e)
		r.Changed(0, ours, peer, tcp.StateClosed, tcp.StateSynReceived, moved)
	}
	for range 5000 { // until the rings are full
		round()
	}
	if n := testing.AllocsPerRun(5000, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
	r.Configure(Settings{})
	if n := testing.AllocsPerRun(1000, round); n != 0 {
		t.Errorf("%v allocations while nothing is kept", n)
	}
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	for _, bytes := range []int64{1, 10_000, 300_000, 5 << 20} {
		r := New(4, Settings{Bytes: bytes, Snap: 200})
		e := event(make([]byte, 1500))
		for i := range 40_000 {
			e.Queue = i % 4
			r.See(e)
		}
		// Two records for each queue always fit.
		if s := r.Stats(); s.Bytes > max(bytes, 4*2*2*(headLen+200+7)) || s.Frames == 0 || s.Oldest.IsZero() {
			t.Errorf("bound %d: %+v", bytes, s)
		}
		r.Configure(Settings{Bytes: bytes / 2})
		if s := r.Stats(); s.Bytes > max(bytes/2, 4*2*2*(headLen+200+7)) {
			t.Errorf("halved to %d: %+v", bytes/2, s)
		}
		r.Configure(Settings{})
		r.See(e)
		if s := r.Stats(); s.Bytes != 0 || s.Frames != 0 || r.Find(Query{}) != nil {
			t.Errorf("switched off: %+v", s)
		}
		r.Configure(Settings{Bytes: bytes})
		r.See(e)
		if s := r.Stats(); s.Frames != 1 {
			t.Errorf("switched on again: %+v", s)
		}
	}
}

func TestFramesBeyondTheBoundOfASecondAreCounted(t *testing.T) {
	r := New(1, Settings{Bytes: 1 << 20, Most: 10})
	now := int64(1e18)
	r.clock = func() int64 { return now }
	e := event(tcpFrame(ours, peer, false, segment.ACK, 1, 1, 10))
	q := Query{Local: ours, Remote: peer}
	for second, n := range []int{5, 30, 10, 12} {
		now = 1e18 + int64(second)*1e9
		for range n {
			r.See(e)
		}
	}
	if s := r.Find(q); len(s.Frames) != 35 || s.LeftOut != 22 {
		t.Errorf("%d frames, and %d were left out", len(s.Frames), s.LeftOut)
	}
	if s := r.Stats(); s.Frames != 35 || s.LeftOut != 22 {
		t.Errorf("%+v", s)
	}
	// What was left out before a connection began is not said of it.
	now += 20e9
	r.See(event(tcpFrame(ours, peer, false, segment.SYN, 77, 0, 0)))
	q.From = time.Unix(0, now)
	if s := r.Find(q); len(s.Frames) != 1 || s.LeftOut != 0 {
		t.Errorf("%d frames, and %d were left out", len(s.Frames), s.LeftOut)
	}
	for range 3 * mostGaps {
		now += 1e9
		for range 11 {
			r.See(e)
		}
	}
	if n := len(r.rings[0].gaps); n > mostGaps {
		t.Errorf("%d seconds are remembered", n)
	}
}

// Readers look at memory that is not filled again before they have given it back.
func TestReadersSeeWholeFramesWhileMoreAreRecorded(t *testing.T) {
	r := New(2, Settings{Bytes: 64 << 10, Snap: 256})
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for queue := range 2 {
		writers.Go(func() {
			for i := byte(0); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				f := tcpFrame(ours, peer, false, segment.ACK, 1, 1, 150)
				for at := 54; at < len(f); at++ {
					f[at] = i
				}
				e := event(f)
				e.Queue = queue
				r.See(e)
				r.Changed(queue, ours, peer, tcp.StateSynReceived, tcp.StateEstablished, moved)
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for range 50 {
				s := r.Find(Query{Local: ours, Remote: peer, Limit: 1 << 20})
				for _, f := range s.Frames {
					if f.Kind == "state" && (f.Why != moved || f.To != "ESTABLISHED") {
						t.Errorf("a change of state is %+v", f)
						return
					}
					if f.Kind == "tcp" && (len(f.Data) != 204 || bytes.Count(f.Data[54:], f.Data[54:55]) != 150) {
						t.Errorf("a frame is of two: %x", f.Data)
						return
					}
				}
				r.Stats()
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	for _, q := range r.rings {
		for _, c := range q.chunks[q.first:] {
			if c.readers != 0 {
				t.Error("a chunk is never given back")
			}
		}
	}
	if s := r.Stats(); s.Bytes > 64<<10 {
		t.Errorf("%+v", s)
	}
}

func TestSettingsChangeWhileFramesPass(t *testing.T) {
	r := New(1, Settings{Bytes: 1 << 20})
	stop := make(chan struct{})
	var w sync.WaitGroup
	w.Go(func() {
		e := event(make([]byte, 2000))
		for {
			select {
			case <-stop:
				return
			default:
				r.See(e)
			}
		}
	})
	for i := range 300 {
		r.Configure(Settings{Bytes: int64(i%5) * 20_000, Snap: 1 + i*10, Most: i % 3 * 1000})
		r.Find(Query{Local: ours, Remote: peer})
	}
	close(stop)
	w.Wait()
	if s := r.Stats(); s.Bytes > 80_000 {
		t.Errorf("%+v", s)
	}
}

// Nothing that a wire can bring, cut anywhere, is more than told.
func FuzzDecode(f *testing.F) {
	for _, out := range []bool{false, true} {
		f.Add(tcpFrame(ours, peer, out, segment.SYN, 1, 0, 0), uint16(128), out)
		f.Add(tcpFrame(netip.MustParseAddrPort("[fd00::1]:80"), netip.MustParseAddrPort("[fd00::2]:1025"), out, segment.ACK|segment.FIN, 1, 1, 10), uint16(60), out)
	}
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01\x02\x00\x00\x00\x00\x01\xc6\x12\x00\x02\x00\x00\x00\x00\x00\x00\xc6\x12\x00\x01"), uint16(128), false)
	f.Fuzz(func(t *testing.T, b []byte, cut uint16, out bool) {
		b = b[:min(len(b), int(cut))]
		var p packet
		decode(b, &p)
		if p.kind == "" || p.length < 0 {
			t.Fatalf("%+v", p)
		}
		local, remote := ours, peer
		if p.kind == "tcp" {
			local, remote = netip.AddrPortFrom(p.dst, p.dstPort), netip.AddrPortFrom(p.src, p.srcPort)
			if out {
				local, remote = remote, local
			}
		} else if p.quotes {
			local, remote = netip.AddrPortFrom(p.quoted.Src, p.quoted.SrcPort), netip.AddrPortFrom(p.quoted.Dst, p.quoted.DstPort)
		}
		r := New(1, Settings{Bytes: 1 << 20, Snap: 256})
		for range 2 {
			r.See(link.Event{First: true, Out: out, Frame: link.Frame{Data: b}})
			r.See(link.Event{First: true, Frame: link.Frame{Data: tcpFrame(ours, peer, false, segment.ACK, 1<<31, 77, 10)}})
		}
		for _, q := range []Query{{Local: local, Remote: remote}, {Local: local, Remote: remote, Sequences: true, RequestEnd: 10, ResponseAt: 1 << 40, ResponseEnd: 1<<40 + 1}} {
			s := r.Find(q)
			for _, f := range s.Frames {
				if f.Text == "" || f.Seq < -1 || f.Ack < -1 || f.Len < 0 {
					t.Fatalf("%+v", f)
				}
			}
			if p.kind == "tcp" && !q.Sequences && local.Addr().Unmap() == local.Addr() && remote.Addr().Unmap() == remote.Addr() && len(s.Frames) < 1 {
				t.Fatalf("%+v was not found", p)
			}
		}
	})
}

func BenchmarkSee(b *testing.B) {
	frame := tcpFrame(ours, peer, false, segment.ACK, 1, 1, 1000)
	for _, c := range []struct {
		name  string
		s     Settings
		first bool
	}{{"Off", Settings{}, true}, {"InABatch", Settings{Bytes: 16 << 20, Most: 1 << 30}, false}, {"First", Settings{Bytes: 16 << 20, Most: 1 << 30}, true}} {
		b.Run(c.name, func(b *testing.B) {
			r := New(1, c.s)
			e := link.Event{First: c.first, Frame: link.Frame{Data: frame}}
			b.ReportAllocs()
			for b.Loop() {
				r.See(e)
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	r := New(2, Settings{Bytes: 16 << 20})
	for i := range 200_000 {
		other := netip.AddrPortFrom(peer.Addr(), uint16(1000+i%5000))
		r.See(link.Event{Queue: i % 2, First: true, Frame: link.Frame{Data: tcpFrame(ours, other, false, segment.ACK, uint32(i), 1, 100)}})
	}
	for b.Loop() {
		if len(r.Find(Query{Local: ours, Remote: peer}).Frames) == 0 {
			b.Fatal("nothing was found")
		}
	}
}
