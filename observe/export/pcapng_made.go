package export

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/journey"
	"vitrine/stack/ethernet"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// made is the comment of every frame that was never on a network.
const made = "reconstructed by vitrine from what it recorded of the request; not captured"

// Frames that are made up have these hardware addresses, which nobody has: locally administered (IEEE 802 §8.4).
var (
	madeClient = [6]byte{0x02, 0, 0, 0, 0, 0x01}
	madeServer = [6]byte{0x02, 0, 0, 0, 0, 0x02}
)

const (
	madeScale = 7 // of both windows
	madeMSS   = 1460
	// madePiece is how much of a body one segment carries: as much as fits, so that a long one does not take many.
	madePiece = 60 << 10
	// mostPieces bounds the segments of one body, and allPieces those of all bodies in a file, since a file is put together in memory.
	mostPieces = 256
	allPieces  = 1 << 17
)

// reconstruct makes up the frames of journeys of which none were recorded, connection by connection.
func reconstruct(all []*journey.Journey, on int) (packets []link.CapturePacket) {
	type key struct {
		id            uint64
		local, remote netip.AddrPort
	}
	connections := make(map[key][]*journey.Journey)
	var order []key
	for _, j := range all {
		c := &j.Connection
		k := key{c.ID, c.Local, c.Remote}
		if connections[k] == nil {
			order = append(order, k)
		}
		connections[k] = append(connections[k], j)
	}
	for _, k := range order {
		if !k.local.IsValid() || !k.remote.IsValid() {
			continue // nothing says where it was
		}
		m := maker{on: on, pieces: min(mostPieces, allPieces/len(all)), local: plainEnd(k.local), remote: plainEnd(k.remote)}
		if m.local.Addr().Is4() != m.remote.Addr().Is4() {
			continue
		}
		packets = append(packets, m.connection(connections[k])...)
	}
	return packets
}

func plainEnd(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// maker makes up one connection.
type maker struct {
	on            int
	pieces        int // of one body at most
	local, remote netip.AddrPort
	isn           [2]uint32 // of the client, of ours
	next          [2]int64  // where in each stream the next segment begins, at least
	segments      []madeSegment
}

// madeSegment is a segment without its acknowledgement, which follows from what came before it.
type madeSegment struct {
	at       int64 // nanoseconds since 1970
	out      bool
	from     int64 // place of its first byte in the stream
	length   int
	data     []byte // what is known of its payload
	flags    segment.Flags
	comments []string
}

func (m *maker) connection(all []*journey.Journey) []link.CapturePacket {
	slices.SortStableFunc(all, func(a, b *journey.Journey) int { return cmp.Compare(a.Serial, b.Serial) })
	first := all[0]
	m.numbers(first)
	opened := first.Connection.Opened
	if opened.IsZero() || opened.After(first.Start) {
		opened = first.Start
	}
	about := journeyText(first)
	m.add(madeSegment{at: opened.UnixNano(), from: -1, flags: segment.SYN, comments: []string{about}})
	m.add(madeSegment{at: opened.UnixNano(), out: true, from: -1, flags: segment.SYN | segment.ACK, comments: []string{about}})
	m.add(madeSegment{at: opened.UnixNano(), flags: segment.ACK, comments: []string{about}})
	for _, j := range all {
		m.journey(j)
	}
	last := all[len(all)-1]
	if end := last.Connection.Ended; !end.IsZero() {
		about, at := journeyText(last), end.UnixNano()
		if why := last.Connection.Why; why != nil {
			about += "; the connection ended: " + why.ID
		}
		for _, s := range m.segments {
			at = max(at, s.at)
		}
		m.add(madeSegment{at: at, out: true, from: m.next[1], flags: segment.FIN | segment.ACK, comments: []string{about}})
		m.add(madeSegment{at: at, from: m.next[0], flags: segment.FIN | segment.ACK, comments: []string{about}})
		m.add(madeSegment{at: at, out: true, from: m.next[1] + 1, flags: segment.ACK, comments: []string{about}})
	}
	return m.packets()
}

// numbers are the connection's initial sequence numbers: its own, where they are known, so that what is made up fits what was
// captured elsewhere.
func (m *maker) numbers(j *journey.Journey) {
	for _, s := range j.Connection.Snapshots {
		if s.Info.Sequences {
			m.isn = [2]uint32{s.Info.IRS, s.Info.ISS}
			return
		}
	}
	// Any will do, but for those which seem to be of another connection when the same ports were used before.
	m.isn = [2]uint32{uint32(j.Connection.ID)<<12 + 1000, uint32(j.Connection.ID)<<12 + 2000}
}

func (m *maker) add(s madeSegment) { m.segments = append(m.segments, s) }

// journey makes up a request and its response.
func (m *maker) journey(j *journey.Journey) {
	about := journeyText(j)
	start := j.Start
	if start.IsZero() {
		start = j.Began
	}
	first, end := start.Add(j.Answered()), start.Add(max(j.Took, 0))
	m.message(&madeMessage{out: false, at: j.RequestAt, bytes: j.Received, head: requestHead(j), cut: j.Request.Cut, first: start, last: start, about: about,
		body: hasField(j.Request.Fields, "Content-Length") || hasField(j.Request.Fields, "Transfer-Encoding")})
	m.message(&madeMessage{out: true, at: j.ResponseAt, bytes: j.Sent, head: responseHead(j), cut: j.Response.Cut, first: first, last: end, about: about,
		body: j.Body > 0})
	if j.Sent > 0 {
		m.add(madeSegment{at: end.UnixNano(), from: m.next[0], flags: segment.ACK, comments: []string{about}})
	}
}

// madeMessage is a request or a response.
type madeMessage struct {
	out         bool
	at, bytes   int64
	head        []byte
	cut         bool // the head is not whole
	body        bool // something follows the head
	first, last time.Time
	about       string
}

// message makes up the segments of one. The head, with what it lacks of a body that begins in the same segment, is one, so
// that a reader sees that this one was cut short, and does not wait for a body that never comes.
func (m *maker) message(x *madeMessage) {
	d := 0
	if x.out {
		d = 1
	}
	if x.bytes <= 0 {
		return
	}
	comments := []string{x.about}
	from := max(x.at, m.next[d])
	if from > m.next[d] {
		comments = append(comments, fmt.Sprintf("%d bytes before this were of messages that are not in this file", from-m.next[d]))
	}
	data := tightened(x.head, x.bytes)
	if !x.cut && !x.body && len(data) > 4 {
		data = padded(data, x.bytes)
	}
	length := min(x.bytes, max(int64(len(data)), madePiece))
	m.add(madeSegment{at: x.first.UnixNano(), out: x.out, from: from, length: int(length), data: data, flags: segment.PSH | segment.ACK, comments: comments})
	left, at := x.bytes-length, from+length
	for i := 0; left > 0 && i < m.pieces; i++ {
		n := min(left, madePiece)
		m.add(madeSegment{at: x.last.UnixNano(), out: x.out, from: at, length: int(n), flags: segment.ACK, comments: []string{x.about}})
		left, at = left-n, at+n
	}
	if left > 0 {
		end := &m.segments[len(m.segments)-1]
		end.comments = append(end.comments, fmt.Sprintf("%d more bytes follow, which are left out", left))
	}
	m.next[d] = from + x.bytes
}

// tightened makes a head as short as it was: the space after a name's colon is optional (RFC 9112 §5), and some clients leave
// it out. Without its last byte a reader would not take it for a head. One that did not arrive whole is cut.
func tightened(head []byte, length int64) []byte {
	if int64(len(head)) <= length {
		return head
	}
	lines := bytes.SplitAfter(head, []byte("\r\n"))
	surplus := len(head) - int(length)
	for i := 1; i < len(lines) && surplus > 0; i++ {
		if name, value, ok := bytes.Cut(lines[i], []byte(": ")); ok {
			lines[i] = slices.Concat(name, []byte(":"), value)
			surplus--
		}
	}
	if surplus > 0 {
		return head[:length]
	}
	return bytes.Join(lines, nil)
}

// padded makes a head as long as it was: between a value and the end of its line there may be spaces (RFC 9112 §5), and
// other programs write them otherwise than they are made up here.
func padded(head []byte, length int64) []byte {
	lacks := int(length) - len(head)
	if lacks <= 0 || lacks > 4096 || strings.Count(string(head), "\r\n") < 3 {
		return head
	}
	end := len(head) - 4
	all := append([]byte(nil), head[:end]...)
	all = append(all, strings.Repeat(" ", lacks)...)
	return append(all, head[end:]...)
}

func requestHead(j *journey.Journey) []byte {
	if j.Method == "" || j.Target == "" {
		return nil // it could not be read
	}
	protocol := j.Protocol
	if protocol == "" {
		protocol = "HTTP/1.1"
	}
	b := append([]byte(nil), oneLine(j.Method+" "+j.Target+" "+protocol)+"\r\n"...)
	return appendFields(b, &j.Request)
}

func responseHead(j *journey.Journey) []byte {
	if j.Status == 0 {
		return nil
	}
	b := append([]byte(nil), "HTTP/1.1 "+strconv.Itoa(j.Status)+" "+http.StatusText(j.Status)+"\r\n"...)
	return appendFields(b, &j.Response)
}

// appendFields writes field lines. A secret value is as many asterisks as it had bytes.
func appendFields(b []byte, m *journey.Message) []byte {
	for _, f := range m.Fields {
		value := oneLine(f.Value)
		if f.Secret {
			value = strings.Repeat("*", f.Hidden)
		}
		b = append(b, oneLine(f.Name)+": "+value+"\r\n"...)
	}
	if m.Cut {
		return b
	}
	return append(b, "\r\n"...)
}

// oneLine keeps a text in its line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s)
}

func hasField(all []journey.Field, name string) bool {
	return slices.ContainsFunc(all, func(f journey.Field) bool { return strings.EqualFold(f.Name, name) && f.Value != "0" })
}

// packets are the segments in the order of time, each acknowledging what came before it.
func (m *maker) packets() []link.CapturePacket {
	slices.SortStableFunc(m.segments, func(a, b madeSegment) int { return cmp.Compare(a.at, b.at) })
	var end [2]int64
	all := make([]link.CapturePacket, 0, len(m.segments))
	for i := range m.segments {
		s := &m.segments[i]
		d := 0
		if s.out {
			d = 1
		}
		all = append(all, m.packet(s, end[1-d]))
		reach := s.from + int64(s.length)
		if s.flags.Has(segment.SYN) {
			reach = 0
		} else if s.flags.Has(segment.FIN) {
			reach++
		}
		end[d] = max(end[d], reach)
	}
	return all
}

// packet makes one frame. Its checksums are right when all of it is there.
func (m *maker) packet(s *madeSegment, ack int64) link.CapturePacket {
	d, src, dst, from, to := 0, m.remote, m.local, madeClient, madeServer
	if s.out {
		d, src, dst, from, to = 1, m.local, m.remote, madeServer, madeClient
	}
	o := segment.Out{Seq: segment.Number(m.isn[d] + 1 + uint32(s.from)), Flags: s.flags, Window: 65535, Scale: -1}
	if s.flags.Has(segment.ACK) {
		o.Ack = segment.Number(m.isn[1-d] + 1 + uint32(ack))
	}
	if s.flags.Has(segment.SYN) {
		o.MSS, o.Scale = madeMSS, madeScale
	}
	head := o.HeaderLen()
	size, kind := ipv4.HeaderLen, ethernet.TypeIPv4
	if src.Addr().Is6() {
		size, kind = ipv6.HeaderLen, ethernet.TypeIPv6
	}
	b := make([]byte, ethernet.HeaderLen+size+head, ethernet.HeaderLen+size+head+len(s.data))
	ethernet.Put(b, to, from, kind)
	at := b[ethernet.HeaderLen:]
	if kind == ethernet.TypeIPv4 {
		ipv4.Put(at, &ipv4.Header{Src: src.Addr(), Dst: dst.Addr(), Protocol: ip.TCP, Length: head + s.length})
	} else {
		ipv6.Put(at, &ipv6.Header{Src: src.Addr(), Dst: dst.Addr(), Protocol: ip.TCP, Length: head + s.length})
	}
	segment.Put(at[size:], src.Port(), dst.Port(), &o)
	b = append(b, s.data...)
	if len(s.data) == s.length {
		tcp := b[ethernet.HeaderLen+size:]
		binary.BigEndian.PutUint16(tcp[16:], ip.Checksum(tcp, ip.PseudoHeader(src.Addr(), dst.Addr(), ip.TCP, len(tcp))))
	}
	return link.CapturePacket{Interface: m.on, Nanos: s.at, Data: b, Bytes: ethernet.HeaderLen + size + head + s.length, Out: s.out,
		Comments: append([]string{made}, s.comments...)}
}
