package stack_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// serveHTTP runs an unmodified net/http server on a stack and gives its address.
func serveHTTP(tb testing.TB, s *stack.Stack, address string, h http.Handler) string {
	tb.Helper()
	l, err := s.ListenTCP(address)
	if err != nil {
		tb.Fatal(err)
	}
	server := &http.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			tb.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			tb.Error(err)
		}
	})
	return l.Addr().String()
}

func httpClient(tb testing.TB, s *stack.Stack) *http.Client {
	t := &http.Transport{DialContext: s.Dial, MaxIdleConnsPerHost: 100}
	tb.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t, Timeout: time.Minute}
}

// net/http knows nothing of the stack, on either side, with either version of IP.
func TestHTTPOnBothEnds(t *testing.T) {
	payload := make([]byte, 3<<20)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(payload)
	sum := fmt.Sprintf("%x", sha256.Sum256(payload))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, _ *http.Request) { w.Write(payload) })
	mux.HandleFunc("POST /sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		io.Copy(h, r.Body)
		fmt.Fprintf(w, "%x", h.Sum(nil))
	})
	for _, address := range []string{"198.18.0.2:80", "[fd00:198:18::2]:80"} {
		t.Run(address, func(t *testing.T) {
			a, b := twoHosts(t, link.WireOptions{})
			client := httpClient(t, a)
			base := "http://" + serveHTTP(t, b, address, mux)
			res, err := client.Get(base + "/big")
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			io.Copy(h, res.Body)
			res.Body.Close()
			if got := fmt.Sprintf("%x", h.Sum(nil)); got != sum {
				t.Error("what was downloaded differs")
			}
			res, err = client.Post(base+"/sum", "application/octet-stream", strings.NewReader(string(payload)))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if string(got) != sum {
				t.Error("what was uploaded differs")
			}
		})
	}
}

// Many clients at once, on one shard and on several, with connections kept and not.
func TestHTTPWithManyClients(t *testing.T) {
	for _, queues := range []int{1, 2} {
		t.Run(fmt.Sprint(queues, " queues"), func(t *testing.T) {
			a, b := twoHosts(t, link.WireOptions{Queues: queues})
			base := "http://" + serveHTTP(t, b, ":80", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, r.URL.Query().Get("n"))
			}))
			base = strings.Replace(base, "[::]", "198.18.0.2", 1)
			client := httpClient(t, a)
			var all sync.WaitGroup
			for c := range 50 {
				all.Go(func() {
					for i := range 40 {
						n := fmt.Sprint(c*1000 + i)
						req, _ := http.NewRequestWithContext(t.Context(), "GET", base+"/?n="+n, nil)
						req.Close = i%10 == 9
						res, err := client.Do(req)
						if err != nil {
							t.Errorf("client %d, request %d: %v", c, i, err)
							return
						}
						got, err := io.ReadAll(res.Body)
						res.Body.Close()
						if string(got) != n || err != nil {
							t.Errorf("client %d, request %d: %q, %v", c, i, got, err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
