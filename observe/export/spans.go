package export

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	spans "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"vitrine/observe/journey"
	"vitrine/web/message"
)

// Bounds of one span, as OpenTelemetry's own libraries have them by default, and of a text in it.
const (
	maxEvents  = 128
	maxDetails = 16
	maxText    = 4096 // bytes
)

// parentOf is the span that a request says it was caused by. A traceparent that came twice is none.
func parentOf(j *journey.Journey) (parent, bool) {
	line, ok := field(&j.Request, "traceparent")
	if !ok {
		return parent{}, false
	}
	p, ok := parseTraceparent(line)
	if !ok {
		return parent{}, false // and then tracestate means nothing (W3C Trace Context §4.3)
	}
	var states []string
	for i := range j.Request.Fields {
		if f := &j.Request.Fields[i]; !f.Secret && strings.EqualFold(f.Name, "tracestate") {
			states = append(states, f.Value)
		}
	}
	p.state = parseTracestate(states)
	return p, true
}

// spansOf are the spans of one journey: that of the request, and within it those of the parts of its time that are known. They
// are the same whenever they are made: their ids follow from the journey's.
func spansOf(j *journey.Journey) []*spans.Span {
	from, continues := parentOf(j)
	if !continues {
		from = parent{trace: traceID(j), flags: sampled}
	}
	// That the parent is elsewhere, or nowhere, is known; of the parts it is here.
	flags := uint32(from.flags) | uint32(spans.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	began, end := beginning(j), j.Start.Add(max(j.Took, 0))
	own := spanID(j, 0)
	request := &spans.Span{TraceId: from.trace[:], SpanId: own, TraceState: from.state, Flags: flags,
		Name: spanName(j), Kind: spans.Span_SPAN_KIND_SERVER, StartTimeUnixNano: nanos(began), EndTimeUnixNano: nanos(end),
		Attributes: attributesOf(j), Status: statusOf(j)}
	if continues {
		request.ParentSpanId = from.span[:]
		request.Flags |= uint32(spans.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	request.Events, request.DroppedEventsCount = eventsOf(j)
	all := []*spans.Span{request}
	part := func(name string, from, to time.Time) {
		all = append(all, &spans.Span{TraceId: request.TraceId, SpanId: spanID(j, len(all)), ParentSpanId: own, TraceState: request.TraceState,
			Flags: flags, Name: name, Kind: spans.Span_SPAN_KIND_INTERNAL, StartTimeUnixNano: nanos(from), EndTimeUnixNano: nanos(to)})
	}
	if began.Before(j.Start) {
		part("head", began, j.Start)
	}
	if first := j.Start.Add(j.Answered()); j.Answered() > 0 && !first.After(end) {
		part("decide", j.Start, first)
		part("send", first, end)
	}
	return all
}

func nanos(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// traceID is the trace of a request that nobody has begun one for: the journey's id, so that people find one by the other, and
// behind it what looks random, as samplers want the last bytes to be (W3C Trace Context §3.2.2.3).
func traceID(j *journey.Journey) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:8], uint64(j.ID))
	binary.BigEndian.PutUint64(id[8:], mixed(uint64(j.ID)))
	return id
}

// spanID is the id of a journey's nth span.
func spanID(j *journey.Journey, n int) []byte {
	return binary.BigEndian.AppendUint64(nil, mixed(uint64(j.ID)+uint64(n)+1))
}

// mixed spreads a number over all 64 bits, each number to another one (the finalizer of SplitMix64). It is never 0, which no id
// may be.
func mixed(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return max(x^x>>31, 1)
}

// knownMethod reports whether a method is one that the conventions name (RFC 9110 and PATCH).
func knownMethod(method string) bool {
	return message.LookupMethod([]byte(method)) != message.OtherMethod
}

// spanName is the method and the route's pattern: few values, whatever is asked for.
func spanName(j *journey.Journey) string {
	name := "HTTP"
	if knownMethod(j.Method) {
		name = j.Method
	}
	if j.Route != "" {
		name += " " + text(j.Route)
	}
	return name
}

// statusOf is an error when the server failed. That a client asked for what there is not is none of a server's span's.
func statusOf(j *journey.Journey) *spans.Status {
	switch {
	case j.Failure != nil:
		return &spans.Status{Code: spans.Status_STATUS_CODE_ERROR, Message: j.Failure.Sentence}
	case j.Status >= 500:
		return &spans.Status{Code: spans.Status_STATUS_CODE_ERROR} // the status code says it
	}
	return nil
}

// attributesOf are a request's attributes by OpenTelemetry's semantic conventions for HTTP server spans, and ours.
func attributesOf(j *journey.Journey) attributes {
	var a attributes
	switch {
	case knownMethod(j.Method):
		a.text("http.request.method", j.Method)
	default:
		a.text("http.request.method", "_OTHER")
		a.text("http.request.method_original", j.Method)
	}
	path, query := pathAndQuery(j)
	a.text("url.path", path)
	a.text("url.query", query)
	a.text("url.scheme", j.Scheme)
	host, port := hostAndPort(j)
	a.text("server.address", host)
	a.number("server.port", port)
	if peer := j.Connection.Remote; peer.IsValid() {
		address := peer.Addr().Unmap().String()
		if client := j.Client; client.IsValid() {
			a.text("client.address", client.Addr().Unmap().String())
			a.number("client.port", int64(client.Port()))
		}
		a.text("user.name", j.User)
		a.text("network.peer.address", address)
		a.number("network.peer.port", int64(peer.Port()))
	}
	if local := j.Connection.Local; local.IsValid() {
		a.text("network.local.address", local.Addr().Unmap().String())
		a.number("network.local.port", int64(local.Port()))
	}
	name, version, _ := strings.Cut(j.Protocol, "/")
	if name != "" && name != "HTTP" {
		a.text("network.protocol.name", strings.ToLower(name))
	}
	a.text("network.protocol.version", version)
	if agent, ok := field(&j.Request, "User-Agent"); ok {
		a.text("user_agent.original", agent)
	}
	a.text("http.route", j.Route)
	if j.Status != 0 {
		a.number("http.response.status_code", int64(j.Status))
	}
	if j.Sent > 0 {
		a.number("http.response.size", j.Sent)
		a.number("http.response.body.size", j.Body)
	}
	a.number("http.request.size", j.Received)
	switch {
	case j.Failure != nil:
		a.text("error.type", j.Failure.ID)
	case j.Status >= 500:
		a.text("error.type", strconv.Itoa(j.Status))
	}
	a.own(j)
	return a
}

// pathAndQuery divides a target, which may be a whole URL.
func pathAndQuery(j *journey.Journey) (path, query string) {
	target := j.Target
	for _, scheme := range []string{"http://", "https://"} {
		if rest, ok := strings.CutPrefix(target, scheme); ok {
			if at := strings.IndexAny(rest, "/?"); at >= 0 {
				target = rest[at:]
			} else {
				target = "/"
			}
			break
		}
	}
	path, query, _ = strings.Cut(target, "?")
	return path, query
}

// hostAndPort is whom a request was for, by its own words, else the address that it came to.
func hostAndPort(j *journey.Journey) (host string, port int64) {
	local := j.Connection.Local
	if local.IsValid() {
		port = int64(local.Port())
	}
	host = j.Authority
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		if n, err := strconv.ParseUint(host[at+1:], 10, 16); err == nil {
			port = int64(n)
		}
		host = host[:at]
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" && local.IsValid() {
		host = local.Addr().Unmap().String()
	}
	return host, port
}
