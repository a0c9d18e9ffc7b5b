package site

import (
	"net/netip"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/site/elsewhere"
)

func TestAnOverloadedServerSendsClientsToAnother(t *testing.T) {
	w := newWorld(t, map[string]string{"a.html": "here"}, `
site "example.org" {
  root = "$ROOT"
  balance {
    measure = "requests"
    above   = 10
    server "http://b.example.org/base/" {
    }
  }
  route "/form" {
    balance {
      measure = "requests"
      above   = 10
      status  = 303
      mark    = ""
      server "http://b.example.org" {
      }
    }
    respond {
      body = "form"
    }
  }
}`)
	busy := int64(0)
	w.h.opt.Load = func(measure string) int64 {
		if measure != "requests" {
			t.Errorf("asked for %s", measure)
		}
		return busy
	}
	for _, step := range []struct {
		busy     int64
		request  string
		status   int
		location string
	}{
		{10, "GET /a.html", 200, ""},
		{11, "GET /a.html?x=1&y=%20", 307, "http://b.example.org/base/a.html?x=1&y=%20&balanced=1"},
		{11, "GET //a.html", 307, "http://b.example.org/base/a.html?balanced=1"},
		{11, "GET /a.html?balanced=1", 200, ""}, // another one has sent it here
		{10, "DELETE /form", 200, ""},           // 303 would make it GET
		{10, "GET /form", 303, "http://b.example.org/form"},
		{10, "POST /form\nContent-Length: 3", 200, ""},
		{10, "HEAD /nothing", 307, "http://b.example.org/base/nothing?balanced=1"},
		{9, "GET /a.html", 200, ""},
		{10, "GET /a.html", 200, ""}, // it must rise above 10 again
	} {
		busy = step.busy
		r := w.ask(t, step.request)
		if r.status != step.status || r.get("Location") != step.location {
			t.Errorf("%d busy, %s: %d %q", step.busy, step.request, r.status, r.get("Location"))
		}
		if step.location != "" && r.get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", step.request, r.get("Cache-Control"))
		}
	}
	busy = 11
	w.tracer = true
	r := w.ask(t, "GET /a.html")
	if r.status != 307 || !strings.Contains(r.reasons, Overloaded.ID) {
		t.Errorf("explained: %d by %s", r.status, r.reasons)
	}
	found := false
	for _, e := range r.journey.Events {
		found = found || e.Reason == elsewhere.ByAffinity && e.Position.Line > 0 && e.Taken
	}
	if !found {
		t.Errorf("nobody says why that server: %+v", r.journey.Events)
	}
}

func TestAClientIsSentToTheServerThatIsForIt(t *testing.T) {
	w := newWorld(t, map[string]string{"a.html": "here"}, `
site "example.org" {
  root = "$ROOT"
  nearer {
    server "http://eu.example.org" {
      here     = true
      networks = ["192.0.2.0/24"]
    }
    server "http://asia.example.org" {
      networks = ["198.51.100.0/24"]
    }
  }
}`)
	for address, location := range map[string]string{"192.0.2.7:1": "", "198.51.100.7:1": "http://asia.example.org/a.html?q"} {
		for range 3 {
			x := w.begin(t, "GET /a.html?q")
			x.Peer.Remote = netip.MustParseAddrPort(address)
			x.Client = x.Peer.Remote
			w.h.Serve(x)
			r := w.finish(t, x)
			if r.get("Location") != location || (r.status == 307) != (location != "") {
				t.Errorf("%s: %d %s", address, r.status, r.get("Location"))
			}
		}
	}
	x := w.begin(t, "POST /a.html\nContent-Length: 3")
	x.Peer.Remote = netip.MustParseAddrPort("198.51.100.7:1")
	w.h.Serve(x)
	if r := w.finish(t, x); r.status != 405 {
		t.Errorf("a body: %d", r.status)
	}
}

func TestStateIsPutIntoTheURL(t *testing.T) {
	w := newWorld(t, map[string]string{"a.html": "here"}, `
site "example.org" {
  root = "$ROOT"
  augment "visit" {
    value = "{journey}"
    valid = "[0-9a-f]{16}"
  }
  route "/none" {
    augment "name" {
      value = "{request.X-Name}"
    }
    respond {
      body = "{query.name}"
    }
  }
}`)
	r := w.ask(t, "GET /a.html?a=1&visit=zzz&b=2")
	location := r.get("Location")
	if r.status != 302 || !strings.HasPrefix(location, "?a=1&b=2&visit=") || len(location) != len("?a=1&b=2&visit=")+16 {
		t.Fatalf("%d %s", r.status, location)
	}
	if r := w.ask(t, "GET /a.html"+location); r.status != 200 || r.body != "here" {
		t.Errorf("with its state: %d", r.status)
	}
	if r := w.ask(t, "GET /none"); r.status != 200 || !strings.Contains(r.reasons, "respond") {
		t.Errorf("without a value: %d", r.status)
	}
	if r := w.ask(t, "GET /none\nX-Name: a b&c"); r.get("Location") != "?name=a%20b%26c" {
		t.Errorf("Location is %q", r.get("Location"))
	}
	if r := w.ask(t, "GET /none?name=a%20b%26c\nX-Name: x"); r.body != "a b&c" {
		t.Errorf("body is %q", r.body)
	}
	if r := w.ask(t, "POST /none\nX-Name: x"); r.status != 200 {
		t.Errorf("POST: %d", r.status)
	}
}

func TestACircleOfRedirectsEnds(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  route "/a/*" {
    redirect "/b/{path.tail}" {
    }
  }
  route "/b/*" {
    redirect "/a/{path.tail}" {
    }
  }
}`)
	at := "/a/x"
	for hop := range 12 {
		r := w.ask(t, "GET "+at)
		if r.status == 508 {
			if hop != 10 || !strings.Contains(r.reasons, RedirectCircle.ID) {
				t.Errorf("after %d redirects, by %s", hop, r.reasons)
			}
			return
		}
		at = r.get("Location")
	}
	t.Error("it did not end")
}

func TestACircleEndsHoweverItsURLsAreWritten(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  route "/letters/*" {
    redirect "/letters/{path.tail}" {
    }
  }
  route "/slashes/*" {
    redirect "/slashes//./{path.tail}" {
    }
  }
  route "/port/*" {
    redirect "HTTP://EXAMPLE.org:80/port/{path.tail}#there" {
    }
  }
}`)
	for _, path := range []string{"/letters/%7Ex%28%27", "/letters/%E2%82%AC", "/slashes/x", "/port/x"} {
		hops := 0
		for ; hops < 12; hops++ {
			if r := w.ask(t, "GET "+path); r.status == 508 {
				break
			}
		}
		if hops != 10 {
			t.Errorf("%s was sent on %d times, not 10", path, hops)
		}
	}
}

func TestRoutesThatInheritABalanceShareItsGaugeAndItsChecks(t *testing.T) {
	w := newWorld(t, nil, `
balance {
  server "http://b.example.org" {
  }
  check "/health" {
  }
}
site "example.org" {
  route "/a" {
    respond {
    }
  }
  route "/b" {
    respond {
    }
  }
}`)
	a, b := w.h.anywhere.sites[0].each[0].divert, w.h.anywhere.sites[0].each[1].divert
	if a.gauge != b.gauge || a.others.checker != b.others.checker || len(w.h.checkers) != 1 {
		t.Error("each has its own")
	}
	w.h.serverChanged("http://b.example.org", false, "503 Service Unavailable")
	w.h.serverChanged("http://b.example.org", true, "200 OK")
	if len(w.told) != 2 || !strings.Contains(w.told[0], "not well") || !strings.Contains(w.told[1], "well again") {
		t.Errorf("told %q", w.told)
	}
	var none *config.Augment
	if a.augment != none {
		t.Error("state comes from nowhere")
	}
}
