// Package exchange is one request with its response, as handlers see it: a head, a body to read within a credit, a
// response to write within a window, and a context that ends with the client. It knows neither the protocol version
// nor the I/O architecture that carries it, and never the connection or its buffers.
//
// An exchange has two ends. The carrier, a protocol's driver, owns the connection: it begins the exchange, feeds it
// what the peer sends and takes what is to be sent. The handler answers it, in one of four ways:
//
//   - at once within Serve, which runs on the connection's loop and must not block;
//   - off the loop in the function that it gives to Go, where reading and writing block;
//   - later: Suspend holds the exchange without a goroutine until Resume gives it one, when what it depends on is known;
//   - through others: Dial lends the exchange to a driver that speaks a protocol on a link, a connection to another program
//     that lives on the same loop. Nothing blocks there, and no goroutine is switched to.
//
// A link's driver is written as a machine: it is called when something has happened, and returns. This one asks an upstream
// that answers each line with its length and as many bytes:
//
//	type asking struct {
//		x    *exchange.Exchange
//		need int // bytes of the answer that are to come; -1: its length is
//	}
//
//	func (a *asking) Connected(l exchange.Link) {
//		l.SetTimeout(30 * time.Second)
//		l.Send([]byte("what is the time?\n"))
//	}
//
//	func (a *asking) Receive(l exchange.Link, in []byte) int {
//		n, need := decode(in) // pure, incremental
//		…
//		a.x.Stream(head, need) // once
//		a.x.Write(in[n:])      // takes everything
//		if a.need == 0 {
//			a.x.End()          // the response is complete; x is gone
//			l.Rest()           // and the link is for the next
//		} else if a.x.Full() {
//			l.Pause()          // a slow client: Woken follows when it has taken half of the window
//		}
//		return len(in)
//	}
//
//	func (a *asking) Woken(l exchange.Link) { // the exchange has changed
//		switch s := a.x.Look(); {
//		case s.Gone != nil:
//			l.Close()
//			a.x.End()
//		case s.Room > 0:
//			l.Resume()
//		}
//		// a body goes the other way: x.ReadBody while l.Queued() is small, on from Woken and Sent
//	}
//
//	func (a *asking) Gone(l exchange.Link, why *trace.Reason, err error) {
//		if l != nil && l.Reused() && !a.begun && a.x.Redial(options, a) == nil {
//			return // it had been closed while it was idle
//		}
//		… 502; a.x.End()
//	}
//
//	// within Serve, or in the function that was given to Go:
//	err := x.Dial(options, &asking{x: x, need: -1})
//
// A driver that ends must have done two things, once each: Link.Rest or Link.Close (unless it was told Gone), and
// Exchange.End. SetPace limits how fast a response leaves, whoever answers.
package exchange
