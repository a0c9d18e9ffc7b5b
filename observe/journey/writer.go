package journey

import (
	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// writer puts records into one chunk after the other. It remembers what of the chunk the next record is likely to share.
// Whoever has the lock of its shard uses it.
type writer struct {
	c    *chunk
	most int    // bytes that a chunk may hold beside its arena
	age  uint32 // of the chunk: what was remembered of another one does not count

	ways  [128]wayKnown
	conns [256]connKnown
	heads [64]headKnown
	info  socket.Info
}

type wayKnown struct{ age, index uint32 }

type connKnown struct {
	id         uint64
	age, index uint32
	asked      int64 // when the transport was asked last, for whichever chunk
}

type headKnown struct {
	fields *message.Header
	age    uint32
	at     uint32
	length uint16
	cut    bool
}

// begin goes on with another chunk; nil: there is none.
func (w *writer) begin(c *chunk) {
	w.c = c
	w.age++
}

// entry is what is told of one exchange that has ended.
type entry struct {
	x            *exchange.Exchange
	fields       *message.Header // the response's; nil: none are known
	lasting      bool            // nobody ever changes them, for they are a block's
	failed, slow bool
	user         string
	way          way
}

const (
	longestMethod = 255
	longestHost   = 512
	longestUser   = 255
	longestClient = 64 // an address with its port, without a zone
)

// put adds a record. It returns false when the chunk has no room for it.
func (w *writer) put(p *policy, e *entry) bool {
	x, c, r := e.x, w.c, e.x.Request
	arena := r.Arena()
	method, target, host := r.MethodBytes(), r.RawTarget(), r.Authority.Of(arena)
	method, host = method[:min(len(method), longestMethod)], host[:min(len(host), longestHost)]
	flags := byte(0)
	if len(target) > p.HeadBytes {
		target, flags = target[:p.HeadBytes], flagRequestCut
	}
	var head *headKnown
	user := e.user[:min(len(e.user), longestUser)]
	need := longestClient + len(user) + len(method) + len(target) + len(host) + min(len(arena)+4*r.Fields.Len(), p.HeadBytes)
	if e.fields != nil {
		head = &w.heads[headSlot(e.fields, x.Outcome.Status)]
		if head.age != w.age || head.fields != e.fields || !e.lasting {
			head = nil
			need += min(headerSize(e.fields), p.HeadBytes)
		}
	}
	if !c.room(need) || !w.fits(&e.way) {
		return false
	}

	at := uint32(c.text)
	b := append(append(append(c.arena[:c.text], method...), target...), host...)
	message.HideUser(b[int(at)+len(method):int(at)+len(method)+len(target)], r.RawTarget())
	message.HideUser(b[len(b)-len(host):], host) // a Host field that was refused for it
	from := len(b)
	b, cut := appendFields(b, p, &r.Fields)
	if cut {
		flags |= flagRequestCut
	}
	fieldsLen := len(b) - from
	from = len(b)
	switch {
	case !x.Client.IsValid():
		flags |= flagClientHidden
	case x.Client != x.Peer.Remote:
		b = appendClient(b, x.Client)
	}
	clientLen := len(b) - from
	b = append(b, user...)
	respAt, respLen := uint32(0), uint16(0)
	switch {
	case head != nil:
		respAt, respLen, cut = head.at, head.length, head.cut
	case e.fields != nil:
		respAt = uint32(len(b))
		b, cut = appendHeader(b, p, e.fields)
		respLen = uint16(len(b) - int(respAt))
		if e.lasting {
			w.heads[headSlot(e.fields, x.Outcome.Status)] = headKnown{e.fields, w.age, respAt, respLen, cut}
		}
	default:
		cut = false
	}
	if cut {
		flags |= flagResponseCut
	}
	c.text = len(b)

	o := &x.Outcome
	if o.Keep {
		flags |= flagKeep
	}
	if e.failed {
		flags |= flagFailed
	}
	if e.slow {
		flags |= flagSlow
	}
	f := record(c.arena, c.n)
	little.PutUint64(f[atID:], uint64(x.Journey))
	little.PutUint64(f[atStart:], uint64(x.Start))
	little.PutUint64(f[atTook:], uint64(o.Elapsed))
	little.PutUint64(f[atFirst:], uint64(o.First))
	little.PutUint64(f[atHead:], uint64(o.Head))
	little.PutUint64(f[atReceived:], uint64(o.Received))
	little.PutUint64(f[atSent:], uint64(o.Sent))
	little.PutUint64(f[atBody:], uint64(o.Body))
	little.PutUint64(f[atRequestAt:], uint64(o.RequestAt))
	little.PutUint64(f[atResponseAt:], uint64(o.ResponseAt))
	little.PutUint32(f[atSerial:], x.Serial)
	little.PutUint32(f[atConn:], w.conn(x.Peer))
	little.PutUint32(f[atWay:], w.way(&e.way, x.Journey, o.Status))
	little.PutUint32(f[atText:], at)
	little.PutUint32(f[atResponse:], respAt)
	little.PutUint16(f[atFieldsLen:], uint16(fieldsLen))
	little.PutUint16(f[atRespLen:], respLen)
	little.PutUint16(f[atTargetLen:], uint16(len(target)))
	little.PutUint16(f[atHostLen:], uint16(len(host)))
	little.PutUint16(f[atStatus:], uint16(o.Status))
	f[atMethodLen], f[atFlags], f[atMajor], f[atMinor], f[atScheme] = byte(len(method)), flags, r.Major, r.Minor, schemeNumber(r.Scheme)
	f[atClientLen], f[atUserLen] = byte(clientLen), byte(len(user))
	c.count(x.Start, e.failed || e.slow)
	return true
}

// count notes a record that was written.
func (c *chunk) count(start int64, marked bool) {
	if c.n == 0 || start < c.oldest {
		c.oldest = start
	}
	if c.n == 0 || start > c.youngest {
		c.youngest = start
	}
	if marked {
		c.marked++
	}
	c.n++
}

// fits reports whether the tables beside the arena can take a way and a connection. An empty chunk can always.
func (w *writer) fits(v *way) bool {
	c := w.c
	more := v.bytes() + grows(len(c.ways), cap(c.ways), waySize) + grows(len(c.conns), cap(c.conns), connSize)
	if c.words == nil {
		more += mostWords * wordSize
	}
	return c.beside()+more <= w.most
}

// bytes is what a way holds beside the table.
func (v *way) bytes() int {
	n := len(v.file)
	if v.told != nil {
		n += v.told.Size
	}
	return n
}

// way is the number of a way in the chunk.
func (w *writer) way(v *way, id trace.ID, status int) uint32 {
	c := w.c
	known := (*wayKnown)(nil)
	if v.told == nil || v.told.Of != id { // nobody else has decisions that are its own
		slot := uint32(status)*31 + uint32(len(v.route))
		for i := max(0, len(v.file)-12); i < len(v.file); i++ {
			slot = slot*33 + uint32(v.file[i])
		}
		known = &w.ways[(slot^slot>>7)%uint32(len(w.ways))]
		if known.age == w.age && c.ways[known.index] == *v {
			return known.index
		}
	}
	c.ways = append(grown(c.ways), *v)
	c.told += v.bytes()
	index := uint32(len(c.ways) - 1)
	if known != nil {
		*known = wayKnown{w.age, index}
	}
	return index
}

// conn is the number of a connection in the chunk.
func (w *writer) conn(p *exchange.Peer) uint32 {
	known := &w.conns[p.Connection%uint64(len(w.conns))]
	if known.id == p.Connection && known.age == w.age {
		return known.index
	}
	if known.id != p.Connection {
		known.asked = 0
	}
	c := w.c
	c.conns = append(grown(c.conns), conn{id: p.Connection, remote: p.Remote, local: p.Local, opened: p.Opened, loop: uint32(p.Loop)})
	known.id, known.age, known.index = p.Connection, w.age, uint32(len(c.conns)-1)
	return known.index
}

// between is the shortest time between two questions to one connection's transport.
const between = 10e6

// ask notes what the transport knows of a connection, if it was not asked shortly before, or must be, and if there is room.
func (w *writer) ask(p *exchange.Peer, now int64, must bool) {
	if p.Transport == nil || !w.c.room(largestSnapshot) {
		return
	}
	index := w.conn(p)
	known := &w.conns[p.Connection%uint64(len(w.conns))]
	if !must && known.asked != 0 && now-known.asked < between {
		return
	}
	known.asked = now
	w.info = socket.Info{}
	if p.Transport.Info(&w.info) {
		c := &w.c.conns[index]
		c.snapshot = w.c.appendSnapshot(now, &w.info, c.snapshot)
	}
}

func schemeNumber(s string) byte {
	switch s {
	case "http":
		return 1
	case "https":
		return 2
	}
	return 0
}

var schemes = [...]string{"", "http", "https"}

// headSlot is where the head of a response is remembered.
func headSlot(h *message.Header, status int) int {
	n := status + h.Len()*7
	for i := range h.Len() {
		if id := h.IDAt(i); id == message.ETag || id == message.ContentLength || id == message.LastModified {
			if _, value := h.At(i); len(value) > 2 {
				n = n*31 + int(value[len(value)-1]) + int(value[len(value)/2])<<3 + len(value)
			}
		}
	}
	return int(uint(n) % 64)
}
