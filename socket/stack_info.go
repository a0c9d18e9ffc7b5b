package socket

import "time"

var _ Informer = (*stackEndpoint)(nil)

// stackStates are the states by the stack's number, named as RFC 9293 §3.3.2 does.
var stackStates = [...]string{"CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",
	"LAST-ACK", "TIME-WAIT"}

// Info tells what the connection's machine knows. Endpoints that are used away from their shard have no Info: whoever asked
// the shard would have to wait for it.
func (e *stackEndpoint) Info(into *Info) bool {
	*into = Info{}
	if e.c == nil {
		return false
	}
	i := e.c.TCP()
	s := &i.Sender
	into.State = i.State.String()
	if int(i.State) < len(stackStates) {
		into.State = stackStates[i.State]
	}
	into.RTT, into.RTTVar, into.MinRTT, into.RTO = time.Duration(s.SRTT), time.Duration(s.RTTVar), time.Duration(s.MinRTT), time.Duration(s.RTO)
	into.Congestion, into.Phase = s.Algorithm, s.State
	into.Window, into.SendWindow, into.RecvWindow = s.Window, i.SendWindow, i.Window
	if s.Threshold < unlimited {
		into.Threshold = s.Threshold
	}
	into.MSS, into.InFlight, into.NotSent = i.MSS, s.Outstanding, i.Unsent
	into.Acked, into.Received = i.Acked, i.Received
	into.SegmentsOut, into.SegmentsIn = uint64(i.SegmentsOut), uint64(i.SegmentsIn)
	into.Retransmits, into.Retransmitted = s.Retransmits, s.Retransmitted
	if i.MSS > 0 {
		into.Lost = (s.Lost + i.MSS - 1) / i.MSS
	}
	into.ISS, into.IRS, into.Sequences = uint32(i.ISS), uint32(i.IRS), i.Sequences
	return true
}
