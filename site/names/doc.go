// Package names finds out how clients are called: host names by reverse DNS, of which only those count that lead back to the
// address (Resolver), and the user of a connection by RFC 1413 (Ident).
//
// Nobody is asked about a client that nobody wants to know about. Who asks never waits: answers come by call, from other
// goroutines, and everything is bounded: how long a question may take, how many are asked at once and how many wait, and how
// much is kept. A server that does not answer delays those who wait for it, and nobody else.
package names
