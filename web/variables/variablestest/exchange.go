// Package variablestest makes exchanges out of text, for tests of what is written about them.
package variablestest

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// At is when every exchange of this package began.
var At = time.Date(2026, 11, 21, 21, 47, 3, 123_456_789, time.UTC)

// Exchange is the exchange of a request written as its head, such as "GET / HTTP/1.1\nHost: example.org", from
// 203.0.113.9:50312 to 192.0.2.1:8080: the second request on connection 7. The outcome is left to the caller.
func Exchange(t testing.TB, head string) *exchange.Exchange {
	t.Helper()
	r := new(message.Request)
	r.Reset([]byte(head))
	offset := uint32(0)
	for i, line := range strings.SplitAfter(head, "\n") {
		text := strings.TrimRight(line, "\n")
		if i == 0 {
			requestLine(t, r, text)
		} else if name, value, ok := strings.Cut(text, ":"); ok {
			trimmed := strings.TrimLeft(value, " ")
			at := offset + uint32(len(text)-len(trimmed))
			span := message.Span{Off: at, Len: uint32(len(trimmed))}
			if r.Fields.Add(message.Span{Off: offset, Len: uint32(len(name))}, span) == message.Host {
				if fault, at := r.ParseHost(span); fault != message.NoFault {
					t.Fatalf("host of %q: %v at %d", head, fault, at)
				}
			}
		}
		offset += uint32(len(line))
	}
	x := exchange.New()
	x.Begin(nil, r, &exchange.Peer{
		Remote:     netip.MustParseAddrPort("203.0.113.9:50312"),
		Local:      netip.MustParseAddrPort("192.0.2.1:8080"),
		Connection: 7,
	}, exchange.Limits{})
	x.Journey, x.Serial = 0x1f2e3d4c5b6a7988, 2
	x.Start = At.UnixNano()
	return x
}

func requestLine(t testing.TB, r *message.Request, line string) {
	words := strings.Split(line, " ")
	if len(words) != 3 {
		return // a request line that could not be read
	}
	r.MethodText = message.Span{Len: uint32(len(words[0]))}
	r.Method = message.LookupMethod([]byte(words[0]))
	r.Major, r.Minor = words[2][5]-'0', words[2][7]-'0'
	if fault, at := r.ParseTarget(message.Span{Off: uint32(len(words[0]) + 1), Len: uint32(len(words[1]))}); fault != message.NoFault {
		t.Fatalf("target of %q: %v at %d", line, fault, at)
	}
}
