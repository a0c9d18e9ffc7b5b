package stack

import (
	"runtime"
	"testing"
	"unsafe"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
)

// A request and its response cost no allocation at either end, whatever the medium; and no acknowledgement travels alone.
func TestRequestsAllocateNothing(t *testing.T) {
	for _, medium := range []struct {
		name string
		wire link.WireOptions
	}{{"cable", link.WireOptions{}}, {"offloads", link.WireOptions{Offloads: true}}} {
		t.Run(medium.name, func(t *testing.T) {
			p := newPair(t, func(o *pairOptions) { o.wire = medium.wire })
			l := p.listen("0.0.0.0:80", ListenOptions{NoDelay: true})
			type connection struct{ client, server *Conn }
			var all []connection
			for range 8 {
				client, server := p.connected(l, "", "198.18.203.1:80")
				client.SetNoDelay(true)
				client.SetOwner(new(watch), 0)
				server.SetOwner(new(watch), 0)
				all = append(all, connection{client, server})
			}
			request, response := pattern(100), pattern(1200)
			buffer := make([]byte, 4096)
			a, b := p.a.Shard(0), p.b.Shard(0)
			round := func() {
				p.now += 50_000
				for _, c := range all {
					c.client.Write(request, false)
				}
				b.Flush(p.now)
				a.Poll(p.now)
				for _, c := range all {
					if n, _ := c.server.Read(buffer); n != len(request) {
						t.Fatalf("%d bytes of the request", n)
					}
					c.server.Writev(response[:200], response[200:])
				}
				a.Flush(p.now)
				b.Poll(p.now)
				for _, c := range all {
					if n, _ := c.client.Read(buffer); n != len(response) {
						t.Fatalf("%d bytes of the response", n)
					}
				}
			}
			for range 2000 {
				round()
			}
			before := a.Counters().SegmentsOut
			if n := testing.AllocsPerRun(500, round); n != 0 {
				t.Errorf("%v allocations for 8 requests", n)
			}
			if sent := a.Counters().SegmentsOut - before; float64(sent) > 1.1*8*501 {
				t.Errorf("%d segments for %d responses", sent, 8*501)
			}
		})
	}
}

// Bulk costs no allocation once the windows are open.
func TestBulkAllocatesNothing(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.wire = link.WireOptions{Offloads: true} })
	l := p.listen("0.0.0.0:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	data, buffer := pattern(256<<10), make([]byte, 256<<10)
	a, b := p.a.Shard(0), p.b.Shard(0)
	round := func() {
		for got := 0; got < len(data); {
			p.now += 100_000
			server.Write(data[:min(len(data)-got, len(data))], false)
			a.Flush(p.now)
			b.Poll(p.now)
			for {
				n, err := client.Read(buffer)
				if err != nil {
					break
				}
				got += n
			}
			b.Flush(p.now)
			a.Poll(p.now)
		}
	}
	for range 100 {
		round()
	}
	if n := testing.AllocsPerRun(50, round); n > 1 {
		t.Errorf("%v allocations for 256 KiB", n)
	}
}

// What the documentation promises: an idle established connection takes at most 1 KiB, with its place in the tables.
func TestAnIdleConnectionIsSmall(t *testing.T) {
	t.Logf("Conn %d bytes, of which tcp.Conn %d", unsafe.Sizeof(Conn{}), unsafe.Sizeof(tcp.Conn{}))
	if testing.Short() {
		t.Skip("takes a moment")
	}
	const n = 20_000
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{Backlog: 4096})
	clients, servers := make([]*Conn, 0, n), make([]*Conn, 0, n)
	first, accepted := p.connected(l, "", "198.18.203.1:80") // now the ends know each other
	clients, servers = append(clients, first), append(servers, accepted)
	grow := func(n int) {
		for len(clients) < n {
			for range min(100, n-len(clients)) {
				c, err := p.b.Shard(0).Connect(addr("0.0.0.0:0"), addr("198.18.203.1:80"), ConnectOptions{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			}
			p.settle()
			for {
				c, ok := l.Accept()
				if !ok {
					break
				}
				servers = append(servers, c)
			}
		}
	}
	grow(2000)
	before := heap()
	grow(n)
	p.pass(10 * second)
	if len(servers) != n {
		t.Fatalf("%d connections", len(servers))
	}
	each := float64(heap()-before) / float64(2*(n-2000))
	t.Logf("%.0f bytes a connection", each)
	if each > 1024 {
		t.Errorf("%.0f bytes an idle connection", each)
	}
	runtime.KeepAlive(clients)
}

// Connects and closes without end leave nothing behind but TIME_WAIT records, and those end too.
func TestConnectsAndClosesLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a moment")
	}
	p := newPair(t)
	l := p.listen("0.0.0.0:80", ListenOptions{Backlog: 4096})
	buffer := make([]byte, 100)
	churn := func(n int) {
		for range n / 100 {
			var clients []*Conn
			for range 100 {
				c, err := p.b.Shard(0).Connect(addr("0.0.0.0:0"), addr("198.18.203.1:80"), ConnectOptions{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			}
			p.settle()
			for _, c := range clients {
				c.Write([]byte("hello"), false)
			}
			p.settle()
			for {
				c, ok := l.Accept()
				if !ok {
					break
				}
				if n, _ := c.Read(buffer); n != 5 {
					t.Fatalf("%d bytes", n)
				}
				c.Close()
			}
			p.settle()
			for _, c := range clients {
				c.Close()
			}
			p.settle()
		}
		if n := p.a.Shard(0).Counters().TimeWait; n == 0 {
			t.Fatal("who closed first has no TIME_WAIT records")
		}
		p.pass(61 * second)
	}
	churn(4000)
	before, goroutines := heap(), runtime.NumGoroutine()
	churn(20_000)
	if grown := int64(heap()) - int64(before); grown > 200<<10 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, before %d", n, goroutines)
	}
	for _, h := range p.shards() {
		if c := h.Counters(); c.Connections+c.TimeWait+c.HalfOpen+c.Orphans+c.SendMemory+c.ReceiveMemory != 0 {
			t.Errorf("left over: %+v", c)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkRequest(b *testing.B) {
	p := newPair(&testing.T{}, func(o *pairOptions) { o.wire = link.WireOptions{Offloads: true} })
	l := p.listen("0.0.0.0:80", ListenOptions{NoDelay: true})
	client, server := p.connected(l, "", "198.18.203.1:80")
	request, response, buffer := pattern(100), pattern(1200), make([]byte, 4096)
	a, z := p.a.Shard(0), p.b.Shard(0)
	b.ReportAllocs()
	for b.Loop() {
		p.now += 50_000
		client.Write(request, false)
		z.Flush(p.now)
		a.Poll(p.now)
		server.Read(buffer)
		server.Write(response, false)
		a.Flush(p.now)
		z.Poll(p.now)
		client.Read(buffer)
	}
}
