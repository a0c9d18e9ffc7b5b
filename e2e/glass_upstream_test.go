package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"vitrine/observe/glass/api"
)

// upstreamConfig is a server whose answers other programs give: scripts, and an application at SOCKET.
const upstreamConfig = `
listen "ADDR" {}
log {
  file   = "access.log"
  format = "json"
}
admin "ADMIN" {
}
journeys {
  most = 0
}
header {
  set = { Vitrine-Journey = "{journey}" }
}
site "shop.test" {
  default = true
  root    = "site"
  route "/cgi-bin/*" {
    root         = "scripts"
    strip_prefix = "/cgi-bin"
    cgi { # cgi
    }
  }
  route "/app/*" {
    strip_prefix = "/app"
    fastcgi "unix:SOCKET" { # app
      keep_alive = true
      split_path_info = []
    }
  }
  route "/gone/*" {
    fastcgi "unix:SOCKET.gone" { # gone
      split_path_info = []
    }
  }
}
`

// thought is how long an application and a script of the test think about an answer.
const thought = 60 * time.Millisecond

// application answers in a thought.
func application(t *testing.T) (socket string) {
	t.Helper()
	return serveApplication(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(thought)
		if strings.HasSuffix(r.URL.Path, "/broken") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		io.WriteString(w, "the application says "+r.URL.Path+"\n")
	})
}

// serveApplication has a handler answer by FastCGI at a socket.
func serveApplication(t *testing.T, answer http.HandlerFunc) (socket string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "app") // its path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket = filepath.Join(folder, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go fcgi.Serve(l, answer)
	return socket
}

// TestGlassUpstream: the page tells of scripts and applications when they did what, whose fault a failure is, and where the
// line of the log is.
func TestGlassUpstream(t *testing.T) {
	socket := application(t)
	g := glaze(t, kernelNetwork, strings.ReplaceAll(upstreamConfig, "SOCKET", socket), "",
		file{"site/index.html", "hi\n"},
		file{"scripts/slow", fmt.Sprintf("#!/bin/sh\nsleep %.2f\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n", thought.Seconds())},
		file{"scripts/broken", "#!/bin/sh\necho 'the disk is full' >&2\nprintf 'hello without a header\\n'\n"})
	b := g.browse(t, "http://"+g.admin)
	ids := make(map[string]string)
	for name, c := range map[string]struct {
		wanted
		facts  []string // of the layer
		marks  []string
		mostly string // what the time went on
		story  string // a sentence of the page
	}{
		"script": {wanted{target: "/cgi-bin/slow", status: 200, reason: "cgi.answered", line: "cgi"}, []string{"the script /slow, process ", "exit status 0", "processor time", "memory"},
			[]string{"the script was started", "the script's answer began", "ended"}, "waiting for the script", "The script answered"},
		"script failed": {wanted{target: "/cgi-bin/broken", status: 502, reason: "gateway.not-a-field", line: "cgi"}, []string{"the script /broken"},
			[]string{"the script was started", "ended"}, "", "the disk is full"},
		"application": {wanted{target: "/app/page", status: 200, reason: "fcgi.answered", line: "app"}, []string{"unix:" + socket, "on a new connection", "bytes sent", "bytes received"},
			[]string{"connected", "first byte", "ended"}, "waiting for the application", "The application answered"},
		"application failed": {wanted{target: "/app/broken", status: 500, reason: "fcgi.answered", line: "app"}, []string{"unix:" + socket},
			[]string{"connected", "first byte", "ended"}, "waiting for the application", "The application answered"},
		"nobody": {wanted{target: "/gone/page", status: 502, reason: "fcgi.no-socket", line: "gone"}, []string{"unix:" + socket + ".gone", "no connection to it: connect: no such file"},
			[]string{"ended"}, "", "The application's socket is not there"},
	} {
		c.method, c.host = "GET", "shop.test"
		s := g.send(t, g.other, c.wanted)
		j := g.recorded(t, s.id)
		ids[name] = s.id
		if j.Reason != c.reason || !strings.Contains(j.Position, g.line(t, c.line)+":") {
			t.Errorf("%s: %s by %s, not %s by %s", name, j.Reason, j.Position, c.reason, g.line(t, c.line))
		}
		var up, log api.Layer
		for _, l := range j.Layers {
			switch l.Name {
			case "upstream":
				up = l
			case "log":
				log = l
			}
		}
		for _, fact := range c.facts {
			if !up.Used || !strings.Contains(up.Text, fact) {
				t.Errorf("%s: the upstream says %q, not %q", name, up.Text, fact)
			}
		}
		last := 0.0
		for i, m := range up.Marks {
			if i >= len(c.marks) || m.Title != c.marks[i] || m.AtUS < last || m.AtUS > j.TookUS+1000 {
				t.Errorf("%s: its moments are %+v, not %q", name, up.Marks, c.marks)
				break
			}
			last = m.AtUS
		}
		if len(up.Marks) != len(c.marks) {
			t.Errorf("%s: its moments are %+v, not %q", name, up.Marks, c.marks)
		}
		if c.mostly != "" {
			if took := up.Marks[1].AtUS - up.Marks[0].AtUS; time.Duration(took)*time.Microsecond < thought/2 || j.TookUS < micros(thought) {
				t.Errorf("%s: it thought for %v µs of %v", name, took, j.TookUS)
			}
			b.open("#/journeys/" + j.ID)
			b.has(".parts", "mostly "+c.mostly)
		}
		b.open("#/journeys/" + j.ID)
		b.has(".jverdict", fmt.Sprint(c.status))
		b.has(".view", c.story)
		b.has(".view", g.line(t, c.line))
		b.await(fmt.Sprintf(`document.querySelectorAll('.way .station-marks .nowrap').length === %d`, len(c.marks)))
		if !log.Used || !strings.HasSuffix(log.Text, "/access.log") {
			t.Errorf("%s: the log's layer says %q", name, log.Text)
		}
		b.has(".way", "access.log")
		g.logged(t, s)
		b.shoot("test-upstream-" + strings.ReplaceAll(name, " ", "-"))
	}
	b.open("#/journeys")
	b.filter("reason:fcgi.no-socket")
	b.listed(ids["nobody"])
	b.open("#/explain?url=http%3A%2F%2Fshop.test%2Fapp%2Fpage")
	b.has(".view", "would be asked")
	b.leave()
	g.stop(t)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// logged waits for the line of a request in the access log, and holds it to what happened.
func (g *glazed) logged(t *testing.T, s sent) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^.*"` + s.id + `".*$`)
	for end := time.Now().Add(deadline); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(filepath.Join(g.folder, "access.log"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if found := line.Find(text); found != nil {
			var l struct {
				Status  int
				Bytes   int
				Reasons []string
			}
			if err := json.Unmarshal(found, &l); err != nil || l.Status != s.status || l.Bytes != len(s.body) || !strings.Contains(strings.Join(l.Reasons, " "), s.reason) {
				t.Errorf("%s is logged as %s: %v", s.target, found, err)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no line of the log has journey %s:\n%s", s.id, text)
		}
	}
}

// TestGlassMeasuresWhatIsAtWork: Prometheus is told what is going on at the moment, and hostile clients make no new series.
func TestGlassMeasuresWhatIsAtWork(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool)
	socket := serveApplication(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-answer
	})
	g := glaze(t, kernelNetwork, strings.ReplaceAll(upstreamConfig, "SOCKET", socket), "",
		file{"scripts/held", "#!/bin/sh\n: >started\nwhile ! [ -e finish ]; do sleep 0.01; done\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n"})
	ended := make(chan error, 2)
	ask := func(path string) {
		resp, err := g.other.Get("http://" + g.address + path)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		ended <- err
	}
	go ask("/app/page")
	<-asked
	go ask("/cgi-bin/held")
	g.exists(t, "scripts/started")
	for name, want := range map[string]float64{"vitrine_applications_asked": 1, "vitrine_links": 1, "vitrine_links_idle": 0, "vitrine_scripts": 1,
		"vitrine_scripts_waiting": 0, "vitrine_applications_waiting": 0, "vitrine_encoders_busy": 0, "vitrine_rate_keys": 0} {
		if got := gauge(t, g, name); got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	answer <- true
	(&file{"scripts/finish", ""}).write(t, g.folder)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	for end := time.Now().Add(deadline); gauge(t, g, "vitrine_links_idle") != 1 || gauge(t, g, "vitrine_scripts") != 0 || gauge(t, g, "vitrine_applications_asked") != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is still at work:\n%s", g.raw(t, "/metrics"))
		}
	}
	before := 0
	for i := range 60 {
		r, err := http.NewRequest([]string{"GET", "BREW", fmt.Sprintf("M%d", i)}[i%3], fmt.Sprintf("http://%s/%d/\"%%0A%d?%d", g.address, i, i, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = fmt.Sprintf("host-%d.test", i)
		resp, err := g.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if i == 5 {
			before = series(t, g)
		}
	}
	if after := series(t, g); after > before {
		t.Errorf("%d series have become %d", before, after)
	}
	g.stop(t)
}

// exists waits for a file in the server's folder.
func (g *glazed) exists(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(g.folder, name)); err == nil {
			return
		}
	}
	t.Fatalf("%s is never there\n%s", name, g.errors())
}

func families(t *testing.T, g *glazed) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(bytes.NewReader(g.raw(t, "/metrics")))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func gauge(t *testing.T, g *glazed, name string) float64 {
	t.Helper()
	all := families(t, g)[name].GetMetric()
	if len(all) != 1 {
		t.Fatalf("%s is told %d times", name, len(all))
	}
	return all[0].GetGauge().GetValue()
}

// series is how many there are of requests.
func series(t *testing.T, g *glazed) (n int) {
	t.Helper()
	for name, f := range families(t, g) {
		if strings.HasPrefix(name, "vitrine_http_") {
			n += len(f.GetMetric())
		}
	}
	return n
}
