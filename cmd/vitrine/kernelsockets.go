package main

import (
	"context"

	"vitrine/observe/glass/api"
	"vitrine/server/control"
)

// kernelSockets are the connections and listeners of a server on the kernel's sockets, as rows of the table.
func kernelSockets(ctx context.Context, client *control.Client) ([]control.Socket, error) {
	var all []api.Socket
	if err := client.Ask(ctx, "/api/sockets", &all); err != nil {
		return nil, err
	}
	rows := make([]control.Socket, len(all))
	for i := range all {
		rows[i] = rowOf(&all[i])
	}
	return rows, nil
}

// rowOf is a socket of the API as the table has it.
func rowOf(s *api.Socket) control.Socket {
	const micro = 1e-6
	row := control.Socket{Protocol: "tcp", State: s.State, Local: s.Local, Remote: s.Remote, Shard: s.Loop, RecvQueue: s.RecvQueue, SendQueue: s.SendQueue,
		Timer: s.Timer, Age: s.AgeUS * micro, Journey: s.Journey, Reason: said(s.Reason), Kernel: true, Connection: s.ID, Requests: s.Serial, Doing: s.Doing}
	if t := s.Snapshot; t != nil {
		row.TCP = &control.TCP{Congestion: t.Congestion, Phase: t.Phase, MSS: t.MSS, Window: t.Window, Threshold: t.Threshold,
			SendWindow: t.SendWindow, RecvWindow: t.RecvWindow, SendScale: -1, RecvScale: -1, InFlight: t.InFlight, NotSent: t.NotSent,
			RTT: t.RTTUS * micro, RTTVar: t.RTTVarUS * micro, MinRTT: t.MinRTTUS * micro, RTO: t.RTOUS * micro,
			Acked: t.Acked, Received: t.Received, SegmentsOut: t.SegmentsOut, SegmentsIn: t.SegmentsIn, Retransmits: t.Retransmits}
	}
	if s.Waits != nil {
		if row.TCP == nil {
			row.TCP = &control.TCP{SendScale: -1, RecvScale: -1}
		}
		row.TCP.Waits = said(s.Waits)
	}
	return row
}

func said(r *api.Reason) *control.Reason {
	if r == nil {
		return nil
	}
	return &control.Reason{ID: r.ID, Sentence: r.Sentence, Standard: r.Standard}
}
