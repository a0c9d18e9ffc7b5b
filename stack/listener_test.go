package stack

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

func TestPortsOfListeners(t *testing.T) {
	p := newPair(t)
	type bind struct {
		at   string
		o    ListenOptions
		want error
	}
	for _, c := range []struct {
		name  string
		binds []bind
	}{
		{"one port is one listener's", []bind{{"198.18.203.1:80", ListenOptions{}, nil}, {"198.18.203.1:80", ListenOptions{}, syscall.EADDRINUSE}}},
		{"all addresses and one of them", []bind{{"0.0.0.0:80", ListenOptions{}, nil}, {"198.18.203.1:80", ListenOptions{}, syscall.EADDRINUSE}}},
		{"shared by both", []bind{{"0.0.0.0:80", ListenOptions{ReusePort: true}, nil}, {"0.0.0.0:80", ListenOptions{ReusePort: true}, nil}}},
		{"shared by one only", []bind{{"0.0.0.0:80", ListenOptions{ReusePort: true}, nil}, {"0.0.0.0:80", ListenOptions{}, syscall.EADDRINUSE}}},
		{"IPv4 and IPv6", []bind{{"0.0.0.0:80", ListenOptions{}, nil}, {"[::]:80", ListenOptions{}, nil}}},
		{"IPv4 and both", []bind{{"0.0.0.0:80", ListenOptions{}, nil}, {"[::]:80", ListenOptions{Dual: true}, syscall.EADDRINUSE}}},
		{"both and one IPv4 address", []bind{{"[::]:80", ListenOptions{Dual: true}, nil}, {"198.18.203.1:80", ListenOptions{}, syscall.EADDRINUSE}}},
		{"an address of somebody else", []bind{{"198.18.203.9:80", ListenOptions{}, syscall.EADDRNOTAVAIL}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, b := range c.binds {
				l, err := p.a.Listen(addr(b.at), b.o)
				if err != b.want {
					t.Fatalf("%s: %v, want %v", b.at, err, b.want)
				}
				if err == nil {
					defer l.Close()
				}
			}
		})
	}
	// UDP has ports of its own.
	d, err := p.a.BindUDP(addr("0.0.0.0:80"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, err := p.a.Listen(addr("198.18.203.1:80"), ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	l.Close() // twice is once
	if l, err = p.a.Listen(addr("198.18.203.1:80"), ListenOptions{}); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	free, err := p.a.Listen(addr("0.0.0.0:0"), ListenOptions{})
	if err != nil || free.Addr().Port() < 32768 || free.Addr().Port() > 60999 {
		t.Fatalf("a free port: %v, %v", free.Addr(), err)
	}
	if all, err := p.a.Listen(netip.AddrPort{}, ListenOptions{}); err != nil || !all.Addr().Addr().IsUnspecified() {
		t.Fatalf("anywhere: %v", err)
	}
}

func TestAListenerThatIsDualTakesBothFamilies(t *testing.T) {
	p := newPair(t)
	l := p.listen("[::]:80", ListenOptions{Dual: true})
	_, four := p.connected(l, "", "198.18.203.1:80")
	_, six := p.connected(l, "", "[fd00:198:18::1]:80")
	if !four.Local().Addr().Is4() || !six.Local().Addr().Is6() {
		t.Fatal(four.Local(), six.Local())
	}
	// The address itself is a better fit than all addresses.
	exact := p.listen("198.18.203.1:81", ListenOptions{ReusePort: true})
	all := p.listen("0.0.0.0:81", ListenOptions{ReusePort: true})
	p.connected(exact, "", "198.18.203.1:81")
	if _, ok := all.Accept(); ok {
		t.Fatal("the wrong one was asked")
	}
}

func TestListenerTellsOnceUntilItIsEmpty(t *testing.T) {
	p := newPair(t)
	l, err := p.a.Listen(addr("0.0.0.0:80"), ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	l.Attach(p.a.Shard(0), func() { told++ })
	p.dial("", "198.18.203.1:80")
	p.dial("", "198.18.203.1:80")
	p.settle()
	if told != 1 || l.Waiting() != 2 {
		t.Fatalf("told %d times of %d", told, l.Waiting())
	}
	l.Accept()
	l.Accept()
	if _, ok := l.Accept(); ok {
		t.Fatal("a third")
	}
	p.dial("", "198.18.203.1:80")
	p.settle()
	if told != 2 {
		t.Fatalf("told %d times", told)
	}
	// While it is detached, connections wait; attaching tells of them.
	l.Accept()
	l.Accept()
	l.Detach()
	p.dial("", "198.18.203.1:80")
	p.settle()
	if told != 2 {
		t.Fatal("told although it is detached")
	}
	l.Attach(p.a.Shard(0), func() { told++ })
	if told != 3 {
		t.Fatal("not told of those that wait")
	}
}

func TestAFullAcceptQueue(t *testing.T) {
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{Backlog: 2})
	var clients []*Conn
	for range 6 {
		c, _ := p.dial("", "198.18.203.1:80")
		clients = append(clients, c)
	}
	reached(t, reasonAcceptFull, p.settle)
	if l.Waiting() != 2 {
		t.Fatalf("%d wait", l.Waiting())
	}
	// Those that did not fit come in when there is room: they send again by themselves.
	got := 0
	for range 60 {
		for {
			if _, ok := l.Accept(); !ok {
				break
			}
			got++
		}
		p.pass(second)
	}
	if got != 6 {
		t.Fatalf("%d of 6 came in", got)
	}
	for _, c := range clients {
		if c.Info().TCP.State != tcp.StateEstablished {
			t.Fatalf("%v", c.Info().State)
		}
	}
}

func TestClosingAListenerResetsThoseThatWait(t *testing.T) {
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{})
	accepted, server := p.connected(l, "", "198.18.203.1:80")
	waits, w := p.dial("", "198.18.203.1:80")
	p.settle()
	// One is in the middle of its handshake.
	p.lose = func(from int, _ []byte) bool { return from == 1 }
	half, _ := p.dial("", "198.18.203.1:80")
	p.lose = nil
	p.b.Shard(0).Flush(p.now)
	p.a.Shard(0).Poll(p.now)
	if l.halfOpen != 1 {
		t.Fatalf("%d half-open", l.halfOpen)
	}
	reached(t, reasonClosedListener, func() { l.Close() })
	p.settle()
	if w.take()&Hangup == 0 || waits.Err() != syscall.ECONNRESET {
		t.Fatalf("who waited got %v", waits.Err())
	}
	p.transfer(accepted, server, []byte("who was accepted lives on"))
	p.pass(3 * second)
	if half.Info().TCP.State != tcp.StateClosed {
		t.Fatalf("who was about to come in: %v", half.Info().State)
	}
	if c := p.a.Shard(0).Counters(); c.Connections != 1 || c.HalfOpen != 0 {
		t.Fatalf("%d connections, %d half-open", c.Connections, c.HalfOpen)
	}
}

// Under a flood of SYNs the service goes on: for those who are connected, and for new ones by SYN cookies, with window scale
// and SACK as without a flood.
func TestSYNFlood(t *testing.T) {
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Limits.HalfOpen = 64 })
	l := r.listen("0.0.0.0:80", ListenOptions{Backlog: 200})
	old, _ := r.open("198.18.203.2:1024", "198.18.203.1:80", segment.Out{Scale: 7})
	before, ok := l.Accept()
	if !ok {
		t.Fatal("no connection")
	}
	flood := func(n int) {
		for i := range n {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, 203, byte(3 + i%200)}), uint16(1025+i/200))
			r.h.neighbors.Set(r.now, from.Addr(), r.mine)
			r.tcp(from, addr("198.18.203.1:80"), segment.Out{Seq: segment.Number(i), Flags: segment.SYN, Window: 1000, MSS: 1460, Scale: -1}, "")
			if i%50 == 49 {
				r.run()
			}
		}
		r.run()
	}
	reached(t, reasonCookie, func() { flood(2000) })
	c := r.h.Counters()
	if c.HalfOpen > 64 || c.Connections > 65 {
		t.Fatalf("%d half-open, %d connections", c.HalfOpen, c.Connections)
	}
	old.send(segment.ACK, "still here")
	mustRead(t, before, "still here")

	for i, o := range []segment.Out{
		{MSS: 1460, Scale: 7, SACKPermitted: true, Timestamps: true, TSVal: 5},
		{MSS: 1460, Scale: -1},
	} {
		reached(t, reasonCookieGood, func() {
			fresh, answer := r.open(fmt.Sprintf("198.18.203.2:%d", 2000+i), "198.18.203.1:80", o)
			if o.Timestamps && (answer.Scale < 0 || !answer.SACKPermitted || !answer.Timestamps) {
				t.Fatalf("the cookie's answer lacks options: %+v", answer)
			}
			server, ok := l.Accept()
			if !ok {
				t.Fatal("the cookie became no connection")
			}
			i := server.Info().TCP
			if o.Timestamps && (!i.WindowScale || !i.SACK || i.SendScale != 7) {
				t.Fatalf("the cookie forgot options: %+v", i)
			}
			r.tcp(fresh.src, fresh.dst, segment.Out{Seq: fresh.seq, Ack: fresh.ack, Flags: segment.ACK, Window: 500,
				Timestamps: o.Timestamps, TSVal: 7, TSEcr: answer.TSVal}, "request")
			r.run()
			mustRead(t, server, "request")
		})
	}
	// A forged cookie is answered as any stray segment.
	reached(t, reasonStray, func() {
		r.tcp(addr("198.18.203.2:3000"), addr("198.18.203.1:80"), segment.Out{Seq: 9, Ack: 123456, Flags: segment.ACK}, "")
		r.run()
	})
	// Long after the flood, everything is as before.
	r.pass(300 * second)
	if c := r.h.Counters(); c.HalfOpen != 0 {
		t.Fatalf("%d half-open", c.HalfOpen)
	}
	before1 := reasonCookie.Reached()
	r.open("198.18.203.2:4000", "198.18.203.1:80", segment.Out{Scale: -1})
	if reasonCookie.Reached() != before1 {
		t.Fatal("still cookies")
	}
}

func TestCookiesWhenTheAcceptQueueIsFull(t *testing.T) {
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Limits.HalfOpen = 1 })
	l := r.listen("0.0.0.0:80", ListenOptions{Backlog: 1})
	r.tcp(addr("198.18.203.2:1"), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, Scale: -1}, "")
	r.run()
	// Two cookies are out, and there is room for one.
	type half struct {
		from netip.AddrPort
		ack  segment.Number
	}
	var out []half
	for i := range 2 {
		from := netip.AddrPortFrom(peer4, uint16(10+i))
		r.tcp(from, addr("198.18.203.1:80"), segment.Out{Seq: 5, Flags: segment.SYN, Scale: -1}, "")
		r.run()
		out = append(out, half{from, r.one().Seq + 1})
	}
	for _, o := range out {
		r.tcp(o.from, addr("198.18.203.1:80"), segment.Out{Seq: 6, Ack: o.ack, Flags: segment.ACK, Window: 100}, "")
		r.run()
	}
	if l.Waiting() != 1 || r.h.Counters().AcceptOverflows != 1 {
		t.Fatalf("%d wait, %d refused", l.Waiting(), r.h.Counters().AcceptOverflows)
	}
	l.Accept()
	o := out[1]
	r.tcp(o.from, addr("198.18.203.1:80"), segment.Out{Seq: 6, Ack: o.ack, Flags: segment.ACK, Window: 100}, "again")
	r.run()
	c, ok := l.Accept()
	if !ok {
		t.Fatal("the second try did not come in")
	}
	mustRead(t, c, "again")
}

func TestTheLimitOfConnections(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.a.Limits.Connections, o.b.Limits.Connections = 2, 3 })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	p.connected(l, "", "198.18.203.1:80")
	p.connected(l, "", "198.18.203.1:80")
	p.dial("", "198.18.203.1:80")
	reached(t, reasonConnections, p.settle)
	if l.Waiting() != 0 {
		t.Fatal("one too many")
	}
	if _, err := p.b.Shard(0).Connect(netip.AddrPort{}, addr("198.18.203.1:80"), ConnectOptions{}, nil); err != ErrTooMany {
		t.Fatalf("a fourth of ours: %v", err)
	}
}

func TestTimeWait(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.b.Limits.TimeWait = 3 })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	end := func(local string) {
		client, server := p.connected(l, local, "198.18.203.1:80")
		client.Close()
		p.settle()
		server.Close()
		p.settle()
	}
	end("198.18.203.2:5000")
	if n := p.b.Shard(0).Counters().TimeWait; n != 1 {
		t.Fatalf("%d records", n)
	}
	if _, err := p.b.Shard(0).Connect(addr("198.18.203.2:5000"), addr("198.18.203.1:80"), ConnectOptions{}, nil); err != syscall.EADDRINUSE {
		t.Fatalf("connecting from a four-tuple in TIME_WAIT: %v", err)
	}
	end("198.18.203.2:5001")
	end("198.18.203.2:5002")
	reached(t, reasonTimeWaitFull, func() { end("198.18.203.2:5003") })
	if n := p.b.Shard(0).Counters().TimeWait; n != 3 {
		t.Fatalf("%d records", n)
	}
	p.pass(30 * second)
	end("198.18.203.2:5004") // takes the place of the oldest
	p.pass(31 * second)
	if n := p.b.Shard(0).Counters().TimeWait; n != 1 {
		t.Fatalf("%d records after 61 seconds", n)
	}
}

// A server's TIME_WAIT does not keep a client from connecting anew from the same port.
func TestReopeningFromTimeWait(t *testing.T) {
	r := newRaw(t)
	l := r.listen("0.0.0.0:80", ListenOptions{})
	c, first := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{Scale: -1})
	server, _ := l.Accept()
	server.Close()
	r.run()
	c.ack++
	c.send(segment.FIN|segment.ACK, "")
	if n := r.h.Counters().TimeWait; n != 1 {
		t.Fatalf("%d TIME_WAIT records", n)
	}
	// The FIN comes again: it is acknowledged, and the wait begins anew.
	r.pass(30 * second)
	c.seq--
	c.send(segment.FIN|segment.ACK, "")
	if s := r.one(); s.Flags != segment.ACK || s.Ack != c.seq {
		t.Fatalf("the answer is %v %d", s.Flags, s.Ack)
	}
	r.pass(40 * second)
	if n := r.h.Counters().TimeWait; n != 1 {
		t.Fatal("the wait did not begin anew")
	}
	r.tcp(c.src, c.dst, segment.Out{Seq: c.seq, Flags: segment.RST}, "")
	if r.run(); r.h.Counters().TimeWait != 1 || len(r.got) != 0 {
		t.Fatal("a reset ended the wait")
	}
	reached(t, reasonReopened, func() {
		r.tcp(c.src, c.dst, segment.Out{Seq: c.seq + 1000, Flags: segment.SYN, Window: 1000, Scale: -1}, "")
		r.run()
	})
	s := r.one()
	if s.Flags != segment.SYN|segment.ACK || !first.Seq.Less(s.Seq) {
		t.Fatalf("the answer is %v", s.Flags)
	}
	if c := r.h.Counters(); c.TimeWait != 0 || c.Connections != 1 {
		t.Fatalf("%+v", c)
	}
}

// Running out of ports is an error that says so: how many there are, and what they are busy with. Another local address
// has all of them again.
func TestPortExhaustion(t *testing.T) {
	p := newPair(t, func(o *pairOptions) {
		o.b.Limits.FirstPort, o.b.Limits.LastPort = 40000, 40009
	})
	l := p.listen("0.0.0.0:80", ListenOptions{})
	if _, err := p.b.Listen(addr("198.18.203.2:40003"), ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	ports := map[uint16]bool{}
	for i := range 9 {
		client, server := p.connected(l, "", "198.18.203.1:80")
		ports[client.Local().Port()] = true
		if i < 4 {
			client.Close()
			p.settle()
			server.Close()
			p.settle()
		}
	}
	if len(ports) != 9 || ports[40003] {
		t.Fatalf("the ports were %v", ports)
	}
	var exhausted *PortsExhausted
	reached(t, reasonPorts, func() {
		_, err := p.b.Shard(0).Connect(netip.AddrPort{}, addr("198.18.203.1:80"), ConnectOptions{}, nil)
		if !errors.As(err, &exhausted) || !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Fatalf("%v", err)
		}
	})
	e := exhausted
	if e.Ports != 10 || e.Live != 5 || e.TimeWait != 4 || e.Bound != 1 || e.Left != 0 || e.Elsewhere != 9 || e.Reason() != reasonPorts {
		t.Fatalf("%+v", e)
	}
	if s := e.Error(); !strings.Contains(s, "198.18.203.2") || !strings.Contains(s, "5 are in use, 4 wait in TIME_WAIT") {
		t.Fatal(s)
	}
	// Another destination has ports.
	p.listen("0.0.0.0:81", ListenOptions{})
	p.dial("", "198.18.203.1:81")

	// So has another address.
	p = newPair(t, func(o *pairOptions) {
		o.b.Limits.FirstPort, o.b.Limits.LastPort = 40000, 40009
		o.b.Addresses = prefixes("198.18.203.2/24", "198.18.203.3/24")
	})
	l = p.listen("0.0.0.0:80", ListenOptions{})
	for range 20 {
		p.connected(l, "", "198.18.203.1:80")
	}
	if _, err := p.b.Shard(0).Connect(netip.AddrPort{}, addr("198.18.203.1:80"), ConnectOptions{}, nil); !errors.As(err, &exhausted) || exhausted.Live != 20 {
		t.Fatalf("%v", err)
	}
	// When TIME_WAIT is over, ports are free again.
	p.pass(61 * second)
}

func TestConnectRefusesNonsense(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		local, remote string
		want          error
	}{
		{"0.0.0.0:0", "198.18.203.255:80", syscall.EINVAL},
		{"0.0.0.0:0", "224.0.0.1:80", syscall.EINVAL},
		{"0.0.0.0:0", "0.0.0.0:80", syscall.EINVAL},
		{"0.0.0.0:0", "198.18.203.1:0", syscall.EINVAL},
		{"198.18.203.9:0", "198.18.203.1:80", syscall.EADDRNOTAVAIL},
		{"[fd00:198:18::2]:0", "198.18.203.1:80", syscall.EADDRNOTAVAIL},
	} {
		if _, err := p.b.Shard(0).Connect(addr(c.local), addr(c.remote), ConnectOptions{}, nil); err != c.want {
			t.Errorf("%s to %s: %v, want %v", c.local, c.remote, err, c.want)
		}
	}
}

func TestOrphansAreBounded(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.a.Limits.Orphans = 2 })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	var servers []*Conn
	for range 3 {
		_, server := p.connected(l, "", "198.18.203.1:80")
		servers = append(servers, server)
	}
	p.lose = func(int, []byte) bool { return true }
	servers[0].Close()
	servers[1].Close()
	p.settle()
	reached(t, reasonOrphans, func() { servers[2].Close() })
	p.settle()
	if c := p.a.Shard(0).Counters(); c.Orphans != 2 || c.Connections != 2 {
		t.Fatalf("%d orphans, %d connections", c.Orphans, c.Connections)
	}
	p.pass(20 * 60 * second)
	if c := p.a.Shard(0).Counters(); c.Orphans != 0 || c.Connections != 0 {
		t.Fatalf("%d orphans, %d connections after 20 minutes", c.Orphans, c.Connections)
	}
}
