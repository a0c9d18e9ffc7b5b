package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vitrine/observe/glass/api"
)

// TestPictures makes the pictures of docs/pictures in the folder that VITRINE_PICTURES names: of the example site on the own
// stack, after some minutes of visitors, or of seconds with -short. No test looks at them; people do.
func TestPictures(t *testing.T) {
	if os.Getenv("VITRINE_PICTURES") == "" {
		t.Skip("VITRINE_PICTURES does not name the folder for pictures, such as docs/pictures")
	}
	example, err := os.ReadFile(filepath.Join(moduleRoot(), "examples", "vitrine.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(`"127.0.0.0/8", "::1"`, `"198.18.0.0/24"`, `"localhost:${env("VITRINE_ADMIN_PORT", "9180")}"`, `"ADMIN"`).Replace(string(example))
	g := glaze(t, tapNetwork, config, "")
	site := filepath.Join(g.folder, "site")
	if err := os.RemoveAll(site); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(site, os.DirFS(filepath.Join(moduleRoot(), "examples", "site"))); err != nil {
		t.Fatal(err)
	}
	length := 100 * time.Second
	if testing.Short() {
		length = 8 * time.Second
	}
	b := g.browse(t, "http://"+g.admin)
	b.look("light", 1280, 820)
	b.open("#/house")
	stop := make(chan struct{})
	visits := g.visits(t, stop)
	end := sync.OnceFunc(func() {
		close(stop)
		visits.Wait()
	})
	t.Cleanup(end)
	time.Sleep(length) // the pictures show how long it was
	b.picture(t, "house-light", 1280, 1210, "light")

	b.open("#/journeys")
	b.await(`document.querySelectorAll('[role=row][data-id]').length > 15`)
	b.picture(t, "journeys-light", 1280, 780, "light")
	end()

	r, err := http.NewRequest("GET", "http://"+g.address+"/old/explain/", nil) // on a connection of its own
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "localhost:8080"
	r.Header = http.Header{"User-Agent": {agent}, "Cookie": {"session=" + secretCookie}}
	resp, err := g.other.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	b.open("#/journeys/" + g.chosen(t, "path=/old/*"))
	b.await(`document.querySelector('svg.sequence')`)
	b.await(`document.querySelector('.responsible .here')`)
	b.picture(t, "journey-dark", 1280, 1000, "dark")
	b.write(t, "wire-dark", chromedp.Screenshot(`section[aria-labelledby="wire-title"]`))

	q := url.Values{"url": {"http://localhost/explain/"}, "b.url": {"http://localhost/explain"}, "compare": {"1"}}
	b.open("#/explain?" + q.Encode())
	b.has(".explained", "They part")
	b.picture(t, "compare-dark", 1280, 1000, "dark")

	b.open("#/journeys")
	b.await(`document.querySelectorAll('[role=row][data-id]').length > 8`)
	b.picture(t, "phone-light", 390, 844, "light")
	b.open("#/journeys/" + g.chosen(t, "path=/nothing*"))
	b.await(`document.querySelector('.responsible .here')`)
	b.picture(t, "phone-dark", 390, 844, "dark")
	b.leave()
	g.stop(t)
}

// agent is what the visitors' browser calls itself.
const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

// chosen is the youngest journey that fits a query.
func (g *glazed) chosen(t *testing.T, query string) string {
	t.Helper()
	var list api.Journeys
	g.get(t, "/api/journeys?limit=1&"+query, &list)
	if len(list.Journeys) == 0 {
		t.Fatalf("no journey fits %s", query)
	}
	return list.Journeys[0].ID
}

// visits are those of people who read the example site, more and fewer of them, until stop is closed.
func (g *glazed) visits(t *testing.T, stop <-chan struct{}) *sync.WaitGroup {
	pages := [][]wanted{
		{{target: "/"}, {target: "/style.css"}, {target: "/pictures/logo.svg"}, {target: "/pictures/way.svg"}},
		{{target: "/explain/"}, {target: "/style.css"}, {target: "/pictures/way.svg"}},
		{{target: "/architectures", status: 308}, {target: "/architectures/"}, {target: "/style.css"}},
		{{target: "/old/explain/"}, {target: "/explain/"}},
		{{target: "/hello?name=Ada"}, {target: "/hello?name=Grace"}},
		{{target: "/pictures/"}, {target: "/pictures/logo.svg", header: http.Header{"Range": {"bytes=0-99"}}}},
		{{target: "/nothing-here"}}, {{target: "/favicon.ico"}}, {{target: "/health"}}, {{target: "/health", method: "HEAD"}},
		{{target: "/wp-login.php", method: "POST"}}, {{target: "/.env"}}, {{target: "/%2e%2e/vitrine.hcl"}},
		{{target: "/", host: "cat.localhost:8080"}}, {{target: "/", host: "example.org"}},
	}
	often := []int{30, 18, 8, 6, 8, 5, 3, 4, 6, 3, 2, 1, 1, 5, 1}
	total := 0
	for _, n := range often {
		total += n
	}
	var all sync.WaitGroup
	begin := time.Now()
	for range 6 {
		all.Go(func() {
			tags := make(map[string]string)
			for {
				busy := 1.2 + rand.Float64()
				if second := int(time.Since(begin).Seconds()); second/20%3 == 1 {
					busy *= 0.4
				}
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(busy * float64(50*time.Millisecond))):
				}
				n, i := rand.IntN(total), 0
				for ; n >= often[i]; i++ {
					n -= often[i]
				}
				client := g.http
				if rand.IntN(3) == 0 {
					client = g.other
				}
				for _, w := range pages[i] {
					r, err := http.NewRequest(w.method, "http://"+g.address+w.target, nil)
					if err != nil {
						t.Error(err)
						return
					}
					if r.Host = "localhost:8080"; w.host != "" {
						r.Host = w.host
					}
					for name, values := range w.header {
						r.Header[name] = values
					}
					r.Header.Set("User-Agent", agent)
					r.Header.Set("Cookie", "session="+secretCookie)
					if tag := tags[w.target]; tag != "" && w.header == nil && rand.IntN(2) == 0 {
						r.Header.Set("If-None-Match", tag)
					}
					resp, err := client.Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					buffer := new(bytes.Buffer)
					buffer.ReadFrom(resp.Body)
					resp.Body.Close()
					if resp.StatusCode == http.StatusOK {
						tags[w.target] = resp.Header.Get("ETag")
					}
				}
			}
		})
	}
	return &all
}

// picture writes what the window shows, at twice the size, in few colours.
func (b *tab) picture(t *testing.T, name string, width, height int64, scheme string) {
	t.Helper()
	b.look(scheme, width, height)
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement?.blur(); void 0`), chromedp.Sleep(1500*time.Millisecond)) // what moves comes to rest
	b.write(t, name, chromedp.CaptureScreenshot())
}

func (b *tab) write(t *testing.T, name string, shot chromedp.Action[[]byte]) {
	t.Helper()
	text, err := chromedp.Run(b.ctx, shot)
	if err != nil {
		t.Fatal(err)
	}
	full, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, few(full)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(os.Getenv("VITRINE_PICTURES"), name+".png")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d KiB", path, out.Len()>>10)
}

// few is a picture in its 256 most frequent colours, which a page has hardly more of.
func few(full image.Image) image.Image {
	bounds := full.Bounds()
	counts := make(map[color.RGBA]int)
	at := func(x, y int) color.RGBA {
		r, g, b, _ := full.At(x, y).RGBA()
		return color.RGBA{uint8(r>>8) &^ 3, uint8(g>>8) &^ 3, uint8(b>>8) &^ 3, 255}
	}
	exact := make(map[color.RGBA]map[color.RGBA]int) // what a rounded colour was, mostly
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			counts[c]++
			r, g, b, _ := full.At(x, y).RGBA()
			if exact[c] == nil {
				exact[c] = make(map[color.RGBA]int)
			}
			exact[c][color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	colours := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return counts[b] - counts[a] })
	palette := make(color.Palette, 0, 256)
	for _, c := range colours[:min(len(colours), 256)] {
		best, most := c, 0
		for e, n := range exact[c] {
			if n > most {
				best, most = e, n
			}
		}
		palette = append(palette, best)
	}
	out := image.NewPaletted(bounds, palette)
	nearest := make(map[color.RGBA]uint8)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			i, ok := nearest[c]
			if !ok {
				i = uint8(palette.Index(c))
				nearest[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}
