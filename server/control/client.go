package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrKernel says that a server runs on the kernel's sockets, so that it has no table of its own.
var ErrKernel = errors.New("this server runs on the kernel's sockets")

// Client asks one server.
type Client struct {
	Path string
	http http.Client
}

// Dial makes a client of the server whose socket is at a path. Nothing is asked yet.
func Dial(path string) *Client {
	c := &Client{Path: path}
	c.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}
	return c
}

// Status asks who the server is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.ask(ctx, "/status", &s)
}

// Sockets asks for the socket table.
func (c *Client) Sockets(ctx context.Context) ([]Socket, error) {
	var all []Socket
	return all, c.ask(ctx, "/sockets", &all)
}

// Counters asks for the counters of every layer.
func (c *Client) Counters(ctx context.Context) ([]Counter, error) {
	var all []Counter
	return all, c.ask(ctx, "/counters", &all)
}

// Capture asks for the frames that pass, as pcapng. They end when the server stops, or when the context does.
func (c *Client) Capture(ctx context.Context, o CaptureOptions) (io.ReadCloser, error) {
	q := make(url.Values)
	if o.Snap > 0 {
		q.Set("snap", strconv.Itoa(o.Snap))
	}
	if o.Port > 0 {
		q.Set("port", strconv.Itoa(int(o.Port)))
	}
	if o.Host != "" {
		q.Set("host", o.Host)
	}
	return c.get(ctx, "/capture?"+q.Encode())
}

func (c *Client) ask(ctx context.Context, path string, into any) error {
	body, err := c.get(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(into)
}

func (c *Client) get(ctx context.Context, path string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, http.MethodGet, path)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	if resp.StatusCode == noStack {
		return nil, ErrKernel
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	return nil, fmt.Errorf("the server at %s says: %s", c.Path, strings.TrimSpace(string(text)))
}

// send sends a request and waits for the answer's head.
func (c *Client) send(ctx context.Context, method, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://vitrine"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.why(err)
	}
	return resp, nil
}

// why is an error of the connection in plain words.
func (c *Client) why(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no socket %s: %w", c.Path, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("user %d may not use %s: %w", os.Getuid(), c.Path, fs.ErrPermission)
	case isRefused(err):
		return fmt.Errorf("no server listens on %s: %w", c.Path, syscall.ECONNREFUSED)
	}
	return err
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// Running is one server.
type Running struct {
	Status
	Path   string
	Silent bool // it listens and did not answer in time: of its status only the process's number is known
}

// Find asks every server in the usual places. Sockets on which nobody listens are removed; what this user may not use or
// look into is named in denied.
func Find(ctx context.Context, getenv func(string) string) (all []Running, denied []string) {
	paths, denied := sockets(getenv)
	for _, p := range paths {
		// One that is stuck is not to keep the others from being found.
		one, cancel := context.WithTimeout(ctx, dialTime)
		s, err := Dial(p).Status(one)
		cancel()
		switch {
		case err == nil:
			all = append(all, Running{s, p, false})
		case errors.Is(err, syscall.ECONNREFUSED):
			os.Remove(p)
		case errors.Is(err, context.DeadlineExceeded): // nor is another one to be asked in its stead, as if it were not there
			pid, _ := strconv.Atoi(strings.TrimSuffix(filepath.Base(p), suffix))
			all = append(all, Running{Status{PID: pid}, p, true})
		case errors.Is(err, fs.ErrPermission):
			denied = append(denied, p)
		}
	}
	return all, denied
}
