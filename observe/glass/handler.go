package glass

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/trace"
)

// Bounds of one conversation. Whoever may look is trusted, but may have mistakes, and may be slow.
const (
	usualList   = 100
	longestList = 10000
	writeTime   = 30 * time.Second // for the reader of an answer that is no stream
	streams     = 64               // at once
	exports     = 4                // at once: each may hold thousands of journeys
	dryRuns     = 8                // at once
)

// Handler answers for one server. It is safe for concurrent use. It guards nothing: whoever may reach it may see
// everything that it shows.
type Handler struct {
	s    Sources
	mux  *http.ServeMux
	stop chan struct{} // closed: streams end

	streaming, exporting, asking chan struct{}
}

// New makes a Handler. Close ends its streams.
func New(s Sources) *Handler {
	h := &Handler{s: s, mux: http.NewServeMux(), stop: make(chan struct{}),
		streaming: make(chan struct{}, streams), exporting: make(chan struct{}, exports), asking: make(chan struct{}, dryRuns)}
	h.mux.HandleFunc("GET /api/status", h.status)
	h.mux.HandleFunc("GET /api/journeys", h.list)
	h.mux.HandleFunc("GET /api/journeys/stream", h.follow)
	h.mux.HandleFunc("GET /api/journeys/{id}", h.one)
	h.mux.HandleFunc("GET /api/journeys/{id}/{format}", h.exportOne)
	for _, format := range formats {
		h.mux.HandleFunc("GET /api/journeys/"+format.name, func(w http.ResponseWriter, r *http.Request) { h.exportMany(w, r, format) })
	}
	h.mux.HandleFunc("GET /api/explain", h.explain)
	h.mux.HandleFunc("GET /api/source", h.source)
	h.mux.HandleFunc("GET /api/reasons", h.reasons)
	h.mux.HandleFunc("GET /api/house", h.house)
	h.mux.HandleFunc("GET /api/house/stream", h.houseStream)
	h.mux.HandleFunc("GET /api/sockets", h.sockets)
	h.mux.HandleFunc("GET /api/files", h.files)
	h.mux.HandleFunc("GET /api/counters", h.counters)
	h.mux.HandleFunc("GET /metrics", h.metrics)
	h.mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "the API is only read", "")
			return
		}
		fail(w, http.StatusNotFound, "the API has no "+r.URL.Path, "the page's own requests show what there is; begin with /api/status")
	})
	h.mux.Handle("/", page())
	return h
}

// Close ends every stream, for a server that stops. It is called once.
func (h *Handler) Close() { close(h.stop) }

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// fail answers with what is wrong, and what to do.
func fail(w http.ResponseWriter, status int, what, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(api.Error{Error: what, Hint: hint})
}

// answer sends a value as JSON.
func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(w, http.StatusServiceUnavailable, err.Error(), "")
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(v)
}

// enter takes a place among those that do something at once, or answers that there is none.
func enter(w http.ResponseWriter, places chan struct{}, what string) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, fmt.Sprintf("%d %s are running already, and there may be no more", cap(places), what), "close some, or try again")
		return false
	}
}

func leave(places chan struct{}) { <-places }

func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	if h.s.Status == nil {
		fail(w, http.StatusNotFound, "this server does not say who it is", "")
		return
	}
	s := h.s.Status()
	s.Now = time.Now()
	s.Recording = h.recording()
	answer(w, s, nil)
}

func (h *Handler) reasons(w http.ResponseWriter, r *http.Request) {
	all := trace.Reasons()
	out := make([]api.Counted, len(all))
	for i, r := range all {
		out[i] = api.Counted{Reason: *ReasonOf(r), Reached: r.Reached()}
	}
	answer(w, out, nil)
}

func (h *Handler) sockets(w http.ResponseWriter, r *http.Request) {
	if h.s.Sockets == nil {
		fail(w, http.StatusNotFound, "this server does not show its sockets", "")
		return
	}
	all, err := h.s.Sockets(r.Context())
	if all == nil {
		all = []api.Socket{}
	}
	answer(w, all, err)
}

func (h *Handler) files(w http.ResponseWriter, r *http.Request) {
	if h.s.Files == nil {
		fail(w, http.StatusNotFound, "this server keeps no files in memory", "")
		return
	}
	all := h.s.Files()
	if all == nil {
		all = []api.File{}
	}
	answer(w, all, nil)
}

func (h *Handler) counters(w http.ResponseWriter, r *http.Request) {
	if h.s.Counters == nil {
		fail(w, http.StatusNotFound, "this server runs on the kernel's sockets, so that it has no counters of its own below HTTP", "nstat -az shows the kernel's")
		return
	}
	all, err := h.s.Counters(r.Context())
	answer(w, all, err)
}

func (h *Handler) metrics(w http.ResponseWriter, r *http.Request) {
	if h.s.Metrics == nil {
		fail(w, http.StatusNotFound, "this server counts nothing for Prometheus", "")
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	h.s.Metrics.ServeHTTP(w, r)
}

// source answers with lines of the configuration as it was read.
func (h *Handler) source(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	file := q.Get("file")
	var lines []string
	ok := false
	if h.s.Source != nil {
		lines, ok = h.s.Source(file)
	}
	if !ok {
		fail(w, http.StatusNotFound, fmt.Sprintf("%q is no file of the configuration in force", file), "it was given on the command line, or the configuration was loaded anew since")
		return
	}
	from, to := 1, len(lines)
	if text := q.Get("line"); text != "" {
		line, err := strconv.Atoi(text)
		around := 3
		if a := q.Get("around"); err == nil && a != "" {
			around, err = strconv.Atoi(a)
		}
		if err != nil || line < 1 || around < 0 {
			fail(w, http.StatusBadRequest, "line and around are numbers", "")
			return
		}
		if line > len(lines) {
			fail(w, http.StatusNotFound, fmt.Sprintf("%s has only %d lines", file, len(lines)), "")
			return
		}
		around = min(around, len(lines))
		from, to = max(line-around, 1), min(line+around, len(lines))
	}
	answer(w, api.Source{File: file, From: from, Lines: lines[from-1 : to], Total: len(lines)}, nil)
}

// explain answers a request that is only asked about.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request) {
	if h.s.Explain == nil {
		fail(w, http.StatusNotFound, "this server explains nothing", "")
		return
	}
	in := r.URL.Query()
	q := Query{Method: in.Get("method"), URL: in.Get("url"), From: in.Get("from"), Old: in.Get("old") == "1"}
	if q.URL == "" {
		fail(w, http.StatusBadRequest, "url= is missing: what is to be explained?", "for example ?url=http://localhost:8080/")
		return
	}
	for _, line := range in["header"] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			fail(w, http.StatusBadRequest, fmt.Sprintf("%q is no header field", line), "write it as Name: value")
			return
		}
		q.Fields = append(q.Fields, [2]string{name, strings.TrimLeft(value, " \t")})
	}
	if !enter(w, h.asking, "dry runs") {
		return
	}
	defer leave(h.asking)
	x, err := h.s.Explain(q)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	answer(w, x, nil)
}
