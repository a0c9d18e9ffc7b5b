//go:build unix

package serve

import (
	"net"
	"path/filepath"
	"testing"

	"vitrine/socket"
)

// Whoever is given a new link may wake it before the link has a driver, and before its loop has taken it up: nothing happens
// before the driver is there, and the wake is not lost.
func TestALinkThatIsWokenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		here := r.one()
		to, _ := peer(t)
		dial := func(begin func(*Conn) LinkDriver) *Conn {
			return here.Link(&LinkOptions{Key: LinkKey{To: to}, Connect: patience, Write: patience}, begin)
		}
		round := func() { // the loop does what was asked of it before
			done := make(chan struct{})
			here.loop.do(func() { close(done) })
			await(t, "round of the loop", done)
		}
		d := newTalk(t, nil, true)
		dial(func(l *Conn) LinkDriver {
			l.Wake()
			round()
			return d
		})
		await(t, "connection", d.connected)
		await(t, "wake", d.woken)

		d = newTalk(t, nil, true)
		busy := make(chan struct{})
		here.loop.do(func() { <-busy })
		l := dial(func(*Conn) LinkDriver { return d })
		l.Wake()
		close(busy)
		await(t, "connection", d.connected)
		await(t, "wake", d.woken)
	})
}

// insistent sends a byte each time that it is woken.
type insistent struct{ *talk }

func (d insistent) Woken(w *Worker, c *Conn) {
	w.Out = append(w.Out, '.')
	d.talk.Woken(w, c)
}

// A peer that reads no more may still write, later: until then nobody waits for it in a turn.
func TestAPeerThatReadsNoMore(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		d := newTalk(t, nil, true)
		l := r.one().Link(&LinkOptions{Key: LinkKey{To: socket.Address{Path: path}}, Connect: patience, Write: patience},
			func(*Conn) LinkDriver { return insistent{d} })
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.(*net.UnixConn).CloseRead()
		await(t, "connection", d.connected)
		for range 3 {
			l.Wake()
			await(t, "wake", d.woken)
		}
		c.Write([]byte("word"))
		if got := await(t, "word", d.received); got != "word" {
			t.Errorf("%q", got)
		}
	})
}

// A server that has ended makes no links.
func TestNoLinkAfterTheEnd(t *testing.T) {
	r := start(t, Options{Architecture: Events}, Settings{})
	here := r.one()
	r.Close()
	if here.Link(&LinkOptions{Connect: patience}, func(*Conn) LinkDriver { return newTalk(t, nil, true) }) != nil {
		t.Error("a link was made")
	}
	if open, _ := r.Links(); open != 0 {
		t.Errorf("%d links are open", open)
	}
}
