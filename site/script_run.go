package site

import (
	"context"
	"errors"
	"io"
	"strconv"
	"syscall"
	"time"

	"vitrine/site/cgi"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Why a script is killed.
var (
	errHeadLate = errors.New("its header took too long")
	errIdle     = errors.New("it wrote nothing for too long")
	errTooLong  = errors.New("it wrote too much")
)

// running is a script that answers a visit.
type running struct {
	v       *visit
	s       *scripts
	p       *cgi.Process
	program *resource.Program
	input   scriptInput
	words   lastWords
	parser  gateway.Parser
	buf     *[pipeBytes]byte
	rest    []byte // of buf: read and not yet sent
	whole   bool   // rest is all there is to come
	written int64
	inside  bool          // the gate
	first   time.Duration // from the start until the header of its answer was complete
}

// run runs the script and makes its answer that of the visit. Where as many run as may, it waits first, and comes here
// again with what is queued.
func (v *visit) run(s *scripts, p *resource.Program, q *queued) (step, *trace.Reason) {
	line := &s.conf.Pos
	r := &running{v: v, s: s, program: p, inside: true}
	if q != nil {
		r.input, q.input, q.inside = q.input, scriptInput{}, false
	} else {
		input, err := v.input(s)
		if err != nil {
			input.close()
			return v.refuseBody(s, err)
		}
		if !s.gate.try() {
			return v.queue(s, input)
		}
		r.input = input
	}
	r.words.limit = int(s.conf.ErrorBytes.V)
	if err := r.start(); err != nil {
		r.giveBack()
		status, why := unstartable(err)
		v.refusal.status, v.refusal.retry = status, status == 503
		v.complain(why, err.Error()+"; its mode is "+p.Mode.String())
		return v.refused(why.Reach(), line, []trace.Detail{trace.D("error", err.Error()), trace.D("mode", p.Mode.String())})
	}
	r.buf = inputs.Get().(*[pipeBytes]byte)
	return r.answer()
}

// unstartable says what kept a script from being started.
func unstartable(err error) (status int, why *trace.Reason) {
	var start *cgi.StartError
	errors.As(err, &start)
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return 500, ScriptNoFormat
	case start != nil && start.Interpreter != "":
		return 500, ScriptNoInterpreter
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return 503, ScriptExhausted
	case errors.Is(err, cgi.ErrStopping):
		return 503, ScriptStopped
	}
	return 500, ScriptUnstartable
}

func (r *running) start() error {
	v, s := r.v, r.s
	if err := r.input.open(); err != nil {
		return err
	}
	vars := variablesPool.Get().(*gateway.Variables)
	v.metaVariables(vars, s, r.program, r.input.length)
	c := v.command(s, r.program, s.environment(vars))
	variablesPool.Put(vars)
	c.Stdin = r.input.in
	p, err := v.h.opt.Scripts.Start(&c, &cgi.Watch{Context: func() context.Context { return v.x.Context() }, Whole: s.conf.WholeTime.V, Grace: s.conf.Grace.V,
		Errors: r.words.take, Background: s.conf.Background.V})
	if err != nil {
		return err
	}
	r.p = p
	r.words.tell = func(line string) { v.complain(nil, "it says: "+line) }
	if r.input.in != nil {
		r.input.in.Close()
		r.input.in = nil
	}
	r.input.pass(v.x)
	ScriptStarted.Reach()
	if v.looking() {
		v.tell("cgi", ScriptStarted, &s.conf.Pos, r.program.Path, true, trace.D("pid", strconv.Itoa(p.PID)))
	}
	if c.Exec == nil && !r.program.Same() {
		p.Kill(errReplaced)
	}
	return nil
}

var errReplaced = errors.New("its file was replaced")

// answer reads the head of what the script answers and says what becomes of it.
func (r *running) answer() (step, *trace.Reason) {
	v, s := r.v, r.s
	started := time.Now()
	r.p.Until(started.Add(s.conf.HeadTime.V), errHeadLate)
	r.parser.Reset(gateway.Limits{Bytes: int(s.conf.HeadBytes.V)})
	for {
		n, err := r.read()
		if err != nil {
			return r.headless(err)
		}
		used, done, fault := r.parser.Receive(r.buf[:n])
		if fault != nil {
			r.p.Kill(fault)
			return r.failed(502, fault.Reason, fault.Error())
		}
		if done {
			r.rest, r.first = r.buf[used:n], time.Since(started)
			break
		}
	}
	if err := r.p.Why(); err != nil {
		return r.headless(err)
	}
	h := r.parser.Head()
	if next, why, ok := r.handOver(h); ok {
		return next, why
	}
	if h.Kind == gateway.LocalRedirect {
		location := h.Location
		r.finish()
		next, why := v.rewalk(location, ScriptRedirects.Reach(), &s.conf.Pos)
		r.giveBack()
		return next, why
	}
	v.status = h.Status
	v.addAnswered(h.Fields, nil)
	now := v.x.Start / int64(time.Second)
	if outcome, asked := h.Conditions(v.request(), now); asked && !h.Said && v.standing == 0 {
		switch outcome.Verdict {
		case message.NotModified:
			return r.unchanged()
		case message.PreconditionFailed:
			r.finish()
			r.giveBack()
			v.header.Reset()
			v.refusal.status = 412
			return v.refused(ScriptUnmet.Reach(), &s.conf.Pos, nil)
		}
	}
	v.line = &s.conf.Pos
	if r.gather(h) {
		return r.complete(h)
	}
	v.late = v.afterwards()
	v.length = h.ContentLength
	if !message.BodyAllowed(v.status) {
		v.length = -1 // whatever it says
	}
	if v.length >= 0 {
		v.header.Set("Content-Length", strconv.FormatInt(v.length, 10))
	}
	v.produce = r.produce
	return deliver, r.answered()
}

// read reads what the script writes. Only the bound of running scripts counts whoever waits for that: meanwhile others have the
// handler's place.
func (r *running) read() (n int, err error) {
	r.v.x.Aside(func() { n, err = r.p.Read(r.buf[:]) })
	return n, err
}

// soon is how long an answer is gathered that may be whole in a moment: then it has a length, and is sent in one piece.
const soon = 2 * time.Millisecond

// gather reads what comes at once, and reports whether that is all.
func (r *running) gather(h *gateway.Head) bool {
	if h.ContentLength > int64(len(r.rest)) && h.ContentLength > int64(len(r.buf))/2 {
		return false
	}
	n := copy(r.buf[:], r.rest)
	r.rest = r.buf[:n]
	for n < len(r.buf) {
		m, err := r.p.Soon(r.buf[n:], soon)
		n += m
		r.rest = r.buf[:n]
		switch {
		case err == cgi.ErrNotYet:
			return false
		case err != nil:
			return err == io.EOF
		}
	}
	return false
}

// complete answers with a body that is whole, of a script that has ended.
func (r *running) complete(h *gateway.Head) (step, *trace.Reason) {
	v := r.v
	body := r.rest
	if h.ContentLength >= 0 && int64(len(body)) > h.ContentLength {
		body = body[:h.ContentLength]
	}
	short := h.ContentLength > int64(len(body)) && v.x.Request.Method != message.HEAD
	if !message.BodyAllowed(v.status) {
		short, body = false, nil
	}
	v.body = append([]byte(nil), body...)
	exit := r.finish()
	if limit := r.s.conf.OutputBytes.V; short || limit > 0 && int64(len(body)) > limit {
		v.header.Reset()
		v.body = nil
		why := ScriptCutShort
		if !short {
			why = ScriptTooLong
		}
		return r.refuse(502, why, exit.String())
	}
	if exit.Failed() && exit.Status.Signal() != syscall.SIGPIPE {
		ScriptFailed.Reach()
		v.complain(ScriptFailed, exit.String())
		if v.looking() {
			v.tell("cgi", ScriptFailed, v.line, r.program.Path, true)
		}
	}
	r.giveBack()
	if message.BodyAllowed(v.status) {
		length := int64(len(v.body))
		if h.ContentLength >= 0 {
			length = h.ContentLength // of HEAD, what GET would have
		}
		v.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return deliver, r.answered()
}

// answered tells that the script's answer has begun.
func (r *running) answered() *trace.Reason {
	if v := r.v; v.looking() {
		v.tell("cgi", ScriptAnswered, &r.s.conf.Pos, r.program.Path, true, trace.D("status", strconv.Itoa(v.status)),
			trace.D("first byte after", milliseconds(r.first)))
	}
	return ScriptAnswered.Reach()
}

// unchanged answers 304: the client keeps what it has.
func (r *running) unchanged() (step, *trace.Reason) {
	v := r.v
	r.finish()
	r.giveBack()
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language"} {
		v.header.Del(name)
	}
	v.status, v.line = 304, &r.s.conf.Pos
	if v.looking() {
		v.tell("cgi", ScriptNotModified, v.line, r.program.Path, true)
	}
	return deliver, ScriptNotModified.Reach()
}

// produce sends the body as the script writes it.
func (r *running) produce(w *sender) (err error) {
	defer func() {
		if why := r.reason(err); why != nil {
			why.Reach()
			r.p.Kill(err)
			exit := r.finish()
			if why != ScriptGone {
				r.v.complain(why, exit.String())
			}
			r.v.late.add(trace.Event{Step: "cgi", Reason: why, Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true})
		} else if exit := r.finish(); exit.Failed() && err == nil {
			ScriptFailed.Reach()
			r.v.complain(ScriptFailed, exit.String())
			r.v.late.add(trace.Event{Step: "cgi", Reason: ScriptFailed, Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true})
		}
		r.giveBack()
	}()
	limit, length := r.s.conf.OutputBytes.V, r.v.length
	for {
		if len(r.rest) > 0 {
			r.written += int64(len(r.rest))
			if limit > 0 && r.written > limit {
				return errTooLong
			}
			if length >= 0 && r.written > length { // what goes beyond the length that it said is nobody's
				r.rest = r.rest[:max(int64(len(r.rest))-(r.written-length), 0)]
			}
			if _, err := w.Write(r.rest); err != nil {
				return &exchange.GoneError{Reason: ScriptGone}
			}
		}
		if err := w.Flush(); err != nil {
			return &exchange.GoneError{Reason: ScriptGone}
		}
		r.p.Until(time.Now().Add(r.s.conf.IdleTime.V), errIdle)
		n, err := r.read()
		r.rest = r.buf[:n]
		switch {
		case err == io.EOF:
			if length > r.written && !w.silent {
				return errCutShort
			}
			return nil
		case err != nil:
			return err
		}
	}
}

var errCutShort = errors.New("its answer ended early")

// reason is what an error in the middle of an answer means, nil when there is none.
func (r *running) reason(err error) *trace.Reason {
	var gone *exchange.GoneError
	switch {
	case err == nil:
		return nil
	case err == errHeadLate:
		return ScriptHeadLate
	case err == errIdle:
		return ScriptIdle
	case err == errTooLong:
		return ScriptTooLong
	case err == errCutShort:
		return ScriptCutShort
	case err == errReplaced:
		return ScriptReplaced
	case err == cgi.ErrWhole:
		return ScriptLate
	case err == cgi.ErrStopping:
		return ScriptStopped
	case errors.As(err, &gone), errors.Is(err, context.Canceled):
		return ScriptGone
	}
	var fault *gateway.Fault
	if errors.As(err, &fault) {
		return fault.Reason
	}
	return ScriptUnstartable // its bounds could not be set
}

// headless answers for a script that ended, or was killed, before its header was complete.
func (r *running) headless(err error) (step, *trace.Reason) {
	if err != io.EOF {
		status := 504
		why := r.reason(err)
		switch why {
		case ScriptUnstartable, ScriptReplaced:
			status = 500
		case ScriptStopped, ScriptGone:
			status = 503
		}
		return r.failed(status, why, err.Error())
	}
	if r.parser.Size() == 0 {
		return r.failed(502, ScriptSilent, "")
	}
	fault := r.parser.End()
	return r.failed(502, fault.Reason, fault.Error())
}

// failed answers for a script whose answer cannot be used.
func (r *running) failed(status int, why *trace.Reason, text string) (step, *trace.Reason) {
	exit := r.finish()
	if text != "" {
		text += "; "
	}
	return r.refuse(status, why, text+exit.String())
}

func (r *running) refuse(status int, why *trace.Reason, text string) (step, *trace.Reason) {
	v := r.v
	why.Reach()
	if last := r.words.last; last != "" {
		text += "; the last that it wrote to standard error is: " + last
	}
	if why != ScriptGone {
		v.complain(why, r.program.Name+" ("+r.program.Mode.String()+"): "+text)
	}
	r.giveBack()
	v.refusal.status, v.refusal.retry = status, status == 503
	return v.refused(why, &r.s.conf.Pos, []trace.Detail{trace.D("script", r.program.Name), trace.D("why", text)})
}

// finish waits for the script's end and tells how it came.
func (r *running) finish() cgi.Exit {
	var e cgi.Exit
	r.v.x.Aside(func() { e = r.p.Finish() }) // it may have closed its output, and go on
	r.words.end()
	ScriptEnded.Reach()
	v := r.v
	if !v.looking() {
		return e
	}
	details := []trace.Detail{trace.D("pid", strconv.Itoa(r.p.PID)), trace.D("end", e.String()), trace.D("time", milliseconds(e.Elapsed)),
		trace.D("user time", milliseconds(e.User)), trace.D("system time", milliseconds(e.System)), trace.D("memory", memoryOf(&e))}
	event := trace.Event{Step: "cgi", Reason: ScriptEnded, Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true, Details: details}
	if v.late != nil {
		v.late.add(event)
	} else {
		v.x.Trace.Add(event)
	}
	if e.Left {
		left := trace.Event{Step: "cgi", Reason: ScriptLeft.Reach(), Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true}
		if v.late != nil {
			v.late.add(left)
		} else {
			v.x.Trace.Add(left)
		}
	}
	return e
}

// memoryOf is the most memory that a script had, as far as it is known.
func memoryOf(e *cgi.Exit) string {
	text := strconv.FormatInt(e.Memory>>10, 10) + " KiB"
	if e.AtMost {
		return "at most " + text
	}
	return text
}

// giveBack leaves the gate and gives the memory back.
func (r *running) giveBack() {
	r.input.close()
	if r.inside {
		r.inside = false
		r.s.gate.leave()
	}
	if r.buf != nil {
		inputs.Put(r.buf)
		r.buf, r.rest = nil, nil
	}
}
