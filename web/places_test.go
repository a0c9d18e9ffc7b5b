package web

import (
	"io"
	"testing"

	"vitrine/web/message"
)

// A handler whose client takes nothing, or sends nothing more of its request's body, keeps no place from others.
func TestSlowClientsKeepNoHandlersPlace(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		begun := make(chan struct{}, 10)
		sv := start(t, arch, Settings{Handlers: 1}, func(x *Exchange) {
			switch string(x.Request.Path()) {
			case "/endless":
				x.Go(func(x *Exchange) {
					begun <- struct{}{}
					x.Stream(message.NewBlock(200, new(message.Header)), -1)
					for err := error(nil); err == nil; {
						_, err = x.Write(make([]byte, 64<<10))
					}
				})
			case "/body":
				x.Go(func(x *Exchange) {
					begun <- struct{}{}
					io.Copy(io.Discard, x.Body())
					respond(x, 200, "read")
				})
			default:
				x.Go(func(x *Exchange) { respond(x, 200, "quick") })
			}
		})
		var slow []*client
		for range 3 {
			taker, giver := sv.dial(t), sv.dial(t)
			taker.send(get("/endless"))
			await(t, "endless answer", begun)
			giver.send("POST /body HTTP/1.1\r\nHost: example.org\r\nContent-Length: 10\r\n\r\n12345")
			await(t, "body", begun)
			slow = append(slow, giver)
		}
		quick := sv.dial(t)
		quick.send(get("/quick"))
		quick.expect(200, "quick")
		for _, c := range slow {
			c.send("67890")
			c.expect(200, "read")
		}
	})
}
