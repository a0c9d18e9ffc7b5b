package site

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"time"

	"vitrine/trace"
)

// lastWords is what a script writes to standard error, line by line, on its way to the error log. It is bounded, and what
// could not be seen in a log is written as its number.
type lastWords struct {
	limit int        // bytes that are told
	all   *allowance // of all requests together; nil: it has no bound
	tell  func(line string)

	told, left int // bytes that were, and that were not
	part       []byte
	last       string // line
}

// longestWord is the longest line that is told whole.
const longestWord = 1 << 10

func (w *lastWords) take(b []byte) {
	for len(b) > 0 {
		line := b
		i := bytes.IndexByte(b, '\n')
		if i >= 0 {
			line = b[:i]
		}
		if room := longestWord - len(w.part); room > 0 {
			w.part = append(w.part, line[:min(room, len(line))]...)
			w.left += max(len(line)-room, 0)
		} else {
			w.left += len(line)
		}
		if i < 0 {
			return
		}
		w.flush()
		b = b[i+1:]
	}
}

// flush tells the line that has come together.
func (w *lastWords) flush() {
	line := strings.TrimRight(string(w.part), " \t\r")
	w.part = w.part[:0]
	if line == "" {
		return
	}
	w.last = printable(line)
	if w.told+len(line) > w.limit {
		w.left += len(line)
		return
	}
	if w.all != nil {
		ok, missed := w.all.take(len(line), time.Now())
		if !ok {
			return
		}
		if missed > 0 && w.tell != nil {
			w.tell(strconv.FormatInt(missed, 10) + " bytes of this and other requests are left out: as many as may be told in a second had been")
		}
	}
	w.told += len(line)
	if w.tell != nil {
		w.tell(w.last)
	}
}

// end tells what is left when the script has ended.
func (w *lastWords) end() {
	w.flush()
	if w.left > 0 && w.all != nil {
		if ok, _ := w.all.take(0, time.Now()); !ok {
			return
		}
	}
	if w.left > 0 && w.tell != nil {
		w.tell(strconv.Itoa(w.left) + " bytes more, which are left out")
		w.left = 0
	}
}

// printable is a line without what would do something to a terminal or pose as another line.
func printable(line string) string {
	quoted := strconv.QuoteToGraphic(line)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// lateEvents are decisions that are taken while the response is sent already, when the journey's own belong to the loop.
type lateEvents struct {
	began time.Time // the journey; zero: nobody looks
	mu    sync.Mutex
	all   []trace.Event
}

// afterwards prepares for decisions that are taken when the loop has the response.
func (v *visit) afterwards() *lateEvents {
	l := new(lateEvents)
	if v.looking() {
		l.began = v.x.Trace.Start
	}
	return l
}

// add notes an event, as of now.
func (l *lateEvents) add(e trace.Event) {
	if !l.began.IsZero() {
		e.At = time.Since(l.began)
	}
	l.mu.Lock()
	l.all = append(l.all, e)
	l.mu.Unlock()
}

func (l *lateEvents) after(first []trace.Event) []trace.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(first[:len(first):len(first)], l.all...)
}
