package site

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"vitrine/site/fastcgi"
	"vitrine/site/gateway"
	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// call is one request to an application: a driver of the link to it. It is a machine: each method is called when something has
// happened, on the loop under most architectures, and returns; no goroutine waits for the application. From Dial on it owns
// the visit and the exchange, until it hands them on (resume) or ends them (over).
type call struct {
	v      *visit
	r      *responder
	x      *exchange.Exchange
	script string // SCRIPT_NAME, for messages
	file   string // SCRIPT_FILENAME, likewise
	vars   gateway.Variables
	rx     fastcgi.Receiver
	parser gateway.Parser
	words  lastWords // what the application says to its standard error
	out    []byte    // gathered to be sent

	spool *spooled // the request's body, when it was read before; nil: it is passed on as it comes
	left  int64    // bytes of it that were not sent
	body  *sender  // where the answer goes; nil: it has not begun

	headed  bool   // the answer's head is complete
	then    ending // what happens when the answer is complete
	asked   bool   // the request was begun
	sent    bool   // it was sent whole
	told    bool   // a part of the body was
	wrote   bool   // something of the answer waits to be flushed
	spoke   bool   // something of its body has come since the application's time was last set
	paused  bool   // the client takes nothing
	reused  bool   // the connection had been used before
	retried bool
	dropped int64 // bytes of the answer that nobody gets

	began               time.Time // when the connection was asked for
	connected, first    time.Time
	bytesOut, bytesBack int64
}

// ending is what happens when an answer is complete.
type ending uint8

const (
	endPlain     ending = iota // its body was sent
	endUnchanged               // 304
	endUnmet                   // 412
	endLocal                   // another path of the site answers
	endAccel                   // likewise, by X-Accel-Redirect
	endFile                    // a file is sent
	endIntercept               // the site's own page for the error
)

const (
	// callWindow is how much of a request's body may wait for the transport, and pieceBytes how much is read at once.
	callWindow = 64 << 10
	pieceBytes = 16 << 10
	// mostDropped is how much of a body that nobody gets is read so that the connection can be kept.
	mostDropped = 256 << 10
)

var calls = sync.Pool{New: func() any { return new(call) }}

func newCall(v *visit, r *responder) *call {
	c := calls.Get().(*call)
	c.v, c.r, c.x = v, r, v.x
	c.words.limit, c.words.all = int(r.conf.ErrorBytes.V), &r.said
	return c
}

// forget gives the call back. Nothing of it may be used afterwards.
func (c *call) forget() {
	c.spool.close()
	vars, parser, out, words := c.vars, c.parser, c.out[:0], c.words.part[:0]
	if cap(out) > 64<<10 {
		out = nil
	}
	*c = call{vars: vars, parser: parser, out: out}
	c.words.part = words
	calls.Put(c)
}

var _ exchange.LinkDriver = (*call)(nil)

// Connected sends the request.
func (c *call) Connected(l exchange.Link) {
	c.reused = l.Reused()
	if c.v.looking() {
		c.connected = time.Now()
	}
	if c.x.Look().Gone != nil {
		c.clientGone(l)
		return
	}
	c.asked = true
	c.rx.Begin()
	c.parser.Reset(c.r.limits)
	c.out = fastcgi.AppendBegin(c.out[:0], c.r.conf.KeepAlive.V)
	var from int
	c.out, from = fastcgi.OpenParams(c.out)
	for i := range c.vars.Len() {
		name, value := c.vars.At(i)
		c.out = fastcgi.AppendPair(c.out, name, value)
	}
	c.out = fastcgi.CloseParams(c.out, from)
	AppConnected.Reach()
	c.more(l)
}

// more sends what is there of the request's body, as far as the application takes it.
func (c *call) more(l exchange.Link) {
	if c.sent {
		return
	}
	for c.left > 0 && l.Queued()+len(c.out) < callWindow { // whoever asks what is queued is told when nothing is any more
		if len(c.out) >= callWindow/2 {
			c.send(l) // which may leave at once
			continue
		}
		at := len(c.out)
		c.out = grown(c.out, fastcgi.HeaderSize+pieceBytes)
		piece := c.out[at+fastcgi.HeaderSize : at+fastcgi.HeaderSize+pieceBytes]
		n, err := c.read(piece[:min(int64(len(piece)), c.left)])
		if n > 0 {
			fastcgi.AppendHeader(c.out[:at], fastcgi.Stdin, n)
			c.out = c.out[:at+fastcgi.HeaderSize+n]
			c.left -= int64(n)
			c.told = true
			continue
		}
		c.out = c.out[:at]
		if err == socket.ErrWouldBlock {
			break
		}
		c.bodyLost(l, err)
		return
	}
	if c.left == 0 {
		c.sent = true
		c.out = fastcgi.AppendStdinEnd(c.out)
		l.SetTimeout(c.r.conf.Read.V)
	}
	if len(c.out) > 0 {
		c.send(l)
	}
}

// send hands over what was gathered.
func (c *call) send(l exchange.Link) {
	l.Send(c.out)
	c.bytesOut += int64(len(c.out))
	c.out = c.out[:0]
}

// grown makes room for n more bytes, and them a part of the slice.
func grown(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		b = append(make([]byte, 0, 2*cap(b)+n), b...)
	}
	return b[:len(b)+n]
}

func (c *call) read(p []byte) (int, error) {
	if c.spool != nil {
		return c.spool.read(p)
	}
	return c.x.ReadBody(p)
}

// Receive takes the application's answer apart.
func (c *call) Receive(l exchange.Link, in []byte) int {
	if c.first.IsZero() && c.v.looking() {
		c.first = time.Now()
	}
	used := 0
	for {
		e, n, fault := c.rx.Receive(in[used:])
		used += n
		c.bytesBack += int64(n)
		if fault != nil {
			l.Close()
			status := 502
			if fault.Reason == fastcgi.Overloaded {
				status = 503
			}
			c.fail(status, fault.Reason, fault.Error())
			return used
		}
		switch e {
		case fastcgi.Message:
			if c.words.tell == nil {
				c.words.tell = c.say
			}
			c.words.take(c.rx.Data)
		case fastcgi.Output:
			if !c.output(l, c.rx.Data, in[used:]) {
				return used
			}
		case fastcgi.Ended:
			c.complete(l)
			return used
		default:
			c.settle(l)
			return used
		}
	}
}

// settle goes on waiting after a part of the answer has come.
func (c *call) settle(l exchange.Link) {
	if c.wrote && c.flushes() {
		c.wrote = false
		c.body.Flush()
	}
	if c.body != nil && c.x.Full() {
		c.paused = true
		l.Pause()
		l.SetTimeout(0)
		return
	}
	// What it says to its standard error is no answer, and a header that comes letter by letter is none before it is whole: else
	// an application could keep a request for ever, and a processor with it.
	if c.sent && c.spoke {
		c.spoke = false
		l.SetTimeout(c.r.conf.Read.V)
	}
}

// flushes reports whether each piece of the answer leaves at once.
func (c *call) flushes() bool {
	switch c.parser.Head().Buffering {
	case gateway.Yes:
		return false
	case gateway.No:
		return true
	}
	return !c.r.conf.Buffering.V
}

// output takes a piece of the answer, of which rest is what came with it. It returns false when the call has ended.
func (c *call) output(l exchange.Link, data, rest []byte) bool {
	if !c.headed {
		n, complete, fault := c.parser.Receive(data)
		if fault != nil {
			l.Close()
			c.fail(502, fault.Reason, fault.Error())
			return false
		}
		if !complete {
			return true
		}
		c.headed = true
		data = data[n:]
		if !c.begin(l, len(data), rest) {
			return false
		}
	}
	c.spoke = true
	switch {
	case len(data) == 0:
	case c.then == endPlain:
		c.body.Write(data)
		c.wrote = true
	default:
		if c.dropped += int64(len(data)); c.dropped > mostDropped {
			l.Close()
			c.conclude()
			return false
		}
	}
	return true
}

// Woken looks at what has changed about the exchange.
func (c *call) Woken(l exchange.Link) {
	s := c.x.Look()
	if s.Gone != nil {
		c.clientGone(l)
		return
	}
	if !c.asked {
		return
	}
	if c.paused && s.Room > 0 {
		c.paused = false
		l.SetTimeout(c.r.conf.Read.V)
		l.Resume()
	}
	c.more(l)
}

// Sent goes on with the request's body.
func (c *call) Sent(l exchange.Link) { c.more(l) }

// Expired is an application that takes too long.
func (c *call) Expired(l exchange.Link) {
	l.Close()
	why := AppSilent
	if c.headed {
		why = AppStalled
	}
	c.fail(504, why.Reach(), "it answered nothing for "+c.r.conf.Read.V.String()+", the fastcgi block's read")
}

// EOF is an application that closes the connection.
func (c *call) EOF(l exchange.Link) {
	l.Close()
	c.lost(c.rx.Cut())
}

// over ends the exchange with what it has by now.
func (c *call) over() {
	x, h, g := c.x, c.v.h, &c.r.gate
	c.forget()
	x.End()
	g.leave()
	h.drop()
}

// resume hands the visit to a function that goes on with it off the loop, for what may have to ask the disk.
func (c *call) resume(f func(v *visit)) {
	v, x, h, g := c.v, c.x, c.v.h, &c.r.gate
	v.call = nil
	c.forget()
	if !x.Resume(func(*exchange.Exchange) {
		defer h.drop()
		f(v)
	}) {
		turnAway(x, Busy, &h.conf.Limits.Handlers.Pos)
		h.drop()
	}
	g.leave()
}

// say tells the error log what the application said.
func (c *call) say(line string) {
	text := "it says: " + line
	if strings.Contains(line, "Primary script unknown") { // php-fpm tells neither which script nor whose mistake that is
		text += "; it was asked for " + strconv.Quote(c.file) + " and finds no such file, or may not enter a folder on the way. " +
			"Where it has a file system of its own, root in the fastcgi block says how the route's root is called there"
	}
	c.complain(nil, text)
}

// event tells the journey what happened.
func (c *call) event(why *trace.Reason, details ...trace.Detail) {
	v := c.v
	if !v.looking() {
		return
	}
	e := trace.Event{Step: "upstream", Reason: why, Position: c.r.conf.Pos, Subject: c.script, Taken: true, Details: details}
	if !v.answered.Load() {
		v.x.Trace.Add(e)
		return
	}
	v.late.add(e)
}

// measures are the numbers of the call.
func (c *call) measures() []trace.Detail {
	if !c.v.looking() {
		return nil
	}
	how := "new"
	if c.reused {
		how = "reused"
	}
	all := []trace.Detail{trace.D("address", c.r.conf.Address.V), trace.D("connection", how)}
	since := func(name string, at time.Time) {
		if !at.IsZero() {
			all = append(all, trace.D(name, milliseconds(at.Sub(c.began))))
		}
	}
	since("connected after", c.connected)
	since("first byte after", c.first)
	since("ended after", time.Now())
	return append(all, trace.D("bytes sent", strconv.FormatInt(c.bytesOut, 10)), trace.D("bytes received", strconv.FormatInt(c.bytesBack, 10)))
}
