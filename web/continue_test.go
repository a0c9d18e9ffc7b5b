package web

import (
	"io"
	"testing"
)

// RFC 9110 §10.1.1: a client that expects 100 (Continue) is told to go on when the handler reads, and not before.
func TestAClientIsToldToGoOnWhenItsBodyIsWanted(t *testing.T) {
	for name, head := range map[string]string{
		"with a length":   upTop + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		"in another case": upTop + "expect: 100-Continue\r\nContent-Length: 5\r\n\r\n",
		"with chunks":     upTop + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			body := "hello"
			if name == "with chunks" {
				body = "5\r\nhello\r\n0\r\n\r\n"
			}
			eachArchitecture(t, func(t *testing.T, arch string) {
				begun, gate := make(chan struct{}), make(chan struct{})
				sv := start(t, arch, Settings{}, func(x *Exchange) {
					x.Go(func(x *Exchange) {
						begun <- struct{}{}
						<-gate
						b, err := io.ReadAll(x.Body())
						if err != nil {
							t.Error(err)
						}
						respond(x, 200, string(b))
					})
				})
				c := sv.dial(t)
				for range 2 { // the connection goes on as if nothing had been unusual
					c.send(head)
					await(t, "begin of the handler", begun)
					if c.br.Buffered() > 0 {
						t.Error("something was sent before the handler read")
					}
					gate <- struct{}{}
					c.expect(100, "")
					c.send(body)
					c.expect(200, "hello")
				}
			})
		})
	}
}

// A handler that answers without reading never asks for the body. The client may send it or not, so nobody could tell
// where its next request would begin: the connection ends.
func TestAClientIsNotToldToGoOnForNothing(t *testing.T) {
	for name, f := range map[string]func(x *Exchange){
		"on the loop":  numbered,
		"off the loop": func(x *Exchange) { x.Go(numbered) },
		"streamed":     func(x *Exchange) { x.Go(func(x *Exchange) { x.Stream(sized200(1), 1); x.Write([]byte("/")) }) },
	} {
		for _, sends := range []string{"", "hello"} {
			t.Run(name+", and the client sends "+sends, func(t *testing.T) {
				eachArchitecture(t, func(t *testing.T, arch string) {
					sv := start(t, arch, Settings{}, f)
					c := sv.dial(t)
					c.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
					if a := c.expect(200, "/"); !a.Close {
						t.Error("the connection was said to go on")
					}
					c.send(sends)
					c.ends()
					if o := await(t, "outcome", sv.outcomes); o.Ending.ID != "http1.close.unread" || o.Failure != nil {
						t.Error(o)
					}
				})
			})
		}
	}
}
