package site

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/web/serve"
)

const turnSite = `
site "example.org" {
  root = "$ROOT"
  ssi {
    hold = "1KiB"
  }
  compress {
    min_size = "1KiB"
  }
}
`

// heavyPage is a page whose directives take the processor for a while.
func heavyPage(directives int) string {
	var page strings.Builder
	for i := range directives {
		fmt.Fprintf(&page, "<!--#set var=\"a\" value=\"%d.*\" --><!--#if expr=\"$QUERY_STRING = /$a(x|y)+[a-z]{30}(foo|bar|baz)*/\" -->x<!--#endif -->\n", i)
	}
	return page.String()
}

func TestAPageThatComputesTakesTurnsWithOthers(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, "", map[string]string{"heavy.shtml": heavyPage(3000)}, turnSite)
	for range cap(turns) - 1 {
		takeTurn()
		defer giveTurn()
	}
	made := make(chan string)
	go func() {
		_, _, body := c.ask("GET", "/heavy.shtml", nil, "Accept-Encoding: gzip") // the encoder wants turns as well
		made <- body
	}()
	await(t, func() bool { return len(turns) == cap(turns) })
	for range 5 {
		takeTurn() // whoever waits is the next
		select {
		case <-made:
			t.Fatal("others have a turn only when the page is made")
		default:
		}
		giveTurn()
	}
	if body := <-made; len(body) == 0 || strings.Contains(body, "[cut]") {
		t.Errorf("the page is %.100q", body)
	}
	await(t, func() bool { return len(turns) == cap(turns)-1 })
}

// BenchmarkBesideAPage measures how long others wait for a small file while eight clients have pages made that compute:
//
//	GOMAXPROCS=1 go test ./site -run xxx -bench BesideAPage -benchtime 200x
func BenchmarkBesideAPage(b *testing.B) {
	c := newCounter(b, serve.EventsPerCore, "", map[string]string{"heavy.shtml": heavyPage(3000), "a.txt": "b"}, turnSite)
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	stop := make(chan struct{})
	var pages sync.WaitGroup
	for range 8 {
		pages.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.ask("GET", "/heavy.shtml", nil)
				}
			}
		})
	}
	var all []time.Duration
	for b.Loop() {
		began := time.Now()
		fmt.Fprintf(conn, "GET /a.txt HTTP/1.1\r\nHost: example.org\r\n\r\n")
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			b.Fatal(err)
		}
		answer.Body.Close()
		all = append(all, time.Since(began))
		time.Sleep(3 * time.Millisecond)
	}
	close(stop)
	pages.Wait()
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/median")
	b.ReportMetric(float64(all[len(all)*9/10].Microseconds()), "µs/90%")
}
