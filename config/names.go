package config

import (
	"net/netip"
	"time"
)

// Names is how clients' host names are found out, for the rules and logs that ask for them.
type Names struct {
	Servers    []Value[netip.AddrPort] // name servers; none: the system's
	Timeout    Value[time.Duration]
	Entries    Value[int]
	MinTTL     Value[time.Duration]
	MaxTTL     Value[time.Duration]
	Unknown    Value[time.Duration]
	Concurrent Value[int]
	Waiting    Value[int]
}

// Ident is whose machines are asked for the users of connections (RFC 1413).
type Ident struct {
	Networks   []Value[netip.Prefix] // none: nobody is asked
	Timeout    Value[time.Duration]
	Port       Value[int]
	Entries    Value[int]
	Concurrent Value[int]
	Waiting    Value[int]
}
