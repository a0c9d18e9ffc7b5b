package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/observe/glass/api"
)

// TestGlassSoak: a million requests, all of them recorded, or as many as VITRINE_SOAK has time for. The server's memory stays
// within what the configuration gives to journeys and a margin; and whoever looks at them, but reads slowly or not at all,
// slows no request and is sent away.
func TestGlassSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("a million requests take a while")
	}
	wrk, err := lookPath("wrk")
	if err != nil {
		t.Skip("wrk is not installed, so the million of requests is not made: apt-get install wrk")
	}
	length, _ := time.ParseDuration(os.Getenv("VITRINE_SOAK"))
	length /= 10 // other soaks have their part
	const million = 1_000_000
	const limit = 8 << 20
	const ring, kept = limit * 3 / 4, limit / 4
	g := glaze(t, kernelNetwork, glassConfig, fmt.Sprintf("memory = \"%d\"\n  kept = \"%d\"", ring, kept))

	load := &load{g: g, wrk: wrk, script: filepath.Join(g.folder, "pipeline.lua")}
	if err := os.WriteFile(load.script, []byte(pipeline), 0o644); err != nil {
		t.Fatal(err)
	}
	load.run(t, 2*time.Second) // files and pools come into being
	before := g.memory(t)

	// What it serves when nobody looks, and when somebody looks who does not read, and others who read little. What they are
	// sent takes a processor that the requests may need, too, but nobody waits: then next to nothing would be served. Should the
	// machine be busy with something else just then, the two are compared once more.
	var stuck *reader
	for try := 1; ; try++ {
		alone := load.run(t, max(4*time.Second, length/3))
		if try == 1 {
			bounded(t, g, before, limit, 0)
		}
		stuck = g.reader(t, 0)
		slow := g.reader(t, 2000)
		watched := load.run(t, max(4*time.Second, length/3))
		t.Logf("%.0f requests a second; with a stuck reader and a slow one %.0f", alone, watched)
		if watched >= alone/3 {
			break
		}
		if try == 3 {
			t.Fatalf("%.0f requests a second became %.0f when somebody looked", alone, watched)
		}
		stuck.conn.Close()
		slow.conn.Close()
	}
	for begin := time.Now(); load.requests < million && !t.Failed(); {
		load.run(t, 4*time.Second)
		bounded(t, g, before, limit, 2)
		if time.Since(begin) > 5*time.Minute {
			t.Skipf("only %d requests could be made on this machine", load.requests)
		}
	}
	var status api.Status
	g.get(t, "/api/status", &status)
	t.Logf("%d requests, %d recorded, %d in memory, in %d of %d bytes; the process has %d KiB, and had %d KiB", load.requests, status.Recording.Recorded,
		status.Recording.Journeys, status.Recording.Bytes, status.Recording.Limit, g.memory(t)>>10, before>>10)
	// What a loop cannot hand over in time, since the collector has no processor left, is counted.
	if status.Recording.Recorded+status.Recording.LeftOut < uint64(load.requests) || status.Recording.LeftOut > uint64(load.requests)/4 {
		t.Errorf("of %d requests %d were recorded and %d left out", load.requests, status.Recording.Recorded, status.Recording.LeftOut)
	}
	stuck.gone(t, 45*time.Second) // it has 30 s for each piece of what it is sent
	// It still records.
	s := g.send(t, g.http, several()[3])
	g.recorded(t, s.id)
	g.stop(t)
}

// pipeline asks for sixteen things at once.
const pipeline = `
init = function(args)
	local r = {}
	for i = 1, 16 do r[i] = wrk.format("GET", i % 8 == 0 and "/missing" .. i or "/hello?name=n" .. i) end
	all = table.concat(r)
end
request = function() return all end
`

// load is wrk at work.
type load struct {
	g           *glazed
	wrk, script string
	requests    int64 // so far
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in ([\d.]+)s`)
	wrkErrors   = regexp.MustCompile(`Socket errors: .*`)
)

// run makes requests for so long, and returns how many a second.
func (l *load) run(t *testing.T, length time.Duration) float64 {
	t.Helper()
	out, err := l.g.command(l.wrk, "-t", "1", "-c", "16", "-d", fmt.Sprintf("%ds", int(length.Seconds())), "-s", l.script, "http://"+l.g.address).CombinedOutput()
	found := wrkRequests.FindSubmatch(out)
	if err != nil || found == nil || wrkErrors.Match(out) {
		t.Fatalf("wrk: %v\n%s\n%s", err, out, l.g.errors())
	}
	n, _ := strconv.ParseInt(string(found[1]), 10, 64)
	seconds, _ := strconv.ParseFloat(string(found[2]), 64)
	l.requests += n
	return float64(n) / seconds
}

// bounded holds the memory of the recording to its limit, and that of the process to what it had before and twice what may be
// in use, since Go's heap grows to that before it is looked through: the journeys, what waits for each reader that does not
// keep up (two batches of at most 640 journeys, and one that is sent), and a margin: a million requests whose decisions are all
// their own leave some 200 MB a second behind, and the collector of garbage has no processor of its own.
func bounded(t *testing.T, g *glazed, before, limit, readers int64) {
	t.Helper()
	var status api.Status
	g.get(t, "/api/status", &status)
	if r := status.Recording; r.Bytes > r.Limit || r.Limit != limit {
		t.Errorf("journeys take %d of %d bytes, and the configuration says %d", r.Bytes, r.Limit, limit)
	}
	const waiting, margin = 12 << 20, 64 << 20
	if now := g.memory(t); now > before+2*(limit+readers*waiting+margin) {
		t.Errorf("the process has %d KiB, and had %d KiB before", now>>10, before>>10)
	}
}

// reader is somebody who follows all journeys and does not keep up.
type reader struct {
	g     *glazed
	conn  net.Conn
	begin time.Time
}

// reader follows, and reads so many bytes a second, or none.
func (g *glazed) reader(t *testing.T, rate int) *reader {
	t.Helper()
	conn, err := g.dialTo(g.admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	if _, err := fmt.Fprintf(conn, "GET /api/journeys/stream?last=100 HTTP/1.1\r\nHost: %s\r\n\r\n", g.admin); err != nil {
		t.Fatal(err)
	}
	r := &reader{g: g, conn: conn, begin: time.Now()}
	if rate > 0 {
		go func() {
			for b := make([]byte, rate/10); ; time.Sleep(100 * time.Millisecond) {
				if _, err := conn.Read(b); err != nil {
					return
				}
			}
		}()
	}
	return r
}

// gone waits until the server has closed the connection. Who does not read is not told so, and the system is asked.
func (r *reader) gone(t *testing.T, most time.Duration) {
	t.Helper()
	port := func(a net.Addr) string { return fmt.Sprintf(":%04X", a.(*net.TCPAddr).Port) }
	server, client := port(r.conn.RemoteAddr()), port(r.conn.LocalAddr())
	const established = "01"
	for end := time.Now().Add(most); ; time.Sleep(100 * time.Millisecond) {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		open := false
		for line := range strings.Lines(string(table)) {
			f := strings.Fields(line)
			open = open || len(f) > 3 && strings.HasSuffix(f[1], server) && strings.HasSuffix(f[2], client) && f[3] == established
		}
		if !open {
			t.Logf("who did not read was sent away after %v at most", time.Since(r.begin).Round(time.Second))
			return
		}
		if time.Now().After(end) {
			t.Fatalf("who does not read is still there after %v", time.Since(r.begin))
		}
	}
}
