package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"vitrine/web/message"
)

// free is a carrier that does nothing by itself: the test plays the loop.
type free struct {
	mu    sync.Mutex
	wakes int
	bell  chan struct{}
}

func newFree() *free { return &free{bell: make(chan struct{}, 1)} }

func (f *free) Wake() {
	f.mu.Lock()
	f.wakes++
	f.mu.Unlock()
	select {
	case f.bell <- struct{}{}:
	default:
	}
}

func (f *free) Spawn(g func()) bool { go g(); return true }

func yield(r *rand.Rand) {
	for range r.IntN(4) {
		runtime.Gosched()
	}
}

// What the handler and the carrier do meets in every order: no order blocks either of them, races, or mixes up bytes.
func TestEveryOrderOfHandlerAndCarrier(t *testing.T) {
	rounds := 4000
	if testing.Short() {
		rounds = 400
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(1, uint64(round)))
		c := newFree()
		x := begin(c, -1)
		mark := byte(round)
		handler := r.Perm(6)
		seed := r.Uint64()
		ended := make(chan struct{})
		x.Go(func(x *Exchange) {
			defer close(ended)
			r := rand.New(rand.NewPCG(2, seed))
			for _, op := range handler {
				yield(r)
				switch op {
				case 0:
					b := make([]byte, 70)
					n, _ := x.Body().Read(b)
					if i := bytes.IndexFunc(b[:n], func(c rune) bool { return byte(c) != mark&0x7f }); i >= 0 {
						t.Errorf("read another's byte %x, not %x", b[i], mark&0x7f)
					}
				case 1:
					x.Stream(ok200, -1)
					x.Write(bytes.Repeat([]byte{mark}, 40<<10)) // more than the window
				case 2:
					x.Flush()
				case 3:
					x.SetReadDeadline(time.Now().Add(time.Duration(r.IntN(100)) * time.Microsecond))
					x.SetWriteDeadline(time.Now().Add(time.Duration(r.IntN(100)) * time.Microsecond))
				case 4:
					x.Because(cancelled, nil)
					x.Context()
				case 5:
					switch r.IntN(4) {
					case 0:
						x.Respond(ok200)
					case 1:
						x.Abort()
					case 2:
						x.SetTrailer(new(message.Header))
						x.CloseAfter()
					}
				}
			}
		})
		loop := r.Perm(7)
		for _, op := range loop {
			yield(r)
			switch op {
			case 0:
				p := bytes.Repeat([]byte{mark & 0x7f}, 150)
				for n := 1; len(p) > 0 && n > 0; {
					n = x.Feed(p)
					p = p[n:]
				}
			case 1:
				x.FeedEnd(nil)
			case 2:
				if r.IntN(2) == 0 {
					x.FeedError(io.ErrUnexpectedEOF)
				}
			case 3:
				x.Update()
				x.Credit()
			case 4:
				for {
					b, release := x.Take()
					if b == nil {
						break
					}
					if i := bytes.IndexFunc(b, func(c rune) bool { return false }); i >= 0 || b[0] != mark || b[len(b)-1] != mark {
						t.Errorf("took another's bytes: %x, not %x", b[0], mark)
					}
					release.Release()
				}
			case 5:
				if r.IntN(2) == 0 {
					x.Cancel(errors.New("cancelled"))
				}
			case 6:
				x.Why()
				x.Last()
				x.Answered()
			}
		}
		if r.IntN(3) == 0 {
			x.Fail(&GoneError{lost})
		}
		x.Release() // the end of it all, in whatever state the handler is
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatalf("round %d: the handler %v never ended against the carrier's %v", round, handler, loop)
		}
	}
}

// Whoever waits for the window or for bytes is woken by each of the events that end the wait.
func TestWhatEndsAWait(t *testing.T) {
	events := map[string]func(x *Exchange){
		"Fail":    func(x *Exchange) { x.Fail(errors.New("gone")) },
		"Release": func(x *Exchange) { x.Release() },
	}
	waits := map[string]func(x *Exchange) error{
		"Read":  func(x *Exchange) error { return second(x.Body().Read(make([]byte, 1))) },
		"Write": func(x *Exchange) error { x.Stream(ok200, -1); return second(x.Write(make([]byte, 1<<20))) },
		"a tunnel's Read": func(x *Exchange) error {
			c, err := x.Upgrade(nil)
			if err != nil {
				return err
			}
			return second(c.Read(make([]byte, 1)))
		},
		"a tunnel's Write": func(x *Exchange) error {
			c, err := x.Upgrade(nil)
			if err != nil {
				return err
			}
			return second(c.Write(make([]byte, 1<<20)))
		},
	}
	for event, do := range events {
		for wait, f := range waits {
			t.Run(event+" ends "+wait, func(t *testing.T) {
				for i := range 50 {
					c := newFree()
					x := begin(c, map[bool]int64{true: -1, false: 0}[wait == "Read" || wait == "Write"])
					got := make(chan error, 1)
					x.Go(func(x *Exchange) { got <- f(x) })
					if i%2 == 0 {
						await(t, c.bell) // it waits, or is about to
					}
					do(x)
					if err := await(t, got); err == nil {
						t.Error("no error")
					}
					if event == "Fail" {
						x.Release()
					}
				}
			})
		}
	}
	for name, end := range map[string]func(c *Tunnel){
		"Close":      func(c *Tunnel) { c.Close() },
		"CloseWrite": func(c *Tunnel) { c.CloseWrite() },
	} {
		t.Run(name+" by another goroutine ends a tunnel's Write", func(t *testing.T) {
			x := begin(newFree(), 0)
			got := make(chan error, 1)
			x.Go(func(x *Exchange) {
				c, _ := x.Upgrade(nil)
				go func() { got <- second(c.Write(make([]byte, 1<<20))) }()
				for x.Update().Queued == 0 {
					runtime.Gosched()
				}
				end(c)
			})
			if err := await(t, got); err == nil {
				t.Error("no error")
			}
			x.Release()
		})
	}
	t.Run("Close by another goroutine ends Read", func(t *testing.T) {
		x := begin(newFree(), -1)
		got := make(chan error, 1)
		x.Go(func(x *Exchange) {
			body := x.Body()
			go func() { got <- second(body.Read(make([]byte, 1))) }()
			runtime.Gosched()
			body.Close()
		})
		if err := await(t, got); err == nil {
			t.Error("no error")
		}
		x.Release()
	})
}

// One Wake is enough until the carrier has looked, and none is missing.
func TestWakesAreFewAndNeverMissing(t *testing.T) {
	c := newFree()
	x := begin(c, 0)
	turn := make(chan struct{})
	x.Go(func(x *Exchange) {
		x.Stream(ok200, -1)
		for range 100 {
			x.Flush()
		}
		turn <- struct{}{}
		<-turn
		x.Flush()
		turn <- struct{}{}
	})
	await(t, turn)
	if c.wakes != 1 {
		t.Errorf("%d wakes for a hundred changes that nobody looked at", c.wakes)
	}
	x.Update()
	turn <- struct{}{}
	await(t, turn)
	c.mu.Lock()
	if c.wakes < 2 {
		t.Error("no wake after the carrier had looked")
	}
	c.mu.Unlock()
	x.Release()
}

// A goroutine that has outlived its handler still holds what it was given. It must never meet another exchange there:
// neither read another's bytes nor write into another's response.
func TestWhatOutlivesAHandlerMeetsNobodyElse(t *testing.T) {
	for name, late := range map[string]func(x *Exchange) func() error{
		"a body's reader": func(x *Exchange) func() error {
			body := x.Body()
			return func() error {
				b := make([]byte, 100)
				n, err := body.Read(b)
				if n > 0 {
					return fmt.Errorf("read %q", b[:n])
				}
				if err == nil {
					return errors.New("no error")
				}
				return nil
			}
		},
		"a context's holder that writes": func(x *Exchange) func() error {
			x.Context()
			x.Stream(ok200, -1)
			return func() error {
				if n, err := x.Write([]byte("smuggled")); n > 0 || err == nil {
					return fmt.Errorf("wrote %d bytes, %v", n, err)
				}
				return nil
			}
		},
		"a tunnel's reader": func(x *Exchange) func() error {
			c, err := x.Upgrade(nil)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			return func() error {
				b := make([]byte, 100)
				if n, _ := (*Exchange)(c.x).read(b); n > 0 { // as one that was within Read when it was closed
					return fmt.Errorf("read %q", b[:n])
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var lates []func() error
			for range 20 {
				length := int64(-1)
				if name == "a tunnel's reader" {
					length = 0
				}
				x := begin(newFree(), length)
				ended := make(chan struct{})
				x.Go(func(x *Exchange) {
					lates = append(lates, late(x))
					close(ended)
				})
				await(t, ended)
				for !x.Update().Returned {
					runtime.Gosched()
				}
				x.Release()
			}
			// Others begin, with bytes of their own, in whatever memory there is.
			var others []*Exchange
			gate := make(chan struct{})
			for range 40 {
				x := begin(newFree(), -1)
				x.Go(func(x *Exchange) { x.Stream(ok200, -1); <-gate })
				x.Feed([]byte("secret"))
				others = append(others, x)
			}
			for _, f := range lates {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
			close(gate)
			for _, x := range others {
				for !x.Update().Returned {
					runtime.Gosched()
				}
				if b, _ := x.Take(); b != nil {
					t.Errorf("another's response has %q", b)
				}
				x.Release()
			}
		})
	}
}

// An exchange that nobody can hold on to is used again, and shows nothing of what it was.
func TestAnExchangeThatIsUsedAgainIsNew(t *testing.T) {
	used := map[*Exchange]bool{}
	again := 0
	for i := range 200 {
		c := newFree()
		x := begin(c, 0)
		if used[x] {
			again++
		}
		used[x] = true
		if x.Pinned != nil || x.Trace != nil || x.Refused != nil || x.Responded() || x.Detached() || x.Outcome != (Outcome{}) || x.Last() {
			t.Fatalf("it has %v %v %v %v", x.Pinned, x.Trace, x.Refused, x.Outcome)
		}
		if why, _ := x.Why(); len(why) > 0 {
			t.Fatalf("it has reasons %v", why)
		}
		x.Pinned, x.Refused, x.Outcome.Status = i, &Refusal{}, 500
		x.Because(lost, nil)
		x.CloseAfter()
		if i%2 == 0 {
			x.AddBytes([]byte("x"), nil)
			x.Respond(ok200)
			x.Answer()
			x.Release()
			continue
		}
		ended := make(chan struct{})
		x.Go(func(x *Exchange) {
			x.Inform(ok200)
			x.Stream(ok200, 7)
			x.Write([]byte("left over"))
			x.SetTrailer(new(message.Header))
			x.Flush()
			x.Abort()
			close(ended)
		})
		await(t, ended)
		for !x.Update().Returned {
			runtime.Gosched()
		}
		x.Release()
	}
	if again == 0 {
		t.Error("no exchange was ever used again")
	}
	x := begin(newFree(), 0)
	seen := make(chan Update, 1)
	x.Go(func(x *Exchange) { seen <- x.Update() })
	u := await(t, seen)
	if u.Interim != nil || u.Block != nil || u.Whole || u.Queued != 0 || u.Flush || u.Ended || u.Trailer != nil || u.Wanted ||
		u.Tunnel || u.Abort || u.Last || u.Panic != nil {
		t.Errorf("a new exchange wants %+v", u)
	}
}

// A handler that holds on to nothing costs no memory of its own: the exchange, its head and its buffers are used again.
func TestAStreamedExchangeReusesItsMemory(t *testing.T) {
	c := newFree()
	payload := make([]byte, 10_000)
	f := func(x *Exchange) {
		x.Stream(ok200, -1)
		x.Write(payload)
	}
	once := func() {
		x := begin(c, 0)
		x.Go(f)
		for {
			u := x.Update()
			for b, release := x.Take(); b != nil; b, release = x.Take() {
				release.Release()
			}
			if u.Returned {
				break
			}
			runtime.Gosched()
		}
		x.Release()
	}
	// begin makes a request (3), Go a closure and a goroutine.
	if n := testing.AllocsPerRun(500, once); n > 8 {
		t.Errorf("%v allocations", n)
	}
}
