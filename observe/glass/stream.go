package glass

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
)

// Times of a stream. A reader that takes nothing for so long is gone.
const (
	heartbeat  = 15 * time.Second
	streamTime = 30 * time.Second
	fastest    = 100 * time.Millisecond
	// overlapTime is how long the past that was sent may still come as the present.
	overlapTime = 10 * time.Second
)

// stream is a text/event-stream (HTML Living Standard §9.2) to one reader.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// begin starts a stream, or answers that there are too many, or that only its head is asked for. The function ends it.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) (*stream, context.Context, func()) {
	head := func() {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no")
		w.WriteHeader(http.StatusOK)
	}
	if r.Method == http.MethodHead { // without a body it would never end, and say nothing
		head()
		return nil, nil, nil
	}
	if !enter(w, h.streaming, "streams") {
		return nil, nil, nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		select {
		case <-h.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	s := &stream{w, http.NewResponseController(w)}
	head()
	return s, ctx, func() {
		select {
		case <-h.stop:
			s.send("end", struct{}{})
		default:
		}
		cancel()
		leave(h.streaming)
	}
}

// send sends one event. It returns false when the reader is gone.
func (s *stream) send(event string, v any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		return false
	}
	return s.write("event: " + event + "\ndata: " + string(data) + "\n\n")
}

func (s *stream) write(text string) bool {
	s.control.SetWriteDeadline(time.Now().Add(streamTime))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

// follow sends journeys as they end.
func (h *Handler) follow(w http.ResponseWriter, r *http.Request) {
	rec := h.recorder(w)
	if rec == nil {
		return
	}
	f, ok := filter(w, r)
	if !ok {
		return
	}
	last, ok := number(w, r, "last", 0, longestList)
	if !ok {
		return
	}
	s, ctx, end := h.begin(w, r)
	if s == nil {
		return
	}
	defer end()
	batches := rec.Follow(ctx, f) // first, so that nothing is missed between the past and the present
	first := api.Batch{Journeys: []api.Summary{}}
	seen := make(map[string]bool)
	if last > 0 {
		past, _ := rec.Last(f, last, journey.Mark{})
		for i := len(past) - 1; i >= 0; i-- {
			one := SummaryOf(past[i])
			seen[one.ID] = true
			first.Journeys = append(first.Journeys, one)
		}
	}
	if !s.send("journeys", first) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	overlap := time.Now().Add(overlapTime)
	for {
		select {
		case b, open := <-batches:
			if !open {
				return
			}
			if seen != nil && time.Now().After(overlap) {
				seen = nil
			}
			out := api.Batch{Journeys: make([]api.Summary, 0, len(b.Journeys)), LeftOut: b.LeftOut}
			for _, j := range b.Journeys {
				if one := SummaryOf(j); !seen[one.ID] {
					out.Journeys = append(out.Journeys, one)
				}
			}
			if (len(out.Journeys) > 0 || out.LeftOut > 0) && !s.send("journeys", out) {
				return
			}
		case <-beat.C:
			if !s.write(": still here\n\n") {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (h *Handler) house(w http.ResponseWriter, r *http.Request) {
	if h.s.House == nil {
		fail(w, http.StatusNotFound, "this server does not show its house", "")
		return
	}
	house, err := h.s.House(r.Context())
	answer(w, house, err)
}

// houseStream sends the house again and again.
func (h *Handler) houseStream(w http.ResponseWriter, r *http.Request) {
	if h.s.House == nil {
		fail(w, http.StatusNotFound, "this server does not show its house", "")
		return
	}
	every := time.Second
	if text := r.URL.Query().Get("every"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			fail(w, http.StatusBadRequest, "every="+text+" is no span of time", "write, for example, every=2s")
			return
		}
		every = min(max(d, fastest), time.Minute)
	}
	s, ctx, end := h.begin(w, r)
	if s == nil {
		return
	}
	defer end()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		house, err := h.s.House(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			if !s.send("trouble", api.Error{Error: err.Error()}) {
				return
			}
		case err == nil:
			if !s.send("house", house) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
