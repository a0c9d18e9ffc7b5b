package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake is a client of a server that answers as the handler does.
func fake(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "1.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return Dial(path)
}

func TestTheAPIsAnswersAndItsErrors(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/good":
			io.WriteString(w, `{"a":1}`)
		case "/api/gone":
			w.WriteHeader(404)
			io.WriteString(w, `{"error":"it is gone","hint":"record more"}`)
		case "/api/broken":
			w.WriteHeader(500)
			io.WriteString(w, "a word\n")
		default:
			http.NotFound(w, r)
		}
	})
	ctx := context.Background()
	var got struct{ A int }
	if err := c.Ask(ctx, "/api/good", &got); err != nil || got.A != 1 {
		t.Errorf("%v, %+v", err, got)
	}
	var said *AnswerError
	if err := c.Ask(ctx, "/api/gone", &got); !errors.As(err, &said) || said.What != "it is gone" || said.Hint != "record more" || said.Status != 404 || err.Error() != "it is gone" {
		t.Errorf("%v", err)
	}
	if err := c.Ask(ctx, "/api/broken", &got); !errors.As(err, &said) || said.What != "a word" || said.Status != 500 {
		t.Errorf("%v", err)
	}
	if err := c.Ask(ctx, "/api/other", &got); !errors.Is(err, ErrOld) {
		t.Errorf("a server without the API: %v", err)
	}
}

func TestAStreamEndsWhenTheServerSaysSo(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, ": heartbeat\n\nevent: journeys\ndata: {}\n\n")
		if r.URL.Path == "/api/end" {
			io.WriteString(w, "event: end\ndata: stopping\n\n")
		}
	})
	n := 0
	count := func(string, []byte) error { n++; return nil }
	if err := c.Stream(context.Background(), "/api/end", count); err != nil || n != 1 {
		t.Errorf("with a word: %v after %d", err, n)
	}
	if err := c.Stream(context.Background(), "/api/cut", count); !errors.Is(err, io.ErrUnexpectedEOF) || n != 2 {
		t.Errorf("without one: %v after %d", err, n)
	}
	enough := errors.New("enough")
	if err := c.Stream(context.Background(), "/api/end", func(string, []byte) error { return enough }); err != enough {
		t.Errorf("when the reader has enough: %v", err)
	}
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "data: x\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	err := c.Stream(ctx, "/api/s", func(string, []byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAClientIsForcedUntilItIsReleased(t *testing.T) {
	asked, over := make(chan string, 1), make(chan struct{})
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.RequestURI()
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(over)
	})
	release, err := c.Force(context.Background(), netip.MustParseAddrPort("[::1]:4711"))
	if err != nil {
		t.Fatal(err)
	}
	if got := <-asked; got != "POST /api/force?client=%5B%3A%3A1%5D%3A4711" {
		t.Errorf("asked %s", got)
	}
	release()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Error("the server was not told")
	}
}

func TestEventsAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct{ stream, want string }{
		{"", ""},
		{"data: a\n\n", "=a;"},
		{"data:a\r\n\r\n", "=a;"},
		{"event: x\ndata: a\ndata: b\n\n:c\n\nevent: y\n\ndata: c\n\n", "x=a\nb;=c;"},
		{"data: never ended", ""},
		{"nonsense\nid: 1\ndata\n\n", "=;"},
	} {
		got := ""
		err := events(strings.NewReader(c.stream), func(event string, data []byte) error {
			got += event + "=" + string(data) + ";"
			return nil
		})
		if got != c.want || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q gives %q, %v", c.stream, got, err)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: journeys\ndata: {}\n\n: heartbeat\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		total := 0
		if err := events(bytes.NewReader(stream), func(_ string, data []byte) error { total += len(data); return nil }); err == nil {
			t.Fatal("it ended with no error")
		}
		if total > len(stream) {
			t.Fatalf("%d bytes of data in %d", total, len(stream))
		}
	})
}
