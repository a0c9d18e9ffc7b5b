package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// tally is what the kernel has counted in a namespace, by the names that nstat gives, and the own stack, by its Reasons.
type tally map[string]int64

// troubles are the kernel's counters that nothing on a clean link may move: each is damage, loss, disorder, or a segment
// that its receiver did not want.
var troubles = []string{
	"IpInHdrErrors", "IpInUnknownProtos", "IpReasmFails", "IpFragFails", "IpExtInCsumErrors", "IpExtInTruncatedPkts",
	"IcmpInErrors", "IcmpInCsumErrors", "UdpInErrors", "UdpInCsumErrors",
	"Ip6InHdrErrors", "Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6ReasmFails", "Ip6FragFails",
	"Icmp6InErrors", "Icmp6InCsumErrors", "Udp6InErrors", "Udp6InCsumErrors",
	"TcpInErrs", "TcpInCsumErrors", "TcpRetransSegs", "TcpAttemptFails", "TcpEstabResets",
	"TcpExtTCPTimeouts", "TcpExtTCPLostRetransmit", "TcpExtTCPFastRetrans", "TcpExtTCPSlowStartRetrans",
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

// probes are tail loss probes: a segment that is sent again, soon and at no cost, when nothing was heard for two round
// trips (RFC 8985 §7). On this link those are shorter than a busy machine lets a program wait, so a probe is no trouble,
// nor is what it leads to.
const kernelProbes, ourProbes = "TcpExtTCPLossProbes", "recovery.probe"

// explained says which counters a probe may move, and whose probe.
var explained = map[string]string{
	"TcpRetransSegs": kernelProbes, "TcpExtTCPDSACKRecv": kernelProbes, "TcpExtTCPDSACKIgnoredNoUndo": kernelProbes, "TcpExtTCPDSACKIgnoredOld": kernelProbes,
	"tcp.data.duplicate": kernelProbes, "tcp.drop.old": kernelProbes, "tcp.time-wait.old": kernelProbes, "tcp.time-wait.fin": kernelProbes,
	"TcpExtTCPDSACKOldSent": ourProbes, "recovery.probe.needless": ourProbes, "recovery.probe.repaired": ourProbes,
	"recovery.reordering.wider": ourProbes, // the second of two is reported as a duplicate when the first was judged already
}

// trouble is what moved since another tally among the counters that may not, but for those that are excepted.
func (t tally) trouble(since tally, except ...string) []string {
	var moved []string
	for name := range t {
		if !isTrouble(name) || slices.Contains(except, name) {
			continue
		}
		most := int64(0)
		if probes := explained[name]; probes != "" {
			most = t[probes] - since[probes]
		}
		if d := t[name] - since[name]; d > most {
			moved = append(moved, fmt.Sprintf("%s +%d", name, d))
		}
	}
	slices.Sort(moved)
	return moved
}

func isTrouble(name string) bool {
	return slices.Contains(troubles, name) || ourTroubles()[name]
}

// ourTroubles are the decisions of the own stack that a clean link and an honest peer give no cause for: everything that
// is refused or fails, and whatever is done about loss and disorder.
var ourTroubles = sync.OnceValue(func() map[string]bool {
	out, err := exec.Command(binary, "reasons", "--json").Output()
	if err != nil {
		panic(err)
	}
	var reasons []struct{ ID, Kind string }
	if err := json.Unmarshal(out, &reasons); err != nil {
		panic(err)
	}
	all := make(map[string]bool)
	for _, r := range reasons {
		layer, _, _ := strings.Cut(r.ID, ".")
		switch layer {
		case "recovery":
			all[r.ID] = !strings.HasPrefix(r.ID, "recovery.slow-start.") && !strings.HasPrefix(r.ID, "recovery.window.")
		case "link", "ethernet", "arp", "neighbor", "ip", "ipv4", "ipv6", "icmp", "udp", "segment", "tcp", "stack":
			all[r.ID] = r.Kind == "refused" || r.Kind == "failed"
		}
	}
	for _, disorder := range []string{"tcp.data.out-of-order", "tcp.data.hole-filled", "tcp.data.duplicate", "tcp.syn.again", "tcp.time-wait.fin"} {
		all[disorder] = true
	}
	// A probe is explained above. The kernel sends to groups that nobody here has joined.
	for _, harmless := range []string{ourProbes, "link.foreign"} {
		delete(all, harmless)
	}
	return all
})

// addOurs adds what the own stack has counted, when one server runs.
func (t tally) addOurs(ts *testscript.TestScript) {
	cmd := exec.Command(filepath.Join(ts.Getenv("WORK"), ".bin", "vitrine"), "counters", "--json", "--all")
	cmd.Env = environment(ts)
	out, err := cmd.Output()
	if err != nil {
		return // none runs yet, or no longer
	}
	var counters []struct {
		Name  string
		Value int64
	}
	ts.Check(json.Unmarshal(out, &counters))
	for _, c := range counters {
		t[c.Name] = c.Value
	}
}

// probes is how many tail loss probes either end has sent since note.
func (l *lab) probes(ts *testscript.TestScript) int {
	if l.noted == nil {
		return 0
	}
	now := l.both(ts)
	return int(now[kernelProbes] - l.noted[kernelProbes] + now[ourProbes] - l.noted[ourProbes])
}

// jumbled is the trouble that a busy link makes by itself. On a veth pair, the segments of a flow that two processors send
// overtake each other: between the kernel and itself there are hundreds in a second. And a TAP without offloads has no room
// for the segments of many uploads at once. Either is repaired, and none of it is damage.
func (n *network) jumbled() (names []string) {
	if n != wireNetwork && n != packetNetwork {
		return nil
	}
	for name := range ourTroubles() {
		if strings.HasPrefix(name, "recovery.") || strings.HasPrefix(name, "tcp.d") || strings.HasPrefix(name, "tcp.time-wait.") {
			names = append(names, name)
		}
	}
	for _, name := range troubles {
		if strings.HasPrefix(name, "TcpExtTCP") && !strings.HasPrefix(name, "TcpExtTCPAbort") && !strings.HasSuffix(name, "Drop") || name == "TcpRetransSegs" {
			names = append(names, name)
		}
	}
	return append(names, "tcp.syn.again", "link.overrun")
}

// unavoidable is the trouble of a network that proves nothing.
func (n *network) unavoidable() []string {
	if n != wireNetwork {
		return nil
	}
	// Each segment is a frame there, and a TAP's queue of a thousand overflows with acknowledgements while the server
	// sends, as a card's does. The next one says the same. A lost segment with data shows at its sender.
	return []string{"link.overrun"}
}

// overtaken reports whether all trouble is that segments overtook each other on a veth pair, as they do when a busy machine
// moves their sender from one processor to another. That this was all shows in what did not move: nobody missed a frame
// (link.overrun) and nobody sent anything again, so each hole was filled by what was on its way.
func (n *network) overtaken(now, since tally, except []string) bool {
	order := []string{"tcp.data.out-of-order", "tcp.data.hole-filled", "TcpExtTCPSACKReorder", "TcpExtTCPTSReorder"}
	return n == packetNetwork && len(now.trouble(since, append(order, except...)...)) == 0
}

// moment is what the kernel and the own stack have counted, at one moment: one explains what the other says, so the own
// stack is asked again until the kernel has counted no trouble meanwhile. Asking takes a while, in which a segment that was
// sent again by the one may reach the other.
func (l *lab) moment(ours func(tally)) (tally, error) {
	before, err := l.count()
	for end := time.Now().Add(deadline); err == nil; {
		counted := make(tally)
		ours(counted)
		var after tally
		if after, err = l.count(); err != nil {
			break
		}
		maps.Copy(counted, after)
		if after[kernelProbes] == before[kernelProbes] && len(after.trouble(before)) == 0 {
			return counted, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("it does not come to rest: %s", strings.Join(after.trouble(before), ", "))
		}
		before = after
	}
	return nil, err
}

// both is what the kernel and the own stack have counted.
func (c *crowded) both(t *testing.T) tally {
	t.Helper()
	counted, err := c.moment(func(into tally) { maps.Copy(into, c.counters(t)) })
	if err != nil {
		t.Fatal(err)
	}
	return counted
}

// both is what the kernel and the own stack have counted.
func (l *lab) both(ts *testscript.TestScript) tally {
	counted, err := l.moment(func(into tally) { into.addOurs(ts) })
	ts.Check(err)
	return counted
}

// note: note remembers what the kernel and the own stack have counted.
func note(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: note")
	}
	l := labOf(ts)
	l.noted = l.both(ts)
}

// untroubled: untroubled [COUNTER...] says that since note both ends of the link have met no damage, loss or disorder,
// and nothing that they did not want, but for the counters named.
func untroubled(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if neg || l.noted == nil {
		ts.Fatalf("usage: untroubled [COUNTER...], after note")
	}
	now := l.both(ts)
	except := append(args, l.network.unavoidable()...)
	if moved := now.trouble(l.noted, except...); len(moved) > 0 && !l.network.overtaken(now, l.noted, except) {
		ts.Fatalf("there was trouble: %s; probes: kernel %d, own %d", strings.Join(moved, ", "),
			now[kernelProbes]-l.noted[kernelProbes], now[ourProbes]-l.noted[ourProbes])
	}
}

// moved: moved COUNTER N says that since note a counter of the kernel or the own stack has moved by at least N; ! moved, that it has not.
func moved(ts *testscript.TestScript, neg bool, args []string) {
	l := labOf(ts)
	if len(args) != 2 || l.noted == nil {
		ts.Fatalf("usage: moved COUNTER N, after note")
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	now := l.both(ts)
	if d := now[args[0]] - l.noted[args[0]]; (d >= n) == neg {
		ts.Fatalf("%s has moved by %d", args[0], d)
	}
}
