package stack_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// exampleHosts are two stacks on one wire in memory. On a real machine the adapter is a TAP interface (link.OpenTAP) or a
// packet socket (link.OpenPacket).
func exampleHosts() (client, server *stack.Stack, stop func()) {
	a, b := link.NewWire(link.WireOptions{})
	host := func(address string, adapter link.Adapter) *stack.Stack {
		s, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix(address)}}, adapter)
		if err != nil {
			log.Fatal(err)
		}
		s.Start() // a goroutine for each queue of the adapter
		return s
	}
	client, server = host("198.18.0.1/24", a), host("198.18.0.2/24", b)
	return client, server, func() {
		client.Stop()
		server.Stop()
	}
}

// An unmodified net/http server and client, with a network of their own.
func Example() {
	client, server, stop := exampleHosts()
	defer stop()

	listener, err := server.ListenTCP(":80")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	}))

	browser := &http.Client{Transport: &http.Transport{DialContext: client.Dial}}
	response, err := browser.Get("http://198.18.0.2/hello")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status)
	fmt.Println(string(body))
	// Output:
	// 200 OK
	// you asked for /hello
}

func ExampleStack_Dial() {
	client, server, stop := exampleHosts()
	defer stop()

	listener, err := server.ListenTCP("198.18.0.2:7")
	if err != nil {
		log.Fatal(err)
	}
	go func() { // an echo server
		c, err := listener.Accept()
		if err != nil {
			return
		}
		io.Copy(c, c)
		c.Close()
	}()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, "tcp", "198.18.0.2:7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(c, "is anybody there?")
	c.(*stack.TCPConn).CloseWrite() // that was all; the answer may come
	answer, _ := io.ReadAll(c)
	c.Close()
	fmt.Println(string(answer))
	// Output: is anybody there?
}

// Errors are those that programs know from the net package.
func ExampleStack_Dial_refused() {
	client, _, stop := exampleHosts()
	defer stop()

	dialer := stack.Dialer{Stack: client, Local: netip.MustParseAddrPort("198.18.0.1:4000"), Timeout: 5 * time.Second}
	_, err := dialer.Dial("tcp", "198.18.0.2:81")
	fmt.Println(err)
	// Output: dial tcp 198.18.0.1:4000->198.18.0.2:81: connect: connection refused
}

func ExampleStack_ListenPacket() {
	client, server, stop := exampleHosts()
	defer stop()

	pc, err := server.ListenPacket("udp", ":53")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		buf := make([]byte, 1500)
		n, from, err := pc.ReadFrom(buf)
		if err == nil {
			pc.WriteTo(fmt.Appendf(nil, "%q from %s", buf[:n], from.(*net.UDPAddr).IP), from)
		}
	}()

	c, err := client.Dial(context.Background(), "udp", "198.18.0.2:53")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "question")
	buf := make([]byte, 1500)
	n, _ := c.Read(buf)
	fmt.Printf("%s\n", buf[:n])
	// Output: "question" from 198.18.0.1
}

// The socket table, as `ss -tin` shows the kernel's.
func ExampleStack_Sockets() {
	client, server, stop := exampleHosts()
	defer stop()

	if _, err := server.ListenTCP("198.18.0.2:80"); err != nil {
		log.Fatal(err)
	}
	dialer := stack.Dialer{Stack: client, Local: netip.MustParseAddrPort("198.18.0.1:40000")}
	if _, err := dialer.Dial("tcp", "198.18.0.2:80"); err != nil {
		log.Fatal(err)
	}
	sockets, err := client.Sockets(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range sockets {
		fmt.Println(s.Protocol, s.State, s.Local, s.Remote, "mss", s.TCP.MSS)
	}
	// Output: tcp ESTABLISHED 198.18.0.1:40000 198.18.0.2:80 mss 1448
}
