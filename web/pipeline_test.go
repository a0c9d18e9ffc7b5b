package web

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// numbered answers each request with its target.
func numbered(x *Exchange) {
	if !refusal(x) {
		respond(x, 200, string(x.Request.RawTarget()))
	}
}

func TestPipelinedAnswersGoOutInOneWrite(t *testing.T) {
	onKernel(t, func(t *testing.T, arch string) {
		net := new(observed)
		sv := start(t, arch, Settings{}, numbered, func(o *Options) { o.Network = net })
		c := sv.dial(t)
		var all strings.Builder
		for i := range 16 {
			all.WriteString(get("/" + strconv.Itoa(i)))
		}
		c.send(all.String())
		for i := range 16 {
			c.expect(200, "/"+strconv.Itoa(i))
		}
		// All of them lay in the socket when they were read: one write, or two if the bytes came in two.
		if n := net.writes.Load(); n > 2 {
			t.Errorf("%d writes for 16 pipelined answers", n)
		}
	})
}

func TestASlowAnswerHoldsUpThoseBehindItAndNoOther(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		gate := make(chan struct{})
		var begun atomic.Int32
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			begun.Add(1)
			if string(x.Request.RawTarget()) != "/slow" {
				numbered(x)
				return
			}
			x.Go(func(x *Exchange) {
				<-gate
				respond(x, 200, "slow")
			})
		})
		c := sv.dial(t)
		c.send(get("/1") + get("/slow") + get("/3") + get("/4"))
		c.expect(200, "/1") // is sent although the next one is not ready
		if n := begun.Load(); n > 2 {
			t.Errorf("%d exchanges have begun, of which the second is not answered", n)
		}
		close(gate)
		c.expect(200, "slow")
		c.expect(200, "/3")
		c.expect(200, "/4")
		for serial := range uint32(4) {
			if o := await(t, "outcome", sv.outcomes); o.serial != serial+1 {
				t.Errorf("outcome %d is that of request %d", serial+1, o.serial)
			}
		}
	})
}

func TestManyPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	const n = 20_000 // some 800 KiB of requests: many times the read buffer
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			if x.Serial%1000 == 0 { // some take another way
				x.Go(numbered)
				return
			}
			numbered(x)
		})
		c := sv.dial(t)
		go func() {
			var all strings.Builder
			for i := range n {
				all.WriteString(get("/" + strconv.Itoa(i)))
			}
			io.WriteString(c, all.String())
		}()
		for i := range n {
			c.expect(200, "/"+strconv.Itoa(i))
		}
	})
}

// A client that sends requests without end and reads nothing is no longer read, so that nobody has to keep its answers;
// when it reads at last, it gets all of them. Meanwhile no time-out blames it for what the server did not read.
func TestAClientThatDoesNotReadIsNotRead(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		t.Parallel()
		var served atomic.Int64
		body := strings.Repeat("x", 8<<10)
		const timeout = 1500 * time.Millisecond // a client that is starved for less must not meet it
		sv := start(t, arch, Settings{HeaderTimeout: timeout, KeepAliveTimeout: timeout},
			func(x *Exchange) {
				served.Add(1)
				respond(x, 200, body+string(x.Request.RawTarget()))
			})
		c := sv.dial(t)
		c.SetReadBuffer(64 << 10)
		sent := make(chan int)
		go func() {
			n := 0
			for ; ; n++ { // until the server's receive buffer and ours are full for longer than any time-out
				c.SetWriteDeadline(time.Now().Add(2 * timeout))
				request := get(fmt.Sprintf("/%d", n), "Padding: "+strings.Repeat("p", 4<<10))
				if m, err := io.WriteString(c, request); err != nil {
					if !os.IsTimeout(err) {
						t.Errorf("after %d requests: %v", n, err)
					}
					c.SetWriteDeadline(time.Now().Add(patience))
					go func() { // what is left of the request that was cut, once the server reads again
						io.WriteString(c, request[m:])
						c.CloseWrite()
					}()
					break
				}
			}
			sent <- n + 1
		}()
		var n int
		select {
		case n = <-sent:
		case <-time.After(2 * patience):
			t.Fatal("the server goes on reading")
		}
		if s := served.Load(); s >= int64(n) || s*int64(len(body)) > 16<<20 {
			t.Errorf("%d requests of %d were answered before any answer was read", s, n)
		}
		c.SetReadBuffer(4 << 20) // small windows are slow
		c.SetReadDeadline(time.Now().Add(2 * patience))
		for i := range n {
			c.expect(200, body+"/"+strconv.Itoa(i))
		}
		c.ends()
		if why := await(t, "end", sv.ended); why != CloseHalf && why != CloseClient { // whichever came first
			t.Error(why)
		}
	})
}
