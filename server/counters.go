package server

import (
	"context"
	"strings"

	"vitrine/server/control"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/trace"
)

// layers are the parts of the own stack whose Reasons are counted, from the wire upwards: the first word of their ids.
var layers = []string{"link", "ethernet", "arp", "neighbor", "ip", "ipv4", "ipv6", "icmp", "udp", "segment", "tcp", "recovery", "stack"}

// counters are what every layer of the own stack has counted, and every decision that it has taken.
func (n *network) counters(ctx context.Context) ([]control.Counter, error) {
	counted, err := n.stack.Counters(ctx)
	if err != nil {
		return nil, err
	}
	all := numbers(&counted)
	reasons := trace.Reasons()
	for _, layer := range layers {
		for _, r := range reasons {
			if prefix, _, _ := strings.Cut(r.ID, "."); prefix == layer {
				all = append(all, control.Counter{Layer: "decisions of " + layer, Name: r.ID, Value: r.Reached(), Sentence: r.Sentence, Standard: r.Standard})
			}
		}
	}
	return all, nil
}

// numbers are what is counted beside decisions, from the wire upwards.
func numbers(counted *stack.Counters) []control.Counter {
	var card link.CardCounters
	for i := range counted.Shards {
		addCard(&card, &counted.Shards[i].Card)
	}
	var all []control.Counter
	layer := ""
	add := func(name string, value uint64, sentence string) {
		all = append(all, control.Counter{Layer: layer, Name: name, Value: value, Sentence: sentence})
	}
	level := func(name string, value int, sentence string) {
		add(name, uint64(max(value, 0)), sentence)
		all[len(all)-1].Level = true
	}
	t, q := &counted.Total, &card.Queue

	layer = "adapter"
	add("received-frames", q.ReceivedFrames, "frames that the interface gave")
	add("received-bytes", q.ReceivedBytes, "their bytes")
	add("sent-frames", q.SentFrames, "frames that the interface took; a super-segment is one")
	add("sent-bytes", q.SentBytes, "their bytes")
	add("overruns", q.Overruns, "frames lost because the receive ring was full")
	add("malformed", q.Malformed, "frames whose offload header makes no sense")
	add("transmit-full", q.TransmitFull, "times that the transmit ring was full and sending waited")
	add("refused", q.Refused, "frames that the interface would not take")
	add("downs", q.Downs, "times that the interface was found down")

	layer = "card"
	add("passed", card.Passed, "frames given to the protocols")
	add("bad-fcs", card.BadFCS, "frames damaged on the wire")
	add("runts", card.Runts, "frames shorter than any frame may be")
	add("giants", card.Giants, "frames longer than the MTU allows")
	add("foreign", card.Foreign, "frames for other stations")
	add("group-source", card.GroupSource, "frames that claim to come from a group")
	add("interrupts", card.Notice.Interrupts, "times that an arrival woke a loop")
	add("moderated", card.Notice.Moderated, "wake-ups that were put off (moderation)")
	add("polls", card.Notice.Polls, "looks at the receive ring")
	add("spins", card.Notice.Spins, "looks made instead of sleeping (busy_poll)")
	for i, name := range []string{"polls-of-0", "polls-of-1", "polls-of-2", "polls-of-4", "polls-of-8", "polls-of-16", "polls-of-32", "polls-of-64"} {
		add(name, card.Notice.Frames[i], []string{"looks that found no frame", "looks that found one frame", "looks that found 2 or 3", "looks that found 4 to 7",
			"looks that found 8 to 15", "looks that found 16 to 31", "looks that found 32 to 63", "looks that found 64 and more"}[i])
	}

	layer = "ip"
	add("packets-in", t.PacketsIn, "well-formed packets")
	add("arp-in", t.ARPIn, "ARP packets received")
	add("arp-out", t.ARPOut, "ARP packets sent")
	add("icmp-in", t.ICMPIn, "ICMP messages received")
	add("icmp-out", t.ICMPOut, "ICMP messages sent")
	add("icmp-errors-out", t.ICMPErrorsOut, "of them errors")
	add("reassembled", t.Reassembled, "packets put together from fragments")
	add("reassembly-timeouts", t.ReassemblyTimeouts, "packets given up because a fragment never came")
	add("unreachable", t.Unreachable, "neighbors that did not answer")
	add("handed", t.Handed, "packets that came on another queue than their connection's, and were handed over")
	add("path-mtus", t.PathMTUs, "paths that became narrower")

	layer = "udp"
	add("datagrams-in", t.DatagramsIn, "datagrams received")
	add("datagrams-out", t.DatagramsOut, "datagrams sent")

	layer = "tcp"
	add("segments-in", t.SegmentsIn, "segments of connections")
	add("segments-out", t.SegmentsOut, "segments sent; a super-segment is one")
	add("checksum-errors", t.ChecksumErrors, "segments whose checksum is wrong")
	add("opened", t.Opened, "connections that began")
	add("accepted", t.Accepted, "connections that were completed for a listener")
	add("connects", t.Connects, "connections that we began")
	add("closed", t.Closed, "connections that ended")
	add("accept-overflows", t.AcceptOverflows, "handshakes refused because an accept queue was full")
	add("cookies-sent", t.CookiesSent, "SYN cookies sent")
	add("cookies-good", t.CookiesGood, "SYN cookies that came back and made a connection")
	add("resets-out", t.ResetsOut, "resets for segments without a connection")
	add("file-reads", t.FileReads, "parts of files that were not in memory")
	level("connections", t.Connections, "connections now, those in the handshake or closing too")
	level("half-open", t.HalfOpen, "of them in the handshake")
	level("orphans", t.Orphans, "of them closed by the server and not yet by the peer")
	level("time-wait", t.TimeWait, "TIME-WAIT records now")
	level("send-memory", t.SendMemory, "bytes written and not acknowledged now")
	level("receive-memory", t.ReceiveMemory, "bytes received and not read now")
	return all
}

// addCard adds up what the cards of all queues have counted.
func addCard(sum, c *link.CardCounters) {
	for _, f := range []struct {
		to   *uint64
		from uint64
	}{
		{&sum.Passed, c.Passed}, {&sum.BadFCS, c.BadFCS}, {&sum.Runts, c.Runts}, {&sum.Giants, c.Giants},
		{&sum.Foreign, c.Foreign}, {&sum.GroupSource, c.GroupSource},
		{&sum.Notice.Interrupts, c.Notice.Interrupts}, {&sum.Notice.Moderated, c.Notice.Moderated},
		{&sum.Notice.Polls, c.Notice.Polls}, {&sum.Notice.Spins, c.Notice.Spins},
		{&sum.Queue.ReceivedFrames, c.Queue.ReceivedFrames}, {&sum.Queue.ReceivedBytes, c.Queue.ReceivedBytes},
		{&sum.Queue.SentFrames, c.Queue.SentFrames}, {&sum.Queue.SentBytes, c.Queue.SentBytes},
		{&sum.Queue.Overruns, c.Queue.Overruns}, {&sum.Queue.Malformed, c.Queue.Malformed},
		{&sum.Queue.TransmitFull, c.Queue.TransmitFull}, {&sum.Queue.Refused, c.Queue.Refused}, {&sum.Queue.Downs, c.Queue.Downs},
	} {
		*f.to += f.from
	}
	for i := range sum.Notice.Frames {
		sum.Notice.Frames[i] += c.Notice.Frames[i]
	}
}
