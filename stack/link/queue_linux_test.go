package link

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// datagramPair is a pair of descriptors that keep the bounds of what is written, as an interface's do, and are full after
// little. One is for a queue; the other is the test's, and plays the kernel.
func datagramPair(t *testing.T) (ours, kernel int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<20)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// descriptorQueues are the queues that send to a descriptor, on a pair of the test's.
func descriptorQueues(t *testing.T, test func(t *testing.T, q Queue, kernel int)) {
	t.Run("tap", func(t *testing.T) {
		fd, kernel := datagramPair(t)
		q := newTAPQueue(fd, TAPOptions{})
		t.Cleanup(q.park.close)
		test(t, q, kernel)
	})
	t.Run("packet", func(t *testing.T) {
		fd, kernel := datagramPair(t)
		q := newPacketQueue(fd)
		q.idle = true // it has no ring
		t.Cleanup(q.park.close)
		test(t, q, kernel)
	})
}

func TestNothingIsLostWhenTheKernelTakesNoMore(t *testing.T) {
	descriptorQueues(t, func(t *testing.T, q Queue, kernel int) {
		frame := make([]byte, 1000)
		committed := 0
		for ; committed < 10000; committed++ {
			b := q.Reserve(len(frame))
			if b == nil {
				break
			}
			binary.BigEndian.PutUint32(b, uint32(committed))
			q.Commit(len(frame), Meta{})
		}
		if committed == 10000 || q.Flush() != nil || q.Counters().TransmitFull != 1 {
			t.Fatalf("after %d frames: %+v", committed, q.Counters())
		}
		start := time.Now()
		if q.Wait(int64(time.Hour), 1); time.Since(start) > time.Second {
			t.Error("a wait for room took", time.Since(start))
		}
		var buf [2000]byte
		for i := range committed {
			n, err := unix.Read(kernel, buf[:])
			if err == unix.EAGAIN {
				q.Flush() // there is room again
				n, err = unix.Read(kernel, buf[:])
			}
			if err != nil || n != vnetLen+len(frame) || binary.BigEndian.Uint32(buf[vnetLen:]) != uint32(i) {
				t.Fatalf("frame %d: %d bytes, %v, number %d", i, n, err, binary.BigEndian.Uint32(buf[vnetLen:]))
			}
		}
		if q.Reserve(1) == nil {
			t.Error("there is room again, and none is given")
		}
		if c := q.Counters(); c.SentFrames != uint64(committed) || c.SentBytes != uint64(committed*len(frame)) || c.Refused != 0 {
			t.Errorf("%d frames were committed, counters %+v", committed, c)
		}
	})
}

func TestFramesThatTheKernelRefusesAreCounted(t *testing.T) {
	fd, _ := datagramPair(t)
	q := newPacketQueue(fd)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1)
	big := q.Reserve(60000) // EMSGSIZE: longer than the buffer
	q.Commit(len(big), Meta{})
	q.Commit(len(q.Reserve(100)), Meta{}) // and the next one leaves
	if err := q.Flush(); err != nil || q.Counters().Refused != 1 || q.Counters().SentFrames != 1 {
		t.Errorf("%v, counters %+v", err, q.Counters())
	}
}

func TestSendingDoesNotAllocate(t *testing.T) {
	descriptorQueues(t, func(t *testing.T, q Queue, kernel int) {
		buf := make([]byte, 2000)
		frame := make([]byte, 1000)
		round := func() {
			for range 3 {
				q.Commit(copy(q.Reserve(len(frame)), frame), Meta{})
			}
			q.Flush()
			for range 3 {
				if _, err := unix.Read(kernel, buf); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := testing.AllocsPerRun(100, round); n != 0 {
			t.Errorf("%v allocations for three frames", n)
		}
	})
}

// given writes frames to a TAP's queue, as the kernel does.
func given(t *testing.T, kernel int, m Meta, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		b := make([]byte, vnetLen)
		putVnet(b, m)
		if _, err := unix.Write(kernel, append(b, f...)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTAPReadsFramesBehindEachOther(t *testing.T) {
	fd, kernel := datagramPair(t)
	q := newTAPQueue(fd, TAPOptions{Ring: 1})
	var want [][]byte
	for i := range 6 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, []int{60, 1514, 65000, 61, 60000, 14}[i]))
	}
	given(t, kernel, Meta{}, want...)
	frames := make([]Frame, 8)
	var got [][]byte
	looks := 0
	for {
		n, err := q.Receive(frames)
		for i, f := range frames[:n] {
			if i > 0 && &frames[i-1].Data[0] == &f.Data[0] {
				t.Fatal("two frames share their memory")
			}
			got = append(got, bytes.Clone(f.Data))
		}
		looks++
		if err == nil {
			break
		}
		if err != ErrMore || n == 0 {
			t.Fatal(n, err)
		}
	}
	if len(got) != len(want) || looks != 2 { // room for two of the longest at a time
		t.Fatalf("%d frames in %d looks", len(got), looks)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("frame %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
		}
	}
}

func TestTAPGoesOnAfterAFrameThatMakesNoSense(t *testing.T) {
	fd, kernel := datagramPair(t)
	q := newTAPQueue(fd, TAPOptions{})
	unix.Write(kernel, []byte("short"))
	given(t, kernel, Meta{Checksum: ChecksumPartial, Start: 60, Offset: 16}, make([]byte, 60))
	given(t, kernel, Meta{}, []byte("good"))
	frames := make([]Frame, 8)
	if n, err := q.Receive(frames); n != 1 || err != nil || string(frames[0].Data) != "good" || q.Counters().Malformed != 2 {
		t.Errorf("%d frames, %v, counters %+v", n, err, q.Counters())
	}
	unix.Write(kernel, []byte("short"))
	given(t, kernel, Meta{}, []byte("good"))
	if q.Wait(0, 1); q.ahead.Data == nil {
		t.Error("Wait did not end with the frame behind one that makes no sense")
	}
}

func TestTAPWaits(t *testing.T) {
	fd, kernel := datagramPair(t)
	q := newTAPQueue(fd, TAPOptions{Ring: 1})
	defer q.park.close()
	waits(t, q)
	frames := make([]Frame, 8)
	for range 50 { // a frame ends the wait, and is not lost by it, nor are those before it changed
		go unix.Write(kernel, append(make([]byte, vnetLen), "later"...))
		before := "first"
		given(t, kernel, Meta{}, []byte(before))
		var all []string
		for len(all) < 2 {
			n, err := q.Receive(frames)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range frames[:n] {
				all = append(all, string(f.Data))
			}
			held := ""
			if n > 0 {
				held = string(frames[0].Data)
			}
			if len(all) < 2 {
				q.Wait(0, 1)
			}
			if n > 0 && string(frames[0].Data) != held {
				t.Fatalf("Wait changed a frame that was given out to %q", frames[0].Data)
			}
		}
	}
	q.used = len(q.arena) // what was given out leaves no room to read ahead: look instead
	q.Wait(0, 1)
	if q.Descriptor() != fd {
		t.Error("another descriptor")
	}
}

func TestTAPReceivesWithoutAllocating(t *testing.T) {
	fd, kernel := datagramPair(t)
	q := newTAPQueue(fd, TAPOptions{})
	frames := make([]Frame, 8)
	frame := make([]byte, vnetLen+1000)
	if n := testing.AllocsPerRun(100, func() {
		for range 4 {
			unix.Write(kernel, frame)
		}
		if n, _ := q.Receive(frames); n != 4 {
			t.Fatal(n)
		}
	}); n != 0 {
		t.Errorf("%v allocations for four frames", n)
	}
}

func TestWaitingHoldsNoThread(t *testing.T) {
	threads := func() int {
		all, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Skip(err)
		}
		return len(all)
	}
	const queues = 200
	var all []*tapQueue
	done := make(chan struct{})
	before := threads()
	for range queues {
		fd, _ := datagramPair(t)
		q := newTAPQueue(fd, TAPOptions{Ring: 1})
		all = append(all, q)
		go func() {
			q.Wait(0, 1)
			q.park.close()
			done <- struct{}{}
		}()
	}
	for _, q := range all {
		for !q.park.asleep.Load() {
			runtime.Gosched()
		}
	}
	if n := threads() - before; n > 20 {
		t.Errorf("%d goroutines wait, and there are %d threads more", queues, n)
	}
	for _, q := range all {
		q.Interrupt()
		<-done
	}
}

// TestEpollOfSomebodyElse: an owner with an epoll set of its own, edge-triggered, sees every frame.
func TestEpollOfSomebodyElse(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		a, _ := openedTAP(t, TAPOptions{})
		pair(t)
		ip(t, "addr del 198.18.0.1/24 dev veth1")
		p, err := OpenPacket("veth0", PacketOptions{Ring: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		ip(t, "addr add 198.18.1.1/24 dev veth1")
		ip(t, "neigh replace 198.18.1.2 lladdr "+p.Info().MAC.String()+" dev veth1 nud permanent")
		epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(epfd)
		queues := []Queue{a.Queue(0), p.Queue(0)}
		for i, q := range queues {
			ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET&0xffffffff, Fd: int32(i)}
			if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, q.Descriptor(), &ev); err != nil {
				t.Fatal(err)
			}
		}
		fd := udpSocket(t)
		counts := [2]int{}
		frames := make([]Frame, 4)
		events := make([]unix.EpollEvent, 4)
		look := func(timeout int) int {
			n, err := unix.EpollWait(epfd, events, timeout)
			if err != nil && err != unix.EINTR {
				t.Fatal(err)
			}
			for _, e := range events[:max(n, 0)] {
				for {
					n, err := queues[e.Fd].Receive(frames)
					for _, f := range frames[:n] {
						if len(f.Data) > 34 && f.Data[23] == 17 {
							counts[e.Fd]++
						}
					}
					if n < len(frames) && err == nil {
						break
					}
				}
			}
			return n
		}
		for round := range 200 {
			for i, to := range [][4]byte{{198, 18, 0, 2}, {198, 18, 1, 2}} {
				for range round%3 + 1 {
					if err := unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: 9, Addr: to}); err != nil {
						t.Fatal(err)
					}
				}
				for want := counts[i] + round%3 + 1; counts[i] < want; {
					if look(5000) == 0 {
						t.Fatalf("round %d: no event, and %d frames are missing", round, want-counts[i])
					}
				}
			}
		}
	})
}

func TestForwarderBetweenTwoInterfaces(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		// The kernel is at both ends: 198.18.0.1 behind veth1, and 198.18.0.2 behind tap0 in a namespace of a second thread.
		pair(t)
		feature(t, "veth1", unix.ETHTOOL_STXCSUM, 0)
		a, err := OpenPacket("veth0", PacketOptions{MAC: MAC{2, 1, 1, 1, 1, 1}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		type far struct {
			adapter Adapter
			conn    *net.UDPConn
		}
		opened := make(chan far)
		go func() {
			var f far
			defer func() { opened <- f }()
			runtime.LockOSThread()
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				t.Error(err)
				return
			}
			b, err := OpenTAP("tap0", TAPOptions{Wire: true})
			if err != nil {
				t.Error(err)
				return
			}
			f.adapter = b
			ip(t, "addr add 198.18.0.2/24 dev tap0")
			c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: ourAddr.AsSlice(), Port: 9})
			if err != nil {
				t.Error(err)
				return
			}
			f.conn = c
		}()
		other := <-opened
		if other.adapter != nil {
			defer other.adapter.Close()
		}
		if other.conn == nil {
			return
		}
		defer other.conn.Close()
		f := NewForwarder(a, other.adapter, Impairment{Delay: 20 * time.Millisecond}, Impairment{Delay: 10 * time.Millisecond, Duplicate: 100})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx) }()
		near := kernelUDP(t)
		start := time.Now()
		var buf [64]byte
		for _, c := range []*net.UDPConn{near, other.conn} {
			c.SetReadDeadline(time.Now().Add(time.Minute))
		}
		near.Write([]byte("there")) // after an ARP request and two answers
		n, from, err := other.conn.ReadFromUDP(buf[:])
		if err != nil || string(buf[:n]) != "there" || time.Since(start) < 49*time.Millisecond {
			t.Errorf("%q, %v after %v", buf[:n], err, time.Since(start))
		}
		other.conn.WriteToUDP([]byte("back"), from)
		for range 2 {
			if n, err := near.Read(buf[:]); err != nil || string(buf[:n]) != "back" {
				t.Errorf("%q, %v: want the answer twice", buf[:n], err)
			}
		}
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Run ended with %v", err)
		}
		if ab, ba := f.Counters(); ab.Delayed < 2 || ba.Duplicated < 2 {
			t.Errorf("counters %+v, %+v", ab, ba)
		}
	})
}

// BenchmarkFramesOverTAP says what a frame received and one sent cost, the kernel's part of them included.
func BenchmarkFramesOverTAP(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("needs root, for a network namespace")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			b.Error(err)
			return
		}
		opened, err := OpenTAP("tap0", TAPOptions{})
		if err != nil {
			b.Error(err)
			return
		}
		a := opened.(*tap)
		defer a.Close()
		s, err := a.net.status("tap0")
		if err != nil {
			b.Error(err)
			return
		}
		for _, args := range []string{"addr add 198.18.0.1/24 dev tap0", "neigh replace 198.18.0.2 lladdr " + a.info.MAC.String() + " dev tap0"} {
			if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
				b.Errorf("ip %s: %s", args, out)
				return
			}
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			b.Error(err)
			return
		}
		defer unix.Close(fd)
		unix.Bind(fd, &unix.SockaddrInet4{Port: 7, Addr: kernelAddr.As4()})
		unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: ourAddr.As4()})
		payload := make([]byte, 1000)
		reply := toKernel(s.mac, a.info.MAC, 17, datagram(string(payload)), 6, true)
		q := a.Queue(0)
		frames := make([]Frame, 16)
		var ours int64
		for range b.N {
			unix.Write(fd, payload)
			before := threadCPU()
			n, _ := q.Receive(frames)
			for range n {
				q.Commit(copy(q.Reserve(len(reply)), reply), Meta{Checksum: ChecksumPartial, Start: 34, Offset: 6})
			}
			q.Flush()
			ours += threadCPU() - before
			unix.Read(fd, payload)
		}
		b.ReportMetric(float64(ours)/float64(b.N), "ns-of-ours/op")
	}()
	<-done
}

func threadCPU() int64 {
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return ts.Nano()
}
