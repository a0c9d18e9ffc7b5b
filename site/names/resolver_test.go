package names

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// zone is a name server on the loopback, by UDP and TCP on one port.
type zone struct {
	at      netip.AddrPort
	asked   atomic.Int64
	silent  atomic.Bool
	failing atomic.Bool
	arrived chan struct{} // of the first question
	first   sync.Once
	hold    atomic.Pointer[chan struct{}] // answers wait until it is closed; nil: they do not
	records map[string][]string           // "name type" to records
}

func newZone(t *testing.T, lines ...string) *zone {
	t.Helper()
	z := &zone{records: make(map[string][]string), arrived: make(chan struct{})}
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.ToLower(rr.Header().Name) + dns.TypeToString[rr.Header().Rrtype]
		z.records[key] = append(z.records[key], l)
	}
	var udp net.PacketConn
	var tcp net.Listener
	for err := error(nil); tcp == nil; { // the port may be somebody's by TCP
		if udp, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		z.at = udp.LocalAddr().(*net.UDPAddr).AddrPort()
		if tcp, err = net.Listen("tcp", z.at.String()); err != nil {
			udp.Close()
		}
	}
	for _, s := range []*dns.Server{{PacketConn: udp, Handler: dns.HandlerFunc(z.serve)}, {Listener: tcp, Handler: dns.HandlerFunc(z.serve)}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go s.ActivateAndServe()
		<-started
		t.Cleanup(func() { s.Shutdown() })
	}
	return z
}

func (z *zone) serve(w dns.ResponseWriter, q *dns.Msg) {
	z.asked.Add(1)
	z.first.Do(func() { close(z.arrived) })
	if hold := z.hold.Load(); hold != nil {
		<-*hold
	}
	if z.silent.Load() {
		return
	}
	a := new(dns.Msg)
	a.SetReply(q)
	lines := z.records[strings.ToLower(q.Question[0].Name)+dns.TypeToString[q.Question[0].Qtype]]
	switch {
	case z.failing.Load():
		a.Rcode = dns.RcodeServerFailure
	case len(lines) == 0:
		a.Rcode = dns.RcodeNameError
	}
	for _, l := range lines {
		rr, _ := dns.NewRR(l)
		a.Answer = append(a.Answer, rr)
	}
	if _, isUDP := w.RemoteAddr().(*net.UDPAddr); isUDP && len(lines) > 20 {
		a.Truncated, a.Answer = true, nil
	}
	w.WriteMsg(a)
}

// found asks and waits for the answer.
func found(t *testing.T, r *Resolver, address string) ([]string, error) {
	t.Helper()
	type answer struct {
		names []string
		err   error
	}
	got := make(chan answer, 1)
	if !r.Ask(netip.MustParseAddr(address), func(names []string, err error) { got <- answer{names, err} }) {
		t.Fatalf("%s is not asked for", address)
	}
	a := <-got
	return a.names, a.err
}

func resolver(t *testing.T, o Options, zones ...*zone) *Resolver {
	for _, z := range zones {
		o.Servers = append(o.Servers, z.at)
	}
	if o.Hosts == "" {
		o.Hosts = "-"
	}
	r := NewResolver(o)
	t.Cleanup(r.Close)
	return r
}

func TestOnlyNamesThatLeadBackCount(t *testing.T) {
	z := newZone(t,
		"1.2.0.192.in-addr.arpa. 300 IN PTR One.Example.ORG.", "one.example.org. 300 IN A 192.0.2.1",
		"2.2.0.192.in-addr.arpa. 300 IN PTR bank.example.com.", "bank.example.com. 300 IN A 203.0.113.1", // it says that it is somebody else
		"3.2.0.192.in-addr.arpa. 300 IN PTR a.example.org.", "3.2.0.192.in-addr.arpa. 300 IN PTR liar.example.org.", "3.2.0.192.in-addr.arpa. 300 IN PTR b.example.org.",
		"a.example.org. 300 IN A 203.0.113.9", "a.example.org. 300 IN A 192.0.2.3", "b.example.org. 300 IN A 192.0.2.3",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 IN PTR six.example.org.", "six.example.org. 300 IN AAAA 2001:db8::1",
		`4.2.0.192.in-addr.arpa. 300 IN PTR x\010y.example.org.`, "5.2.0.192.in-addr.arpa. 300 IN PTR 10.0.0.1.",
	)
	r := resolver(t, Options{}, z)
	for address, want := range map[string]string{
		"192.0.2.1": "one.example.org", "::ffff:192.0.2.1": "one.example.org", "2001:db8::1": "six.example.org", "192.0.2.3": "a.example.org b.example.org",
		"192.0.2.4": "", "192.0.2.5": "", "192.0.2.99": "",
	} {
		names, err := found(t, r, address)
		if strings.Join(names, " ") != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", address, names, err, want)
		}
		if known, ok := r.Known(netip.MustParseAddr(address)); !ok || !slices.Equal(known, names) {
			t.Errorf("%s is not known: %q", address, known)
		}
	}
	if names, err := found(t, r, "192.0.2.2"); len(names) > 0 || err != errUnconfirmed {
		t.Errorf("%q, %v", names, err)
	}
	asked := z.asked.Load()
	found(t, r, "192.0.2.1")
	if z.asked.Load() != asked {
		t.Error("what is known was asked again")
	}
}

func TestAnAnswerThatIsCutShortIsAskedForByTCP(t *testing.T) {
	lines := []string{"last.example.org. 1 IN A 192.0.2.1"}
	for i := range 30 {
		lines = append(lines, fmt.Sprintf("1.2.0.192.in-addr.arpa. 1 IN PTR n%d.example.org.", i))
	}
	lines = append(lines, "n7.example.org. 1 IN A 192.0.2.1", "n8.example.org. 1 IN A 192.0.2.1")
	r := resolver(t, Options{}, newZone(t, lines...))
	if names, err := found(t, r, "192.0.2.1"); strings.Join(names, " ") != "n7.example.org" || err != nil { // the ninth is beyond the bound
		t.Errorf("%q, %v", names, err)
	}
}

func TestAServerThatIsSilentOrFailsLeavesTheOthersTime(t *testing.T) {
	silent, failing := newZone(t), newZone(t)
	failing.failing.Store(true)
	silent.silent.Store(true)
	good := newZone(t, "1.2.0.192.in-addr.arpa. 1 IN PTR one.example.org.", "one.example.org. 1 IN A 192.0.2.1")
	r := resolver(t, Options{Timeout: 4 * time.Second}, silent, failing, good)
	if names, err := found(t, r, "192.0.2.1"); len(names) != 1 || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	alone := resolver(t, Options{Timeout: 50 * time.Millisecond}, silent)
	if names, err := found(t, alone, "192.0.2.1"); len(names) > 0 || err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("%q, %v", names, err)
	}
}

// Who waits for a silent server delays nobody else as long as there are others to ask, and the number of those who wait is
// bounded.
func TestQuestionsAreAskedOnceAndAreBounded(t *testing.T) {
	z := newZone(t, "1.2.0.192.in-addr.arpa. 60 IN PTR one.example.org.", "one.example.org. 60 IN A 192.0.2.1")
	hold := make(chan struct{})
	z.hold.Store(&hold)
	r := resolver(t, Options{Concurrent: 1, Waiting: 2, Timeout: 20 * time.Second}, z)
	answers := make(chan int, 100)
	ask := func(address string) bool {
		return r.Ask(netip.MustParseAddr(address), func(names []string, _ error) { answers <- len(names) })
	}
	for range 5 { // one question
		if !ask("192.0.2.1") {
			t.Fatal("refused")
		}
	}
	<-z.arrived
	if !ask("198.51.100.2") || !ask("203.0.113.3") || ask("2001:db8::4") {
		t.Error("the bound of those who wait is another")
	}
	close(hold)
	for range 5 {
		if n := <-answers; n != 1 {
			t.Errorf("%d names", n)
		}
	}
	<-answers
	<-answers
	if n := z.asked.Load(); n != 4 {
		t.Errorf("asked %d times", n)
	}
}

// Whoever has a network has its reverse zone, too, and could have questions about it never answered.
func TestOneNetworkTakesHalfOfThePlacesAtMost(t *testing.T) {
	z := newZone(t, "1.100.51.198.in-addr.arpa. 60 IN PTR one.example.org.", "one.example.org. 60 IN A 198.51.100.1")
	r := resolver(t, Options{Concurrent: 4, Waiting: 4, Timeout: 20 * time.Second}, z)
	hold, told := make(chan struct{}), make(chan error, 100)
	r.ask.find = func(ctx context.Context, a netip.Addr) ([]string, time.Duration, error) {
		if networkOf(a) != networkOf(netip.MustParseAddr("2001:db8::1")) {
			return r.find(ctx, a)
		}
		<-hold
		return nil, 0, nil
	}
	asked := 0
	for i := range 100 {
		if r.Ask(netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i)), func(_ []string, err error) { told <- err }) {
			asked++
		}
	}
	if asked != 2+2 {
		t.Errorf("one network has %d places", asked)
	}
	for range 3 { // others are as they were
		if names, err := found(t, r, "198.51.100.1"); len(names) != 1 || err != nil {
			t.Errorf("%q, %v", names, err)
		}
		r.ask.known = newCache[netip.Addr, []string](1)
	}
	close(hold)
	for range asked {
		if err := <-told; err != nil {
			t.Error(err)
		}
	}
	r.Close()
	if len(r.ask.of) != 0 || len(r.ask.open) != 0 || r.ask.running != 0 || len(r.ask.queue) != 0 {
		t.Errorf("left over: %v, %d at work", r.ask.of, r.ask.running)
	}
}

// An answer may say more than was asked, and what it says of other names confirms nothing.
func TestOnlyWhatTheNameLeadsToConfirmsIt(t *testing.T) {
	answer := func(asked string, lines ...string) *dns.Msg {
		m := new(dns.Msg)
		m.SetQuestion(asked, dns.TypeA)
		for _, l := range lines {
			rr, err := dns.NewRR(l)
			if err != nil {
				t.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		return m
	}
	const a = "one.example.org. 60 IN A 192.0.2.1"
	for _, test := range []struct {
		answer *dns.Msg
		want   bool
		ttl    time.Duration
	}{
		{answer("one.example.org.", a), true, time.Minute},
		{answer("ONE.example.org.", a), true, time.Minute},
		{answer("bank.example.com.", a), false, time.Hour},
		{answer("bank.example.com.", "bank.example.com. 5 IN CNAME One.Example.org.", a), true, 5 * time.Second},
		{answer("bank.example.com.", "other.example.com. 5 IN CNAME one.example.org.", a), false, time.Hour},
		{answer("bank.example.com.", "bank.example.com. 5 IN CNAME two.example.org.", a), false, 5 * time.Second},
		{answer("bank.example.com.", "bank.example.com. 5 IN CNAME bank.example.com.", a), false, 5 * time.Second},
		{answer("one.example.org.", "one.example.org. 5 IN CNAME two.example.org.", a), false, 5 * time.Second},
	} {
		ttl := time.Hour
		if got := confirms(test.answer, netip.MustParseAddr("192.0.2.1"), &ttl); got != test.want || ttl != test.ttl {
			t.Errorf("%v, kept for %v:\n%v", got, ttl, test.answer)
		}
	}
}

func TestAResolverThatIsClosedTellsThoseWhoWait(t *testing.T) {
	z := newZone(t)
	z.silent.Store(true)
	r := NewResolver(Options{Servers: []netip.AddrPort{z.at}, Timeout: time.Hour, Hosts: "-"})
	told := make(chan error, 1)
	r.Ask(netip.MustParseAddr("192.0.2.1"), func(_ []string, err error) { told <- err })
	r.Close()
	if err := <-told; err == nil {
		t.Error("an answer from nowhere")
	}
	if r.Ask(netip.MustParseAddr("192.0.2.1"), func([]string, error) { t.Error("told") }) {
		t.Error("asked after the end")
	}
	if _, ok := r.Known(netip.MustParseAddr("192.0.2.1")); ok {
		t.Error("that it was given up is kept")
	}
}

func TestTheHostsFileIsAskedFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hosts")
	os.WriteFile(file, []byte("# comment\n192.0.2.1\tone One.LAN # and more\nbroken\n::1 localhost\n192.0.2.2 bad/name -x\n"), 0o644)
	z := newZone(t)
	r := resolver(t, Options{Hosts: file}, z)
	if names, _ := found(t, r, "192.0.2.1"); strings.Join(names, " ") != "one one.lan" || z.asked.Load() != 0 {
		t.Errorf("%q", names)
	}
	if names, _ := found(t, r, "192.0.2.2"); len(names) > 0 {
		t.Errorf("%q", names)
	}
}

func TestWhatIsKeptIsBoundedAndGrowsOld(t *testing.T) {
	c := newCache[int, string](2)
	now := time.Unix(1000, 0)
	c.put(1, "one", now.Add(time.Second))
	c.put(2, "two", now.Add(time.Hour))
	c.get(1, now)
	c.put(3, "three", now.Add(time.Hour))
	if _, ok := c.get(2, now); ok {
		t.Error("the one that was used least lately is kept")
	}
	if v, ok := c.get(1, now); !ok || v != "one" {
		t.Error("the one that was used is gone")
	}
	if _, ok := c.get(1, now.Add(2*time.Second)); ok || len(c.all) != 1 || c.used.Len() != 1 {
		t.Error("it does not grow old")
	}
}

func FuzzHosts(f *testing.F) {
	f.Add("192.0.2.1 a b\n::1 c # d\n")
	f.Fuzz(func(t *testing.T, text string) {
		for a, names := range parseHosts(strings.NewReader(text)) {
			if !a.IsValid() || len(names) > mostNames {
				t.Errorf("%v %q", a, names)
			}
			for _, name := range names {
				if again, ok := hostName(name); !ok || again != name {
					t.Errorf("%q is no name", name)
				}
			}
		}
	})
}
