// Package tcp is one end of a TCP connection as a pure machine (RFC 9293): segments, application calls and moments go
// in, segments and events come out. It has no clock, goroutine, lock or I/O, so the same machine runs under a poller, in a
// test with time as an argument, and in a fuzzer.
//
// A Conn is told what arrived (Receive), what the application wants (Wrote, Read, CloseWrite, Close, Abort) and what time
// it is (Advance, by Deadline). Nothing is sent meanwhile: whoever owns the Conn pulls segments with Next when a batch of
// input and application calls is over, and that is how an acknowledgement finds data to ride on. The bytes of the send
// queue stay with the owner, who finds them by their position in the stream; bytes received are kept here, in chunks of
// the Host that all connections of a shard share.
//
// Every segment that is not simply taken in, every answer and every ending returns its Reason. States change in
// Conn.setState alone.
//
// Times are nanoseconds of a monotonic clock with an arbitrary origin above zero; zero means none or never. Sizes are
// bytes. A Host and its Conns belong to one goroutine.
//
// # What is not done
//
// Explicit congestion notification (RFC 3168), TCP Fast Open (RFC 7413), MD5 and authentication options, pacing, and
// urgent data as a thing apart: the urgent pointer is ignored and the bytes are delivered in their place in the stream,
// which is what SO_OOBINLINE does and RFC 6093 recommends to applications.
package tcp
