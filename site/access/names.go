package access

import (
	"net/netip"
	"strings"
)

// Names finds out how an address is called: its names by reverse DNS of which each leads back to the address. Its methods
// are safe for concurrent use and never block.
type Names interface {
	// Known gives the names when they are known already; ok is false when they must be asked for. No names at all is an
	// answer too.
	Known(a netip.Addr) (names []string, ok bool)
	// Ask finds them out and calls done once, on any goroutine, also before Ask returns. Names are lower case and have no dot at their
	// end. When nobody answers in time there are none, and err says why. It returns false, and never calls done, when as
	// many questions wait as may.
	Ask(a netip.Addr, done func(names []string, err error)) bool
}

// NameRule is an entry of hosts: one name, or with a dot in front all below it.
type NameRule string

// Matches reports whether a name is meant.
func (r NameRule) Matches(name string) bool {
	if r[0] == '.' {
		return len(name) > len(r) && strings.HasSuffix(name, string(r))
	}
	return name == string(r)
}
