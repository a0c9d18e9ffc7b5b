package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// family is the server's processes: itself and its children.
func (s *server) family() []int {
	all := []int{s.cmd.Process.Pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", all[i]))
		for _, t := range tasks {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], t.Name()))
			for child := range strings.FieldsSeq(string(text)) {
				if pid, err := strconv.Atoi(child); err == nil {
					all = append(all, pid)
				}
			}
		}
	}
	return all
}

// cpu is the processor time that the server has used so far.
func (s *server) cpu() time.Duration {
	var total time.Duration
	for _, pid := range s.family() {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, t := range tasks {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, t.Name()))
			if ns, _, ok := strings.Cut(string(text), " "); ok {
				n, _ := strconv.ParseInt(ns, 10, 64)
				total += time.Duration(n)
			}
		}
	}
	return total
}

// memory is the server's share of the machine's memory, in bytes.
func (s *server) memory() int64 {
	var total int64
	for _, pid := range s.family() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
				total += kib << 10
			}
		}
	}
	return total
}

// runIdle measures what a connection costs that has had an answer and waits.
func (b *bench) runIdle(names []string) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tconnections\tbytes added for each\tbytes of the whole process for each\t")
	for _, name := range names {
		s, err := b.start(name, workloads["idle"])
		if err != nil {
			return err
		}
		for range 300 { // so that what is made once is there
			if err := s.answers(workloads["idle"]); err != nil {
				return err
			}
		}
		http.DefaultClient.CloseIdleConnections()
		before := s.settled()
		conns, err := s.open(b.idle)
		if err != nil {
			return err
		}
		after := s.settled()
		for _, c := range conns {
			c.Close()
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t\n", name, len(conns), (after-before)/int64(b.idle), after/int64(b.idle))
	}
	return t.Flush()
}

// settled is the server's memory once it no longer changes.
func (s *server) settled() int64 {
	last := s.memory()
	for range 20 {
		time.Sleep(500 * time.Millisecond) // a measurement of another process has no event to wait for
		now := s.memory()
		if now == last {
			break
		}
		last = now
	}
	return last
}

// open makes n connections that have had one answer each.
func (s *server) open(n int) ([]net.Conn, error) {
	conns := make([]net.Conn, 0, n)
	for i := range n {
		// A client address has some 28,000 ports; every 5,000 connections take another one.
		from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+i/5000), 1)}
		c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port))
		if err != nil {
			return nil, err
		}
		conns = append(conns, c)
		fmt.Fprintf(c, "GET /1k.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReaderSize(c, 4<<10), nil)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != 200 {
			return nil, fmt.Errorf("an idle connection is answered with %s", resp.Status)
		}
	}
	runtime.KeepAlive(conns)
	return conns, nil
}
