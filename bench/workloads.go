package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// workload is a way of asking.
type workload struct {
	what        string
	path        string
	size        int
	connections int
	script      string // for wrk
	close       bool
}

var workloads = map[string]workload{
	"small": {"1 KiB, kept alive, 64 connections", "/1k.html", 1 << 10, 64, "", false},
	"pipe":  {"the same with 16 requests in flight on each", "/1k.html", 1 << 10, 64, pipeline, false},
	"conn":  {"1 KiB, a connection for each request", "/1k.html", 1 << 10, 64, "", true},
	"mid":   {"100 KiB, 32 connections", "/100k.html", 100 << 10, 32, "", false},
	"big":   {"10 MiB, 8 connections", "/10m.bin", 10 << 20, 8, "", false},
	"idle":  {"memory of kept connections that do nothing", "/1k.html", 1 << 10, 0, "", false},
	"mix":   {"1 KiB; one request in ten runs an http.Handler that allocates", "/1k.html", 1 << 10, 64, mixed, false},
}

const pipeline = `init = function(args)
  local all = {}
  for i = 1, 16 do all[i] = wrk.format(nil, "/1k.html") end
  together = table.concat(all)
end
request = function() return together end
`

const mixed = `local n = 0
request = function()
  n = n + 1
  if n % 10 == 0 then return wrk.format(nil, "/handler?n=" .. n) end
  return wrk.format(nil, "/1k.html")
end
`

func (b *bench) documents() error {
	root := filepath.Join(b.dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	for name, size := range map[string]int{"1k.html": 1 << 10, "100k.html": 100 << 10, "10m.bin": 10 << 20} {
		if err := os.WriteFile(filepath.Join(root, name), bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var (
	requestsIn = regexp.MustCompile(`(\d+) requests in`)
	perSecond  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	ninetyNine = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)`)
	badStatus  = regexp.MustCompile(`Non-2xx or 3xx responses: \d+`)
	badSocket  = regexp.MustCompile(`Socket errors: .*`)
)

// load asks a server for a while and measures what that cost it.
func (b *bench) load(s *server, w workload, length time.Duration) (result, error) {
	connections := w.connections
	if s.alone() && !w.close {
		connections = 1 // the others would wait for as long as this one is kept
	}
	args := []string{"-c", "1", "wrk", "-t1", "-c" + strconv.Itoa(connections), fmt.Sprintf("-d%ds", int(length.Seconds())), "--latency"}
	if w.script != "" {
		file := filepath.Join(b.dir, "script.lua")
		if err := os.WriteFile(file, []byte(w.script), 0o644); err != nil {
			return result{}, err
		}
		args = append(args, "-s", file)
	}
	if w.close {
		args = append(args, "-H", "Connection: close")
	}
	before := s.cpu()
	out, err := exec.Command("taskset", append(args, s.url(w.path))...).CombinedOutput()
	used := s.cpu() - before
	if err != nil {
		return result{}, fmt.Errorf("wrk: %v: %s", err, out)
	}
	if bad := badStatus.Find(out); bad != nil {
		return result{}, fmt.Errorf("%s: %s", s.name, bad)
	}
	if bad := badSocket.Find(out); bad != nil {
		return result{}, fmt.Errorf("%s: %s", s.name, bad)
	}
	number := func(re *regexp.Regexp) float64 {
		m := re.FindSubmatch(out)
		if m == nil {
			return 0
		}
		n, _ := strconv.ParseFloat(string(m[1]), 64)
		return n
	}
	n := number(requestsIn)
	if n == 0 {
		return result{}, fmt.Errorf("%s answered nothing: %s", s.name, out)
	}
	r := result{perSecond: number(perSecond), cpu: used.Seconds() * 1e6 / n, p99: number(ninetyNine)}
	if m := ninetyNine.FindSubmatch(out); m != nil {
		r.p99 *= map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[string(m[2])]
	}
	return r, nil
}
