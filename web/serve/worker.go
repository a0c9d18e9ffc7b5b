package serve

import (
	"time"

	"vitrine/trace"
)

// Worker is what one goroutine that runs turns needs once and not for each connection: buffers, the time, the
// driver's scratch memory. It belongs to the goroutine.
type Worker struct {
	// Now is the engine's time in nanoseconds, taken once a batch; Wall is the same moment since 1970.
	Now, Wall int64
	// Out gathers what the present turn sends. Drivers append to it.
	Out []byte
	// Local is the driver's own; drivers keep here what they would otherwise allocate for each request.
	Local any

	in     []byte
	conn   *Conn
	budget int
	date   []byte // "Date: …\r\n", for the second dateAt
	dateAt int64
	id     trace.ID
	ids    int
}

// turnBudget is how many bytes one turn may read before other connections get theirs: some two thousand short requests,
// a few milliseconds.
const turnBudget = 64 << 10

func newWorker() *Worker {
	return &Worker{Out: make([]byte, 0, outLimit+copyLimit+4<<10), in: make([]byte, large), budget: turnBudget}
}

// epoch is where engine time begins; a monotonic reading, so that a set clock moves no deadline.
var epoch = time.Now().Add(-time.Hour)

// Now is the engine's time in nanoseconds, for those who have no Worker.
func Now() int64 { return int64(time.Since(epoch)) }

// look reads the clocks, once for a batch of turns.
func (w *Worker) look() {
	t := time.Now()
	w.Now, w.Wall = int64(t.Sub(epoch)), t.UnixNano()
}

// NewID draws a journey's id.
func (w *Worker) NewID() trace.ID {
	if w.ids == 0 {
		w.id, w.ids = trace.IDs(1<<10), 1<<10
	} else {
		w.id = w.id.Next()
	}
	w.ids--
	return w.id
}

// Date is the Date field line of the present second, with its CRLF.
func (w *Worker) Date() []byte {
	if s := w.Wall / 1e9; s != w.dateAt {
		w.dateAt = s
		w.date = append(w.date[:0], "Date: "...)
		w.date = time.Unix(s, 0).UTC().AppendFormat(w.date, "Mon, 02 Jan 2006 15:04:05 GMT")
		w.date = append(w.date, "\r\n"...)
	}
	return w.date
}
