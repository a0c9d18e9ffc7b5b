package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"vitrine/observe/glass/api"
)

// TestGlassMany: with ten thousand journeys in its list, and more of them coming, the page never stops for long.
func TestGlassMany(t *testing.T) {
	const many = 10000
	// No browser's thread may be busy for longer with one thing, on a machine whose cores are busy with others.
	const longest = 500 // ms
	g := glaze(t, kernelNetwork, glassConfig, `memory = "64MiB"`)
	g.many(t, many)
	b := g.browse(t, "http://"+g.admin)
	b.do(chromeSize(1280, 900))
	b.open("#/journeys")
	b.do(chromedp.Evaluate[chromedp.Void](`window.long = [];
		new PerformanceObserver(l => l.getEntries().forEach(e => window.long.push(Math.round(e.duration)))).observe({type: 'longtask', buffered: true}); void 0`))
	b.await(`document.querySelectorAll('[role=row][data-id]').length > 10`)

	// To the end of the list, which asks for the older ones part by part.
	b.await(fmt.Sprintf(`(l => (l.scrollTop = l.scrollHeight, Number(l.getAttribute('aria-rowcount')) >= %d))(document.querySelector('.list'))`, many+1))
	if n := value[int](b, `document.querySelectorAll('[role=row][data-id]').length`); n > 200 {
		t.Errorf("%d rows are in the document", n)
	}
	// More come meanwhile: they wait, and move nothing.
	b.await(fmt.Sprintf(`(l => (l.scrollTop = l.scrollHeight, l.querySelector('[aria-rowindex="%d"]')))(document.querySelector('.list'))`, many+1))
	const read = `document.elementFromPoint(300, 500).closest('[data-id]').dataset.id`
	first := value[string](b, read)
	// A part at a time: of more at once than a follower is sent, the rest is only counted.
	for part := 1; part <= 4; part++ {
		g.many(t, 500)
		b.await(fmt.Sprintf(`parseInt((document.querySelector('.news')?.innerText ?? '0').replaceAll(',', '')) >= %d`, 500*part))
	}
	if now := value[string](b, read); now != first {
		t.Error("the rows that somebody reads have moved")
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('.news').click(); void 0`))
	b.await(`document.querySelector('.list').scrollTop === 0 && !document.querySelector('.news')`)
	// All through the list, a page a frame.
	b.do(chromedp.Evaluate[chromedp.Void](`window.through = false; (function down(l, y) {
		l.scrollTop = y;
		if (y < l.scrollHeight) requestAnimationFrame(() => down(l, y + 4 * l.clientHeight)); else window.through = true;
	})(document.querySelector('.list'), 0); void 0`))
	b.await(`window.through`)
	b.filter("path:/hello* status:200 method:GET")
	b.await(`document.querySelectorAll('[role=row][data-id]').length > 10`)
	b.shoot("test-many")

	tasks := value[[]int](b, `window.long`)
	t.Logf("tasks of the browser that took longer than 50 ms: %v", tasks)
	for _, ms := range tasks {
		if ms > longest {
			t.Errorf("the page stood still for %d ms", ms)
		}
	}
	var list api.Journeys
	g.get(t, fmt.Sprintf("/api/journeys?limit=%d", many), &list)
	if len(list.Journeys) != many || list.Recording.Bytes > list.Recording.Limit {
		t.Errorf("%d journeys come, in %d of %d bytes", len(list.Journeys), list.Recording.Bytes, list.Recording.Limit)
	}
	b.leave()
	g.stop(t)
}

// many makes so many requests, one after the other on each of a few connections.
func (g *glazed) many(t *testing.T, requests int) {
	t.Helper()
	const at = 8 // once
	var clients sync.WaitGroup
	for i := range at {
		clients.Go(func() {
			for j := i; j < requests; j += at {
				resp, err := g.http.Get(fmt.Sprintf("http://%s/hello?name=n%d", g.address, j))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Proto, "HTTP/1.1") {
					t.Errorf("%s %d", resp.Proto, resp.StatusCode)
					return
				}
			}
		})
	}
	clients.Wait()
}
