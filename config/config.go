// Package config turns text into checked values. Every value carries the Position it comes from, for ever, so that
// whoever acts on it can say which line is responsible.
//
// Load reads HCL v2 (or its JSON twin), follows includes and returns either a whole, valid Config or all the errors
// at once, each with snippet, caret and hint. The schema in schema.go is the one list of settings: the decoder, the
// generated reference, the completion and the "did you mean" all read it.
package config

import (
	"net/netip"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// Value is a setting in force with the place that is responsible for it.
type Value[T any] struct {
	V   T
	Pos trace.Position
}

// Config is a whole, checked configuration. It is immutable once Load has returned it.
type Config struct {
	IO        Value[string]            // "single", "threads", "events", "events-per-core" or "pool"
	Loops     Value[int]               // event loops under events-per-core; 0: one a core
	Workers   Value[int]               // workers under pool; 0: four a core
	Threads   Value[int]               // connections served at once under threads
	Network   *Network                 // the own TCP/IP stack; nil: the kernel's sockets
	Listens   []*Listen                // in file order
	Sites     []*Site                  // in file order
	Base      Settings                 // what the top level says for all sites; they have inherited it already
	Limits    Limits                   // of the engine: they hold for every connection
	Timeouts  Timeouts                 // likewise
	Memory    Memory                   // what the program may keep in memory and in descriptors
	Access    Log                      // the access log of requests that no site answered; the same as Base.Access
	Errors    ErrorLog                 // the error log
	Control   Control                  // how other commands ask the running server
	Proxies   Proxies                  // whose word about the client counts, where a listen block says nothing else
	Admin     *Admin                   // the page about the running server; nil: nobody asked for one
	Journeys  Journeys                 // what is recorded of requests
	Names     Names                    // how clients' host names are found out
	Ident     Ident                    // whose machines are asked for the users of connections
	Server    Value[string]            // the Server response field; empty sends none
	Expects   []*Expect                // every expect block, those inside sites too, in file order
	Paths     []string                 // every file that was read, the first one first
	Variables map[string]Value[string] // environment variables that were read; secrets are not in here
	Sources   map[string][]string      // the lines of every file and flag that was read, without secrets
}

// Listen is one listen block: one or more addresses with the clients that may connect. Blocks of different sites may
// name the same address; they say the same about it then.
type Listen struct {
	Addresses []Value[string] // "host:port", "[v6]:port" or ":port", as written
	Clients   Clients
	Backlog   Value[int]
	Proxies   *Proxies       // nil: the configuration's
	Pos       trace.Position // of the block
}

// Clients says who may connect. The most specific network that contains the address decides; deny wins a tie;
// when nothing contains it: allowed, unless allow lists something.
type Clients struct {
	Allow []Value[netip.Prefix]
	Deny  []Value[netip.Prefix]
}

// Limits are the bounds on what one client or all clients together may ask for.
type Limits struct {
	HeaderBytes           Value[int64] // request line and header section together
	HeaderCount           Value[int]   // header fields of one request
	URIBytes              Value[int64]
	BodyBytes             Value[int64] // 0: no bound
	Connections           Value[int]   // in all
	ConnectionsPerClient  Value[int]   // by address; IPv6 by /64
	RequestsPerConnection Value[int]   // 0: no bound
	Ranges                Value[int]   // of one request
	OutputBytes           Value[int64] // of one exchange, produced but not yet sent: its write window
	InputBytes            Value[int64] // of one exchange, received but not yet read: its body credit
	Handlers              Value[int]   // goroutines running handlers at once, off the loops
	Suspended             Value[int]   // requests that wait without a handler
	Encoders              Value[int]   // responses being encoded at once
}

// Timeouts are the bounds in time.
type Timeouts struct {
	Header    Value[time.Duration] // for a whole request header, from its first byte (the first from the accept)
	Body      Value[time.Duration] // between two pieces of a request body
	KeepAlive Value[time.Duration] // for the next request to begin
	Write     Value[time.Duration] // between two pieces of a response that the client takes
	Linger    Value[time.Duration] // for the client's last bytes after our close
	Drain     Value[time.Duration] // for everything, after SIGTERM
	Idle      Value[time.Duration] // a connection that is quiet this long when a drain begins is closed at once; a busy one may send one more request
	MinRate   Value[int64]         // bytes a second that a request body, and a response being taken, must reach on average after the first Body/Write time-out; 0: no bound
}

// Memory bounds what is kept to answer faster.
type Memory struct {
	FilesBytes  Value[int64]         // all files kept in memory
	FileBytes   Value[int64]         // the largest file that is kept in memory; larger ones are sent from the descriptor
	Descriptors Value[int]           // open files kept
	Fresh       Value[time.Duration] // after this time a kept file is looked at again before it is sent
}

// Site is one site block.
type Site struct {
	Hosts    []Value[string]         // lower case, A-labels; "*.example.org" is a wildcard
	Address  []Value[netip.AddrPort] // local addresses that choose this site for any host; a zero port is any port
	Default  Value[bool]             // answers for hosts that nobody else claims
	Listens  []*Listen               // only these; empty: all
	Settings Settings                // of the site itself: what holds when no route matches
	Routes   []*Route                // evaluation order
	Pos      trace.Position
}

// Name is the site's first host, or "default".
func (s *Site) Name() string {
	if len(s.Hosts) > 0 {
		return s.Hosts[0].V
	}
	if len(s.Address) > 0 {
		return s.Address[0].V.String()
	}
	return "default"
}

// Route is one route block. Exactly one of Settings.Root (files), Respond and Redirect answers.
type Route struct {
	Pattern     Value[string]
	Methods     []Value[string] // upper case; empty: all
	Settings    Settings        // the site's, with what the route says on top
	File        *Value[string]  // the one file that answers; nil: none
	Internal    Value[bool]     // answers only where the site itself leads, nobody who asks for it
	Respond     *Respond
	Redirect    *Redirect
	Application *Application // a Go http.Handler
	FastCGI     *FastCGI     // an application that answers, below Settings.Root or without one
	Pos         trace.Position
}

// Settings are what server, site and route may each say; an inner one inherits what it does not say. The Positions
// say where each value comes from.
type Settings struct {
	Root        *Value[string] // nil: no files here
	StripPrefix Value[string]  // taken from the front of the path before Root is put there
	Files       Files
	Homes       *Homes // nil: nobody's home is served
	Errors      ErrorPages
	Expires     Expires
	Headers     []HeaderRule // outer rules first
	Types       Types
	Negotiate   Negotiate
	SSI         SSI
	Augment     *Augment // nil: no state is put into URLs
	Balance     *Balance // nil: nobody is sent away, however busy this server is
	Nearer      *Nearer  // nil: clients are answered here, wherever they are
	Access      Log
	Guard       Access // the access block
	Rate        Rate
	BodyBytes   Value[int64] // bound of a request body, as Limits.BodyBytes
	Compress    *Compress    // nil: nothing is encoded
	CGI         *CGI         // nil: no file is a script
}

// Files is the files block.
type Files struct {
	Index   []Value[string]
	Listing Value[bool]
	Hidden  Value[bool] // serve and list names that begin with a dot
	Missing *Missing
	Methods []Value[string]
	Links   Value[string] // "inside", "owner" or "none"
	List    List
}

// Missing is what is served when nothing is there.
type Missing struct {
	Path   Value[string] // a path under the root, such as "/404.html" or "/index.html"
	Status Value[int]    // 200 for a single-page application, 404 by default
	Pos    trace.Position
}

// Respond is a fixed answer.
type Respond struct {
	Status Value[int]
	Type   Value[string]
	Body   Value[*template.Template]
	Pos    trace.Position
}

// Redirect is an answer that sends the client elsewhere.
type Redirect struct {
	To     Value[*template.Template]
	Status Value[int] // 301, 302, 303, 307 or 308
	Pos    trace.Position
}

// HeaderAction is what a header rule does.
type HeaderAction uint8

const (
	HeaderSet     HeaderAction = iota // replaces
	HeaderAdd                         // one more field line
	HeaderRemove                      // takes away
	HeaderDefault                     // only when the response has none
)

var headerActions = [...]string{"set", "add", "remove", "default"}

func (a HeaderAction) String() string { return headerActions[a] }

// HeaderRule is one line of a header block.
type HeaderRule struct {
	Action HeaderAction
	Name   string // as written; compared without regard to case
	Value  *template.Template
	Pos    trace.Position
	When   *HeaderWhen // nil: always
}

// Types says which media type a file name gets.
type Types struct {
	Extensions map[string]Value[string] // without the dot, lower case; on top of the built-in table
	Explicit   *Value[string]           // for everything here, whatever its extension
	Default    Value[string]            // when nothing matches; empty sends no Content-Type
	Charset    Value[string]            // added to text types that name none; empty adds none

	File      Value[string]            // a table in the format of mime.types, on top of the built-in one; empty: none
	BuiltIn   Value[bool]              // the built-in table counts; false: only what the configuration says
	Languages map[string]Value[string] // what an extension says about the language; on top of the built-in ones
	Charsets  map[string]Value[string] // what it says about the charset; likewise
	Encodings map[string]Value[string] // what it says about the content coding; there are no built-in ones
	Magic     Value[bool]              // where the extension says nothing, the file's first bytes are looked at
	MagicFile Value[string]            // patterns in the format of Apache's mod_mime_magic, asked first; empty: none
	NoSniff   Value[bool]              // clients are told not to guess another type
}

// Log is an access log.
type Log struct {
	Off    Value[bool]
	Names  Value[bool]               // clients by their confirmed names
	Format Value[string]             // "common", "combined", "json", "readable" or "custom"
	Custom Value[*template.Template] // the template when Format is "custom"
	File   Value[string]             // a path, "stdout" or "stderr"
	Rotate Rotate
	Buffer Value[int64]         // bytes
	Flush  Value[time.Duration] // a line waits at most this long in the buffer
	Pos    trace.Position
}

// Rotate is when a log file is put aside and how many are kept. A zero size and a zero age never rotate.
type Rotate struct {
	Size Value[int64]
	Age  Value[time.Duration]
	Keep Value[int]
}

// ErrorLog is the log of what went wrong.
type ErrorLog struct {
	File   Value[string]
	Level  Value[string] // "error", "warn" or "info"
	Rotate Rotate
}

// Expect is one assertion about a request, run by check without a socket. Only what is written is compared.
type Expect struct {
	Name     string
	Method   Value[string]
	URL      Value[string]
	From     Value[netip.Addr]
	Send     []HeaderExpect // request fields
	Status   *Value[int]
	Site     *Value[string]
	Route    *Value[string] // the pattern of the route that must answer
	File     *Value[string] // below the root
	Type     *Value[string]
	Location *Value[string]
	Reasons  []Value[string] // ids that must be among the decisions
	Fields   []HeaderExpect  // response fields; an empty value: must be absent
	Body     *Value[string]  // must be contained in the body
	Pos      trace.Position
}

// HeaderExpect is one field to send or to find.
type HeaderExpect struct {
	Name  string
	Value Value[string]
}
