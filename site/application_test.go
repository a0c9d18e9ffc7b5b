package site

import (
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

const withHandlers = `
site "example.org" {
  header {
    set = { X-From = "rules" }
  }
  route "/api/*" {
    handler "api" {
    }
  }
}
`

func TestAGoHandlerAnswersWithTheHeaderRulesApplied(t *testing.T) {
	w := newWorld(t, nil, `site "example.org" {
}`)
	asked := 0
	h, err := New(parse(t, withHandlers), Options{Log: w.log, Applications: map[string]Application{
		"api": func(x *exchange.Exchange, head func(int, *message.Header)) {
			asked++
			header := new(message.Header)
			header.Set("Content-Length", "2")
			head(200, header)
			x.AddBytes([]byte("hi"), nil)
			x.Respond(message.NewBlock(200, header))
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w.h, w.listen = h, h.conf.Listens[0]
	r := w.ask(t, "GET /api/x")
	if r.status != 200 || r.body != "hi" || r.get("X-From") != "rules" || !r.off {
		t.Errorf("status %d, body %q, X-From %q", r.status, r.body, r.get("X-From"))
	}
	for _, c := range []struct {
		request string
		status  int
	}{
		{"OPTIONS /api/x\nOrigin: http://a\nAccess-Control-Request-Method: PUT", 200},
		{"PROPFIND /api/x", 200},
		{"TRACE /api/x", 405},
	} {
		if r := w.ask(t, c.request); r.status != c.status {
			t.Errorf("%s: status %d, want %d", c.request, r.status, c.status)
		}
	}
	if asked != 3 {
		t.Errorf("the handler was asked %d times", asked)
	}
}

func TestAHandlerThatNobodyKnowsIsAnErrorWithTheNamesThatThereAre(t *testing.T) {
	_, err := New(parse(t, withHandlers), Options{Applications: map[string]Application{"apis": nil, "shop": nil}})
	wrong, _ := err.(Errors)
	if len(wrong) != 1 || !strings.Contains(wrong[0].Hint, "apis, shop") || wrong[0].Severity != config.Error {
		t.Errorf("got %v", err)
	}
	_, err = New(parse(t, withHandlers), Options{})
	if wrong, _ = err.(Errors); len(wrong) != 1 || !strings.Contains(wrong[0].Hint, "this one has none") {
		t.Errorf("got %v", err)
	}
}
