package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Options are a Resolver's bounds. What is zero has a default.
type Options struct {
	Servers    []netip.AddrPort // name servers; none: the system's (resolv.conf)
	Timeout    time.Duration    // for the whole of a question, those that confirm its answer included; 2 s
	Entries    int              // answers that are kept; 4096
	MinTTL     time.Duration    // an answer is kept at least this long; 10 s
	MaxTTL     time.Duration    // and at most; 1 h
	Unknown    time.Duration    // how long is kept that a client has no name, or that nobody answered; 1 min
	Concurrent int              // questions asked at once; 32
	Waiting    int              // questions that wait; 1024
	Hosts      string           // the hosts file, which is asked first; "/etc/hosts", and "-" for none
}

// Resolver finds the confirmed names of addresses. It implements access.Names. It is safe for concurrent use.
type Resolver struct {
	o   Options
	ask *asker[netip.Addr, []string]
}

// NewResolver makes a Resolver. It asks nobody until it is asked.
func NewResolver(o Options) *Resolver {
	orDuration(&o.Timeout, 2*time.Second)
	orDuration(&o.MinTTL, 10*time.Second)
	orDuration(&o.MaxTTL, time.Hour)
	orDuration(&o.Unknown, time.Minute)
	orInt(&o.Entries, 4096)
	orInt(&o.Concurrent, 32)
	orInt(&o.Waiting, 1024)
	if o.Hosts == "" {
		o.Hosts = "/etc/hosts"
	}
	r := &Resolver{o: o}
	r.ask = newAsker(o.Entries, o.Concurrent, o.Waiting, o.Timeout, networkOf, r.find)
	return r
}

func orDuration(p *time.Duration, or time.Duration) {
	if *p <= 0 {
		*p = or
	}
}

func orInt(p *int, or int) {
	if *p <= 0 {
		*p = or
	}
}

// Known gives the names of an address when they are known already; ok is false when they must be asked for. It does not block.
func (r *Resolver) Known(a netip.Addr) (names []string, ok bool) {
	return r.ask.known.get(plain(a), time.Now())
}

// Ask finds the names out and calls done once, on any goroutine, also before Ask returns. Names are lower case and without a dot
// at their end, the first is the one that the reverse zone names first. When nobody answers in time there are none, and err says
// why. It returns false, and never calls done, when as many questions wait as may.
func (r *Resolver) Ask(a netip.Addr, done func(names []string, err error)) bool {
	return r.ask.ask(plain(a), done)
}

// Close gives up what is being asked: those who wait are told so.
func (r *Resolver) Close() { r.ask.close() }

// plain is the address as the zones have it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Bounds of one answer: a zone may name a thousand names for an address, and each costs two more questions.
const (
	mostNames     = 8
	longestName   = 253
	mostAddresses = 64
	mostAliases   = 8
)

// errUnconfirmed says that an address has names, and that none leads back to it.
var errUnconfirmed = errors.New("no name of the address leads back to it")

// find is the names of an address, and how long they may be kept.
func (r *Resolver) find(ctx context.Context, a netip.Addr) (names []string, keep time.Duration, err error) {
	if names := readHosts(r.o.Hosts).names(a); len(names) > 0 {
		return names, r.o.MinTTL, nil // the file may be edited
	}
	zone, err := dns.ReverseAddr(a.String())
	if err != nil {
		return nil, r.o.Unknown, err
	}
	answer, err := r.exchange(ctx, zone, dns.TypePTR)
	if err != nil {
		return nil, r.forget(ctx), fmt.Errorf("who is %s: %w", a, err)
	}
	ttl := r.o.MaxTTL
	owner := aliases(answer, &ttl)
	var candidates []string
	for _, rr := range answer.Answer {
		ptr, ok := rr.(*dns.PTR)
		if !ok || len(candidates) >= mostNames || !strings.EqualFold(ptr.Hdr.Name, owner) {
			continue
		}
		ttl = min(ttl, time.Duration(ptr.Hdr.Ttl)*time.Second)
		if name, ok := hostName(ptr.Ptr); ok && !slices.Contains(candidates, name) {
			candidates = append(candidates, name)
		}
	}
	kind := dns.TypeA
	if a.Is6() {
		kind = dns.TypeAAAA
	}
	var trouble error
	for _, name := range candidates {
		answer, err := r.exchange(ctx, dns.Fqdn(name), kind)
		if err != nil {
			trouble = fmt.Errorf("where is %s: %w", name, err)
			continue
		}
		if confirms(answer, a, &ttl) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		return names, min(max(ttl, r.o.MinTTL), r.o.MaxTTL), nil
	case trouble != nil:
		return nil, r.forget(ctx), trouble
	case len(candidates) > 0:
		return nil, r.o.Unknown, errUnconfirmed
	}
	return nil, r.o.Unknown, nil
}

// forget is how long is kept that nobody answered: not at all when it is us who gave up.
func (r *Resolver) forget(ctx context.Context) time.Duration {
	if errors.Is(ctx.Err(), context.Canceled) {
		return 0
	}
	return min(r.o.Unknown, 10*time.Second)
}

// aliases follows the CNAME records of an answer from the name that was asked about to the one that has the records, which
// is another one where there are any (RFC 1034 §3.6.2). It lowers the time for which what stands there may be kept.
func aliases(answer *dns.Msg, ttl *time.Duration) string {
	name := answer.Question[0].Name
	for range mostAliases {
		i := slices.IndexFunc(answer.Answer, func(rr dns.RR) bool {
			_, ok := rr.(*dns.CNAME)
			return ok && strings.EqualFold(rr.Header().Name, name)
		})
		if i < 0 {
			break
		}
		name = answer.Answer[i].(*dns.CNAME).Target
		*ttl = min(*ttl, time.Duration(answer.Answer[i].Header().Ttl)*time.Second)
	}
	return name
}

// confirms reports whether an answer has the address as one of the name that was asked about, and lowers the time for which
// that may be kept. What it says of other names, nobody has asked.
func confirms(answer *dns.Msg, a netip.Addr, ttl *time.Duration) bool {
	owner := aliases(answer, ttl)
	for i, rr := range answer.Answer {
		if i == mostAddresses {
			break
		}
		if !strings.EqualFold(rr.Header().Name, owner) {
			continue
		}
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if found, ok := netip.AddrFromSlice(ip); ok && found.Unmap() == a {
			*ttl = min(*ttl, time.Duration(rr.Header().Ttl)*time.Second)
			return true
		}
	}
	return false
}

// exchange asks the name servers one after the other, by UDP and, when the answer is cut short, by TCP. What a server has no
// answer for (NXDOMAIN, no records) is an answer.
func (r *Resolver) exchange(ctx context.Context, name string, kind uint16) (*dns.Msg, error) {
	servers, err := r.servers()
	if err != nil {
		return nil, err
	}
	q := new(dns.Msg)
	q.SetQuestion(name, kind)
	q.SetEdns0(1232, false)
	// A server that is silent leaves the others a part of the time.
	share := r.o.Timeout / time.Duration(min(len(servers), 3)+1)
	var last error
	for _, server := range servers[:min(len(servers), 3)] {
		one, cancel := context.WithTimeout(ctx, share)
		answer, err := askOne(one, q, server)
		cancel()
		if err == nil {
			return answer, nil
		}
		if last = err; ctx.Err() != nil {
			return nil, fmt.Errorf("%s did not answer in time", server)
		}
	}
	return nil, last
}

func askOne(ctx context.Context, q *dns.Msg, server string) (*dns.Msg, error) {
	q.Id = dns.Id()
	udp := dns.Client{Net: "udp", UDPSize: 1232}
	answer, _, err := udp.ExchangeContext(ctx, q, server)
	if err == nil && answer.Truncated {
		tcp := dns.Client{Net: "tcp"}
		answer, _, err = tcp.ExchangeContext(ctx, q, server)
	}
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded)):
		return nil, fmt.Errorf("%s did not answer in time", server)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", server, err)
	case answer.Id != q.Id || len(answer.Question) != 1 || !strings.EqualFold(answer.Question[0].Name, q.Question[0].Name) || answer.Question[0].Qtype != q.Question[0].Qtype:
		return nil, fmt.Errorf("%s answered another question", server)
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s: %s", server, dns.RcodeToString[answer.Rcode])
	}
	return answer, nil
}

// servers are the name servers as they are dialled.
func (r *Resolver) servers() ([]string, error) {
	var all []string
	for _, s := range r.o.Servers {
		all = append(all, s.String())
	}
	if len(all) > 0 {
		return all, nil
	}
	conf, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("the system's name servers are not known: %w", err)
	}
	for _, s := range conf.Servers {
		all = append(all, net.JoinHostPort(s, conf.Port))
	}
	if len(all) == 0 {
		return nil, errors.New("the system has no name servers")
	}
	return all, nil
}

// hostName is a name out of a zone as a host name: lower case, without the dot at its end, and only what may stand in one
// (RFC 1123 §2.1, and the underscore that is met in practice). What else a zone says could be meant for whoever reads the log.
func hostName(name string) (string, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || len(name) > longestName {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return "", false
			}
		}
	}
	// A name that looks like an address would be taken for one.
	if _, err := netip.ParseAddr(name); err == nil {
		return "", false
	}
	return name, true
}
