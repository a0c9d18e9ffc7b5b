package stack_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/netip"
	"testing"

	"vitrine/stack"
	"vitrine/stack/link"
)

// What one stack was seen to receive can be given to another from the file: it says the same again, resets included,
// since it knows nothing of the connection, and its counters tell what came.
func TestACaptureIsReplayedIntoAStack(t *testing.T) {
	own := netip.MustParsePrefix("198.18.0.1/24")
	a, b := link.NewWire(link.WireOptions{})
	recorder := link.Capture(a, link.CaptureOptions{})
	var file bytes.Buffer
	recording := recorder.Start(&file, link.RecordingOptions{})
	server, err := stack.New(stack.Config{Addresses: []netip.Prefix{own}}, recorder)
	if err != nil {
		t.Fatal(err)
	}
	client, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.2/24")}}, b)
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	client.Start()
	l, err := server.ListenTCP("198.18.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(context.Background(), "tcp", "198.18.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "hello")
	io.ReadFull(s, make([]byte, 5))
	client.Stop()
	server.Stop()
	recording.Stop()

	var said bytes.Buffer
	r, err := link.OpenReplay(&file, link.ReplayOptions{MAC: a.Info().MAC, Output: &said})
	if err != nil {
		t.Fatal(err)
	}
	again, err := stack.New(stack.Config{Addresses: []netip.Prefix{own}, Quiet: true}, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Listen(netip.MustParseAddrPort("198.18.0.1:81"), stack.ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	shard := again.Shard(0)
	for now := int64(1); ; now += 1e6 {
		more, err := shard.Poll(now)
		if err == nil {
			err = shard.Flush(now)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	again.Close()
	// Each segment of the client's met no connection and no listener.
	resets := 0
	for b := said.Bytes(); len(b) >= 12; b = b[binary.LittleEndian.Uint32(b[4:]):] {
		if binary.LittleEndian.Uint32(b) != 6 || len(b) < 28+54 {
			continue
		}
		if f := b[28:]; f[12] == 8 && f[13] == 0 && f[23] == 6 && f[47]&4 != 0 {
			resets++
		}
	}
	if resets < 2 {
		t.Errorf("%d resets for a SYN and what followed it; said: %x", resets, said.Bytes())
	}
}
