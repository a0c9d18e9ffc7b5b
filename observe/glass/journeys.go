package glass

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine/observe/explain"
	"vitrine/observe/frames"
	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/observe/terminal"
	"vitrine/trace"
)

// recording is what is recorded, and how much there is.
func (h *Handler) recording() api.Recording {
	if h.s.Journeys == nil {
		return api.Recording{Mode: "nothing"}
	}
	s := h.s.Journeys.Stats()
	out := api.Recording{On: !s.Settings.Off, Mode: s.Mode, Journeys: s.Journeys, Bytes: s.Bytes, Limit: s.Limit, Recorded: s.Recorded, LeftOut: s.LeftOut,
		SlowUS: micro(s.Settings.Slow), Frames: h.s.Frames != nil && h.s.Network != ""}
	if !s.Oldest.IsZero() {
		out.Oldest = s.Oldest.Format(time.RFC3339Nano)
	}
	return out
}

// recorder is the recorder, or an answer that there is none.
func (h *Handler) recorder(w http.ResponseWriter) *journey.Recorder {
	if h.s.Journeys == nil {
		fail(w, http.StatusNotFound, "this server records no journeys", "")
	}
	return h.s.Journeys
}

// filter is the filter that a query describes, or an answer that says what is wrong with it.
func filter(w http.ResponseWriter, r *http.Request) (*journey.Filter, bool) {
	f, err := journey.ParseFilter(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), "")
	}
	return f, err == nil
}

// number is a number of a query within bounds, or an answer that says what is wrong with it.
func number(w http.ResponseWriter, r *http.Request, name string, otherwise, most int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%s=%q is no number", name, text), "")
		return 0, false
	}
	return min(n, most), true
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) {
	rec := h.recorder(w)
	if rec == nil {
		return
	}
	f, ok := filter(w, r)
	if !ok {
		return
	}
	limit, ok := number(w, r, "limit", usualList, longestList)
	if !ok {
		return
	}
	before, err := journey.ParseMark(r.URL.Query().Get("before"))
	if err != nil {
		fail(w, http.StatusBadRequest, "before="+strconv.Quote(r.URL.Query().Get("before"))+": "+err.Error(), "")
		return
	}
	all, more := rec.Last(f, limit, before)
	out := api.Journeys{Journeys: summaries(all), Recording: h.recording()}
	if more && len(all) > 0 {
		out.Before = all[len(all)-1].Mark().String()
	}
	answer(w, out, nil)
}

// find is the journey that a request names, or an answer that it is gone.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) *journey.Journey {
	rec := h.recorder(w)
	if rec == nil {
		return nil
	}
	text := r.PathValue("id")
	id, err := trace.ParseID(text)
	if err != nil {
		fail(w, http.StatusBadRequest, fmt.Sprintf("%q is no journey's id", text), "it has sixteen hexadecimal digits, as {journey} in the log")
		return nil
	}
	j, ok := rec.Find(id)
	if !ok {
		fail(w, http.StatusNotFound, "journey "+text+" is not here: it was not recorded, or it was forgotten since", "what is recorded: "+h.recording().Mode)
		return nil
	}
	return j
}

// sequence is the frames of a journey, or why there are none.
func (h *Handler) sequence(j *journey.Journey) (*frames.Sequence, string) {
	if h.s.Frames == nil || h.s.Network == "" {
		return nil, "the kernel carried it, and shows no frames"
	}
	s, none := h.s.Frames(j)
	if s == nil && none == "" {
		none = "no frame of this connection was recorded"
	}
	return s, none
}

// others bounds the other journeys of a connection that come with one.
const others = 50

func (h *Handler) one(w http.ResponseWriter, r *http.Request) {
	j := h.find(w, r)
	if j == nil {
		return
	}
	if r.URL.Query().Get("as") == "text" {
		h.text(w, r, j)
		return
	}
	answer(w, h.whole(j), nil)
}

// itself is everything that is known of a journey, without its neighbours.
func (h *Handler) itself(j *journey.Journey) *api.Journey {
	out := journeyOf(j)
	s, none := h.sequence(j)
	out.Sequence, out.NoFrames = sequenceOf(j, s), none
	out.Parts = partsOf(j)
	out.Layers = layersOf(j, s, none, h.s.Network != "")
	out.Connection.Network = h.s.Network
	return out
}

// whole is everything that is known of a journey, with what is known of others beside it: they are looked for among all, so
// that it is for one journey at a time.
func (h *Handler) whole(j *journey.Journey) *api.Journey {
	out := h.itself(j)
	if out.Shared != "" {
		_, there := h.s.Journeys.Find(j.Decisions.Of)
		out.SharedGone = !there
	}
	all, _ := h.s.Journeys.Last(&journey.Filter{Connection: j.Connection.ID}, others, journey.Mark{})
	for _, other := range all {
		if other.ID != j.ID {
			out.Connection.Others = append(out.Connection.Others, SummaryOf(other))
		}
	}
	return out
}

// text is a journey as the command line shows it.
func (h *Handler) text(w http.ResponseWriter, r *http.Request, j *journey.Journey) {
	q := r.URL.Query()
	width, ok := number(w, r, "width", 0, 1000)
	if !ok {
		return
	}
	style := terminal.Style{Width: width, Color: q.Get("color") == "1", Unicode: q.Get("unicode") == "1"}
	opt := explain.TextOptions{Style: style, Source: func(file string) ([]string, error) {
		if h.s.Source != nil {
			if lines, ok := h.s.Source(file); ok {
				return lines, nil
			}
		}
		return nil, fmt.Errorf("%s is no file of the configuration in force", file)
	}}
	var b bytes.Buffer
	if err := explain.Text(&b, h.story(j), opt); err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(b.Bytes())
}
