package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// tally is what the kernel has counted in a namespace, by the names that nstat gives.
type tally map[string]int64

// troubles are the kernel's counters that nothing on a clean link may move: each is damage, loss, disorder, or a segment
// that its receiver did not want.
var troubles = []string{
	"IpInHdrErrors", "IpInUnknownProtos", "IpReasmFails", "IpFragFails", "IpExtInCsumErrors", "IpExtInTruncatedPkts",
	"IcmpInErrors", "IcmpInCsumErrors", "UdpInErrors", "UdpInCsumErrors",
	"Ip6InHdrErrors", "Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6ReasmFails", "Ip6FragFails",
	"Icmp6InErrors", "Icmp6InCsumErrors", "Udp6InErrors", "Udp6InCsumErrors",
	"TcpInErrs", "TcpInCsumErrors", "TcpRetransSegs", "TcpAttemptFails", "TcpEstabResets",
	"TcpExtTCPTimeouts", "TcpExtTCPLossProbes", "TcpExtTCPLostRetransmit", "TcpExtTCPFastRetrans", "TcpExtTCPSlowStartRetrans",
	"TcpExtTCPRetransFail", "TcpExtTCPSynRetrans", "TcpExtTCPSackRecoveryFail", "TcpExtTCPSpuriousRTOs",
	"TcpExtTCPSACKReorder", "TcpExtTCPRenoReorder", "TcpExtTCPTSReorder", "TcpExtTCPSACKReneging", "TcpExtTCPSACKDiscard",
	"TcpExtTCPDSACKRecv", "TcpExtTCPDSACKOfoRecv", "TcpExtTCPDSACKIgnoredOld", "TcpExtTCPDSACKIgnoredNoUndo",
	"TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKOfoSent", "TcpExtTCPOFOQueue", "TcpExtTCPOFODrop", "TcpExtTCPOFOMerge",
	"TcpExtTCPChallengeACK", "TcpExtTCPSYNChallenge", "TcpExtPAWSActive", "TcpExtPAWSEstab", "TcpExtPAWSOldAck",
	"TcpExtTCPACKSkippedSynRecv", "TcpExtTCPACKSkippedPAWS", "TcpExtTCPACKSkippedSeq", "TcpExtTCPACKSkippedChallenge",
	"TcpExtTCPAbortOnTimeout", "TcpExtTCPAbortOnMemory", "TcpExtTCPAbortOnLinger", "TcpExtTCPAbortFailed",
	"TcpExtTCPRcvQDrop", "TcpExtTCPZeroWindowDrop", "TcpExtTCPBacklogDrop", "TcpExtTCPMinTTLDrop", "TcpExtRcvPruned", "TcpExtOfoPruned",
}

// count reads the kernel's counters.
func (l *lab) count() (tally, error) {
	t := make(tally)
	var err error
	l.ns.do(func() {
		for _, file := range []string{"snmp", "netstat", "snmp6"} {
			b, e := os.ReadFile("/proc/thread-self/net/" + file)
			if e != nil {
				err = e
				return
			}
			if file == "snmp6" {
				t.addPairs(string(b))
			} else {
				t.addTables(string(b))
			}
		}
	})
	return t, err
}

// addPairs reads lines of a name and a number.
func (t tally) addPairs(text string) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 {
			t[f[0]], _ = strconv.ParseInt(f[1], 10, 64)
		}
	}
}

// addTables reads pairs of lines, one of names and one of numbers, that begin with the same word.
func (t tally) addTables(text string) {
	var names []string
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || len(names) == 0 || names[0] != f[0] {
			names = f
			continue
		}
		for i := 1; i < min(len(names), len(f)); i++ {
			t[strings.TrimSuffix(f[0], ":")+names[i]], _ = strconv.ParseInt(f[i], 10, 64)
		}
		names = nil
	}
}

// trouble is what moved since another tally among the counters that may not, but for those that are excepted.
func (t tally) trouble(since tally, except ...string) []string {
	var moved []string
	for _, name := range troubles {
		if d := t[name] - since[name]; d != 0 && !slices.Contains(except, name) {
			moved = append(moved, fmt.Sprintf("%s +%d", name, d))
		}
	}
	return moved
}

// note: note remembers what the kernel has counted.
func note(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: note")
	}
	l := labOf(ts)
	var err error
	l.noted, err = l.count()
	ts.Check(err)
}

// untroubled: untroubled [COUNTER...] says that since note the kernel's end of the link has met no damage, loss or
// disorder, and nothing that it did not want, but for the counters named.
func untroubled(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if neg || l.noted == nil {
		ts.Fatalf("usage: untroubled [COUNTER...], after note")
	}
	now, err := l.count()
	ts.Check(err)
	if moved := now.trouble(l.noted, args...); len(moved) > 0 {
		ts.Fatalf("the kernel has met trouble: %s", strings.Join(moved, ", "))
	}
}

// moved: moved COUNTER N says that since note a counter of the kernel has moved by at least N; ! moved, that it has not.
func moved(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if len(args) != 2 || l.noted == nil {
		ts.Fatalf("usage: moved COUNTER N, after note")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	now, err := l.count()
	ts.Check(err)
	if d := now[args[0]] - l.noted[args[0]]; (d >= n) == neg {
		ts.Fatalf("%s has moved by %d", args[0], d)
	}
}
