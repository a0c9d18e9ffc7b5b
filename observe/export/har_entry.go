package export

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/journey"
	"vitrine/trace"
	"vitrine/web/message"
)

// entryOf is one journey as an entry of an archive.
func entryOf(j *journey.Journey) *harEntry {
	began := beginning(j)
	e := &harEntry{
		Started: began.UTC().Format("2006-01-02T15:04:05.000000Z"), // ISO 8601, as HAR wants it
		Request: requestOf(j), Response: responseOf(j), Timings: timingsOf(j, began),
		Connection: strconv.FormatUint(j.Connection.ID, 10),
		Journey:    j.ID.String(), Serial: j.Serial, Site: j.Site, Route: j.Route, File: j.File, Slow: j.Slow,
		Reasons: []harReason{}, Ending: reasonOf(j.Ending, ""), Failure: reasonOf(j.Failure, ""),
	}
	e.Time = e.Timings.Send + e.Timings.Wait + e.Timings.Receive
	if a := j.Connection.Local; a.IsValid() {
		e.ServerIP = a.Addr().Unmap().WithZone("").String()
	}
	switch a := j.Client; {
	case a.IsValid() && a.Port() == 0:
		e.Client = a.Addr().Unmap().String()
	case a.IsValid():
		e.Client = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
	}
	if a := j.Connection.Remote; a.IsValid() && j.Forwarded() {
		e.Peer = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
	}
	e.User = j.User
	for i, r := range j.Reasons {
		if r != nil {
			e.Reasons = append(e.Reasons, *reasonOf(r, reasonPlace(j, i)))
		}
	}
	if j.Decisions == nil {
		return e
	}
	if j.Shared {
		e.Shared = j.Decisions.Of.String()
	}
	for _, d := range decisionsOf(j) {
		one := harDecision{AtUS: float64(d.At) / 1e3, Step: d.Step, Subject: d.Subject, Taken: d.Taken, Reason: *reasonOf(d.Reason, d.Position)}
		for _, detail := range d.Details {
			one.Details = append(one.Details, harDetail(detail))
		}
		e.Decisions = append(e.Decisions, one)
	}
	return e
}

func reasonOf(r *trace.Reason, line string) *harReason {
	if r == nil {
		return nil
	}
	return &harReason{ID: r.ID, Kind: r.Kind.String(), Sentence: r.Sentence, Standard: r.Standard, Line: line}
}

// beginning is when the first byte was seen, or the head was complete where the former is not known.
func beginning(j *journey.Journey) time.Time {
	if j.Began.IsZero() || j.Began.After(j.Start) {
		return j.Start
	}
	return j.Began
}

// timingsOf divides an exchange's time as the server saw it. What HAR asks for before the request is the client's business.
func timingsOf(j *journey.Journey, began time.Time) harTimings {
	ms := func(d time.Duration) float64 { return float64(max(d, 0)) / float64(time.Millisecond) }
	took := max(j.Took, 0)
	first := j.Answered()
	if j.Sent == 0 {
		first = took // it was waited for all the time
	}
	return harTimings{Blocked: -1, DNS: -1, Connect: -1, SSL: -1, Send: ms(j.Start.Sub(began)), Wait: ms(first), Receive: ms(took - first),
		Comment: "as the server saw it: send is from the first byte of the request to the end of its head, wait until the response's first byte was handed to the transport, receive until its last byte was"}
}

func requestOf(j *journey.Journey) harRequest {
	r := harRequest{Method: j.Method, URL: address(j), HTTPVersion: j.Protocol, Cookies: []harCookie{}, Headers: pairs(&j.Request),
		QueryString: query(j.Target), Cut: j.Request.Cut}
	if !strings.HasSuffix(r.URL, j.Target) {
		r.Target = j.Target
	}
	if line, ok := field(&j.Request, "Cookie"); ok { // it is shown by the configuration
		cookies, _ := http.ParseCookie(line)
		for _, c := range cookies {
			r.Cookies = append(r.Cookies, harCookie{Name: c.Name, Value: c.Value})
		}
	}
	r.HeadersSize, r.BodySize = requestSizes(j)
	return r
}

// requestSizes divides what was received into head and body. Of a chunked body the length is not recorded.
func requestSizes(j *journey.Journey) (head, body int64) {
	if _, chunked := field(&j.Request, "Transfer-Encoding"); chunked || j.Received == 0 || j.Request.Cut {
		return -1, -1
	}
	if length, ok := field(&j.Request, "Content-Length"); ok {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 {
			return -1, -1
		}
		body = n
	}
	if head = j.Received - body; head < least(j) { // the body was not received whole
		return -1, -1
	}
	return head, body
}

// least is how long the request's head was at least: a client may have sent more white space (RFC 9112 §5).
func least(j *journey.Journey) int64 {
	n := len(j.Method) + len(" ") + len(j.Target) + len(" ") + len(j.Protocol) + len("\n") + len("\n")
	for i := range j.Request.Fields {
		f := &j.Request.Fields[i]
		n += len(f.Name) + len(":") + len(f.Value) + f.Hidden + len("\n")
	}
	return int64(n)
}

func responseOf(j *journey.Journey) harResponse {
	r := harResponse{Status: j.Status, StatusText: message.StatusText(j.Status), HTTPVersion: "HTTP/1.1", Cookies: []harCookie{},
		Headers: pairs(&j.Response), HeadersSize: j.Sent - j.Body, BodySize: j.Body, Cut: j.Response.Cut}
	r.Content = harContent{Size: j.Body, Comment: "bodies are not recorded"}
	r.Content.MimeType, _ = field(&j.Response, "Content-Type")
	if location, ok := field(&j.Response, "Location"); ok {
		r.RedirectURL = location
	}
	for i := range j.Response.Fields {
		f := &j.Response.Fields[i]
		if f.Secret || !strings.EqualFold(f.Name, "Set-Cookie") {
			continue
		}
		if c, err := http.ParseSetCookie(f.Value); err == nil {
			one := harCookie{Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain, HTTPOnly: c.HttpOnly, Secure: c.Secure}
			if !c.Expires.IsZero() {
				one.Expires = c.Expires.UTC().Format(time.RFC3339)
			}
			r.Cookies = append(r.Cookies, one)
		}
	}
	switch _, chunked := field(&j.Response, "Transfer-Encoding"); {
	case j.Sent == 0:
		r.HTTPVersion, r.HeadersSize, r.BodySize = "", -1, -1
	case chunked, j.Failure != nil && j.Body == 0: // the framing lies between the two; the head was perhaps not sent whole
		r.HeadersSize = -1
	}
	return r
}

func pairs(m *journey.Message) []harPair {
	all := make([]harPair, 0, len(m.Fields))
	for i := range m.Fields {
		p := harPair{Name: m.Fields[i].Name, Value: value(&m.Fields[i])}
		if m.Fields[i].Secret {
			p.Comment = "a secret value, which was not recorded"
		}
		all = append(all, p)
	}
	return all
}

// query is the parameters of a target, decoded as forms are. What cannot be decoded is as it was received.
func query(target string) []harPair {
	all := []harPair{}
	_, text, _ := strings.Cut(target, "?")
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		all = append(all, harPair{Name: decoded(name), Value: decoded(value)})
	}
	return all
}

func decoded(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
