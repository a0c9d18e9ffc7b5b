// Package recovery is the sending side's memory of what is in flight, and its conscience about how much may be. It is a
// pure machine: it sends nothing, knows no clock and no bytes, only ranges of sequence numbers and moments.
//
// A connection tells its Sender what it transmitted (Sent), what was acknowledged (Acked) and that a timer is due
// (Expire). It asks what must be sent again (Again), how much new data may be sent (Allowance) and when the next timer is
// due (Deadline).
//
// What is in flight is a scoreboard of ranges: a super-segment is one record, cut where the peer's reports cut it.
// Losses are found by RACK-TLP (RFC 8985), without SACK by NewReno (RFC 6582) with limited transmit (RFC 3042). What is
// lost is repaired under PRR (RFC 9937), or after a time-out (RFC 6298, RFC 5682) in slow start. What proves needless is
// taken back, by timestamps (RFC 3522, RFC 4015), duplicate reports (RFC 2883, RFC 3708) or F-RTO. The window grows by
// CUBIC (RFC 9438) or Reno (RFC 5681), with bytes counted (RFC 3465), only while it is used (RFC 7661), and leaves its
// first slow start by HyStart++ (RFC 9406).
//
// Where it is not what the standards say, each as Linux does it: the time-out's minimum is 200 ms and one of the variance
// (RFC 6298 §2.4 has a second); an idle window is halved for each time-out that passed (RFC 5681 §4.1 forgets it at once);
// a retransmission that is lost within a fast recovery does not reduce the window once more (RFC 5681 §4.3), one that is
// lost after a time-out does; a SYN that was lost once does not cost the initial window (RFC 5681 §3.1). Three are our own:
// in slow start one acknowledgement counts for up to 44 segments (RFC 3465 §2.2 has two), a loss probe is sent in recovery
// too when nothing else would bring an answer, and probes that are not answered are followed by others, ever more seldom,
// until the retransmission timer is due, as QUIC's are (RFC 8985 §7.2 has one, and none in recovery). What it does not do:
// pacing, BBR, ECN, NewReno's repair of several losses in one round trip without SACK.
//
// Times are nanoseconds of a monotonic clock whose origin is arbitrary and above zero; zero means never. Nothing here is
// safe for concurrent use: a Sender belongs to its connection, a Pool to its shard.
package recovery
