package config

import (
	"time"

	"vitrine/trace"
)

// CGI is which files are programs that answer, and what holds for them (RFC 3875).
type CGI struct {
	Off             Value[bool]
	Extensions      []Value[string]          // with or without the dot; empty: every file is a script
	Interpreters    map[string]Value[string] // by extension, without the dot; the script is their argument
	Environment     []Variable               // beside the meta-variables
	PassEnvironment []Value[string]          // names of the server's own variables that scripts get
	Authorization   Value[bool]              // scripts see the request's Authorization
	Arguments       Value[bool]              // a query without "=" becomes arguments (RFC 3875 §4.4)
	User, Group     Value[string]            // whom scripts run as; empty: as the server
	Writable        Value[bool]              // scripts run although anybody may change them
	Background      Value[bool]              // what a script leaves running goes on

	Concurrent Value[int] // scripts at once
	Queue      Value[int] // requests that wait for another script's end
	QueueTime  Value[time.Duration]

	HeadTime  Value[time.Duration] // until the head of its answer
	IdleTime  Value[time.Duration] // between two pieces of it
	WholeTime Value[time.Duration] // for everything
	Grace     Value[time.Duration] // between SIGTERM and SIGKILL

	CPU         Value[time.Duration] // RLIMIT_CPU; 0: no bound
	Memory      Value[int64]         // RLIMIT_AS; 0: no bound
	Files       Value[int]           // RLIMIT_NOFILE; 0: no bound
	Processes   Value[int]           // RLIMIT_NPROC; 0: no bound
	OutputBytes Value[int64]         // 0: no bound
	SpoolBytes  Value[int64]         // of a request's body whose length is not known; body_bytes may be a lower bound
	HeadBytes   Value[int64]
	BufferBytes Value[int64] // of a body of unknown length in memory; more goes to a file
	ErrorBytes  Value[int64] // of what a script writes to standard error

	SendFile      []Value[string] // folders whose files X-Sendfile may name
	AccelRedirect []Value[string] // paths that X-Accel-Redirect may name, and what lies below them
	Pos           trace.Position
}

// Variable is one variable of an environment.
type Variable struct {
	Name  string
	Value Value[string]
}

// Application is a Go http.Handler that answers, by the name that the program which embeds the server knows it by.
type Application struct {
	Name Value[string]
	Pos  trace.Position
}
