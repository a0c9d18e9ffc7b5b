// Package journey remembers requests: the whole way of each, from the accepted connection to its end, with every
// decision and the line of the configuration that is responsible.
//
// A Recorder is told of exchanges on the loops that run them. What it keeps is bounded in bytes; what failed or was slow is
// kept for longer. Journeys are put together from the records when somebody asks.
package journey

import (
	"net/netip"
	"strings"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/message"
)

// Journey is one request, as it was recorded. It is a copy, and nobody else's.
type Journey struct {
	ID     trace.ID
	Serial uint32 // which request of its connection this is, from 1

	Began time.Time     // its first byte was seen
	Start time.Time     // its head was complete
	First time.Duration // after Start: the response's first byte was handed to the transport; 0: at once, or never
	Took  time.Duration // after Start: the response's last byte was

	Method, Target, Authority, Protocol, Scheme string // as received; empty where they could not be read
	Site, Route, File                           string
	Status                                      int

	Request  Message
	Response Message
	// Where in the connection's streams of bytes both are, and how long.
	RequestAt, ResponseAt int64
	Received, Sent, Body  int64 // of the request with its body; of the response with its head; of the response's body

	Reasons   []*trace.Reason // the decisions that the log names
	Positions []*trace.Position
	Decisions *trace.Decisions // every decision; nil: they were not recorded
	Shared    bool             // the decisions are those of Decisions.Of, whose answer was remembered

	// Client is who asked: the connection's other end, or whom trusted proxies name in its place, then with port 0 when they
	// do not say it. It is not valid when they hide it.
	Client netip.AddrPort
	User   string // who the client proved to be; empty: nobody

	Keep    bool          // the connection went on
	Ending  *trace.Reason // why, or why not
	Failure *trace.Reason // nil: the response was sent whole
	Slow    bool          // it took longer than the configuration calls slow
	Log     string        // the access log that its line is in; "": none

	Connection Connection

	refused *trace.Reason // why the protocol refused it
	failed  bool
}

// Forwarded reports whether trusted proxies stand between the client and the connection.
func (j *Journey) Forwarded() bool {
	return plainAddress(j.Client) != plainAddress(j.Connection.Remote)
}

// Failed reports whether the request went wrong: its response was not sent whole, is an error of the server's, or follows
// from something that failed. What was refused, by rule or by the standard, did not fail.
func (j *Journey) Failed() bool { return j.failed }

// Decision is the Reason that decided the answer, and the configuration's line that is responsible, as
// variables.Decision tells the log. Both are nil when none was noted.
func (j *Journey) Decision() (*trace.Reason, *trace.Position) {
	if j.Failure != nil {
		return j.Failure, nil
	}
	for i := len(j.Reasons) - 1; i >= 0; i-- {
		if k := j.Reasons[i].Kind; k != trace.Info && k != trace.Close {
			return j.Reasons[i], j.Positions[i]
		}
	}
	if j.refused != nil {
		return j.refused, nil
	}
	if last := len(j.Reasons) - 1; last >= 0 {
		return j.Reasons[last], j.Positions[last]
	}
	return nil, nil
}

// Secret reports whether the values of a field are not to be shown: by its type, unless it was recorded all the same because
// the configuration shows it, or because the configuration hides it.
func (j *Journey) Secret(name string) bool {
	for _, m := range [...]*Message{&j.Request, &j.Response} {
		for i := range m.Fields {
			if strings.EqualFold(m.Fields[i].Name, name) {
				return m.Fields[i].Secret
			}
		}
	}
	return message.Secret(name)
}

// Host is the host that the request is for: lower case, without port, an IPv6 address without brackets.
func (j *Journey) Host() string { return string(lowered(string(hostOf([]byte(j.Authority))))) }

// Path is the path of the request's target as it was sent, empty where it has none.
func (j *Journey) Path() string { return string(pathOf([]byte(j.Target))) }

// Message is the head of a request or a response, as far as it was kept.
type Message struct {
	Fields []Field
	Cut    bool // it was longer than what is kept
}

// Field is one field line. The value of a secret one was not kept: Hidden is how long it was.
type Field struct {
	Name, Value string
	Hidden      int
	Secret      bool
}

// Connection is the connection of a journey.
type Connection struct {
	ID            uint64
	Remote, Local netip.AddrPort
	Loop          int
	Opened        time.Time
	Ended         time.Time     // zero: it is open, or nobody recorded its end
	Why           *trace.Reason // its end
	Snapshots     []Snapshot    // in the order of time
}

// Snapshot is what the transport knew of a connection at a moment.
type Snapshot struct {
	At   time.Time
	Info socket.Info
}
