package recovery

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden tables anew; commit only what you understand")

// setting is a row of the table.
type setting struct {
	name string
	path path
	set  func(*sim)
}

func settings() []setting {
	gigabit := func(p path) path { p.rate, p.queue = 1e9, 4<<20; return p }
	slow := func(p path) path { p.rate, p.queue = 10e6, 64<<10; return p }
	plain := func(*sim) {}
	return []setting{
		{"clean", gigabit(path{}), plain},
		{"loss 0.1 %", gigabit(path{loss: 0.001}), plain},
		{"loss 1 %", gigabit(path{loss: 0.01}), plain},
		{"loss 5 %", gigabit(path{loss: 0.05}), plain},
		{"loss 5 %, acknowledgements too", gigabit(path{loss: 0.05, ackLoss: 0.05}), plain},
		{"reordering 1 % by 3", gigabit(path{reorder: 0.01}), plain},
		{"reordering 1 % by 3, loss 1 %", gigabit(path{reorder: 0.01, loss: 0.01}), plain},
		{"loss 1 %, super-segments", gigabit(path{loss: 0.01}), func(m *sim) { m.super = 64 << 10 }},
		{"loss 1 %, no timestamps", gigabit(path{loss: 0.01}), func(m *sim) { m.timestamps = false }},
		{"loss 1 %, no SACK", gigabit(path{loss: 0.01}), func(m *sim) { m.sack = false }},
		{"10 Mbit/s", slow(path{}), plain},
		{"10 Mbit/s, loss 1 %", slow(path{loss: 0.01}), plain},
	}
}

// outcome is the median of some transfers and what they cost in all.
type outcome struct {
	median                       time.Duration
	sent, dropped, again         int
	timeouts, undone, retransmit int
}

func measure(t *testing.T, congestion string, s setting, delay int64, seeds int) outcome {
	var o outcome
	var times []time.Duration
	for seed := range seeds {
		p := s.path
		p.delay = delay
		m := newSim(t, uint64(seed), congestion, p)
		s.set(m)
		m.check = func() {
			if m.s.board != nil && m.rng.IntN(64) == 0 {
				sound(t, &m.s)
			}
		}
		times = append(times, m.run())
		i := m.s.Info()
		o.sent += m.sent
		o.dropped += m.dropped
		o.again += int(i.Retransmitted) / m.mss
		o.timeouts += int(i.Timeouts)
		o.undone += int(i.Undone)
	}
	slices.Sort(times)
	o.median = times[len(times)/2]
	return o
}

// The table of how long 10 MiB take. It is deterministic: a change of a row is a change of behaviour.
func TestThroughputTable(t *testing.T) {
	if raceDetector {
		t.Skip("nothing here is concurrent, and the race detector makes a minute of it")
	}
	const seeds = 5
	var out bytes.Buffer
	fmt.Fprintf(&out, "# 10 MiB, median of %d transfers; segments lost, sent again, time-outs and reductions undone in all.\n", seeds)
	fmt.Fprintf(&out, "# 1 Gbit/s where no rate is named.\n")
	for _, congestion := range []string{Cubic, Reno} {
		for _, delay := range []int64{10 * ms, 50 * ms} {
			fmt.Fprintf(&out, "\n%s, %d ms one way\n", congestion, delay/ms)
			for _, s := range settings() {
				o := measure(t, congestion, s, delay, seeds)
				fmt.Fprintf(&out, "  %-32s %9.3f s %8.2f Mbit/s  lost %4d  again %4d  time-outs %3d  undone %3d\n", s.name,
					o.median.Seconds(), float64(10<<20)*8/o.median.Seconds()/1e6, o.dropped, o.again, o.timeouts, o.undone)
				theory(t, congestion, s, delay, o, seeds)
			}
		}
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors multiply and add in one step, which rounds otherwise")
	}
	const golden = "testdata/throughput.txt"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		a, b := strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Errorf("line %d was\n%s\nand is\n%s", i+1, a[i], b[i])
			}
		}
	}
}

// theory holds an outcome to what the papers promise: the response functions of Reno (Mathis et al., 1.22/√p segments)
// and of CUBIC (RFC 9438 §5.1 and §4.3: never less than Reno), and that nothing is sent again that was not lost.
func theory(t *testing.T, congestion string, s setting, delay int64, o outcome, seeds int) {
	t.Helper()
	p := s.path
	label := fmt.Sprintf("%s, %d ms, %s", congestion, delay/ms, s.name)
	if p.loss >= 0.01 && p.rate >= 1e9 && p.ackLoss == 0 && !strings.Contains(s.name, "SACK") {
		rtt := float64(2*delay) / 1e9
		window := 1.22 / math.Sqrt(p.loss)
		if congestion == Cubic {
			window = max(window, math.Pow(cubicC*(3+cubicBeta)/(4*(1-cubicBeta)), 0.25)*math.Pow(rtt/p.loss, 0.75))
		}
		promised := float64(10<<20) / (window * 1448 / rtt)
		// At five per cent windows are so small that the models, which know neither delayed acknowledgements nor time-outs,
		// promise too much.
		if got := o.median.Seconds(); got > 1.5*promised || got < 0.6*promised {
			t.Errorf("%s: %.2f s, theory says %.2f s", label, got, promised)
		}
	}
	if s.name == "clean" && (o.again > 0 || o.timeouts > 0) {
		t.Errorf("%s: %d segments were sent again, %d time-outs", label, o.again, o.timeouts)
	}
	if s.path.reorder == 0 && p.ackLoss == 0 && !strings.Contains(s.name, "SACK") && float64(o.again) > 1.02*float64(o.dropped)+1 {
		t.Errorf("%s: %d segments were lost and %d sent again", label, o.dropped, o.again)
	}
	if p.loss <= 0.01 && !strings.Contains(s.name, "no ") && o.timeouts > seeds {
		t.Errorf("%s: %d time-outs", label, o.timeouts)
	}
}
