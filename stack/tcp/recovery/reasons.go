package recovery

import "vitrine/trace"

// Loss and its repair.
var (
	reasonEntered = trace.Declare("recovery.fast-retransmit", trace.Info,
		"Segments sent later were acknowledged and these were not in time: they are taken for lost and sent again at once.", "RFC 8985 §6.2")
	reasonDuplicates = trace.Declare("recovery.fast-retransmit.duplicates", trace.Info,
		"Three duplicate acknowledgements came: the segment that they ask for is taken for lost and sent again at once.", "RFC 6582 §3.2")
	reasonPartial = trace.Declare("recovery.partial-acknowledgement", trace.Info,
		"The repaired segment was acknowledged and the next one was not: that one is lost as well.", "RFC 6582 §3.2")
	reasonRetransmissionLost = trace.Declare("recovery.retransmission.lost", trace.Info,
		"A retransmission was lost too; it is sent once more without waiting for the retransmission timer.", "RFC 8985 §6.2")
	reasonLeft = trace.Declare("recovery.repaired", trace.Info,
		"All that was in flight when the loss was noticed has been acknowledged.", "RFC 9937 §6")
	reasonTimeout = trace.Declare("recovery.timeout", trace.Info,
		"Nothing was acknowledged within the retransmission time-out; sending starts again from one segment.", "RFC 6298 §5")
	reasonTimeoutAgain = trace.Declare("recovery.timeout.repeated", trace.Info,
		"The retransmission was not acknowledged either; the time-out is doubled.", "RFC 6298 §5")
	reasonTimeoutHandshake = trace.Declare("recovery.timeout.handshake", trace.Info,
		"The SYN was not acknowledged in time and is sent again.", "RFC 6298 §5.7")
	reasonReneged = trace.Declare("recovery.reneged", trace.Info,
		"The peer threw away data that it had acknowledged selectively; everything not acknowledged cumulatively is sent again.", "RFC 2018 §8")
	reasonSmaller = trace.Declare("recovery.segment.too-large", trace.Info,
		"The path carries only smaller packets: what was sent in larger ones is sent again, and congestion is not to blame.", "RFC 1191 §6.5")
)

// Probes.
var (
	reasonProbe = trace.Declare("recovery.probe", trace.Info,
		"The last segments were not acknowledged for two round trips; one segment is sent to find out.", "RFC 8985 §7.3")
	reasonProbeRepaired = trace.Declare("recovery.probe.repaired", trace.Info,
		"The probe itself repaired the loss of the last segment, which still is a sign of congestion.", "RFC 8985 §7.4")
	reasonProbeDuplicate = trace.Declare("recovery.probe.needless", trace.Info,
		"The peer received the probe twice: nothing had been lost.", "RFC 8985 §7.4")
)

// Reductions that were taken back, and what the path taught.
var (
	reasonUndoneTimestamp = trace.Declare("recovery.undone.timestamp", trace.Info,
		"The echoed timestamp is older than the retransmission: the original had arrived, and the reduction is taken back.", "RFC 3522 §3.2")
	reasonUndoneDSACK = trace.Declare("recovery.undone.dsack", trace.Info,
		"The peer received every retransmission twice: nothing had been lost, and the reduction is taken back.", "RFC 3708 §3")
	reasonUndoneLate = trace.Declare("recovery.undone.late", trace.Info,
		"What was taken for lost arrived before it was sent again: it was only late, and the reduction is taken back.", "RFC 9438 §4.9")
	reasonUndoneFRTO = trace.Declare("recovery.undone.f-rto", trace.Info,
		"Data that was not sent again was acknowledged after the time-out: it came too early, and the reduction is taken back.", "RFC 5682 §3.1")
	reasonReordering = trace.Declare("recovery.reordering", trace.Info,
		"The path delivers segments in another order; from now on a loss is only assumed after some time.", "RFC 8985 §6.2")
	reasonReorderingWider = trace.Declare("recovery.reordering.wider", trace.Info,
		"A segment was sent again needlessly; more time is given to late ones.", "RFC 8985 §6.2")
	reasonSlowStartLeft = trace.Declare("recovery.slow-start.left", trace.Info,
		"The round trips grow longer: a queue is filling, and the window grows carefully before it overflows.", "RFC 9406 §4.2")
	reasonRestart = trace.Declare("recovery.window.restarted", trace.Info,
		"Nothing was sent for longer than the retransmission time-out; what the window knew of the path is stale.", "RFC 5681 §4.1")
)

// Acknowledgements that make no sense.
var (
	reasonSACKOutside = trace.Declare("recovery.sack.outside", trace.Refused,
		"A selective acknowledgement is about data that is not in flight; it is ignored.", "RFC 2018 §4")
	reasonSACKCrumbs = trace.Declare("recovery.sack.crumbs", trace.Refused,
		"Selective acknowledgements cut the flight into more pieces than segments were sent; parts of segments no longer count.", "")
	reasonDSACKOutside = trace.Declare("recovery.dsack.outside", trace.Refused,
		"A report of duplicate data is about data that was not sent lately; it is ignored.", "RFC 2883 §5")
)
