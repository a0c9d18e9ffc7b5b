package web

import (
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// served says how long an honest client waits for its answer, at the worst, while others are hostile.
func honest(t *testing.T, sv *served, n int) time.Duration {
	t.Helper()
	var worst time.Duration
	for i := range n {
		began := time.Now()
		c := sv.dial(t)
		c.send(get("/honest"))
		c.expect(200, "/honest")
		if i%2 == 0 {
			c.send(get("/honest"))
			c.expect(200, "/honest")
		}
		c.Close()
		worst = max(worst, time.Since(began))
	}
	return worst
}

// Whatever some clients do, others are served promptly.
func TestHostileClientsDoNotHoldUpOthers(t *testing.T) {
	hostile := map[string]func(sv *served, c *client, done <-chan struct{}){
		"heads byte by byte": func(sv *served, c *client, done <-chan struct{}) {
			for _, b := range get("/") {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if _, err := io.WriteString(c, string(b)); err != nil {
					return
				}
			}
		},
		"bodies byte by byte": func(sv *served, c *client, done <-chan struct{}) {
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
			c.paced("x", 5*time.Millisecond, done)
		},
		"connections without a request": func(sv *served, c *client, done <-chan struct{}) { <-done },
		"floods of empty lines": func(sv *served, c *client, done <-chan struct{}) {
			io.WriteString(c, strings.Repeat("\r\n", 1<<20))
		},
		"heads without end": func(sv *served, c *client, done <-chan struct{}) {
			io.WriteString(c, "GET / HTTP/1.1\r\n"+strings.Repeat("A: "+strings.Repeat("a", 1000)+"\r\n", 1000))
		},
		"requests that nobody reads the answers of": func(sv *served, c *client, done <-chan struct{}) {
			c.SetReadBuffer(4 << 10)
			for {
				select {
				case <-done:
					return
				default:
				}
				c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
				io.WriteString(c, get("/large"))
			}
		},
		"resets in the middle": func(sv *served, c *client, done <-chan struct{}) {
			for {
				select {
				case <-done:
					return
				default:
				}
				n, err := sv.connect()
				if err != nil {
					return
				}
				io.WriteString(n, get("/large")+"GET /")
				n.(conn).SetLinger(0)
				n.Close()
			}
		},
		"pipelines without end": func(sv *served, c *client, done <-chan struct{}) {
			go io.Copy(io.Discard, c)
			all := strings.Repeat(get("/"), 2000)
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := io.WriteString(c, all); err != nil {
					return
				}
			}
		},
		"bodies that nobody wants": func(sv *served, c *client, done <-chan struct{}) {
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := io.WriteString(c, "1000\r\n"+big[:0x1000]+"\r\n"); err != nil {
					return
				}
			}
		},
	}
	large, largeBody := text(200, strings.Repeat("x", 1<<20))
	concurrent(t, func(t *testing.T, arch string) {
		for name, f := range hostile {
			t.Run(name, func(t *testing.T) {
				sv := start(t, arch, Settings{HeaderTimeout: time.Minute, BodyTimeout: time.Minute}, func(x *Exchange) {
					switch {
					case refusal(x):
					case string(x.Request.RawTarget()) == "/large":
						x.AddBytes(largeBody, nil)
						x.Respond(large)
					default:
						numbered(x)
					}
				})
				done := make(chan struct{})
				var all sync.WaitGroup
				for range 8 {
					nc, err := sv.connect()
					if err != nil {
						t.Fatal(err)
					}
					c := newClient(t, nc)
					all.Go(func() { f(sv, c, done) })
					defer all.Wait()
					defer c.Close()
				}
				defer close(done)
				most := 3 * time.Second
				if underRace { // clients, stacks and server share two slow cores
					most = 15 * time.Second
				}
				if worst := honest(t, sv, rounds(20)); worst > most {
					t.Errorf("an honest client waited for %v", worst)
				}
			})
		}
	})
}

// A client that pipelines without end gets no more of the loop than its turns: each of the others' requests is answered
// before the flood has had thousands of its own.
func TestAFloodIsSharedOutFairly(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		var flood atomic.Int64
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			if string(x.Request.RawTarget()) == "/flood" {
				flood.Add(1)
			}
			numbered(x)
		}, func(o *Options) { o.Loops, o.Workers = 1, 1 })
		done := make(chan struct{})
		defer close(done)
		for range 4 {
			c := sv.dial(t)
			c.SetDeadline(time.Time{})
			go io.Copy(io.Discard, c)
			go func() {
				all := strings.Repeat(get("/flood"), 10_000)
				for {
					select {
					case <-done:
						return
					default:
						if _, err := io.WriteString(c, all); err != nil {
							return
						}
					}
				}
			}()
		}
		until(t, func() bool { return flood.Load() > 10_000 })
		c := sv.dial(t)
		var worst int64
		for range rounds(50) {
			before := flood.Load()
			c.send(get("/honest"))
			c.expect(200, "/honest")
			worst = max(worst, flood.Load()-before)
		}
		// A turn may read 256 KiB, which is some 7,000 of these requests, and four connections flood: an answer may wait
		// for a turn of each, and as long again until the client has read it, but not for the flood's end.
		if worst > 200_000 && !underRace {
			t.Errorf("%d requests of the flood were answered between an honest request and its answer", worst)
		}
	})
}

// Memory that an exchange used is used again, and nothing of it shows in another's.
func TestExchangesThatAreUsedAgainShowNothingOfTheOld(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			if x.Pinned != nil || x.Trace != nil || x.Refused != nil || x.Outcome.Status != 0 || x.Responded() {
				t.Errorf("a new exchange has %v, %v, %v, %v", x.Pinned, x.Trace, x.Refused, x.Outcome)
			}
			if why, _ := x.Why(); len(why) > 0 {
				t.Errorf("a new exchange has reasons %v", why)
			}
			x.Pinned = x
			x.Because(HandlerPanic, nil)
			x.Go(func(x *Exchange) {
				own := string(x.Request.RawTarget())
				b, err := io.ReadAll(x.Body())
				if err != nil {
					return
				}
				if got := string(b); got != own {
					t.Errorf("%s read the body %q", own, abbreviated(got))
				}
				respond(x, 200, own)
			})
		})
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				for j := range 60 {
					target := "/" + strings.Repeat(string(rune('a'+i)), 1+j*7)
					nc, err := sv.connect()
					if err != nil {
						t.Error(err)
						return
					}
					nc.SetDeadline(time.Now().Add(patience))
					c := newClient(t, nc)
					io.WriteString(c, post(target, target))
					if j%3 == 0 { // some go away at some point of it
						c.SetLinger(0)
						c.Close()
						continue
					}
					a, err := c.read("POST")
					if err != nil || a.body != target {
						t.Errorf("%q, %v, want %q", abbreviated(a.body), err, abbreviated(target))
					}
					c.Close()
				}
			})
		}
		all.Wait()
	})
}
