package stack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/netip"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// Instruments are adapters around an adapter: the stack and the medium know nothing of them. Here every twentieth frame of the
// client is lost, and what is left is recorded as Wireshark reads it.
func Example_instruments() {
	a, b := link.NewWire(link.WireOptions{})
	path := link.Impair(b, link.ImpairOptions{Transmit: link.Impairment{Seed: 1, Loss: 5}})
	recorder := link.Capture(path, link.CaptureOptions{})
	var file bytes.Buffer
	recording := recorder.Start(&file, link.RecordingOptions{Snap: 128})

	server, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.2/24")}}, a)
	if err != nil {
		log.Fatal(err)
	}
	client, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.0.1/24")}}, recorder)
	if err != nil {
		log.Fatal(err)
	}
	server.Start()
	client.Start()
	defer server.Stop()

	listener, err := server.ListenTCP(":9")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.Dial(context.Background(), "tcp", "198.18.0.2:9")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		c.Write(make([]byte, 1<<20))
		c.Close()
	}()
	peer, err := listener.Accept()
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, peer)
	client.Stop()
	recording.Stop()

	_, transmit := path.Impairers(0)
	fmt.Println(n, "bytes arrived:", err)
	fmt.Println("frames were lost on the way:", transmit.Counters().Lost > 0)
	fmt.Println("frames are in the capture file:", recording.Counters().Frames > 0 && file.Len() > 0)
	// Output:
	// 1048576 bytes arrived: <nil>
	// frames were lost on the way: true
	// frames are in the capture file: true
}

// Time is an argument: whoever drives the shards says what time it is, so that a test of a minute takes none.
func Example_fakeTime() {
	a, b := link.NewWire(link.WireOptions{})
	host := func(address string, adapter link.Adapter) *stack.Shard {
		s, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix(address)}}, adapter)
		if err != nil {
			log.Fatal(err)
		}
		return s.Shard(0)
	}
	client, server := host("198.18.0.1/24", a), host("198.18.0.2/24", b)
	now := int64(1)
	pass := func(d time.Duration) { // lets time pass, and then everything happen that is due
		now += int64(d)
		for range 8 {
			for _, shard := range []*stack.Shard{client, server} {
				shard.Poll(now)
				shard.Flush(now)
			}
		}
	}

	address := netip.MustParseAddrPort("198.18.0.2:80")
	listener, err := server.Stack().Listen(address, stack.ListenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	listener.Attach(server, func() {})
	c, err := client.Connect(netip.AddrPort{}, address, stack.ConnectOptions{}, nil)
	if err != nil {
		log.Fatal(err)
	}
	pass(time.Millisecond)
	peer, _ := listener.Accept()

	c.Close() // we close first, and so TIME_WAIT is ours
	pass(time.Millisecond)
	peer.Close()
	pass(time.Millisecond)
	fmt.Println("in TIME_WAIT after the close:", client.Counters().TimeWait, server.Counters().TimeWait)
	pass(time.Minute)
	fmt.Println("a minute later:", client.Counters().TimeWait, server.Counters().TimeWait)
	// Output:
	// in TIME_WAIT after the close: 1 0
	// a minute later: 0 0
}
