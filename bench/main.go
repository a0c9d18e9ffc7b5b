// Command bench measures web servers side by side on one machine, in turn, in one run: vitrine against nginx and
// lighttpd, or vitrine's five I/O architectures against each other.
//
// Each server is pinned to one core and the load to another, and the rounds go round: A B C, A B C, so that a drift
// of the machine's speed falls on all alike. What to read is the server's CPU time for one request, which the load on
// the other core does not blur, and its ratio to the first server. Every answer is checked before it is counted.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "embedded" { // the server of the mix workload, which is this program too
		embedded(os.Args[2], os.Args[3])
		return
	}
	vitrine := flag.String("vitrine", "vitrine", "the vitrine program to measure")
	workloads := flag.String("workloads", "small,pipe,conn,mid,big,idle", "of small, pipe, conn, mid, big, idle, mix")
	servers := flag.String("servers", "nginx,vitrine,lighttpd", "of vitrine, vitrine:ARCHITECTURE, vitrine+log, nginx, lighttpd; the first is the measure")
	rounds := flag.Int("rounds", 5, "rounds to take the median of")
	seconds := flag.Int("seconds", 2, "length of one measurement")
	idle := flag.Int("idle", 5000, "connections of the idle workload")
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "usage: bench [flags]\n\nMeasures web servers side by side. It needs wrk and taskset, and the servers that it is to measure.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	b := &bench{vitrine: *vitrine, rounds: *rounds, length: time.Duration(*seconds) * time.Second, idle: *idle}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() { // whoever interrupts a run wants no servers left
		<-stop
		b.cleanUp()
		os.Exit(130)
	}()
	err := b.prepare()
	if err == nil {
		for _, w := range strings.Split(*workloads, ",") {
			if err = b.run(w, strings.Split(*servers, ",")); err != nil {
				break
			}
		}
	}
	b.cleanUp()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	vitrine string
	rounds  int
	length  time.Duration
	idle    int
	dir     string
	port    int
	running []*server
}

// result is one measurement.
type result struct {
	perSecond float64
	cpu       float64 // microseconds for one request
	p99       float64 // milliseconds
}

// run measures one workload.
func (b *bench) run(name string, names []string) error {
	w, ok := workloads[name]
	if !ok {
		return fmt.Errorf("no workload is called %q", name)
	}
	if name == "mix" {
		names = []string{"embedded"}
	}
	defer b.stopAll()
	fmt.Printf("\n== %s: %s\n", name, w.what)
	if name == "idle" {
		return b.runIdle(names)
	}
	var servers []*server
	for _, n := range names {
		s, err := b.start(n, w)
		if err != nil {
			return err
		}
		servers = append(servers, s)
		if _, err := b.load(s, w, time.Second); err != nil { // to warm up
			return err
		}
	}
	got := make([][]result, len(servers))
	for range b.rounds {
		for i, s := range servers {
			r, err := b.load(s, w, b.length)
			if err != nil {
				return err
			}
			got[i] = append(got[i], r)
		}
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\trequests/s\tCPU µs/request\tp99 ms\tratio of CPU\tits spread\t")
	for i, s := range servers {
		ratios := make([]float64, b.rounds)
		for k := range ratios {
			ratios[k] = got[i][k].cpu / max(got[0][k].cpu, 1e-9)
		}
		if s.alone() && !w.close {
			s.name += ", one connection"
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f–%.2f\t\n", s.name,
			median(got[i], func(r result) float64 { return r.perSecond }),
			median(got[i], func(r result) float64 { return r.cpu }),
			median(got[i], func(r result) float64 { return r.p99 }),
			middle(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	return t.Flush()
}

func median(rs []result, of func(result) float64) float64 {
	values := make([]float64, len(rs))
	for i, r := range rs {
		values[i] = of(r)
	}
	return middle(values)
}

// middle is the median.
func middle(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// prepare makes the folder that every server serves.
func (b *bench) prepare() error {
	for _, tool := range []string{"wrk", "taskset"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is missing: install it, on Debian with apt-get install wrk util-linux", tool)
		}
	}
	dir, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return err
	}
	b.dir, b.port = dir, 23800
	if err := os.Chmod(dir, 0o755); err != nil { // servers that change their user must be able to read
		return err
	}
	return b.documents()
}

func (b *bench) cleanUp() {
	b.stopAll()
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}
