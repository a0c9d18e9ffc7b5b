package template

import (
	"strconv"
	"time"
)

// Var names what a placeholder stands for. QueryValue, RequestField and ResponseField carry an argument.
type Var uint8

// The variables. The comment gives the placeholder and, where it matters, the exact form of the value.
const (
	Method             Var = iota + 1 // {method}
	Host                              // {host}: of the request, lower case, without port
	Port                              // {port}: of the request's authority, or the one the connection came in on
	Path                              // {path}: decoded and normalised, as it is matched and opened
	PathRaw                           // {path.raw}: as the client sent it
	PathTail                          // {path.tail}: what * or ** at the end of the route's pattern matched
	MatchGroup                        // {match.NAME}: what a group of the route's regular expression matched
	Query                             // {query}: everything after the first "?", without it
	QueryValue                        // {query.NAME}: the first value of one parameter, decoded
	URI                               // {uri}: the request target as the client sent it
	Scheme                            // {scheme}: http or https
	Protocol                          // {protocol}: HTTP/1.0, HTTP/1.1, …
	ClientAddress                     // {client.address}
	ClientHost                        // {client.host}: the confirmed name, or "-"
	ClientPort                        // {client.port}
	ClientPeer                        // {client.peer}: the other end of the connection
	ServerAddress                     // {server.address}: the local address the connection came in on
	ServerPort                        // {server.port}
	Journey                           // {journey}: the journey's id, sixteen hexadecimal digits
	Time                              // {time}: when the request came, ISO 8601
	TimeUnix                          // {time.unix}: the same in seconds since 1970
	TimeCommon                        // {time.common}: 10/Oct/2000:13:55:36 -0700
	Status                            // {status}: of the response
	Bytes                             // {bytes}: of the response's body, as sent
	BytesSent                         // {bytes.sent}: of the whole response, header included
	BytesReceived                     // {bytes.received}: of the whole request, header included
	Duration                          // {duration}: seconds from the request's first byte to the response's last, three decimals
	DurationMs                        // {duration.ms}: the same in milliseconds
	DurationUs                        // {duration.us}: the same in microseconds
	RequestField                      // {request.NAME}: a field of the request's header
	ResponseField                     // {response.NAME}: a field of the response's header
	Site                              // {site}: the name of the site that answered
	Route                             // {route}: the pattern of the route that answered
	Timing                            // {timing}: what took how long so far, as the Server-Timing field has it
	Reason                            // {reason}: the id of the Reason that decided the answer
	Connection                        // {connection}: the connection's number in this process
	ConnectionRequests                // {connection.requests}: which request of its connection this is, from 1
	User                              // {user}: who the client proved to be, or "-"
	Ident                             // {ident}: RFC 1413 identity, or "-"
	File                              // {file}: the file that was sent, or "-"
)

// Scope is the set of variables that have a value where a template is used.
type Scope uint8

const (
	InRequest  Scope = 1 << iota // the request has been read and routed
	InResponse                   // the response's status and header are known
	InLog                        // the response has been sent
)

// The scopes of the places in a configuration where a template may stand.
const (
	ForRedirect = InRequest
	ForBody     = InRequest
	ForHeader   = InRequest | InResponse
	ForLog      = InRequest | InResponse | InLog
)

// Variable describes one placeholder, for the reference and for "did you mean".
type Variable struct {
	Name     string // as between the braces; ends in ".NAME" when it takes an argument
	Var      Var
	Scope    Scope // the one stage from which on it has a value
	Sentence string
}

// variables is the one list of placeholders, in the order of the reference.
var variables = [...]Variable{
	{"method", Method, InRequest, "the method, such as GET"},
	{"scheme", Scheme, InRequest, "http or https"},
	{"host", Host, InRequest, "the host the client asked for, lower case, without port"},
	{"port", Port, InRequest, "the port the client asked for"},
	{"path", Path, InRequest, "the path, decoded and normalised"},
	{"path.raw", PathRaw, InRequest, "the path as the client sent it"},
	{"path.tail", PathTail, InRequest, "what * or ** at the end of the route's pattern matched"},
	{"match.NAME", MatchGroup, InRequest, "what a group of the route's regular expression matched, by number or name"},
	{"query", Query, InRequest, "everything after the ?, without it"},
	{"query.NAME", QueryValue, InRequest, "the first value of one query parameter, decoded"},
	{"uri", URI, InRequest, "the request target as the client sent it"},
	{"protocol", Protocol, InRequest, "the protocol, such as HTTP/1.1"},
	{"request.NAME", RequestField, InRequest, "a header field of the request, such as {request.User-Agent}"},
	{"client.address", ClientAddress, InRequest, "the client's address, as trusted proxies give it"},
	{"client.host", ClientHost, InLog, "the client's host name, when it leads back to its address, or -"},
	{"client.port", ClientPort, InRequest, "the client's port"},
	{"client.peer", ClientPeer, InRequest, "the address at the other end of the connection: the client's, or the proxy's in front of it"},
	{"server.address", ServerAddress, InRequest, "the local address the connection came in on"},
	{"server.port", ServerPort, InRequest, "the local port the connection came in on"},
	{"site", Site, InRequest, "the name of the site that answered"},
	{"route", Route, InRequest, "the pattern of the route that answered"},
	{"journey", Journey, InRequest, "the journey's id, for vitrine explain and the log"},
	{"connection", Connection, InRequest, "the connection's number since the server started"},
	{"connection.requests", ConnectionRequests, InRequest, "which request of its connection this is, from 1"},
	{"user", User, InRequest, "who the client proved to be, or -"},
	{"ident", Ident, InLog, "the client's RFC 1413 identity, or -"},
	{"time", Time, InRequest, "when the request came, as 2000-10-10T13:55:36.123-07:00"},
	{"time.unix", TimeUnix, InRequest, "the same in seconds since 1970"},
	{"time.common", TimeCommon, InRequest, "the same as 10/Oct/2000:13:55:36 -0700"},
	{"status", Status, InResponse, "the response's status, such as 200"},
	{"response.NAME", ResponseField, InResponse, "a header field of the response, such as {response.Content-Type}"},
	{"reason", Reason, InResponse, "the id of the Reason that decided the answer"},
	{"file", File, InResponse, "the file that was sent, or -"},
	{"timing", Timing, InResponse, "how long the request took so far, as a Server-Timing field has it: head;dur=0.1, decide;dur=0.4, in milliseconds"},
	{"bytes", Bytes, InLog, "bytes of the response's body, as sent"},
	{"bytes.sent", BytesSent, InLog, "bytes of the whole response, header included"},
	{"bytes.received", BytesReceived, InLog, "bytes of the whole request, header included"},
	{"duration", Duration, InLog, "seconds from the request's first byte to the response's last, with three decimals"},
	{"duration.ms", DurationMs, InLog, "the same in milliseconds"},
	{"duration.us", DurationUs, InLog, "the same in microseconds"},
}

// Variables lists every placeholder, in the order of the reference. The caller must not change it.
func Variables() []Variable { return variables[:] }

// String is the placeholder's name, without braces.
func (v Var) String() string {
	for i := range variables {
		if variables[i].Var == v {
			return variables[i].Name
		}
	}
	return "var(" + strconv.Itoa(int(v)) + ")"
}

// AppendTime appends t as the {time} placeholder shows it: ISO 8601 with milliseconds. It does not allocate.
func AppendTime(dst []byte, t time.Time) []byte {
	return t.AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}

// AppendTimeCommon appends t as {time.common} shows it, the form of the common log format without its brackets.
// It does not allocate.
func AppendTimeCommon(dst []byte, t time.Time) []byte {
	return t.AppendFormat(dst, "02/Jan/2006:15:04:05 -0700")
}

// AppendSeconds appends d as {duration} shows it: seconds with three decimals, cut and not rounded. A negative
// duration, which only a clock that was set back can bring, shows as zero. It does not allocate.
func AppendSeconds(dst []byte, d time.Duration) []byte {
	ms := max(d, 0).Milliseconds()
	dst = strconv.AppendInt(dst, ms/1000, 10)
	rest := ms % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
