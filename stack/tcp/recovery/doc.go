// Package recovery is the sending side's memory of what is in flight, and its conscience about how much may be. It is a
// pure machine: it sends nothing, knows no clock and no bytes, only ranges of sequence numbers and moments.
//
// A connection tells its Sender what it transmitted (Sent), what was acknowledged (Acked) and that a timer is due
// (Expire). It asks what must be sent again (Again), how much new data may be sent (Allowance) and when the next timer is
// due (Deadline).
//
// Times are nanoseconds of a monotonic clock whose origin is arbitrary and above zero; zero means never. Nothing here is
// safe for concurrent use: a Sender belongs to its connection, a Pool to its shard.
package recovery
