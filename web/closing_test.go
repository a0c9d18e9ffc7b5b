package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// bare200 is a head without fields.
var bare200 = message.NewBlock(200, nil)

// bare101 leaves HTTP.
var bare101 = func() *message.Block {
	h := new(message.Header)
	h.Add("Upgrade", "x")
	return message.NewBlock(101, h)
}()

// sized200 announces a body's length.
func sized200(n int) *message.Block {
	h := new(message.Header)
	h.Add("Content-Length", strconv.Itoa(n))
	return message.NewBlock(200, h)
}

// streamed makes an exchange's response an io.Writer.
type streamed struct{ x *Exchange }

func (s streamed) Write(p []byte) (int, error) { return s.x.Write(p) }

// counted answers with the length of the request's body.
func counted(x *Exchange) {
	n, err := io.Copy(io.Discard, x.Body())
	if err == nil {
		respond(x, 200, strconv.FormatInt(n, 10))
	}
}

// A client may close its direction as soon as it has sent its request: the response is still sent whole.
func TestAHalfClosedClientGetsItsResponse(t *testing.T) {
	for name, tc := range map[string]struct {
		request string
		f       func(x *Exchange)
		body    string
	}{
		"at once":             {get("/"), numbered, "/"},
		"a large one":         {get("/"), func(x *Exchange) { respond(x, 200, big) }, big},
		"a streamed one":      {get("/"), func(x *Exchange) { x.Go(streamBig) }, big},
		"with a request body": {post("/", big), func(x *Exchange) { x.Go(counted) }, strconv.Itoa(len(big))},
		"with an unread body": {post("/", "unread"), numbered, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, tc.f)
				c := sv.dial(t)
				go func() {
					io.WriteString(c, tc.request)
					c.CloseWrite()
				}()
				c.expect(200, tc.body)
				c.ends()
				if o := await(t, "outcome", sv.outcomes); o.Failure != nil {
					t.Error(o)
				}
				if why := await(t, "end", sv.ended); why != CloseHalf && why != CloseClient { // whichever came first
					t.Error(why)
				}
			})
		})
	}
	t.Run("a late one", func(t *testing.T) {
		eachArchitecture(t, func(t *testing.T, arch string) {
			sv := start(t, arch, Settings{}, func(x *Exchange) {
				x.Go(func(x *Exchange) {
					<-x.Context().Done() // the client has probably gone; one that has not still gets its answer
					respond(x, 200, "late")
				})
			})
			c := sv.dial(t)
			c.send(get("/"))
			c.CloseWrite()
			c.expect(200, "late")
			c.ends()
			sv.endsFor(t, CloseHalf)
		})
	})
	t.Run("two pipelined", func(t *testing.T) {
		eachArchitecture(t, func(t *testing.T, arch string) {
			sv := start(t, arch, Settings{}, func(x *Exchange) { x.Go(numbered) })
			c := sv.dial(t)
			c.send(get("/1") + get("/2"))
			c.CloseWrite()
			c.expect(200, "/1")
			c.expect(200, "/2")
			c.ends()
		})
	})
}

func streamBig(x *Exchange) {
	x.Stream(bare200, -1)
	io.Copy(streamed{x}, strings.NewReader(big))
}

func TestAClientThatEndsEarly(t *testing.T) {
	half := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello"
	for name, tc := range map[string]struct {
		send string
		f    func(x *Exchange)
		want int // the last answer's status; 0: none
		why  *trace.Reason
	}{
		"without a request":                       {"", numbered, 0, CloseUnused},
		"after an empty line":                     {"\r\n", numbered, 0, HeaderCut},
		"within a head":                           {"GET / HTTP/1.1\r\nHo", numbered, 0, HeaderCut},
		"within a second head":                    {get("/") + "G", numbered, 200, HeaderCut},
		"within a body that a handler reads":      {half, func(x *Exchange) { x.Go(counted) }, 400, BodyCut},
		"within a body that nobody reads":         {half, numbered, 200, BodyCut},
		"within a chunk":                          {chunk + "5\r\nhel", func(x *Exchange) { x.Go(counted) }, 400, BodyCut},
		"before the last chunk":                   {chunk + "5\r\nhello\r\n", func(x *Exchange) { x.Go(counted) }, 400, BodyCut},
		"within a trailer section":                {chunk + "0\r\nA: b\r\n", func(x *Exchange) { x.Go(counted) }, 400, BodyCut},
		"within a body whose response has begun":  {half, readWhileStreaming, 200, BodyCut},
		"within a body that no handler waits for": {half, func(x *Exchange) { x.Go(numbered) }, 200, BodyCut},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, tc.f)
				c := sv.dial(t)
				c.send(tc.send)
				c.CloseWrite()
				if tc.want != 0 {
					a, err := c.read("GET")
					if err != nil || a.StatusCode != tc.want {
						t.Fatalf("%v, want %d: %v", a.Response, tc.want, err)
					}
				}
				c.ends()
				sv.endsFor(t, tc.why)
			})
		})
	}
}

func TestAClientThatEndsAfterItsResponse(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, numbered)
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(200, "/")
		c.CloseWrite()
		c.ends()
		sv.endsFor(t, CloseClient)
	})
}

// readWhileStreaming begins its response before it has read the request.
func readWhileStreaming(x *Exchange) {
	x.Go(func(x *Exchange) {
		x.Stream(bare200, -1)
		x.Write([]byte("begun"))
		x.Flush()
		io.Copy(io.Discard, x.Body())
	})
}

// A refusal of a body that is still being sent must reach the client: no reset may destroy it (RFC 9112 §9.6).
func TestAClientThatStillSendsReadsItsAnswerWhole(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		long := strings.Repeat("too large ", 10_000)
		sv := start(t, arch, Settings{BodyBytes: 1000}, func(x *Exchange) { respond(x, x.Refused.Status, long) })
		c := sv.dial(t)
		c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n")
		for range 8 {
			c.send(big[:1_000_000])
		}
		c.expect(413, long)
		c.ends()
		c.Close()
		if why := await(t, "end", sv.ended); why.ID != "http1.body.too-large" {
			t.Error(why)
		}
	})
}

func TestAClientThatSendsWithoutEndIsCutOff(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{BodyBytes: 1000}, refusalOnly)
		c := sv.dial(t)
		c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 800000000\r\n\r\n")
		sent := 0
		for {
			n, err := io.WriteString(c, big[:1<<20])
			if sent += n; err != nil {
				break
			}
			if sent > 100<<20 {
				t.Fatal("100 MiB were read of a body that was refused")
			}
		}
		sv.endsFor(t, serve.CloseLingered)
	})
}

func refusalOnly(x *Exchange) { refusal(x) }

// A body that nobody reads is skipped when that is cheaper than a new connection; otherwise the connection ends, and
// the answer that was given is still read.
func TestAnUnwantedBody(t *testing.T) {
	for name, tc := range map[string]struct {
		fields string
		body   string
		keep   bool
		why    string
	}{
		"is skipped when it is short":                  {"Content-Length: 100000", big[:100_000], true, keep},
		"is refused when it is announced as too large": {"Content-Length: 5000000", big[:5_000_000], false, "http1.close.unread"},
		"is given up when it turns out to be":          {"Transfer-Encoding: chunked", "F4240\r\n" + big[:1_000_000] + "\r\n", false, BodyUnwanted.ID},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, numbered)
				c := sv.dial(t)
				c.send("POST / HTTP/1.1\r\nHost: h\r\n" + tc.fields + "\r\n\r\n" + tc.body)
				c.expect(200, "/")
				if o := await(t, "outcome", sv.outcomes); o.Keep != tc.keep || o.Ending.ID != tc.why || o.Failure != nil {
					t.Error(o)
				}
				if tc.keep {
					c.send(get("/again"))
					c.expect(200, "/again")
					return
				}
				c.ends()
				c.Close()
				if why := await(t, "end", sv.ended); why.ID != tc.why {
					t.Error(why)
				}
			})
		})
	}
}

// A response that does not come out as announced must not look like one that does: the client gets a reset, or no
// last chunk (RFC 9112 §8).
func TestAResponseThatIsCutIsNoSuccess(t *testing.T) {
	for name, tc := range map[string]struct {
		minor int
		f     func(x *Exchange)
		why   *trace.Reason
	}{
		"shorter than announced": {1, func(x *Exchange) { x.Stream(sized200(10), 10); x.Write([]byte("hello")); x.Flush() }, BodyShort},
		"empty but announced":    {1, func(x *Exchange) { x.Stream(sized200(10), 10) }, BodyShort},
		"longer than announced":  {1, func(x *Exchange) { x.Stream(sized200(3), 3); x.Write([]byte("hello")) }, BodyLong},
		"longer and flushed": {1, func(x *Exchange) {
			x.Stream(sized200(3), 3)
			x.Write([]byte("hel"))
			x.Flush()
			x.Write([]byte("lo"))
		}, BodyLong},
		"aborted within chunks":                         {1, func(x *Exchange) { x.Stream(bare200, -1); x.Write([]byte("hello")); x.Flush(); x.Abort() }, HandlerAborted},
		"aborted and delimited by the connection's end": {0, func(x *Exchange) { x.Stream(bare200, -1); x.Write([]byte("hello")); x.Flush(); x.Abort() }, HandlerAborted},
		"a panic within chunks":                         {1, func(x *Exchange) { x.Stream(bare200, -1); x.Write(bigBytes); panic("oh") }, HandlerPanic},
		"a panic, delimited by the connection's end":    {0, func(x *Exchange) { x.Stream(bare200, -1); x.Write(bigBytes); panic("oh") }, HandlerPanic},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, func(x *Exchange) { x.Go(tc.f) })
				c := sv.dial(t)
				c.send("GET / HTTP/1." + strconv.Itoa(tc.minor) + "\r\nHost: h\r\n\r\n")
				r, err := http.ReadResponse(c.br, &http.Request{Method: "GET"})
				if err == nil {
					_, err = io.Copy(io.Discard, r.Body)
				}
				// What was announced and flushed is whole for a client that reads it before the reset overtakes it.
				if err == nil && name != "longer and flushed" {
					t.Error("the client took it for a whole response")
				}
				if o := await(t, "outcome", sv.outcomes); o.Failure != tc.why || o.Keep {
					t.Error(o)
				}
				sv.endsFor(t, tc.why)
			})
		})
	}
}

func TestAPanicBeforeTheResponseIs500AndEndsTheConnection(t *testing.T) {
	for name, f := range map[string]func(x *Exchange){
		"off the loop": func(x *Exchange) { x.Go(func(x *Exchange) { panic("oh") }) },
		"on the loop":  func(x *Exchange) { panic("oh") },
		"after pieces": func(x *Exchange) { x.Go(func(x *Exchange) { x.AddBytes([]byte("piece"), nil); panic("oh") }) },
		"after Stream": func(x *Exchange) {
			x.Go(func(x *Exchange) { x.Stream(bare200, -1); x.Write([]byte("unsent")); panic("oh") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, func(x *Exchange) {
					if string(x.Request.RawTarget()) == "/panic" {
						f(x)
						return
					}
					numbered(x)
				})
				other := sv.dial(t)
				if !single(arch) {
					other.send(get("/"))
					other.expect(200, "/")
				} else {
					other.Close()
				}
				c := sv.dial(t)
				c.send(get("/panic") + get("/next"))
				if a := c.expect(500, ""); !a.Close {
					t.Error("the connection was said to go on")
				}
				c.ends()
				if err := await(t, "failure", sv.failures); !strings.Contains(err.Error(), "oh") || !strings.Contains(err.Error(), "closing_test.go") {
					t.Errorf("reported as %v", err)
				}
				if !single(arch) { // nobody else is concerned
					other.send(get("/"))
					other.expect(200, "/")
				}
			})
		})
	}
}

func TestAHandlerWithoutAnAnswerIs500(t *testing.T) {
	for name, f := range map[string]func(x *Exchange){
		"off the loop": func(x *Exchange) { x.Go(func(x *Exchange) {}) },
		"on the loop":  func(x *Exchange) {},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				sv := start(t, arch, Settings{}, f)
				c := sv.dial(t)
				c.send(get("/"))
				c.expect(500, "")
				if o := await(t, "outcome", sv.outcomes); o.Failure != HandlerSilent || o.because[0] != HandlerSilent.ID {
					t.Error(o)
				}
				c.ends()
			})
		})
	}
}

// The client's reset ends the handler's context, and fails its reading and writing.
func TestAResetReachesTheHandler(t *testing.T) {
	errs := make(chan error, 10)
	for name, tc := range map[string]struct {
		request string
		f       func(x *Exchange, begun chan<- struct{})
	}{
		"that waits for its context": {get("/"), func(x *Exchange, begun chan<- struct{}) {
			ctx := x.Context()
			begun <- struct{}{}
			<-ctx.Done()
			errs <- context.Cause(ctx)
		}},
		"that reads": {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello", func(x *Exchange, begun chan<- struct{}) {
			io.ReadFull(x.Body(), make([]byte, 5))
			begun <- struct{}{}
			_, err := x.Body().Read(make([]byte, 5))
			errs <- err
		}},
		"that writes": {get("/"), func(x *Exchange, begun chan<- struct{}) {
			x.Stream(bare200, -1)
			begun <- struct{}{}
			for {
				if _, err := x.Write(bigBytes); err != nil {
					errs <- err
					return
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			eachArchitecture(t, func(t *testing.T, arch string) {
				begun := make(chan struct{}, 1)
				sv := start(t, arch, Settings{}, func(x *Exchange) { x.Go(func(x *Exchange) { tc.f(x, begun) }) })
				c := sv.dial(t)
				c.send(tc.request)
				await(t, "begin of the handler", begun)
				c.SetLinger(0)
				c.Close()
				var gone *exchange.GoneError
				if err := await(t, "end of the handler", errs); !errors.As(err, &gone) || gone.Reason != serve.CloseReset {
					t.Error(err)
				}
				if o := await(t, "outcome", sv.outcomes); o.Failure != serve.CloseReset || o.Keep || o.Status != 499 && o.Status != 200 {
					t.Error(o)
				}
				sv.endsFor(t, serve.CloseReset)
			})
		})
	}
}

// A response to a client that goes away in the middle is given up, and everything it held is given back once.
func TestPiecesAreReleasedOnce(t *testing.T) {
	file := bigFile(t)
	for name, tc := range map[string]struct {
		method string
		leave  bool
		f      func(x *Exchange, r *released)
		pieces int
	}{
		"sent": {"GET", false, func(x *Exchange, r *released) {
			x.AddBytes([]byte("a"), r)
			x.AddBytes(bigBytes, r)
			x.Respond(sized200(1 + len(big)))
		}, 2},
		"not sent for HEAD": {"HEAD", false, func(x *Exchange, r *released) {
			x.AddBytes(bigBytes, r)
			x.AddFile(file, 0, file.Size, r)
			x.Respond(sized200(2 * len(big)))
		}, 2},
		"not sent for 304": {"GET", false, func(x *Exchange, r *released) { x.AddBytes(bigBytes, r); x.Respond(message.NewBlock(304, nil)) }, 1},
		"a file":           {"GET", false, func(x *Exchange, r *released) { x.AddFile(file, 0, file.Size, r); x.Respond(sized200(int(file.Size))) }, 1},
		"a file and more": {"GET", false, func(x *Exchange, r *released) {
			x.AddFile(file, 10, 100, r)
			x.AddBytes(bigBytes, r)
			x.AddFile(file, 5, 0, r)
			x.Respond(sized200(100 + len(big)))
		}, 3},
		"given up with the client": {"GET", true, func(x *Exchange, r *released) {
			x.AddBytes(bigBytes, r)
			x.AddFile(file, 0, file.Size, r)
			x.AddBytes([]byte("z"), r)
			x.Respond(sized200(2*len(big) + 1))
		}, 3},
		"of no answer": {"GET", false, func(x *Exchange, r *released) { x.AddBytes(bigBytes, r) }, 1},
		"of a panic":   {"GET", false, func(x *Exchange, r *released) { x.AddBytes(bigBytes, r); panic("oh") }, 1},
	} {
		for _, off := range []bool{false, true} {
			t.Run(name+", off the loop "+strconv.FormatBool(off), func(t *testing.T) {
				eachArchitecture(t, func(t *testing.T, arch string) {
					var r released
					sv := start(t, arch, Settings{}, func(x *Exchange) {
						if off {
							x.Go(func(x *Exchange) { tc.f(x, &r) })
						} else {
							tc.f(x, &r)
						}
					})
					c := sv.dial(t)
					c.send(tc.method + strings.TrimPrefix(get("/"), "GET"))
					if tc.leave {
						io.ReadFull(c.br, make([]byte, 100))
						c.SetLinger(0)
					} else if _, err := c.read(tc.method); err != nil {
						t.Error(err)
					}
					c.Close()
					await(t, "outcome", sv.outcomes)
					await(t, "end", sv.ended)
					if n := r.count(); n != tc.pieces {
						t.Errorf("%d releases of %d pieces", n, tc.pieces)
					}
				})
			})
		}
	}
}

// bigFile is a file with big's bytes.
func bigFile(t *testing.T) *socket.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(name, bigBytes, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &socket.File{F: f, FD: int(f.Fd()), Size: int64(len(big))}
}

func TestAFileIsSentAsItIs(t *testing.T) {
	file := bigFile(t)
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.AddBytes([]byte("<"), nil)
			x.AddFile(file, 3, 6_000_000, nil)
			x.AddBytes([]byte(">"), nil)
			x.Respond(sized200(6_000_002))
		})
		c := sv.dial(t)
		c.send(get("/") + get("/"))
		for range 2 {
			c.expect(200, "<"+big[3:6_000_003]+">")
		}
	})
}

// A file that becomes shorter while it is sent cannot be sent as announced: the client must notice.
func TestAFileThatShrinksEndsTheConnectionAsAnError(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		file := bigFile(t)
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			x.AddFile(file, 0, file.Size, nil)
			x.Respond(sized200(int(file.Size)))
		})
		c := sv.dial(t)
		c.SetReadBuffer(16 << 10)
		c.send(get("/"))
		io.ReadFull(c.br, make([]byte, 1000))
		if err := file.F.Truncate(file.Size / 2); err != nil {
			t.Fatal(err)
		}
		c.breaks()
		if o := await(t, "outcome", sv.outcomes); o.Failure != serve.CloseFileShrank {
			t.Error(o)
		}
		sv.endsFor(t, serve.CloseFileShrank)
	})
}
