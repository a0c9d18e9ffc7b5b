package tcp

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// What transcripts can do and ask.

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
