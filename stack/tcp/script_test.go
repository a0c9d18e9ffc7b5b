package tcp

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Transcripts in packetdrill's notation run on one machine under explicit time. A line is a moment and an event:
//
//	+0 < S 0:0(0) win 32792 <mss 1000,sackOK,wscale 7>    a segment comes
//	+0 > S. 0:0(0) ack 1 <...>                            a segment leaves, exactly then
//	+.1 write(4, ..., 1000) = 1000                        the application calls
//	+0 %{ state == ESTABLISHED; cwnd == 10 }%             something holds
//	--option=value                                        the Host's configuration, before everything else
//
// Times are relative (+) or absolute seconds. Sequence numbers are relative to each end's first; both real ones lie just
// before 2³², so that every transcript wraps. Options of outgoing segments are compared when the line has <…>; SACK
// blocks always. Lines that follow each other with +0 are one batch: the machine is asked what it sends when the batch is
// over. Whatever leaves without a line is a failure.
const (
	scriptISS = segment.Number(0xfffffd00)
	scriptIRS = segment.Number(0xfffffe00)
	scriptT0  = int64(1e15)
)

type script struct {
	t      *testing.T
	h      *Host
	c      *Conn
	tw     *TimeWait
	cookie bool
	cfg    Config
	path   Path
	now    int64
	sent   []sentSegment
	dirty  bool // input since the machine was last asked
	events Event
	last   *trace.Reason // of the last call or segment
	seen   map[string]bool
	log    strings.Builder
}

type sentSegment struct {
	at  int64
	out segment.Out
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.pkt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".pkt"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			runScript(t, string(b))
		})
	}
}

func runScript(t *testing.T, text string) {
	start := scriptT0
	s := &script{t: t, cfg: Default(), path: Path{MSS: 1460, TimestampOffset: -uint32(start / 1e6)}, now: scriptT0, seen: map[string]bool{}}
	s.cfg.AutoTune = false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(strings.SplitN(line, "//", 2)[0])
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.line(line); err != nil {
			t.Fatalf("line %d: %s\n%v\n\nwhat happened:\n%s", i+1, line, err, s.log.String())
		}
	}
	s.pull()
	if len(s.sent) > 0 {
		t.Fatalf("at the end these segments were sent without a line:%s\n\nwhat happened:\n%s", s.unexpected(), s.log.String())
	}
}

func (s *script) host() {
	if s.h != nil {
		return
	}
	s.h = NewHost(s.cfg, [32]byte{1})
	s.h.Changed = func(c *Conn, from, to State, why *trace.Reason) {
		fmt.Fprintf(&s.log, "%s     %v -> %v (%s)\n", s.clock(s.now), from, to, why)
		if c.state != to || c.why != why {
			s.t.Errorf("the hook saw %v, the connection is %v", to, c.state)
		}
	}
}

func (s *script) clock(at int64) string { return fmt.Sprintf("%10.6f", float64(at-scriptT0)/1e9) }

var reLine = regexp.MustCompile(`^(\+?[0-9]*\.?[0-9]*)\s+(.*)$`)

func (s *script) line(line string) error {
	if strings.HasPrefix(line, "--") {
		return s.option(line[2:])
	}
	m := reLine.FindStringSubmatch(line)
	if m == nil {
		return fmt.Errorf("this is no line of a transcript")
	}
	s.host()
	at := s.now
	if d, err := strconv.ParseFloat(strings.TrimPrefix(m[1], "+"), 64); err != nil {
		return err
	} else if m[1][0] == '+' {
		at += int64(math.Round(d * 1e9))
	} else {
		at = scriptT0 + int64(math.Round(d*1e9))
	}
	body := m[2]
	if err := s.advance(at, body[0] == '>'); err != nil {
		return err
	}
	switch {
	case body[0] == '>':
		return s.expect(strings.TrimSpace(body[1:]))
	case strings.HasPrefix(body, "%{"):
		s.pull()
		return s.check(strings.TrimSuffix(strings.TrimPrefix(body, "%{"), "}%"))
	}
	if len(s.sent) > 0 {
		return fmt.Errorf("before it these segments were sent without a line:%s", s.unexpected())
	}
	fmt.Fprintf(&s.log, "%s %s\n", s.clock(s.now), body)
	s.dirty = true
	if body[0] == '<' {
		return s.input(strings.TrimSpace(body[1:]))
	}
	return s.call(body)
}

func (s *script) option(o string) error {
	k, v, _ := strings.Cut(o, "=")
	n, err := strconv.ParseFloat(v, 64)
	on := v == "on" || v == "1"
	if err != nil && v != "on" && v != "off" && v != "reno" && v != "cubic" {
		return fmt.Errorf("value %q", v)
	}
	switch k {
	case "timestamps":
		s.cfg.Timestamps = on
	case "sack":
		s.cfg.SACK = on
	case "wscale":
		s.cfg.WindowScale = on
	case "autotune":
		s.cfg.AutoTune = on
	case "nodelay":
		s.cfg.NoDelay = on
	case "rcvbuf":
		s.cfg.ReceiveWindow = int(n)
	case "rcvbufmax":
		s.cfg.ReceiveWindowMax = int(n)
	case "sndbuf":
		s.cfg.SendBuffer, s.cfg.SendBufferMax = int(n), int(n)
	case "memory":
		s.cfg.ReceiveMemory = int(n)
	case "pieces":
		s.cfg.OutOfOrderPieces = int(n)
	case "ooobytes":
		s.cfg.OutOfOrderBytes = int(n)
	case "quickacks":
		s.cfg.QuickACKs = int(n)
	case "challenges":
		s.cfg.ChallengeACKs = int(n)
	case "mss":
		s.path.MSS = int(n)
	case "super":
		s.path.Super = int(n)
	case "iw":
		s.cfg.Recovery.InitialWindow = int(n)
	case "retries":
		s.cfg.Retries = int(n)
	case "orphanretries":
		s.cfg.OrphanRetries = int(n)
	case "synretries":
		s.cfg.SynRetries = int(n)
	case "synackretries":
		s.cfg.SynAckRetries = int(n)
	case "orphanstall":
		s.cfg.OrphanStall = int64(n * 1e9)
	case "usertimeout":
		s.cfg.UserTimeout = int64(n * 1e9)
	case "keepalive": // seconds of quiet before the first probe
		s.cfg.KeepAliveIdle = int64(n * 1e9)
	case "congestion":
		s.cfg.Recovery.Congestion = v
	default:
		return fmt.Errorf("unknown option %q", k)
	}
	return nil
}

// pull asks the machine what it sends now.
func (s *script) pull() {
	if s.c == nil || s.tw != nil {
		return
	}
	var out segment.Out
	for s.c.Next(s.now, &out) {
		s.sent = append(s.sent, sentSegment{s.now, out})
		fmt.Fprintf(&s.log, "%s > %s\n", s.clock(s.now), format(&out))
		if len(s.sent) > 1000 {
			s.t.Fatalf("the machine sends without end\n%s", s.log.String()[:4000])
		}
	}
	if s.c.Pending() {
		s.t.Fatal("Pending after Next returned false")
	}
	s.events |= s.c.Events()
	s.dirty = false
}

// advance lets time pass. outgoing: the next line is about a segment that leaves, so the present batch is over.
func (s *script) advance(to int64, outgoing bool) error {
	if to > s.now || outgoing {
		s.pull()
	}
	for s.c != nil && s.tw == nil {
		d := s.c.Deadline()
		if d == 0 || d > to {
			break
		}
		s.now = max(s.now, d)
		if why := s.c.Advance(s.now); why != nil {
			s.last = why
			s.seen[why.ID] = true
			fmt.Fprintf(&s.log, "%s timer: %s\n", s.clock(s.now), why)
		}
		s.pull()
		if s.c.Deadline() == d {
			return fmt.Errorf("the timer at %s stays due", s.clock(d))
		}
	}
	s.now = max(s.now, to)
	return nil
}

func (s *script) unexpected() string {
	var b strings.Builder
	for _, o := range s.sent {
		fmt.Fprintf(&b, "\n%s > %s", s.clock(o.at), format(&o.out))
	}
	return b.String()
}

// format writes a segment as transcripts do.
func format(o *segment.Out) string {
	var b strings.Builder
	seq := uint32(o.Seq - scriptISS)
	fmt.Fprintf(&b, "%v %d:%d(%d)", o.Flags, seq, seq+uint32(o.Length), o.Length)
	if o.Flags.Has(segment.ACK) {
		fmt.Fprintf(&b, " ack %d", uint32(o.Ack-scriptIRS))
	}
	fmt.Fprintf(&b, " win %d <%s>", o.Window, strings.Join(formatOptions(o), ","))
	if o.SegmentSize > 0 {
		fmt.Fprintf(&b, " pieces %d", o.SegmentSize)
	}
	return b.String()
}

func formatOptions(o *segment.Out) (opts []string) {
	if o.Flags.Has(segment.SYN) {
		if o.MSS != 0 {
			opts = append(opts, fmt.Sprintf("mss %d", o.MSS))
		}
		if o.SACKPermitted {
			opts = append(opts, "sackOK")
		}
		if o.Scale >= 0 {
			opts = append(opts, fmt.Sprintf("wscale %d", o.Scale))
		}
	}
	if o.Timestamps {
		opts = append(opts, fmt.Sprintf("TS val %d ecr %d", o.TSVal, o.TSEcr))
	}
	if o.NSACK > 0 {
		opts = append(opts, formatBlocks(o.SACK[:o.NSACK]))
	}
	return opts
}

func formatBlocks(blocks []segment.Range) string {
	var b strings.Builder
	b.WriteString("sack")
	for _, r := range blocks {
		fmt.Fprintf(&b, " %d:%d", uint32(r.Start-scriptIRS), uint32(r.End-scriptIRS))
	}
	return b.String()
}

var reSegment = regexp.MustCompile(`^([FSRPUEW.\-]+)\s+(\d+):(\d+)\((\d+)\)(?:\s+ack\s+(\d+))?(?:\s+win\s+(\d+))?(?:\s+<([^>]*)>)?(?:\s+pieces\s+(\d+))?$`)

// expect compares the first segment that was sent with a line.
func (s *script) expect(text string) error {
	s.pull()
	m := reSegment.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("this is no segment")
	}
	if len(s.sent) == 0 {
		return fmt.Errorf("nothing was sent")
	}
	first := s.sent[0]
	s.sent = s.sent[1:]
	got := format(&first.out)
	if d := s.now - first.at; d > 1e6 {
		return fmt.Errorf("was sent earlier, at %s", s.clock(first.at))
	}
	g := reSegment.FindStringSubmatch(got)
	for i, name := range []string{"", "flags", "start", "end", "length", "ack", "window", "options", "pieces"} {
		switch {
		case i == 0 || m[i] == g[i]:
			continue
		case i == 6 && m[i] == "":
			continue
		case i == 7 && !strings.Contains(text, "<"):
			if first.out.NSACK == 0 {
				continue
			}
		case i == 7 && sameOptions(m[7], g[7]):
			continue
		}
		return fmt.Errorf("sent was     %s (%s)", got, name)
	}
	return nil
}

// sameOptions compares option lists; no-operations do not matter, and neither does the order. A trailing … stands for
// any others.
func sameOptions(want, got string) bool {
	split := func(list string) map[string]bool {
		set := map[string]bool{}
		for _, o := range strings.Split(list, ",") {
			if o = strings.TrimSpace(o); o != "" && o != "nop" && o != "eol" {
				set[o] = true
			}
		}
		return set
	}
	w, g := split(want), split(got)
	if w["..."] {
		delete(w, "...")
	} else if len(w) != len(g) {
		return false
	}
	for o := range w {
		if !g[o] {
			return false
		}
	}
	return true
}

// byteAt is the peer's data: every position has its byte, so that whatever is read can be checked.
func byteAt(position uint64) byte { return byte(position*7 + position>>8) }

// input lets a segment come.
func (s *script) input(text string) error {
	m := reSegment.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("this is no segment")
	}
	num := func(i int) uint64 {
		n, _ := strconv.ParseUint(m[i], 10, 64)
		return n
	}
	in := segment.Segment{Scale: -1, Window: uint16(num(6))}
	for _, f := range m[1] {
		in.Flags |= map[rune]segment.Flags{'F': segment.FIN, 'S': segment.SYN, 'R': segment.RST, 'P': segment.PSH, '.': segment.ACK, 'U': segment.URG}[f]
	}
	start, end, length := num(2), num(3), int(num(4))
	if end-start != uint64(length) {
		return fmt.Errorf("the length contradicts the numbers")
	}
	in.Seq = scriptIRS + segment.Number(uint32(start))
	if m[5] != "" {
		in.Ack = scriptISS + segment.Number(uint32(num(5)))
	}
	in.Payload = make([]byte, length)
	for i := range in.Payload {
		in.Payload[i] = byteAt(start - 1 + uint64(i))
	}
	for _, o := range strings.Split(m[7], ",") {
		f := strings.Fields(o)
		if len(f) == 0 {
			continue
		}
		arg := func(i int) uint32 {
			n, _ := strconv.ParseUint(f[i], 10, 32)
			return uint32(n)
		}
		switch f[0] {
		case "mss":
			in.MSS = uint16(arg(1))
		case "wscale":
			in.Scale = int8(arg(1))
		case "sackOK":
			in.SACKPermitted = true
		case "TS":
			in.Timestamps, in.TSVal, in.TSEcr = true, arg(2), arg(4)
		case "sack":
			for _, r := range f[1:] {
				a, b, _ := strings.Cut(r, ":")
				x, _ := strconv.ParseUint(a, 10, 32)
				y, _ := strconv.ParseUint(b, 10, 32)
				in.SACK[in.NSACK] = segment.Range{Start: scriptISS + segment.Number(x), End: scriptISS + segment.Number(y)}
				in.NSACK++
			}
		case "nop", "eol":
		default:
			return fmt.Errorf("unknown option %q", f[0])
		}
	}
	s.note(s.deliver(&in))
	return nil
}

// deliver gives a segment to whatever is there: a listener, the machine, or a TIME_WAIT record.
func (s *script) deliver(in *segment.Segment) *trace.Reason {
	peer, us := netip.MustParseAddrPort("198.18.0.1:1025"), netip.MustParseAddrPort("198.18.0.2:80")
	if s.tw != nil {
		verdict, why := s.tw.Receive(s.now, in)
		fmt.Fprintf(&s.log, "%s     verdict %d\n", s.clock(s.now), verdict)
		s.seen[[]string{"dropped", "answered", "reopened", "forgotten"}[verdict]] = true
		if verdict == Answer {
			var out segment.Out
			s.tw.Answer(s.now, &out)
			s.sent = append(s.sent, sentSegment{s.now, out})
		}
		return why
	}
	if s.c != nil {
		return s.c.Receive(s.now, in)
	}
	if s.cookie {
		if in.Flags.Has(segment.SYN) {
			var out segment.Out
			s.path.TimestampOffset = s.h.TimestampOffset(us, peer)
			s.h.MakeCookie(s.now, us, peer, in, s.path, &out)
			s.t.Logf("cookie %#x", out.Seq)
			s.sent = append(s.sent, sentSegment{s.now, out})
		}
		return nil
	}
	if in.Flags != segment.SYN {
		var out segment.Out
		if Reject(in, &out) {
			s.sent = append(s.sent, sentSegment{s.now, out})
		}
		return nil
	}
	s.c = new(Conn)
	s.c.Accept(s.h, s.now, scriptISS, in, s.path)
	return nil
}

func (s *script) note(why *trace.Reason) {
	s.last = why
	if why != nil {
		s.seen[why.ID] = true
		fmt.Fprintf(&s.log, "%s     %s\n", s.clock(s.now), why)
	}
}

var reCall = regexp.MustCompile(`^(\w+)\((.*)\)(?:\s*=\s*(-?\d+))?$`)

// call is what the application does, in packetdrill's words where it has them.
func (s *script) call(text string) error {
	m := reCall.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("this is no call")
	}
	var args []string
	for _, a := range strings.Split(m[2], ",") {
		args = append(args, strings.Trim(strings.TrimSpace(a), "[]"))
	}
	arg := func(i int) int {
		n, _ := strconv.Atoi(args[i])
		return n
	}
	want := func(got int) error {
		if m[3] != "" && m[3] != strconv.Itoa(got) {
			return fmt.Errorf("returned %d", got)
		}
		return nil
	}
	switch m[1] {
	case "listen", "accept":
		return nil
	case "connect":
		s.c = new(Conn)
		s.c.Connect(s.h, s.now, scriptISS, s.path)
	case "write": // write(fd, ..., n) or write(fd, ..., n, MSG_MORE)
		n := min(arg(2), s.c.Room())
		s.c.Wrote(s.now, n, len(args) > 3)
		return want(n)
	case "read":
		p := make([]byte, arg(2))
		from := s.c.taken - uint64(s.c.Readable())
		n := s.c.Read(s.now, p)
		for i, b := range p[:n] {
			if b != byteAt(from+uint64(i)) {
				return fmt.Errorf("byte %d is wrong", i)
			}
		}
		return want(n)
	case "shutdown":
		s.c.CloseWrite(s.now)
	case "close":
		s.note(s.c.Close(s.now))
	case "abort":
		s.note(s.c.Abort(s.now))
	case "setsockopt":
		switch on := arg(3) != 0; args[2] {
		case "TCP_NODELAY":
			s.c.SetNoDelay(on)
		case "TCP_CORK":
			s.c.SetCork(s.now, on)
		case "SO_KEEPALIVE":
			s.c.SetKeepAlive(s.now, on, 0, 0, 0)
		case "TCP_KEEPIDLE": // with an interval of one second and three probes
			s.c.SetKeepAlive(s.now, true, int64(arg(3))*1e9, 1e9, 3)
		case "TCP_USER_TIMEOUT":
			s.c.SetUserTimeout(int64(arg(3)) * 1e6)
		default:
			return fmt.Errorf("unknown option %s", args[2])
		}
	case "pmtu": // the size of segments without options
		s.note(s.c.SetPathMTU(s.now, arg(0)))
	case "icmp":
		s.note(s.c.Unreachable(s.now, args[0] == "hard", nil))
	case "timewait":
		s.pull()
		tw := s.c.TimeWait(s.now)
		s.tw = &tw
		s.c.Release()
	case "cookies":
		s.cookie = true
	case "pull":
		s.pull()
	default:
		return fmt.Errorf("unknown call")
	}
	return nil
}

// check evaluates "name op value; …".
func (s *script) check(text string) error {
	for _, part := range strings.Split(text, ";") {
		f := strings.Fields(part)
		if len(f) == 0 {
			continue
		}
		if len(f) == 2 && (f[0] == "reached" || f[0] == "not-reached") {
			if s.seen[f[1]] != (f[0] == "reached") {
				return fmt.Errorf("%s: %v", part, s.seen)
			}
			continue
		}
		if len(f) < 3 {
			return fmt.Errorf("%q is no condition", part)
		}
		got, err := s.value(f[0])
		if err != nil {
			return err
		}
		want := strings.Join(f[2:], " ")
		g, gerr := strconv.ParseFloat(got, 64)
		w, werr := strconv.ParseFloat(want, 64)
		ok := false
		switch {
		case f[1] == "==":
			ok = got == want
		case f[1] == "!=":
			ok = got != want
		case gerr != nil || werr != nil:
		case f[1] == ">=":
			ok = g >= w
		case f[1] == "<=":
			ok = g <= w
		case f[1] == ">":
			ok = g > w
		case f[1] == "<":
			ok = g < w
		}
		if !ok {
			return fmt.Errorf("%s is %s", f[0], got)
		}
	}
	return nil
}

func (s *script) value(name string) (string, error) {
	if name == "reason" {
		return s.last.String(), nil
	}
	if name == "memory" {
		return strconv.Itoa(s.h.MemoryUsed()), nil
	}
	if s.c == nil {
		return "none", nil
	}
	i := s.c.Info(s.now)
	has := func(e Event) string {
		if s.events&e != 0 {
			s.events &^= e
			return "yes"
		}
		return "no"
	}
	switch name {
	case "state":
		return i.State.String(), nil
	case "why":
		return i.Why, nil
	case "soft":
		return cmp.Or(i.Soft, "-"), nil
	case "waiting":
		return i.Waiting, nil
	case "timer":
		return cmp.Or(i.Timer, "-"), nil
	case "timerin":
		return fmt.Sprint(float64(i.TimerIn) / 1e9), nil
	case "cwnd":
		return strconv.Itoa(i.Sender.Window / i.MSS), nil
	case "unread":
		return strconv.Itoa(i.ReceiveNext), nil
	case "unsent":
		return strconv.Itoa(i.Unsent), nil
	case "queued":
		return strconv.Itoa(i.SendQueue), nil
	case "pieces":
		return strconv.Itoa(i.Pieces), nil
	case "window":
		return strconv.Itoa(i.Window), nil
	case "peerwindow":
		return strconv.Itoa(i.SendWindow), nil
	case "buffer":
		return strconv.Itoa(i.Buffer), nil
	case "mss":
		return strconv.Itoa(i.MSS), nil
	case "probes":
		return strconv.Itoa(i.Probes), nil
	case "pureacks":
		return strconv.Itoa(int(i.PureACKs)), nil
	case "backoff":
		return strconv.Itoa(i.Sender.Backoff), nil
	case "orphan":
		return fmt.Sprint(i.Orphan), nil
	case "room":
		return strconv.Itoa(s.c.Room()), nil
	case "peerclosed":
		return fmt.Sprint(s.c.PeerClosed()), nil
	case "connected":
		return has(EventConnected), nil
	case "readable":
		return has(EventReadable), nil
	case "writable":
		return has(EventWritable), nil
	case "reset":
		return has(EventReset), nil
	case "closed":
		return has(EventClosed), nil
	}
	return "", fmt.Errorf("unknown name %q", name)
}
