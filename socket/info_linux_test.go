package socket

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a connection has done is what its transport says that it has done.
func TestATransportTellsWhatItKnows(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
		p.Add(ep, 1)
		informer, ok := ep.(Informer)
		if !ok {
			switch ep.(type) {
			case *portableEndpoint, *sharedEndpoint: // nothing is known without waiting
				return
			}
			t.Fatalf("%T tells nothing", ep)
		}
		io.WriteString(c, "hello")
		in := make([]byte, 100)
		for got := 0; got < 5; {
			waitFor(t, p, 1, Readable)
			m, err := ep.Read(in)
			if got += m; err != nil && err != ErrWouldBlock {
				t.Fatal(err)
			}
		}
		if _, err := ep.Write(make([]byte, 1000), false); err != nil {
			t.Fatal(err)
		}
		var i Info
		n.until(t, p, "the acknowledgement", func() bool {
			return informer.Info(&i) && i.Acked >= 1000
		})
		if i.State != "ESTABLISHED" || i.Received != 5 || i.Acked > 1001 || i.InFlight != 0 || i.NotSent != 0 || i.MSS < 500 || i.Window < i.MSS ||
			i.SendWindow == 0 || i.RTO < time.Millisecond || i.RTO > 10*time.Second || i.Phase != "open" || i.Congestion == "" || i.SegmentsIn < 2 ||
			i.SegmentsOut < 1 || i.Lost != 0 || i.Threshold != 0 || i.RTT <= 0 || i.RTT > 10*time.Second {
			t.Errorf("%+v", i)
		}
		if _, own := ep.(*stackEndpoint); own != i.Sequences {
			t.Errorf("initial sequence numbers are known: %v", i.Sequences)
		}
		if allocations := testing.AllocsPerRun(100, func() { informer.Info(&i) }); allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
		if err := ep.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		n.until(t, p, "the end of our direction", func() bool { return informer.Info(&i) && i.State == "FIN-WAIT-2" })
		ep.Close()
		if informer.Info(&i) || i != (Info{}) {
			t.Errorf("after the end: %+v", i)
		}
	})
}

func TestWhatTheKernelSaysIsRead(t *testing.T) {
	var i Info
	decode(&unix.TCPInfo{State: 8, Ca_state: 4, Rto: 204000, Snd_mss: 1448, Unacked: 3, Lost: 2, Rtt: 1500, Rttvar: 700, Snd_ssthresh: 10, Snd_cwnd: 5,
		Total_retrans: 4, Bytes_acked: 100, Bytes_received: 7, Segs_out: 9, Segs_in: 8, Notsent_bytes: 50, Min_rtt: 1200, Bytes_sent: 3000, Bytes_retrans: 400,
		Snd_wnd: 65535, Rcv_wnd: 64000}, &i)
	want := Info{State: "CLOSE-WAIT", Phase: "loss", RTT: 1500 * time.Microsecond, RTTVar: 700 * time.Microsecond, MinRTT: 1200 * time.Microsecond,
		RTO: 204 * time.Millisecond, Window: 5 * 1448, Threshold: 10 * 1448, SendWindow: 65535, RecvWindow: 64000, MSS: 1448, InFlight: 2500, NotSent: 50,
		Acked: 100, Received: 7, SegmentsOut: 9, SegmentsIn: 8, Retransmits: 4, Retransmitted: 400, Lost: 2}
	if i != want {
		t.Errorf("%+v\nwant %+v", i, want)
	}
	i = Info{}
	decode(&unix.TCPInfo{State: 200, Ca_state: 200, Min_rtt: 1<<32 - 1, Snd_ssthresh: unlimited, Snd_mss: 100, Unacked: 2}, &i)
	if want := (Info{MSS: 100, InFlight: 200}); i != want {
		t.Errorf("%+v", i)
	}
	for _, name := range []string{"cubic", "reno", "bbr", "dctcp", "vegas", "westwood", "htcp"} {
		if got := algorithm(append([]byte(name), 0, 'x')); got != name {
			t.Errorf("%s is %q", name, got)
		}
	}
	if algorithm([]byte("cubic2")) != "" {
		t.Error("what is not known has a name")
	}
}
