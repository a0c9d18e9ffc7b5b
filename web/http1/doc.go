// Package http1 is the HTTP/1.1 machine of RFC 9112 for both roles: a Receiver turns bytes into the heads and bodies of
// messages, a Sender turns bodies into bytes, and Persist decides whether the connection stays. It is pure: it owns no
// connection, buffer, clock or goroutine.
//
// Where the standard leaves a choice, the package takes the one that every other recipient understands in the same
// way: a message has one unambiguous framing or it is refused and the connection ends. Each refusal has its Reason.
package http1
