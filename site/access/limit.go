package access

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"time"

	"vitrine/config"
)

// counts is how often those came that a rate block bounds: in the time of each, the moment from which on nothing is owed
// (the generic cell rate algorithm), and how many requests are on their way.
type counts struct {
	of   *table[count]
	seed [2]maphash.Seed
	refs int
}

type count struct {
	owed     int64 // until when the requests so far take, at the rate that is allowed; nanoseconds since 1970
	inFlight int32
	shared   *Bandwidth // nil: nobody has asked for it
}

// Limit is a rate block, compiled. What it counts outlives it, in the State. It is safe for concurrent use and does not
// allocate.
type Limit struct {
	conf     *config.Rate
	state    *State
	name     string
	counts   *counts
	interval int64 // nanoseconds between two requests; 0: any number
	burst    int64
}

// NewLimit compiles a rate block; nil when it bounds nothing. ordinal tells apart those of one configuration that say the
// same. One in the next configuration that says the same goes on counting where this one is. Release gives it back.
func (s *State) NewLimit(conf *config.Rate, ordinal int) *Limit {
	if !conf.Bounds() {
		return nil
	}
	l := &Limit{conf: conf, state: s, interval: int64(conf.Interval()), burst: int64(conf.Burst.V)}
	l.name = conf.Requests.V + "|" + strconv.Itoa(conf.Burst.V) + "|" + strconv.Itoa(conf.Concurrent.V) + "|" + strconv.Itoa(conf.Keys.V) + "|" +
		strconv.FormatInt(conf.PerClient.V, 10) + "|" +
		conf.By.V.Source() + "|" + strconv.Itoa(ordinal)
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.counts = s.counts[l.name]; l.counts == nil {
		l.counts = &counts{of: newTable[count](conf.Keys.V), seed: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
		s.counts[l.name] = l.counts
	}
	l.counts.refs++
	return l
}

// Release gives the counts back: they are forgotten when no configuration uses them.
func (l *Limit) Release() {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.counts.refs--; l.counts.refs == 0 {
		delete(l.state.counts, l.name)
	}
}

// Exempt reports whether a client is not bounded.
func (l *Limit) Exempt(client netip.Addr) bool { return contains(l.conf.Exempt, client) }

// Bandwidth is the bytes a second that a response may leave with; 0: any number.
func (l *Limit) Bandwidth() int64 { return l.conf.Bandwidth.V }

// Shared is what all responses with a key share of the bandwidth; nil: they may have any.
func (l *Limit) Shared(k Key) *Bandwidth {
	if l.conf.PerClient.V <= 0 {
		return nil
	}
	c, _ := l.counts.of.lock(k, true)
	defer l.counts.of.unlock(k)
	if c.shared == nil {
		c.shared = NewBandwidth(l.conf.PerClient.V)
	}
	return c.shared
}

// Conf is the block.
func (l *Limit) Conf() *config.Rate { return l.conf }

// Client is the key of a client.
func (l *Limit) Client(a netip.Addr) Key { return clientKey(a) }

// Text is the key of a text that a client chooses.
func (l *Limit) Text(b []byte) Key {
	k := Key{maphash.Bytes(l.counts.seed[0], b), maphash.Bytes(l.counts.seed[1], b)}
	k.Lo |= 1 << 63 // apart from addresses, nearly
	return k
}

// Taken is what came of a request.
type Taken struct {
	OK       bool
	Crowded  bool          // as many are on their way as may
	Wait     time.Duration // until it may; when OK, until it is its turn
	Left     int64         // how many more may come now
	Reset    time.Duration // until all may
	inFlight bool
}

// Take counts a request. Without counting says what would come of it. One that is OK must be given back with Done.
func (l *Limit) Take(k Key, now int64, counting bool) (t Taken) {
	c, _ := l.counts.of.lock(k, counting)
	defer l.counts.of.unlock(k)
	var zero count
	if c == nil {
		c = &zero
	}
	t.OK = true
	if most := l.conf.Concurrent.V; most > 0 && int(c.inFlight) >= most {
		return Taken{Crowded: true, Wait: time.Second}
	}
	if l.interval > 0 {
		whole := l.burst * l.interval
		owed := min(max(c.owed, now), now+whole+l.interval) // a clock that was set back makes nobody wait longer
		if ahead := owed - now; ahead > whole {
			return Taken{Wait: time.Duration(ahead - whole), Reset: time.Duration(ahead)}
		} else if l.conf.Delay.V {
			t.Wait = time.Duration(ahead)
		}
		owed += l.interval
		t.Left, t.Reset = (whole+l.interval-(owed-now))/l.interval, time.Duration(owed-now)
		if counting {
			c.owed = owed
		}
	}
	if counting && l.conf.Concurrent.V > 0 {
		c.inFlight++
		t.inFlight = true
	}
	return t
}

// Done gives back a request that was taken, when its response has ended.
func (l *Limit) Done(k Key, t Taken) {
	if !t.inFlight {
		return
	}
	if c, _ := l.counts.of.lock(k, false); c != nil && c.inFlight > 0 {
		c.inFlight--
	}
	l.counts.of.unlock(k)
}
