package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	collect "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resources "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	spans "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"vitrine/observe/journey"
)

// Bounds of what is sent, and of trying again.
const (
	maxRequest  = 4 << 20          // bytes before compression, about; collectors take 20 MiB
	maxResponse = 64 << 10         // bytes that are read of an answer
	firstWait   = time.Second      // before the second attempt, twice as long before each further one
	longestWait = 30 * time.Second // unless the collector asks for more
	longestHold = 10 * time.Minute // whatever the collector asks for
	patience    = time.Minute      // a batch is tried again for so long
	quiet       = time.Minute      // between two notices
)

// schemaURL is the version of the semantic conventions that attributes follow.
const schemaURL = "https://opentelemetry.io/schemas/1.37.0"

// resource is who sends: the same with every request.
type resource struct {
	*resources.Resource
	scope *common.InstrumentationScope
}

func resourceOf(s *Settings) resource {
	var a attributes
	service := s.Service
	if service == "" {
		service = "vitrine"
	}
	a.text("service.name", service)
	a.text("service.version", s.Version)
	if host, err := os.Hostname(); err == nil {
		a.text("host.name", host)
	}
	a.number("process.pid", int64(os.Getpid()))
	return resource{&resources.Resource{Attributes: a}, &common.InstrumentationScope{Name: "vitrine", Version: text(s.Version)}}
}

// newClient is a client that keeps one connection and goes nowhere but where it was sent: what redirects lead to must not have
// the fields that are the collector's.
func newClient() *http.Client {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxConnsPerHost: 1, IdleConnTimeout: 2 * time.Minute,
		MaxResponseHeaderBytes: maxResponse}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send posts what waits, whenever the interval is over or a request is full, until Close.
func (p *Pusher) send() {
	defer close(p.done)
	defer p.client.CloseIdleConnections()
	tick := time.NewTicker(p.s.Interval)
	defer tick.Stop()
	for {
		least := min(perRequest, p.s.Queue)
		select {
		case <-p.closing:
			p.flush()
			return
		case <-tick.C:
			least = 1
		case <-p.wake:
		}
		for p.waiting() >= least && !p.isClosing() {
			p.deliver(p.next())
		}
		p.tellOverflow()
	}
}

func (p *Pusher) isClosing() bool {
	select {
	case <-p.closing:
		return true
	default:
		return false
	}
}

// flush posts what waits at the end, until the context of Close ends or an attempt fails.
func (p *Pusher) flush() {
	p.tellOverflow()
	for batch := p.next(); batch != nil; batch = p.next() {
		if !p.deliver(batch) {
			p.lose(p.drop(), p.why)
		}
	}
	p.tell(p.why, true)
}

// drop gives up what waits and is how much that was.
func (p *Pusher) drop() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.queue)
	p.queue = nil
	return n
}

// request is what is posted at once.
type request struct {
	body     []byte // compressed
	journeys int
}

// requests makes requests of journeys, more than one when there is too much for one.
func (p *Pusher) requests(batch []*journey.Journey) (all []request) {
	var list []*spans.Span
	journeys, size := 0, 0
	cut := func() {
		if journeys == 0 {
			return
		}
		body, err := p.encode(list)
		if err != nil {
			p.lose(journeys, err)
		} else {
			all = append(all, request{body, journeys})
		}
		list, journeys, size = nil, 0, 0
	}
	for _, j := range batch {
		own := spansOf(j)
		for _, s := range own {
			size += proto.Size(s)
		}
		list = append(list, own...)
		if journeys++; size >= maxRequest {
			cut()
		}
	}
	cut()
	return all
}

func (p *Pusher) encode(list []*spans.Span) ([]byte, error) {
	raw, err := proto.Marshal(&collect.ExportTraceServiceRequest{ResourceSpans: []*spans.ResourceSpans{{
		Resource: p.resource.Resource, SchemaUrl: schemaURL,
		ScopeSpans: []*spans.ScopeSpans{{Scope: p.resource.scope, Spans: list, SchemaUrl: schemaURL}},
	}}})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one
	z.Write(raw)
	z.Close()
	return b.Bytes(), nil
}

// deliver posts journeys, and again while that may help. It reports whether the collector answered at the end.
func (p *Pusher) deliver(batch []*journey.Journey) bool {
	answered := true
	for _, r := range p.requests(batch) {
		if err := p.insist(r); err != nil {
			var again *retryable
			answered = answered && !errors.As(err, &again)
			p.lose(r.journeys, err)
		}
	}
	return answered
}

// insist posts one request until it is answered for good, or patience is over, or the Pusher closes: then there is one attempt
// more.
func (p *Pusher) insist(r request) error {
	until := time.Now().Add(patience)
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		p.sleep(time.Until(p.hold))
		last := p.isClosing()
		err := p.post(r)
		var again *retryable
		if !errors.As(err, &again) {
			return err
		}
		if again.after > 0 {
			p.hold = time.Now().Add(min(again.after, longestHold))
		} else {
			p.hold = time.Now().Add(wait/2 + rand.N(wait/2)) // not all servers at the same time
		}
		if last || time.Now().After(until) {
			return err
		}
	}
}

// sleep waits, or until the Pusher closes.
func (p *Pusher) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.closing:
	}
}

// retryable is a failure after which the same may be sent again (OTLP §"Failures").
type retryable struct {
	error
	after time.Duration // the collector asks for that; 0: it says nothing
}

// post sends one request. When it returns nil it has counted what became of it.
func (p *Pusher) post(r request) error {
	ctx, cancel := context.WithTimeout(p.sending, p.s.Timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, "POST", p.to.String(), bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	q.Header.Set("User-Agent", strings.TrimSuffix("vitrine/"+p.s.Version, "/"))
	for name, value := range p.s.Headers {
		if strings.EqualFold(name, "Host") {
			q.Host = value
		}
		q.Header.Set(name, value)
	}
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("Content-Encoding", "gzip")
	a, err := p.client.Do(q)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err // who it is about is said anyway
		}
		switch {
		case p.sending.Err() != nil:
			err = errors.New("the server stops, and they were not sent in time")
		case errors.Is(err, context.DeadlineExceeded):
			err = fmt.Errorf("no answer within %v", p.s.Timeout)
		}
		return &retryable{error: err}
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(a.Body, maxResponse)) // the status says enough
	switch {
	case a.StatusCode/100 == 2:
		p.accepted(r, body)
		return nil
	case a.StatusCode == 429 || a.StatusCode == 502 || a.StatusCode == 503 || a.StatusCode == 504:
		return &retryable{fmt.Errorf("it answers %s", a.Status), retryAfter(a.Header.Get("Retry-After"), time.Now())}
	case a.StatusCode/100 == 3:
		return fmt.Errorf("it answers %s; redirects are not followed: give the address itself", a.Status)
	}
	return fmt.Errorf("it answers %s%s", a.Status, said(body))
}

// accepted counts what a collector has taken, which may be only a part (OTLP §"Partial Success").
func (p *Pusher) accepted(r request, body []byte) {
	var answer collect.ExportTraceServiceResponse
	if proto.Unmarshal(body, &answer) != nil { // some answer with JSON or nothing
		answer.Reset()
	}
	part := answer.GetPartialSuccess()
	lost := int(min(max(part.GetRejectedSpans(), 0), int64(r.journeys)))
	p.sent.Add(uint64(r.journeys - lost))
	if lost > 0 {
		p.lose(lost, fmt.Errorf("it rejects %d spans%s", part.GetRejectedSpans(), said([]byte(part.GetErrorMessage()))))
	}
}

// said is the beginning of what a collector says about a failure, when that is text.
func said(body []byte) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, string(body[:min(len(body), 200)]))
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return ": " + strconv.Quote(s)
}

// retryAfter is how long to wait by a Retry-After field: seconds or a date (RFC 9110 §10.2.3).
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// lose counts requests whose spans are lost, and tells.
func (p *Pusher) lose(journeys int, why error) {
	p.lost.Add(uint64(journeys))
	p.untold += uint64(journeys)
	p.tell(why, false)
}

// tellOverflow tells of requests that found no place in the queue. They are counted already.
func (p *Pusher) tellOverflow() {
	if n := p.overflowed.Swap(0); n > 0 {
		p.untold += n
		p.tell(errFull, false)
	}
}

var errFull = errors.New("more requests end than it takes in this time. A longer queue helps against bursts, recording only a sample always")

// tell says how much was lost, at most once in a while unless it is the last time.
func (p *Pusher) tell(why error, last bool) {
	p.why = why
	if p.untold == 0 || p.s.Failed == nil || !last && time.Since(p.told) < quiet {
		return
	}
	p.s.Failed(fmt.Errorf("spans of %d requests are lost, the collector at %s did not get them: %w", p.untold, p.to.Redacted(), why))
	p.untold, p.told = 0, time.Now()
}
