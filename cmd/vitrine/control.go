package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// askTime is how long a server may take to answer a question.
const askTime = 10 * time.Second

// askFlags say which running server is asked.
type askFlags struct {
	control string
	pid     int
}

func (f *askFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.control, "control", "", "the server's control `socket`; without it, the one server that runs here")
	c.Flags().IntVar(&f.pid, "pid", 0, "the server's process `number`, when several run")
	c.MarkFlagsMutuallyExclusive("control", "pid")
}

// again is what a command must say to ask the same server.
func (f *askFlags) again() string {
	switch {
	case f.control != "":
		return " --control " + f.control
	case f.pid != 0:
		return " --pid " + strconv.Itoa(f.pid)
	}
	return ""
}

// ask finds the running server that the flags mean.
func (p *program) ask(ctx context.Context, f askFlags) (*control.Client, control.Status, error) {
	return p.askOf(ctx, f, nil)
}

// askOf finds the running server that the flags mean, or of several the one that fits.
func (p *program) askOf(ctx context.Context, f askFlags, c *choice) (*control.Client, control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if f.control != "" {
		c := control.Dial(f.control)
		s, err := c.Status(ctx)
		return c, s, err
	}
	running, denied := control.Find(ctx, os.Getenv)
	if f.pid != 0 {
		for _, r := range running {
			if r.PID == f.pid {
				return theOne(r)
			}
		}
		return nil, control.Status{}, &usageError{message: fmt.Sprintf("no server that this user may ask has the process number %d", f.pid), hint: others(running, denied)}
	}
	switch len(running) {
	case 1:
		return theOne(running[0])
	case 0:
		return nil, control.Status{}, &usageError{message: "no server runs here that this user may ask", hint: others(nil, denied)}
	}
	none := ""
	if c != nil {
		fit := slices.DeleteFunc(slices.Clone(running), func(r control.Running) bool { return r.Silent || !c.fits(ctx, &r) })
		if len(fit) == 1 {
			return theOne(fit[0])
		}
		if len(fit) == 0 {
			none = c.none
		}
	}
	return nil, control.Status{}, &usageError{message: "several servers run here" + none + "; say which one with --pid", hint: others(running, denied)}
}

// theOne is the server that is meant.
func theOne(r control.Running) (*control.Client, control.Status, error) {
	if r.Silent {
		return nil, r.Status, fmt.Errorf("the server (process %d) does not answer on %s: it is halted, or too busy", r.PID, r.Path)
	}
	return control.Dial(r.Path), r.Status, nil
}

// others tells of the servers that could be asked, and of those that could not.
func others(running []control.Running, denied []string) string {
	var lines []string
	for _, r := range running {
		if r.Silent {
			lines = append(lines, fmt.Sprintf("--pid %d  does not answer", r.PID))
			continue
		}
		network := "the kernel's sockets"
		if r.Network != "" {
			network = r.Network
		}
		line := fmt.Sprintf("--pid %d  on %s, listens on %s, for %v", r.PID, network, strings.Join(r.Addresses, ", "), since(r.Started))
		if r.Config != "" {
			line += ", " + r.Config
		}
		lines = append(lines, line)
	}
	if len(denied) > 0 {
		lines = append(lines, "other users' servers, perhaps, in "+strings.Join(denied, ", ")+": try sudo")
	}
	for _, path := range control.Foreign() {
		lines = append(lines, "another user's server, perhaps: --control "+terminal.Printable(path))
	}
	if len(lines) == 0 {
		return "start one: vitrine serve, or on its own TCP/IP stack: sudo vitrine serve --net tap:tap0,198.18.0.2/24\n" +
			"  one whose configuration names another control socket is asked with --control"
	}
	return strings.Join(lines, "\n  ")
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }

// onKernel explains why a server on the kernel's sockets cannot answer, and what can.
func (p *program) onKernel(s control.Status, what, instead string) error {
	fmt.Fprintf(p.err, "the server (process %d) runs on the kernel's sockets, so the kernel has %s:\n\n  %s\n\n"+
		"With --net, or a network block, its own TCP/IP stack carries it: vitrine serve --help\n", s.PID, what, instead)
	return exit(exitNo)
}

// ports are the ports that a server listens on, each once.
func ports(s control.Status) []string {
	var all []string
	seen := make(map[string]bool)
	for _, a := range s.Addresses {
		if _, port, err := net.SplitHostPort(a); err == nil && !seen[port] {
			seen[port] = true
			all = append(all, port)
		}
	}
	return all
}

// socketFilter is how ss is told about the ports.
func socketFilter(s control.Status) string {
	var parts []string
	for _, port := range ports(s) {
		parts = append(parts, "sport = :"+port)
	}
	return "ss -tin '" + strings.Join(parts, " or ") + "'"
}

// packetFilter is how tcpdump is told about them.
func packetFilter(s control.Status) string {
	var parts []string
	for _, port := range ports(s) {
		parts = append(parts, "tcp port "+port)
	}
	return "sudo tcpdump -i any -w capture.pcap '" + strings.Join(parts, " or ") + "'"
}

// isKernel reports whether an answer says that the server is on the kernel's sockets.
func isKernel(err error) bool { return errors.Is(err, control.ErrKernel) }

// number writes a count so that a person can read it: 1,234,567.
func number(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
