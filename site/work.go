package site

// Work is what keeps a Handler busy at a moment, beside the exchanges themselves.
type Work struct {
	ScriptsWaiting      int // requests that wait until a script may be run
	Applications        int // requests that applications are being asked
	ApplicationsWaiting int // requests that wait until an application may be asked
	Encoders            int // responses that are being encoded
}

// Work is what the Handler does at the moment. Any goroutine may call it.
func (h *Handler) Work() (w Work) {
	w.Encoders = int(max(h.encoders.taken.Load(), 0))
	for _, g := range h.ofScripts {
		_, waiting := g.count()
		w.ScriptsWaiting += waiting
	}
	for _, g := range h.ofApplications {
		inside, waiting := g.count()
		w.Applications += inside
		w.ApplicationsWaiting += waiting
	}
	return w
}

// watched are what Work looks at; they are noted while a Handler is made, and not changed later.
type watched struct{ ofScripts, ofApplications []*gate }
