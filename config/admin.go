package config

import (
	"net"
	"net/netip"
	"time"

	"vitrine/trace"
)

// Admin is the admin block: where the page about the running server is, and who may look at it.
type Admin struct {
	Off         Value[bool]
	Address     Value[string]   // "host:port"; "localhost" is the machine's loopback addresses
	Token       Value[string]   // a secret; empty: TokenFile, or none
	TokenFile   Value[string]   // a file whose first line is the token; empty: none
	Certificate Value[string]   // a file in PEM; empty: plain HTTP
	Key         Value[string]   // a file in PEM
	Hosts       []Value[string] // names under which it is asked besides localhost and the address
	Pos         trace.Position  // of the block
}

// Loopback reports whether only this machine reaches the address.
func (a *Admin) Loopback() bool {
	host, _, err := net.SplitHostPort(a.Address.V)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Chosen reports whether the serve command chose the address itself, so that another port is as good.
func (a *Admin) Chosen() bool {
	return a.Address.Pos.Origin == trace.Flag && a.Address.Pos.File == chosen
}

// Journeys is the journeys block: which requests are recorded, and how much of each.
type Journeys struct {
	Off        Value[bool]
	Record     Value[string]        // "all" or "failures"
	Sample     Value[int]           // one in so many; failures and slow ones are not counted
	Most       Value[int]           // a second; 0: no bound
	Slow       Value[time.Duration] // from here on a request is slow; 0: none is
	Memory     Value[int64]         // bytes of the last journeys
	Kept       Value[int64]         // bytes of failures and slow ones that have left those
	HeadBytes  Value[int64]         // of each head
	Frames     Value[int64]         // bytes of frames, on an own network; 0: none are recorded
	FrameBytes Value[int64]         // of each frame
	FramesMost Value[int]           // frames a second; 0: no bound
	Show       []Value[string]      // fields that are recorded although they are secret by type
	Hide       []Value[string]      // further fields that are secret
	When       When
	OTLP       *OTLP // nil: nothing is exported
}

// When chooses the requests that are recorded. What is empty chooses all.
type When struct {
	Sites    []Value[string] // by name: the first host
	Hosts    []Value[string]
	Paths    []Value[string] // patterns in which * is any text
	Methods  []Value[string]
	Statuses []Value[string] // "404", or a class: "4xx"
	Clients  []Value[netip.Prefix]
	Reasons  []Value[string] // ids, or what they begin with when they end in "."
}

// OTLP is where journeys go as spans of OpenTelemetry, over HTTP.
type OTLP struct {
	Endpoint Value[string] // a URL; without a path, the standard's
	Headers  []HeaderExpect
	Service  Value[string]
	Interval Value[time.Duration]
	Timeout  Value[time.Duration]
	Queue    Value[int]
	Pos      trace.Position
}
