package icmp

import (
	"net/netip"
	"strings"
	"testing"

	"vitrine/stack/ip"
)

// Options with a hardware address, as bytes.
const (
	sourceMAC = "\x01\x01\x02\x00\x00\x00\x00\x02"
	targetMAC = "\x02\x01\x02\x00\x00\x00\x00\x02"
)

func target(a netip.Addr) string {
	b := a.As16()
	return string(b[:])
}

// arrived is how an honest message from a neighbour comes.
func arrived(change ...func(a *Arrival)) *Arrival {
	a := &Arrival{Src: peer6, Dst: us6, HopLimit: 255}
	for _, f := range change {
		f(a)
	}
	return a
}

func from(src netip.Addr) func(*Arrival) { return func(a *Arrival) { a.Src = src } }
func to(dst netip.Addr) func(*Arrival)   { return func(a *Arrival) { a.Dst = dst } }
func hops(n uint8) func(*Arrival)        { return func(a *Arrival) { a.HopLimit = n } }
func fragmented(a *Arrival)              { a.Fragmented = true }
func alert(a *Arrival)                   { a.RouterAlert = true }

var (
	nobody = netip.IPv6Unspecified()
	asked  = ip.SolicitedNode(us6)
)

// RFC 4861 §6.1.1, §6.1.2, §7.1.1, §7.1.2, each check of each message; RFC 6980 for fragments.
func TestDiscoveryIsChecked(t *testing.T) {
	group := target(netip.MustParseAddr("ff02::5"))
	const solicitation, advertisement, routerSolicitation, routerAdvertisement = 135, 136, 133, 134
	for _, c := range []struct {
		sentence string
		kind     uint8
		code     uint8
		rest     uint32
		body     string
		a        *Arrival
		why      string
	}{
		{"NS: who has us?", solicitation, 0, 0, target(us6) + sourceMAC, arrived(to(asked)), "-"},
		{"NS: are you there?", solicitation, 0, 0, target(us6), arrived(), "-"},
		{"NS: may I have the address?", solicitation, 0, 0, target(us6), arrived(from(nobody), to(asked)), "-"},
		{"NS: through a router", solicitation, 0, 0, target(us6), arrived(hops(254)), "icmp.ndp.hop-limit"},
		{"NS: in fragments", solicitation, 0, 0, target(us6), arrived(fragmented), "icmp.ndp.fragmented"},
		{"NS: code", solicitation, 1, 0, target(us6), arrived(), "icmp.ndp.code"},
		{"NS: too short", solicitation, 0, 0, target(us6)[:15], arrived(), "icmp.ndp.length"},
		{"NS: for a group", solicitation, 0, 0, group, arrived(), "icmp.ndp.target"},
		{"NS: an option of length zero", solicitation, 0, 0, target(us6) + "\x01\x00\x02\x00\x00\x00\x00\x02", arrived(), "icmp.ndp.option"},
		{"NS: an option longer than the message", solicitation, 0, 0, target(us6) + "\x01\x02\x02\x00\x00\x00\x00\x02", arrived(), "icmp.ndp.option"},
		{"NS: half an option", solicitation, 0, 0, target(us6) + "\x01\x01\x02", arrived(), "icmp.ndp.option"},
		{"NS: unknown options are passed over", solicitation, 0, 0, target(us6) + "\x0e\x01abcdef" + sourceMAC, arrived(), "-"},
		{"NS: from nobody, but not to those who may have it", solicitation, 0, 0, target(us6), arrived(from(nobody)), "icmp.ndp.probe-destination"},
		{"NS: from nobody, to the group of another address", solicitation, 0, 0, target(us6), arrived(from(nobody), to(ip.SolicitedNode(peer6))), "icmp.ndp.probe-destination"},
		{"NS: from nobody at some hardware address", solicitation, 0, 0, target(us6) + sourceMAC, arrived(from(nobody), to(asked)), "icmp.ndp.probe-mac"},
		{"NS: from a group of stations", solicitation, 0, 0, target(us6) + "\x01\x01\x33\x33\x00\x00\x00\x01", arrived(), "icmp.ndp.mac"},
		{"NS: from no station", solicitation, 0, 0, target(us6) + "\x01\x01\x00\x00\x00\x00\x00\x00", arrived(), "icmp.ndp.mac"},

		{"NA: here I am", advertisement, 0, 0x60000000, target(peer6) + targetMAC, arrived(), "-"},
		{"NA: to everybody, unasked", advertisement, 0, 0x20000000, target(peer6) + targetMAC, arrived(to(ip.AllNodes)), "-"},
		{"NA: through a router", advertisement, 0, 0, target(peer6), arrived(hops(64)), "icmp.ndp.hop-limit"},
		{"NA: in fragments", advertisement, 0, 0, target(peer6), arrived(fragmented), "icmp.ndp.fragmented"},
		{"NA: code", advertisement, 1, 0, target(peer6), arrived(), "icmp.ndp.code"},
		{"NA: too short", advertisement, 0, 0, target(peer6)[:15], arrived(), "icmp.ndp.length"},
		{"NA: for a group", advertisement, 0, 0, group, arrived(), "icmp.ndp.target"},
		{"NA: to everybody, as an answer", advertisement, 0, 0x40000000, target(peer6), arrived(to(ip.AllNodes)), "icmp.ndp.solicited"},
		{"NA: an option of length zero", advertisement, 0, 0, target(peer6) + "\x02\x00\x02\x00\x00\x00\x00\x02", arrived(), "icmp.ndp.option"},
		{"NA: at a group of stations", advertisement, 0, 0, target(peer6) + "\x02\x01\xff\xff\xff\xff\xff\xff", arrived(), "icmp.ndp.mac"},

		{"RS", routerSolicitation, 0, 0, sourceMAC, arrived(to(ip.AllRouters)), "-"},
		{"RS: from nobody", routerSolicitation, 0, 0, "", arrived(from(nobody), to(ip.AllRouters)), "-"},
		{"RS: through a router", routerSolicitation, 0, 0, "", arrived(hops(1)), "icmp.ndp.hop-limit"},
		{"RS: code", routerSolicitation, 2, 0, "", arrived(), "icmp.ndp.code"},
		{"RS: from nobody at some hardware address", routerSolicitation, 0, 0, sourceMAC, arrived(from(nobody)), "icmp.ndp.probe-mac"},
		{"RS: an option of length zero", routerSolicitation, 0, 0, "\x01\x00345678", arrived(), "icmp.ndp.option"},

		{"RA", routerAdvertisement, 0, 64 << 24, "12345678" + sourceMAC, arrived(from(near6)), "-"},
		{"RA: not from this link", routerAdvertisement, 0, 0, "12345678", arrived(), "icmp.ndp.router"},
		{"RA: through a router", routerAdvertisement, 0, 0, "12345678", arrived(from(near6), hops(254)), "icmp.ndp.hop-limit"},
		{"RA: code", routerAdvertisement, 1, 0, "12345678", arrived(from(near6)), "icmp.ndp.code"},
		{"RA: too short", routerAdvertisement, 0, 0, "1234567", arrived(from(near6)), "icmp.ndp.length"},
		{"RA: an option of length zero", routerAdvertisement, 0, 0, "12345678\x05\x00345678", arrived(from(near6)), "icmp.ndp.option"},
	} {
		b := message(true, c.kind, c.code, c.rest, c.body)
		seal(b, true, c.a.Src, c.a.Dst)
		m, why := ParseV6(b, c.a.Src, c.a.Dst, false)
		if why != nil {
			t.Fatalf("%s: %v", c.sentence, why)
		}
		switch c.kind {
		case solicitation:
			var s Solicitation
			s, why = m.NeighborSolicitation(c.a)
			if why == nil && (s.Target != us6 || s.Probe != (c.a.Src == nobody) || s.HasMAC != strings.HasSuffix(c.body, sourceMAC) || s.HasMAC && s.MAC != mac2) {
				t.Errorf("%s: %+v", c.sentence, s)
			}
		case advertisement:
			var v Advertisement
			v, why = m.NeighborAdvertisement(c.a)
			if why == nil && (v.Target != peer6 || v.MAC != mac2 || !v.Override || v.Solicited == (c.a.Dst == ip.AllNodes) || v.Router) {
				t.Errorf("%s: %+v", c.sentence, v)
			}
		case routerSolicitation:
			_, _, why = m.RouterSolicitation(c.a)
		case routerAdvertisement:
			_, why = m.RouterAdvertisement(c.a)
		}
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
		}
	}
}

func TestRouterAdvertisement(t *testing.T) {
	read := func(options string) RouterInfo {
		m, _ := parse(message(true, 134, 0, 64<<24|1800, "\x00\x00\x75\x30\x00\x00\x03\xe8"+options), true)
		r, why := m.RouterAdvertisement(arrived(from(near6)))
		if why != nil {
			t.Fatal(why)
		}
		return r
	}
	prefix := "\x03\x04\x40\xc0" + strings.Repeat("\x00", 12) + target(netip.MustParseAddr("fd00:198:18::"))
	r := read(sourceMAC + "\x05\x01\x00\x00\x00\x00\x05\x78" + prefix)
	want := RouterInfo{HopLimit: 64, Lifetime: 1800, Reachable: 30e9, Retransmission: 1e9, MTU: 1400, MAC: mac2, HasMAC: true,
		OnLink: netip.MustParsePrefix("fd00:198:18::/64")}
	if r != want {
		t.Errorf("%+v", r)
	}
	if r := read("\x05\x01\x00\x00\x00\x00\x04\xff"); r.MTU != 0 {
		t.Errorf("RFC 4861 §6.3.4: an MTU below 1280 is ignored: %+v", r)
	}
	if r := read(strings.Replace(prefix, "\x40", "\x81", 1)); r.OnLink.IsValid() {
		t.Errorf("no prefix is longer than an address: %+v", r)
	}
}

// What we send is what we would accept.
func TestPutDiscovery(t *testing.T) {
	b := make([]byte, 64)
	get := func(n int, src, dst netip.Addr) Message {
		m, why := ParseV6(b[:n], src, dst, false)
		if why != nil {
			t.Fatal(why)
		}
		return m
	}
	n := PutSolicitation(b, peer6, asked, us6, mac2)
	m := get(n, peer6, asked)
	if s, why := m.NeighborSolicitation(arrived(to(asked))); why != nil || n != SolicitationLen || s != (Solicitation{Target: us6, MAC: mac2, HasMAC: true}) {
		t.Errorf("%v %+v", why, s)
	}
	n = PutSolicitation(b, nobody, asked, us6, mac2)
	m = get(n, nobody, asked)
	if s, why := m.NeighborSolicitation(arrived(from(nobody), to(asked))); why != nil || s != (Solicitation{Target: us6, Probe: true}) {
		t.Errorf("%v %+v", why, s)
	}
	n = PutAdvertisement(b, peer6, us6, peer6, mac2, true, true)
	m = get(n, peer6, us6)
	if v, why := m.NeighborAdvertisement(arrived()); why != nil || n != AdvertisementLen || v != (Advertisement{Target: peer6, MAC: mac2, HasMAC: true, Solicited: true, Override: true}) {
		t.Errorf("%v %+v", why, v)
	}
	n = PutRouterSolicitation(b, near6, ip.AllRouters, mac2)
	m = get(n, near6, ip.AllRouters)
	if mac, has, why := m.RouterSolicitation(arrived(from(near6))); why != nil || n != RouterSolicitationLen || !has || mac != mac2 {
		t.Errorf("%v %v", why, mac)
	}
	n = PutRouterSolicitation(b, nobody, ip.AllRouters, mac2)
	m = get(n, nobody, ip.AllRouters)
	if _, has, why := m.RouterSolicitation(arrived(from(nobody))); why != nil || has {
		t.Error(why)
	}
}

func TestMulticastListeners(t *testing.T) {
	query := func(code uint32, body string, change ...func(*Arrival)) (Query, string) {
		m, why := parse(message(true, 130, 0, code<<16, body), true)
		if why != "-" {
			t.Fatal(why)
		}
		q, w := m.MLDQuery(arrived(append([]func(*Arrival){from(near6), to(ip.AllNodes), hops(1), alert}, change...)...))
		return q, w.String()
	}
	all, v2 := strings.Repeat("\x00", 16), strings.Repeat("\x00", 4)
	if q, why := query(10000, all+v2); why != "-" || q != (Query{nobody, 10e9}) {
		t.Error(why, q)
	}
	if q, why := query(10000, target(asked)); why != "-" || q != (Query{asked, 10e9}) {
		t.Error("version 1:", why, q)
	}
	if q, why := query(0x8000|1<<12|5, all+v2); why != "-" || q.Delay != (0x1000|5)<<4*1e6 {
		t.Error("RFC 3810 §5.1.3: a large delay is a floating-point number:", why, q)
	}
	if q, why := query(0x8000, all); why != "-" || q.Delay != 0x8000*1e6 {
		t.Error("in version 1 it is not:", why, q)
	}
	for _, bad := range []func(*Arrival){from(peer6), hops(255), func(a *Arrival) { a.RouterAlert = false }} {
		if _, why := query(0, all+v2, bad); why != "icmp.mld.origin" {
			t.Error(why)
		}
	}
	for _, body := range []string{all[:15], all + v2[:3]} {
		if _, why := query(0, body); why != "icmp.mld.length" {
			t.Error(why)
		}
	}

	b := make([]byte, MLDReportLen(2))
	if n := PutMLDReport(b, near6, true, asked, ip.SolicitedNode(near6)); n != len(b) {
		t.Error(n)
	}
	if !ip.Valid(b, ip.PseudoHeader(near6, ip.MLDRouters, ip.ICMPv6, len(b))) {
		t.Error("the checksum is wrong")
	}
	want := "\x00\x00\x00\x02" + "\x04\x00\x00\x00" + target(asked) + "\x04\x00\x00\x00" + target(ip.SolicitedNode(near6))
	if b[0] != 143 || string(b[4:]) != want {
		t.Errorf("% x", b)
	}
	PutMLDReport(b, near6, false, asked)
	if b[7] != 1 || b[8] != 2 {
		t.Errorf("an answer to a query: % x", b[:MLDReportLen(1)])
	}
}
