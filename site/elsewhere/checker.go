package elsewhere

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// CheckOptions are how servers are asked whether they are well.
type CheckOptions struct {
	Path              string // behind each server's URL
	Interval, Timeout time.Duration
	Rise, Fall        int
	// Changed is told when a server is well no more, or again, and what its last answer was. It may be nil.
	Changed func(url string, well bool, answer string)
}

// Checker asks servers now and then whether they are well, from Begin on until Close.
type Checker struct {
	o       CheckOptions
	servers []Server
	health  []Health
	begun   sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	client  http.Client
}

// NewChecker makes a Checker, which asks nobody yet.
func NewChecker(servers []Server, o CheckOptions) *Checker {
	c := &Checker{o: o, servers: servers, health: make([]Health, len(servers))}
	for i := range c.health {
		c.health[i].Rise, c.health[i].Fall = o.Rise, o.Fall
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.client = http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil, MaxResponseHeaderBytes: 64 << 10},
		// Where the server sends its own check is its own affair: a redirect is an answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Begin begins to ask, unless that was done before or Close was called.
func (c *Checker) Begin() {
	c.begun.Do(func() {
		for i := range c.servers {
			if c.servers[i].Here {
				continue
			}
			c.running.Add(1)
			go c.watch(i)
		}
	})
}

// Well reports whether a server is well as far as is known.
func (c *Checker) Well(i int) bool { return c.health[i].Well() }

// Close ends the asking, and waits until nobody is being asked.
func (c *Checker) Close() {
	c.begun.Do(func() {})
	c.cancel()
	c.running.Wait()
}

func (c *Checker) watch(i int) {
	defer c.running.Done()
	for {
		good, answer := c.ask(c.servers[i].URL + c.o.Path)
		if c.ctx.Err() != nil {
			return
		}
		if c.health[i].Told(good) && c.o.Changed != nil {
			c.o.Changed(c.servers[i].URL, good, answer)
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(c.o.Interval):
		}
	}
}

// ask is one question. What the answer says beyond its status is not read.
func (c *Checker) ask(url string) (good bool, answer string) {
	ctx, cancel := context.WithTimeout(c.ctx, c.o.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return false, err.Error()
	}
	r.Header.Set("User-Agent", "vitrine-check")
	response, err := c.client.Do(r)
	if err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			return false, fmt.Sprintf("no answer within %v", c.o.Timeout)
		}
		return false, err.Error()
	}
	io.CopyN(io.Discard, response.Body, 512)
	response.Body.Close()
	return response.StatusCode < 400, response.Status
}
