package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// record: record FILE begins to record the frames that pass the kernel's end of the link, as the kernel sees them.
func record(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if neg || len(args) != 1 {
		ts.Fatalf("usage: record FILE")
	}
	r, err := l.record(ts.MkAbs(args[0]), l.network.device())
	ts.Check(err)
	if l.recorders == nil {
		l.recorders = make(map[string]*recorder)
	}
	l.recorders[args[0]] = r
	ts.Defer(r.kill)
}

// recorded: recorded FILE ends what record began.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || labOf(ts).recorders[args[0]] == nil {
		ts.Fatalf("usage: recorded FILE, after record FILE")
	}
	ts.Check(labOf(ts).recorders[args[0]].stop())
}

// tshark runs Wireshark's program on a file.
func tshark(path string, args ...string) (string, error) {
	cmd := exec.Command("tshark", append([]string{"-n", "-r", path}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("tshark: %w: %s", err, errs.Bytes())
	}
	return string(out), nil
}

// findings are what Wireshark's experts have to say about a recording, but for what is excepted by a display filter:
// everything that a person should look into, and each thing that its analysis of TCP notes about a segment, such as a
// retransmission, save that a window was updated.
func findings(path, except string, checksums bool) (string, error) {
	filter := "(tcp.analysis.flags && !tcp.analysis.window_update) || _ws.expert.severity >= 0x600000 || _ws.malformed"
	if except != "" {
		filter = "(" + filter + ") && !(" + except + ")"
	}
	check := strconv.FormatBool(checksums)
	var options []string
	for _, o := range []string{"ip.check_checksum:", "tcp.check_checksum:", "udp.check_checksum:"} {
		options = append(options, "-o", o+check)
	}
	return tshark(path, append(options, "-Y", filter, "-T", "fields", "-E", "separator= ", "-e", "frame.number", "-e", "_ws.col.Protocol",
		"-e", "_ws.col.Source", "-e", "_ws.col.Info", "-e", "_ws.expert.message")...)
}

// ofProbes is what the experts say of a tail loss probe and its answer.
var ofProbes = regexp.MustCompile(`\[TCP (Spurious )?Retransmission\]|\[TCP Dup ACK |D-SACK Sequence`)

// clean: clean FILE [FILTER] says that Wireshark's experts find nothing to look into in a recording, but for frames that
// the display filter selects, and for as many retransmissions as there were tail loss probes since note. Checksums are
// verified where the frames are as a cable carries them.
func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: clean FILE [FILTER]")
	}
	l := labOf(ts)
	found, err := findings(ts.MkAbs(args[0]), append(args, "")[1], l.network == wireNetwork)
	ts.Check(err)
	all := strings.SplitAfter(strings.TrimSuffix(found, "\n"), "\n")
	probes, answers := l.probes(ts), 0
	rest := slices.DeleteFunc(slices.Clone(all), func(line string) bool {
		if line == "" || ofProbes.MatchString(line) {
			answers++ // to a probe, or the probe itself
			return true
		}
		return false
	})
	if len(rest) > 0 || found != "" && answers > 2*probes {
		ts.Fatalf("%d findings in %s, and %d probes; the first of them:\n%s", len(all), args[0], probes, strings.Join(all[:min(len(all), 20)], ""))
	}
}

// frames: frames FILE FILTER prints the number of frames that a display filter selects; it is there for stdout.
func frames(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: frames FILE FILTER")
	}
	n, err := countFrames(ts.MkAbs(args[0]), args[1])
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), n)
}

func countFrames(path, filter string) (int, error) {
	out, err := tshark(path, "-Y", filter, "-T", "fields", "-e", "frame.number")
	return strings.Count(out, "\n"), err
}

// pureAcks: pure-acks FILE MOST says how many segments there may be, for each request, that carry nothing but an
// acknowledgement, from either end.
func pureAcks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pure-acks FILE MOST")
	}
	most, err := strconv.ParseFloat(args[1], 64)
	ts.Check(err)
	// The handshake's last segment is one, too, and has acknowledged nothing but the SYN.
	const acknowledgement = "tcp.flags == 0x010 && tcp.len == 0 && tcp.ack > 1"
	out, err := tshark(ts.MkAbs(args[0]), "-Y", "http.request || ("+acknowledgement+")", "-T", "fields", "-e", "http.request.method")
	ts.Check(err)
	acks := strings.Count("\n"+out, "\n\n")
	requests := strings.Count(out, "\n") - acks
	if requests == 0 {
		ts.Fatalf("there are no requests in %s", args[0])
	}
	each := float64(acks) / float64(requests)
	ts.Logf("%d pure acknowledgements for %d requests: %.3f each", acks, requests, each)
	if each > most {
		ts.Fatalf("%d pure acknowledgements for %d requests: %.3f each, more than %g", acks, requests, each, most)
	}
}

var journeyID = regexp.MustCompile(`\b[0-9a-f]{16}\b`)

// journeys: journeys CAPTURE LOG says that the capture's comments name the journeys of the log's lines, and no others.
func journeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: journeys CAPTURE LOG")
	}
	comments, err := tshark(ts.MkAbs(args[0]), "-T", "fields", "-e", "frame.comment")
	ts.Check(err)
	captured, logged := unique(journeyID.FindAllString(comments, -1)), unique(journeyID.FindAllString(ts.ReadFile(args[1]), -1))
	if len(logged) == 0 || !slices.Equal(captured, logged) {
		ts.Fatalf("the capture names %d journeys and the log %d:\n%v\n%v", len(captured), len(logged), captured, logged)
	}
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// unreachable: unreachable HOST PORT says that a datagram to this address is answered with "port unreachable".
func unreachable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unreachable HOST PORT")
	}
	err := labOf(ts).datagram(args[0], args[1])
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		ts.Fatalf("a datagram to %s port %s: %v", args[0], args[1], err)
	}
}

// awaitOutput: await-output REGEXP PROGRAM ARGS... runs a program until what it prints matches.
func awaitOutput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await-output REGEXP PROGRAM ARGS...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	var got []byte
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		cmd := exec.Command("env", args[1:]...) // which looks in the script's PATH
		cmd.Env, cmd.Dir = environment(ts), ts.MkAbs(".")
		if got, _ = cmd.Output(); want.Match(got) {
			return
		}
	}
	ts.Fatalf("%s never printed %s; last:\n%s", strings.Join(args[1:], " "), args[0], got)
}

// hold: hold PATH asks for something on a connection of its own and reads nothing of the answer, until the script ends or
// lets go of it.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if neg || len(args) != 1 || l.held != nil {
		ts.Fatalf("usage: hold PATH, once")
	}
	var err error
	l.held, err = l.dial()
	ts.Check(err)
	ts.Defer(func() { l.held.Close() })
	_, err = fmt.Fprintf(l.held, "GET %s HTTP/1.1\r\nHost: a.test\r\n\r\n", args[0])
	ts.Check(err)
}

// letGo: let-go closes the connection that is held, although not everything was read.
func letGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 || labOf(ts).held == nil {
		ts.Fatalf("usage: let-go, after hold")
	}
	ts.Check(labOf(ts).held.Close())
}
