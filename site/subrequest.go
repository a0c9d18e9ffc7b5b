package site

import (
	"cmp"
	"context"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// nested is a request within a request, such as that for what a page includes. It walks the steps as any request does:
// its route is found, access is decided, files, folders, scripts and other pages answer. Its body goes into what includes
// it, its head does not. It carries an exchange of its own, whose other end it is: what is written there is taken at once,
// and whoever answers through a link to others does so on the loop as ever, while the goroutine that includes waits.
//
// Nothing of it is logged: its decisions are in the journey of the request that it belongs to, one deeper.
type nested struct {
	outer *visit   // of the page that names it
	into  *pageRun // where its body goes
	want  want     // what it is asked for
	x     *exchange.Exchange
	work  chan func()   // what was given to Go or Resume; the goroutine that includes runs it
	bell  chan struct{} // the exchange has changed while it is lent
	busy  atomic.Bool   // work runs
	stop  []func() bool // ends what watches the client and the time

	ending sync.Mutex // of what follows, for those who watch
	ended  bool       // the exchange has come to its end
	late   bool       // the time is over

	mu       sync.Mutex // of what follows, while the exchange is drained
	headed   bool       // the response has begun
	status   int
	got      int64 // bytes of its body
	length   int64 // that were announced; -1: none were
	cut      bool  // it came to an end too early
	returned bool
	panicked any

	reason   *trace.Reason // why there is no answer; nil: there is
	written  bool          // the body was written without the exchange
	pure     bool          // it is a file, the same for everybody
	vary     string        // what its Vary says
	varies   message.FieldSet
	size     int64     // of the file that was looked at
	modified time.Time // of the file
}

// want is what a nested request is for.
type want uint8

const (
	wantBody   want = iota
	wantFile        // what is known of the file that would be sent
	wantScript      // the body, when a program makes it
)

// nestedWindow is how many bytes a nested request's answer may be ahead of the page, when others write it.
const nestedWindow = 64 << 10

// notNested are the fields of a request that mean nothing for what is included in its answer.
var notNested = ofBody | conditions | message.Set(message.AcceptEncoding)

// subrequest answers a request within the visit's, for a path with an optional query as in a request line.
func (v *visit) subrequest(target string, into *pageRun, w want) *nested {
	n := &nested{outer: v, into: into, want: w, length: -1, work: make(chan func(), 1), bell: make(chan struct{}, 1)}
	next := new(message.Request)
	if fault := v.request().Retarget(next, message.GET, target, notNested); fault != message.NoFault {
		n.reason = IncludePath.Reach()
		return n
	}
	x := exchange.New()
	n.x = x
	x.Begin(n, next, v.x.Peer, exchange.Limits{Input: nestedWindow, Output: nestedWindow})
	x.Journey, x.Serial, x.Start, x.Trace = v.x.Journey, v.x.Serial, v.x.Start, v.x.Trace
	x.Client, x.User, x.Scheme = v.x.Client, v.x.User, v.x.Scheme
	inner := &visit{nest: n}
	inner.begin(v.h, x)
	inner.settings, inner.away, inner.user = v.settings.site.base, true, v.user
	known, p := &v.permission, &inner.permission // who asks has been found out, and need not be again
	p.named, p.names, p.unnamed, p.login.proven = known.named, known.names, known.unnamed, known.login.proven
	p.taken = known.taken // a page counts once, however many parts it has
	if tr := x.Trace; tr != nil {
		tr.Depth++
		defer func() { tr.Depth-- }()
	}
	x.Go(func(*exchange.Exchange) { inner.walk(find) })
	n.run()
	n.unwatch()
	n.finish(inner)
	x.Release()
	return n
}

// run runs what the exchange gives to be run, and takes what is written, until it has ended.
func (n *nested) run() {
	for {
		if f := n.next(); f != nil {
			n.busy.Store(true)
			f()
			n.busy.Store(false)
		}
		n.drain()
		if n.returned {
			return
		}
	}
}

// next waits for what is to be run, or until the exchange has changed: then it is nil. Others run in the page's place meanwhile.
func (n *nested) next() (f func()) {
	select {
	case f = <-n.work:
		return f
	case <-n.bell:
		return nil
	default:
	}
	if n.GiveWay(false) {
		defer n.TakeBack(false)
	}
	select {
	case f = <-n.work:
	case <-n.bell:
	}
	return f
}

// GiveWay and TakeBack are the Yielder's: whoever answers has the place of the page that includes it.
func (n *nested) GiveWay(counted bool) bool { return n.outer.x.GiveWay(counted) }
func (n *nested) TakeBack(counted bool)     { n.outer.x.TakeBack(counted) }

// Spawn is the Carrier's: there is one function at a time.
func (n *nested) Spawn(f func()) bool {
	n.work <- f
	return true
}

// Wake is the Carrier's. While a function of the exchange runs, whoever writes too much is here, and waits until the page
// has taken it. Otherwise somebody is here who must not wait.
func (n *nested) Wake() {
	if n.busy.Load() && !n.x.Lent() {
		n.drain()
		return
	}
	select {
	case n.bell <- struct{}{}:
	default:
	}
}

// Dial is the Dialer's: the link is made where those of the outer request are.
func (n *nested) Dial(x *exchange.Exchange, o *exchange.LinkOptions, fresh bool) error {
	return n.outer.x.DialFor(x, o, fresh)
}

// Hold is the Holder's: whoever waits is counted already, since the page's goroutine waits with it. A dry run waits for nobody.
func (n *nested) Hold(netip.Addr) bool { return !n.outer.rehearsed() }

// Unhold is the Holder's.
func (n *nested) Unhold(netip.Addr) {}

// drain takes what the exchange has, into the page.
func (n *nested) drain() {
	n.mu.Lock()
	defer n.mu.Unlock()
	u := n.x.Update()
	if u.Block != nil && !n.headed {
		n.headed, n.status, n.length = true, u.Block.Status(), u.Length
		if u.Whole {
			n.length = -1
		}
		n.vary = u.Block.Fields().Get("Vary")
	}
	for {
		b, release := n.x.Take()
		if b == nil {
			break
		}
		n.got += int64(len(b))
		if n.succeeded() {
			n.into.Write(b)
		}
		release.Release()
	}
	if u.Whole {
		n.pieces(n.x.Pieces())
	}
	if u.Flush && n.succeeded() {
		n.into.Flush()
	}
	n.returned = u.Returned
	n.cut = n.cut || u.Abort
	if u.Panic != nil {
		n.panicked = u.Panic
	}
}

// succeeded reports whether the response that has begun is one that belongs into the page.
func (n *nested) succeeded() bool {
	return n.headed && n.status >= 200 && n.status < 300 && n.reason == nil
}

// finish finds out what the request came to.
func (n *nested) finish(v *visit) {
	v.release()
	v.leaveHome()
	n.pure = n.pure && v.settings.guard == nil && v.settings.limit == nil
	root := n.into.v
	root.permission.personal = root.permission.personal || v.permission.personal
	switch {
	case n.reason != nil:
	case n.late:
		n.reason = IncludeLate
	case n.panicked != nil:
		n.reason = IncludeCut.Reach()
		v.h.report(v.x.Journey, panicked{n.panicked})
	case n.written:
	case !n.headed, n.status < 200, n.status >= 300:
		n.reason = IncludeRefused.Reach()
	case n.cut, n.length >= 0 && n.got != n.length:
		n.reason = IncludeCut.Reach()
	}
}

// panicked is what a handler within a page panicked with.
type panicked struct{ value any }

func (p panicked) Error() string {
	if err, ok := p.value.(error); ok {
		return "a panic within an include: " + err.Error()
	}
	if s, ok := p.value.(string); ok {
		return "a panic within an include: " + s
	}
	return "a panic within an include"
}

// step is asked before each step of the walk, and returns the one to take: what would answer the client ends here.
func (n *nested) step(v *visit, next step) step {
	switch next {
	case refuse:
		n.reason, n.status = cmp.Or(v.refusal.because, v.refusal.reason), v.refusal.status
		return done
	case deliver:
		n.deliver(v)
		return done
	case script:
		if n.want == wantFile {
			return resolve // it is asked about as a file
		}
		n.watch()
	case receive, client, choose, find, admit, permit, options, resolve, negotiate: // they lead to an answer
	case respond, redirect, include, present:
		switch {
		case next == present && n.want != wantFile && v.settings.scripts != nil && v.settings.scripts.isName(v.entry.Path):
			// an index that is a script
		case n.want == wantScript:
			n.reason = ExecNoScript.Reach()
			return done
		case n.want == wantFile && (next == respond || next == redirect):
			n.reason = IncludeNoFile.Reach()
			return done
		case n.want == wantFile:
			n.size, n.modified, n.written = v.entry.Size, v.entry.ModTime, true
			n.pure = v.memorize && v.varies == 0
			return done
		}
	default: // apply, and whoever else asks a program
		if n.want == wantFile {
			n.reason = IncludeNoFile.Reach()
			return done
		}
		n.watch()
	}
	return next
}

// deliver puts the answer into the page.
func (n *nested) deliver(v *visit) {
	n.mu.Lock() // an application's answer begins on the loop
	switch {
	case n.want == wantFile:
		n.reason = IncludeNoFile.Reach()
	case v.status < 200 || v.status >= 300:
		n.reason, n.status = IncludeRefused.Reach(), v.status
	}
	n.vary, n.varies = v.header.Get("Vary"), v.varies
	n.mu.Unlock()
	if v.call != nil { // which writes it when it comes
		v.block = message.NewBlock(v.status, &v.header)
		v.call.body = v.send(v.length)
		return
	}
	if v.produce != nil {
		if v.block == nil {
			v.block = message.NewBlock(v.status, &v.header)
		}
		w := v.send(v.length)
		w.close(v.produce(w)) // also when nobody wants it: what it is made by has to come to its end
		return
	}
	n.written = true
	if v.entry != nil {
		n.modified = v.entry.ModTime
		n.pure = v.memorize && v.varies == 0 && n.vary == "" && !v.missing
	}
	switch {
	case v.kept:
		n.pieces(whole(v))
	case len(v.pieces) > 0:
		n.pieces(v.pieces)
	case n.reason == nil:
		n.into.Write(v.body)
	}
}

// whole is a whole file as the pieces of a body. They hold no reference: the visit does.
func whole(v *visit) []exchange.Piece {
	if v.entry.File != nil {
		return []exchange.Piece{{File: v.entry.File, N: v.entry.Size}}
	}
	return []exchange.Piece{{Bytes: v.entry.Bytes}}
}

// pieces puts the pieces of a body into the page, and releases them.
func (n *nested) pieces(all []exchange.Piece) {
	for i := range all {
		p := &all[i]
		switch {
		case n.reason != nil:
		case p.File == nil:
			n.into.Write(p.Bytes)
		default:
			n.section(p)
		}
		if p.Release != nil {
			p.Release.Release()
		}
	}
}

// section puts a section of a file into the page. One that has become shorter is cut.
func (n *nested) section(p *exchange.Piece) {
	buf := make([]byte, min(p.N, 32<<10))
	for off, left := p.Offset, p.N; left > 0; {
		m, err := p.File.F.ReadAt(buf[:min(left, int64(len(buf)))], off)
		if _, failed := n.into.Write(buf[:m]); failed != nil {
			return
		}
		off, left = off+int64(m), left-int64(m)
		if left > 0 && (err != nil || m == 0) {
			n.reason = IncludeCut.Reach()
			return
		}
	}
}

// watch gives the exchange up when the client has gone, or the page's time is over. It is for answers that others make: a
// file needs nobody to watch.
func (n *nested) watch() {
	root := n.into.v.x
	if root.Peer == nil || n.outer.rehearsed() {
		return
	}
	ctx := root.Context()
	n.stop = append(n.stop, context.AfterFunc(ctx, func() { n.giveUp(context.Cause(ctx), false) }))
	late := time.AfterFunc(n.into.left(), func() { n.giveUp(&exchange.GoneError{Reason: IncludeLate.Reach()}, true) })
	n.stop = append(n.stop, late.Stop)
}

// giveUp ends the exchange, from any goroutine, unless it has come to its end.
func (n *nested) giveUp(why error, late bool) {
	n.ending.Lock()
	defer n.ending.Unlock()
	if !n.ended {
		n.late = n.late || late
		n.x.Fail(why)
	}
}

// unwatch notes that the exchange has come to its end: it may serve somebody else soon, and to stop those who watch does not
// wait for one who is about to give it up.
func (n *nested) unwatch() {
	n.ending.Lock()
	n.ended = true
	n.ending.Unlock()
	for _, stop := range n.stop {
		stop()
	}
}

// why says for the log why there is no answer.
func (n *nested) why(target string) error {
	text := target + ": " + n.reason.Clause()
	if n.status != 0 {
		text = target + " is answered with " + strconv.Itoa(n.status) + ": " + n.reason.Clause()
	}
	return &includeFault{n.reason, text}
}
