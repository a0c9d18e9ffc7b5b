package server

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// nameServer answers on the loopback by the records, each when gate lets it; a nil gate lets all. It returns its address.
func nameServer(t *testing.T, gate chan struct{}, records ...string) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	s := &dns.Server{PacketConn: c, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		if gate != nil {
			<-gate
		}
		a := new(dns.Msg)
		a.SetReply(q)
		for _, r := range records {
			rr, err := dns.NewRR(r)
			if err != nil {
				panic(err)
			}
			if strings.EqualFold(rr.Header().Name, q.Question[0].Name) && rr.Header().Rrtype == q.Question[0].Qtype {
				a.Answer = append(a.Answer, rr)
			}
		}
		w.WriteMsg(a)
	})}
	go s.ActivateAndServe()
	<-started
	t.Cleanup(func() { s.Shutdown() })
	return c.LocalAddr().String()
}

// identServer answers every question with a user.
func identServer(l net.Listener, user string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			text, _ := bufio.NewReader(c).ReadString('\n')
			fmt.Fprintf(c, "%s : USERID : UNIX : %s\r\n", strings.TrimSpace(text), user)
		}()
	}
}

// from asks for a path from an address of the loopback.
func (l *live) from(client, path string) string {
	l.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Timeout: patience}
	c, err := d.Dial("tcp", l.address())
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	body, _, err := (&conn{c, bufio.NewReader(c)}).ask(path)
	if err != nil {
		l.t.Fatal(err)
	}
	return body
}

func (l *live) has(file, text string) func() bool {
	return func() bool {
		b, _ := os.ReadFile(l.path(file))
		return strings.Contains(string(b), text)
	}
}

func TestALogHasNamesAndUsersAndNobodyWaitsForThem(t *testing.T) {
	gate := make(chan struct{})
	server := nameServer(t, gate, "77.0.0.127.in-addr.arpa. 60 IN PTR client.example.org.", "client.example.org. 60 IN A 127.0.0.77",
		"78.0.0.127.in-addr.arpa. 60 IN PTR liar.example.org.", "liar.example.org. 60 IN A 192.0.2.1")
	ident, err := net.Listen("tcp", "127.0.0.77:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ident.Close()
	go identServer(ident, "st johns")
	_, port, _ := net.SplitHostPort(ident.Addr().String())
	l := run(t, fmt.Sprintf(`
names {
  servers = [%q]
  timeout = "30s"
}
ident {
  networks = ["127.0.0.77"]
  port     = %s
}
`, server, port)+logging(anywhere, "names = true"))
	// The name server does not answer yet: requests are answered all the same, and their lines wait.
	for _, client := range []string{"127.0.0.77", "127.0.0.78", "127.0.0.77"} {
		if body := l.from(client, "/"); body != "one" {
			t.Fatalf("body %q", body)
		}
	}
	if b, _ := os.ReadFile(l.path("access.log")); len(b) > 0 {
		t.Errorf("a line did not wait: %s", b)
	}
	close(gate)
	l.await(l.has("access.log", `client.example.org st\x20johns - [`))
	l.await(l.has("access.log", `127.0.0.78 - - [`)) // its name does not lead back
	l.await(func() bool {
		b, _ := os.ReadFile(l.path("access.log"))
		return strings.Count(string(b), "client.example.org st") == 2
	})
	// Now it is known.
	l.from("127.0.0.77", "/known")
	l.await(l.has("access.log", "/known"))
}

func TestALineThatWaitsWhenTheServerEndsIsWritten(t *testing.T) {
	gate := make(chan struct{})
	defer close(gate)
	l := run(t, fmt.Sprintf("names {\n  servers = [%q]\n  timeout = \"60s\"\n}\n", nameServer(t, gate))+logging(anywhere, "names = true"))
	l.from("127.0.0.77", "/last")
	l.signals <- syscall.SIGTERM
	l.end()
	if !l.has("access.log", "127.0.0.77 - - [")() {
		b, _ := os.ReadFile(l.path("access.log"))
		t.Errorf("the log has %q", b)
	}
}

func TestNobodyIsAskedWhomNoLogWantsToKnow(t *testing.T) {
	gate := make(chan struct{}) // it answers nobody
	l := run(t, fmt.Sprintf("names {\n  servers = [%q]\n}\n", nameServer(t, gate))+logging(anywhere, ""))
	l.from("127.0.0.77", "/")
	l.await(l.has("access.log", "127.0.0.77 - - ["))
	close(gate)
}

func TestTheMachinesOfAnOwnNetworkAreAskedOverIt(t *testing.T) {
	o := runOwn(t, "ident {\n  networks = [\"198.18.0.0/24\"]\n}\n"+logging(":80", "format = \"common\""))
	ident, err := o.neighbor.ListenTCP("198.18.0.1:113")
	if err != nil {
		t.Fatal(err)
	}
	defer ident.Close()
	go identServer(ident, "neighbor")
	o.ask("/")
	o.await(o.has("access.log", "198.18.0.1 neighbor - ["))
}

// logging is answering with a log of the site's own.
func logging(listen, settings string) string {
	return fmt.Sprintf("listen %q {\n}\nsite {\n  default = true\n  log {\n    off = false\n    file = \"access.log\"\n    flush = \"1ms\"\n    %s\n  }\n"+
		"  route \"/*\" {\n    respond {\n      body = \"one\"\n    }\n  }\n}\n", listen, settings)
}

// Who may enter by name waits for the name server; everybody else does not.
func TestAnEntranceByNameWaitsForTheNameAndDelaysNobodyElse(t *testing.T) {
	for _, io := range []string{"single", "threads", "pool", "events", "events-per-core"} {
		t.Run(io, func(t *testing.T) {
			gate := make(chan struct{})
			server := nameServer(t, gate, "77.0.0.127.in-addr.arpa. 60 IN PTR client.example.org.", "client.example.org. 60 IN A 127.0.0.77",
				"78.0.0.127.in-addr.arpa. 60 IN PTR liar.example.org.", "liar.example.org. 60 IN A 192.0.2.1")
			l := run(t, fmt.Sprintf("io = %q\nnames {\n  servers = [%q]\n  timeout = \"30s\"\n}\nlisten %q {\n}\n", io, server, anywhere)+`
site {
  default = true
  route "/inside" {
    access {
      hosts = [".example.org"]
    }
    respond {
      body = "inside"
    }
  }
  route "/*" {
    respond {
      body = "outside"
    }
  }
}
`)
			type answer struct {
				body string
				err  error
			}
			enter := func(client string) chan answer {
				got := make(chan answer, 1)
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Timeout: patience}
				c, err := d.Dial("tcp", l.address())
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					defer c.Close()
					body, _, err := (&conn{c, bufio.NewReader(c)}).ask("/inside")
					got <- answer{body, err}
				}()
				return got
			}
			good := enter("127.0.0.77")
			if io != "single" { // one at a time is what it is for
				if body := l.from("127.0.0.1", "/"); body != "outside" {
					t.Errorf("body %q", body)
				}
			}
			select {
			case a := <-good:
				t.Fatalf("answered before anybody knew: %+v", a)
			default:
			}
			close(gate)
			if a := <-good; a.body != "inside" || a.err != nil {
				t.Errorf("%+v", a)
			}
			if a := <-enter("127.0.0.78"); a.err == nil || !strings.Contains(a.err.Error(), "403") || strings.Contains(a.err.Error(), "liar") {
				t.Errorf("a name that does not lead back: %+v", a)
			}
		})
	}
}
