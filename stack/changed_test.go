package stack

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vitrine/stack/tcp"
	"vitrine/trace"
)

func TestEachChangeOfStateIsTold(t *testing.T) {
	told := map[string][]string{}
	note := func(who string) func(int, netip.AddrPort, netip.AddrPort, tcp.State, tcp.State, *trace.Reason) {
		return func(shard int, local, remote netip.AddrPort, from, to tcp.State, why *trace.Reason) {
			key := fmt.Sprintf("%s %v %v", who, local, remote)
			told[key] = append(told[key], fmt.Sprintf("%v %v %v", from, to, why))
		}
	}
	p := newPair(t, func(o *pairOptions) { o.a.Changed, o.b.Changed = note("a"), note("b") })
	l := p.listen("198.18.203.1:80", ListenOptions{})
	client, server := p.connected(l, "198.18.203.2:1025", "198.18.203.1:80")
	if i := server.Info().TCP; !i.Sequences || i.ISS == i.IRS || client.Info().TCP.ISS != i.IRS || client.Info().TCP.IRS != i.ISS {
		t.Errorf("the server has %v and %v, the client %v and %v", i.ISS, i.IRS, client.Info().TCP.ISS, client.Info().TCP.IRS)
	}
	server.Close()
	p.settle()
	client.Close()
	p.pass(61 * second)
	want := map[string]string{
		"a 198.18.203.1:80 198.18.203.2:1025": "CLOSED SYN_RECEIVED tcp.syn, SYN_RECEIVED ESTABLISHED tcp.established, " +
			"ESTABLISHED FIN_WAIT_1 tcp.close.ours, FIN_WAIT_1 FIN_WAIT_2 tcp.close.acknowledged, FIN_WAIT_2 TIME_WAIT tcp.close.peer, TIME_WAIT CLOSED tcp.time-wait.over",
		"b 198.18.203.2:1025 198.18.203.1:80": "CLOSED SYN_SENT tcp.connect, SYN_SENT ESTABLISHED tcp.established, " +
			"ESTABLISHED CLOSE_WAIT tcp.close.peer, CLOSE_WAIT LAST_ACK tcp.close.ours, LAST_ACK CLOSED tcp.close.acknowledged",
	}
	for key, w := range want {
		if got := strings.Join(told[key], ", "); got != w {
			t.Errorf("%s:\n%s\nwant\n%s", key, got, w)
		}
	}
}

func TestTimeWaitThatGivesWayIsTold(t *testing.T) {
	var told []string
	p := newPair(t, func(o *pairOptions) {
		o.a.Limits.TimeWait = 1
		o.a.Changed = func(_ int, _, remote netip.AddrPort, from, _ tcp.State, why *trace.Reason) {
			if from == tcp.StateTimeWait {
				told = append(told, fmt.Sprintf("%v %v", remote.Port(), why))
			}
		}
	})
	l := p.listen("198.18.203.1:80", ListenOptions{})
	for _, port := range []string{"1025", "1026", "1026"} {
		client, server := p.connected(l, "198.18.203.2:"+port, "198.18.203.1:80")
		server.Close()
		p.settle()
		client.Close()
		p.settle()
		p.pass(second) // so that the next SYN is later than all of this connection
	}
	if want := []string{"1025 " + reasonTimeWaitFull.ID, "1026 " + reasonReopened.ID}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// Nobody looks: then a connection costs what it did.
func TestNobodyIsToldOfChangesUnlessAsked(t *testing.T) {
	if p := newPair(t); p.a.shards[0].host.Changed != nil {
		t.Error("the machine calls somebody")
	}
}
