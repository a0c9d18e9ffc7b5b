// Package api is what the admin listener and the control socket answer to questions about a running server, as JSON: for
// the page in the browser, for the command line and for programs.
//
// Times of day are RFC 3339 with nanoseconds, spans of time are microseconds (…_us), sizes are bytes.
package api

import "time"

// Reason is why something happened.
type Reason struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"` // "info", "success", "refused", "failed" or "close"
	Sentence string `json:"sentence"`
	Standard string `json:"standard,omitempty"`
}

// Counted is a Reason of the catalogue with how often it was reached since the server started.
type Counted struct {
	Reason
	Reached uint64 `json:"reached"`
}

// Position is a place in the configuration.
type Position struct {
	Text   string    `json:"text"` // as people write it: file:line:column, a flag's name, or "default"
	File   string    `json:"file,omitempty"`
	Line   int       `json:"line,omitempty"`
	Column int       `json:"column,omitempty"`
	Origin string    `json:"origin"` // "written", "inherited", "default", "environment", "include" or "flag"
	Source *Position `json:"source,omitempty"`
}

// Summary is one journey in a list.
type Summary struct {
	ID       string    `json:"id"`
	Start    time.Time `json:"start"`
	TookUS   float64   `json:"took_us"`
	Method   string    `json:"method"`
	Host     string    `json:"host"`
	Target   string    `json:"target"`
	Status   int       `json:"status"`
	Body     int64     `json:"body"`
	Client   string    `json:"client"`         // who asked: the connection's other end, or whom trusted proxies name; with the port where it is known; "unknown": they hide it
	Peer     string    `json:"peer,omitempty"` // the connection's other end, where that is not the client
	User     string    `json:"user,omitempty"` // who the client proved to be
	Site     string    `json:"site,omitempty"`
	Route    string    `json:"route,omitempty"`
	Reason   string    `json:"reason,omitempty"`   // the id of what decided the answer
	Kind     string    `json:"kind,omitempty"`     // its kind
	Position string    `json:"position,omitempty"` // the line that is responsible
	Failed   bool      `json:"failed,omitempty"`   // the response was not sent whole, or is an error of the server's
	Slow     bool      `json:"slow,omitempty"`
	Conn     uint64    `json:"connection"`
	Serial   uint32    `json:"serial"`
}

// Journeys is a part of the list, the youngest first.
type Journeys struct {
	Journeys []Summary `json:"journeys"`
	// Before is what to ask with for the part that follows, as before=; empty: there is none.
	Before    string    `json:"before,omitempty"`
	Recording Recording `json:"recording"`
}

// Batch is what a stream of journeys sends, as the data of an event named "journeys": those that ended since the last
// one, the oldest first.
type Batch struct {
	Journeys []Summary `json:"journeys"`
	LeftOut  uint64    `json:"left_out,omitempty"` // matching ones that this reader was too slow for
}

// Recording is what is recorded, and how much there is.
type Recording struct {
	On       bool    `json:"on"`
	Mode     string  `json:"mode"` // in words: "all", "all, at most 1000 a second", "one in 10", "only failures" …
	Journeys int     `json:"journeys"`
	Bytes    int64   `json:"bytes"`
	Limit    int64   `json:"limit"`
	Oldest   string  `json:"oldest,omitempty"` // time of the oldest that is not kept for being a failure
	Recorded uint64  `json:"recorded"`         // since the start
	LeftOut  uint64  `json:"left_out"`         // by sampling, conditions and the bound a second
	SlowUS   float64 `json:"slow_us"`          // from here on a request is called slow; 0: none is
	Frames   bool    `json:"frames"`           // frames are recorded
}

// Journey is one request in full.
type Journey struct {
	Summary
	Protocol string  `json:"protocol,omitempty"`
	Scheme   string  `json:"scheme,omitempty"`
	File     string  `json:"file,omitempty"`
	Request  Message `json:"request"`
	Response Message `json:"response"`
	// Parts divide the time of the request, in order, for a time axis. Their times are relative to Start and may be negative.
	Parts      []Part     `json:"parts"`
	Layers     []Layer    `json:"layers"`
	Events     []Event    `json:"events"`
	Verdict    *Event     `json:"verdict,omitempty"`     // the event that decided the status
	Shared     string     `json:"shared,omitempty"`      // the events are those of this journey, whose answer was remembered
	SharedGone bool       `json:"shared_gone,omitempty"` // that journey is not remembered any more
	NoEvents   string     `json:"no_events,omitempty"`   // why there are none, in a sentence
	Keep       bool       `json:"keep"`
	Ending     *Reason    `json:"ending,omitempty"`
	Failure    *Reason    `json:"failure,omitempty"`
	Connection Connection `json:"connection"`
	Sequence   *Sequence  `json:"sequence,omitempty"` // frames; nil: none were recorded, and NoFrames says why
	NoFrames   string     `json:"no_frames,omitempty"`
}

// Message is a request or a response.
type Message struct {
	Line   string  `json:"line"` // the request line or the status line
	Fields []Field `json:"fields"`
	Bytes  int64   `json:"bytes"` // with its head, as sent
	Body   int64   `json:"body"`
	At     int64   `json:"at"`            // where in the connection's stream of bytes it begins
	Cut    bool    `json:"cut,omitempty"` // the head was too long to be kept whole
}

// Field is one field line and the line of the configuration that is responsible for it.
type Field struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Hidden   bool      `json:"hidden,omitempty"` // the value is secret and was not kept
	Position *Position `json:"position,omitempty"`
}

// Part is a span of a request's time: "accept", "wait" (for the first byte), "head", "decide", "send".
type Part struct {
	Name   string  `json:"name"`
	Title  string  `json:"title"`          // for people
	Note   string  `json:"note,omitempty"` // on what most of it went, when one thing took most of it
	FromUS float64 `json:"from_us"`
	ToUS   float64 `json:"to_us"`
}

// Layer is one station of the request's way, in its order: "adapter", "ip", "tcp", "socket", "http", "site", "cache",
// "upstream", "response", "close", "log".
type Layer struct {
	Name   string  `json:"name"`
	Title  string  `json:"title"`
	Used   bool    `json:"used"` // false: the request did not pass here, and Text says why
	Text   string  `json:"text"` // what happened here, in a few words
	Reason *Reason `json:"reason,omitempty"`
	AtUS   float64 `json:"at_us"`
	ToUS   float64 `json:"to_us"`
	Marks  []Mark  `json:"marks,omitempty"` // moments between the two, in their order
}

// Mark is a moment of a layer's work.
type Mark struct {
	AtUS  float64 `json:"at_us"`
	Title string  `json:"title"`
}

// Event is one decision.
type Event struct {
	AtUS     float64   `json:"at_us"`
	Step     string    `json:"step"`
	Layer    string    `json:"layer"` // the station of the way that it belongs to, by its name
	Subject  string    `json:"subject,omitempty"`
	Taken    bool      `json:"taken"` // false: a candidate that was passed over
	Reason   Reason    `json:"reason"`
	Position *Position `json:"position,omitempty"`
	Depth    int       `json:"depth,omitempty"` // of the request within the request, such as an include's; 0: the request itself
	Details  []Detail  `json:"details,omitempty"`
}

// Detail is an input of a decision.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Connection is the connection of a journey.
type Connection struct {
	ID        uint64     `json:"id"`
	Remote    string     `json:"remote"`
	Local     string     `json:"local"`
	Loop      int        `json:"loop"`
	Opened    time.Time  `json:"opened"`
	Ended     *time.Time `json:"ended,omitempty"`
	Why       *Reason    `json:"why,omitempty"`
	Network   string     `json:"network"` // "" is the kernel's sockets
	Snapshots []Snapshot `json:"snapshots,omitempty"`
	Others    []Summary  `json:"others,omitempty"` // other journeys on the same connection, a few
}

// Snapshot is what the transport knew at a moment, as TCP_INFO.
type Snapshot struct {
	AtUS        float64 `json:"at_us"` // relative to the journey's start
	State       string  `json:"state"`
	RTTUS       float64 `json:"rtt_us"`
	RTTVarUS    float64 `json:"rttvar_us"`
	MinRTTUS    float64 `json:"min_rtt_us"`
	RTOUS       float64 `json:"rto_us"`
	Congestion  string  `json:"congestion,omitempty"`
	Phase       string  `json:"phase,omitempty"`
	Window      int     `json:"cwnd"`
	Threshold   int     `json:"ssthresh,omitempty"`
	SendWindow  int     `json:"send_window,omitempty"`
	RecvWindow  int     `json:"recv_window,omitempty"`
	MSS         int     `json:"mss"`
	InFlight    int     `json:"in_flight"`
	NotSent     int     `json:"not_sent"`
	Acked       uint64  `json:"bytes_acked"`
	Received    uint64  `json:"bytes_received"`
	SegmentsOut uint64  `json:"segments_out"`
	SegmentsIn  uint64  `json:"segments_in"`
	Retransmits uint64  `json:"retransmits"`
}

// Sequence is what passed the adapter for a connection, and how its state changed: a sequence diagram.
type Sequence struct {
	Frames  []Frame `json:"frames"`
	LeftOut uint64  `json:"left_out,omitempty"` // frames of the server, in this time, that were not recorded
	More    int     `json:"more,omitempty"`     // frames of the connection that are not in here: there are too many
}

// Frame is one frame, or a change of the connection's state (Kind "state").
type Frame struct {
	AtUS    float64 `json:"at_us"` // relative to the journey's start
	Out     bool    `json:"out"`   // the server sent it
	Kind    string  `json:"kind"`  // "tcp", "arp", "icmp", "state" …
	Own     bool    `json:"own"`   // it carries bytes of this journey's request or response, or belongs to the connection's beginning or end
	Text    string  `json:"text"`  // for people: "SYN", "200 bytes of the request", "FIN-WAIT-1 → FIN-WAIT-2"
	Flags   string  `json:"flags,omitempty"`
	Seq     int64   `json:"seq"` // relative to the initial sequence number; -1: not known
	Ack     int64   `json:"ack"`
	Len     int     `json:"len"` // payload
	Window  int     `json:"window,omitempty"`
	Options string  `json:"options,omitempty"`
	Bytes   int     `json:"bytes"`            // of the whole frame
	Pieces  int     `json:"pieces,omitempty"` // segments of a super-segment
	Again   bool    `json:"again,omitempty"`  // sent before
	Reason  *Reason `json:"reason,omitempty"` // of a change of state
}

// Explanation is a dry run: what would be answered, and why.
type Explanation struct {
	Request  Message   `json:"request"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Status   int       `json:"status"` // 0: no byte would be read
	Response Message   `json:"response"`
	Events   []Event   `json:"events"`
	Verdict  *Event    `json:"verdict,omitempty"`
	Position *Position `json:"position,omitempty"` // the line to look at first
	Keep     bool      `json:"keep"`
	Ending   *Reason   `json:"ending,omitempty"`
	Body     string    `json:"body,omitempty"` // its beginning, when it is text
}

// Source is lines of a file of the configuration in force, as it was read.
type Source struct {
	File  string   `json:"file"`
	From  int      `json:"from"` // number of the first line, from 1
	Lines []string `json:"lines"`
	Total int      `json:"total"`
}

// House is the server at a moment: the layers with what passed them. Numbers only grow, unless they are levels; whoever
// shows rates takes the difference of two.
type House struct {
	At          time.Time     `json:"at"`
	Layers      []Station     `json:"layers"` // from the wire upwards
	Loops       []Loop        `json:"loops"`
	States      []State       `json:"states"` // sockets by state
	Connections int           `json:"connections"`
	Requests    uint64        `json:"requests"`
	Statuses    [6]uint64     `json:"statuses"` // by class, 1xx to 5xx; [0]: none was sent
	BytesIn     uint64        `json:"bytes_in"`
	BytesOut    uint64        `json:"bytes_out"`
	Files       Files         `json:"files"`
	Work        Work          `json:"work"`
	Memory      int64         `json:"memory"` // of the process: what Go has of the system
	Goroutines  int           `json:"goroutines"`
	Durations   []Bucket      `json:"durations"` // of requests
	Sites       []SiteNumbers `json:"sites"`
}

// Station is one layer of the house.
type Station struct {
	Name  string    `json:"name"`
	Title string    `json:"title"`
	In    uint64    `json:"in"`  // what came in from below
	Out   uint64    `json:"out"` // what went out downwards
	Unit  string    `json:"unit"`
	Drops []Counted `json:"drops"`         // decisions of this layer that refuse or fail, those that were reached
	Off   string    `json:"off,omitempty"` // why the layer has no numbers
}

// Loop is an event loop.
type Loop struct {
	Index       int     `json:"index"`
	Connections int     `json:"connections"`
	Turns       uint64  `json:"turns"`
	Wakes       uint64  `json:"wakes"`
	BusyUS      float64 `json:"busy_us"`     // spent with work since the start, as far as it was measured
	MeasuredUS  float64 `json:"measured_us"` // how much time that is of
}

// State is how many sockets are in a state.
type State struct {
	State string `json:"state"`
	Count int    `json:"count"`
}

// Files is what the store of files has in memory.
type Files struct {
	Count       int    `json:"count"`
	Bytes       int64  `json:"bytes"`
	Limit       int64  `json:"limit"`
	Descriptors int    `json:"descriptors"`
	Hits        uint64 `json:"hits"`
	Misses      uint64 `json:"misses"`
	Remembered  uint64 `json:"remembered"` // answers that the sites had in memory whole: they look for no file, and are in neither of the two
}

// File is one file in memory.
type File struct {
	Path  string  `json:"path"`
	Bytes int64   `json:"bytes"`
	Open  bool    `json:"open"`   // sent from its descriptor
	AgeUS float64 `json:"age_us"` // since it was looked at on the disk
}

// Work is what other programs are asked and what is encoded, at the moment, by the configuration in force; scripts also of
// those before it.
type Work struct {
	Scripts             int `json:"scripts"`              // that run
	ScriptsWaiting      int `json:"scripts_waiting"`      // requests that wait for their turn
	Applications        int `json:"applications"`         // requests that applications are being asked
	ApplicationsWaiting int `json:"applications_waiting"` // requests that wait for their turn
	Links               int `json:"links"`                // connections to other programs that are open
	LinksIdle           int `json:"links_idle"`           // and kept for the next request
	Encoders            int `json:"encoders"`             // responses that are being encoded
	Suspended           int `json:"suspended"`            // requests that wait for an answer from elsewhere, and hold no goroutine
	Lookups             int `json:"lookups"`              // questions for clients' names and users that are on their way
	LookupsWaiting      int `json:"lookups_waiting"`      // and those that wait until one may be asked
	LookupsKnown        int `json:"lookups_known"`        // answers to them that are kept
	RateKeys            int `json:"rate_keys"`            // clients and others whose requests are counted by rates
}

// Bucket is a part of a histogram: how many took at most so long.
type Bucket struct {
	UpToUS float64 `json:"up_to_us"` // 0: without a bound
	Count  uint64  `json:"count"`
}

// SiteNumbers is what one site did.
type SiteNumbers struct {
	Site     string    `json:"site"`
	Requests uint64    `json:"requests"`
	Statuses [6]uint64 `json:"statuses"`
	BytesOut uint64    `json:"bytes_out"`
}

// Socket is one connection or listener of the server.
type Socket struct {
	State     string    `json:"state"`
	Local     string    `json:"local"`
	Remote    string    `json:"remote,omitempty"`
	Loop      int       `json:"loop"`
	ID        uint64    `json:"id,omitempty"`     // the connection's number
	Serial    uint32    `json:"serial,omitempty"` // requests so far
	Doing     string    `json:"doing,omitempty"`  // "awaiting a request", "answering", "sending", "lingering" …
	Journey   string    `json:"journey,omitempty"`
	AgeUS     float64   `json:"age_us"`
	RecvQueue int       `json:"recv_queue"`
	SendQueue int       `json:"send_queue"`
	Snapshot  *Snapshot `json:"tcp,omitempty"`
	Timer     string    `json:"timer,omitempty"`
	Waits     *Reason   `json:"waits_for,omitempty"`
	Reason    *Reason   `json:"reason,omitempty"`
}

// Status is the server.
type Status struct {
	Version      string    `json:"version"`
	PID          int       `json:"pid"`
	Started      time.Time `json:"started"`
	Now          time.Time `json:"now"`
	Architecture string    `json:"io"`
	Network      string    `json:"network,omitempty"`
	Addresses    []string  `json:"addresses"`
	Config       []string  `json:"config"` // its files
	Sites        []string  `json:"sites"`
	Recording    Recording `json:"recording"`
	Admin        string    `json:"admin,omitempty"` // where a browser finds the page; "": there is none
}

// Error is the body of every answer that is no success.
type Error struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}
