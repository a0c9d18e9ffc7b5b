package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"vitrine/observe/glass/api"
)

// TestGlassHouse: the other views, while clients ask: rates that move, the socket that is held open, a dry run, a comparison
// that says where two part, and reasons that are counted.
func TestGlassHouse(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		g := glaze(t, n, glassConfig, "")
		held, err := g.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		b := g.browse(t, "http://"+g.admin)
		b.house(g)

		b.open("#/sockets")
		row := fmt.Sprintf(`[...document.querySelectorAll('.sockets-table .row')].find(r => r.dataset.state === 'ESTABLISHED' && r.innerText.includes(%q))`, held.LocalAddr().String())
		b.await(row)
		b.await(`[...document.querySelectorAll('.sockets-table .row')].some(r => r.dataset.state === 'LISTEN')`)
		held.Close()
		b.await(`!(` + row + `)`) // it ended, and rests at most

		b.explains(g)
		b.compares(g)
		b.counts(g)
		b.leave()
		g.stop(t)
	})
}

// house watches the layers while clients ask.
func (b *tab) house(g *glazed) {
	b.t.Helper()
	b.open("#/house")
	b.await(`document.querySelector('[data-floor=http]')`)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	defer clients.Wait()
	defer close(stop)
	clients.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				resp, err := g.http.Get("http://" + g.address + "/hello")
				if err != nil {
					b.t.Error(err)
					return
				}
				resp.Body.Close()
			}
		}
	})
	rate := func(floor, direction string) string {
		return fmt.Sprintf(`/: [\d.]*[1-9][\d.]*\D.* a second, /.test(document.querySelector('[data-floor=%s] .shaft.%s .unseen')?.textContent)`, floor, direction)
	}
	floors := []string{"http", "site", "response"}
	if g.network.own() {
		floors = append(floors, "adapter", "ip", "tcp")
	}
	for _, floor := range floors {
		b.await(rate(floor, "in"))
	}
	b.await(`document.querySelectorAll('.chart canvas').length >= 4`)
	first := value[string](b, `document.querySelector('[data-floor=http] .shaft.in .unseen').textContent`)
	b.await(fmt.Sprintf(`document.querySelector('[data-floor=http] .shaft.in .unseen').textContent !== %q`, first))
	b.await(`[...document.querySelectorAll('.sites tbody tr')].some(r => r.innerText.includes('127.0.0.1') || r.innerText.includes('shop.test'))`)
	b.shoot("test-house-" + g.network.name)
}

// explains asks for a dry run, which counts nothing.
func (b *tab) explains(g *glazed) {
	b.t.Helper()
	var before, after api.Journeys
	g.get(b.t, "/api/journeys?limit=1", &before)
	b.open("#/explain")
	b.await(`document.querySelector('.asking .url')`)
	b.press("/")
	b.await(`document.activeElement?.matches('.url')`)
	b.keys("http://shop.test/old/x" + kb.Enter)
	b.has(".verdict", "308")
	b.has(".verdict", "site.redirect")
	b.await(`document.querySelector('.verdict .here')`)
	if here := b.text(`document.querySelector('.verdict .here')`); !strings.Contains(here, "# old") {
		b.t.Errorf("the line of the dry run is %q", here)
	}
	g.get(b.t, "/api/journeys?limit=1", &after)
	if before.Recording.Recorded != after.Recording.Recorded {
		b.t.Error("a dry run was recorded as if it had happened")
	}
}

// compares two dry runs, and one with what happened.
func (b *tab) compares(g *glazed) {
	b.t.Helper()
	for _, test := range []struct{ first, second, parts string }{
		{"http://shop.test/old/x", "http://shop.test/hello", "at the route"},
		{"http://shop.test/hello", "http://quiet.test/hello", "at the site"},
		{"http://shop.test/index.html", "http://shop.test/missing.html", "at the file"},
		{"http://shop.test/hello?name=a", "http://shop.test/hello?name=b", "alike"},
	} {
		q := url.Values{"url": {test.first}, "b.url": {test.second}, "compare": {"1"}}
		b.open("#/explain?" + q.Encode())
		b.has(".explained", test.parts)
	}
	s := g.send(b.t, g.http, wanted{method: "GET", host: "shop.test", target: "/missing.html", status: 404})
	g.recorded(b.t, s.id)
	b.open("#/explain?" + url.Values{"journey": {s.id}, "compare": {"1"}}.Encode())
	b.await(`document.querySelector('[data-form=b] .url')?.value.endsWith('/missing.html')`)
	b.has(".explained", "alike")
}

// counts looks for a reason whose count rises by the requests that are made.
func (b *tab) counts(g *glazed) {
	b.t.Helper()
	const id = "resource.missing"
	reached := func() (n uint64) {
		var all []api.Counted
		g.get(b.t, "/api/reasons", &all)
		for _, r := range all {
			if r.ID == id {
				n = r.Reached
			}
		}
		return n
	}
	before := reached()
	// Asked for once, so that what the requests below cost is known: each looks for as many files.
	g.send(b.t, g.http, wanted{method: "GET", host: "shop.test", target: "/missing/a", status: 404})
	each := reached() - before
	b.open("#/reasons?id=" + id)
	count := fmt.Sprintf(`document.getElementById(%q)?.querySelector('.catalogued-count b')?.textContent`, id)
	b.await(count + fmt.Sprintf(` === "%d"`, before+each))
	const requests = 7
	for i := range requests {
		g.send(b.t, g.http, wanted{method: "GET", host: "shop.test", target: fmt.Sprintf("/missing/b%d", i), status: 404})
	}
	b.await(count + fmt.Sprintf(` === "%d"`, before+each*(1+requests)))
}

// TestGlassHostile: whatever a client writes, the page shows it as text.
func TestGlassHostile(t *testing.T) {
	g := glaze(t, kernelNetwork, glassConfig, "")
	long := strings.Repeat("long-", 700)
	hostile := []string{
		"GET /<img/src=x/onerror=window.pwned=1> HTTP/1.1\r\nHost: shop.test\r\nVia-Nobody: <script>window.pwned=1</script>\r\nConnection: close\r\n\r\n",
		"GET /%3Cimg%20src=x%20onerror=window.pwned=1%3E?<svg/onload=window.pwned=1> HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: \"><img src=x onerror=window.pwned=1>\r\nConnection: close\r\n\r\n",
		"GET /b HTTP/1.1\r\nHost: <img src=x onerror=window.pwned=1>\r\nConnection: close\r\n\r\n",
		"GET /override\u202egnp.exe HTTP/1.1\r\nHost: shop.test\r\nX-Right: to\u202eleft\r\nConnection: close\r\n\r\n",
		"GET /" + long + "?" + long + " HTTP/1.1\r\nHost: shop.test\r\nX-Long: " + long + "\r\nConnection: close\r\n\r\n",
		"GET /nul%00%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n",
		"<ScRiPt>window.pwned=1</ScRiPt> / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n",
	}
	for _, text := range hostile {
		conn, err := g.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 100) // an answer of any kind
		conn.Read(buffer)
		conn.Close()
		if !strings.HasPrefix(string(buffer), "HTTP/1.1 ") {
			t.Errorf("%.40q was answered with %.40q", text, buffer)
		}
	}
	b := g.browse(t, "http://"+g.admin)
	b.do(chromeSize(1000, 800))
	b.open("#/journeys")
	b.await(fmt.Sprintf(`document.querySelectorAll('[role=row][data-id]').length === %d`, len(hostile)))
	b.shoot("test-hostile")
	pictures := func(where string) {
		t.Helper()
		if n := value[int](b, `document.querySelectorAll('#view img, #view script, #view [onerror], #view [onload]').length`); n != 0 {
			t.Errorf("%s: %d elements of a client are in the page", where, n)
		}
		if value[bool](b, `window.pwned !== undefined`) {
			t.Fatalf("%s: a client's script has run", where)
		}
		if value[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			b.shoot("failed-width")
			t.Errorf("%s: the page is wider than its window", where)
		}
	}
	pictures("the list")
	for _, want := range []string{"<img/src=x", `\u{202e}`, "long-long-"} {
		b.await(fmt.Sprintf(`document.querySelector('.list').textContent.includes(%q)`, want))
	}
	if value[bool](b, `/[\u202a-\u202e\u2066-\u2069]/.test(document.querySelector('.list').textContent)`) {
		t.Error("a client's words turn the direction of the page's")
	}
	for _, row := range b.rows() {
		b.open("#/journeys/" + row.ID)
		b.await(fmt.Sprintf(`document.querySelector('.journey-id')?.textContent === %q && document.querySelector('.message')`, row.ID))
		pictures(row.Target[:min(len(row.Target), 30)])
		if strings.Contains(row.Target, "<img") {
			b.await(`document.querySelector('h1').textContent.includes("<img")`)
		}
		if strings.Contains(row.Target, "long-") {
			b.shoot("test-hostile-one")
		}
	}
	// A view's own address is a client's text, too: a link that somebody sends.
	for _, view := range []string{"journeys?text=", "explain?url=", "reasons?text=", "sockets?text=", "journeys/", "nothing?"} {
		b.open("#/" + view + url.QueryEscape("<img src=x onerror=window.pwned=1>"))
		b.await(`document.querySelector('.view')?.innerText.length > 10`)
		pictures(view)
	}
	// A command that is copied from the page commands no terminal when it is pasted.
	b.open("#/explain?url=" + url.QueryEscape("http://shop.test/\x1b[201~\u202e'") + "&header=" + url.QueryEscape("X-A: \x1b]0;title\a"))
	b.await(`document.querySelector('.command code')?.textContent.includes("vitrine explain")`)
	if value[bool](b, `/[\p{Cc}\p{Cf}]/u.test(document.querySelector('.command code').textContent)`) {
		t.Errorf("a command to copy has control characters: %q", value[string](b, `document.querySelector('.command code').textContent`))
	}
	b.expected("404") // the journey of that name
	b.expected("400")
	b.expected("There is no page called")
	b.leave()
	g.stop(t)
}

// TestGlassGone: the page says that the server was stopped, and goes on when it is there again.
func TestGlassGone(t *testing.T) {
	g := glaze(t, kernelNetwork, glassConfig, "")
	first := g.send(t, g.http, several()[0])
	b := g.browse(t, "http://"+g.admin)
	b.open("#/journeys")
	b.listed(first.id)
	g.stop(t)
	b.has("#notice", "The server does not answer")
	b.listed(first.id) // what was known is still shown
	g.begin(t)
	g.http.Transport.(*http.Transport).CloseIdleConnections()
	b.await(`!document.querySelector('#notice').innerText`)
	second := g.send(t, g.http, several()[3])
	b.await(fmt.Sprintf(`[...document.querySelectorAll('[role=row][data-id]')].some(r => r.dataset.id === %q)`, second.id))
	b.expected("net::ERR_")
	b.leave()
	g.stop(t)
}
