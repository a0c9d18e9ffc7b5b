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
