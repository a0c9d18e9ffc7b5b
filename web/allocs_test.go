package web

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// The whole way of a hot request allocates nothing: read, parse, Serve, respond, write, wait for the next.
func TestAHotRequestAllocatesNothing(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools forget, so that they allocate anew; the test without it holds the promise")
	}
	block, body := text(200, strings.Repeat("x", 1024), "Content-Type", "text/html", "ETag", `"x"`)
	same, _ := text(304, "", "ETag", `"x"`)
	browser := []string{
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
		"Accept-Language: en-GB,en;q=0.7,de;q=0.3", "Accept-Encoding: gzip, deflate, br, zstd", "Connection: keep-alive",
		"Cookie: session=0123456789abcdef; theme=dark", `If-None-Match: "5f3b"`,
	}
	for name, request := range map[string]string{
		"small":              get("/1k.html"),
		"HEAD":               "HEAD" + strings.TrimPrefix(get("/1k.html"), "GET"),
		"a browser's":        get("/a%20b/../1k.html?x=y", browser...),
		"HTTP/1.0, kept":     "GET /1k.html HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"304":                get("/same"),
		"with a body":        post("/1k.html", "a body that nobody reads"),
		"sixteen pipelined":  strings.Repeat(get("/1k.html"), 16),
		"in two pieces":      get("/1k.html", "A: "+strings.Repeat("a", 3000)),
		"with chunks":        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"more than the copy": get("/100k"),
	} {
		t.Run(name, func(t *testing.T) {
			onKernel(t, func(t *testing.T, arch string) {
				hundred, hundredBody := text(200, strings.Repeat("x", 100<<10))
				sv := start(t, arch, Settings{ConnectionsPerClient: 100, Connections: 100, KeepAliveTimeout: patience, HeaderTimeout: patience},
					func(x *Exchange) {
						switch string(x.Request.Path()) {
						case "/same":
							x.Respond(same)
						case "/100k":
							x.AddBytes(hundredBody, nil)
							x.Respond(hundred)
						default:
							x.AddBytes(body, nil)
							x.Respond(block)
						}
					})
				sv.SetHandler(silent{sv.now.Load().handler}, nil) // outcomes allocate
				c := sv.dial(t)
				c.send(request)
				buf := make([]byte, 1<<20)
				method, answers := "GET", 1
				if name == "HEAD" {
					method = name
				}
				if name == "sixteen pipelined" {
					answers = 16
				}
				size := answerSize(t, c, buf, method, answers)
				b := []byte(request)
				once := func() {
					half := len(b)
					if name == "in two pieces" {
						half /= 2
					}
					c.Write(b[:half])
					if half < len(b) {
						c.Write(b[half:])
					}
					if _, err := io.ReadFull(c, buf[:size]); err != nil {
						t.Fatal(err)
					}
				}
				allocatesNothing(t, once)
			})
		})
	}
}

// allocatesNothing has something done often enough to know whether it allocates, in whatever goroutine.
func allocatesNothing(t *testing.T, once func()) {
	t.Helper()
	for range 200 {
		once()
	}
	const n = 1000
	best := ^uint64(0)
	// Another goroutine's allocations are not the request's: the best of some rounds is.
	for round := 0; round < 5 && best > n/100; round++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			once()
		}
		runtime.ReadMemStats(&after)
		best = min(best, after.Mallocs-before.Mallocs)
	}
	if best > n/100 {
		t.Errorf("%d allocations in %d rounds", best, n)
	}
}

// silent is a handler without an outcome's report.
type silent struct{ Handler }

func (silent) Finish(*Exchange) {}

// answerSize reads the answers to the first requests and says how many bytes they are.
func answerSize(t *testing.T, c *client, buf []byte, method string, answers int) int {
	t.Helper()
	n := 0
	for {
		m, err := c.conn.Read(buf[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
		br := bufio.NewReader(bytes.NewReader(buf[:n]))
		whole := 0
		for r, err := http.ReadResponse(br, &http.Request{Method: method}); err == nil; r, err = http.ReadResponse(br, &http.Request{Method: method}) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				break
			}
			whole++
		}
		if whole == answers {
			return n
		}
	}
}
