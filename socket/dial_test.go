//go:build unix

package socket

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/stacktest"
)

// established waits until a connection that was dialled is established, or why it is not.
func established(t *testing.T, p Poller, ep Endpoint, token Token) error {
	t.Helper()
	if err := p.Add(ep, token); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; {
		err := ep.(Connector).Connected()
		if err != ErrWouldBlock {
			return err
		}
		if time.Now().After(end) {
			t.Fatal("nobody says how it went")
		}
		next(t, p, time.Now().Add(moment))
	}
}

// answered serves one connection: what comes is sent back, and then the end.
func answered(ln net.Listener) {
	c, err := ln.Accept()
	if err != nil {
		return
	}
	io.Copy(c, io.LimitReader(c, 5))
	c.Close()
}

// Connections are made to TCP and Unix sockets of the kernel's, on every network, and carry bytes as others do.
func TestDialling(t *testing.T) {
	each := func(t *testing.T, n *network) {
		p := newPoller(t, n)
		unix := filepath.Join(t.TempDir(), "s")
		for i, where := range [][2]string{{"tcp", "127.0.0.1:0"}, {"unix", unix}} {
			ln, err := net.Listen(where[0], where[1])
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			to := Address{Path: unix}
			if where[0] == "tcp" {
				to = Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}
			}
			go answered(ln)
			ep, err := p.(Dialer).Dial(to, false)
			if err != nil {
				t.Fatal(to, err)
			}
			token := Token(100 + i)
			if err := established(t, p, ep, token); err != nil {
				t.Fatal(to, err)
			}
			if m, err := ep.Write([]byte("hello"), false); m != 5 || err != nil {
				t.Fatal(to, m, err)
			}
			got := ""
			buf := make([]byte, 100)
			for end := time.Now().Add(patience); ; {
				m, err := ep.Read(buf)
				got += string(buf[:m])
				if err == io.EOF {
					break
				}
				if err != nil && err != ErrWouldBlock || time.Now().After(end) {
					t.Fatal(to, got, err)
				}
				if err == ErrWouldBlock {
					next(t, p, time.Now().Add(moment))
				}
			}
			if got != "hello" {
				t.Errorf("%v: %q", to, got)
			}
			ep.Close()
		}
	}
	for name, n := range map[string]func(t *testing.T) *network{
		"kernel":   func(*testing.T) *network { return kernel() },
		"portable": func(*testing.T) *network { return &network{Network: Portable{}} },
		"own stack": func(t *testing.T) *network {
			server, client := stacktest.Pair(t, link.WireOptions{})
			return ownStack(server, client, false)
		},
	} {
		t.Run(name, func(t *testing.T) { each(t, n(t)) })
	}
}

// On the own stack TCP goes out through it, from the shard itself or away from it.
func TestDiallingThroughTheOwnStack(t *testing.T) {
	for _, shared := range []bool{false, true} {
		server, client := stacktest.Pair(t, link.WireOptions{})
		n := ownStack(server, client, shared)
		p := newPoller(t, n)
		ln, err := client.ListenTCP(stacktest.Client + ":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go answered(ln)
		to := Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}
		ep, err := p.(Dialer).Dial(to, shared)
		if err != nil {
			t.Fatal(err)
		}
		if err := established(t, p, ep, 5); err != nil {
			t.Fatal(err)
		}
		ep.Write([]byte("hello"), false)
		buf, got := make([]byte, 10), ""
		for end := time.Now().Add(patience); got != "hello" && time.Now().Before(end); next(t, p, time.Now().Add(moment)) {
			m, _ := ep.Read(buf)
			got += string(buf[:m])
		}
		if got != "hello" {
			t.Errorf("%q", got)
		}
		ep.Close()

		to.Addr = netip.AddrPortFrom(to.Addr.Addr(), 1) // where nobody listens
		if ep, err = p.(Dialer).Dial(to, shared); err == nil {
			err = established(t, p, ep, 6)
		}
		if err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("shared %v: %v", shared, err)
		}
		ep, err = p.(Dialer).Dial(Address{Addr: netip.MustParseAddrPort("203.0.113.1:80")}, shared)
		if err == nil && shared {
			err = established(t, p, ep, 7)
		}
		if err == nil {
			t.Errorf("shared %v: no error without a route", shared)
		}
	}
}

func TestDiallingWhereNobodyIs(t *testing.T) {
	for name, n := range map[string]*network{"kernel": kernel(), "portable": {Network: Portable{}}} {
		t.Run(name, func(t *testing.T) {
			p := newPoller(t, n)
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			to := Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}
			ln.Close()
			ep, err := p.(Dialer).Dial(to, false)
			if err == nil {
				err = established(t, p, ep, 1)
				ep.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "refused") {
				t.Error(err)
			}
			if _, err = p.(Dialer).Dial(Address{Path: filepath.Join(t.TempDir(), "nobody")}, false); err == nil || errors.Is(err, ErrWouldBlock) {
				t.Error(err)
			}
		})
	}
}
