package journey

import (
	"net/netip"
	"strconv"
	"time"

	"vitrine/web/message"
)

// Settings say what is recorded. They may change while a Recorder runs.
type Settings struct {
	Off       bool          // nothing, and what was recorded is forgotten
	Failures  bool          // only exchanges that failed or were slow
	Sample    int           // one in so many; 0 and 1: all
	Most      int           // a second; 0: no bound. Failures and slow ones beyond it are recorded, too: see Begin
	Slow      time.Duration // a request that takes as long is kept as a failure is; 0: none is slow
	When      *Filter       // only those that match, also of failures and slow ones; nil: all
	Memory    int64         // bytes of the last journeys; 0: 32 MiB. See also New
	Kept      int64         // bytes of those that failed or were slow, when they leave the last ones; 0: 8 MiB; negative: none
	HeadBytes int           // of each head, with its request line; 0: 4 KiB, at most 32 KiB
	Show      []string      // fields that are recorded although they are secret by type
	Hide      []string      // further fields that are secret
}

const (
	usualMemory   = 32 << 20
	usualKept     = 8 << 20
	usualHead     = 4 << 10
	leastHead     = 256
	largestHead   = 32 << 10
	usualTraceCap = 256 // events that the memory of a pooled trace may have room for
)

// complete gives what is left out its usual value, and brings the rest within its bounds.
func (s Settings) complete() Settings {
	if s.Memory <= 0 {
		s.Memory = usualMemory
	}
	switch {
	case s.Kept == 0:
		s.Kept = usualKept
	case s.Kept < 0:
		s.Kept = 0
	}
	if s.HeadBytes <= 0 {
		s.HeadBytes = usualHead
	}
	s.HeadBytes = min(max(s.HeadBytes, leastHead), largestHead)
	s.Sample, s.Most, s.Slow = max(s.Sample, 1), max(s.Most, 0), max(s.Slow, 0)
	return s
}

// mode is what is recorded, in words.
func (s *Settings) mode() string {
	if s.Off {
		return "nothing"
	}
	slow, of := "", ""
	if s.Slow > 0 {
		slow = " and what took " + s.Slow.String() + " or longer"
	}
	if s.When != nil {
		of = ", of those that match the conditions"
	}
	if s.Failures {
		if slow != "" {
			slow = "," + slow
		}
		return "only what failed" + slow + of
	}
	text := "all"
	if s.Sample > 1 {
		text = "one in " + strconv.Itoa(s.Sample)
	}
	if s.Most > 0 {
		text += ", at most " + strconv.Itoa(s.Most) + " a second"
	}
	if text != "all" {
		text += ", and every failure" + slow
	}
	return text + of
}

// policy is Settings made ready for the loops. It is immutable.
type policy struct {
	Settings
	shape   shape
	when    *matcher
	early   bool // when says something that is known before the answer
	late    bool // and something that is known at the end only
	slow    int64
	sample  uint64
	secret  message.FieldSet // names that the program knows
	hidden  []string         // other names
	forced  map[netip.AddrPort]int
	nothing bool // there is nothing to do for any exchange
}

func newPolicy(s Settings, loops int, forced map[netip.AddrPort]int) *policy {
	p := &policy{Settings: s.complete(), forced: forced}
	p.shape = shapeFor(loops, p.Memory, p.Kept)
	p.HeadBytes = min(p.HeadBytes, p.shape.arena/4)
	if p.When != nil {
		p.when = p.When.compile()
		p.early, p.late = p.when.early(), p.when.late()
	}
	p.slow, p.sample = int64(p.Slow), uint64(p.Sample)
	p.secret = message.Secrets
	for _, name := range p.Hide {
		if id := message.LookupFieldIDString(name); id != message.OtherField {
			p.secret |= message.Set(id)
		} else {
			p.hidden = append(p.hidden, name)
		}
	}
	for _, name := range p.Show {
		if id := message.LookupFieldIDString(name); id != message.OtherField {
			p.secret &^= message.Set(id)
		}
	}
	p.nothing = p.Off && len(forced) == 0
	return p
}

// secretName reports whether the value of a field is not to be kept.
func secretName[S string | []byte](p *policy, id message.FieldID, name S) bool {
	if id != message.OtherField {
		return p.secret.Has(id)
	}
	for _, hidden := range p.hidden {
		if message.EqualFold(name, hidden) {
			return true
		}
	}
	return false
}

// forces reports whether whatever a client sends is recorded.
func (p *policy) forces(client netip.AddrPort) bool {
	return len(p.forced) > 0 && p.forced[plainAddress(client)] > 0
}

// plainAddress is the address as people write it: an IPv4 client of a dual-stack listener is an IPv4 client.
func plainAddress(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// sampled reports whether an exchange is one of those that a sample takes. It follows from the id alone, so that
// beginning and end agree without anything being kept between them.
func (p *policy) sampled(id uint64) bool {
	if p.sample <= 1 {
		return true
	}
	id ^= id >> 32 // consecutive ids differ by a constant: a sample of them must not follow a pattern
	id *= 0xd6e8feb86659fd93
	id ^= id >> 32
	return id%p.sample == 0
}
