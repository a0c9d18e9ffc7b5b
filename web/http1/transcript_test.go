package http1

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"vitrine/trace/tracetest"
	"vitrine/web/message"
)

func TestMain(m *testing.M) { tracetest.Main(m, "http1.") }

// peer is a receiver with a buffer, driven as an engine drives it, that writes down what it received. What it writes
// does not depend on how the bytes were cut.
type peer struct {
	x       Receiver
	lim     Limits
	methods []message.Method // in the client's role: those of the requests sent
	client  bool

	buf    []byte
	log    strings.Builder
	body   []byte
	inBody bool
	broken bool
}

// feed hands over more bytes in fresh memory, so that nobody can rely on where the earlier ones were.
func (p *peer) feed(b []byte) {
	p.buf = append(bytes.Clone(p.buf), b...)
	for !p.broken {
		if p.inBody {
			data, n, done, err := p.x.Body(p.buf)
			p.body = append(p.body, data...)
			if err != nil {
				fmt.Fprintf(&p.log, "body %q %d %s\n", p.body, err.Status, err.Reason)
				p.broken = true
				return
			}
			p.buf = p.buf[n:]
			if done {
				fmt.Fprintf(&p.log, "body %q\n", p.body)
				if t := p.x.Trailers(); t != nil {
					for name, value := range t.Each() {
						fmt.Fprintf(&p.log, "trailer %s=%s\n", name, value)
					}
				}
				p.body, p.inBody = nil, false
			} else if n == 0 {
				return
			}
			continue
		}
		n, line, err := p.head()
		if err != nil {
			fmt.Fprintln(&p.log, err)
			p.broken = true
			return
		}
		if n == 0 {
			return
		}
		fmt.Fprintln(&p.log, line)
		p.inBody = p.x.InBody() || p.x.Tunnel()
		p.buf = p.buf[n:]
	}
}

func (p *peer) head() (int, string, *Error) {
	if p.client {
		if len(p.methods) == 0 {
			return 0, "", nil
		}
		var r message.Response
		n, err := p.x.ResponseHead(p.buf, &p.lim, &r, p.methods[0])
		if n == 0 || err != nil {
			return 0, "", err
		}
		if r.Status >= 200 {
			p.methods = p.methods[1:]
		}
		return n, describeResponse(&r), nil
	}
	var r message.Request
	n, err := p.x.RequestHead(p.buf, &p.lim, &r)
	if n == 0 || err != nil {
		return 0, "", err
	}
	return n, describe(&r), nil
}

// end ends the connection and returns all that was written.
func (p *peer) end() string {
	err := p.x.EOF()
	switch {
	case p.broken:
	case err != nil:
		fmt.Fprintf(&p.log, "end: %s\n", err.Reason)
	case p.inBody:
		fmt.Fprintf(&p.log, "body %q until the end\n", p.body)
	}
	return strings.TrimSuffix(p.log.String(), "\n")
}

// whole is what a receiver makes of bytes that come at once.
func whole(p peer, in []byte) string {
	p.feed(in)
	return p.end()
}

// drop is what it makes of them one by one.
func drop(p peer, in []byte) string {
	for i := range in {
		p.feed(in[i : i+1])
	}
	return p.end()
}

// checkCuts holds every way to cut the bytes in two, and the bytes one by one, to the transcript of the whole.
func checkCuts(t *testing.T, make func() peer, in []byte, want string) {
	t.Helper()
	for i := range in {
		p := make()
		p.feed(in[:i])
		p.feed(in[i:])
		if got := p.end(); got != want {
			t.Fatalf("%q cut at %d:\n%s\ninstead of\n%s", in, i, got, want)
		}
	}
	if got := drop(make(), in); got != want {
		t.Fatalf("%q byte by byte:\n%s\ninstead of\n%s", in, got, want)
	}
}

// describe is a request in one line: method, version, form, path, query, host and port, fields, length.
func describe(r *message.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d.%d", r.MethodBytes(), r.Major, r.Minor)
	if r.Target.Form != message.OriginForm {
		fmt.Fprintf(&b, " %v", r.Target.Form)
	}
	if path := r.Path(); path != nil {
		fmt.Fprintf(&b, " %s", path)
	}
	if r.Target.HasQuery {
		fmt.Fprintf(&b, " ?%s", r.Query())
	}
	fmt.Fprintf(&b, " @%s", r.Host())
	if r.Port() != 0 {
		fmt.Fprintf(&b, ":%d", r.Port())
	}
	if r.ContentLength != 0 {
		fmt.Fprintf(&b, " length=%d", r.ContentLength)
	}
	for i := range r.Fields.Len() {
		if id := r.Fields.IDAt(i); id != message.Host && !framingFields.Has(id) {
			name, value := r.Fields.At(i)
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	return b.String()
}

func describeResponse(r *message.Response) string {
	s := fmt.Sprintf("%d %d.%d", r.Status, r.Major, r.Minor)
	if r.ContentLength >= 0 {
		s += fmt.Sprintf(" length=%d", r.ContentLength)
	}
	if reason := r.ReasonText(); len(reason) > 0 {
		s += fmt.Sprintf(" (%s)", reason)
	}
	for i := range r.Fields.Len() {
		if id := r.Fields.IDAt(i); !framingFields.Has(id) {
			name, value := r.Fields.At(i)
			s += fmt.Sprintf(" %s=%s", name, value)
		}
	}
	return s
}
