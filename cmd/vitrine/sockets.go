package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// socketsFlags are the flags of sockets.
type socketsFlags struct {
	ask                  askFlags
	json, listening, all bool
}

func (p *program) socketsCommand() *cobra.Command {
	var f socketsFlags
	c := &cobra.Command{
		Use:     "sockets [FILTER]…",
		GroupID: "understanding",
		Short:   "Show the connections of a running server",
		Long: `Sockets shows the socket table of a server that runs on its own TCP/IP stack (--net), as ss -tin shows the kernel's, and
of one on the kernel's sockets the connections as the server knows them. Without a flag it shows connections; listening
sockets and those in TIME-WAIT are only counted. A socket on which all shards listen is shown once.

FILTER is a state (established, time-wait), an address, a network (198.18.0.0/24), a port (:80) or both (198.18.0.1:80);
of several, all must fit. Addresses and ports fit at either end.

The first line of a socket:
  State   where its life is (RFC 9293): LISTEN waits for connections; SYN-RECEIVED is in the handshake; ESTABLISHED carries
          data; FIN-WAIT-1 and -2: we have closed; CLOSE-WAIT: the peer has; LAST-ACK: both; TIME-WAIT: over, and remembered
          so that late segments reach no new connection
  Recv-Q  bytes received that the server has not read yet; of a listener: connections that wait to be accepted
  Send-Q  bytes written that the peer has not acknowledged yet; of a listener: how many connections may wait
  Local, Peer   the two ends
  Timer   what happens next by itself, and in how long: retransmission, probe (tail loss probe), reordering, delayed-ack,
          persist (the peer's window is closed), keep-alive, time-wait

The lines below; first, where there is something to say:
  waits            why nothing more is sent now
  last             the last unusual thing that happened, with its Reason
  network          what the network reported last

Then, in ss's words where it has one:
  cubic, reno      the congestion control; phase: disorder (something is missing), recovery, loss (a time-out)
  rtt:a/b          smoothed round-trip time and its mean deviation; minrtt: the smallest seen
  rto              how long an acknowledgement may take before data is sent again; backoff: how often that was doubled
  mss              bytes of data in a full segment; pathmss, peermss: what the path carries and what the peer takes
  cwnd, ssthresh   full segments that may be in flight, and where slow start ends (none: no loss yet)
  snd_wnd, rcv_wnd bytes that the peer lets us send, and that we let the peer send; wscale: their scales
  unacked, notsent bytes in flight, and written but not sent yet; lost: held for lost
  retrans          segments that were sent again; timeouts; undone: how often a loss turned out to be none
  segs_out, segs_in, pure_acks   segments; those that carried nothing but an acknowledgement
  bytes_sent, bytes_acked, bytes_received
  lastsnd, lastrcv how long ago something was sent and received; age: since the connection began
  ts, sack, wscale, nodelay, cork, keepalive   options in force; active: we opened it
  ooo              bytes kept that came before what precedes them; probes: keep-alives and the like without an answer
  via              the neighbor that its packets go to, with its hardware address; orphan: the server has let go of it, and
                   the peer has not closed yet; files, reading-file: bytes still in files, and it waits for the disk
  shard, loop      the queue and event loop that it belongs to; journey: the request that it is on
  connection       its number, as in vitrine journeys --connection; requests: how many came on it so far`,
		Example: `  vitrine sockets
  vitrine sockets --all
  vitrine sockets established :80
  vitrine sockets 198.18.0.1 --json
  watch -n 1 vitrine sockets`,
		Args: arguments(0, 8, "at most eight filters"),
		RunE: func(c *cobra.Command, args []string) error { return p.sockets(c.Context(), f, args) },
	}
	f.ask.add(c)
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, for programs; bytes and seconds")
	c.Flags().BoolVarP(&f.listening, "listening", "l", false, "show listening sockets only")
	c.Flags().BoolVarP(&f.all, "all", "a", false, "show listening sockets and those in TIME-WAIT too")
	c.MarkFlagsMutuallyExclusive("listening", "all")
	return c
}

func (p *program) sockets(ctx context.Context, f socketsFlags, args []string) error {
	filters := make([]func(*control.Socket) bool, len(args))
	stateAsked := false
	for i, arg := range args {
		filter, isState, err := socketFilterOf(arg)
		if err != nil {
			return err
		}
		filters[i] = filter
		stateAsked = stateAsked || isState
	}
	client, status, err := p.ask(ctx, f.ask)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	all, err := client.Sockets(ctx)
	kernel := isKernel(err)
	if kernel {
		all, err = kernelSockets(ctx, client)
		if errors.Is(err, control.ErrOld) {
			return p.onKernel(status, "the table of its connections", socketFilter(status))
		}
	}
	if err != nil {
		return unasked(err, status)
	}
	if !f.json {
		all = oneListener(all)
	}
	shown, hidden := choose(all, f, stateAsked, filters)
	if f.json {
		return writeJSON(p.out, shown)
	}
	s := style(p.out)
	b := appendSockets(nil, shown, hidden, s)
	if kernel {
		b = append(s.Paint(b, terminal.Quiet, "the kernel's sockets: it knows more of them, "+socketFilter(status)), '\n')
	}
	_, err = p.out.Write(b)
	return err
}

// oneListener is the table with each listening socket once: every shard, or every event loop, has its own for the same
// address, and what waits in each is added up.
func oneListener(all []control.Socket) []control.Socket {
	var out []control.Socket
	first := make(map[string]int)
	for _, s := range all {
		key := s.Protocol + " " + s.Local
		if i, again := first[key]; again && s.State == "LISTEN" {
			one := &out[i]
			one.RecvQueue += s.RecvQueue
			one.SendQueue += s.SendQueue
			one.HalfOpen += s.HalfOpen
			one.Shard = -1
			continue
		}
		if s.State == "LISTEN" {
			first[key] = len(out)
		}
		out = append(out, s)
	}
	return out
}

// hiddenSockets are how many fit the filters and are not shown for want of a flag.
type hiddenSockets struct{ listening, timeWait, connections int }

// choose is the sockets that are asked for, sorted: listeners first, then by age.
func choose(all []control.Socket, f socketsFlags, stateAsked bool, filters []func(*control.Socket) bool) (shown []control.Socket, hidden hiddenSockets) {
	shown = []control.Socket{}
	for i := range all {
		s := &all[i]
		if slices.ContainsFunc(filters, func(fits func(*control.Socket) bool) bool { return !fits(s) }) {
			continue
		}
		switch listening, over := s.State == "LISTEN" || s.Protocol == "udp", s.State == "TIME-WAIT"; {
		case f.all || stateAsked || f.listening && listening || !f.listening && !listening && !over:
			shown = append(shown, *s)
		case listening:
			hidden.listening++
		case over:
			hidden.timeWait++
		default:
			hidden.connections++
		}
	}
	slices.SortStableFunc(shown, func(a, b control.Socket) int {
		if al, bl := a.State == "LISTEN", b.State == "LISTEN"; al != bl {
			if al {
				return -1
			}
			return 1
		}
		switch {
		case a.Age > b.Age:
			return -1
		case a.Age < b.Age:
			return 1
		}
		return strings.Compare(a.Remote, b.Remote)
	})
	return shown, hidden
}

// tcpStates are what State may be.
var tcpStates = []string{"LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "CLOSED", "UNCONNECTED"}

// socketFilterOf reads one filter. isState says that it chooses by state, so that no state is left out.
func socketFilterOf(text string) (fits func(*control.Socket) bool, isState bool, err error) {
	ends := func(fits func(netip.AddrPort) bool) func(*control.Socket) bool {
		return func(s *control.Socket) bool {
			for _, end := range []string{s.Local, s.Remote} {
				if a, err := netip.ParseAddrPort(end); err == nil && fits(a) {
					return true
				}
			}
			return false
		}
	}
	if port, ok := strings.CutPrefix(text, ":"); ok || isNumber(text) {
		if !ok {
			port = text
		}
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			return ends(func(a netip.AddrPort) bool { return a.Port() == uint16(n) }), false, nil
		}
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return ends(func(end netip.AddrPort) bool { return end == a }), false, nil
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return ends(func(end netip.AddrPort) bool { return end.Addr() == a }), false, nil
	}
	if n, err := netip.ParsePrefix(text); err == nil {
		return ends(func(end netip.AddrPort) bool { return n.Contains(end.Addr()) }), false, nil
	}
	state := strings.ToUpper(strings.ReplaceAll(text, "_", "-"))
	var meant []string
	for _, s := range tcpStates {
		if s == state || len(state) >= 3 && strings.HasPrefix(s, state) {
			meant = append(meant, s)
		}
	}
	if len(meant) == 0 {
		return nil, false, &usageError{message: fmt.Sprintf("the filter %q is no state, address, network or port", text),
			hint: "write, for example, established, 198.18.0.1, 198.18.0.0/24 or :80"}
	}
	return func(s *control.Socket) bool { return slices.Contains(meant, s.State) }, true, nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 64)
	return err == nil
}
