package site

import (
	"errors"
	"io"
	"os"
	"strconv"
	"sync"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// scriptInput is a request's body on its way to a script.
type scriptInput struct {
	in     *os.File // that the script reads; nil: nothing
	out    *os.File // that is written to it while it runs; nil: everything is there
	length int64    // of the body
	long   bool     // it is passed on while the script runs
	passed *os.File // out, once it is written
}

// pipeBytes is what a pipe holds without anybody reading it (pipe(7)).
const pipeBytes = 64 << 10

var inputs = sync.Pool{New: func() any { return new([pipeBytes]byte) }}

var errBodyTooLarge = errors.New("the request's body is longer than is accepted here")

// input makes what a script reads. A short body, and one whose length the request does not say, is read before the script
// is run: a client that is slow then keeps nobody, and the script must be told the length. A long body is passed on while
// the script runs.
func (v *visit) input(s *scripts) (i scriptInput, err error) {
	r := v.request()
	i.length = r.ContentLength
	switch {
	case i.length == 0:
		return i, nil
	case i.length > pipeBytes:
		i.long = true
		return i, nil
	}
	buf := inputs.Get().(*[pipeBytes]byte)
	defer inputs.Put(buf)
	body := v.x.Body()
	if i.length > 0 {
		if _, err := io.ReadFull(body, buf[:i.length]); err != nil {
			return i, &bodyError{err}
		}
		return i, i.fill(buf[:i.length])
	}
	n, err := io.ReadFull(body, buf[:s.conf.BufferBytes.V])
	limit := v.bodyBound(s).V
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		if i.length = int64(n); limit > 0 && i.length > limit {
			return i, errBodyTooLarge
		}
		return i, i.fill(buf[:n])
	case err != nil:
		return i, &bodyError{err}
	}
	return i, i.spool(buf[:n], body, limit)
}

// bodyBound is the bound of a body whose length is not known: the script's own, or the lower one of all bodies here.
func (v *visit) bodyBound(s *scripts) *config.Value[int64] {
	if all := &v.settings.conf.BodyBytes; all.V > 0 && all.V < s.conf.SpoolBytes.V {
		return all
	}
	return &s.conf.SpoolBytes
}

// bodyError says that the request's body did not come whole.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "the request's body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// open makes the pipe of a long body, when the script is about to be run.
func (i *scriptInput) open() (err error) {
	if i.long {
		i.in, i.out, err = os.Pipe()
	}
	return err
}

// fill puts a short body into a pipe, which takes it whole.
func (i *scriptInput) fill(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	i.in = in
	_, err = out.Write(b)
	out.Close()
	return err
}

// spool puts a body whose length is not known into a file without a name.
func (i *scriptInput) spool(first []byte, body io.Reader, limit int64) error {
	f, err := os.CreateTemp("", "vitrine-body-")
	if err != nil {
		return err
	}
	os.Remove(f.Name())
	i.in, i.length = f, 0
	if _, err := f.Write(first); err != nil {
		return err
	}
	source := body
	if limit > 0 {
		source = io.LimitReader(body, limit-int64(len(first))+1)
	}
	n, err := io.Copy(f, readErrors{source})
	i.length = int64(len(first)) + n
	switch {
	case err != nil:
		return err
	case limit > 0 && i.length > limit:
		return errBodyTooLarge
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// readErrors tells the errors of the client apart from those of the disk.
type readErrors struct{ r io.Reader }

func (e readErrors) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && err != io.EOF {
		err = &bodyError{err}
	}
	return n, err
}

// pass writes a long body while the script runs, until it is whole, the script reads no more, or the exchange is over.
func (i *scriptInput) pass(x *exchange.Exchange) {
	if i.out == nil {
		return
	}
	body, out, length := x.Body(), i.out, i.length
	i.out, i.passed = nil, out
	go func() {
		io.Copy(out, io.LimitReader(body, length))
		out.Close() // a script that is told too much of the length reads the end
		body.Close()
	}()
}

// close gives back what the script has by now, or will never have.
func (i *scriptInput) close() {
	if i.in != nil {
		i.in.Close()
		i.in = nil
	}
	if i.out != nil {
		i.out.Close()
		i.out = nil
	}
	if i.passed != nil { // something that the script left running may hold the other end
		i.passed.Close()
		i.passed = nil
	}
}

// refuseBody answers for a body that a script cannot be given.
func (v *visit) refuseBody(s *scripts, err error) (step, *trace.Reason) {
	var lost *bodyError
	line := &s.conf.Pos
	switch {
	case err == errBodyTooLarge:
		limit := v.bodyBound(s)
		v.refusal.status = 413
		return v.refused(BodyTooLarge.Reach(), &limit.Pos, []trace.Detail{trace.D("bound", strconv.FormatInt(limit.V, 10))})
	case errors.As(err, &lost):
		v.refusal.status = 400
		return v.refused(ScriptBodyLost.Reach(), line, []trace.Detail{trace.D("error", lost.err.Error())})
	}
	v.refusal.status = 500
	v.complain(ScriptNoRoom, err.Error())
	return v.refused(ScriptNoRoom.Reach(), line, nil)
}
