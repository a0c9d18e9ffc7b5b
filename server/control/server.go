package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// Bounds of a conversation. Whoever may use the socket is trusted, but may have mistakes.
const (
	headTime   = 10 * time.Second
	headBytes  = 16 << 10
	answerTime = 30 * time.Second // for the reader of an answer; a capture's may take any time
	dialTime   = 2 * time.Second
	closeTime  = time.Second

	conversations = 64 // at once; whoever comes then waits
	captures      = 8  // at once: each has a few megabytes, and each costs time for each frame
)

// Listener is the server's end.
type Listener struct {
	path   string
	http   *http.Server
	cancel context.CancelFunc // for conversations that last as long as they may
}

// ListenAnywhere opens the socket of a process in the first of the usual places where that is possible. The folder is made
// when it is missing, for its owner alone, and what other servers have left in it is removed. The error is about the best
// place.
func ListenAnywhere(getenv func(string) string, pid int, s Server) (*Listener, error) {
	var first error
	for _, folder := range usual(getenv) {
		path := filepath.Join(folder, strconv.Itoa(pid)+suffix)
		err := makeFolder(folder)
		if err == nil {
			sweep(folder)
			var l *Listener
			if l, err = Listen(path, s); err == nil {
				return l, nil
			}
		}
		if first == nil {
			first = fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil, first
}

// Listen opens the socket and answers on it until Close.
func Listen(path string, s Server) (*Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	socket, err := private.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	// Where the mode was not taken from the socket. Elsewhere nothing is changed by its name, which others may have moved.
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 && info.Mode().Perm() != 0o600 {
		if err := os.Chmod(path, 0o600); err != nil {
			socket.Close()
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Listener{path: path, cancel: cancel, http: &http.Server{Handler: handler(s), ReadHeaderTimeout: headTime, IdleTimeout: headTime, MaxHeaderBytes: headBytes,
		BaseContext: func(net.Listener) context.Context { return ctx }}}
	go l.http.Serve(&bounded{socket, make(chan struct{}, conversations)})
	return l, nil
}

// bounded is a listener that accepts only so many connections at once.
type bounded struct {
	net.Listener
	open chan struct{}
}

func (b *bounded) Accept() (net.Conn, error) {
	b.open <- struct{}{}
	c, err := b.Listener.Accept()
	if err != nil {
		<-b.open
		return nil, err
	}
	return &counted{Conn: c, open: b.open}, nil
}

type counted struct {
	net.Conn
	open chan struct{}
	once sync.Once
}

func (c *counted) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.open })
	return err
}

// Path is where the socket is.
func (l *Listener) Path() string { return l.path }

// Close removes the socket and ends every conversation, after a moment for the last words.
func (l *Listener) Close() error {
	l.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if l.http.Shutdown(ctx) == nil {
		return nil
	}
	return l.http.Close()
}

// sweep removes the sockets in a folder on which nobody listens.
func sweep(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, "*"+suffix))
	for _, name := range names {
		removeStale(name)
	}
}

// removeStale removes a socket on which nobody listens. It is an error when somebody does, or when it is no socket.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&os.ModeSocket == 0:
		return fmt.Errorf("%s is there, and is no socket", path)
	}
	c, err := net.DialTimeout("unix", path, dialTime)
	if err == nil {
		c.Close()
		return fmt.Errorf("another server listens on %s", path)
	}
	if !isRefused(err) {
		return err
	}
	return os.Remove(path)
}

// noStack is the status for questions that only the own stack can answer: 409 says that it is a matter of the server's
// present state.
const noStack = http.StatusConflict

func handler(s Server) http.Handler {
	mux := http.NewServeMux()
	recording := make(chan struct{}, captures)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { answer(w, s.Status(), nil) })
	mux.HandleFunc("GET /sockets", func(w http.ResponseWriter, r *http.Request) {
		if s.Sockets == nil {
			http.Error(w, "this server runs on the kernel's sockets", noStack)
			return
		}
		all, err := s.Sockets(r.Context())
		answer(w, all, err)
	})
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, r *http.Request) {
		if s.Counters == nil {
			http.Error(w, "this server runs on the kernel's sockets", noStack)
			return
		}
		all, err := s.Counters(r.Context())
		answer(w, all, err)
	})
	mux.HandleFunc("GET /capture", func(w http.ResponseWriter, r *http.Request) {
		if s.Capture == nil {
			http.Error(w, "this server runs on the kernel's sockets", noStack)
			return
		}
		select {
		case recording <- struct{}{}:
			defer func() { <-recording }()
			capture(w, r, s)
		default:
			http.Error(w, fmt.Sprintf("%d captures are running already, and there may be no more", captures), http.StatusServiceUnavailable)
		}
	})
	if s.API != nil {
		mux.Handle("/api/", s.API)
		mux.Handle("/metrics", s.API)
	}
	if s.Force != nil {
		forcing := make(chan struct{}, captures)
		mux.HandleFunc("POST /api/force", func(w http.ResponseWriter, r *http.Request) {
			select {
			case forcing <- struct{}{}:
				defer func() { <-forcing }()
				force(w, r, s)
			default:
				http.Error(w, fmt.Sprintf("%d clients are recorded whatever is sampled, and there may be no more", captures), http.StatusServiceUnavailable)
			}
		})
	}
	return mux
}

// force has a client recorded as long as the request that asks for it stays.
func force(w http.ResponseWriter, r *http.Request, s Server) {
	client, err := netip.ParseAddrPort(r.URL.Query().Get("client"))
	if err != nil {
		http.Error(w, fmt.Sprintf("%q is no address with a port", r.URL.Query().Get("client")), http.StatusBadRequest)
		return
	}
	release := s.Force(client)
	defer release()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "%s is recorded\n", client)
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// capture streams frames until the client goes away.
func capture(w http.ResponseWriter, r *http.Request, s Server) {
	o, err := options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	out := bufio.NewWriterSize(w, 64<<10)
	sent := false
	flush := func() {
		sent = true
		out.Flush()
		http.NewResponseController(w).Flush()
	}
	err = s.Capture(r.Context(), out, flush, o)
	if err != nil && !sent && r.Context().Err() == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	out.Flush()
}

func options(r *http.Request) (CaptureOptions, error) {
	var o CaptureOptions
	q := r.URL.Query()
	if text := q.Get("snap"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return o, fmt.Errorf("%q is no number of bytes", text)
		}
		o.Snap = int(n)
	}
	if text := q.Get("port"); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return o, fmt.Errorf("%q is no port", text)
		}
		o.Port = uint16(n)
	}
	if o.Host = q.Get("host"); o.Host != "" {
		if _, err := netip.ParseAddr(o.Host); err != nil {
			return o, fmt.Errorf("%q is no address", o.Host)
		}
	}
	return o, nil
}
