package tcp

import "vitrine/trace"

// Why a connection changed its state.
var (
	reasonConnect = trace.Declare("tcp.connect", trace.Info,
		"The application opens a connection; a SYN is sent.", "RFC 9293 §3.10.1")
	reasonSyn = trace.Declare("tcp.syn", trace.Info,
		"A client's SYN opens a connection; a SYN-ACK is sent.", "RFC 9293 §3.10.7.2")
	reasonSimultaneous = trace.Declare("tcp.simultaneous-open", trace.Info,
		"Both ends sent a SYN at the same time; they become one connection.", "RFC 9293 §3.5")
	reasonEstablished = trace.Declare("tcp.established", trace.Success,
		"The handshake is complete.", "RFC 9293 §3.5")
	reasonCookie = trace.Declare("tcp.cookie", trace.Success,
		"The handshake is complete: a SYN cookie came back, and what it remembered opens the connection.", "RFC 4987 §3.6")
	reasonCloseWrite = trace.Declare("tcp.close.ours", trace.Close,
		"The application has nothing more to send; a FIN follows what is queued.", "RFC 9293 §3.10.4")
	reasonPeerClosed = trace.Declare("tcp.close.peer", trace.Close,
		"The peer sent its FIN: it will send nothing more.", "RFC 9293 §3.10.7.4")
	reasonFinAcked = trace.Declare("tcp.close.acknowledged", trace.Close,
		"The peer acknowledged our FIN.", "RFC 9293 §3.10.7.4")
	reasonTimeWaitOver = trace.Declare("tcp.time-wait.over", trace.Close,
		"The connection rested in TIME_WAIT long enough that no old segment can still be on its way.", "RFC 9293 §3.6.1")
	reasonDiscarded = trace.Declare("tcp.close.early", trace.Close,
		"The application gave up a connection that was not open yet.", "RFC 9293 §3.10.4")
)

// Why a connection was destroyed.
var (
	reasonReset = trace.Declare("tcp.reset.peer", trace.Close,
		"The peer reset the connection.", "RFC 9293 §3.5.3")
	reasonRefused = trace.Declare("tcp.refused", trace.Failed,
		"The peer answered the SYN with a reset: nobody listens there.", "RFC 9293 §3.10.7.3")
	reasonAbort = trace.Declare("tcp.abort", trace.Close,
		"The application destroyed the connection; the peer gets a reset.", "RFC 9293 §3.10.5")
	reasonUnread = trace.Declare("tcp.close.unread", trace.Close,
		"The application closed the connection before it read everything; a reset tells the peer that data was lost.",
		"RFC 9293 §3.6.1")
	reasonDataAfterClose = trace.Declare("tcp.data.after-close", trace.Close,
		"Data came for a connection that the application has closed; a reset tells the peer that nobody reads it.",
		"RFC 9293 §3.6.1")
	reasonConnectTimeout = trace.Declare("tcp.timeout.connect", trace.Failed,
		"The peer did not answer any of the SYNs.", "RFC 9293 §3.8.3")
	reasonAcceptTimeout = trace.Declare("tcp.timeout.accept", trace.Close,
		"The client did not complete the handshake.", "RFC 9293 §3.8.3")
	reasonTimeout = trace.Declare("tcp.timeout.retransmission", trace.Failed,
		"The peer acknowledged none of many retransmissions.", "RFC 9293 §3.8.3")
	reasonUserTimeout = trace.Declare("tcp.timeout.user", trace.Failed,
		"Data stayed unacknowledged for longer than the application allows.", "RFC 5482 §3")
	reasonWindowTimeout = trace.Declare("tcp.timeout.window", trace.Failed,
		"The peer's window is closed and it answered none of many probes.", "RFC 9293 §3.8.6.1")
	reasonKeepAlive = trace.Declare("tcp.timeout.keep-alive", trace.Failed,
		"The peer answered none of the keep-alive probes.", "RFC 9293 §3.8.4")
	reasonFinWait = trace.Declare("tcp.timeout.fin-wait", trace.Close,
		"The application has closed the connection and the peer's FIN did not come in time.", "RFC 9293 §3.6")
	reasonOrphan = trace.Declare("tcp.timeout.orphan", trace.Close,
		"The application has closed the connection and the peer takes no more of what was left to send.", "RFC 9293 §3.6")
)

// Why a segment was not simply taken in.
var (
	reasonClosed = trace.Declare("tcp.drop.closed", trace.Refused,
		"A segment came for a connection that has ended.", "RFC 9293 §3.10.7.1")
	reasonNoTimestamp = trace.Declare("tcp.drop.no-timestamp", trace.Refused,
		"Both ends agreed on timestamps, and the segment has none.", "RFC 7323 §3.2")
	reasonPAWS = trace.Declare("tcp.drop.paws", trace.Refused,
		"The segment's timestamp is older than one that was seen before: it is a segment from the past.", "RFC 7323 §5.3")
	reasonOld = trace.Declare("tcp.drop.old", trace.Refused,
		"The segment lies wholly before what was acknowledged; an acknowledgement says so again.", "RFC 9293 §3.10.7.4")
	reasonBeyond = trace.Declare("tcp.drop.beyond-window", trace.Refused,
		"The segment lies beyond the window that was offered; an acknowledgement says what is.", "RFC 9293 §3.10.7.4")
	reasonBlindReset = trace.Declare("tcp.reset.challenged", trace.Refused,
		"A reset came with a sequence number that is only nearly right; the peer is asked whether it meant it.", "RFC 5961 §3.2")
	reasonResetOutside = trace.Declare("tcp.reset.outside", trace.Refused,
		"A reset came with a sequence number outside the window and was ignored.", "RFC 5961 §3.2")
	reasonBlindSyn = trace.Declare("tcp.syn.challenged", trace.Refused,
		"A SYN came on a live connection; the peer is asked whether it has lost the connection.", "RFC 5961 §4.2")
	reasonChallengeLimited = trace.Declare("tcp.challenge.limited", trace.Refused,
		"A segment that asks for an answer got none, since too many were given lately.", "RFC 5961 §7")
	reasonSynAgain = trace.Declare("tcp.syn.again", trace.Info,
		"The client sent its SYN again; so is the SYN-ACK.", "RFC 9293 §3.10.7.4")
	reasonNoAck = trace.Declare("tcp.drop.no-ack", trace.Refused,
		"The segment has no acknowledgement, which every segment of an open connection has.", "RFC 9293 §3.10.7.4")
	reasonAckUnsent = trace.Declare("tcp.ack.unsent", trace.Refused,
		"The segment acknowledges what was never sent; an acknowledgement says what was.", "RFC 9293 §3.10.7.4")
	reasonAckOld = trace.Declare("tcp.ack.too-old", trace.Refused,
		"The segment's acknowledgement is older than any segment on its way could have; it may be forged.", "RFC 5961 §5.2")
	reasonAckHandshake = trace.Declare("tcp.ack.handshake", trace.Refused,
		"The segment does not acknowledge our SYN; the peer gets a reset for it.", "RFC 9293 §3.10.7.4")
	reasonSynSentReset = trace.Declare("tcp.reset.unproven", trace.Refused,
		"A reset that does not acknowledge our SYN was ignored.", "RFC 9293 §3.10.7.3")
	reasonNoSyn = trace.Declare("tcp.drop.no-syn", trace.Refused,
		"The segment is not the SYN that a connection begins with.", "RFC 9293 §3.10.7.3")
	reasonDuplicate = trace.Declare("tcp.data.duplicate", trace.Info,
		"The segment brings only data that was there already; the acknowledgement reports the duplicate.", "RFC 2883 §4")
	reasonOutOfOrder = trace.Declare("tcp.data.out-of-order", trace.Info,
		"The segment came before one that belongs in front of it and is kept until that comes.", "RFC 9293 §3.10.7.4")
	reasonHoleFilled = trace.Declare("tcp.data.hole-filled", trace.Info,
		"The segment fills a gap, or a part of one, in front of data that was kept.", "RFC 5681 §4.2")
	reasonZeroWindow = trace.Declare("tcp.data.window-closed", trace.Refused,
		"Data came although the window is closed; the acknowledgement says so.", "RFC 9293 §3.8.6.1")
	reasonTrimmed = trace.Declare("tcp.data.trimmed", trace.Refused,
		"The end of the segment lies beyond the window and was cut off.", "RFC 9293 §3.10.7.4")
	reasonAfterFin = trace.Declare("tcp.data.after-fin", trace.Refused,
		"The segment brings data behind the peer's own FIN.", "RFC 9293 §3.10.7.4")
	reasonFinInside = trace.Declare("tcp.fin.inside", trace.Refused,
		"The segment's FIN contradicts data or a FIN that came before and was ignored.", "RFC 9293 §3.10.7.4")
	reasonPieces = trace.Declare("tcp.data.pieces", trace.Refused,
		"The data that came before its turn lies in too many pieces; one more was refused.", "")
	reasonOutOfOrderMemory = trace.Declare("tcp.data.out-of-order-memory", trace.Refused,
		"The data that came before its turn takes too much memory; more was refused.", "")
	reasonPruned = trace.Declare("tcp.memory.pruned", trace.Refused,
		"The memory for received data is used up; what a connection held beyond a gap was thrown away to be sent again.",
		"RFC 2018 §8")
	reasonMemory = trace.Declare("tcp.memory.refused", trace.Refused,
		"The memory for received data is used up; a segment was dropped, to be sent again.", "")
)

// What timers and probes decided.
var (
	reasonWindowProbe = trace.Declare("tcp.probe.window", trace.Info,
		"The peer's window is closed; a probe asks whether it still is.", "RFC 9293 §3.8.6.1")
	reasonWindowOverride = trace.Declare("tcp.override.window", trace.Info,
		"The peer's window stayed small; what fits into it is sent.", "RFC 9293 §3.8.6.2.1")
	reasonCorkLimit = trace.Declare("tcp.override.cork", trace.Info,
		"A partial segment was held back for as long as the cork may hold it.", "")
	reasonKeepAliveProbe = trace.Declare("tcp.probe.keep-alive", trace.Info,
		"The connection was quiet; a probe asks whether the peer is still there.", "RFC 9293 §3.8.4")
	reasonSoft = trace.Declare("tcp.icmp.soft", trace.Info,
		"The network reported trouble on the way; it is remembered in case the connection fails.", "RFC 5927 §5.2")
	reasonHard = trace.Declare("tcp.icmp.hard", trace.Failed,
		"The network reported that the peer cannot be reached, before the connection was open.", "RFC 9293 §3.9.2.2")
	reasonPathMTU = trace.Declare("tcp.path-mtu", trace.Info,
		"The path carries only smaller segments; what is sent from now on is cut to them.", "RFC 1191 §6.4")
)

// Why something that is to be sent is not sent now.
var (
	reasonWaitHandshake = trace.Declare("tcp.wait.handshake", trace.Info,
		"The handshake is not complete; the peer has to answer.", "RFC 9293 §3.5")
	reasonWaitWindow = trace.Declare("tcp.wait.window", trace.Info,
		"The peer has no room for more: its window is full.", "RFC 9293 §3.8.6")
	reasonWaitSilly = trace.Declare("tcp.wait.small-window", trace.Info,
		"The peer's window has so little room that a segment for it would be a crumb.", "RFC 9293 §3.8.6.2.1")
	reasonWaitCongestion = trace.Declare("tcp.wait.congestion", trace.Info,
		"As much is on its way as the network was seen to carry: the congestion window is full.", "RFC 5681 §3.1")
	reasonWaitNagle = trace.Declare("tcp.wait.nagle", trace.Info,
		"A small segment waits until the one before it is acknowledged, or until it is full.", "RFC 9293 §3.7.4")
	reasonWaitCork = trace.Declare("tcp.wait.cork", trace.Info,
		"The application said that more follows; the segment waits to be filled.", "")
	reasonWaitFin = trace.Declare("tcp.wait.fin", trace.Info,
		"Everything was sent; the peer has to acknowledge the end.", "RFC 9293 §3.6")
)

// TIME_WAIT.
var (
	reasonTimeWaitReset = trace.Declare("tcp.time-wait.reset", trace.Refused,
		"A reset came for a connection in TIME_WAIT and was ignored, so that it cannot cut the wait short.", "RFC 1337 §3")
	reasonTimeWaitFin = trace.Declare("tcp.time-wait.fin", trace.Info,
		"The peer sent its FIN again: our last acknowledgement was lost, is sent again, and the wait starts anew.",
		"RFC 9293 §3.10.7.4")
	reasonTimeWaitOld = trace.Declare("tcp.time-wait.old", trace.Refused,
		"An old segment came for a connection in TIME_WAIT.", "RFC 9293 §3.6.1")
	reasonTimeWaitReopen = trace.Declare("tcp.time-wait.reopen", trace.Info,
		"A new SYN is safely later than everything of the connection in TIME_WAIT and opens a new one.", "RFC 6191 §2")
	reasonTimeWaitSyn = trace.Declare("tcp.time-wait.syn", trace.Refused,
		"A SYN for a connection in TIME_WAIT cannot be told from an old one; it opens nothing.", "RFC 6191 §2")
)
