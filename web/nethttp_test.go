package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// startHTTP makes a server that hosts an http.Handler.
func startHTTP(t *testing.T, arch string, s Settings, h http.HandlerFunc) *served {
	t.Helper()
	inner := Serve(h)
	return start(t, arch, s, inner.Serve)
}

// theirs is net/http's own server with the same handler: what ours is held to.
func theirs(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	s.Config.DisableGeneralOptionsHandler = true
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// exchangeRaw sends bytes on a connection of its own and reads every answer up to the final one.
func exchangeRaw(t *testing.T, addr, method, request string) []answer {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	c := newClient(t, nc)
	c.send(request)
	var all []answer
	for {
		a, err := c.read(method)
		if err != nil {
			a.body = "error after " + a.body
			return append(all, a)
		}
		if all = append(all, a); a.StatusCode >= 200 || a.StatusCode == 101 {
			return all
		}
	}
}

// view is what a client sees of a response, for comparison. Date is left out, and so are fields that only frame.
func (a answer) view() string {
	if a.Response == nil {
		return a.body
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d length %d coding %v close %v\n", a.StatusCode, a.ContentLength, a.TransferEncoding, a.Close)
	for _, name := range slices.Sorted(mapKeys(a.Header)) {
		if name != "Date" && name != "Connection" {
			fmt.Fprintf(&b, "%s: %q\n", name, a.Header[name])
		}
	}
	for _, name := range slices.Sorted(mapKeys(a.Trailer)) {
		fmt.Fprintf(&b, "trailer %s: %q\n", name, a.Trailer[name])
	}
	fmt.Fprintf(&b, "%q\n", abbreviated(a.body))
	return b.String()
}

func mapKeys(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range h {
			if !yield(k) {
				return
			}
		}
	}
}

func TestHandlersAnswerAsOnNetHTTP(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.txt"), []byte(strings.Repeat("text ", 2000)), 0o600)
	os.Mkdir(filepath.Join(dir, "sub"), 0o700)
	os.WriteFile(filepath.Join(dir, "sub", "index.html"), []byte("<p>index"), 0o600)
	files := http.FileServer(http.Dir(dir))
	modified := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

	cases := []struct {
		name string
		h    http.HandlerFunc
	}{
		{"nothing is 200 without a body", func(w http.ResponseWriter, r *http.Request) {}},
		{"a status alone", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }},
		{"an unknown status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(299) }},
		{"the first status counts", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); w.WriteHeader(500) }},
		{"text is recognised", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }},
		{"HTML is recognised", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html><p>hello") }},
		{"HTML in small writes is recognised", func(w http.ResponseWriter, r *http.Request) {
			for _, c := range "<html><p>hello" {
				io.WriteString(w, string(c))
			}
		}},
		{"HTML before a long write is recognised", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "<")
			io.WriteString(w, "html>"+strings.Repeat("x", 9000))
		}},
		{"an image is recognised", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "\x89PNG\x0D\x0A\x1A\x0A"+strings.Repeat("\x00", 9000))
		}},
		{"a type that was set stays", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "x/y")
			io.WriteString(w, "<html>")
		}},
		{"a type that was refused is not guessed", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
		}},
		{"a coded body is not guessed", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "\x1f\x8b")
		}},
		{"a short body gets its length", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 2000)) }},
		{"a long one does not", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("x", 100_000)) }},
		{"a long one in one ReadFrom", func(w http.ResponseWriter, r *http.Request) {
			w.(io.ReaderFrom).ReadFrom(strings.NewReader(strings.Repeat("x", 100_000)))
		}},
		{"io.Copy", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, io.LimitReader(strings.NewReader(big), 100_000))
		}},
		{"a length that was set", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, strings.Repeat("x", 100_000))
		}},
		{"no more than the length is written", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
			if _, err := io.WriteString(w, " world"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		}},
		{"a flushed body has no length", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
			io.WriteString(w, " world")
		}},
		{"flushed before the first byte", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			io.WriteString(w, "hello")
		}},
		{"flushed and empty", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() }},
		{"flushed with a status", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(202)
			http.NewResponseController(w).Flush()
			io.WriteString(w, "hello")
		}},
		{"204", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }},
		{"204 takes no body", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}},
		{"204 announces no length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(204)
		}},
		{"304", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		}},
		{"fields set after the head are not sent", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("A", "before")
			w.WriteHeader(200)
			w.Header().Set("A", "after")
			w.Header().Set("B", "after")
		}},
		{"fields with several values", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("A", "1")
			w.Header().Add("A", "2")
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "d"})
		}},
		{"a value cannot add a line", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("A", "b\r\nEvil: yes") }},
		{"a name cannot either", func(w http.ResponseWriter, r *http.Request) { w.Header()["A: b\r\nEvil"] = []string{"yes"} }},
		{"Early Hints", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Link", "</other.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			io.WriteString(w, "hello")
		}},
		{"trailers that were announced", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "Sum, Other")
			io.WriteString(w, "hello")
			w.Header().Set("Sum", "1")
		}},
		{"trailers behind a long body", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Trailer", "Sum")
			w.Header().Add("Trailer", "Other")
			io.WriteString(w, strings.Repeat("x", 100_000))
			w.Header().Set("Sum", "1")
			w.Header().Set("Other", "2")
		}},
		{"trailers that were not announced", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", 100_000))
			w.Header().Set(http.TrailerPrefix+"Sum", "1")
		}},
		{"trailers behind a short body, not announced", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello")
			w.(http.Flusher).Flush()
			w.Header().Set(http.TrailerPrefix+"Sum", "1")
		}},
		{"http.Error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 403) }},
		{"http.Redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", 302) }},
		{"http.NotFound", http.NotFound},
		{"Connection: close", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "hello")
		}},
		{"a file", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/a.txt"; files.ServeHTTP(w, r) }},
		{"a part of a file", func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = "/a.txt"
			r.Header.Set("Range", "bytes=10-19")
			files.ServeHTTP(w, r)
		}},
		{"an index", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/sub/"; files.ServeHTTP(w, r) }},
		{"a listing", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/"; files.ServeHTTP(w, r) }},
		{"a missing file", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/x"; files.ServeHTTP(w, r) }},
		{"a missing slash", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/sub"; files.ServeHTTP(w, r) }},
		{"http.ServeContent", func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.html", modified, strings.NewReader("<p>content"))
		}},
		{"http.ServeContent, not modified", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("If-Modified-Since", modified.Format(http.TimeFormat))
			http.ServeContent(w, r, "x.html", modified, strings.NewReader("<p>content"))
		}},
		{"http.TimeoutHandler that does not wait", func(w http.ResponseWriter, r *http.Request) {
			http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), time.Millisecond, "late").ServeHTTP(w, r)
		}},
		{"http.TimeoutHandler in time", func(w http.ResponseWriter, r *http.Request) {
			http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "in time") }), patience, "late").ServeHTTP(w, r)
		}},
		{"http.StripPrefix and ServeMux", func(w http.ResponseWriter, r *http.Request) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.PathValue("name")) })
			http.StripPrefix("/a", mux).ServeHTTP(w, r)
		}},
		{"http.ErrAbortHandler before the head", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			reference := theirs(t, tc.h)
			onKernel(t, func(t *testing.T, arch string) {
				sv := startHTTP(t, arch, Settings{}, tc.h)
				for _, method := range []string{"GET", "HEAD"} {
					request := method + strings.TrimPrefix(get("/a/b?c=d"), "GET")
					want, got := exchangeRaw(t, reference, method, request), exchangeRaw(t, sv.addr, method, request)
					for i := range min(len(want), len(got)) {
						if w, g := want[i].view(), got[i].view(); w != g {
							t.Errorf("%s:\n%s\nnet/http:\n%s", method, g, w)
						}
					}
					if len(got) != len(want) {
						t.Errorf("%s: %d responses, %d by net/http", method, len(got), len(want))
					}
				}
			})
		})
	}
}

// What a handler sees of a request is what it sees on net/http.
func TestRequestsLookAsOnNetHTTP(t *testing.T) {
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	m.SetBoundary("boundary")
	m.WriteField("name", "value")
	m.Close()
	requests := map[string]string{
		"plain":          get("/a%20b/c?d=e&f", "X-Y: z", "x-y: w", "User-Agent: me"),
		"absolute":       "GET http://other.example:81/path HTTP/1.1\r\nHost: h\r\n\r\n",
		"asterisk":       "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"double slash":   get("//a//b"),
		"no query":       get("/?"),
		"HTTP/1.0":       "GET / HTTP/1.0\r\n\r\n",
		"HTTP/1.0 kept":  "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"length":         post("/", "hello"),
		"no body":        post("/", ""),
		"chunked":        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"trailers":       "POST / HTTP/1.1\r\nHost: h\r\nTrailer: Sum, Other\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nSum: 1\r\n\r\n",
		"form":           post("/?q=1", "a=b&c=d", "Content-Type: application/x-www-form-urlencoded"),
		"multipart":      post("/", form.String(), "Content-Type: multipart/form-data; boundary=boundary"),
		"cookies":        get("/", "Cookie: a=b; c=d"),
		"authentication": get("/", "Authorization: Basic dTpw"),
		"close":          get("/", "Connection: close"),
		"odd method":     "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
	}
	h := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %d.%d\nURL %q path %q raw %q query %q host %q\nHost %q URI %q length %d coding %v\n", r.Method, r.Proto, r.ProtoMajor,
			r.ProtoMinor, r.URL, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.Host, r.Host, r.RequestURI, r.ContentLength, r.TransferEncoding)
		fmt.Fprintf(w, "trailers announced %q\n", slices.Sorted(mapKeys(r.Trailer)))
		for _, name := range slices.Sorted(mapKeys(r.Header)) {
			fmt.Fprintf(w, "%s: %q\n", name, r.Header[name])
		}
		if _, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); !ok {
			fmt.Fprintf(w, "no local address\n")
		}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || host != "127.0.0.1" {
			fmt.Fprintf(w, "remote address %q\n", r.RemoteAddr)
		}
		if strings.Contains(r.Header.Get("Content-Type"), "form") {
			r.ParseMultipartForm(1 << 20)
			fmt.Fprintf(w, "form %v\n", r.Form)
		}
		user, password, ok := r.BasicAuth()
		fmt.Fprintf(w, "%s %s %v %v\n", user, password, ok, r.Cookies())
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "body %q %v, trailer %q, read again ", body, err, r.Trailer)
		n, err := r.Body.Read(make([]byte, 1))
		fmt.Fprintf(w, "%d %v\n", n, err)
	}
	reference := theirs(t, h)
	onKernel(t, func(t *testing.T, arch string) {
		sv := startHTTP(t, arch, Settings{}, h)
		for name, request := range requests {
			t.Run(name, func(t *testing.T) {
				want, got := exchangeRaw(t, reference, "GET", request), exchangeRaw(t, sv.addr, "GET", request)
				if w, g := want[len(want)-1].body, got[len(got)-1].body; w != g {
					t.Errorf("%s\nnet/http:\n%s", g, w)
				}
			})
		}
	})
}

func TestAPanicOfAnHTTPHandler(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		read := make(chan struct{})
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/before":
				io.WriteString(w, "gathered and not sent")
				panic("before")
			case "/after":
				io.WriteString(w, "sent")
				w.(http.Flusher).Flush()
				<-read
				panic("after")
			case "/abort":
				io.WriteString(w, "sent")
				w.(http.Flusher).Flush()
				<-read
				panic(http.ErrAbortHandler)
			}
		})
		c := sv.dial(t)
		c.send(get("/before"))
		if a := c.expect(500, ""); !a.Close {
			t.Error("the connection was said to go on")
		}
		c.ends()
		c.Close()
		if err := await(t, "failure", sv.failures); !strings.Contains(err.Error(), "before") || !strings.Contains(err.Error(), "nethttp_test.go") {
			t.Error(err)
		}
		for _, path := range []string{"/after", "/abort"} {
			c := sv.dial(t)
			c.send(get(path))
			r, err := http.ReadResponse(c.br, nil)
			if err != nil {
				t.Fatal(err)
			}
			read <- struct{}{}
			if _, err = io.ReadAll(r.Body); err == nil {
				t.Errorf("%s looks like a success", path)
			}
		}
		if err := await(t, "failure", sv.failures); !strings.Contains(err.Error(), "after") {
			t.Error(err)
		}
		select {
		case err := <-sv.failures:
			t.Errorf("http.ErrAbortHandler was reported: %v", err)
		default:
		}
	})
}

func TestMaxBytesReader(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv := startHTTP(t, arch, Settings{}, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10))
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			}
		})
		c := sv.dial(t)
		c.send(post("/", "0123456789"))
		c.expect(200, "")
		c.send(post("/", strings.Repeat("x", 200_000)))
		c.expect(413, "too large\n")
		c.send(post("/", "0123456789")) // the rest was skipped
		c.expect(200, "")
		c.send(post("/", big))
		c.expect(413, "too large\n") // and here it was too much to skip, and yet no reset destroyed the answer
		c.ends()
	})
}
