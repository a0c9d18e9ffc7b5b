package site

import (
	"errors"
	"path"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/site/ssi"
	"vitrine/web/message"
)

// pageRun is the page that was asked for, with all that it includes, while it is made. It is where they are written to.
type pageRun struct {
	v    *visit
	file *resource.Entry // of which only what never changes is used
	conf *config.SSI
	name string // of the page's file below its root
	run  ssi.Run

	turn    turn    // while nobody is waited for
	held    []byte  // as long as the head is not sent; afterwards, what is gathered
	w       *sender // afterwards
	total   int64   // bytes of the page so far
	err     error   // why nothing can be written any more
	began   time.Time
	waited  time.Duration // for the client
	open    []openPage    // the page, those that include the one that is made, and that one
	asks    *gateway.Variables
	newest  time.Time // of the files that it is made of
	foreign bool      // it is made of more than files: who asks, when, what a program answers
	varies  message.FieldSet
	vary    []string

	includes int
	failures int
}

// Why a page is not written on.
var (
	errHeld        = errors.New("site: the body is written by who began it")
	errOnlyHead    = errors.New("site: nobody wants the body")
	errCondition   = errors.New("site: a precondition fails")
	errPageTooLong = errors.New("site: the page is longer than output_bytes")
)

func newPageRun(v *visit) *pageRun {
	r := &pageRun{v: v, file: v.entry, conf: v.settings.ssi.conf, name: v.entry.Path, began: time.Now(), newest: v.entry.ModTime}
	r.run = ssi.Run{
		Limits: ssi.Limits{Variables: r.conf.Variables.V, VariableBytes: int(r.conf.VariableBytes.V),
			Until: func() bool { return r.left() <= 0 }, Breathe: r.turn.breathe},
		Document: ssi.Document{Modified: v.entry.ModTime},
		Now:      time.Unix(0, v.x.Start),
	}
	return r
}

// left is the time that the page may still take. What the client needs is not counted.
func (r *pageRun) left() time.Duration { return r.conf.Timeout.V - time.Since(r.began) + r.waited }

// isPure reports whether the page is the same for everybody until one of its files changes.
func (r *pageRun) isPure() bool {
	return !r.foreign && !r.run.Dated() && r.varies == 0 && len(r.vary) == 0 && !r.v.missing && r.failures == 0
}

// page fills in one page.
func (r *pageRun) page(v *visit, page *ssi.Page) {
	r.open = append(r.open, openPage{v.root, v.entry.Path})
	r.turn.take()
	defer r.turn.give()
	w := &pageWorld{run: r, v: v, conf: v.settings.ssi.conf, name: v.entry.Path, folder: documentFolder(v)}
	if r.newest.Before(v.entry.ModTime) {
		r.newest = v.entry.ModTime
	}
	if err := r.run.Page(page, w, v.settings.ssi.defaults(), r); err != nil && r.err == nil {
		r.err = err
	}
	r.open = r.open[:len(r.open)-1]
}

// documentFolder is the folder of the visit's page as a path within the site, with its slash: that of the request, or, when
// the page was served for another path, that of its file.
func documentFolder(v *visit) string {
	folder := path.Dir(v.entry.Path)
	if folder != "/" {
		folder += "/"
	}
	asked := string(v.request().Path())
	asked = asked[:strings.LastIndexByte(asked, '/')+1]
	if strings.HasSuffix(asked, folder) {
		return asked
	}
	return v.settings.strip() + folder
}

// Err is why nothing can be written any more.
func (r *pageRun) Err() error { return r.err }

// Write takes a piece of the page.
func (r *pageRun) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.total += int64(len(p)); r.total > r.conf.OutputBytes.V {
		if r.w != nil {
			r.send()
		}
		r.err = errPageTooLong
		if r.w != nil {
			r.fail(&includeFault{IncludeTooLong.Reach(), r.name + ": the page is cut off: it is longer than output_bytes"})
		}
		return 0, r.err
	}
	if r.w == nil {
		if int64(len(r.held)+len(p)) <= r.conf.Hold.V {
			r.held = append(r.held, p...)
			return len(p), nil
		}
		if r.begin(); r.err != nil {
			return 0, r.err
		}
	}
	if len(r.held)+len(p) > gathered {
		r.send()
	}
	if len(p) < gathered {
		r.held = append(r.held, p...)
	} else {
		r.write(p)
	}
	return len(p), r.err
}

// gathered is how much of a page that is sent while it is made is gathered, in bytes.
const gathered = 8 << 10

// send sends what was gathered.
func (r *pageRun) send() {
	held := r.held
	r.held = r.held[:0]
	r.write(held)
}

func (r *pageRun) write(p []byte) {
	if len(p) == 0 || r.err != nil {
		return
	}
	before := time.Now()
	r.aside(func() {
		if _, err := r.w.Write(p); err != nil {
			r.err = err
		}
	})
	r.waited += time.Since(before)
}

// aside runs what may wait, or takes a turn itself.
func (r *pageRun) aside(f func()) {
	if r.turn.give() {
		defer r.turn.take()
	}
	f()
}

// Flush sends what there is, since what comes next takes its time.
func (r *pageRun) Flush() {
	if r.err != nil {
		return
	}
	if r.w == nil {
		if r.begin(); r.err != nil {
			return
		}
	}
	if r.send(); r.err != nil {
		return
	}
	r.aside(func() { r.err = r.w.Flush() })
}

// begin sends the head, and what was held back. Nobody knows yet what the page comes to: it has neither a length nor
// anything that says which version it is, and so no precondition that names one can hold.
func (r *pageRun) begin() {
	v := r.v
	if v.status < 300 && !v.missing {
		o := message.Evaluate(&v.request().Fields, v.request().Method, message.Current{Exists: true}, v.x.Start/int64(time.Second))
		if o.Verdict == message.PreconditionFailed {
			r.err = errCondition
			return
		}
	}
	if v.x.Request.Method == message.HEAD {
		r.err = errOnlyHead
		return
	}
	r.foreign = true // for all that anybody knows
	r.describe()
	if tr := v.x.Trace; tr != nil { // what is being included may have made the page too long
		depth := tr.Depth
		tr.Depth = 0
		defer func() { tr.Depth = depth }()
	}
	v.line = r.line()
	v.x.Because(r.tell(IncludeStreamed.Reach()), v.line)
	v.length = -1
	v.produce = func(w *sender) error {
		r.w = w
		return errHeld
	}
	r.aside(func() { v.walk(deliver) })
	r.send()
}

// mostFailures is how many directives of one request are told to the error log. A page that fails everywhere does so for the
// same reason.
const mostFailures = 10

// fail tells the error log why a directive came to nothing.
func (r *pageRun) fail(err error) {
	r.failures++
	if r.failures <= mostFailures {
		r.v.h.report(r.v.x.Journey, err)
	}
}
