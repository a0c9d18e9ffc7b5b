package tcp

import (
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
