package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// pcap is a capture file of the old format.
func pcap(order binary.AppendByteOrder, magic, link uint32, records ...[]byte) []byte {
	b := order.AppendUint32(nil, magic)
	b = append(b, make([]byte, 16)...)
	b = order.AppendUint32(b, link)
	for i, r := range records {
		b = order.AppendUint32(b, uint32(100+i))
		b = order.AppendUint32(b, 5)
		b = order.AppendUint32(b, uint32(len(r)))
		b = order.AppendUint32(b, uint32(len(r)))
		b = append(b, r...)
	}
	return b
}

// section makes the blocks of a pcapng file in any byte order.
func section(order binary.AppendByteOrder, blocks ...[]byte) []byte {
	block := func(b []byte, kind uint32, body []byte) []byte {
		b = order.AppendUint32(b, kind)
		b = order.AppendUint32(b, uint32(12+len(body)))
		return order.AppendUint32(append(b, body...), uint32(12+len(body)))
	}
	head := order.AppendUint32(nil, orderMagic)
	b := block(nil, blockSection, append(head, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
	for _, x := range blocks {
		b = block(b, order.(binary.ByteOrder).Uint32(x), x[4:])
	}
	return b
}

// words is a block: its kind and its first words, and bytes behind them.
func words(order binary.AppendByteOrder, kind uint32, w []uint32, rest string) []byte {
	b := order.AppendUint32(nil, kind)
	for _, x := range w {
		b = order.AppendUint32(b, x)
	}
	return append(b, rest...)
}

func TestCaptureFilesOfAllKindsAreRead(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	ethernet := func(o binary.AppendByteOrder) uint32 { // a link type of 16 bits, and 16 reserved ones
		if o == binary.AppendByteOrder(little) {
			return 1
		}
		return 1 << 16
	}
	frame := strings.Repeat("f", 60)
	for _, c := range []struct {
		name  string
		file  []byte
		nanos int64
	}{
		{"pcap", pcap(little, 0xa1b2c3d4, 1, []byte(frame)), 100_000_005_000},
		{"pcap, nanoseconds", pcap(little, 0xa1b23c4d, 1, []byte(frame)), 100_000_000_005},
		{"pcap, big-endian", pcap(big, 0xa1b2c3d4, 1, []byte(frame)), 100_000_005_000},
		{"pcapng", section(little, words(little, 1, []uint32{ethernet(little), 0}, ""),
			words(little, 6, []uint32{0, 0, 7, 60, 60}, frame)), 7000},
		{"pcapng, big-endian, nanoseconds", section(big, words(big, 1, []uint32{ethernet(big), 0}, "\x00\x09\x00\x01\x09\x00\x00\x00"),
			words(big, 6, []uint32{0, 0, 7, 60, 60}, frame)), 7},
		{"pcapng, binary fractions, later", section(big, words(big, 1, []uint32{ethernet(big), 0},
			"\x00\x09\x00\x01\x8a\x00\x00\x00\x00\x0e\x00\x08\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00"),
			words(big, 6, []uint32{0, 0, 1024 + 512, 60, 60}, frame)), 3_500_000_000},
		{"pcapng, a simple packet", section(little, words(little, 1, []uint32{ethernet(little), 0}, ""),
			words(little, 3, []uint32{60}, frame)), 0},
		{"pcapng, an old packet after an unknown block", section(little, words(little, 1, []uint32{ethernet(little), 0}, ""),
			words(little, 0x0bad, nil, "????"), words(little, 2, []uint32{0, 0, 7, 60, 60}, frame)), 7000},
	} {
		all := readCapture(t, c.file)
		if len(all) != 1 || string(all[0].data) != frame || all[0].original != 60 || all[0].nanos != c.nanos || all[0].fcs {
			t.Errorf("%s: %+v", c.name, all)
		}
	}
	if all := readCapture(t, pcap(little, 0xa1b2c3d4, 1|1<<26|2<<28, []byte(frame))); len(all) != 1 || !all[0].fcs {
		t.Error("a pcap file that says that its frames have an FCS")
	}
}

func TestBrokenCaptureFilesSayWhere(t *testing.T) {
	o := binary.LittleEndian
	iface := words(o, 1, []uint32{1, 0}, "")
	whole := section(o, iface, words(o, 6, []uint32{0, 0, 7, 4, 4}, "data"))
	pcapFile := pcap(o, 0xa1b2c3d4, 1, make([]byte, 60))
	patched := func(b []byte, at int, x byte) []byte { b = bytes.Clone(b); b[at] = x; return b }
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "no capture file"},
		{"text", []byte("this is a text"), "no capture file"},
		{"half a header", pcapFile[:23], "no capture file"},
		{"another link type", pcap(o, 0xa1b2c3d4, 101), "link type 101"},
		{"half a record", pcapFile[:30], "at byte 24: the file ends in the middle of a record"},
		{"half a frame", pcapFile[:90], "at byte 24: a record is longer than the file"},
		{"half a block", whole[:38], "at byte 28: the file ends in the middle of a block"},
		{"a block that is too long", patched(whole, 32, 200), "at byte 28: a block's length is not right"},
		{"a section without order", patched(whole, 8, 9), "at byte 0: a section has no byte order"},
		{"another link type in pcapng", section(o, words(o, 1, []uint32{113, 0}, "")), "link type 113"},
		{"a short interface", section(o, words(o, 1, []uint32{1}, "")), "an interface's description is too short"},
		{"an option that is too long", section(o, words(o, 1, []uint32{1, 0}, "\x09\x00\x09\x00")), "an option is longer than its block"},
		{"no interface", section(o, words(o, 6, []uint32{0, 0, 7, 4, 4}, "data")), "an interface that was not described"},
		{"a short packet", section(o, iface, words(o, 6, []uint32{0, 0, 7, 4}, "")), "a packet's block is too short"},
		{"a long packet", section(o, iface, words(o, 6, []uint32{0, 0, 7, 5, 5}, "data")), "a frame is longer than its block"},
		{"with and without FCS", section(o, iface, words(o, 1, []uint32{1, 0}, "\x0d\x00\x01\x00\x04\x00\x00\x00"),
			words(o, 6, []uint32{0, 0, 7, 4, 4}, "data"), words(o, 6, []uint32{1, 0, 7, 4, 4}, "data")), "with an FCS and frames without"},
	} {
		if _, err := OpenReplay(bytes.NewReader(c.file), ReplayOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something with %q", c.name, err, c.want)
		}
	}
	if _, err := OpenReplay(bytes.NewReader(pcapFile), ReplayOptions{Limit: 50}); err == nil || !strings.Contains(err.Error(), "longer than 50 bytes") {
		t.Errorf("a file that is too long: %v", err)
	}
	if _, err := OpenReplay(iotest.ErrReader(io.ErrClosedPipe), ReplayOptions{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}

func TestReplayGivesTheFramesOfAFile(t *testing.T) {
	us, peer := MAC{2, 0, 0, 0, 0, 1}, MAC{2, 0, 0, 0, 0, 2}
	file := pcap(binary.LittleEndian, 0xa1b2c3d4, 1|1<<26|2<<28, sealed(us, peer, 64), sealed(peer, us, 64), sealed(us, peer, 80))
	short := binary.LittleEndian.AppendUint32(bytes.Repeat([]byte{0}, 8), 4) // four bytes of a frame of nine
	file = append(append(file, binary.LittleEndian.AppendUint32(short, 9)...), "data"...)
	var sent bytes.Buffer
	r, err := OpenReplay(bytes.NewReader(file), ReplayOptions{MAC: us, Trusted: true, Output: &sent})
	if err != nil {
		t.Fatal(err)
	}
	if i := r.Info(); i.Name != "replay" || !i.FCS || i.MTU != 1500 || i.Queues != 1 || i.MAC != us {
		t.Errorf("info %+v", i)
	}
	card := NewCard(r.Queue(0), r.Info(), CardOptions{})
	frames := make([]Frame, 2)
	total := 0
	for done := false; !done; {
		n, _, err := card.Receive(frames)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames[:n] {
			if f.Meta.Checksum != ChecksumVerified {
				t.Error("the checksums were to be trusted")
			}
		}
		total += n
		select {
		case <-r.Done():
			done = true
		default:
			card.Wait(0, 1)
		}
	}
	c := card.Counters()
	if total != 2 || c.Foreign != 1 || c.Queue.ReceivedFrames != 3 || c.Queue.Malformed != 1 {
		t.Errorf("%d frames, counters %+v", total, c)
	}
	card.Commit(len(card.Reserve(100)), Meta{})
	if err := card.Flush(); err != nil {
		t.Fatal(err)
	}
	if all := readCapture(t, sent.Bytes()); len(all) != 1 || len(all[0].data) != 104 || card.Counters().Queue.SentFrames != 1 {
		t.Errorf("what was sent: %+v", all)
	}
	waits(t, r.Queue(0))
	if r.Queue(0).Descriptor() != -1 || r.Close() != nil {
		t.Error("a file has a descriptor, or does not close")
	}
}

func TestReplayAtThePaceOfTheCapture(t *testing.T) {
	c := &clock{1000}
	file := pcap(binary.LittleEndian, 0xa1b2c3d4, 1, make([]byte, 60), make([]byte, 60)) // a second apart
	r, err := OpenReplay(bytes.NewReader(file), ReplayOptions{Name: "file", Paced: true, Now: c.read})
	if err != nil {
		t.Fatal(err)
	}
	frames := make([]Frame, 4)
	for i, step := range []struct {
		now  int64
		want int
	}{{1000, 1}, {500 * millisecond, 0}, {1000*millisecond + 999, 0}, {1000*millisecond + 1000, 1}, {5000 * millisecond, 0}} {
		c.now = step.now
		if n, _ := r.Queue(0).Receive(frames); n != step.want {
			t.Errorf("step %d: %d frames, want %d", i, n, step.want)
		}
		if i == 2 {
			r.Queue(0).Wait(0, 7) // a nanosecond
		}
	}
	r, _ = OpenReplay(bytes.NewReader(file), ReplayOptions{Paced: true})
	r.Queue(0).Receive(frames)
	start := time.Now()
	if r.Queue(0).Wait(millisecond, 1); time.Since(start) > 900*time.Millisecond {
		t.Error("Wait waited for the frame, and not for the time given")
	}
}

// TestOtherProgramsFiles lets editcap convert our file to each format that is read here.
func TestOtherProgramsFiles(t *testing.T) {
	editcap, err := exec.LookPath("editcap")
	if err != nil {
		t.Skip("needs editcap, which comes with Wireshark")
	}
	ours := recordedSample(t, RecordingOptions{}, true)
	want := readCapture(t, ours)
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "ours"), ours, 0o600)
	for format, digits := range map[string]float64{"pcap": 3, "nsecpcap": 0, "pcapng": 0} {
		name := filepath.Join(dir, format)
		if out, err := exec.Command(editcap, "-F", format, filepath.Join(dir, "ours"), name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		file, _ := os.ReadFile(name)
		got := readCapture(t, file)
		if len(got) != len(want) {
			t.Fatalf("%s: %d frames, want %d", format, len(got), len(want))
		}
		unit := int64(math.Pow(10, digits))
		for i := range got {
			if !bytes.Equal(got[i].data, want[i].data) || got[i].nanos != want[i].nanos/unit*unit {
				t.Errorf("%s: frame %d at %d, want %d", format, i, got[i].nanos, want[i].nanos)
			}
		}
	}
}

func FuzzCaptureFile(f *testing.F) {
	o := binary.LittleEndian
	f.Add(pcap(o, 0xa1b2c3d4, 1, make([]byte, 60)))
	f.Add(pcap(binary.BigEndian, 0xa1b23c4d, 1, make([]byte, 60)))
	f.Add(section(o, words(o, 1, []uint32{1, 0}, "\x09\x00\x01\x00\x09\x00\x00\x00"), words(o, 6, []uint32{0, 0, 7, 4, 4}, "data")))
	f.Add(section(binary.BigEndian, words(binary.BigEndian, 1, []uint32{1 << 16, 0}, "\x00\x09\x00\x01\xbf\x00\x00\x00"),
		words(binary.BigEndian, 2, []uint32{0, 1 << 30, 7, 4, 4}, "data"), words(binary.BigEndian, 3, []uint32{9}, "data")))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := openCaptureFile(b)
		if err != nil {
			return
		}
		total := 0
		for {
			before := c.at
			frame, ok, err := c.next()
			if !ok || err != nil {
				return
			}
			if c.at <= before {
				t.Fatal("no progress")
			}
			if total += len(frame.data); total > len(b) {
				t.Fatal("more bytes in frames than in the file")
			}
		}
	})
}
