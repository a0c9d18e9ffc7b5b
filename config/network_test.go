package config

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

func TestANetworkIsShownWithThePlaceOfEveryValue(t *testing.T) {
	c := movable(t, mustLoad(t, "testdata/good/network.hcl"))
	var out bytes.Buffer
	if err := c.Show(&out); err != nil {
		t.Fatal(err)
	}
	shown, _, _ := strings.Cut(out.String(), "\nlisten ")
	compareGolden(t, "testdata/good/network.show.txt", []byte(shown))
	compareGolden(t, "testdata/good/network.hcl.txt", c.HCL())
	if n := c.Network; n.Kind() != "tap" || n.Interface() != "tap0" || !n.Has(netip.MustParseAddr("198.18.0.3")) || n.Has(netip.MustParseAddr("198.18.0.1")) {
		t.Errorf("the network is %+v", n)
	}
}

func TestWithoutANetworkBlockTheKernelsSocketsServe(t *testing.T) {
	if c := mustLoad(t, "testdata/good/full.hcl"); c.Network != nil {
		t.Errorf("the network is %+v", c.Network)
	}
}

func TestANetworkThatSaysItsAddressesHasDefaultsForTheRest(t *testing.T) {
	n := mustParse(t, `
		network {
			adapter = "packet:veth1"
			address = ["198.18.0.2/24"]
		}
		listen ":80" {
		}
		site "a.example" {
			root = "/srv"
		}`).Network
	if n.TCP.Congestion.V != "cubic" || n.TCP.TimeWait.V != time.Minute || n.IP.Neighbors.V != 4096 || n.TCP.Congestion.Pos.Origin != trace.Default {
		t.Errorf("the network is %+v", n)
	}
	again := document(networkBlock, n)
	for _, block := range append([]*node{again}, again.blocks...) {
		for _, l := range block.lines {
			if l.setting.initial != "" && !l.initial {
				t.Errorf("the default of %s is written %s and printed %s", l.setting.name, l.setting.initial, render(l.setting.kind, l.entries))
			}
		}
	}
}

// base is a configuration whose network a flag can replace.
const base = `
network "tap:tap9" {
  address = ["198.18.9.2/24"]
}
listen ":80" {
}
site "a.example" {
  root = "/srv"
}
`

func TestTheFlagSaysWhatABlockWould(t *testing.T) {
	flag := "tap:tap0,198.18.0.2/24, fd00:198:18::2/64,gateway=198.18.0.1,gateway=fe80::1,mtu=9000,wire,mac=02:00:c6:12:00:02,promiscuous=false," +
		"moderation=50us,congestion=reno,time_wait=1s,icmp_rate=10,receive_buffer=1MiB"
	c, ds := Parse([]byte(base), "base.hcl", Options{NoFiles: true, Net: flag})
	if c == nil || len(ds.All()) > 0 {
		t.Fatal(ds)
	}
	block, ds := Parse([]byte(strings.Replace(base, `network "tap:tap9" {
  address = ["198.18.9.2/24"]
}`, `network "tap:tap0" {
  address     = ["198.18.0.2/24", "fd00:198:18::2/64"]
  gateway     = ["198.18.0.1", "fe80::1"]
  mtu         = 9000
  wire        = true
  promiscuous = false
  mac         = "02:00:c6:12:00:02"
  moderation  = "50us"
  tcp {
    congestion     = "reno"
    time_wait      = "1s"
    receive_buffer = "1MiB"
  }
  ip {
    icmp_rate = 10
  }
}`, 1)), "block.hcl", Options{NoFiles: true})
	if block == nil || len(ds.All()) > 0 {
		t.Fatal(ds)
	}
	if got, want := bare(c), bare(block); !bytes.Equal(got, want) {
		t.Errorf("the flag gives another network\n%s", firstDifference(got, want))
	}
	if pos := c.Network.MTU.Pos; pos.Origin != trace.Flag || pos.String() != "--net" {
		t.Errorf("the place of the mtu is %v", pos)
	}
}

func TestEverythingThatIsWrongWithTheFlagIsSaidAtOnceWithItsPart(t *testing.T) {
	var out bytes.Buffer
	for _, flag := range []string{
		"tapp:tap0,198.18.0.0/24,gatway=198.18.0.1,mtu=x,wire=maybe,mtu,promisc,,cwnd=1,mac=1:2",
		"tap:an-interface-with-a-long-name,198.18.0.2",
		"tap:tap0,198.18.0.2/24,gateway=198.19.0.1,mtu=1500,mtu=1400",
		"198.18.0.2/24",
		"tap:tap0",
		"tap0,198.18.0.2/24",
		"",
	} {
		opt := ServeOptions{Net: flag}
		if flag == "" {
			if ds := opt.Check(); ds.HasErrors() {
				t.Errorf("without the flag: %v", ds)
			}
			continue
		}
		ds := opt.Check()
		if !ds.HasErrors() {
			t.Errorf("%s was accepted", flag)
		}
		out.WriteString("# --net " + flag + "\n")
		ds.Write(&out, 100, false)
		out.WriteByte('\n')
	}
	compareGolden(t, "testdata/net_flag.txt", out.Bytes())
}

func TestServeListensOnPort80OfItsOwnNetwork(t *testing.T) {
	opt := ServeOptions{Net: "tap:tap0,198.18.0.2/24", Root: "testdata"}
	if ds := opt.Check(); ds.HasErrors() {
		t.Fatal(ds)
	}
	c := Default(opt)
	if got := c.Listens[0].Addresses[0].V; got != ":80" {
		t.Errorf("it listens on %s", got)
	}
	again, ds := Parse(c.HCL(), "again.hcl", Options{})
	if again == nil {
		t.Fatalf("%v in\n%s", ds, c.HCL())
	}
	if !bytes.Equal(bare(again), bare(c)) {
		t.Errorf("another configuration came back\n%s", firstDifference(bare(again), bare(c)))
	}
	opt.Listen = []string{"127.0.0.1:8080"}
	if ds := opt.Check(); !strings.Contains(ds.Error(), "does not have the address 127.0.0.1") {
		t.Errorf("an address of the kernel's: %v", ds)
	}
}

func TestAnAddressOfAFamilyThatTheNetworkLacksIsRefused(t *testing.T) {
	text := strings.Replace(strings.Replace(base, "198.18.9.2/24", "fd00:198:18::2/64", 1), `listen ":80"`, `listen "0.0.0.0:80"`, 1)
	if _, ds := Parse([]byte(text), "base.hcl", Options{NoFiles: true}); !strings.Contains(ds.Error(), "no IPv4 address to listen on") {
		t.Error(ds)
	}
}

func FuzzNetFlag(f *testing.F) {
	for _, seed := range []string{"tap:tap0,198.18.0.2/24", "tap:tap0,fd00::2/64,gateway=fe80::1,wire,mtu=9000", ",,=,", "tap:,/,a=\x00,mac==", "packet:\xff,198.18.0.2/24,wire=true,wire"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, flag string) {
		c, ds := Parse([]byte(base), "base.hcl", Options{NoFiles: true, Net: flag})
		var out bytes.Buffer
		ds.Write(&out, 80, false)
		if c == nil {
			if !ds.HasErrors() {
				t.Errorf("%q is refused without a word", flag)
			}
			return
		}
		again, ds := Parse(c.HCL(), "again.hcl", Options{NoFiles: true})
		if again == nil || !bytes.Equal(bare(again), bare(c)) {
			t.Errorf("%q is written as another configuration: %v\n%s", flag, ds, c.HCL())
		}
	})
}

func TestEachQueueHasALoop(t *testing.T) {
	for _, test := range []struct{ top, queues, want string }{
		{`io = "events"`, "2", `2 queues need as many event loops, and io = "events" has one`},
		{"io = \"events-per-core\"\nloops = 3", "2", "there are 2 queues and 3 loops"},
		{"io = \"events-per-core\"\nloops = 2", "2", ""},
		{`io = "events-per-core"`, "4", ""},
		{`io = "threads"`, "1", ""},
	} {
		text := test.top + strings.Replace(base, "  address", "  queues = "+test.queues+"\n  address", 1)
		c, ds := Parse([]byte(text), "base.hcl", Options{NoFiles: true})
		if test.want == "" && (c == nil || len(ds.All()) > 0) || test.want != "" && !strings.Contains(ds.Error(), test.want) {
			t.Errorf("%s with %s queues: %v", test.top, test.queues, ds)
		}
	}
}
