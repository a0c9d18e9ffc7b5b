package explain

import (
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/message"
)

var (
	peerClosed = reason("connection.peer-closed", trace.Info, "the client closed the connection", "")
	idle       = reason("connection.idle", trace.Info, "no request came for as long as the configuration lets a connection be idle", "")
	clientGone = reason("exchange.client-gone", trace.Failed, "the client went away before it had the whole response", "")
)

// recordings are stories of requests that really happened.
func recordings() map[string]func() *Story {
	return map[string]func() *Story{
		// On the kernel's sockets, the first request of its connection, which is still open.
		"recorded": func() *Story {
			s := stories["served"]()
			for i := range s.Events {
				s.Events[i].At = time.Duration(i+1) * 12300
			}
			s.Recorded = recording()
			s.hide()
			return s
		},
		// On the own stack, answered from memory, a later request of a connection that has ended.
		"remembered": func() *Story {
			s := recordings()["recorded"]()
			r := s.Recorded
			r.Shared = 0x1f2e3d4c5b6a7980
			r.Connection.Serial, r.Connection.Network, r.Connection.Loop = 7, "tap:tap0", 1
			r.Connection.Ended, r.Connection.Why = r.Start.Add(75*time.Second), idle
			r.Connection.Snapshots = r.Connection.Snapshots[:1]
			r.Frames = Frames{Count: 12, More: 3, LeftOut: 40}
			return s
		},
		// Slow, and the client did not wait for its end; nothing was recorded of the decisions.
		"cut": func() *Story {
			s := stories["served"]()
			s.Events, s.KeepReason = nil, nil
			s.Recorded = recording()
			s.hide()
			r := s.Recorded
			r.Took, r.Slow, r.Failure = 3*time.Second+5*time.Millisecond, true, clientGone
			r.NoEvents = "the request was not chosen to be recorded, and was kept since it failed"
			r.Connection.Ended, r.Connection.Why = r.Start.Add(3*time.Second), peerClosed
			r.Frames.None = "the server is on the kernel's sockets, whose frames it does not see"
			return s
		},
	}
}

// hide leaves the story what a recorder keeps: no secret, but for the one that it was told to show.
func (s *Story) hide() {
	for _, all := range [][]Field{s.Request.Fields, s.Fields} {
		for i := range all {
			if f := &all[i]; message.Secret(f.Name) {
				f.Hidden, f.Value, f.Secret = len(f.Value), "", true
			}
		}
	}
	for i := range s.Events {
		s.Events[i].Details = s.Events[i].Public(message.Secret)
	}
	s.Request.Fields = append(s.Request.Fields, Field{Name: "Cookie", Value: "shown=by-a-rule"}, Field{Name: "X-Api-Key", Secret: true, Hidden: 32})
}

func recording() *Recorded {
	start := time.Date(2026, 11, 22, 4, 13, 22, 123456000, time.UTC)
	return &Recorded{
		Start: start, Took: 240 * time.Microsecond, Received: 118, Sent: 5372,
		Parts: []Part{
			{"waiting for the first byte", "", -1100 * time.Microsecond, -100 * time.Microsecond},
			{"receiving the head", "", -100 * time.Microsecond, 0},
			{"deciding", "mostly waiting for the script (cgi.answered): 39µs", 0, 40 * time.Microsecond},
			{"sending", "", 40 * time.Microsecond, 240 * time.Microsecond},
		},
		Connection: Connection{ID: 17, Serial: 1, Opened: start.Add(-1200 * time.Microsecond), Snapshots: []Snapshot{
			{-1200 * time.Microsecond, socket.Info{State: "ESTABLISHED", MSS: 1448, Congestion: "cubic", Window: 14480, RTO: 204 * time.Millisecond}},
			{250 * time.Microsecond, socket.Info{State: "ESTABLISHED", RTT: 312 * time.Microsecond, RTTVar: 101 * time.Microsecond, MinRTT: 120 * time.Microsecond,
				RTO: 204 * time.Millisecond, Congestion: "cubic", Phase: "recovery", Window: 14480, Threshold: 10136, SendWindow: 65536, MSS: 1448, InFlight: 5372,
				SegmentsIn: 3, SegmentsOut: 6, Retransmits: 2, Retransmitted: 2896, Lost: 1, Received: 118}},
		}},
	}
}

func init() {
	for name, s := range recordings() {
		stories[name] = s
	}
}
