package tcp

import (
	"net/netip"
	"testing"

	"vitrine/stack/tcp/segment"
)

var (
	here  = netip.MustParseAddrPort("198.18.0.2:80")
	there = netip.MustParseAddrPort("198.18.0.1:1025")
)

func TestSipHashIsTheStandardOne(t *testing.T) {
	// The paper's test vectors, with the key 00 01 … 0f: 8 bytes 00 … 07, and 16 bytes 00 … 0f.
	key := [2]uint64{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	if h := sipHash(key, 0x0706050403020100); h != 0x93f5f5799a932462 {
		t.Errorf("%#x", h)
	}
	if h := sipHash(key, 0x0706050403020100, 0x0f0e0d0c0b0a0908); h != 0x3f2acc7f57c29bdb {
		t.Errorf("%#x", h)
	}
}

func TestISN(t *testing.T) {
	h := NewHost(Default(), [32]byte{1})
	now := int64(1e12)
	a := h.ISN(now, here, there)
	if got := h.ISN(now+4000*1000, here, there); got.Sub(a) != 1000 {
		t.Errorf("4 ms later the number is %d further, not 1000 (RFC 6528 §3)", got.Sub(a))
	}
	if h.ISN(now, here, netip.MustParseAddrPort("198.18.0.1:1026")) == a || h.ISN(now, there, here) == a {
		t.Error("other addresses have the same number")
	}
	if NewHost(Default(), [32]byte{2}).ISN(now, here, there) == a {
		t.Error("another secret gives the same number")
	}
	if h.TimestampOffset(here, there) == h.TimestampOffset(there, here) {
		t.Error("other addresses have the same timestamp offset")
	}
	if n := testing.AllocsPerRun(100, func() { h.ISN(now, here, there) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCookiesRememberWhatTheSynSaid(t *testing.T) {
	h := NewHost(Default(), [32]byte{1})
	now := int64(1e12)
	p := Path{MSS: 1460}
	for _, c := range []struct {
		syn        segment.Segment
		mss        uint16
		scale      int8
		sack, stmp bool
	}{
		{segment.Segment{MSS: 1460, Scale: 7, SACKPermitted: true, Timestamps: true, TSVal: 5}, 1460, 7, true, true},
		{segment.Segment{MSS: 1459, Scale: 0, SACKPermitted: true, Timestamps: true, TSVal: 5}, 1440, 0, true, true},
		{segment.Segment{MSS: 9000, Scale: -1, Timestamps: true, TSVal: 5}, 1460, -1, false, true},
		{segment.Segment{MSS: 1, Scale: 14, SACKPermitted: true, Timestamps: true}, 216, 14, true, true},
		{segment.Segment{MSS: 1400, Scale: 7, SACKPermitted: true}, 1400, -1, false, false},
		{segment.Segment{Scale: -1}, 536, -1, false, false},
	} {
		c.syn.Flags, c.syn.Seq = segment.SYN, 0xffffffff
		for _, later := range []int64{0, 59e9, 119e9} {
			var out segment.Out
			h.MakeCookie(now, here, there, &c.syn, p, &out)
			if out.Flags != segment.SYN|segment.ACK || out.Ack != 0 || out.Timestamps != c.stmp || out.SACKPermitted != c.sack || (out.Scale >= 0) != (c.scale >= 0) {
				t.Fatalf("%+v", out)
			}
			ack := segment.Segment{Flags: segment.ACK, Seq: 0, Ack: out.Seq + 1, Window: 1000, Timestamps: c.stmp, TSVal: 6, TSEcr: out.TSVal}
			k, ok := h.CheckCookie(now+later, here, there, &ack)
			if !ok || k.MSS != c.mss || k.Scale != c.scale || k.SACK != c.sack || k.Timestamps != c.stmp || k.IRS != c.syn.Seq || k.ISS != out.Seq {
				t.Errorf("%+v became %+v, %v", c.syn, k, ok)
			}
			if d := int32(out.TSVal - h.TimestampOffset(here, there) - uint32(now/1e6)); c.stmp && (d > 0 || d <= -128) {
				t.Errorf("the timestamp is %d ms from the clock", d)
			}
			// Forged ones: another address, another number, too late, no ACK.
			if _, ok := h.CheckCookie(now, here, here, &ack); ok {
				t.Error("a cookie was good for another address")
			}
			if _, ok := h.CheckCookie(now+240e9, here, there, &ack); ok {
				t.Error("a cookie was good after four minutes")
			}
			forged := ack
			forged.Ack += 99
			if _, ok := h.CheckCookie(now, here, there, &forged); ok {
				t.Error("a forged number was good")
			}
			forged = ack
			forged.Flags |= segment.RST
			if _, ok := h.CheckCookie(now, here, there, &forged); ok {
				t.Error("a reset was a cookie")
			}
		}
	}
	syn := segment.Segment{Flags: segment.SYN, MSS: 1460, Timestamps: true, Scale: 7}
	var out segment.Out
	if n := testing.AllocsPerRun(100, func() { h.MakeCookie(now, here, there, &syn, p, &out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAConnectionFromACookieIsAsGoodAsAnother(t *testing.T) {
	h := NewHost(Default(), [32]byte{1})
	now := int64(1e12)
	p := Path{MSS: 1460}
	syn := segment.Segment{Flags: segment.SYN, Seq: 100, MSS: 1460, Scale: 3, SACKPermitted: true, Timestamps: true, TSVal: 5}
	var out segment.Out
	h.MakeCookie(now, here, there, &syn, p, &out)
	ack := segment.Segment{Flags: segment.ACK, Seq: 101, Ack: out.Seq + 1, Window: 1000, Scale: -1, Timestamps: true, TSVal: 6,
		TSEcr: out.TSVal, Payload: []byte("GET /")}
	k, ok := h.CheckCookie(now, here, there, &ack)
	if !ok {
		t.Fatal("the cookie is no good")
	}
	var c Conn
	c.Resume(h, now, &ack, k, p)
	if why := c.Receive(now, &ack); why != nil || c.State() != StateEstablished || c.Readable() != 5 || c.Why() != reasonCookie {
		t.Fatalf("%v %v %d", why, c.State(), c.Readable())
	}
	if e := c.Events(); e&EventConnected == 0 || e&EventReadable == 0 {
		t.Errorf("events %b", e)
	}
	if !c.Pending() {
		t.Error("nothing is pending, though the data is not acknowledged")
	}
	var answer segment.Out
	c.Wrote(now, 3000, false)
	for want := 1; c.Next(now, &answer); want += 1448 {
		if answer.Seq != out.Seq.Add(want) || answer.Ack != 106 || answer.Length != min(1448, 3001-want) || !answer.Timestamps ||
			answer.TSVal-uint32(now/1e6) != h.TimestampOffset(here, there) {
			t.Fatalf("%+v", answer)
		}
	}
	i := c.Info(now)
	if i.MSS != 1448 || i.SendWindow != 8000 || !i.SACK || i.Sender.Window != 10*1448 {
		t.Errorf("%+v", i)
	}
	now += 1e6
	last := segment.Segment{Flags: segment.ACK, Seq: 106, Ack: out.Seq + 3001, Window: 1000, Scale: -1, Timestamps: true, TSVal: 7, TSEcr: answer.TSVal}
	if why := c.Receive(now, &last); why != nil || c.Acked() != 3000 || c.Position() != 3000 {
		t.Errorf("%v, %d acknowledged", why, c.Acked())
	}
	c.Release()
	if h.MemoryUsed() != 0 || h.pool.Lent() != 0 {
		t.Error("memory is still lent")
	}
}

// RFC 6056 §3.3.3: who does not know the secret learns nothing of one destination's ports from those of another.
func TestPortsBeginElsewhereForEachDestination(t *testing.T) {
	h, same, other := NewHost(Default(), [32]byte{1}), NewHost(Default(), [32]byte{1}), NewHost(Default(), [32]byte{2})
	local := netip.MustParseAddr("198.18.0.1")
	seen := map[uint32]bool{}
	for i := range 1000 {
		remote := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 1, byte(i)}), uint16(80+i/256))
		at := h.PortOffset(local, remote)
		if seen[at] || same.PortOffset(local, remote) != at || other.PortOffset(local, remote) == at {
			t.Fatalf("%v: %d, with the same secret %d, with another one %d", remote, at, same.PortOffset(local, remote), other.PortOffset(local, remote))
		}
		seen[at] = true
	}
}
