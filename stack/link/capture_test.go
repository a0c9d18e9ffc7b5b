package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// readCapture reads a whole file.
func readCapture(t *testing.T, b []byte) (all []recorded) {
	t.Helper()
	c, err := openCaptureFile(b)
	if err != nil {
		t.Fatal(err)
	}
	for {
		f, ok, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		all = append(all, f)
	}
}

// recordedSample captures one frame in, one out, and one super-segment out.
func recordedSample(t *testing.T, o RecordingOptions, offloads bool) []byte {
	t.Helper()
	stamp := int64(1_700_000_000_123_456_789)
	a, b := NewWire(WireOptions{Offloads: offloads})
	answered := false
	c := Capture(a, CaptureOptions{Clock: func() int64 { stamp++; return stamp }, Comment: func(_ int, f []byte) string {
		if !answered {
			return "" // the batch is not over
		}
		return fmt.Sprintf("journey %d\xff", f[20])
	}})
	var file bytes.Buffer
	r := c.Start(&file, o)
	q := c.Queue(0)
	frame := sealed(a.Info().MAC, b.Info().MAC, 70)
	frame[20] = 1
	send(t, b.Queue(0), frame)
	if n, _ := q.Receive(make([]Frame, 4)); n != 1 {
		t.Fatal("no frame")
	}
	frame = sealed(b.Info().MAC, a.Info().MAC, 71)
	frame[20] = 2
	q.Commit(copy(q.Reserve(71), frame), Meta{})
	if offloads {
		big := q.Reserve(3000)
		clear(big)
		copy(big, frame[:14])
		big[20] = 3
		q.Commit(3000, Meta{GSO: GSOTCP4, SegmentSize: 1460, HeaderLen: 54})
	}
	answered = true
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if n := r.Counters(); n.Bytes != uint64(file.Len()) || n.LeftOut != 0 || n.Frames < 2 {
		t.Errorf("counters %+v, and the file has %d bytes", n, file.Len())
	}
	send(t, q, frame) // nobody records any more
	return file.Bytes()
}

func TestCaptureFileHoldsWhatPassed(t *testing.T) {
	file := recordedSample(t, RecordingOptions{}, false)
	all := readCapture(t, file)
	if len(all) != 2 || len(all[0].data) != 70 || len(all[1].data) != 71 || !all[0].fcs || all[0].nanos != 1_700_000_000_123_456_790 {
		t.Errorf("%d frames: %+v", len(all), all)
	}
	for _, want := range []string{"journey 1", "journey 2", "wire-a"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("the file has no %q", want)
		}
	}
	if bytes.Contains(file, []byte("journey 1\xff")) {
		t.Error("a comment is no UTF-8")
	}
	cut := readCapture(t, recordedSample(t, RecordingOptions{Snap: 20}, false))
	if len(cut) != 2 || len(cut[0].data) != 20 || cut[0].original != 70 {
		t.Errorf("cut to 20 bytes: %+v", cut)
	}
	kept := readCapture(t, recordedSample(t, RecordingOptions{Keep: func(f []byte) bool { return f[20] == 3 || len(f) == 71 }}, true))
	if len(kept) != 2 || len(kept[0].data) != 71 {
		t.Errorf("kept %d frames", len(kept))
	}
}

func TestTsharkReadsTheCapture(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	for _, offloads := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "test.pcapng")
		if err := os.WriteFile(name, recordedSample(t, RecordingOptions{}, offloads), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tshark, "-r", name, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.comment",
			"-e", "frame.packet_flags_direction", "-e", "frame.interface_name", "-e", "frame.packet_flags_fcs_length").Output()
		if err != nil {
			t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		want := [][]string{
			{"1700000000.123456790", "70", "journey 1", "1", "wire-a"},
			{"1700000000.123456791", "71", "journey 2", "2", "wire-a"},
		}
		if offloads {
			want = append(want, []string{"1700000000.123456792", "3000",
				"journey 3,Super-segment: 3 segments of up to 1460 bytes, which the adapter cuts or has put together.", "2", "wire-a"})
		}
		if len(lines) != len(want) {
			t.Fatalf("tshark shows %d frames: %s", len(lines), out)
		}
		for i, line := range lines {
			got := strings.Split(line, "\t")
			got[3] = strings.TrimPrefix(strings.TrimPrefix(got[3], "0x"), strings.Repeat("0", 7))
			fcs := map[bool]string{true: "0", false: "4"}[offloads]
			if n := len(got); n != 6 || strings.Join(got[:5], "|") != strings.Join(want[i], "|") || !strings.HasSuffix(got[5], fcs) {
				t.Errorf("frame %d: %q, want %q", i, got, want[i])
			}
		}
	}
}

// slowWriter blocks until it is let go.
type slowWriter struct {
	sync.Mutex
	bytes.Buffer
}

func (w *slowWriter) Write(b []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.Buffer.Write(b)
}

func TestSlowReaderOfACaptureHoldsNobodyUp(t *testing.T) {
	a, b := NewWire(WireOptions{})
	c := Capture(a, CaptureOptions{})
	w := &slowWriter{}
	w.Lock()
	r := c.Start(w, RecordingOptions{Buffer: 10_000})
	frame := sealed(b.Info().MAC, a.Info().MAC, 1000)
	for range 100 {
		send(t, c.Queue(0), frame)
		b.Queue(0).Receive(make([]Frame, 1))
	}
	if n := r.Counters(); n.LeftOut < 80 || n.LeftOut+n.Frames != 100 {
		t.Errorf("counters %+v", n)
	}
	w.Unlock()
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if all := readCapture(t, w.Bytes()); uint64(len(all)) != r.Counters().Frames {
		t.Errorf("the file has %d frames, the counter says %d", len(all), r.Counters().Frames)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestWriterThatFailsEndsItsRecordingOnly(t *testing.T) {
	a, b := NewWire(WireOptions{})
	c := Capture(a, CaptureOptions{})
	bad := c.Start(brokenWriter{}, RecordingOptions{})
	var file bytes.Buffer
	good := c.Start(&file, RecordingOptions{})
	<-bad.Done()
	send(t, c.Queue(0), sealed(b.Info().MAC, a.Info().MAC, 64))
	if err := bad.Stop(); err == nil || err.Error() != "the disk is full" {
		t.Errorf("the broken one ended with %v", err)
	}
	if c.Close() != nil || len(readCapture(t, file.Bytes())) != 1 || good.Counters().Frames != 1 {
		t.Error("the other recording did not go on")
	}
	if c.on.Load() != nil {
		t.Error("recordings are left")
	}
}

func TestCaptureIsSwitchedWhileFramesPass(t *testing.T) {
	a, b := NewWire(WireOptions{Ring: 64})
	c := Capture(a, CaptureOptions{Comment: func(int, []byte) string { return "x" }})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		in, out := c.Queue(0), b.Queue(0)
		frames := make([]Frame, 8)
		for {
			select {
			case <-stop:
				return
			default:
			}
			out.Commit(len(out.Reserve(64)), Meta{})
			out.Flush()
			in.Receive(frames)
			in.Commit(len(in.Reserve(64)), Meta{})
			in.Flush()
			out.Receive(frames)
		}
	}()
	for range 50 {
		r := c.Start(io.Discard, RecordingOptions{})
		for r.Counters().Frames == 0 {
			time.Sleep(100 * time.Microsecond)
		}
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestCaptureThatIsOffCostsNoAllocation(t *testing.T) {
	a, b := NewWire(WireOptions{})
	in, out := Trace(Capture(a, CaptureOptions{}), func(Event) {}).Queue(0), b.Queue(0)
	frames := make([]Frame, 4)
	round := func() {
		in.Commit(len(in.Reserve(64)), Meta{})
		in.Flush()
		out.Receive(frames)
		out.Commit(len(out.Reserve(64)), Meta{})
		out.Flush()
		in.Receive(frames)
	}
	for range 600 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBatchesWithoutEndAreRecordedInParts(t *testing.T) {
	a, b := NewWire(WireOptions{Lossy: true})
	c := Capture(a, CaptureOptions{})
	var file bytes.Buffer
	r := c.Start(&file, RecordingOptions{})
	q := c.Queue(0)
	for range 2000 { // without a Flush
		q.Commit(copy(q.Reserve(1000), sealed(b.Info().MAC, a.Info().MAC, 1000)), Meta{})
	}
	if got := cap(q.(*captureQueue).copies); got > 2*batchCopies {
		t.Errorf("copies of %d bytes wait for their comments", got)
	}
	q.Wait(1, 2)
	r.Stop()
	if n := len(readCapture(t, file.Bytes())); n != 2000 {
		t.Errorf("%d frames", n)
	}
}

func TestTraceSeesBothDirections(t *testing.T) {
	a, b := NewWire(WireOptions{Queues: 2})
	var seen []string
	x := Trace(a, func(e Event) {
		seen = append(seen, fmt.Sprintf("queue %d out %v: %d bytes, checksum %d", e.Queue, e.Out, len(e.Frame.Data), e.Frame.Meta.Checksum))
	})
	send(t, b.Queue(1), make([]byte, 64))
	x.Queue(1).Receive(make([]Frame, 2))
	x.Queue(0).Commit(len(x.Queue(0).Reserve(65)), Meta{Checksum: ChecksumPartial})
	want := "queue 1 out false: 64 bytes, checksum 0; queue 0 out true: 65 bytes, checksum 2"
	if got := strings.Join(seen, "; "); got != want {
		t.Errorf("seen %s, want %s", got, want)
	}
}

func TestCommentsAreBounded(t *testing.T) {
	if got := tidyComment(strings.Repeat("ä", 2000)); len(got) > longestComment || !strings.HasPrefix(got, "ää") {
		t.Errorf("a comment of %d bytes", len(got))
	}
	b := appendPacket(nil, 1, make([]byte, 5), 5, false, true, "abc", "d")
	if n := packetBlockLen(5, "abc", "d"); len(b) > n || binary.LittleEndian.Uint32(b[4:]) != uint32(len(b)) {
		t.Errorf("a block of %d bytes, at most %d were expected", len(b), n)
	}
}
