package server

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/observe/logfile"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/trace"
)

const ownNetwork = `
network "tap:tap0" {
  address = ["198.18.0.2/24", "fd00:198:18::2/64"]
  gateway = ["198.18.0.1"]
}
listen ":80" {}
listen "198.18.0.2:81" {
  clients {
    allow = ["198.18.0.0/24"]
  }
}
site "a.test" {
  default = true
  route "/*" {
    respond {}
  }
}
`

func TestExplainTellsTheNetworkAndWhoCanReachIt(t *testing.T) {
	d := dry(t, ownNetwork)
	for _, c := range []struct{ url, from, local, client, reason string }{
		{"http://198.18.0.2/", "", "198.18.0.2:80", "198.18.0.1:0", "listener.chosen"},
		{"http://[fd00:198:18::2]/", "", "[fd00:198:18::2]:80", "[fd00:198:18::1]:0", "listener.chosen"},
		{"http://a.test/", "fd00::9", "[fd00:198:18::2]:80", "[fd00::9]:0", "listener.chosen"},
		{"http://a.test:81/", "", "198.18.0.2:81", "198.18.0.1:0", "listener.chosen"},
		{"http://127.0.0.1/", "", "", "", "listener.none"},
		{"http://198.18.0.9/", "", "", "", "listener.none"},
	} {
		q := Query{URL: c.url}
		if c.from != "" {
			q.From = netip.MustParseAddr(c.from)
		}
		a, err := d.Ask(q)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Decided(c.reason) || !a.Decided("listener.own-network") {
			t.Errorf("%s: %s", c.url, reasons(a))
		}
		if e := a.Events[0]; e.Step != "network" || e.Position.Line != 2 || e.Subject != "tap:tap0, 198.18.0.2/24, fd00:198:18::2/64" {
			t.Errorf("%s: the first event is %+v", c.url, e)
		}
		if c.local == "" {
			if a.Result != nil {
				t.Errorf("%s is answered", c.url)
			}
			continue
		}
		if a.Peer.Local.String() != c.local || a.Peer.Remote.String() != c.client {
			t.Errorf("%s: from %v to %v", c.url, a.Peer.Remote, a.Peer.Local)
		}
	}
}

func TestLintSeesWhatIsNotMeantOnAnOwnNetwork(t *testing.T) {
	for name, c := range map[string]struct{ change, to, want string }{
		"wire":          {"gateway", "wire = true\n  gateway", "wire mode costs"},
		"small packets": {`, "fd00:198:18::2/64"`, "", "with an MTU of 1000"},
		"nobody there":  {"198.18.0.2/24", "198.18.0.2/32", "has no other station"},
		"short wait":    {"gateway", "tcp {\n    time_wait = \"1s\"\n  }\n  gateway", "after 1s a late segment"},
		"loopback":      {`"198.18.0.0/24"`, `"127.0.0.0/8", "::1"`, "nobody can connect here"},
		"nothing":       {"a.test", "b.test", ""},
	} {
		text := strings.Replace(ownNetwork, c.change, c.to, 1)
		switch name {
		case "small packets":
			text = strings.Replace(text, "gateway", "mtu = 1000\n  gateway", 1)
		case "nobody there":
			text = strings.Replace(text, `gateway = ["198.18.0.1"]`, "", 1)
		}
		cfg, diags := parsed(t, text)
		Lint(cfg, diags)
		var all []string
		for _, w := range diags.Warnings() {
			all = append(all, w.Summary)
		}
		if c.want == "" && len(all) > 0 || c.want != "" && (len(all) != 1 || !strings.Contains(all[0], c.want)) {
			t.Errorf("%s: %q", name, all)
		}
	}
}

func TestAReloadDoesNotChangeTheNetwork(t *testing.T) {
	l := run(t, answering(anywhere, "one"))
	said := l.reload("network \"tap:tap0\" {\n  address = [\"198.18.0.2/24\"]\n}\n" + answering(":80", "two"))
	for _, want := range []string{"server.reload-refused", `there is a network block now, "tap:tap0"`, "restart the server"} {
		if !strings.Contains(said, want) {
			t.Errorf("the error log does not say %q:\n%s", want, said)
		}
	}
	if _, body := l.get("/"); body != "one" {
		t.Errorf("the old configuration must go on, and the answer is %q", body)
	}
}

func TestTheStackGetsWhatTheBlockSays(t *testing.T) {
	cfg, _ := parsed(t, strings.Replace(ownNetwork, "gateway", "mtu = 9000\n  promiscuous = true\n  moderation = \"50us\"\n  busy_poll = \"20us\"\n"+
		"  tcp {\n    congestion = \"reno\"\n    initial_window = 4\n    receive_buffer = \"32KiB\"\n    send_buffer = \"64KiB\"\n    buffers = \"8MiB\"\n    time_wait = \"10s\"\n    time_waits = 100\n    half_open = 5\n  }\n"+
		"  ip {\n    reassembly_bytes = \"1MiB\"\n    neighbors = 64\n    icmp_rate = 10\n  }\n  gateway", 1))
	got := stackConfig(cfg.Network, 2)
	want := stackConfig(cfg.Network, 2)
	want.TCP.Recovery.Congestion, want.TCP.Recovery.InitialWindow = "reno", 4
	want.TCP.ReceiveWindowMax, want.TCP.ReceiveWindow, want.TCP.OutOfOrderBytes = 32<<10, 32<<10, 64<<10
	want.TCP.SendBufferMax, want.TCP.SendBuffer, want.TCP.ReceiveMemory = 64<<10, 64<<10, 4<<20
	want.TCP.TimeWait = int64(10 * time.Second)
	want.Limits = stack.Limits{HalfOpen: 3, TimeWait: 50, SendMemory: 4 << 20, Neighbors: 64, ReassemblyBytes: 512 << 10, ICMPRate: 5}
	if got.TCP != want.TCP || got.Limits != want.Limits {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got.MTU != 9000 || !got.Card.Promiscuous || got.Card.Notice.Gap != 50_000 || got.Card.Notice.Budget != 20_000 ||
		fmt.Sprint(got.Addresses, got.Gateways) != "[198.18.0.2/24 fd00:198:18::2/64] [198.18.0.1]" {
		t.Errorf("got %+v", got)
	}
}

func TestConnectionsOfAnOwnNetworkNeedNoDescriptors(t *testing.T) {
	cfg, _ := parsed(t, "limits {\n  connections = 10000000\n}\n"+ownNetwork)
	if got := settings(cfg).Connections; got != 10_000_000 {
		t.Errorf("it takes %d connections", got)
	}
}

func TestAnAdapterThatMayNotBeOpenedSaysWhatToDo(t *testing.T) {
	cfg, _ := parsed(t, ownNetwork)
	d := cannotOpen(cfg.Network, fmt.Errorf("tap tap0: %w", syscall.EPERM))
	for _, want := range []string{"CAP_NET_ADMIN", "sudo setcap cap_net_admin+ep", "ip tuntap add dev tap0 mode tap multi_queue user"} {
		if !strings.Contains(d.String(), want) {
			t.Errorf("no %q in %v", want, d)
		}
	}
	if d := cannotOpen(cfg.Network, syscall.EBUSY); d.Hint != "" || !strings.Contains(d.Summary, "busy") || d.Pos.Line != 2 {
		t.Errorf("another error: %v", d)
	}
	cfg, _ = parsed(t, strings.Replace(ownNetwork, "tap:tap0", "tap:lo", 1))
	if d := cannotOpen(cfg.Network, syscall.EINVAL); !strings.Contains(d.Summary, "is no tap") || !strings.Contains(d.Hint, `did you mean "packet:lo"?`) {
		t.Errorf("an interface of another kind: %v", d)
	}
}

func TestLocalhostIsNotOnTheOwnNetwork(t *testing.T) {
	d := dry(t, ownNetwork)
	a, err := d.Ask(Query{URL: "http://localhost/"})
	if err != nil || a.Result == nil {
		t.Fatalf("%+v, %v", a, err)
	}
	told := false
	for _, e := range a.Events {
		told = told || e.Reason == ListenerLocal && e.Details[0].Value == "198.18.0.2"
	}
	if !told {
		t.Errorf("nothing says that a client would ask for another address: %v", a.Events)
	}
}

// failing is a queue that reports what a test says.
type failing struct {
	link.Queue
	next error
}

func (f *failing) Receive([]link.Frame) (int, error) { return 0, f.next }
func (f *failing) Flush() error                      { return f.next }

// broken is an adapter with one failing queue.
type broken struct {
	link.Adapter
	q failing
}

func (b *broken) Queue(int) link.Queue { return &b.q }

func TestTheAdaptersTroublesAreToldOnceAndNotToTheLoops(t *testing.T) {
	a, _ := link.NewWire(link.WireOptions{})
	b := &broken{Adapter: a}
	var log journal
	files := logfile.New(log.Notice)
	cfg, _ := parsed(t, "error_log {\n  file = \"error.log\"\n}\n"+ownNetwork)
	log.use(files, cfg)
	var there, up atomic.Bool
	there.Store(true)
	told := make(chan string, 8)
	g := guard(b, func() (bool, bool) { return there.Load(), up.Load() }, func(why *trace.Reason) {
		log.adapter(cfg.Network, why)
		told <- why.ID
	})
	defer g.Close()
	heard := func(want string) {
		t.Helper()
		select {
		case id := <-told:
			if id != want {
				t.Errorf("told %s, want %s", id, want)
			}
		case <-time.After(patience):
			t.Fatalf("%s is not told", want)
		}
	}
	b.q.next = link.ErrDown
	for range 2 { // as each queue does
		if n, err := g.Queue(0).Receive(nil); n != 0 || err != link.ErrDown {
			t.Errorf("down: %v, which the stack is to count", err)
		}
	}
	heard("server.network-down")
	up.Store(true)
	heard("server.network-up")
	n := &network{adapter: g}
	if n.isLost() {
		t.Error("it is lost because it was down")
	}
	up.Store(false)
	if err := g.Queue(0).Flush(); err != nil {
		t.Errorf("down while sending: %v", err)
	}
	heard("server.network-down")
	there.Store(false) // and nobody says so
	heard("server.network-lost")
	b.q.next = link.ErrGone
	if _, err := g.Queue(0).Receive(nil); err != nil || !n.isLost() {
		t.Errorf("gone: %v", err)
	}
	b.q.next = errors.New("another trouble")
	if err := g.Queue(0).Flush(); err != b.q.next {
		t.Errorf("another error becomes %v", err)
	}
	if len(told) != 0 {
		t.Errorf("and then %s", <-told)
	}
	log.Close()
	files.Close(t.Context())
	text, err := os.ReadFile(filepath.Join(filepath.Dir(cfg.Paths[0]), "error.log"))
	if err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{"server.network-down": 2, "server.network-up": 1, "server.network-lost": 1, "network tap:tap0": 4} {
		if strings.Count(string(text), want) != times {
			t.Errorf("the error log does not say %s %d times:\n%s", want, times, text)
		}
	}
}

func TestTheKernelsSocketsAreANetworkThatIsNeverLost(t *testing.T) {
	var n *network
	n.settle(t.Context())
	n.close()
	if n.isLost() || n.network() != nil {
		t.Error("a server on the kernel's sockets has a network of its own")
	}
}

func TestAServerEndsWhenItsConnectionsHaveNothingUnacknowledged(t *testing.T) {
	for state, want := range map[string]bool{"LISTEN": false, "TIME_WAIT": false, "FIN_WAIT_2": false, "FIN_WAIT_1": true, "LAST_ACK": true, "CLOSING": true, "ESTABLISHED": true} {
		if got := owing([]stack.SocketInfo{{Protocol: "tcp", State: state}}); got != want {
			t.Errorf("%s: %v", state, got)
		}
	}
}

func TestEachLoopHasAQueue(t *testing.T) {
	for text, want := range map[string]int{"io = \"threads\"\n": 1, "io = \"events-per-core\"\nloops = 3\n": 3, "io = \"events-per-core\"\n": 5} {
		cfg, _ := parsed(t, text+ownNetwork)
		if want == 5 {
			cfg.Network.Queues = config.Value[int]{V: 5}
		}
		if got := loops(cfg); got != want {
			t.Errorf("%s has %d loops", text, got)
		}
	}
}

func TestReachingTellsTheCommandsThatAreMissing(t *testing.T) {
	cfg, _ := parsed(t, ownNetwork)
	four, six := "ip addr add 198.18.0.1/24 dev tap0", "ip addr add fd00:198:18::1/64 dev tap0 nodad"
	up := "ip link set tap0 up"
	for name, c := range map[string]struct {
		up, bridged bool
		on          string
		want        string
	}{
		"nothing done":        {false, false, "", "tap0 is down; " + four + "; " + six + "; " + up},
		"up":                  {true, false, "", "this machine has no address on tap0; " + four + "; " + six},
		"one family":          {true, false, "198.18.0.7/24", "this machine has no address on tap0; " + six},
		"all is well":         {true, false, "198.18.0.1/24 fd00:198:18::1/64", ""},
		"a port of a bridge":  {true, true, "", ""},
		"a bridge, and down":  {false, true, "", "tap0 is down; " + up},
		"in a larger network": {true, false, "198.18.0.1/16 fd00:198:18::1/48", ""},
	} {
		var on []netip.Prefix
		for _, a := range strings.Fields(c.on) {
			on = append(on, netip.MustParsePrefix(a))
		}
		why, commands := unreached(cfg.Network, c.up, c.bridged, on)
		got, _, _ := strings.Cut(why, ", so")
		if got = strings.Join(append([]string{got}, commands...), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
