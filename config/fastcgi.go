package config

import (
	"strings"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// FastCGI is an application that answers for a route, such as php-fpm, and what holds for it.
type FastCGI struct {
	Address Value[string]   // "unix:/path", or an address with a port
	Root    Value[string]   // where the application finds what lies below the route's root; empty: at the same place
	Index   []Value[string] // scripts that answer for a folder
	Split   []Value[string] // a script ends with one of these, and what follows it is PATH_INFO; empty: there are no scripts
	Front   Value[string]   // the script for paths that lead to nothing; empty: there is none
	Static  Value[bool]     // what is there and no script is served as a file
	Params  []Param         // beside the meta-variables of RFC 3875

	Authorization Value[bool] // the application sees the request's Authorization

	Connect Value[time.Duration] // until a connection is established
	Write   Value[time.Duration] // between two pieces of the request that the application takes
	Read    Value[time.Duration] // between two pieces of its answer, and until the first

	KeepAlive Value[bool]
	Idle      Value[int] // connections kept open on each loop
	IdleTime  Value[time.Duration]

	Concurrent Value[int] // requests at once
	Queue      Value[int] // requests that wait
	QueueTime  Value[time.Duration]

	HeadBytes   Value[int64] // of the answer's header
	BufferBytes Value[int64] // of a body of unknown length in memory; more goes to a file
	SpoolBytes  Value[int64] // of such a body in all; body_bytes may be a lower bound
	ErrorBytes  Value[int64] // of what the application says for the error log, for each request
	ErrorRate   Value[int64] // likewise in a second, for all requests together
	Buffering   Value[bool]  // pieces of an answer are gathered

	InterceptErrors Value[bool]     // errors get the site's own pages
	SendFile        []Value[string] // folders whose files X-Sendfile may name
	AccelRedirect   []Value[string] // paths that X-Accel-Redirect may name, and what lies below them

	Pos trace.Position
}

// Param is a parameter that an application gets.
type Param struct {
	Name  string
	Value Value[*template.Template]
}

// SocketPath is the path of the application's Unix socket, "" when its address is another.
func (f *FastCGI) SocketPath() string {
	path, ok := strings.CutPrefix(f.Address.V, unixScheme)
	if !ok {
		return ""
	}
	return path
}

const unixScheme = "unix:"
