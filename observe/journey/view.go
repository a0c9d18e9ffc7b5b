package journey

import (
	"cmp"
	"slices"
	"time"

	"vitrine/trace"
)

// view is what is in a chunk at a moment. What it shows does not change, so that it can be read without a lock for as long
// as its chunk counts it among its readers.
type view struct {
	c     *chunk
	arena []byte
	from  int // the first record that is looked at
	n     int
	ways  []way
	conns []conn
	words []string

	oldest, youngest int64
}

func viewOf(c *chunk) view {
	return view{c: c, arena: c.arena, n: c.n, ways: c.ways, conns: c.conns, words: c.words, oldest: c.oldest, youngest: c.youngest}
}

// views are all chunks, the youngest first, with what the loops have recorded until now. They must be given back.
func (r *Recorder) views() []view {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collect(true)
	out := make([]view, 0, len(r.ring.last)+len(r.ring.kept)+2)
	for c := range r.ring.all {
		c.readers++
		out = append(out, viewOf(c))
	}
	return out
}

// giveBack ends the reading of views.
func (r *Recorder) giveBack(all []view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unread(all)
}

func (r *Recorder) unread(all []view) {
	for i := range all {
		all[i].c.readers--
	}
}

// bound is a matcher with what it says of the ways and the connections of one view.
type bound struct {
	*matcher
	ways, conns []bool // nil: all
}

// bind asks once for each way and connection what would otherwise be asked for each record.
func (m *matcher) bind(v *view, old bound) bound {
	b := bound{matcher: m}
	if len(m.Sites)+len(m.Reasons) > 0 {
		b.ways = emptied(old.ways, len(v.ways))
		for i := range v.ways {
			b.ways[i] = m.way(&v.ways[i])
		}
	}
	if len(m.Peers) > 0 || m.Connection != 0 {
		b.conns = emptied(old.conns, len(v.conns))
		for i := range v.conns {
			c := &v.conns[i]
			b.conns[i] = (m.Connection == 0 || c.id == m.Connection) && within(m.Peers, c.remote)
		}
	}
	return b
}

// match reports whether the record i of the view is one that is looked for.
func (b *bound) match(v *view, i int) bool {
	f := record(v.arena, i)
	if b.ways != nil && !b.ways[little.Uint32(f[atWay:])] || b.conns != nil && !b.conns[little.Uint32(f[atConn:])] {
		return false
	}
	flags := f[atFlags]
	if !b.times(int64(little.Uint64(f[atTook:])), flags&flagFailed != 0, flags&flagSlow != 0) || !b.status(little.Uint16(f[atStatus:])) {
		return false
	}
	if len(b.Methods)+len(b.hosts)+len(b.Paths)+len(b.Clients)+len(b.Users)+len(b.text) == 0 {
		return true
	}
	t := v.texts(f)
	return (len(b.Clients) == 0 || within(b.Clients, v.client(f, &t))) && (len(b.Users) == 0 || b.user(t.user)) && b.method(t.method) && b.host(t.host) && b.path(pathOf(t.target)) && (len(b.text) == 0 || b.textOf(v, f, &t))
}

// texts are the texts of a record.
type texts struct{ method, target, host, request, client, user, response []byte }

func (v *view) texts(f []byte) (t texts) {
	b := v.arena[little.Uint32(f[atText:]):]
	cut := func(n int) []byte {
		piece := b[:n:n]
		b = b[n:]
		return piece
	}
	t.method = cut(int(f[atMethodLen]))
	t.target = cut(int(little.Uint16(f[atTargetLen:])))
	t.host = cut(int(little.Uint16(f[atHostLen:])))
	t.request = cut(int(little.Uint16(f[atFieldsLen:])))
	t.client = cut(int(f[atClientLen]))
	t.user = cut(int(f[atUserLen]))
	from := little.Uint32(f[atResponse:])
	t.response = v.arena[from : from+uint32(little.Uint16(f[atRespLen:]))]
	return t
}

func (b *bound) textOf(v *view, f []byte, t *texts) bool {
	if holds(t.host, b.text) || holds(t.client, b.text) || holds(t.user, b.text) || holds(t.target, b.text) || b.textInFields(t.request) || b.textInFields(t.response) {
		return true
	}
	var memory [64]byte
	id := trace.ID(little.Uint64(f[atID:])).Append(memory[:0])
	return holds(id, b.text) || holds(plainAddress(v.conns[little.Uint32(f[atConn:])].remote).AppendTo(memory[:0]), b.text)
}

// textInFields looks through all fields at once, and only when something is there into each of them.
func (b *bound) textInFields(fields []byte) bool {
	if !holds(fields, b.text) {
		return false
	}
	for len(fields) > 0 {
		name, value, _, _, rest := nextField(fields)
		if holds(name, b.text) || holds(value, b.text) {
			return true
		}
		fields = rest
	}
	return false
}

// place is where a record stands in the list.
type place struct {
	start  int64
	serial uint32
	id     uint64
	view   *view
	i      int
}

func (v *view) place(i int) place {
	f := record(v.arena, i)
	return place{int64(little.Uint64(f[atStart:])), little.Uint32(f[atSerial:]), little.Uint64(f[atID:]), v, i}
}

func (p *place) compare(q *place) int {
	if p.start != q.start {
		return cmp.Compare(p.start, q.start)
	}
	if p.serial != q.serial {
		return cmp.Compare(p.serial, q.serial)
	}
	return cmp.Compare(p.id, q.id)
}

// journey is the record i, but for what other chunks know of its connection.
func (v *view) journey(i int) *Journey {
	f := record(v.arena, i)
	number := func(at int) int64 { return int64(little.Uint64(f[at:])) }
	t := v.texts(f)
	w, c := &v.ways[little.Uint32(f[atWay:])], &v.conns[little.Uint32(f[atConn:])]
	flags := f[atFlags]
	j := &Journey{ID: trace.ID(number(atID)), Serial: little.Uint32(f[atSerial:]),
		Start: time.Unix(0, number(atStart)), First: time.Duration(number(atFirst)), Took: time.Duration(number(atTook)),
		Site: w.site, Route: w.route, File: w.file, Log: w.log, Status: int(little.Uint16(f[atStatus:])),
		RequestAt: number(atRequestAt), ResponseAt: number(atResponseAt),
		Received: number(atReceived), Sent: number(atSent), Body: number(atBody),
		Decisions: w.told, Keep: flags&flagKeep != 0, Ending: w.ending, Failure: w.failure, Slow: flags&flagSlow != 0,
		refused: w.refused, failed: flags&flagFailed != 0,
		Client: v.client(f, &t), User: string(t.user),
		Connection: Connection{ID: c.id, Remote: c.remote, Local: c.local, Loop: int(c.loop)}}
	j.Began = j.Start.Add(-time.Duration(number(atHead)))
	j.Shared = j.Decisions != nil && j.Decisions.Of != j.ID
	if c.opened != 0 {
		j.Connection.Opened = time.Unix(0, c.opened)
	}
	if major := f[atMajor]; major != 0 {
		j.Protocol = "HTTP/" + string('0'+major%10) + "." + string('0'+f[atMinor]%10)
		if major == 1 && f[atMinor] == 1 {
			j.Protocol = "HTTP/1.1"
		}
	}
	j.Scheme = schemes[f[atScheme]]
	j.Method, j.Target, j.Authority = methodName(t.method), string(t.target), string(t.host)
	j.Request.Fields, j.Request.Cut = fieldsOf(t.request), flags&flagRequestCut != 0
	j.Response.Fields, j.Response.Cut = fieldsOf(t.response), flags&flagResponseCut != 0
	n := 0
	for n < len(w.why) && w.why[n] != nil {
		n++
	}
	if n > 0 {
		j.Reasons, j.Positions = slices.Clone(w.why[:n]), slices.Clone(w.lines[:n])
	}
	return j
}

func methodName(b []byte) string {
	if string(b) == "GET" {
		return "GET"
	}
	return string(b)
}

// fieldsOf reads fields; their texts share one piece of memory.
func fieldsOf(b []byte) []Field {
	n := 0
	for rest := b; len(rest) > 0; n++ {
		_, _, _, _, rest = nextField(rest)
	}
	if n == 0 {
		return nil
	}
	all, memory := make([]Field, 0, n), string(b)
	for at := 0; at < len(b); {
		name, value, secret, hidden, rest := nextField(b[at:])
		from := at + fieldHead
		field := Field{Name: memory[from : from+len(name)], Secret: secret}
		if secret {
			field.Hidden = hidden
		} else {
			from += len(name)
			field.Value = memory[from : from+len(value)]
		}
		all = append(all, field)
		at = len(b) - len(rest)
	}
	return all
}
