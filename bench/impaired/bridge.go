//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack/link"
)

// bridge forwards frames between two interfaces. Those of IPv4 are impaired; a lost ARP would only add a second that
// says nothing about TCP.
type bridge struct {
	a, b int
	how  [2]atomic.Pointer[link.Impairment] // news for each direction
}

func newBridge(a, b string) (*bridge, error) {
	br := &bridge{}
	var err error
	if br.a, err = packetSocket(a); err != nil {
		return nil, err
	}
	if br.b, err = packetSocket(b); err != nil {
		return nil, err
	}
	go br.forward(br.a, br.b, 0)
	go br.forward(br.b, br.a, 1)
	return br, nil
}

func packetSocket(name string) (int, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return -1, err
	}
	all := binary.BigEndian.Uint16([]byte{0, unix.ETH_P_ALL})
	protocol := all<<8 | all>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		return -1, err
	}
	err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: i.Index})
	for _, o := range []struct{ level, name, value int }{
		{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1},
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32 << 20},
		{unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 32 << 20},
	} {
		if err == nil {
			err = unix.SetsockoptInt(fd, o.level, o.name, o.value)
		}
	}
	return fd, err
}

// set changes how frames are treated from now on.
func (br *bridge) set(how link.Impairment) {
	back := how
	back.Seed += 1 << 32 // the directions have luck of their own
	br.how[0].Store(&how)
	br.how[1].Store(&back)
}

// forward is the life of one direction.
func (br *bridge) forward(from, to, direction int) {
	begin := time.Now()
	now := func() int64 { return int64(time.Since(begin)) + 1 }
	im := link.NewImpairer(link.Impairment{})
	buf := make([]byte, 1<<16)
	fds := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}}
	send := func(frame []byte) {
		if _, err := unix.Write(to, frame); err != nil && err != unix.ENOBUFS {
			fmt.Fprintln(os.Stderr, "forward:", err)
		}
	}
	for {
		var wait *unix.Timespec
		if at := im.Deadline(); at != 0 {
			t := unix.NsecToTimespec(max(at-now(), 0))
			wait = &t
		} else {
			t := unix.NsecToTimespec(int64(50 * time.Millisecond)) // news are looked for
			wait = &t
		}
		unix.Ppoll(fds, wait, nil)
		if how := br.how[direction].Swap(nil); how != nil {
			im = link.NewImpairer(*how) // what was on its way belonged to a transfer that is over
		}
		for range 64 {
			n, _, err := unix.Recvfrom(from, buf, unix.MSG_DONTWAIT)
			if err != nil {
				break
			}
			if frame := buf[:n]; n > 13 && frame[12] == 8 && frame[13] == 0 {
				im.Add(now(), link.Frame{Data: frame})
			} else {
				send(frame)
			}
		}
		for f, ok := im.Due(now()); ok; f, ok = im.Due(now()) {
			send(f.Data)
		}
	}
}
