package bsd_test

import (
	"fmt"
	"log"
	"net/netip"

	"vitrine/stack"
	"vitrine/stack/bsd"
	"vitrine/stack/link"
)

// The calls in the order in which a server and a client make them.
func Example() {
	a, b := link.NewWire(link.WireOptions{})
	table := func(address string, adapter link.Adapter) *bsd.Table {
		s, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix(address)}}, adapter)
		if err != nil {
			log.Fatal(err)
		}
		s.Start()
		return bsd.NewTable(s, 0)
	}
	client, server := table("198.18.0.1/24", a), table("198.18.0.2/24", b)
	address := netip.MustParseAddrPort("198.18.0.2:80")

	listening, _ := server.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0)
	server.SetsockoptInt(listening, bsd.SOL_SOCKET, bsd.SO_REUSEADDR, 1)
	server.Bind(listening, address) // takes the port
	server.Listen(listening, 10)    // from now on it only waits

	fd, _ := client.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0)
	if err := client.Connect(fd, address); err != nil { // with a free local port
		log.Fatal(err)
	}
	client.Write(fd, []byte("question"))

	copied, _, _ := server.Accept(listening) // a copy of the listening socket, for this client
	buf := make([]byte, 100)
	n, _ := server.Read(copied, buf)
	fmt.Printf("descriptor %d reads %q, descriptor %d goes on waiting\n", copied, buf[:n], listening)

	server.Write(copied, []byte("answer"))
	server.Shutdown(copied, bsd.SHUT_WR)
	n, _ = client.Read(fd, buf)
	fmt.Printf("the client reads %q", buf[:n])
	n, _ = client.Read(fd, buf)
	fmt.Printf(" and then %d bytes: the end\n", n)

	_, err := server.Write(copied, []byte("more"))
	fmt.Println("writing after shutdown:", err)
	_, err = server.Read(listening, buf)
	fmt.Println("reading from a listening socket:", err)
	// Output:
	// descriptor 4 reads "question", descriptor 3 goes on waiting
	// the client reads "answer" and then 0 bytes: the end
	// writing after shutdown: broken pipe
	// reading from a listening socket: transport endpoint is not connected
}
