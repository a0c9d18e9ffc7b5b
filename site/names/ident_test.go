package names

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// identd is an ident server on the loopback that answers with what answer says, and does not when that is "".
func identd(t *testing.T, answer func(asked string) string) *Ident {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				text, _ := bufio.NewReader(c).ReadString('\n')
				if a := answer(strings.TrimRight(text, "\r\n")); a != "" {
					c.Write([]byte(a))
				} else {
					c.Read(make([]byte, 1)) // until the other gives up
				}
			}()
		}
	}()
	i := NewIdent(IdentOptions{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Port: l.Addr().(*net.TCPAddr).AddrPort().Port(), Timeout: 5 * time.Second})
	t.Cleanup(i.Close)
	return i
}

var pair = Pair{Remote: netip.MustParseAddrPort("127.0.0.1:6193"), Local: netip.MustParseAddrPort("127.0.0.1:23")}

func user(t *testing.T, i *Ident) (string, error) {
	t.Helper()
	type answer struct {
		user string
		err  error
	}
	got := make(chan answer, 1)
	if !i.Ask(pair, func(user string, err error) { got <- answer{user, err} }) {
		t.Fatal("not asked")
	}
	a := <-got
	return a.user, a.err
}

func TestTheClientsMachineIsAskedForTheConnectionsUser(t *testing.T) {
	var asked string
	i := identd(t, func(text string) string {
		asked = text
		return "6193, 23 : USERID : UNIX : st johns \r\n"
	})
	if u, err := user(t, i); u != "st johns " || err != nil || asked != "6193, 23" {
		t.Errorf("%q, %v, asked %q", u, err, asked)
	}
	if u, ok := i.Known(pair); !ok || u != "st johns " {
		t.Errorf("known %q", u)
	}
	if !i.Wants(pair.Remote.Addr()) || i.Wants(netip.MustParseAddr("192.0.2.1")) || !i.Wants(netip.MustParseAddr("::ffff:127.0.0.1")) {
		t.Error("others are asked than are listed")
	}
}

func TestAMachineThatDoesNotAnswerIsGivenUp(t *testing.T) {
	i := identd(t, func(string) string { return "" })
	i.ask.timeout = 30 * time.Millisecond
	if u, err := user(t, i); u != "" || err == nil {
		t.Errorf("%q, %v", u, err)
	}
	if u, ok := i.Known(pair); !ok || u != "" {
		t.Error("it would be asked for each request of the connection")
	}
	long := identd(t, func(string) string { return strings.Repeat("6193, 23 : USERID : UNIX : a", 100) })
	if u, err := user(t, long); u != "" || err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("%q, %v", u, err)
	}
	none := NewIdent(IdentOptions{Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) { return nil, net.ErrClosed }})
	defer none.Close()
	if u, err := user(t, none); u != "" || err != net.ErrClosed {
		t.Errorf("%q, %v", u, err)
	}
}

func TestIdentAnswers(t *testing.T) {
	for answer, want := range map[string]string{
		"6193, 23 : USERID : UNIX : stjohns":                     "stjohns",
		"6193,23:USERID:UNIX:stjohns":                            "stjohns",
		"6193, 23 : USERID : UNIX,UTF-8 : a:b":                   "a:b",
		" 6193 , 23 : userid : OTHER : x":                        "x",
		"6193, 23 : ERROR : NO-USER":                             "",
		"6193, 24 : USERID : UNIX : stjohns":                     "",
		"23, 6193 : USERID : UNIX : stjohns":                     "",
		"6193, 23 : USERID : UNIX":                               "",
		"6193, 23 : USERID : UNIX : ":                            "",
		"6193, 23":                                               "",
		"":                                                       "",
		"6193, 23 : WHO : UNIX : stjohns":                        "",
		"6193, 23 : USERID : UNIX : a\x00b":                      "",
		"6193, 23 : USERID : UNIX : " + strings.Repeat("a", 513): "",
	} {
		if got, err := ParseIdent([]byte(answer), 6193, 23); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", answer, got, err)
		}
	}
}

func FuzzIdent(f *testing.F) {
	f.Add([]byte("6193, 23 : USERID : UNIX : stjohns"))
	f.Add([]byte("6193, 23 : ERROR : HIDDEN-USER"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		user, err := ParseIdent(answer, 6193, 23)
		if (user == "") == (err == nil) || len(user) > 512 || strings.ContainsAny(user, "\r\n\x00") {
			t.Errorf("%q, %v", user, err)
		}
	})
}
