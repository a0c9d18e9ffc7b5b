package stack

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

func TestConfigurationsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string // of the error; empty: none
	}{
		{Config{Addresses: prefixes("198.18.203.1/24")}, ""},
		{Config{}, "without an address"},
		{Config{Addresses: prefixes("224.0.0.1/24")}, "cannot be the address"},
		{Config{Addresses: prefixes("::/64")}, "cannot be the address"},
		{Config{Addresses: []netip.Prefix{{}}}, "no address"},
		{Config{Addresses: prefixes("198.18.203.1/24", "198.18.203.1/16")}, "given twice"},
		{Config{Addresses: prefixes("198.18.203.1/24"), MTU: 9000}, "more than the adapter"},
		{Config{Addresses: prefixes("198.18.203.1/24"), MTU: 300}, "too small"},
		{Config{Addresses: prefixes("fd00:198:18::1/64"), MTU: 1200}, "too small"},
		{Config{Addresses: prefixes("198.18.203.1/24"), Gateways: []netip.Addr{netip.MustParseAddr("198.18.204.1")}}, "none of the own networks"},
		{Config{Addresses: prefixes("198.18.203.1/24"), Gateways: []netip.Addr{netip.MustParseAddr("198.18.203.1")}}, "is the own address"},
		{Config{Addresses: prefixes("fd00:198:18::1/64"), Gateways: []netip.Addr{netip.MustParseAddr("fe80::1")}}, ""},
	} {
		a, _ := link.NewWire(link.WireOptions{})
		s, err := New(c.cfg, a)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.cfg, err)
		case c.want == "":
			s.Close()
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%v: error %v, want %q", c.cfg.Addresses, err, c.want)
		}
	}
}

func TestInfo(t *testing.T) {
	a, _ := link.NewWire(link.WireOptions{Queues: 2})
	s, err := New(Config{Addresses: prefixes("198.18.203.1/24", "fd00:198:18::1/64"), MTU: 1400}, a)
	if err != nil {
		t.Fatal(err)
	}
	i := s.Info()
	if i.Shards != 2 || s.Shards() != 2 || i.MTU != 1400 || len(i.Addresses) != 3 || !i.Addresses[2].Addr().IsLinkLocalUnicast() {
		t.Fatalf("%+v", i)
	}
	if s.Shard(1).Index() != 1 || s.Shard(1).Stack() != s {
		t.Fatal("which shard is it?")
	}
}

func TestGateways(t *testing.T) {
	gate := netip.MustParseAddr("198.18.203.2")
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Gateways = []netip.Addr{gate} })
	_, err := r.h.Connect(netip.AddrPort{}, addr("203.0.113.1:80"), ConnectOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.run()
	if s := r.one(); s.Flags != segment.SYN {
		t.Fatal("no SYN by way of the gateway")
	}
	reached(t, reasonNoRoute, func() {
		if _, err := r.h.Connect(netip.AddrPort{}, addr("[2001:db8::1]:80"), ConnectOptions{}, nil); err == nil {
			t.Fatal("there is no gateway for IPv6")
		}
	})
}

func TestSocketTable(t *testing.T) {
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{Backlog: 5})
	d, _ := p.a.BindUDP(addr("0.0.0.0:53"))
	d.Attach(p.a.Shard(0), func(Ready) {})
	client, server := p.connected(l, "", "198.18.203.1:80")
	gone, other := p.connected(l, "", "198.18.203.1:80")
	other.Close()
	p.settle()
	gone.Close()
	p.dial("", "198.18.203.1:80")
	p.settle()
	id := trace.NewID()
	server.Tag(id)
	server.Write(pattern(1000), false)
	client.Write([]byte("hello"), false)
	p.settle()

	// Sockets asks by Post: somebody has to poll.
	answer := make(chan []SocketInfo)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		all, _ := p.a.Sockets(ctx)
		answer <- all
	}()
	var all []SocketInfo
	for waiting := true; waiting; {
		select {
		case all = <-answer:
			waiting = false
		case <-time.After(time.Millisecond):
			p.a.Shard(0).Poll(p.now)
		}
	}
	var states []string
	for _, i := range all {
		states = append(states, i.Protocol+" "+i.State)
	}
	if got := strings.Join(states, ", "); got != "tcp LISTEN, udp UNCONNECTED, tcp ESTABLISHED, tcp ESTABLISHED, tcp TIME_WAIT" {
		t.Fatal(got)
	}
	if all[0].RecvQueue != 1 || all[0].SendQueue != 5 {
		t.Fatalf("the listener: %+v", all[0])
	}
	for _, i := range all {
		if i.Remote == server.Remote() && (i.Tag != id || i.RecvQueue != 5 || i.TCP == nil || i.TCP.Sent != 1000 || i.NextHopMAC == [6]byte{}) {
			t.Fatalf("the connection: %+v", i)
		}
		if i.State == "TIME_WAIT" && (i.Timer != "time-wait" || i.TimerIn <= 0) {
			t.Fatalf("%+v", i)
		}
	}
	// Nobody polls: the question ends with its context.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.a.Sockets(ctx); err != context.Canceled {
		t.Fatal(err)
	}
	if _, err := p.a.Counters(ctx); err != context.Canceled {
		t.Fatal(err)
	}
}

// A frame's journey is that of its connection, in both directions.
func TestJourneyOfAFrame(t *testing.T) {
	for _, at := range []string{"198.18.203.1:80", "[fd00:198:18::1]:80"} {
		p := newPair(t)
		l := p.listen(at, ListenOptions{})
		client, server := p.connected(l, "", at)
		id := trace.NewID()
		server.Tag(id)
		var got [2]trace.ID
		for end := range 2 {
			p.seen[end] = append(p.seen[end], func(frame []byte) { got[end] = p.a.Shard(0).Journey(frame) })
		}
		client.Write([]byte("question"), false)
		p.settle()
		server.Write([]byte("answer"), false)
		p.settle()
		if got[0] != id || got[1] != id {
			t.Fatalf("%v, want %v", got, id)
		}
		if p.a.Shard(0).Journey([]byte("short")) != 0 || p.a.Shard(0).Journey(make([]byte, 100)) != 0 {
			t.Fatal("a frame without a connection has a journey")
		}
	}
}
