package site

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"vitrine/trace"
	"vitrine/web/exchange"
)

// bodyLost ends a request whose body does not come whole.
func (c *call) bodyLost(l exchange.Link, err error) {
	if err == io.EOF {
		err = errBodyShort
	}
	if c.x.Look().Gone != nil {
		c.clientGone(l)
		return
	}
	l.Close()
	c.fail(400, AppBodyLost.Reach(), err.Error())
}

// lost is a connection that ended before the answer was complete.
func (c *call) lost(err error) {
	if c.again() {
		return
	}
	text := "it closed the connection"
	if err != nil {
		text = err.Error()
	}
	if c.reused {
		text += "; the connection had been used before"
	}
	c.fail(502, AppClosed.Reach(), text)
}

// again sends the request once more when that cannot do harm: the connection had been idle, nothing came back, the method can
// be repeated and no body was sent.
func (c *call) again() bool {
	if !c.reused || c.retried || c.rx.Started() || c.told || !c.v.request().Method.Idempotent() {
		return false
	}
	c.retried = true
	c.sent, c.asked = false, false
	AppAgain.Reach()
	c.event(AppAgain)
	return c.x.Redial(&c.r.link, c) == nil
}

// Gone is a connection that could not be made, or was lost.
func (c *call) Gone(l exchange.Link, why *trace.Reason, err error) {
	if l != nil && l.Reused() && !c.asked { // it ended when it was found
		if c.reused = true; c.again() {
			return
		}
	}
	if c.asked && why.ID != linkStalled {
		c.lost(err)
		return
	}
	if c.x.Look().Gone != nil {
		c.clientGone(nil)
		return
	}
	status, text := 502, why.Clause()
	if err != nil {
		text = err.Error()
	}
	switch {
	case why.ID == linkTimeout, why.ID == linkStalled:
		status = 504
	case errors.Is(err, syscall.ECONNREFUSED):
		why = AppNotListening.Reach()
	case errors.Is(err, syscall.ENOENT):
		why = AppNoSocket.Reach()
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		why = AppForbidden.Reach()
		text += c.permissions()
	case errors.Is(err, exchange.ErrBusy):
		status, why = 503, AppCrowded.Reach()
	default:
		why = AppUnreachable.Reach()
	}
	c.fail(status, why, text)
}

// Ids of the engine's Reasons that are time-outs.
const (
	linkTimeout = "upstream.connect-timeout"
	linkStalled = "upstream.write-timeout"
)

// permissions says who may use the application's socket, and who asks.
func (c *call) permissions() string {
	path := c.r.conf.SocketPath()
	if path == "" {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return "; " + err.Error()
	}
	text := "; the socket's mode is " + info.Mode().String()
	if uid, gid, ok := ownerOf(info); ok {
		text += ", its owner is user " + strconv.Itoa(uid) + " and group " + strconv.Itoa(gid)
	}
	return text + "; this program runs as user " + strconv.Itoa(os.Geteuid()) + " and group " + strconv.Itoa(os.Getegid())
}

// clientGone ends the call: nobody wants the answer any more.
func (c *call) clientGone(l exchange.Link) {
	if l != nil {
		l.Close()
	}
	c.words.end()
	AppClientGone.Reach()
	c.event(AppClientGone)
	if c.body != nil {
		c.body.free()
	}
	c.over()
}

// fail answers with an error, or cuts an answer off that was begun, so that nobody takes the part for the whole. The link is
// closed.
func (c *call) fail(status int, why *trace.Reason, text string) {
	c.words.end()
	if last := c.words.last; last != "" {
		text += "; the last that it said is: " + last
	}
	c.complain(why, text)
	details := append(c.measures(), trace.D("why", text))
	if c.body != nil {
		c.event(why, details...)
		c.x.Because(why, &c.r.conf.Pos)
		c.body.close(errors.New(text))
		c.over()
		return
	}
	r := c.r
	c.event(why, details...)
	c.resume(func(v *visit) {
		v.header.Reset()
		v.refusal = refusal{status: status, retry: status == 503}
		v.goOn(v.refused(why, &r.conf.Pos, details))
	})
}

// applicationTrouble is what the error log is told about an application.
type applicationTrouble struct {
	address, script string
	why             *trace.Reason // nil: the application's own words
	text            string
}

func (e *applicationTrouble) Error() string {
	s := "application " + e.address + ", " + e.script
	if e.why != nil && !strings.Contains(e.text, e.why.Clause()) {
		s += ": " + e.why.Clause()
	}
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

func (c *call) complain(why *trace.Reason, text string) {
	c.v.h.report(c.x.Journey, &applicationTrouble{c.r.conf.Address.V, c.script, why, text})
}
