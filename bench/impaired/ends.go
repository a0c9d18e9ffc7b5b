//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
)

// bytesOf is a transfer's content, the same at both ends.
func bytesOf(seed uint64, n int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	rand.NewChaCha8(key).Read(b)
	return b
}

// order is the first thing that a client says.
type order struct {
	Up    bool
	Seed  uint64
	Bytes uint64
}

// fetch is the client: it moves the bytes and measures from before the connect to the last one, or to the server's
// confirmation. The content is compared by its hash.
func fetch(r request) (answer, error) {
	content := bytesOf(r.Seed, r.Bytes)
	begin := time.Now()
	d := net.Dialer{Timeout: 30 * time.Second, Control: cubic}
	c, err := d.Dial("tcp", net.JoinHostPort(r.Address, serverPort))
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	c.SetDeadline(begin.Add(5 * time.Minute))
	if err := binary.Write(c, binary.BigEndian, order{r.Up, r.Seed, uint64(r.Bytes)}); err != nil {
		return answer{}, err
	}
	want := sha256.Sum256(content)
	got := make([]byte, sha256.Size)
	if r.Up {
		if _, err := c.Write(content); err != nil {
			return answer{}, err
		}
		_, err = io.ReadFull(c, got)
	} else {
		h := sha256.New()
		_, err = io.Copy(h, c)
		h.Sum(got[:0])
	}
	took := time.Since(begin)
	if err == nil && [sha256.Size]byte(got) != want {
		err = errors.New("the content arrived damaged")
	}
	return answer{Took: int64(took)}, err
}

// running is what the server has started.
var running func()

// counting is what is counted while it runs, when that is wanted.
var counting *tally

// serve is the server: one listener of the kernel or of the own stack at a time.
func serve(r request) (answer, error) {
	note := ""
	switch r.Do {
	case "kernel":
		lc := net.ListenConfig{Control: cubic}
		l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(r.Address, serverPort))
		if err != nil {
			return answer{}, err
		}
		running = func() { l.Close() }
		if r.Note {
			counting = begin(ofKernel, kernelState)
		}
		go accept(l)
	case "own":
		a, err := link.OpenPacket(r.Interface, link.PacketOptions{Wire: true, MAC: link.MAC{2, 0, 0, 0, 0, 3}})
		if err != nil {
			return answer{}, err
		}
		s, err := stack.New(stack.Config{Addresses: []netip.Prefix{netip.MustParsePrefix(r.Address + "/24")}}, a)
		if err != nil {
			return answer{}, err
		}
		s.Start()
		l, err := s.ListenTCP(net.JoinHostPort(r.Address, serverPort))
		if err != nil {
			return answer{}, err
		}
		running = func() { l.Close(); s.Stop(); s.Close() }
		if r.Note {
			again := new(uint64)
			counting = begin(func() map[string]uint64 { return ofOwn(again) }, stateOf(s, again))
		}
		go accept(l)
	case "stop":
		if counting != nil {
			note, counting = counting.end(), nil
		}
		running()
	default:
		return answer{}, fmt.Errorf("nobody knows how to %s", r.Do)
	}
	return answer{Note: note}, nil
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answerTo(c)
	}
}

func answerTo(c net.Conn) {
	defer c.Close()
	sender.Lock()
	sender.conn = c
	sender.Unlock()
	var o order
	if binary.Read(c, binary.BigEndian, &o) != nil || o.Bytes > 1<<30 {
		return
	}
	if !o.Up {
		c.Write(bytesOf(o.Seed, int(o.Bytes)))
		return
	}
	h := sha256.New()
	if _, err := io.CopyN(h, c, int64(o.Bytes)); err == nil {
		c.Write(h.Sum(nil))
	}
}
