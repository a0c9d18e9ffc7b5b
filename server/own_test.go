package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/server/control"
	"vitrine/stack"
	"vitrine/stack/link"
)

// own is a server on a network of its own, a wire in memory, and a neighbor at its other end.
type own struct {
	*live
	neighbor *stack.Stack
	control  *control.Client
	wire     *breakable
	socket   string
}

// breakable is an adapter that a test can take away.
type breakable struct {
	link.Adapter
	q    *breakableQueue
	gone atomic.Bool
}

type breakableQueue struct {
	link.Queue
	b *breakable
}

func (b *breakable) Queue(int) link.Queue { return b.q }

func (q *breakableQueue) Receive(frames []link.Frame) (int, error) {
	if q.b.gone.Load() {
		return 0, link.ErrGone
	}
	return q.Queue.Receive(frames)
}

// runOwn starts a server on its own network. Text is what follows the network block.
func runOwn(t *testing.T, text string) *own {
	t.Helper()
	a, b := link.NewWire(link.WireOptions{})
	wire := &breakable{Adapter: a}
	wire.q = &breakableQueue{a.Queue(0), wire}
	client, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.1/24")}}, b)
	if err != nil {
		t.Fatal(err)
	}
	client.Start()
	t.Cleanup(func() { client.Stop(); client.Close() })
	folder, err := os.MkdirTemp("", "own") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "control.sock")
	o := &own{neighbor: client, control: control.Dial(path), wire: wire, socket: path}
	o.live = runOn(t, ownText(path, text), wire)
	return o
}

func ownText(socket, text string) string {
	return fmt.Sprintf("control {\n  socket = %q\n}\nnetwork \"tap:none\" {\n  address = [\"198.18.0.2/24\"]\n}\n", socket) + text
}

// ask sends a request from the neighbor and returns the connection with its answer read.
func (o *own) ask(path string) (net.Conn, string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	c, err := o.neighbor.Dial(ctx, "tcp", "198.18.0.2:80")
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { c.Close() })
	body, _, err := (&conn{c, bufio.NewReader(c)}).ask(path)
	if err != nil {
		o.t.Fatal(err)
	}
	return c, body
}

func (o *own) context() context.Context {
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	o.t.Cleanup(cancel)
	return ctx
}

func TestAServerOnItsOwnNetworkAnswersAndCanBeLookedInto(t *testing.T) {
	for _, io := range []string{"single", "threads", "pool", "events", "events-per-core"} {
		t.Run(io, func(t *testing.T) {
			o := runOwn(t, fmt.Sprintf("io = %q\nloops = 1\n", io)+answering(":80", "hello"))
			if _, body := o.ask("/"); body != "hello" {
				t.Errorf("the answer is %q", body)
			}
			st, err := o.control.Status(o.context())
			if err != nil || st.Network != "tap:none" || len(st.Own) != 1 || st.Architecture != io || len(st.Addresses) != 1 || st.Connections != 1 {
				t.Errorf("the status is %+v, %v", st, err)
			}
			all, err := o.control.Sockets(o.context())
			if err != nil {
				t.Fatal(err)
			}
			states := make(map[string]control.Socket)
			for _, s := range all {
				states[s.State] = s
			}
			if s := states["LISTEN"]; s.Local != "[::]:80" || s.SendQueue == 0 {
				t.Errorf("the listener is %+v", s)
			}
			if s := states["ESTABLISHED"]; s.Local != "198.18.0.2:80" || !strings.HasPrefix(s.Remote, "198.18.0.1:") || s.TCP == nil ||
				s.TCP.MSS != 1448 || s.TCP.Congestion != "cubic" || s.TCP.Received == 0 || s.TCP.RTT <= 0 || s.NextHop != "198.18.0.1" {
				t.Errorf("the connection is %+v, %+v", s, s.TCP)
			}
			counted, err := o.control.Counters(o.context())
			if err != nil {
				t.Fatal(err)
			}
			values := make(map[string]uint64)
			for _, c := range counted {
				values[c.Name] = c.Value
				if strings.HasPrefix(c.Layer, "decisions") && c.Sentence == "" {
					t.Errorf("%s has no sentence", c.Name)
				}
			}
			if values["received-frames"] == 0 || values["accepted"] != 1 || values["connections"] != 1 || values["tcp.established"] == 0 {
				t.Errorf("the counters are %v", values)
			}
		})
	}
}

// blocks are the types of a pcapng stream's blocks, and its packets.
func blocks(t *testing.T, b []byte) (kinds []uint32, packets [][]byte) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 12 || int(binary.LittleEndian.Uint32(b[4:])) > len(b) {
			t.Fatalf("the stream ends within a block")
		}
		n := int(binary.LittleEndian.Uint32(b[4:]))
		kinds = append(kinds, binary.LittleEndian.Uint32(b))
		if kinds[len(kinds)-1] == 6 {
			packets = append(packets, b[:n])
		}
		b = b[n:]
	}
	return kinds, packets
}

func TestACaptureHoldsTheFramesWithTheirJourneys(t *testing.T) {
	o := runOwn(t, answering(":80", "hello"))
	stream, err := o.control.Capture(o.context(), control.CaptureOptions{Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	c, _ := o.ask("/")
	c.Close()
	o.signals <- syscall.SIGTERM // a server that stops ends its captures well
	all, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	kinds, packets := blocks(t, all)
	if len(kinds) < 3 || kinds[0] != 0x0a0d0d0a || kinds[1] != 1 || len(packets) < 5 {
		t.Fatalf("the blocks are %x, with %d packets", kinds, len(packets))
	}
	commented := false
	for _, p := range packets {
		commented = commented || bytes.Contains(p, []byte("HTTP/1.1 200")) && bytes.Contains(p, []byte("journey "))
	}
	if !commented {
		t.Error("the frame with the answer does not name its journey")
	}
}

func TestADrainEndsTheConnectionsOfAnOwnNetworkAndWaitsForNothingElse(t *testing.T) {
	o := runOwn(t, answering(":80", "hello"))
	c, _ := o.ask("/")
	began := time.Now()
	o.signals <- syscall.SIGTERM
	c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client is told %v, and not the end", err)
	}
	c.Close()
	if e := o.end(); e != Drained {
		t.Errorf("it ended as %d", e)
	}
	if took := time.Since(began); took > 30*time.Second { // TIME_WAIT is 60 s
		t.Errorf("it took %v", took)
	}
}

func TestAReloadOnAnOwnNetworkKeepsItsConnections(t *testing.T) {
	o := runOwn(t, answering(":80", "one"))
	text := ownText(o.control.Path, answering(":80", "two"))
	if said := o.reload(strings.Replace(text, "address", "mtu = 1400\n  address", 1)); !strings.Contains(said, "network.mtu is 1400 now, and was 0") {
		t.Errorf("another network is not refused:\n%s", said)
	}
	if _, body := o.ask("/"); body != "one" {
		t.Errorf("after the refused reload the answer is %q", body)
	}
	o.reload(text)
	if _, body := o.ask("/"); body != "two" {
		t.Errorf("after the reload the answer is %q", body)
	}
	o.reload(ownText(o.control.Path, answering("198.18.0.2:80", "three"))) // the same port, narrower
	if _, body := o.ask("/"); body != "three" {
		t.Errorf("on the narrower listener the answer is %q", body)
	}
}

func TestAServerWhoseInterfaceIsGoneEnds(t *testing.T) {
	o := runOwn(t, answering(":80", "hello"))
	o.ask("/")
	o.wire.gone.Store(true)
	ctx, cancel := context.WithTimeout(o.t.Context(), 50*time.Millisecond)
	defer cancel()
	o.neighbor.Dial(ctx, "tcp", "198.18.0.2:80") // something arrives, and the loop looks
	if e := o.end(); e != Cut {
		t.Errorf("it ended as %d", e)
	}
	if said := o.errors(); strings.Count(said, "server.network-lost") != 1 || !strings.Contains(said, "the network's interface is gone") {
		t.Errorf("the error log says\n%s", said)
	}
}

func TestAPortOfAnOwnNetworkNeedsNoPrivilegeAndIsNotProbed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	runOwn(t, answering(fmt.Sprintf(":%d", port), "hello")) // the kernel's port is another one
}

// Whoever records and does not read, such as a pager, keeps nobody from stopping.
func TestACaptureThatNobodyReadsDoesNotKeepTheServerFromStopping(t *testing.T) {
	o := runOwn(t, answering(":80", strings.Repeat("hello", 100_000)))
	stream, err := o.control.Capture(t.Context(), control.CaptureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for range 4 { // more than the way to the reader holds
		c, _ := o.ask("/")
		c.Close()
	}
	o.signals <- syscall.SIGTERM
	o.end()
}

// api asks the control socket for JSON.
func (o *own) api(path string, into any) {
	o.t.Helper()
	if err := o.control.Ask(o.context(), path, into); err != nil {
		o.t.Fatalf("%s: %v", path, err)
	}
}

func TestAnOwnNetworkShowsItsFramesAndItsLayers(t *testing.T) {
	o := runOwn(t, answering(":80", "hello"))
	o.ask("/shown")
	var all api.Journeys
	o.await(func() bool { o.api("/api/journeys", &all); return len(all.Journeys) == 1 })
	var j api.Journey
	o.api("/api/journeys/"+all.Journeys[0].ID, &j)
	if j.Sequence == nil || len(j.Sequence.Frames) < 4 {
		t.Fatalf("the frames are %+v, %s", j.Sequence, j.NoFrames)
	}
	var syn, state, own bool
	for _, f := range j.Sequence.Frames {
		syn = syn || f.Kind == "tcp" && strings.Contains(f.Flags, "SYN") && !f.Out
		state = state || f.Kind == "state"
		own = own || f.Kind == "tcp" && f.Own && f.Len > 0 && f.Out
	}
	if !syn || !state || !own {
		t.Errorf("there are a SYN: %v, a change of state: %v, the response: %v, in %+v", syn, state, own, j.Sequence.Frames)
	}
	var house api.House
	o.api("/api/house", &house)
	numbers := make(map[string]api.Station)
	for _, l := range house.Layers {
		numbers[l.Name] = l
	}
	if a, tcp := numbers["adapter"], numbers["tcp"]; a.In == 0 || a.Out == 0 || tcp.In == 0 || tcp.Out == 0 || a.Off != "" {
		t.Errorf("the layers are %+v", house.Layers)
	}
	var sockets []api.Socket
	o.api("/api/sockets", &sockets)
	if len(sockets) != 2 || sockets[0].State != "LISTEN" || sockets[1].State != "ESTABLISHED" || sockets[1].ID == 0 || sockets[1].Serial != 1 ||
		sockets[1].Doing == "" || sockets[1].Snapshot == nil || sockets[1].Snapshot.MSS != 1448 || sockets[1].Journey != j.ID {
		t.Errorf("the sockets are %+v", sockets)
	}
	var counters []control.Counter
	o.api("/api/counters", &counters)
	if len(counters) < 50 {
		t.Errorf("there are %d counters", len(counters))
	}
	o.reload(ownText(o.socket, "journeys {\n  frames = 0\n}\n"+answering(":80", "hello")))
	var without api.Journey
	o.api("/api/journeys/"+j.ID, &without)
	if without.Sequence != nil || without.NoFrames == "" {
		t.Errorf("recording was turned off, and the frames are %+v", without.Sequence)
	}
}

func TestTheKernelsConnectionsAreShownToo(t *testing.T) {
	l := run(t, withAdmin(""))
	c, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ask("/"); err != nil {
		t.Fatal(err)
	}
	var sockets []api.Socket
	at := l.admin()
	_, _, body := send(t, at, "GET /api/sockets HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n")
	if err := json.Unmarshal([]byte(body), &sockets); err != nil {
		t.Fatal(err)
	}
	if len(sockets) != 3 || sockets[1].State != "LISTEN" || sockets[1].Local != at || !strings.Contains(sockets[1].Doing, "admin") {
		t.Fatalf("the page's own listener is not told of: %+v", sockets)
	}
	sockets = slices.Delete(sockets, 1, 2)
	if sockets[0].State != "LISTEN" || sockets[0].Local == at || sockets[1].State != "ESTABLISHED" || sockets[1].Remote != c.LocalAddr().String() ||
		sockets[1].Serial != 1 || sockets[1].ID == 0 || sockets[1].Doing == "" || sockets[1].AgeUS <= 0 {
		t.Errorf("the sockets are %+v", sockets)
	}
	var house api.House
	_, _, body = send(t, at, "GET /api/house HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n")
	if err := json.Unmarshal([]byte(body), &house); err != nil {
		t.Fatal(err)
	}
	if len(house.States) != 2 || house.States[0] != (api.State{State: "ESTABLISHED", Count: 1}) || house.States[1].State != "LISTEN" || len(house.Loops) == 0 || house.Connections != 1 {
		t.Errorf("the states are %+v, the loops %+v", house.States, house.Loops)
	}
}
