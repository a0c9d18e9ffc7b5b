package config

import (
	"net/netip"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// Access is the access block: who may have what a site or a route answers. What is empty asks nothing.
type Access struct {
	Off       Value[bool] // nothing is asked here, whatever is written outside
	Allow     []Value[netip.Prefix]
	Deny      []Value[netip.Prefix]
	Hosts     []Value[string] // confirmed names of clients: "www.example.org", or ".example.org" for all below
	Users     []Value[string]
	Groups    []Value[string]
	GroupFile Value[string]        // empty: there are no groups
	Satisfy   Value[string]        // "all" or "any"
	Preflight Value[bool]          // a CORS preflight needs no user
	Failures  Value[int]           // wrong passwords of one client and user until it must wait
	Forget    Value[time.Duration] // after this long a failure is forgotten
	Auth      []*Auth              // in file order, as they are offered
	Pos       trace.Position       // of the block; zero when there is none
}

// Asks reports whether anything is asked of a client.
func (a *Access) Asks() bool {
	return !a.Off.V && (len(a.Allow) > 0 || len(a.Deny) > 0 || len(a.Hosts) > 0 || len(a.Auth) > 0)
}

// Auth is one way in which a client proves who it is.
type Auth struct {
	Scheme     Value[string] // "basic" or "digest"
	Realm      Value[string]
	File       Value[string]        // htpasswd for basic, htdigest for digest
	Plain      Value[bool]          // of basic: passwords may stand in the file as they are
	Algorithms []Value[string]      // of digest, the best first
	Nonce      Value[time.Duration] // of digest: how long one is good
	UserHash   Value[bool]          // of digest: the name may come hashed
	Pos        trace.Position
}

// Rate is the rate block: how often and how fast a client may have what a site or a route answers. What is zero bounds
// nothing.
type Rate struct {
	Off        Value[bool]
	Requests   Value[string] // such as "10/s"; empty: no bound. See Interval
	Burst      Value[int]    // requests beyond that at once
	Delay      Value[bool]   // those of the burst wait for their time
	By         Value[*template.Template]
	Concurrent Value[int]   // requests at once
	Bandwidth  Value[int64] // bytes a second, of each response
	PerClient  Value[int64] // bytes a second, of all responses of a client together
	Keys       Value[int]   // how many clients are remembered
	Headers    Value[bool]  // the RateLimit fields are sent
	Exempt     []Value[netip.Prefix]
	Pos        trace.Position // of the block; zero when there is none
}

// Bounds reports whether anything is bounded.
func (r *Rate) Bounds() bool {
	return !r.Off.V && (r.Requests.V != "" || r.Concurrent.V > 0 || r.Bandwidth.V > 0 || r.PerClient.V > 0)
}

// Interval is the time between two requests that Requests allows; 0: there is no bound.
func (r *Rate) Interval() time.Duration {
	interval, _ := parseFrequency(r.Requests.V)
	return interval
}

// Proxies says whose word about the client counts: the addresses of proxies and load balancers in front of the server, and
// the field in which they tell for whom they ask.
type Proxies struct {
	Trusted []Value[netip.Prefix]
	Field   Value[string] // "X-Forwarded-For" or "Forwarded"
	Hops    Value[int]    // of the field that are looked at
	Pos     trace.Position
}
