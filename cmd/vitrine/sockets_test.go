package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

var update = flag.Bool("update", false, "write the expected output of golden tests anew")

// table is a socket table with one of everything.
var table = []control.Socket{
	{Protocol: "tcp", State: "TIME-WAIT", Local: "198.18.0.2:80", Remote: "198.18.0.1:40000", Timer: "time-wait", TimerIn: 59.21},
	{Protocol: "tcp", State: "LISTEN", Local: "[::]:80", SendQueue: 4096, RecvQueue: 2, HalfOpen: 1},
	{Protocol: "tcp", State: "ESTABLISHED", Local: "198.18.0.2:80", Remote: "198.18.0.1:40001", Age: 3.5, RecvQueue: 0, SendQueue: 14480,
		Timer: "retransmission", TimerIn: 0.2041, Journey: "0123456789abcdef", NextHop: "198.18.0.1", NextHopMAC: "02:00:c6:12:00:01",
		Reason: &control.Reason{ID: "tcp.data.duplicate", Sentence: "the peer sent what it had sent before", Standard: "RFC 9293 §3.10.7.4"},
		TCP: &control.TCP{Congestion: "cubic", Phase: "recovery", MSS: 1448, PathMSS: 1460, PeerMSS: 1460, Window: 14480, Threshold: 10136,
			SendWindow: 65536, RecvWindow: 65535, SendScale: 7, RecvScale: 7, InFlight: 14480, NotSent: 2896, RTT: 0.000312, RTTVar: 0.000101,
			MinRTT: 0.00012, RTO: 0.204, Backoff: 1, Sent: 123456, Acked: 108976, Received: 78, SegmentsOut: 90, SegmentsIn: 45, PureACKs: 1,
			Retransmits: 3, Retransmitted: 4344, LastSend: 0.012, LastReceive: 1.26, Options: []string{"timestamps", "sack", "wscale", "nodelay"},
			Waits: &control.Reason{ID: "tcp.wait.window", Sentence: "The congestion window is full.", Standard: "RFC 5681 §3.1"}}},
	{Protocol: "tcp", State: "FIN-WAIT-2", Local: "[fd00:198:18::2]:80", Remote: "[fd00:198:18::1]:40002", Age: 61, Orphan: true,
		TCP: &control.TCP{Congestion: "reno", Phase: "open", MSS: 1428, Window: 14280, SendWindow: 65536, RecvWindow: 65535, SendScale: -1, RTO: 1}},
}

func TestTheSocketTableIsReadable(t *testing.T) {
	var out bytes.Buffer
	for _, width := range []int{0, 60} {
		shown, hidden := choose(table, socketsFlags{all: width == 0}, false, nil)
		out.Write(appendSockets(nil, shown, hidden, terminal.Style{Width: width, Unicode: width == 60}))
		out.WriteByte('\n')
	}
	out.Write(appendSockets(nil, nil, hiddenSockets{listening: 2, timeWait: 1}, terminal.Style{}))
	out.Write(appendSockets(nil, nil, hiddenSockets{}, terminal.Style{}))
	golden(t, "sockets.txt", out.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is printed now; read it, and run with -update\n%s", path, got)
	}
}

func TestSocketsAreChosenByStateAndByEitherEnd(t *testing.T) {
	for _, c := range []struct {
		filters string
		flags   socketsFlags
		shown   int
		hidden  hiddenSockets
	}{
		{"", socketsFlags{}, 2, hiddenSockets{1, 1, 0}},
		{"", socketsFlags{all: true}, 4, hiddenSockets{}},
		{"", socketsFlags{listening: true}, 1, hiddenSockets{0, 1, 2}},
		{"time-wait", socketsFlags{}, 1, hiddenSockets{}},
		{"TIME_WAIT", socketsFlags{}, 1, hiddenSockets{}},
		{"fin-wait", socketsFlags{}, 1, hiddenSockets{}},
		{"est :80", socketsFlags{}, 1, hiddenSockets{}},
		{"40001", socketsFlags{}, 1, hiddenSockets{}},
		{":81", socketsFlags{}, 0, hiddenSockets{}},
		{"198.18.0.1", socketsFlags{}, 1, hiddenSockets{0, 1, 0}},
		{"198.18.0.0/24", socketsFlags{all: true}, 2, hiddenSockets{}},
		{"198.18.0.1:40000", socketsFlags{all: true}, 1, hiddenSockets{}},
		{"fd00:198:18::1", socketsFlags{}, 1, hiddenSockets{}},
		{"[fd00:198:18::1]:40002 :80", socketsFlags{}, 1, hiddenSockets{}},
	} {
		var filters []func(*control.Socket) bool
		stateAsked := false
		for word := range strings.FieldsSeq(c.filters) {
			f, isState, err := socketFilterOf(word)
			if err != nil {
				t.Fatal(err)
			}
			filters, stateAsked = append(filters, f), stateAsked || isState
		}
		shown, hidden := choose(table, c.flags, stateAsked, filters)
		if len(shown) != c.shown || hidden != c.hidden {
			t.Errorf("%q %+v: %d shown, %+v hidden", c.filters, c.flags, len(shown), hidden)
		}
	}
	for _, wrong := range []string{"nowhere", "ti", "99999", "1.2.3", ""} {
		var usage *usageError
		if _, _, err := socketFilterOf(wrong); !errors.As(err, &usage) || usage.hint == "" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestTheCountersThatMovedComeFirst(t *testing.T) {
	got := string(appendCounters(nil, []control.Counter{
		{Layer: "tcp", Name: "segments-in", Value: 1234567},
		{Layer: "decisions of tcp", Name: "tcp.drop.paws", Value: 3, Sentence: "the timestamp is older than the last one", Standard: "RFC 7323 §5.3"},
	}, terminal.Style{Unicode: true}))
	want := "tcp\n  1,234,567  segments-in\ndecisions of tcp\n          3  tcp.drop.paws  The timestamp is older than the last one (RFC 7323 §5.3)\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// block is one block of pcapng.
func block(order binary.ByteOrder, kind uint32, body []byte) []byte {
	b := make([]byte, 8, 12+len(body))
	order.PutUint32(b, kind)
	order.PutUint32(b[4:], uint32(12+len(body)))
	b = append(b, body...)
	return append(b, b[4:8]...)
}

// capture is a section with a packet of 60 bytes captured in each block that follows.
func pcapng(order binary.ByteOrder, packets int) []byte {
	section := make([]byte, 16)
	order.PutUint32(section, byteOrder)
	b := block(order, sectionBlock, section)
	for range packets {
		packet := make([]byte, 20+60)
		order.PutUint32(packet[12:], 60)
		b = append(b, block(order, enhancedBlock, packet)...)
	}
	return b
}

func TestACaptureIsCopiedInWholeBlocksUntilThereAreEnough(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		whole := pcapng(order, 3)
		for _, c := range []struct{ count, packets, length int }{{0, 3, len(whole)}, {2, 2, len(pcapng(order, 2))}, {9, 3, len(whole)}} {
			var out bytes.Buffer
			packets, size, err := copyBlocks(&out, bytes.NewReader(whole), c.count)
			if err != nil || packets != c.packets || size != int64(60*c.packets) || !bytes.Equal(out.Bytes(), whole[:c.length]) {
				t.Errorf("%v, %d wanted: %d packets of %d bytes, %d written, %v", order, c.count, packets, size, out.Len(), err)
			}
		}
		var out bytes.Buffer
		packets, _, err := copyBlocks(&out, bytes.NewReader(whole[:len(whole)-5]), 0)
		if !errors.Is(err, io.ErrUnexpectedEOF) || packets != 2 || !bytes.Equal(out.Bytes(), pcapng(order, 2)) {
			t.Errorf("cut within a block: %d packets, %d bytes, %v", packets, out.Len(), err)
		}
	}
}

func TestAnAbsurdBlockIsAnErrorAndNoMemory(t *testing.T) {
	for _, length := range []uint32{0, 8, 13, 1 << 31} {
		b := pcapng(binary.LittleEndian, 0)
		b = binary.LittleEndian.AppendUint32(b, enhancedBlock)
		b = binary.LittleEndian.AppendUint32(b, length)
		b = append(b, make([]byte, 64)...)
		if _, _, err := copyBlocks(io.Discard, bytes.NewReader(b), 0); err == nil || !strings.Contains(err.Error(), "block of") {
			t.Errorf("a block of %d bytes: %v", length, err)
		}
	}
}

func FuzzCopyBlocks(f *testing.F) {
	f.Add(pcapng(binary.LittleEndian, 2), 1)
	f.Add(pcapng(binary.BigEndian, 2), 0)
	f.Fuzz(func(t *testing.T, b []byte, count int) {
		var out bytes.Buffer
		copyBlocks(&out, bytes.NewReader(b), count)
		if !bytes.HasPrefix(b, out.Bytes()) {
			t.Error("what is written is not what was read")
		}
	})
}

// serveControl runs a control socket that the program can ask, and returns its path.
func serveControl(t *testing.T, s control.Server) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "control.sock")
	l, err := control.Listen(path, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return path
}

// command runs a command line.
func command(args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = execute(args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

func TestAServerOnTheKernelsSocketsSendsPeopleToTheKernelsTools(t *testing.T) {
	path := serveControl(t, control.Server{Status: func() control.Status {
		return control.Status{PID: 42, Addresses: []string{"127.0.0.1:8080", "[::1]:8080", "127.0.0.1:8081"}}
	}})
	for name, want := range map[string]string{
		"sockets":  "ss -tin 'sport = :8080 or sport = :8081'",
		"capture":  "tcpdump -i any -w capture.pcap 'tcp port 8080 or tcp port 8081'",
		"counters": "nstat -az",
	} {
		status, out, errs := command(name, "--control", path)
		if status != exitNo || out != "" || !strings.Contains(errs, want) || !strings.Contains(errs, "process 42") {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
	}
}

func TestTheProgramAsksARunningServer(t *testing.T) {
	path := serveControl(t, control.Server{
		Status:  func() control.Status { return control.Status{PID: 42, Network: "tap:tap0"} },
		Sockets: func(context.Context) ([]control.Socket, error) { return table, nil },
		Counters: func(context.Context) ([]control.Counter, error) {
			return []control.Counter{{Layer: "tcp", Name: "opened"}, {Layer: "tcp", Name: "closed", Value: 7}}, nil
		},
		Capture: func(ctx context.Context, w io.Writer, flush func(), o control.CaptureOptions) error {
			w.Write(pcapng(binary.LittleEndian, 5))
			flush()
			<-ctx.Done()
			return nil
		},
	})
	if status, out, errs := command("sockets", "--control", path, "est"); status != 0 || strings.Count(out, "ESTABLISHED") != 1 || strings.Contains(out, "LISTEN") {
		t.Errorf("sockets: %d\n%s%s", status, out, errs)
	}
	if status, out, _ := command("sockets", "--control", path, "--all", "--json"); status != 0 || strings.Count(out, `"state"`) != 4 || !strings.Contains(out, `"rtt": 0.000312`) {
		t.Errorf("sockets --json: %d\n%s", status, out)
	}
	if status, out, _ := command("counters", "--control", path); status != 0 || !strings.Contains(out, "7  closed") || strings.Contains(out, "opened") || !strings.Contains(out, "1 other counter still zero") {
		t.Errorf("counters: %d\n%s", status, out)
	}
	if status, out, _ := command("counters", "--control", path, "--all"); status != 0 || strings.Index(out, "closed") > strings.Index(out, "opened") {
		t.Errorf("counters --all: %d\n%s", status, out)
	}
	file := filepath.Join(t.TempDir(), "x.pcapng")
	status, _, errs := command("capture", "--control", path, "-o", file, "--count", "3")
	if text, err := os.ReadFile(file); status != 0 || err != nil || !bytes.Equal(text, pcapng(binary.LittleEndian, 3)) || !strings.Contains(errs, "3 frames, 180 bytes") {
		t.Errorf("capture: %d, %q, %d bytes, %v", status, errs, len(text), err)
	}
	began := time.Now()
	if status, out, errs := command("capture", "--control", path, "--duration", "50ms"); status != 0 || out != string(pcapng(binary.LittleEndian, 5)) || !strings.Contains(errs, "5 frames") || time.Since(began) > 10*time.Second {
		t.Errorf("capture to a pipe: %d, %d bytes, %q", status, len(out), errs)
	}
}

func TestWhatIsWrongWithTheQuestionIsSaid(t *testing.T) {
	path := serveControl(t, control.Server{Status: func() control.Status { return control.Status{} }})
	for line, want := range map[string]string{
		"sockets nowhere":                      "no state, address, network or port",
		"capture --host x --control " + path:   `--host "x" is no address`,
		"capture --count -1 --control " + path: "not negative",
		"sockets --control " + path + "x":      "there is no socket",
		"sockets --all --listening":            "none of the others can be",
		"sockets --pid 1 --control " + path:    "none of the others can be",
	} {
		if status, _, errs := command(strings.Fields(line)...); status == 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d, %q", line, status, errs)
		}
	}
}
