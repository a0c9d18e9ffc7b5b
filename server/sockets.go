package server

import (
	"net/netip"
	"strings"
	"time"

	"vitrine/server/control"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/trace"
)

// row is a socket as other commands are told of it.
func row(s *stack.SocketInfo) control.Socket {
	out := control.Socket{
		Protocol: s.Protocol, State: plainState(s.State), Shard: s.Shard,
		Local: address(s.Local), Remote: address(s.Remote),
		RecvQueue: s.RecvQueue, SendQueue: s.SendQueue, Files: s.Files,
		Timer: s.Timer, TimerIn: s.TimerIn.Seconds(), Age: s.Age.Seconds(),
		HalfOpen: s.HalfOpen, Orphan: s.Orphan, Stalled: s.Stalled, Reason: reasonOf(s.Reason),
	}
	if s.NextHop.IsValid() {
		out.NextHop = s.NextHop.String()
		if s.NextHopMAC != [6]byte{} {
			out.NextHopMAC = link.MAC(s.NextHopMAC).String()
		}
	}
	if s.Tag != 0 {
		out.Journey = s.Tag.String()
	}
	if s.TCP != nil {
		out.TCP = connection(s.TCP)
	}
	return out
}

// plainState is a state's name in the one form that RFC 9293 §3.3.2 has.
func plainState(name string) string { return strings.ReplaceAll(name, "_", "-") }

func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func reasonOf(r *trace.Reason) *control.Reason {
	if r == nil {
		return nil
	}
	return &control.Reason{ID: r.ID, Sentence: r.Sentence, Standard: r.Standard}
}

func seconds(nanoseconds int64) float64 { return time.Duration(nanoseconds).Seconds() }

// lookup is a Reason by its id; nil when there is none.
func lookup(id string) *control.Reason { return reasonOf(trace.Lookup(id)) }

// connection is what a connection knows of its path and of its peer.
func connection(i *tcp.Info) *control.TCP {
	s := &i.Sender
	out := &control.TCP{
		Congestion: s.Algorithm, Phase: s.State, Waits: reasonOf(i.Waits), Network: lookup(i.Soft), Active: i.Active,
		MSS: i.MSS, PathMSS: i.PathMSS, PeerMSS: i.PeerMSS,
		Window: s.Window, Threshold: s.Threshold, SendWindow: i.SendWindow, RecvWindow: i.Window,
		SendScale: -1, RecvScale: -1,
		InFlight: s.InFlight, NotSent: i.Unsent, OutOfOrder: i.OutOfOrder,
		RTT: seconds(s.SRTT), RTTVar: seconds(s.RTTVar), MinRTT: seconds(s.MinRTT), RTO: seconds(s.RTO), Backoff: s.Backoff,
		LastSend: seconds(i.LastSend), LastReceive: seconds(i.LastReceive),
		Sent: i.Sent, Acked: i.Acked, Received: i.Received,
		SegmentsOut: uint64(i.SegmentsOut), SegmentsIn: uint64(i.SegmentsIn), PureACKs: uint64(i.PureACKs),
		Retransmits: s.Retransmits, Retransmitted: s.Retransmitted, Timeouts: s.Timeouts, Lost: s.Lost, Undone: s.Undone,
		Reordering: s.Reordering, Probes: i.Probes,
	}
	if out.Threshold >= 1<<30 {
		out.Threshold = 0 // it is as large as can be until the first loss: RFC 5681 §3.1
	}
	if i.WindowScale {
		out.SendScale, out.RecvScale = i.SendScale, i.ReceiveScale
	}
	for _, o := range []struct {
		name string
		on   bool
	}{{"timestamps", i.Timestamps}, {"sack", i.SACK}, {"wscale", i.WindowScale}, {"nodelay", i.NoDelay}, {"cork", i.Cork}, {"keepalive", i.KeepAlive}} {
		if o.on {
			out.Options = append(out.Options, o.name)
		}
	}
	return out
}
