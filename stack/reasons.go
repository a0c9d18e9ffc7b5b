package stack

import "vitrine/trace"

// What becomes of frames and packets.
var (
	reasonEtherType = trace.Declare("stack.ethertype", trace.Refused,
		"The frame carries neither ARP nor IPv4 nor IPv6.", "RFC 1122 §2.3.3")
	reasonNotMine = trace.Declare("stack.not-mine", trace.Refused,
		"The packet is for another host, and this one forwards nothing.", "RFC 1122 §3.2.1.3")
	reasonLinkGroup = trace.Declare("stack.link-group", trace.Refused,
		"The frame was for everybody on the link, but the packet in it for one host.", "RFC 1122 §3.3.6")
	reasonLand = trace.Declare("stack.land", trace.Refused,
		"The packet claims to come from the address it is for: answered, it would go round for ever.", "RFC 1122 §3.2.1.3")
	reasonProtocol = trace.Declare("stack.protocol", trace.Refused,
		"The packet carries a protocol that nothing here speaks.", "RFC 1122 §3.2.2.1")
	reasonChecksum = trace.Declare("stack.tcp-checksum", trace.Refused,
		"The TCP segment was damaged on the way.", "RFC 9293 §3.1")
	reasonTCPGroup = trace.Declare("stack.tcp-group", trace.Refused,
		"A TCP segment for many hosts makes no sense.", "RFC 9293 §3.9.2.3")
	reasonInbox = trace.Declare("stack.inbox", trace.Failed,
		"The shard that owns the connection has too many packets waiting from other queues.", "")
	reasonHanded = trace.Declare("stack.handed", trace.Info,
		"The packet arrived on another queue than its connection's, and was handed over.", "")
	reasonTransmitFull = trace.Declare("stack.transmit-full", trace.Failed,
		"The adapter had no room for an answer that can be asked for again, so it was not sent.", "")
	reasonBlocked = trace.Declare("stack.transmit-blocked", trace.Info,
		"The adapter has no room now: what is to be sent waits.", "")
	reasonLinkDown = trace.Declare("stack.link-down", trace.Failed,
		"The adapter's interface is down; it is used again when it is up.", "")
)

var reasonOvertaken = trace.Declare("stack.overtaken", trace.Info,
	"The segment waited for room or for its file, and was acknowledged before it was sent.", "")

// Where packets go.
var (
	reasonNoRoute = trace.Declare("stack.no-route", trace.Refused,
		"The destination is on none of the own networks, and there is no gateway.", "RFC 1122 §3.3.1")
	reasonUnreachable = trace.Declare("stack.neighbor-silent", trace.Failed,
		"The next station on the way did not answer for its hardware address.", "RFC 1122 §2.3.2.2")
	reasonTooLarge = trace.Declare("stack.too-large", trace.Refused,
		"The datagram does not fit the path, and is not cut.", "RFC 1122 §3.3.3")
	reasonConflict = trace.Declare("stack.address-conflict", trace.Failed,
		"Somebody else on the link has one of our IPv6 addresses, so it is not used.", "RFC 4862 §5.4.5")
)

// ICMP.
var (
	reasonICMPStranger = trace.Declare("stack.icmp-stranger", trace.Refused,
		"The ICMP error is about a connection that is not there.", "RFC 5927 §4")
	reasonICMPSequence = trace.Declare("stack.icmp-sequence", trace.Refused,
		"The ICMP error quotes a sequence number that is not in flight, so its sender has not seen the segment.", "RFC 5927 §4.1")
	reasonICMPUnreachable = trace.Declare("stack.icmp-unreachable", trace.Failed,
		"A router or the peer's host said that the destination cannot be reached.", "RFC 1122 §4.2.3.9")
	reasonPathMTU = trace.Declare("stack.path-mtu", trace.Info,
		"A router said how large a packet the path carries; segments are smaller from now on.", "RFC 1191 §3")
	reasonICMPIgnored = trace.Declare("stack.icmp-ignored", trace.Info,
		"The ICMP message needs nothing to be done.", "")
)

// Demultiplexing and listeners.
var (
	reasonNoListener = trace.Declare("stack.no-listener", trace.Refused,
		"Nobody listens on the port; the peer is told by a reset.", "RFC 9293 §3.10.7.1")
	reasonStray = trace.Declare("stack.stray", trace.Refused,
		"The segment belongs to no connection; the peer is told by a reset.", "RFC 9293 §3.5.2")
	reasonStrayReset = trace.Declare("stack.stray-reset", trace.Refused,
		"The reset belongs to no connection, and resets are not answered.", "RFC 9293 §3.10.7.1")
	reasonResetLimit = trace.Declare("stack.reset-limit", trace.Refused,
		"So many segments belong to no connection that this one gets no reset.", "RFC 4987 §3.6")
	reasonDetached = trace.Declare("stack.listener-detached", trace.Refused,
		"The listener is on no shard yet, so the SYN is left to be sent again.", "")
	reasonAcceptFull = trace.Declare("stack.accept-queue", trace.Refused,
		"The application has not taken the connections that wait, and there is no room for another.", "")
	reasonConnections = trace.Declare("stack.connections", trace.Refused,
		"The shard has as many connections as it may.", "")
	reasonCookie = trace.Declare("stack.cookie", trace.Info,
		"Too many handshakes are open: the SYN was answered without remembering it, by a cookie.", "RFC 4987 §3.6")
	reasonCookieGood = trace.Declare("stack.cookie-good", trace.Success,
		"The acknowledgement brought a SYN cookie back, and became a connection.", "RFC 4987 §3.6")
	reasonClosedListener = trace.Declare("stack.listener-closed", trace.Close,
		"The listener was closed before the application took the connection.", "")
	reasonReopened = trace.Declare("stack.reopened", trace.Info,
		"A new connection took the place of its predecessor in TIME_WAIT.", "RFC 9293 §3.10.7.4")
	reasonTimeWaitFull = trace.Declare("stack.timewait-full", trace.Failed,
		"There are as many TIME_WAIT records as there may be, so the oldest ended early.", "RFC 9293 §3.6.1")
	reasonOrphans = trace.Declare("stack.orphans", trace.Refused,
		"So many closed connections are still sending that this one was reset.", "")
)

// Ports, memory and files.
var (
	reasonPorts = trace.Declare("stack.ports-exhausted", trace.Refused,
		"Every local port is in use for connections to this destination.", "RFC 6056 §2.2")
	reasonSendMemory = trace.Declare("stack.send-memory", trace.Failed,
		"The send queues of the shard use as much memory as they may.", "")
	reasonFileRead = trace.Declare("stack.file-read", trace.Info,
		"A part of the file was not in memory; the connection waits while it is read.", "")
	reasonFileShrank = trace.Declare("stack.file-shrank", trace.Failed,
		"The file became shorter while it was sent, so the connection was reset: the peer must not take it for the whole.", "")
	reasonFileError = trace.Declare("stack.file-error", trace.Failed,
		"The file could not be read while it was sent, so the connection was reset.", "")
)

// UDP.
var (
	reasonNoPort = trace.Declare("stack.udp-no-port", trace.Refused,
		"Nobody has the UDP port; the sender is told by an ICMP port unreachable.", "RFC 1122 §4.1.3.1")
	reasonUDPFull = trace.Declare("stack.udp-full", trace.Failed,
		"The application has not read the datagrams that wait, and there is no room for another.", "RFC 1122 §4.1.3")
	reasonUDPDetached = trace.Declare("stack.udp-detached", trace.Refused,
		"The UDP endpoint is on no shard yet, so the datagram is dropped.", "")
)

// How connections end that do not end by themselves.
var (
	reasonAborted = trace.Declare("stack.aborted", trace.Close,
		"The application ended the connection with a reset.", "RFC 9293 §3.10.5")
)
