// Package serve owns connections: it accepts them within limits, waits for them in one of five I/O architectures,
// moves their bytes, keeps their deadlines, and ends them in order. What the bytes mean is a Driver's business; the
// package knows no HTTP.
//
// There is one engine under all five architectures. A loop waits for its connections through a socket.Poller and
// keeps their deadlines in a wheel; the architectures differ only in who runs a connection's turn:
//
//	events, events-per-core  the loop itself, one after the other
//	single                   the loop itself, and it accepts the next connection when this one has ended
//	threads                  a goroutine of the connection's own
//	pool                     one of a fixed number of workers
//
// On a socket.Sharded network, the own TCP/IP stack, a loop is also the shard that its connections live on: its Wait takes
// frames in and sends them. Then events-per-core has a loop for each queue of the adapter and the others have one queue, and
// turns that run elsewhere (threads, pool) use endpoints that may be used anywhere (socket.ListenOptions.Shared).
//
// A connection to another program is a Conn as well, a link: Conn.Link makes it on the loop of a client's connection, a LinkDriver
// speaks on it, and Conn.Rest and Conn.Reuse keep it for the next. It has turns of its own; the two wake each other, and what is
// woken from within a round of the loop has its turn in the same round.
//
// A turn is exclusive: at any time at most one goroutine runs a turn of a given connection, so that neither Conn nor
// Driver needs a lock. Everything asynchronous reaches a connection through Conn.Wake.
package serve
