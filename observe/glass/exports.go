package glass

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"vitrine/observe/export"
	"vitrine/observe/frames"
	"vitrine/observe/journey"
)

// format is a form in which journeys leave for other programs.
type format struct {
	name, ending, media string
	write               func(h *Handler, w io.Writer, all []*journey.Journey) error
}

var formats = []format{
	{"har", "har", "application/json", func(h *Handler, w io.Writer, all []*journey.Journey) error {
		return export.HAR(w, all, export.Options{Version: h.s.Version})
	}},
	{"pcapng", "pcapng", "application/x-pcapng", func(h *Handler, w io.Writer, all []*journey.Journey) error {
		return export.PCAPNG(w, all, func(j *journey.Journey) *frames.Sequence {
			s, _ := h.sequence(j)
			return s
		}, export.Options{Version: h.s.Version})
	}},
	{"json", "json", "application/json", func(h *Handler, w io.Writer, all []*journey.Journey) error {
		return h.writeJSON(w, all)
	}},
}

// writeJSON writes journeys as an array, one at a time, since all of them together may be large. Where there are many, none says
// which others came on its connection: it has the connection's number, as they have.
func (h *Handler) writeJSON(w io.Writer, all []*journey.Journey) error {
	between, tell := "[\n", h.itself
	if len(all) == 1 {
		tell = h.whole
	}
	for _, j := range all {
		text, err := json.Marshal(tell(j))
		if err == nil {
			_, err = fmt.Fprintf(w, "%s%s", between, text)
		}
		if err != nil {
			return err
		}
		between = ",\n"
	}
	if len(all) == 0 {
		io.WriteString(w, "[")
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}

func (h *Handler) exportOne(w http.ResponseWriter, r *http.Request) {
	for _, f := range formats {
		if f.name == r.PathValue("format") {
			if j := h.find(w, r); j != nil {
				h.export(w, r, f, "journey-"+j.ID.String(), func() []*journey.Journey { return []*journey.Journey{j} })
			}
			return
		}
	}
	fail(w, http.StatusNotFound, fmt.Sprintf("there is no form %q of a journey", r.PathValue("format")), "there are har, json and pcapng")
}

// exportMany exports what a filter chooses, the oldest first.
func (h *Handler) exportMany(w http.ResponseWriter, r *http.Request, f format) {
	rec := h.recorder(w)
	if rec == nil {
		return
	}
	filter, ok := filter(w, r)
	if !ok {
		return
	}
	limit, ok := number(w, r, "limit", longestList, longestList)
	if !ok {
		return
	}
	h.export(w, r, f, "journeys-"+time.Now().UTC().Format("20060102-150405"), func() []*journey.Journey {
		all, _ := rec.Last(filter, limit, journey.Mark{})
		slices.Reverse(all)
		return all
	})
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request, f format, name string, all func() []*journey.Journey) {
	w.Header().Set("Cache-Control", "no-store")
	if !enter(w, h.exporting, "exports") {
		return
	}
	defer leave(h.exporting)
	w.Header().Set("Content-Type", f.media)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name+"."+f.ending))
	if r.Method == http.MethodHead {
		return // nothing is put together for nobody
	}
	out := &patient{w: w, control: http.NewResponseController(w)}
	if err := f.write(h, out, all()); err != nil {
		panic(http.ErrAbortHandler) // the reader must not take what it has for the whole
	}
}

// patient gives a reader its time for each piece of a long answer.
type patient struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	p.control.SetWriteDeadline(time.Now().Add(writeTime))
	return p.w.Write(b)
}
