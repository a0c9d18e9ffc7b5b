package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/web/serve"
)

// hammer is a keep-alive client that sends one request after the other, each as soon as it has the last answer, until
// the server ends the connection in order. It reports everything that a careful client would call an error.
func hammer(connect func() (net.Conn, error), request string, answered *atomic.Int64, check func(a answer) error) error {
	for first := true; ; first = false {
		nc, err := connect()
		if err != nil {
			return nil // nobody listens any more
		}
		nc.SetDeadline(time.Now().Add(patience))
		c := &client{nc.(conn), nil, bufio.NewReader(nc)}
		n := 0
		for closed := false; !closed; {
			if _, err := io.WriteString(c, request); err != nil {
				nc.Close()
				if n == 0 && !first {
					return nil // a connection that waited in the listen queue when it was closed
				}
				return fmt.Errorf("after %d answers, writing: %w", n, err)
			}
			a, err := c.read("GET")
			if err != nil {
				nc.Close()
				if n == 0 && !first {
					return nil
				}
				return fmt.Errorf("after %d answers, reading: %w", n, err)
			}
			if err := check(a); err != nil {
				nc.Close()
				return err
			}
			answered.Add(1)
			n++
			closed = a.Close
		}
		if rest, err := io.ReadAll(c.br); len(rest) > 0 || err != nil {
			nc.Close()
			return fmt.Errorf("at the end of the connection: %q, %w", rest, err)
		}
		nc.Close()
	}
}

// Every request that was received is answered: clients that hammer while the server drains see their answers, the last
// with "Connection: close", and an orderly end.
func TestDrainUnderLoadAnswersEveryRequest(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{DrainIdle: 2 * time.Second}, func(x *Exchange) {
			if x.Serial%4 == 0 {
				x.Go(numbered)
				return
			}
			numbered(x)
		})
		var answered atomic.Int64
		var clients sync.WaitGroup
		const n = 32
		enough := make(chan struct{})
		var once sync.Once
		for i := range n {
			clients.Go(func() {
				target := fmt.Sprintf("/%d", i)
				err := hammer(sv.connect, get(target), &answered, func(a answer) error {
					if answered.Load() > 50*n {
						once.Do(func() { close(enough) })
					}
					if a.StatusCode != 200 || a.body != target {
						return fmt.Errorf("%d %q", a.StatusCode, a.body)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		await(t, "load", enough)
		sv.drain(t)
		clients.Wait()
		if n := sv.Engine().Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

func TestDrain(t *testing.T) {
	t.Run("idle connections end, busy ones first answer", func(t *testing.T) {
		concurrent(t, func(t *testing.T, arch string) {
			gate := make(chan struct{})
			sv := start(t, arch, Settings{}, func(x *Exchange) {
				if string(x.Request.RawTarget()) == "/" {
					numbered(x)
					return
				}
				x.Go(func(x *Exchange) { <-gate; numbered(x) })
			})
			idle := sv.dial(t)
			idle.send(get("/"))
			idle.expect(200, "/")
			fresh := sv.dial(t)
			busy := sv.dial(t)
			busy.send(get("/busy"))
			half := sv.dial(t)
			half.send("GET / HTTP/1.1\r\nHo")
			await(t, "outcome", sv.outcomes)
			until(t, func() bool { return sv.Engine().Open() == 4 })

			done := make(chan error, 1)
			go func() { done <- sv.Drain(t.Context()) }()
			idle.ends()
			idle.Close()
			fresh.ends()
			fresh.Close()
			if _, err := sv.connect(); err == nil {
				t.Error("a drained server accepts connections")
			}
			half.send("st: h\r\n\r\n") // had begun: is answered
			if a := half.expect(200, "/"); !a.Close {
				t.Error("half: the connection was said to go on")
			}
			half.ends()
			half.Close()
			select {
			case err := <-done:
				t.Errorf("the drain ended (%v) with an exchange under way", err)
			default:
			}
			close(gate)
			if a := busy.expect(200, "/busy"); !a.Close {
				t.Error("busy: the connection was said to go on")
			}
			busy.ends()
			busy.Close()
			if err := await(t, "end of the drain", done); err != nil {
				t.Error(err)
			}
			drained := 0
			for range 4 {
				if await(t, "end", sv.ended) == CloseDrain {
					drained++
				}
			}
			if drained != 2 {
				t.Errorf("%d connections ended for the drain, want the two idle ones", drained)
			}
		})
	})
	t.Run("a stream that had begun is completed, and then nothing is waited for", func(t *testing.T) {
		eachArchitecture(t, func(t *testing.T, arch string) {
			gate := make(chan struct{})
			sv := start(t, arch, Settings{KeepAliveTimeout: time.Hour}, func(x *Exchange) {
				x.Go(func(x *Exchange) {
					x.Stream(bare200, -1)
					x.Write([]byte("begun "))
					x.Flush()
					<-gate
					x.Write([]byte("ended"))
				})
			})
			c := sv.dial(t)
			c.send(get("/"))
			r, err := http.ReadResponse(c.br, nil)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- sv.Drain(t.Context()) }()
			until(t, func() bool { return sv.Engine().Listening() == 0 })
			close(gate)
			if b, err := io.ReadAll(r.Body); string(b) != "begun ended" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			c.ends()
			c.Close()
			if err := await(t, "end of the drain", done); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("requests sent ahead are answered", func(t *testing.T) {
		eachArchitecture(t, func(t *testing.T, arch string) {
			gate := make(chan struct{})
			sv := start(t, arch, Settings{DrainIdle: patience}, func(x *Exchange) {
				x.Go(func(x *Exchange) { <-gate; numbered(x) })
			})
			c := sv.dial(t)
			c.send(get("/1") + get("/2"))
			until(t, func() bool { return sv.Engine().Open() > 0 })
			done := make(chan error, 1)
			go func() { done <- sv.Drain(t.Context()) }()
			until(t, func() bool { return sv.Engine().Listening() == 0 })
			close(gate)
			// RFC 9112 §9.6: what follows a response with "close" is not answered, and the client knows it.
			c.expect(200, "/1")
			c.ends()
			c.Close()
			if err := await(t, "end of the drain", done); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("has a limit, and Close ends what is left", func(t *testing.T) {
		eachArchitecture(t, func(t *testing.T, arch string) {
			stopped := make(chan error, 1)
			begun := make(chan struct{})
			sv := start(t, arch, Settings{}, func(x *Exchange) {
				x.Go(func(x *Exchange) {
					close(begun)
					<-x.Context().Done()
					stopped <- context.Cause(x.Context())
				})
			})
			c := sv.dial(t)
			c.send(get("/"))
			await(t, "begin of the handler", begun)
			limit := errors.New("the limit")
			ctx, cancel := context.WithCancelCause(t.Context())
			go cancel(limit)
			if err := sv.Drain(ctx); !errors.Is(err, limit) {
				t.Errorf("the drain ended with %v", err)
			}
			if err := sv.Close(); err != nil {
				t.Error(err)
			}
			c.breaks()
			sv.endsFor(t, serve.CloseForced)
			if o := await(t, "outcome", sv.outcomes); o.Failure != serve.CloseForced {
				t.Error(o)
			}
			await(t, "end of the handler", stopped)
		})
	})
}

// A new handler takes the exchanges that begin after it was set, also on connections that are open; those under way
// end with the one they began with.
func TestAHandlerIsReplacedUnderLoad(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		version := func(v string) Handler {
			return handler{func(x *Exchange) {
				x.Pinned = v
				if x.Serial%3 == 0 {
					x.Go(func(x *Exchange) { respond(x, 200, x.Pinned.(string)) })
					return
				}
				respond(x, 200, v)
			}, make(chan outcome)}
		}
		sv := start(t, arch, Settings{DrainIdle: 2 * time.Second}, version("0").Serve)
		var answered atomic.Int64
		var stop atomic.Bool
		var clients sync.WaitGroup
		for range 16 {
			clients.Go(func() {
				last := 0
				err := hammer(sv.connect, get("/"), &answered, func(a answer) error {
					var v int
					if _, err := fmt.Sscan(a.body, &v); err != nil || a.StatusCode != 200 || v < last {
						return fmt.Errorf("%d %q after version %d", a.StatusCode, a.body, last)
					}
					last = v
					if stop.Load() {
						return io.EOF
					}
					return nil
				})
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
			})
		}
		for v := range 20 {
			before := answered.Load()
			sv.SetHandler(version(fmt.Sprint(v+1)), nil)
			sv.Configure(Settings{DrainIdle: 2 * time.Second, HeaderCount: 50 + v, Handlers: 3 + v})
			until(t, func() bool { return answered.Load() >= before+100 })
		}
		stop.Store(true)
		clients.Wait()
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "20")
	})
}

// An exchange under way keeps the handler it began with, until its Finish.
func TestAnExchangeKeepsItsHandler(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		gate := make(chan struct{})
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.Go(func(x *Exchange) { <-gate; respond(x, 200, "old") })
		})
		c := sv.dial(t)
		c.send(get("/1") + get("/2"))
		until(t, func() bool { return sv.Engine().Open() > 0 })
		others := make(chan outcome, 10)
		// The first request may not have begun yet: then the new handler takes both, which is as good.
		sv.SetHandler(handler{func(x *Exchange) { respond(x, 200, "new") }, others}, nil)
		close(gate)
		a, err := c.read("GET")
		if err != nil {
			t.Fatal(err)
		}
		if a.body == "old" {
			if o := await(t, "outcome for the old handler", sv.outcomes); o.target != "/1" {
				t.Error(o)
			}
		} else {
			await(t, "outcome for the new handler", others)
		}
		c.expect(200, "new")
		if o := await(t, "outcome for the new handler", others); o.target != "/2" {
			t.Error(o)
		}
	})
}

// A listener that is closed takes no more connections, and those that it has end as when the server drains: one more
// request is answered, by the handler that knew the listener, with the end announced. Other listeners do not notice.
func TestListenersComeAndGo(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		tagged := func(version string) func(x *Exchange) {
			return func(x *Exchange) { respond(x, 200, version+fmt.Sprint(x.Peer.Listener)) }
		}
		sv := start(t, arch, Settings{DrainIdle: patience}, tagged("0"))
		for i := range 5 {
			var used *client
			if !single(arch) {
				used = sv.dial(t)
				used.send(get("/"))
				used.expect(200, strconv.Itoa(i)+"tag")
			}
			fresh := sv.dial(t) // has asked for nothing yet
			until(t, func() bool { return sv.Engine().Open() >= 2 || single(arch) && sv.Engine().Open() == 1 })
			next, err := sv.Listen(sv.listenLocal(), 0, "other", nil)
			if err != nil {
				t.Fatal(err)
			}
			sv.Unlisten(sv.listener)
			if _, err := sv.connect(); err == nil {
				t.Error("a listener that was closed accepts")
			}
			sv.SetHandler(handler{tagged(strconv.Itoa(i + 1)), sv.outcomes}, map[*serve.Listener]any{next: "tag"})
			for _, c := range []*client{used, fresh} {
				if c == nil {
					continue
				}
				c.send(get("/"))
				if a := c.expect(200, strconv.Itoa(i)+"tag"); !a.Close {
					t.Error("the connection of a closed listener does not say that it ends:", a.Header)
				}
				c.ends()
				c.Close()
			}
			sv.listener, sv.addr = next, next.Addr().String()
		}
	})
}

// A connection that is quiet when its listener is closed ends by itself.
func TestAQuietConnectionEndsWithItsListener(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{DrainIdle: time.Millisecond}, func(x *Exchange) { respond(x, 200, "ok") })
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "ok")
		sv.Unlisten(sv.listener)
		c.ends()
		c.Close()
		sv.endsFor(t, CloseDrain)
	})
}

// A handler and what connections report as their listener change in one step, for connections that are open too.
func TestAHandlerAndTheListenersTagsChangeTogether(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		tag := func(v string) handler {
			return handler{func(x *Exchange) {
				if got := fmt.Sprint(x.Peer.Listener); got != v {
					t.Errorf("the handler %s was told of the listener %s", v, got)
				}
				respond(x, 200, v)
			}, make(chan outcome)}
		}
		sv := start(t, arch, Settings{}, tag("tag").Serve)
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "tag")
		for v := range 50 {
			sv.SetHandler(tag(fmt.Sprint(v)), map[*serve.Listener]any{sv.listener: v})
			c.send(get("/"))
			c.expect(200, fmt.Sprint(v))
		}
	})
}
