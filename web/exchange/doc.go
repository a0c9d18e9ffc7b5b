// Package exchange is one request with its response, as handlers see it: a head, a body to read within a credit, a
// response to write within a window, and a context that ends with the client. It knows neither the protocol version
// nor the I/O architecture that carries it, and never the connection or its buffers.
//
// An exchange has two ends. The carrier, a protocol's driver, owns the connection: it begins the exchange, feeds it
// what the peer sends and takes what is to be sent. The handler answers it: at once within Serve, which runs on the
// connection's loop and must not block, or off the loop in the function that it gives to Go, where reading and
// writing block.
package exchange
