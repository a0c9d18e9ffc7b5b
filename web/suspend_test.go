package web

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// waiter holds suspended exchanges until a test lets them go.
type waiter struct {
	mu    sync.Mutex
	waits []*Exchange
	stirs chan struct{}
}

func (w *waiter) Stir() { w.stirs <- struct{}{} }

func newWaiter() *waiter { return &waiter{stirs: make(chan struct{}, 1000)} }

// suspend holds the exchange, or answers 503.
func (w *waiter) suspend(x *Exchange) {
	if !x.Suspend(w) {
		respond(x, 503, "busy")
		return
	}
	w.mu.Lock()
	w.waits = append(w.waits, x)
	w.mu.Unlock()
}

func (w *waiter) held() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waits)
}

// resume lets the oldest go.
func (w *waiter) resume(f func(x *Exchange)) bool {
	w.mu.Lock()
	x := w.waits[0]
	w.waits = w.waits[1:]
	w.mu.Unlock()
	if x.Resume(f) {
		return true
	}
	respond(x, 503, "no handler is free")
	x.End()
	return false
}

func TestAnExchangeIsSuspendedAndResumed(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{}, w.suspend)
		c := sv.dial(t)
		for i := range 3 {
			body := strings.Repeat("b", i*100_000)
			if i == 0 {
				c.send(get("/"))
			} else {
				go io.WriteString(c, post("/", body))
			}
			until(t, func() bool { return w.held() == 1 })
			if !w.resume(func(x *Exchange) { // reading and writing block there as in Go
				b, err := io.ReadAll(x.Body())
				if err != nil || x.Gone() != nil {
					t.Error(err, x.Gone())
				}
				respond(x, 200, strconv.Itoa(len(b)))
			}) {
				t.Error("it was not resumed")
			}
			c.expect(200, strconv.Itoa(len(body)))
		}
		// Resumed at once, before Serve has returned: on the loop nothing has to be waited for.
		sv2 := start(t, arch, Settings{}, func(x *Exchange) {
			w.suspend(x)
			w.resume(func(x *Exchange) { respond(x, 200, "at once") })
		})
		c = sv2.dial(t)
		c.send(get("/") + get("/"))
		c.expect(200, "at once")
		c.expect(200, "at once")
	})
}

// Whoever resumes may be faster than the function that has suspended: its return ends nothing.
func TestAnExchangeIsResumedBeforeTheFunctionThatSuspendedItHasReturned(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.Go(func(x *Exchange) {
				first := make(chan struct{})
				w.suspend(x)
				w.resume(func(x *Exchange) {
					<-first
					respond(x, 200, "resumed")
				})
				close(first)
			})
		})
		c := sv.dial(t)
		for range 100 {
			c.send(get("/"))
			c.expect(200, "resumed")
		}
	})
}

// All clients are of one network, which has half of the places.
func TestTheNumberOfSuspendedExchangesIsBounded(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{Suspended: 4}, w.suspend)
		a, b, c := sv.dial(t), sv.dial(t), sv.dial(t)
		a.send(get("/"))
		until(t, func() bool { return w.held() == 1 })
		b.send(get("/"))
		until(t, func() bool { return w.held() == 2 })
		c.send(get("/"))
		c.expect(503, "busy")
		w.resume(func(x *Exchange) { respond(x, 200, "first") })
		a.expect(200, "first")
		c.send(get("/"))
		until(t, func() bool { return w.held() == 2 })
		for range 2 {
			w.resume(func(x *Exchange) { respond(x, 200, "ok") })
		}
		b.expect(200, "ok")
		c.expect(200, "ok")
	})
}

// A client that leaves meanwhile is told to who holds the exchange, and resuming it all the same does no harm.
func TestAClientThatLeavesWhileItsExchangeIsSuspended(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{}, w.suspend)
		for _, how := range []string{"resumed", "ended"} {
			c := sv.dial(t)
			c.send(get("/"))
			until(t, func() bool { return w.held() == 1 })
			c.SetLinger(0)
			c.Close()
			await(t, "stir", w.stirs)
			if o := await(t, "outcome", sv.outcomes); o.Failure == nil || o.Status != statusClientClosed {
				t.Error(o)
			}
			gone := make(chan error, 1)
			switch how {
			case "resumed":
				w.resume(func(x *Exchange) { gone <- x.Gone() })
				var g *exchange.GoneError
				if err := await(t, "end", gone); !errors.As(err, &g) {
					t.Error(err)
				}
			default:
				w.mu.Lock()
				x := w.waits[0]
				w.waits = nil
				w.mu.Unlock()
				if s := x.Look(); s.Gone == nil {
					t.Error("it has not gone")
				}
				x.End()
			}
		}
		sv.drain(t)
	})
}

// A full pool is told to who resumes; the exchange is still its own.
func TestResumingWhenNoHandlerIsFree(t *testing.T) {
	concurrentOnKernel(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{Handlers: 1}, w.suspend)
		stop := make(chan struct{})
		var busy sync.WaitGroup
		full := sv.dial(t)
		full.send(get("/"))
		until(t, func() bool { return w.held() == 1 })
		for n := 0; ; n++ { // as many as may run and wait
			c := sv.dial(t)
			c.send(get("/"))
			until(t, func() bool { return w.held() == 2 })
			w.mu.Lock()
			w.waits[0], w.waits[1] = w.waits[1], w.waits[0]
			w.mu.Unlock()
			busy.Add(1)
			if !w.resume(func(x *Exchange) { <-stop; respond(x, 200, "at last"); busy.Done() }) {
				busy.Done()
				c.expect(503, "no handler is free")
				break
			}
			if n > 100 {
				t.Fatal("there is no bound")
			}
		}
		if w.resume(func(x *Exchange) {}) {
			t.Error("there was one more")
		}
		full.expect(503, "no handler is free")
		close(stop)
		busy.Wait()
	})
}

// A drain waits for suspended exchanges, and a server that ends at once gives them up.
func TestADrainWaitsForSuspendedExchanges(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		w := newWaiter()
		sv := start(t, arch, Settings{}, w.suspend)
		c := sv.dial(t)
		c.send(get("/"))
		until(t, func() bool { return w.held() == 1 })
		done := make(chan struct{})
		go func() { sv.drain(t); close(done) }()
		until(t, func() bool { return sv.Engine().Listening() == 0 })
		w.resume(func(x *Exchange) { respond(x, 200, "late") })
		c.expect(200, "late")
		c.ends()
		c.Close()
		<-done

		sv = start(t, arch, Settings{}, w.suspend)
		c = sv.dial(t)
		c.send(get("/"))
		until(t, func() bool { return w.held() == 1 })
		sv.Close()
		await(t, "stir", w.stirs)
		gone := make(chan error, 1)
		w.resume(func(x *Exchange) { gone <- x.Gone() })
		if err := await(t, "end", gone); err == nil {
			t.Error("it was not given up")
		}
	})
}

// An exchange that is off the loop can be lent, and one that is lent can have a goroutine: as often as is needed.
func TestAnExchangeChangesHands(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.Go(func(x *Exchange) {
				x.Lend(nil)
				go x.Resume(func(x *Exchange) {
					if x.Suspend(nil) {
						go func() {
							respond(x, 200, "done")
							x.End()
						}()
					}
				})
			})
		})
		c := sv.dial(t)
		for range rounds(100) {
			c.send(get("/"))
			c.expect(200, "done")
		}
	})
}

// A dry run waits for nobody and sends nothing: there is nothing to wait for then.
func TestADryRunIsNeitherSuspendedNorAnsweredByOthers(t *testing.T) {
	r := DryRun(handler{func(x *Exchange) {
		if x.Suspend(nil) {
			t.Error("it was suspended")
		}
		if err := x.Dial(&exchange.LinkOptions{}, &asking{}); err != exchange.ErrNoLinks {
			t.Error(err)
		}
		respond(x, 200, "ok")
	}, make(chan outcome, 1)}, []byte(get("/")), &Peer{}, Settings{}, 10)
	if r.Status != 200 || string(r.Body) != "ok" {
		t.Error(r.Status, string(r.Body))
	}
}

// A response leaves no faster than its pace, whoever makes it; the next one on the connection does again.
func TestAResponseIsPaced(t *testing.T) {
	const rate, burst, size = 400_000, 50_000, 200_000
	body := strings.Repeat("x", size)
	eachArchitecture(t, func(t *testing.T, arch string) {
		t.Parallel()
		sv := start(t, arch, Settings{WriteTimeout: 50 * time.Millisecond, MinRate: 1 << 30, OutputBytes: 64 << 10}, func(x *Exchange) {
			switch string(x.Request.RawTarget()) {
			case "/whole":
				x.SetPace(rate, burst)
				respond(x, 200, body)
			case "/streamed":
				x.Go(func(x *Exchange) {
					x.SetPace(rate, burst)
					x.Stream(message.NewBlock(200, new(message.Header)), -1)
					io.WriteString(x, body)
				})
			default:
				respond(x, 200, body)
			}
		})
		c := sv.dial(t)
		for _, target := range []string{"/whole", "/streamed"} {
			began := time.Now()
			c.send(get(target))
			c.expect(200, body)
			if took, least := time.Since(began), time.Duration(float64(size-burst)/rate*1e9); took < least {
				t.Errorf("%s took %v, less than %v", target, took, least)
			}
			c.send(get("/free"))
			c.expect(200, body)
			await(t, "outcome", sv.outcomes)
			await(t, "outcome", sv.outcomes)
		}
		c.send(get("/whole") + get("/free") + get("/whole"))
		c.expect(200, body)
		c.expect(200, body)
		c.expect(200, body)
		sv.drain(t)
	})
}
