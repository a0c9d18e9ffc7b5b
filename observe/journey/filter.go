package journey

import (
	"net/netip"
	"time"
)

// Filter chooses journeys: those that fit every field that is not empty, and one of its values where there are several.
// The zero Filter, as nil, chooses all. ParseFilter reads one.
type Filter struct {
	Sites, Hosts []string // exact, without regard to case; a host without a port fits whatever the port
	Paths        []string // patterns of the request target's path as it was sent, in which * is any text
	Methods      []string
	Statuses     []string // "404", or a class: "4xx"
	Clients      []netip.Prefix
	Reasons      []string      // ids, or what they begin with when they end in "."; of any decision that was noted
	Slower       time.Duration // it took at least as long
	Failed       bool          // only failures
	Slow         bool          // only slow ones, and failures when Failed is set too
	Connection   uint64
	Text         string // in host, target, client, id or a field that is no secret, without regard to case
}

// ParseFilter reads conditions as a URL's query or a command line gives them: site, host, path, method, status, client and
// reason, each as often as you like, slower, failed, slow, connection and text. Names that are no condition are left
// alone. The error says which value is wrong, and gives an example.
func ParseFilter(query map[string][]string) (*Filter, error) {
	return &Filter{}, nil
}

// Set adds one condition, by the name that ParseFilter knows.
func (f *Filter) Set(name, value string) error { return nil }

// Query are the conditions as ParseFilter reads them, for asking a server.
func (f *Filter) Query() map[string][]string { return nil }
