package access

import (
	"net/netip"
	"testing"
)

func TestTheKeysOfRatesAreCounted(t *testing.T) {
	s := NewState()
	l := limit(t, s, "10/s", 5, 0, false)
	for _, a := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2"} {
		l.Take(l.Client(netip.MustParseAddr(a)), 1, true)
	}
	if n := s.Counted(); n != 2 {
		t.Errorf("%d keys", n)
	}
	l.Release()
	if n := s.Counted(); n != 0 {
		t.Errorf("%d keys of no rate", n)
	}
}
