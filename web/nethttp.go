package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Adapt makes an http.Handler answer an exchange, for Exchange.Go: requests look as net/http's server makes them and
// ResponseWriter does what net/http's does, with Flusher, Hijacker and http.ResponseController. It blocks, so it
// belongs off the loop.
func Adapt(h http.Handler) func(x *Exchange) {
	f := AdaptHead(h)
	return func(x *Exchange) { f(x, nil) }
}

// AdaptHead is Adapt for those who have a say in the response's header: head, unless it is nil, is called with the status
// and the header before the response begins, and may change the header but for what concerns the body's length.
func AdaptHead(h http.Handler) func(x *Exchange, head func(status int, h *message.Header)) {
	return func(x *Exchange, head func(status int, h *message.Header)) {
		r := request(x)
		w := newResponse(x)
		w.decorate = head
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { // net/http's way to cut a response off without a word in the log
					x.Abort()
					return
				}
				panic(v)
			}
			w.finish()
		}()
		h.ServeHTTP(w, r)
	}
}

// Serve is a Handler that gives every exchange to an http.Handler off the loop.
func Serve(h http.Handler) Handler { return nethttpHandler{Adapt(h)} }

type nethttpHandler struct{ f func(x *Exchange) }

func (h nethttpHandler) Serve(x *Exchange) {
	if x.Refused != nil {
		plain(x, x.Refused.Status, x.Refused.Reason.Sentence)
		return
	}
	if !x.Go(h.f) {
		x.Because(HandlersBusy.Reach(), nil)
		plain(x, http.StatusServiceUnavailable, HandlersBusy.Sentence)
	}
}

func (nethttpHandler) Finish(*Exchange) {}

// plain answers with a line of text.
func plain(x *Exchange, status int, text string) {
	body := []byte(text + "\n")
	h := new(message.Header)
	h.Add("Content-Type", "text/plain; charset=utf-8")
	h.Add("Content-Length", strconv.Itoa(len(body)))
	x.AddBytes(body, nil)
	x.Respond(message.NewBlock(status, h))
}

// request makes net/http's view of the head.
func request(x *Exchange) *http.Request {
	m := x.Request
	r := &http.Request{
		Method: m.MethodName(), ProtoMajor: int(m.Major), ProtoMinor: int(m.Minor),
		Proto:  "HTTP/" + strconv.Itoa(int(m.Major)) + "." + strconv.Itoa(int(m.Minor)),
		Header: make(http.Header, m.Fields.Len()), ContentLength: m.ContentLength,
		Host: string(m.Authority.Of(m.Arena())), RemoteAddr: remoteAddr(x), RequestURI: string(m.RawTarget()),
		Body: http.NoBody,
	}
	r.URL = target(m, r.RequestURI)
	for i := range m.Fields.Len() {
		name, value := m.Fields.At(i)
		if m.Fields.IDAt(i) != message.Host && m.Fields.IDAt(i) != message.TransferEncoding {
			key := http.CanonicalHeaderKey(string(name))
			r.Header[key] = append(r.Header[key], string(value))
		}
	}
	if m.ContentLength < 0 {
		r.TransferEncoding = []string{"chunked"}
	}
	r = r.WithContext(context.WithValue(x.Context(), http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(x.Peer.Local))))
	if m.ContentLength != 0 {
		r.Body = &requestBody{ReadCloser: x.Body(), x: x, r: r}
		for name := range trailers(r.Header) { // announced: their values follow when the body has ended
			if r.Trailer == nil {
				r.Trailer = make(http.Header)
			}
			r.Trailer[name] = nil
		}
	}
	r.Header.Del("Trailer")
	return r
}

// target is the request's target as net/url has it. Where that package is stricter than the standard, the path is the
// one that was normalised here.
func target(m *message.Request, raw string) *url.URL {
	if m.Target.Form == message.AuthorityForm {
		return &url.URL{Host: raw}
	}
	if u, err := url.ParseRequestURI(raw); err == nil {
		return u
	}
	return &url.URL{Path: string(m.Path()), RawQuery: string(m.Query()), ForceQuery: m.Target.HasQuery && len(m.Query()) == 0}
}

// requestBody puts the trailer section into the request when the body has ended.
type requestBody struct {
	io.ReadCloser
	x     *Exchange
	r     *http.Request
	ended bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.ended {
		b.ended = true
		if t := b.x.Trailer(); t != nil {
			if b.r.Trailer == nil {
				b.r.Trailer = make(http.Header)
			}
			for name, value := range t.Each() {
				b.r.Trailer.Add(name, value)
			}
		}
	}
	return n, err
}

// response is an http.ResponseWriter on an exchange. As net/http's, it may be used by one goroutine at a time.
type response struct {
	decorate func(status int, h *message.Header) // nil: nobody has a say in the header
	x        *Exchange
	header   http.Header
	status   int
	fixed    http.Header // the header as it was when WriteHeader was called
	buf      bytes.Buffer
	begun    bool
	hijacked bool
	length   int64 // announced; -1: not
	written  int64
}

// shortLen is how much is gathered before a response begins: a short answer gets a Content-Length of its own.
const shortLen = 4 << 10

// sniffed is how much of a body http.DetectContentType looks at.
const sniffed = 512

func newResponse(x *Exchange) *response {
	return &response{x: x, header: make(http.Header), length: -1}
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status != 0 || w.hijacked {
		return
	}
	if status < 100 || status > 999 {
		panic("invalid WriteHeader code " + strconv.Itoa(status))
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		w.x.Inform(message.NewBlock(status, fields(w.header, nil)))
		return
	}
	w.status = status
	w.fixed = w.header.Clone()
	if n, err := strconv.ParseInt(w.fixed.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.length = n
	} else {
		w.fixed.Del("Content-Length")
	}
}

func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *response) Write(p []byte) (int, error) {
	if w.hijacked {
		return 0, http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !message.BodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.length >= 0 && w.written+int64(len(p)) > w.length {
		return 0, http.ErrContentLength
	}
	w.written += int64(len(p))
	if w.head() { // eaten, but for what tells the type
		w.buf.Write(p[:min(len(p), max(sniffed-w.buf.Len(), 0))])
		return len(p), nil
	}
	if !w.begun {
		if w.buf.Len()+len(p) <= shortLen {
			return w.buf.Write(p)
		}
		if err := w.begin(p, -1); err != nil {
			return 0, err
		}
	}
	return w.x.Write(p)
}

// ReadFrom lets io.Copy read straight into pieces of a good size.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	buf := make([]byte, 16<<10)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, buf)
}

// head reports whether the request wants no body.
func (w *response) head() bool { return w.x.Request.Method == message.HEAD }

// begin starts the streamed response. first is what comes after the gathered bytes, for sniffing; total is the
// body's length when the handler has ended.
func (w *response) begin(first []byte, total int64) error {
	w.begun = true
	if !message.BodyAllowed(w.status) { // RFC 9110 §8.6: 204 and its like announce no length
		w.fixed.Del("Content-Length")
		w.length = -1
	}
	length := w.length
	if length < 0 && total >= 0 && message.BodyAllowed(w.status) && !hasTrailers(w.header, w.fixed) {
		length = total
		if !w.head() || total > 0 && total <= shortLen { // HEAD says what GET would, where that is known
			w.fixed.Set("Content-Length", strconv.FormatInt(total, 10))
		}
	}
	if _, set := w.fixed["Content-Type"]; !set && message.BodyAllowed(w.status) && w.fixed.Get("Content-Encoding") == "" && w.written > 0 {
		sniff := w.buf.Bytes()
		if more := min(sniffed-len(sniff), len(first)); more > 0 {
			sniff = append(sniff[:len(sniff):len(sniff)], first[:more]...)
		}
		w.fixed.Set("Content-Type", http.DetectContentType(sniff))
	}
	if message.HasToken([]byte(w.fixed.Get("Connection")), "close") {
		w.x.CloseAfter()
	}
	header := fields(w.fixed, trailers(w.fixed))
	if w.decorate != nil {
		w.decorate(w.status, header)
	}
	if err := w.x.Stream(message.NewBlock(w.status, header), length); err != nil {
		return err
	}
	if w.buf.Len() > 0 && !w.head() {
		_, err := w.x.Write(w.buf.Bytes())
		w.buf.Reset()
		return err
	}
	return nil
}

func (w *response) Flush() { w.FlushError() }

// FlushError is Flush with the reason why it failed, as http.ResponseController wants it.
func (w *response) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.begun {
		if err := w.begin(nil, -1); err != nil {
			return err
		}
	}
	return w.x.Flush()
}

// Hijack leaves HTTP. The connection's bytes go on through the exchange, so that limits and architecture still hold.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.begun || w.hijacked {
		return nil, nil, errors.New("vitrine: the response was begun")
	}
	t, err := w.x.Upgrade(nil)
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	return t, bufio.NewReadWriter(bufio.NewReader(t), bufio.NewWriter(t)), nil
}

// SetReadDeadline bounds reading the request's body, for http.ResponseController.
func (w *response) SetReadDeadline(at time.Time) error { return w.x.SetReadDeadline(at) }

// SetWriteDeadline bounds writing the response, for http.ResponseController.
func (w *response) SetWriteDeadline(at time.Time) error { return w.x.SetWriteDeadline(at) }

// EnableFullDuplex is always so: reading the body goes on while the response is written.
func (w *response) EnableFullDuplex() error { return nil }

// finish ends the response when the handler has returned.
func (w *response) finish() {
	if w.hijacked {
		return
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.begun {
		w.begin(nil, w.written)
	}
	if t := trailerValues(w.header, w.fixed); t != nil {
		w.x.SetTrailer(t)
	}
}

// trailers is the set of names that the handler has announced as trailers: they are not part of the head.
func trailers(h http.Header) map[string]bool {
	var set map[string]bool
	for _, line := range h["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			if set == nil {
				set = make(map[string]bool)
			}
			set[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return set
}

// hasTrailers reports whether a trailer section is to follow the body, which then cannot be delimited by its length.
func hasTrailers(h, fixed http.Header) bool {
	if len(fixed["Trailer"]) > 0 {
		return true
	}
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// trailerValues is the trailer section: announced names and those with http.TrailerPrefix.
func trailerValues(h, fixed http.Header) *message.Header {
	announced := trailers(fixed)
	var out *message.Header
	for name, values := range h {
		key, prefixed := strings.CutPrefix(name, http.TrailerPrefix)
		if !prefixed && !announced[name] {
			continue
		}
		for _, v := range values {
			if out == nil {
				out = new(message.Header)
			}
			out.Add(key, oneLine.Replace(v))
		}
	}
	return out
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// fields is the head's field section. What belongs to the connection is the carrier's to say.
func fields(h http.Header, not map[string]bool) *message.Header {
	out := new(message.Header)
	for name, values := range h {
		switch {
		case name == "Connection", name == "Transfer-Encoding", name == "Keep-Alive", name == "Date", not[name],
			strings.HasPrefix(name, http.TrailerPrefix):
			continue
		}
		for _, v := range values {
			out.Add(name, oneLine.Replace(v)) // a name that is no token is left out, as net/http does
		}
	}
	return out
}

var _ interface {
	http.ResponseWriter
	http.Flusher
	http.Hijacker
	io.ReaderFrom
	io.StringWriter
} = (*response)(nil)

var _ exchange.Carrier = (*http1Conn)(nil)

// remoteAddr is the client as http.Handlers know it, behind trusted proxies too; empty when they hide it.
func remoteAddr(x *exchange.Exchange) string {
	if !x.Client.IsValid() {
		return ""
	}
	return x.Client.String()
}
