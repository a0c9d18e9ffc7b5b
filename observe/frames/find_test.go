package frames

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/ethernet"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

// recorded is a server on the own stack, recorded, and a client that knows nothing of it.
type recorded struct {
	t        *testing.T
	r        *Recorder
	client   *stack.Stack
	listener net.Listener
	server   *stack.Stack
}

func recording(t *testing.T, s Settings, o link.WireOptions) *recorded {
	t.Helper()
	a, b := link.NewWire(o)
	r := New(a.Info().Queues, s)
	x := &recorded{t: t, r: r, server: stacktest.On(t, r.Wrap(a), stack.Config{Changed: r.Changed}), client: stacktest.ClientOn(t, b)}
	x.server.Start()
	x.client.Start()
	t.Cleanup(x.client.Stop)
	t.Cleanup(x.server.Stop)
	l, err := x.server.ListenTCP(":80")
	if err != nil {
		t.Fatal(err)
	}
	x.listener = l
	return x
}

// ask sends a request and reads a response on a connection that the client opens, and says what the connection is called.
func (x *recorded) ask(to string, request, response int) (q Query) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		c, err := x.listener.Accept()
		if err == nil {
			q.Local, q.Remote = addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())
			if _, err = io.ReadFull(c, make([]byte, request)); err == nil {
				_, err = c.Write(make([]byte, response))
			}
			c.Close()
		}
		done <- err
	}()
	c, err := x.client.Dial(ctx, "tcp", to)
	if err != nil {
		x.t.Fatal(err)
	}
	c.Write(make([]byte, request))
	if n, err := io.Copy(io.Discard, c); err != nil || n != int64(response) {
		x.t.Fatalf("read %d bytes: %v", n, err)
	}
	c.Close()
	if err := <-done; err != nil {
		x.t.Fatal(err)
	}
	q.RequestEnd, q.ResponseEnd = int64(request), int64(response)
	return q
}

func addrPort(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }

// until waits until what was found satisfies.
func (x *recorded) until(q Query, f func(s *Sequence) bool) *Sequence {
	x.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		s := x.r.Find(q)
		if f(s) {
			return s
		}
		if time.Now().After(end) {
			x.t.Fatalf("never found:\n%s", show(s))
		}
	}
}

func show(s *Sequence) string {
	var b strings.Builder
	for _, f := range s.Frames {
		way := "<"
		if f.Out {
			way = ">"
		}
		if f.Kind == "state" {
			way = " "
		}
		mark := ""
		if !f.Own {
			mark = " (not own)"
		}
		b.WriteString(way + " " + f.Text + mark + "\n")
	}
	return b.String()
}

func rests(s *Sequence) bool {
	for _, f := range s.Frames {
		if f.To == "TIME-WAIT" {
			return true
		}
	}
	return false
}

func TestConnectionIsToldFromItsFirstFrameToItsRest(t *testing.T) {
	want := `
< who has SERVER? tell CLIENT
> SERVER is at MAC
< SYN, MSS NUMBER, window scale 5
  CLOSED → SYN-RECEIVED
> SYN ACK, MSS NUMBER, window scale 5
< ACK of the SYN
  SYN-RECEIVED → ESTABLISHED
< request, bytes 1–120
> ACK of the request
  ESTABLISHED → FIN-WAIT-1
> response, bytes 1–100 and FIN
< ACK of the response and the FIN
  FIN-WAIT-1 → FIN-WAIT-2
< FIN
  FIN-WAIT-2 → TIME-WAIT
> ACK of the FIN
  TIME-WAIT is over; erased
`
	for _, ends := range [][3]string{{stacktest.Server, stacktest.Client, "1460"}, {stacktest.Server6, stacktest.Client6, "1440"}} {
		a, b := link.NewWire(link.WireOptions{})
		r, now := New(1, Settings{Bytes: 1 << 20}), int64(1e9)
		start := time.Now()
		r.clock = func() int64 { return start.UnixNano() + now }
		server, client := stacktest.On(t, r.Wrap(a), stack.Config{Changed: r.Changed}), stacktest.ClientOn(t, b)
		settle := func() {
			for range 50 {
				for _, h := range []*stack.Shard{client.Shard(0), server.Shard(0)} {
					if _, err := h.Poll(now); err != nil {
						t.Fatal(err)
					}
					if err := h.Flush(now); err != nil {
						t.Fatal(err)
					}
				}
				now += 1000
			}
		}
		settle()
		to := netip.AddrPortFrom(netip.MustParseAddr(ends[0]), 80)
		l, err := server.Listen(to, stack.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l.Attach(server.Shard(0), func() {})
		mine, err := client.Shard(0).Connect(netip.AddrPort{}, to, stack.ConnectOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		settle()
		yours, ok := l.Accept()
		if !ok {
			t.Fatal("nobody came")
		}
		mine.Write(make([]byte, 120), false)
		settle()
		yours.Read(make([]byte, 200))
		yours.Write(make([]byte, 100), false)
		q := Query{Local: yours.Local(), Remote: yours.Remote(), From: time.Unix(0, r.clock()), To: time.Unix(0, r.clock()), RequestEnd: 120, ResponseEnd: 100}
		yours.Close()
		settle()
		mine.Read(make([]byte, 200))
		mine.Close()
		settle()
		now += 61e9
		settle()
		s := r.Find(q)
		got := "\n" + strings.NewReplacer(ends[0]+"?", "SERVER?", ends[0]+" ", "SERVER ", ends[1]+"\n", "CLIENT\n", "MSS "+ends[2], "MSS NUMBER",
			s.Adapter.MAC.String(), "MAC").Replace(show(s))
		if got != want {
			t.Errorf("%s: %s\nwant %s", to, got, want)
		}
		for _, f := range s.Frames {
			if f.Kind == "tcp" && (f.Seq < 0 || f.Seq > 130 || f.Ack < -1 || f.Again || f.Bytes < 54 || len(f.Data) > 128 || f.Flags == "" || f.At.IsZero()) {
				t.Errorf("%s: %+v", to, f)
			}
			if f.Kind == "state" && f.Why == nil {
				t.Errorf("%s: nobody knows why %s", to, f.Text)
			}
		}
	}
}

// A request in the middle of a connection has its own bytes, and those of others are told apart.
func TestFramesOfOneRequestAmongOthers(t *testing.T) {
	x := recording(t, Settings{Bytes: 1 << 20}, link.WireOptions{})
	q := x.ask(stacktest.Server+":80", 120, 10_000)
	q.RequestAt, q.RequestEnd, q.ResponseAt, q.ResponseEnd = 100, 110, 3000, 5000
	s := x.until(q, rests)
	own, other, at := 0, 0, int64(3000)
	for _, f := range s.Frames {
		switch {
		case f.Kind != "tcp" || f.Len == 0:
		case !f.Out:
			if want := "request, bytes 1–10 (110 bytes of another request beside them)"; f.Text != want || !f.Own {
				t.Errorf("the request is %q, want %q", f.Text, want)
			}
		case f.Own && !strings.HasSuffix(f.Text, "FIN"):
			own++
			if want := fmt.Sprintf("response, bytes %d–", at-3000+1); !strings.HasPrefix(f.Text, want) {
				t.Errorf("a part of the response is %q, want %q", f.Text, want)
			}
			at = f.Seq - 1 + int64(f.Len)
		default:
			if other++; !strings.HasSuffix(f.Text, "bytes of another response") && !strings.HasSuffix(f.Text, " and FIN") {
				t.Errorf("a part of another response is %q", f.Text)
			}
		}
	}
	if own < 2 || own > 3 || other < 4 {
		t.Errorf("%d frames are its own and %d are not:\n%s", own, other, show(s))
	}
}

// The same four-tuple again is another connection.
func TestConnectionThatHadTheSamePortsIsNotShown(t *testing.T) {
	var r *Recorder
	for _, changes := range []bool{true, false} {
		now := int64(1e18)
		r = New(1, Settings{Bytes: 1 << 20})
		r.clock = func() int64 { now += 1e6; return now }
		local, remote := netip.MustParseAddrPort("198.18.0.1:80"), netip.MustParseAddrPort("198.18.0.2:1025")
		var from [3]time.Time
		for i := range 3 {
			seen := func(out bool, flags segment.Flags, seq, ack uint32, payload int) {
				r.See(link.Event{Out: out, First: true, Frame: link.Frame{Data: tcpFrame(local, remote, out, flags, seq, ack, payload)}})
			}
			change := func(from, to tcp.State) {
				if changes {
					r.Changed(0, local, remote, from, to, nil)
				}
			}
			n := uint32(i+1) * 1_000_000
			seen(false, segment.SYN, n, 0, 0)
			change(tcp.StateClosed, tcp.StateSynReceived)
			seen(true, segment.SYN|segment.ACK, n+5000, n+1, 0)
			seen(false, segment.ACK, n+1, n+5001, 0)
			change(tcp.StateSynReceived, tcp.StateEstablished)
			now += 1e9
			from[i] = time.Unix(0, now)
			seen(false, segment.ACK|segment.PSH, n+1, n+5001, 10+i)
			change(tcp.StateEstablished, tcp.StateClosed)
			seen(true, segment.RST|segment.ACK, n+5001, n+11, 0)
			now += 1e9
		}
		for i := range 3 {
			q := Query{Local: local, Remote: remote, From: from[i]}
			byTime := r.Find(q)
			q.From, q.Sequences, q.IRS, q.ISS = time.Time{}, true, uint32(i+1)*1_000_000, uint32(i+1)*1_000_000+5000
			byNumber := r.Find(q)
			for how, s := range map[string]*Sequence{"by time": byTime, "by number": byNumber} {
				lens := ""
				for _, f := range s.Frames {
					if f.Len > 0 {
						lens += fmt.Sprint(f.Len, " at ", f.Seq, " ")
					}
				}
				if want := fmt.Sprint(10+i, " at 1 "); lens != want || s.Frames[0].Flags != "SYN" {
					t.Errorf("changes %v, connection %d %s: payloads of %s, want %s\n%s", changes, i, how, lens, want, show(s))
				}
			}
		}
		if s := r.Find(Query{Local: local, Remote: remote, From: from[0].Add(-10 * time.Second)}); len(s.Frames) != 0 {
			t.Errorf("a connection that was forgotten is another one:\n%s", show(s))
		}
	}
}

func TestWhatIsSentAgainIsMarked(t *testing.T) {
	r := New(1, Settings{Bytes: 1 << 20})
	local, remote := netip.MustParseAddrPort("[fd00::1]:80"), netip.MustParseAddrPort("[fd00::2]:1025")
	var want []string
	seen := func(text string, out bool, flags segment.Flags, seq, ack uint32, payload int) {
		want = append(want, text)
		r.See(link.Event{Out: out, First: true, Frame: link.Frame{Data: tcpFrame(local, remote, out, flags, seq, ack, payload)}})
	}
	isn, irs := uint32(0xffff_fff0), uint32(0xffff_ff00) // both come round
	seen("SYN", false, segment.SYN, irs, 0, 0)
	seen("again: SYN", false, segment.SYN, irs, 0, 0)
	seen("SYN ACK", true, segment.SYN|segment.ACK, isn, irs+1, 0)
	seen("ACK of the SYN", false, segment.ACK, irs+1, isn+1, 0)
	seen("request, bytes 1–300", false, segment.ACK, irs+1, isn+1, 300)
	seen("response, bytes 1–1000", true, segment.ACK, isn+1, irs+301, 1000)
	seen("response, bytes 1001–2000", true, segment.ACK, isn+1001, irs+301, 1000)
	seen("ACK of the response up to byte 1000", false, segment.ACK, irs+301, isn+1001, 0)
	seen("the same ACK again", false, segment.ACK, irs+301, isn+1001, 0)
	seen("again: response, bytes 1001–2000", true, segment.ACK, isn+1001, irs+301, 1000)
	seen("ACK of the response", false, segment.ACK, irs+301, isn+2001, 0)
	seen("keep-alive probe", true, segment.ACK, isn+2000, irs+301, 0)
	seen("the same ACK again", false, segment.ACK, irs+301, isn+2001, 0)
	seen("FIN", true, segment.ACK|segment.FIN, isn+2001, irs+301, 0)
	seen("again: FIN", true, segment.ACK|segment.FIN, isn+2001, irs+301, 0)
	seen("ACK of the FIN", false, segment.ACK, irs+301, isn+2002, 0)
	seen("RST: the connection is destroyed", false, segment.RST, irs+301, 0, 0)
	s := r.Find(Query{Local: local, Remote: remote, RequestEnd: 300, ResponseEnd: 2000})
	for i, f := range s.Frames {
		if f.Text != want[i] || f.Again != strings.HasPrefix(want[i], "again") || !f.Own && f.Text != "the same ACK again" && f.Text != "keep-alive probe" {
			t.Errorf("frame %d: %q, want %q (%+v)", i, f.Text, want[i], f)
		}
	}
	if len(s.Frames) != len(want) {
		t.Errorf("%d frames, want %d", len(s.Frames), len(want))
	}
}

func TestErrorsAboutAConnectionAreItsOwn(t *testing.T) {
	r := New(1, Settings{Bytes: 1 << 20})
	local, remote := netip.MustParseAddrPort("198.18.0.1:80"), netip.MustParseAddrPort("198.18.0.2:1025")
	sent := tcpFrame(local, remote, true, segment.ACK, 1001, 2001, 500)
	r.See(link.Event{Out: true, First: true, Frame: link.Frame{Data: sent}})
	for _, of := range [][]byte{sent[14:], tcpFrame(local, netip.MustParseAddrPort("198.18.0.2:1026"), true, segment.ACK, 1, 1, 1)[14:]} {
		m := append([]byte{3, 4, 0, 0, 0, 0, 1400 >> 8, 1400 & 0xff}, of[:28]...)
		b := make([]byte, 34, 100)
		ethernet.Put(b, [6]byte{2, 1}, [6]byte{2, 9}, ethernet.TypeIPv4)
		ipv4.Put(b[14:], &ipv4.Header{Src: netip.MustParseAddr("198.18.0.77"), Dst: local.Addr(), Protocol: 1, Length: len(m)})
		r.See(link.Event{First: true, Frame: link.Frame{Data: append(b, m...)}})
	}
	s := r.Find(Query{Local: local, Remote: remote, ISS: 1000, IRS: 2000, Sequences: true})
	if len(s.Frames) != 2 || s.Frames[1].Kind != "icmp" || s.Frames[1].Text != "ICMP packet too big: the path carries 1400 bytes, about our segment with number 1" {
		t.Errorf("found:\n%s", show(s))
	}
}

func TestLongSequenceIsShortenedToWhatMatters(t *testing.T) {
	r := New(1, Settings{Bytes: 1 << 20})
	local, remote := netip.MustParseAddrPort("198.18.0.1:80"), netip.MustParseAddrPort("198.18.0.2:1025")
	for i := range uint32(500) {
		r.See(link.Event{Out: true, First: true, Frame: link.Frame{Data: tcpFrame(local, remote, true, segment.ACK, 1001+100*i, 1, 100)}})
	}
	q := Query{Local: local, Remote: remote, ISS: 1000, Sequences: true, ResponseAt: 20_000, ResponseEnd: 22_000, Limit: 50}
	s := r.Find(q)
	own := 0
	for _, f := range s.Frames {
		if f.Own {
			own++
		}
	}
	if len(s.Frames) != 50 || s.More != 450 || own != 20 {
		t.Errorf("%d frames, of which %d are its own, and %d more", len(s.Frames), own, s.More)
	}
	q.Limit = 12
	if s = r.Find(q); len(s.Frames) != 12 || s.More != 488 || s.Frames[0].Seq != 20_001 || s.Frames[11].Seq != 21_901 {
		t.Errorf("%d frames from %d to %d, and %d more", len(s.Frames), s.Frames[0].Seq, s.Frames[11].Seq, s.More)
	}
}

// tcpFrame is a segment between two ends.
func tcpFrame(local, remote netip.AddrPort, out bool, flags segment.Flags, seq, ack uint32, payload int) []byte {
	src, dst, mac := remote, local, [6]byte{2, 9}
	if out {
		src, dst, mac = local, remote, [6]byte{2, 1}
	}
	size, kind := ipv4.HeaderLen, ethernet.TypeIPv4
	if src.Addr().Is6() {
		size, kind = ipv6.HeaderLen, ethernet.TypeIPv6
	}
	b := make([]byte, 14+size+20+payload)
	ethernet.Put(b, [6]byte{2, 1}, mac, kind)
	if kind == ethernet.TypeIPv4 {
		ipv4.Put(b[14:], &ipv4.Header{Src: src.Addr(), Dst: dst.Addr(), Protocol: 6, Length: 20 + payload})
	} else {
		ipv6.Put(b[14:], &ipv6.Header{Src: src.Addr(), Dst: dst.Addr(), Protocol: 6, Length: 20 + payload})
	}
	segment.Put(b[14+size:], src.Port(), dst.Port(), &segment.Out{Seq: segment.Number(seq), Ack: segment.Number(ack), Flags: flags, Window: 1000, Scale: -1})
	return b
}

func TestOnlyTheNeighborsOfItsOwnFamilyAreShown(t *testing.T) {
	x := recording(t, Settings{Bytes: 1 << 20}, link.WireOptions{})
	six := x.ask("["+stacktest.Server6+"]:80", 20, 20)
	four := x.ask(stacktest.Server+":80", 20, 20)
	for _, test := range []struct {
		q          Query
		has, hasnt string
	}{{four, "arp", "icmpv6"}, {six, "icmpv6", "arp"}} {
		kinds := make(map[string]int)
		for _, f := range x.until(test.q, rests).Frames {
			kinds[f.Kind]++
		}
		if kinds[test.has] == 0 || kinds[test.hasnt] != 0 {
			t.Errorf("%v: %v", test.q.Remote, kinds)
		}
	}
}
