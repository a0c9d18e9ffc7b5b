package web

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/web/serve"
)

// Bytes that are flushed reach the client although the handler goes on; each event waits for the client's.
func TestFlushedBytesReachTheClientAtOnce(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		seen := make(chan struct{})
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			for i := range 20 {
				<-seen
				fmt.Fprintf(w, "data: %d\n\n", i)
				w.(http.Flusher).Flush()
			}
		})
		c := sv.dial(t)
		c.send(get("/"))
		r, err := http.ReadResponse(c.br, nil) // the head alone is flushed, too
		if err != nil {
			t.Fatal(err)
		}
		br := bufio.NewReader(r.Body)
		for i := range 20 {
			seen <- struct{}{}
			line, err := br.ReadString('\n')
			if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
				t.Fatalf("%q, %v, want %q", line, err, want)
			}
			br.ReadString('\n')
		}
		if rest, err := io.ReadAll(br); len(rest) > 0 || err != nil {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

// A connection that was upgraded carries bytes both ways, with the limits of an exchange, until one side ends it.
func TestHijackedConnections(t *testing.T) {
	upgrade := get("/", "Connection: Upgrade", "Upgrade: echo")
	echo := func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("writing a hijacked response: %v", err)
		}
		go func() { // it lives beyond the handler
			defer conn.Close()
			io.Copy(conn, rw)
		}()
	}
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := startHTTP(t, arch, Settings{}, echo)
		t.Run("line by line, and the client ends it", func(t *testing.T) {
			c := sv.dial(t)
			c.send(upgrade + "sent ahead\n")
			if a, err := c.read("GET"); err != nil || a.StatusCode != 101 {
				t.Fatal(a.Response, err)
			}
			for _, line := range []string{"sent ahead\n", "hello\n", "world\n"} {
				if line != "sent ahead\n" {
					c.send(line)
				}
				if got, err := c.br.ReadString('\n'); got != line {
					t.Fatalf("%q, %v, want %q", got, err, line)
				}
			}
			c.send("last")
			c.CloseWrite()
			if rest, err := io.ReadAll(c.br); string(rest) != "last" || err != nil {
				t.Errorf("%q, %v", rest, err)
			}
			c.Close()
			if o := await(t, "outcome", sv.outcomes); o.Failure != nil || o.Status != 101 {
				t.Error(o)
			}
			sv.endsFor(t, CloseTunnel)
		})
		t.Run("much, and the client reads late", func(t *testing.T) {
			c := sv.dial(t)
			c.send(upgrade)
			c.read("GET")
			go func() {
				io.WriteString(c, big)
				c.CloseWrite()
			}()
			got, err := io.ReadAll(c.br)
			if string(got) != big || err != nil {
				t.Errorf("%d bytes of %d, %v", len(got), len(big), err)
			}
			c.Close()
			await(t, "outcome", sv.outcomes)
			sv.endsFor(t, CloseTunnel)
		})
		t.Run("a reset", func(t *testing.T) {
			c := sv.dial(t)
			c.send(upgrade + "x")
			c.read("GET")
			c.br.ReadByte()
			c.SetLinger(0)
			c.Close()
			await(t, "outcome", sv.outcomes)
			sv.endsFor(t, serve.CloseReset)
		})
	})
}

// Either side of a tunnel may close its direction and go on with the other.
func TestATunnelHalfClosedByTheServer(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		got := make(chan string, 1)
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.Go(func(x *Exchange) {
				tunnel, err := x.Upgrade(bare101)
				if err != nil {
					t.Error(err)
					return
				}
				defer tunnel.Close()
				io.WriteString(tunnel, big)
				tunnel.CloseWrite()
				if _, err := tunnel.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
					t.Errorf("writing after CloseWrite: %v", err)
				}
				b, err := io.ReadAll(tunnel)
				if err != nil {
					t.Error(err)
				}
				got <- string(b)
			})
		})
		c := sv.dial(t)
		c.send(get("/", "Connection: Upgrade", "Upgrade: x"))
		if a, err := c.read("GET"); err != nil || a.StatusCode != 101 || a.Header.Get("Connection") != "Upgrade" {
			t.Fatal(a.Response, err)
		}
		if b, err := io.ReadAll(c.br); string(b) != big || err != nil {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		c.send(big) // after the server's end
		c.CloseWrite()
		if s := await(t, "what was sent after the server's end", got); s != big {
			t.Errorf("%d bytes of %d", len(s), len(big))
		}
		sv.endsFor(t, CloseTunnel)
	})
}

func TestDeadlinesOfAResponseController(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		errs := make(chan error, 1)
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			rc := http.NewResponseController(w)
			if err := rc.EnableFullDuplex(); err != nil {
				t.Error(err)
			}
			switch r.URL.Path {
			case "/read":
				rc.SetReadDeadline(time.Now().Add(time.Millisecond))
				_, err := io.ReadAll(r.Body)
				errs <- err
				rc.SetReadDeadline(time.Time{})
				io.ReadFull(r.Body, make([]byte, 5))
				io.WriteString(w, "late")
			case "/write":
				rc.SetWriteDeadline(time.Now().Add(time.Millisecond))
				var err error
				for err == nil {
					_, err = io.WriteString(w, big)
				}
				errs <- err
				panic(http.ErrAbortHandler)
			}
		})
		c := sv.dial(t)
		c.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
		if err := await(t, "error", errs); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		c.send("hello")
		c.expect(200, "late")
		c.send(get("/write"))
		if err := await(t, "error", errs); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		c.breaks()
	})
}

// A handler that does not read its request's body holds up the client: what is received and not read stays within the
// exchange's credit and the connection's buffers.
func TestAHandlerThatDoesNotReadStopsTheClient(t *testing.T) {
	concurrentOnKernel(t, func(t *testing.T, arch string) {
		t.Parallel()
		const credit = 64 << 10
		net := new(observed)
		var total int
		read := make(chan struct{})
		sv := start(t, arch, Settings{InputBytes: credit}, Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-read
			n, err := io.Copy(io.Discard, r.Body)
			if n != int64(total) || err != nil {
				t.Errorf("%d bytes of %d, %v", n, total, err)
			}
		})).Serve, func(o *Options) { o.Network = net })
		c := sv.dial(t)
		c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
		piece := big[:1<<20]
		var rest string
		for {
			c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
			wire := "100000\r\n" + piece + "\r\n"
			n, err := io.WriteString(c, wire)
			total += len(piece)
			if err != nil {
				rest = wire[n:]
				break
			}
			if total > 100<<20 {
				t.Fatal("the client was never stopped")
			}
		}
		if n := net.received.Load(); n > credit+3*64<<10 {
			t.Errorf("%d bytes were read with a credit of %d", n, credit)
		}
		close(read)
		c.SetWriteDeadline(time.Now().Add(patience))
		c.send(rest + "0\r\n\r\n")
		c.expect(200, "")
	})
}

// A client that does not read holds up the handler within the exchange's window.
func TestAClientThatDoesNotReadStopsTheHandler(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		t.Parallel()
		written := make(chan int, 1<<16)
		sv := startHTTP(t, arch, Settings{OutputBytes: 32 << 10}, func(w http.ResponseWriter, r *http.Request) {
			for range 256 {
				n, err := w.Write(bigBytes[:64<<10])
				if err != nil {
					t.Error(err)
					return
				}
				written <- n
			}
		})
		c := sv.dial(t)
		c.SetReadBuffer(64 << 10)
		c.send(get("/"))
		total, quiet := 0, false
		for !quiet {
			select {
			case n := <-written:
				total += n
			case <-time.After(500 * time.Millisecond):
				quiet = true
			}
		}
		if total > 12<<20 {
			t.Errorf("%d bytes were written without a reader", total)
		}
		c.SetReadBuffer(4 << 20)
		a, err := c.read("GET")
		if len(a.body) != 16<<20 || err != nil {
			t.Errorf("%d bytes, %v", len(a.body), err)
		}
	})
}

// stream is a reader of n random bytes, always the same for a seed.
func stream(seed uint64, n int64) io.Reader {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	return io.LimitReader(rand.NewChaCha8(key), n)
}

func sum(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return fmt.Sprintf("%x", h.Sum(nil)), n, err
}

// upDown takes a body and answers with its checksum, or gives one whose checksum is in the trailer.
func upDown(w http.ResponseWriter, r *http.Request) {
	if r.Method == "POST" {
		s, n, err := sum(r.Body)
		fmt.Fprintf(w, "%s %d %v", s, n, err)
		return
	}
	w.Header().Set("Trailer", "Sum")
	var h hash.Hash = sha256.New()
	io.Copy(io.MultiWriter(w, h), stream(2, transfer))
	w.Header().Set("Sum", fmt.Sprintf("%x", h.Sum(nil)))
}

func TestLargeBodiesComeThroughAsTheyAre(t *testing.T) {
	want, _, _ := sum(stream(1, transfer))
	for _, arch := range []string{serve.EventsPerCore, serve.Threads, ownStack + serve.EventsPerCore, ownStack + serve.Threads} {
		t.Run(arch, func(t *testing.T) {
			sv := startHTTP(t, arch, Settings{}, upDown)
			client := &http.Client{Transport: sv.transport()}
			defer client.CloseIdleConnections()
			for _, length := range []int64{transfer, -1} {
				r, _ := http.NewRequest("POST", "http://"+sv.addr, struct{ io.Reader }{stream(1, transfer)})
				r.ContentLength = length
				answer, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				if w := fmt.Sprintf("%s %d <nil>", want, transfer); string(b) != w {
					t.Errorf("length %d: %s, want %s", length, b, w)
				}
			}
			answer, err := client.Get("http://" + sv.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if s, n, err := sum(answer.Body); n != transfer || err != nil || s != answer.Trailer.Get("Sum") {
				t.Errorf("%d bytes, %v, %s, the trailer says %s", n, err, s, answer.Trailer.Get("Sum"))
			}
		})
	}
}

// Many clients with many kinds of requests at once each get their own answers.
func TestManyClientsAtOnce(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			if r.URL.Query().Has("flush") {
				w.(http.Flusher).Flush()
			}
			w.Write(append([]byte(r.URL.RawQuery+" "), body...))
		})
		client := &http.Client{Transport: sv.transport(), Timeout: patience}
		defer client.CloseIdleConnections()
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				for j := range 30 {
					query := fmt.Sprintf("%d.%d", i, j)
					if j%3 == 0 {
						query += "&flush"
					}
					body := strings.Repeat(query, (i*j)%700)
					answer, err := client.Post("http://"+sv.addr+"/?"+query, "text/plain", strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(answer.Body)
					answer.Body.Close()
					if string(got) != query+" "+body || err != nil {
						t.Errorf("%d bytes of %d, %v", len(got), len(query)+1+len(body), err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// httputil.ReverseProxy is a demanding handler: it streams both ways, upgrades, and its body outlives it.
func TestAReverseProxyAsAHandler(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		gone := make(chan struct{}, 1)
		origin := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/echo":
				w.Header().Set("Trailer", "Sum")
				b, _ := io.ReadAll(r.Body)
				w.Write(b)
				w.Header().Set("Sum", "7")
			case "/early":
				w.WriteHeader(http.StatusForbidden) // without reading
			case "/wait":
				w.(http.Flusher).Flush()
				for { // a client that has gone is noticed by who writes to it
					if _, err := io.WriteString(w, big[:100_000]); err != nil {
						gone <- struct{}{}
						return
					}
				}
			case "/upgrade":
				c, rw, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
				rw.Flush()
				line, _ := rw.ReadString('\n')
				rw.WriteString(line)
				rw.Flush()
			}
		})
		u, _ := url.Parse("http://" + origin.addr)
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }, ErrorLog: quiet, FlushInterval: -1,
			Transport: origin.transport()}
		front := startHTTP(t, arch, Settings{}, proxy.ServeHTTP)

		t.Run("a body both ways with trailers", func(t *testing.T) {
			c := front.dial(t)
			c.send("POST /echo HTTP/1.1\r\nHost: h\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
			for range 20 {
				c.send("186A0\r\n" + big[:100_000] + "\r\n")
			}
			c.send("0\r\nSum: 7\r\n\r\n")
			a := c.expect(200, strings.Repeat(big[:100_000], 20))
			if a.Trailer.Get("Sum") != "7" {
				t.Errorf("trailer %v", a.Trailer)
			}
		})
		t.Run("an answer before the body has come, again and again", func(t *testing.T) {
			for range 20 {
				c := front.dial(t)
				c.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + big[:100_000])
				a, err := c.read("POST")
				if err != nil || a.StatusCode != 403 && a.StatusCode != 502 { // the transport may lose the race
					t.Fatal(a.Response, err)
				}
				c.Close()
				// Another request must not meet what is left of that one.
				c = front.dial(t)
				c.send(post("/echo", "mine"))
				c.expect(200, "mine")
				c.Close()
			}
		})
		t.Run("an upgrade", func(t *testing.T) {
			c := front.dial(t)
			c.send(get("/upgrade", "Connection: Upgrade", "Upgrade: echo"))
			if a, err := c.read("GET"); err != nil || a.StatusCode != 101 {
				t.Fatal(a.Response, err)
			}
			c.send("hello\n")
			if line, err := c.br.ReadString('\n'); line != "hello\n" {
				t.Errorf("%q, %v", line, err)
			}
		})
		t.Run("a client that goes away", func(t *testing.T) {
			c := front.dial(t)
			c.send(get("/wait"))
			if _, err := http.ReadResponse(c.br, nil); err != nil {
				t.Fatal(err)
			}
			c.SetLinger(0)
			c.Close()
			await(t, "end of the origin's handler", gone)
		})
	})
}

// A request's context ends when its handler has returned, as code that passes it on relies on.
func TestTheContextEndsWithTheHandler(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		contexts := make(chan context.Context, 1)
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Err() != nil {
				t.Error("it has ended before")
			}
			contexts <- r.Context()
		})
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "")
		ctx := await(t, "context", contexts)
		select {
		case <-ctx.Done():
		case <-time.After(patience):
			t.Error("it does not end")
		}
	})
}
