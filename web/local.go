package web

import (
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// local is the scratch memory of one goroutine that runs turns: the request that is being read and the exchange
// that most requests begin and end in, so that a request that is answered at once allocates nothing.
type local struct {
	request message.Request
	x       *exchange.Exchange
}

func newLocal() *local { return &local{x: exchange.New()} }
