package web

import (
	"io"
	"net"
	"sync"
	"testing"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// hot is a driver without an allocation of its own: four bytes there, a fixed response back.
type hot struct {
	x     *Exchange
	block *message.Block
	got   int
}

const hotAnswer = 512

var (
	hotQuestion = []byte("ask\n")
	hots        = sync.Pool{New: func() any { return new(hot) }}
)

func (d *hot) Connected(l exchange.Link) {
	d.got = 0
	l.Send(hotQuestion)
}

func (d *hot) Receive(l exchange.Link, in []byte) int {
	if d.got == 0 {
		d.x.Stream(d.block, hotAnswer)
	}
	d.x.Write(in)
	if d.got += len(in); d.got == hotAnswer {
		d.x.End()
		d.x = nil
		l.Rest()
		hots.Put(d)
	}
	return len(in)
}

func (d *hot) EOF(l exchange.Link)                      { l.Close() }
func (d *hot) Woken(l exchange.Link)                    {}
func (d *hot) Sent(l exchange.Link)                     {}
func (d *hot) Expired(l exchange.Link)                  {}
func (d *hot) Gone(exchange.Link, *trace.Reason, error) {}

// hotPeer answers four bytes with as many as the driver wants.
func hotPeer(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			in, out := make([]byte, 4), make([]byte, hotAnswer)
			for {
				if _, err := io.ReadFull(c, in); err != nil {
					return
				}
				c.Write(out)
			}
		}()
	}
}

// A request that is answered through a link that was idle allocates nothing on its way there and back.
func TestARequestThroughALinkAllocatesNothing(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools forget, so that they allocate anew; the test without it holds the promise")
	}
	onKernel(t, func(t *testing.T, arch string) {
		block, _ := text(200, string(make([]byte, hotAnswer)))
		o := &exchange.LinkOptions{Idle: 10}
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			d := hots.Get().(*hot)
			d.x, d.block = x, block
			if err := x.Dial(o, d); err != nil {
				t.Error(err)
			}
		})
		ln, to := ways(arch)[1].listen(t, sv)
		defer ln.Close()
		go hotPeer(ln)
		o.Address = to
		sv.SetHandler(silent{sv.now.Load().handler}, nil) // outcomes allocate
		c := sv.dial(t)
		b := []byte(get("/"))
		c.Write(b)
		buf := make([]byte, 64<<10)
		size := answerSize(t, c, buf, "GET", 1)
		once := func() {
			c.Write(b)
			if _, err := io.ReadFull(c, buf[:size]); err != nil {
				t.Fatal(err)
			}
		}
		allocatesNothing(t, once)
	})
}

// BenchmarkThroughALink is a request and its answer through an idle link, with a client and a peer in the same process.
func BenchmarkThroughALink(b *testing.B) {
	for _, arch := range []string{"events", "plain"} {
		b.Run(arch, func(b *testing.B) {
			t := new(testing.T)
			block, body := text(200, string(make([]byte, hotAnswer)))
			o := &exchange.LinkOptions{Idle: 10}
			sv := start(t, "events", Settings{}, func(x *Exchange) {
				if arch == "plain" {
					x.AddBytes(body, nil)
					x.Respond(block)
					return
				}
				d := hots.Get().(*hot)
				d.x, d.block = x, block
				x.Dial(o, d)
			})
			defer sv.Close()
			ln, err := net.Listen("unix", b.TempDir()+"/s")
			if err != nil {
				b.Fatal(err)
			}
			defer ln.Close()
			go hotPeer(ln)
			o.Address.Path = ln.Addr().String()
			sv.SetHandler(silent{sv.now.Load().handler}, nil)
			c := sv.dial(t)
			request := []byte(get("/"))
			buf := make([]byte, 64<<10)
			c.Write(request)
			size := answerSize(t, c, buf, "GET", 1)
			b.ReportAllocs()
			for b.Loop() {
				c.Write(request)
				io.ReadFull(c, buf[:size])
			}
		})
	}
}
