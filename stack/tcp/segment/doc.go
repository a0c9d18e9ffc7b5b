// Package segment is the wire form of TCP (RFC 9293 §3.1): sequence numbers, a checked view of a segment that came in,
// and the description of one that goes out. It keeps no state and knows neither addresses nor checksums, which belong
// to the layer that has the pseudo-header. Nothing here allocates.
//
// Options understood: maximum segment size, window scale, SACK permitted, SACK and timestamps. Every other option is
// skipped by its length. An option whose length is impossible ends the list: what came before it counts, the rest is
// ignored, and the segment is kept (Segment.Malformed tells), as Linux does; dropping it would hand any middlebox that
// truncates options the power to stop a connection.
package segment
