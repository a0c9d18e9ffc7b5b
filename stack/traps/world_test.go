package traps

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// cable is the tester's end of an Ethernet: what the host under test is connected to.
type cable interface {
	send(frame []byte) error
	receive(wait time.Duration) ([]byte, error) // nil when nothing came
}

// world is a host under test with the tester beside it.
type world struct {
	t        *testing.T
	c        cable
	listener net.Listener
	hostMAC  [6]byte
	port     uint16
	next     uint16 // the tester's next port
	seen     []seg  // received while something else was waited for
	pings    uint16
}

// each runs a test against the kernel and against the own stack.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("stack", func(t *testing.T) { f(t, ours(t)) })
	t.Run("linux", func(t *testing.T) { againstLinux(t, f) })
}

// wire is the tester's end of the wire in memory, whose other end is the stack's.
type wire struct {
	q     link.Queue
	fcs   bool
	epoch time.Time
	left  [][]byte
}

func (c *wire) send(b []byte) error {
	if c.fcs {
		b = binary.LittleEndian.AppendUint32(b[:len(b):len(b)], link.FCS(b))
	}
	for {
		if room := c.q.Reserve(len(b)); room != nil {
			copy(room, b)
			c.q.Commit(len(b), link.Meta{})
			return c.q.Flush()
		}
		now := int64(time.Since(c.epoch))
		if err := c.q.Wait(now+int64(time.Second), now); err != nil {
			return err
		}
	}
}

func (c *wire) receive(wait time.Duration) ([]byte, error) {
	until := time.Now().Add(wait)
	for {
		if len(c.left) > 0 {
			b := c.left[0]
			c.left = c.left[1:]
			return b, nil
		}
		var frames [32]link.Frame
		n, err := c.q.Receive(frames[:])
		if err != nil && err != link.ErrMore {
			return nil, err
		}
		for _, f := range frames[:n] {
			b := append([]byte(nil), f.Data...)
			if c.fcs {
				b = b[:len(b)-4]
			}
			c.left = append(c.left, b)
		}
		if n > 0 {
			continue
		}
		if !time.Now().Before(until) {
			return nil, nil
		}
		if err := c.q.Wait(int64(until.Sub(c.epoch)), int64(time.Since(c.epoch))); err != nil {
			return nil, err
		}
	}
}

func ours(t *testing.T) *world {
	a, b := link.NewWire(link.WireOptions{})
	s, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.1/24")}}, a)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	l, err := s.ListenTCP("198.18.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); s.Stop(); s.Close(); b.Close() })
	w := &world{t: t, c: &wire{q: b.Queue(0), fcs: b.Info().FCS, epoch: time.Now().Add(-time.Second)}, listener: l,
		hostMAC: [6]byte(a.Info().MAC)}
	return begin(w)
}

func begin(w *world) *world {
	w.port, w.next = 80, 20000
	w.barrier() // the host knows our MAC address from here on
	return w
}

// arp answers who asks for us.
func (w *world) arp(f []byte) {
	if len(f) < 42 || binary.BigEndian.Uint16(f[20:]) != 1 || [4]byte(f[38:42]) != peerIP {
		return
	}
	reply := []byte{0, 1, 8, 0, 6, 4, 0, 2}
	reply = append(append(reply, peerMAC[:]...), peerIP[:]...)
	reply = append(append(reply, f[22:28]...), f[28:32]...)
	w.frame(ethernet([6]byte(f[6:12]), peerMAC, 0x0806, reply))
}

func (w *world) frame(f []byte) {
	w.t.Helper()
	if err := w.c.send(f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ip(p []byte) { w.t.Helper(); w.frame(ethernet(w.hostMAC, peerMAC, 0x0800, p)) }

// next waits for the next frame, answering ARP meanwhile. Pings that are answered are given as their number.
func (w *world) pull(wait time.Duration) (s seg, ping uint16, ok bool) {
	w.t.Helper()
	until := time.Now().Add(wait)
	for {
		f, err := w.c.receive(max(time.Until(until), 0))
		if err != nil {
			w.t.Fatal(err)
		}
		if f == nil {
			return s, 0, false
		}
		if len(f) < 34 {
			continue
		}
		switch kind := binary.BigEndian.Uint16(f[12:]); {
		case kind == 0x0806:
			w.arp(f)
		case kind == 0x0800 && f[23] == 1 && len(f) >= 42 && f[34] == 0:
			return s, binary.BigEndian.Uint16(f[40:]), true
		default:
			if s, ok := parse(f); ok {
				return s, 0, true
			}
		}
	}
}

const patience = time.Minute

// barrier returns when everything sent before has been looked at: a ping that is sent now is answered after it.
func (w *world) barrier() {
	w.t.Helper()
	w.pings++
	echo := []byte{8, 0, 0, 0, 0x77, 0x77, byte(w.pings >> 8), byte(w.pings)}
	binary.BigEndian.PutUint16(echo[2:], fold(sum(echo, 0)))
	w.ip(packet(peerIP, hostIP, 1, 1, echo, 0, false))
	for {
		s, ping, ok := w.pull(patience)
		switch {
		case !ok:
			w.t.Fatal("a ping was not answered")
		case ping == w.pings:
			return
		case ping == 0:
			w.seen = append(w.seen, s)
		}
	}
}

// conn is one connection of the tester's.
type conn struct {
	*world
	sport    uint16
	seq, ack uint32 // our next number, and the next one that we expect
	isn      uint32
	synack   seg
	app      net.Conn
	stamp    uint32 // our timestamp clock; 0: no timestamps
	echo     uint32
}

// dial begins a connection without sending anything.
func (w *world) dial() *conn {
	w.next++
	return &conn{world: w, sport: w.next, seq: 1_000_000, isn: 1_000_000}
}

// send sends a segment with the flags and the data at an offset from our next number, and does not remember it.
func (c *conn) send(flags byte, offset int, data string) {
	c.t.Helper()
	c.raw(flags, offset, data, nil)
}

func (c *conn) raw(flags byte, offset int, data string, change func(*seg)) {
	c.t.Helper()
	s := seg{sport: c.sport, dport: c.port, seq: c.seq + uint32(offset), ack: c.ack, flags: flags, window: 65000, data: []byte(data)}
	if c.stamp != 0 {
		c.stamp++
		s.options = timestamps(c.stamp, c.echo)
	}
	if change != nil {
		change(&s)
	}
	c.ip(packet(peerIP, hostIP, 6, 7, s.tcp(peerIP, hostIP), 0, false))
}

// say sends data in order.
func (c *conn) say(data string) {
	c.t.Helper()
	c.send(ack|psh, 0, data)
	c.seq += uint32(len(data))
}

// expect waits for a segment of this connection that fits, and passes over others.
func (c *conn) expect(what string, fits func(seg) bool) seg {
	c.t.Helper()
	until := time.Now().Add(patience)
	var passed []seg
	for {
		for i, s := range c.seen {
			if s.dport == c.sport && fits(s) {
				c.seen = append(c.seen[:i:i], c.seen[i+1:]...)
				return s
			}
		}
		s, ping, ok := c.pull(time.Until(until))
		if !ok {
			for _, s := range append(passed, c.seen...) {
				c.t.Log("there was: ", s)
			}
			c.t.Fatal("no ", what)
		}
		if ping == 0 {
			c.seen = append(c.seen, s)
		}
	}
}

// silence checks that nothing that fits is sent in answer to what was sent before.
func (c *conn) silence(what string, fits func(seg) bool) {
	c.t.Helper()
	c.barrier()
	for _, s := range c.seen {
		if s.dport == c.sport && fits(s) {
			c.t.Fatalf("%s: %v", what, s)
		}
	}
}

// forget drops what was received.
func (w *world) forget() { w.barrier(); w.seen = nil }

// open connects with the options and yields the server's end.
func (c *conn) open(options ...[]byte) *conn {
	c.t.Helper()
	c.raw(syn, 0, "", func(s *seg) { s.options, s.ack = join(options...), 0 })
	c.synack = c.expect("SYN-ACK", func(s seg) bool { return s.flags == syn|ack })
	if c.synack.ack != c.seq+1 {
		c.t.Fatalf("SYN-ACK acknowledges %d", c.synack.ack)
	}
	if ts := c.synack.option(8); ts != nil {
		c.stamp, c.echo = 5000, binary.BigEndian.Uint32(ts)
	}
	c.seq++
	c.ack = c.synack.seq + 1
	c.send(ack, 0, "")
	a, err := c.listener.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	c.app = a
	c.t.Cleanup(func() { a.Close() })
	return c
}

// reads checks what the server's application reads.
func (c *conn) reads(want string) {
	c.t.Helper()
	b := make([]byte, len(want))
	c.app.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(c.app, b); err != nil || string(b) != want {
		c.t.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

// write lets the server's application write.
func (c *conn) write(n int) {
	c.t.Helper()
	if _, err := c.app.Write(make([]byte, n)); err != nil {
		c.t.Fatal(err)
	}
}
