//go:build linux

// Command impaired measures how long a transfer takes over a bad path: once from a Linux kernel to another, and once
// from vitrine's own stack to a Linux kernel, through the same forwarder with the same losses. It needs root and
// makes network namespaces of its own.
//
//	go run ./bench/impaired [-seeds 10] [-cases loss1,loss5] [-mib 10] [-v]
//
// With -v each transfer is told with what it cost the sender: what the kernel's counters, or the own stack's Reasons, say
// of time-outs, probes and retransmissions, and how long it was in each state of loss recovery (sampled, which costs the
// sender a little).
//
// Three processes in three namespaces are joined by two veth pairs, with segmentation and checksum offload off so that
// a loss is one packet, and CUBIC at both ends. The process in the middle forwards frames and impairs them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"vitrine/stack/link"
)

// one is a way to treat frames, in both directions.
type one struct {
	name string
	how  link.Impairment
}

const ms = time.Millisecond

// cases are the paths that are measured.
var cases = []one{
	{"clean", link.Impairment{}},
	{"loss1", link.Impairment{Loss: 1}},
	{"loss5", link.Impairment{Loss: 5}},
	{"reorder", link.Impairment{Reorder: 1, ReorderBy: 3}},
	{"delay10", link.Impairment{Delay: 10 * ms}},
	{"delay50", link.Impairment{Delay: 50 * ms}},
	{"corrupt", link.Impairment{Corrupt: 0.1}},
	{"delay10+loss1", link.Impairment{Delay: 10 * ms, Loss: 1}},
	{"delay10+loss5", link.Impairment{Delay: 10 * ms, Loss: 5}},
	{"delay10+reorder", link.Impairment{Delay: 10 * ms, Reorder: 1, ReorderBy: 3}},
	{"delay50+loss1", link.Impairment{Delay: 50 * ms, Loss: 1}},
	{"delay50+corrupt", link.Impairment{Delay: 50 * ms, Corrupt: 0.1}},
}

// What a process of the three does.
const (
	roleVariable = "VITRINE_IMPAIRED_ROLE"
	client       = "client"
	server       = "server"
	forwarder    = "forwarder"
)

func main() {
	var err error
	switch os.Getenv(roleVariable) {
	case client:
		err = agent(fetch)
	case server:
		err = agent(serve)
	case forwarder:
		err = measure()
	default:
		err = enter()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "impaired:", err)
		os.Exit(1)
	}
}

// enter starts this program again in a namespace of its own.
func enter() error {
	if os.Geteuid() != 0 {
		return errors.New("needs root, to make network namespaces")
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), roleVariable+"="+forwarder)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	return c.Run()
}

// measure is the process in the middle.
func measure() error {
	seeds := flag.Int("seeds", 10, "how many transfers of each kind")
	names := flag.String("cases", "", "which cases, separated by commas (default all)")
	mib := flag.Int("mib", 10, "MiB in each transfer")
	up := flag.Bool("up", false, "the Linux client sends, and the server receives")
	verbose := flag.Bool("v", false, "tell of each transfer what its sender counted")
	rate := flag.Int64("rate", 0, "bits a second of the path; 0: as fast as it goes")
	flag.Parse()
	w, err := build()
	if err != nil {
		return err
	}
	defer w.close()
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(out, "case\tLinux to Linux\tvitrine\tratio\tspread (Linux)\tspread (vitrine)\t\n")
	for _, c := range cases {
		if *names != "" && !slices.Contains(strings.Split(*names, ","), c.name) {
			continue
		}
		c.how.Rate = *rate
		took := map[string][]time.Duration{}
		for seed := range *seeds {
			for _, maker := range []string{"kernel", "own"} { // in turns, so that noise meets both
				c.how.Seed = uint64(seed + 1)
				d, note, err := w.transfer(maker, *mib<<20, *up, *verbose, uint64(seed), c.how)
				if err != nil {
					return fmt.Errorf("%s, seed %d, %s: %w", c.name, seed, maker, err)
				}
				if *verbose {
					fmt.Fprintf(os.Stderr, "%s %d %-6s %v: %s\n", c.name, seed, maker, d.Round(time.Millisecond), note)
				}
				took[maker] = append(took[maker], d)
			}
		}
		k, o := took["kernel"], took["own"]
		slices.Sort(k)
		slices.Sort(o)
		fmt.Fprintf(out, "%s\t%v\t%v\t%.2f\t%v\t%v\t\n", c.name, short(median(k)), short(median(o)),
			float64(median(o))/float64(median(k)), spread(k), spread(o))
		out.Flush()
	}
	return nil
}

func median(d []time.Duration) time.Duration { return (d[(len(d)-1)/2] + d[len(d)/2]) / 2 }

func short(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func spread(d []time.Duration) string { return fmt.Sprintf("%v–%v", short(d[0]), short(d[len(d)-1])) }
