package stack_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// echo sends every datagram back to where it came from.
func echo(tb testing.TB, s *stack.Stack, address string) *stack.UDPConn {
	tb.Helper()
	pc, err := s.ListenPacket("udp", address)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65535)
		for {
			n, peer, err := pc.ReadFrom(buf)
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					tb.Error(err)
				}
				return
			}
			pc.WriteTo(buf[:n], peer)
		}
	}()
	tb.Cleanup(func() {
		pc.Close()
		<-done
	})
	return pc.(*stack.UDPConn)
}

func TestUDPEcho(t *testing.T) {
	for _, address := range []string{"198.18.0.2:7", "[fd00:198:18::2]:7"} {
		t.Run(address, func(t *testing.T) {
			a, b := twoHosts(t, link.WireOptions{})
			echo(t, b, address)
			c, err := a.Dial(t.Context(), "udp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute))
			for _, size := range []int{0, 1, 1000, 1400} {
				want := bytes.Repeat([]byte{byte(size)}, size)
				if _, err := c.Write(want); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 2000)
				n, err := c.Read(got)
				if err != nil || !bytes.Equal(got[:n], want) {
					t.Fatalf("%d bytes: %d came back, %v", size, n, err)
				}
			}
			if _, err := c.Write(make([]byte, 70000)); !errors.Is(err, syscall.EMSGSIZE) {
				t.Errorf("more than a datagram can hold: %v", err)
			}
		})
	}
}

// A dialled endpoint hears one peer only, and is told when nobody is there (RFC 1122 §4.1.3.3).
func TestConnectedUDP(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	c, err := a.Dial(t.Context(), "udp", "198.18.0.2:9")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	c.Write([]byte("anybody?"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	stranger, err := b.ListenPacket("udp", "198.18.0.2:10")
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	friend, err := b.ListenPacket("udp", "198.18.0.2:9")
	if err != nil {
		t.Fatal(err)
	}
	defer friend.Close()
	for _, pc := range []net.PacketConn{stranger, friend} {
		if _, err := pc.WriteTo([]byte(pc.LocalAddr().String()), c.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, 100)
	n, err := c.Read(got)
	if string(got[:n]) != "198.18.0.2:9" || err != nil {
		t.Errorf("heard %q, %v", got[:n], err)
	}
	if _, err := c.(*stack.UDPConn).WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("198.18.0.2:10")); !errors.Is(err, net.ErrWriteToConnected) {
		t.Errorf("speaking to somebody else: %v", err)
	}
}

func TestUDPDeadlineAndPorts(t *testing.T) {
	a, _ := twoHosts(t, link.WireOptions{})
	pc, err := a.ListenPacket("udp4", ":53")
	if err != nil {
		t.Fatal(err)
	}
	pc.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, _, err := pc.ReadFrom(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := a.ListenPacket("udp4", ":53"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
	if err := pc.Close(); err != nil {
		t.Error(err)
	}
	again, err := a.ListenPacket("udp4", ":53")
	if err != nil {
		t.Fatalf("the port is not free after Close: %v", err)
	}
	again.Close()
	if err := again.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Close: %v", err)
	}
}

// Whoever does not read loses datagrams and nothing else: memory is bounded, and the shard goes on.
func TestUDPOverrun(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	deaf, err := b.ListenPacket("udp", "198.18.0.2:1000")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	c, err := a.Dial(t.Context(), "udp", "198.18.0.2:1000")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range 5000 {
		fmt.Fprintf(c, "%01000d", i)
	}
	echo(t, b, "198.18.0.2:7")
	e, err := a.Dial(t.Context(), "udp", "198.18.0.2:7")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	e.SetDeadline(time.Now().Add(time.Minute))
	e.Write([]byte("still there?"))
	got := make([]byte, 100)
	if n, err := e.Read(got); string(got[:n]) != "still there?" || err != nil {
		t.Errorf("%q, %v", got[:n], err)
	}
	deaf.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	n := 0
	for {
		if _, _, err := deaf.ReadFrom(got); err != nil {
			break
		}
		n++
	}
	// 256 KiB in the endpoint's queue, and then what the shard holds for it.
	if n < 350 || n > 1000 {
		t.Errorf("%d of 5000 datagrams were kept", n)
	}
}
