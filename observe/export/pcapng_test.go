package export

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/observe/frames"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// dissect has tshark read a file, and gives fields of its frames.
func dissect(t *testing.T, file []byte, fields ...string) (rows [][]string) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark, which make tools installs")
	}
	name := filepath.Join(t.TempDir(), "journeys.pcapng")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-r", name, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-T", "fields", "-E", "separator=\t", "-E", "aggregator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	c := exec.Command(tshark, args...)
	var trouble bytes.Buffer
	c.Stderr = &trouble
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, trouble.String())
	}
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

var (
	reasonMissing = &trace.Reason{ID: "resource.missing"}
	reasonServed  = &trace.Reason{ID: "resource.file"}
	opened        = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
)

func fieldLine(name, value string) journey.Field { return journey.Field{Name: name, Value: value} }

// asked is a journey on a connection of the kernel's.
func asked(id, serial int, method, target string, status int, change func(*journey.Journey)) *journey.Journey {
	j := &journey.Journey{
		ID: trace.ID(id), Serial: uint32(serial), Method: method, Target: target, Protocol: "HTTP/1.1", Status: status,
		Began: opened.Add(time.Duration(serial) * time.Second), Start: opened.Add(time.Duration(serial)*time.Second + time.Millisecond),
		First: 2 * time.Millisecond, Took: 3 * time.Millisecond,
		Connection: journey.Connection{ID: 7, Local: netip.MustParseAddrPort("127.0.0.1:18080"), Remote: netip.MustParseAddrPort("127.0.0.1:40000"), Opened: opened},
	}
	j.Request.Fields = []journey.Field{fieldLine("Host", "localhost:18080"), {Name: "Authorization", Secret: true, Hidden: 12}}
	j.Response.Fields = []journey.Field{fieldLine("Content-Type", "text/plain"), fieldLine("Content-Length", "0")}
	if change != nil {
		change(j)
	}
	if j.Received == 0 {
		j.Received = int64(len(requestHead(j)))
	}
	if j.Sent == 0 {
		j.Sent = int64(len(responseHead(j))) + j.Body
	}
	return j
}

// connected puts journeys one behind the other on their connection, which ends then.
func connected(all ...*journey.Journey) []*journey.Journey {
	var in, out int64
	for _, j := range all {
		j.RequestAt, j.ResponseAt = in, out
		in, out = in+j.Received, out+j.Sent
		j.Connection.Ended = opened.Add(time.Minute)
		j.Connection.Why = &trace.Reason{ID: "connection.idle"}
	}
	return all
}

func write(t *testing.T, all []*journey.Journey, find func(*journey.Journey) *frames.Sequence) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := PCAPNG(&b, all, find, Options{Version: "test"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWiresharkReadsRequestsThatWereNotCaptured(t *testing.T) {
	plain := connected(
		asked(1, 1, "GET", "/missing", 404, func(j *journey.Journey) {
			j.Reasons, j.Positions = []*trace.Reason{reasonMissing}, []*trace.Position{{File: "vitrine.hcl", Line: 12, Column: 3}}
		}),
		asked(2, 2, "POST", "/form", 200, func(j *journey.Journey) {
			j.Request.Fields = append(j.Request.Fields, fieldLine("Content-Length", "5000"))
			j.Received = int64(len(requestHead(j))) + 5000
			j.Response.Fields = []journey.Field{fieldLine("Content-Type", "text/plain"), fieldLine("Content-Length", "200000")}
			j.Body = 200_000
		}),
		asked(3, 3, "HEAD", "/file", 200, func(j *journey.Journey) {
			j.Response.Fields = []journey.Field{fieldLine("Content-Length", "77")}
			j.Received = int64(len(requestHead(j))) + 9 // written with other spaces
			j.Reasons = []*trace.Reason{reasonServed}
		}),
		asked(4, 4, "GET", "/last", 204, nil),
	)
	six := connected(asked(5, 1, "GET", "/six", 200, func(j *journey.Journey) {
		j.Connection = journey.Connection{ID: 8, Local: netip.MustParseAddrPort("[::1]:18080"), Remote: netip.MustParseAddrPort("[::1]:40000"), Opened: opened}
	}))
	file := write(t, append(plain, six...), nil)
	rows := dissect(t, file, "tcp.stream", "http.request.method", "http.request.uri", "http.response.code", "http.authorization", "_ws.malformed",
		"tcp.checksum.status", "ip.checksum.status", "frame.comment", "frame.interface_name", "tcp.analysis.lost_segment", "tcp.analysis.retransmission", "tcp.analysis.ack_lost_segment", "frame.time_epoch")
	var story []string
	for i, r := range rows {
		if !strings.Contains(r[8], made) || r[9] != "reconstructed" {
			t.Errorf("frame %d does not say that it was made up: %q", i+1, r)
		}
		if r[5] != "" || r[6] == "0" || r[7] == "0" || r[10]+r[11]+r[12] != "" {
			t.Errorf("frame %d is not in order: %q", i+1, r)
		}
		if r[1]+r[3] != "" {
			story = append(story, strings.TrimSpace(r[1]+" "+r[2]+" "+r[3]))
		}
	}
	want := "GET /missing, GET /six, 404, 200, POST /form, 200, HEAD /file, 200, GET /last, 204"
	if got := strings.Join(story, ", "); got != want {
		t.Errorf("Wireshark reads %s, want %s", got, want)
	}
	if !strings.Contains(rows[0][8], "journey 0000000000000001; GET /missing → 404 resource.missing (vitrine.hcl:12:3)") {
		t.Errorf("the first frame says %q", rows[0][8])
	}
	lengths := map[string]int{}
	for _, r := range dissect(t, file, "tcp.stream", "tcp.srcport", "tcp.len", "tcp.flags.fin", "http.authorization") {
		n, _ := strconv.Atoi(r[2])
		lengths[r[0]+" "+r[1]] += n
		if r[4] != "" && strings.Trim(r[4], "* ") != "" {
			t.Errorf("a secret value is shown: %q", r[4])
		}
	}
	sums := map[string]int{}
	for _, j := range plain {
		sums["0 40000"] += int(j.Received)
		sums["0 18080"] += int(j.Sent)
	}
	for which, n := range sums {
		if lengths[which] != n {
			t.Errorf("the stream %s has %d bytes, want %d", which, lengths[which], n)
		}
	}
}

// found is frames of a connection as a recorder keeps them: cut.
func found(j *journey.Journey) *frames.Sequence {
	s := new(frames.Sequence)
	s.Adapter.Name, s.Adapter.Kind = "tap:vitrine0", "tap"
	for i, p := range reconstruct([]*journey.Journey{j}, 0) {
		s.Frames = append(s.Frames, frames.Frame{At: time.Unix(0, p.Nanos), Out: p.Out, Serial: uint64(i), Data: p.Data[:min(len(p.Data), 128)],
			Bytes: p.Bytes, Kind: "tcp", Own: true})
		f := &s.Frames[i]
		f.Head = 54
		if i < 2 {
			f.Head += 8 // MSS and window scale
		}
		f.Seq, f.Len = int64(binary.BigEndian.Uint32(p.Data[38:])-isnOf(f.Out, j)), p.Bytes-f.Head
	}
	s.Frames = append(s.Frames, frames.Frame{Kind: "state", Text: "FIN-WAIT-2 → TIME-WAIT", Why: &trace.Reason{ID: "tcp.close.peer"}, Own: true})
	return s
}

func isnOf(out bool, j *journey.Journey) uint32 {
	var m maker
	m.numbers(j)
	if out {
		return m.isn[1]
	}
	return m.isn[0]
}

// What a frame carries is shown as far as the journey shows it.
func TestSecretsAndBodiesLeaveInNoFrame(t *testing.T) {
	request := "POST /login HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\r\nX-Odd: secret\r\nContent-Length: 20\r\n\r\npassword=secret-body"
	response := "HTTP/1.1 200 OK\r\nSet-Cookie: id=secret\r\nContent-Length: 9\r\n\r\nthe body."
	j := asked(1, 1, "POST", "/login", 200, nil)
	j.Request.Fields = []journey.Field{fieldLine("Host", "x"), {Name: "Authorization", Secret: true}, fieldLine("Content-Length", "20")}
	j.Response.Fields = []journey.Field{{Name: "Set-Cookie", Secret: true}, fieldLine("Content-Length", "9")}
	j.Received, j.Sent, j.RequestAt, j.ResponseAt = int64(len(request)), int64(len(response)), 100, 200
	headers := string(make([]byte, 54))
	for _, c := range []struct {
		what, payload string
		out           bool
		seq           int64
		want          string
		changed       bool
	}{
		{"a request", request, false, 101, "POST /login HTTP/1.1\r\nHost: x\r\nAuthorization: ***** ********\r\nX-Odd: ******\r\nContent-Length: 20\r\n\r\n", true},
		{"a response", response, true, 201, "HTTP/1.1 200 OK\r\nSet-Cookie: *********\r\nContent-Length: 9\r\n\r\n", true},
		{"a request that was cut", request[:50], false, 101, "POST /login HTTP/1.1\r\nHost: x\r\nAuthorization: ****", true},
		{"one cut before", request[:29], false, 101, "POST /login HTTP/1.1\r\nHost: x", false},
		{"the middle of a request", request[60:], false, 161, "", false},
		{"another request", request, false, 1, "", false},
		{"a request at an unknown place", request, false, -1, "", false},
		{"what is no request", "\x16\x03\x01", false, 101, "", false},
	} {
		f := &frames.Frame{Kind: "tcp", Out: c.out, Seq: c.seq, Len: len(c.payload), Head: 54, Data: []byte(headers + c.payload)}
		kept := string(f.Data)
		got, changed := shown(f, j)
		if string(got) != headers+c.want || changed != c.changed {
			t.Errorf("%s is shown as %q (%v), want %q", c.what, got[54:], changed, c.want)
		}
		if string(f.Data) != kept {
			t.Errorf("%s: what was recorded was changed", c.what)
		}
	}
}

func TestFramesThatWereRecordedAreWrittenOnce(t *testing.T) {
	a := asked(1, 1, "GET", "/a", 200, func(j *journey.Journey) {
		j.Request.Fields = append(j.Request.Fields, fieldLine("User-Agent", strings.Repeat("x", 200)))
	})
	b := asked(2, 1, "GET", "/b", 404, func(j *journey.Journey) {
		j.Reasons = []*trace.Reason{reasonMissing}
		j.Failure = &trace.Reason{ID: "exchange.gone"}
	})
	b.Target = "/\x1b[31mred"
	kernel := asked(3, 1, "GET", "/kernel", 200, func(j *journey.Journey) { j.Connection.ID = 9 })
	forgotten := asked(4, 1, "GET", "/forgotten", 200, func(j *journey.Journey) { j.Connection.ID = 10 })
	s := found(a)
	file := write(t, []*journey.Journey{a, b, kernel, forgotten}, func(j *journey.Journey) *frames.Sequence {
		switch j {
		case kernel:
			return nil
		case forgotten:
			return new(frames.Sequence)
		}
		return s
	})
	rows := dissect(t, file, "frame.interface_name", "frame.len", "frame.cap_len", "frame.comment", "_ws.malformed")
	var real, made int
	for i, r := range rows {
		if r[4] != "" {
			t.Errorf("frame %d is malformed: %q", i+1, r)
		}
		if r[0] == "reconstructed" {
			made++
			continue
		}
		f := &s.Frames[real]
		real++
		if r[0] != "tap:vitrine0" || r[1] != strconv.Itoa(f.Bytes) || r[2] != strconv.Itoa(len(f.Data)) && f.Len == 0 {
			t.Errorf("frame %d is %q, recorded were %d of %d bytes", i+1, r, len(f.Data), f.Bytes)
		}
		if !strings.Contains(r[3], "journey 0000000000000001; GET /a → 200|journey 0000000000000002; GET /�[31mred → 404 resource.missing; failed: exchange.gone") {
			t.Errorf("frame %d says %q", i+1, r[3])
		}
		if last := real == len(s.Frames)-1; last != strings.Contains(r[3], "FIN-WAIT-2 → TIME-WAIT: tcp.close.peer") {
			t.Errorf("frame %d says %q", i+1, r[3])
		}
	}
	if real != len(s.Frames)-1 || made == 0 {
		t.Errorf("%d frames that were recorded, %d that were not", real, made)
	}
}

func TestCaptureFileIsBounded(t *testing.T) {
	j := asked(1, 1, "GET", "/long", 200, func(j *journey.Journey) { j.Body = 1 << 40 })
	if file := write(t, connected(j), nil); len(file) > 200_000 {
		t.Errorf("a terabyte that was not recorded takes %d bytes", len(file))
	}
	j = asked(1, 1, "GET", "/"+strings.Repeat("x", 4000), 200, func(j *journey.Journey) { j.Body = 1 << 40 })
	if file := write(t, connected(j), nil); len(file) > 200_000 {
		t.Errorf("with a long target it takes %d bytes", len(file))
	}
	many := make([]*journey.Journey, 2000)
	for i := range many {
		many[i] = asked(i+1, 1, "GET", "/long", 200, func(j *journey.Journey) { j.Body, j.Connection.ID = 1<<40, uint64(i) })
	}
	if file := write(t, many, nil); len(file) > 50<<20 {
		t.Errorf("%d terabytes take %d bytes", len(many), len(file))
	}
	crowd := make([]*journey.Journey, 1000)
	s := found(asked(1, 1, "GET", "/", 200, nil))
	for i := range crowd {
		crowd[i] = asked(i+1, i+1, "GET", "/", 200, nil)
	}
	if file := write(t, crowd, func(*journey.Journey) *frames.Sequence { return s }); len(file) > 20_000 {
		t.Errorf("a frame of a thousand journeys makes a file of %d bytes", len(file))
	}
}

// What could not be read, what has no addresses and what has no times makes a file all the same.
func TestCaptureFileOfAlmostNothing(t *testing.T) {
	for name, j := range map[string]*journey.Journey{
		"nothing":     {},
		"refused":     asked(1, 1, "", "", 400, func(j *journey.Journey) { j.Received = 30 }),
		"a cut head":  asked(1, 1, "GET", "/", 200, func(j *journey.Journey) { j.Request.Cut, j.Received = true, 5000 }),
		"no answer":   asked(1, 1, "GET", "/", 0, nil),
		"two kinds":   asked(1, 1, "GET", "/", 200, func(j *journey.Journey) { j.Connection.Local = netip.MustParseAddrPort("[::1]:80") }),
		"a made line": asked(1, 1, "GET", "/\r\nX: y", 200, nil),
	} {
		t.Run(name, func(t *testing.T) {
			for i, r := range dissect(t, write(t, []*journey.Journey{j}, nil), "frame.comment", "_ws.malformed", "http.request.line") {
				if !strings.Contains(r[0], made) || r[1] != "" || strings.Contains(r[2], "X: y") {
					t.Errorf("frame %d: %q", i+1, r)
				}
			}
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestCaptureFileThatCannotBeWrittenSaysSo(t *testing.T) {
	if err := PCAPNG(fullDisk{}, connected(asked(1, 1, "GET", "/", 200, nil)), nil, Options{}); err == nil || err.Error() != "the disk is full" {
		t.Errorf("the error is %v", err)
	}
}
