package e2e

import (
	"bufio"
	wire "encoding/binary" // binary is the program to test
	"errors"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recorder records the frames that pass an interface, as the kernel sees them, into a capture file. It loses none: the kernel
// keeps what passes while this process waits for a processor, up to recorderRoom, and what did not fit would be an error.
type recorder struct {
	socket *os.File
	file   *os.File
	out    *bufio.Writer
	over   chan error

	frame, control []byte // what was read last
}

// recorderRoom is how much memory frames may take that were not read yet. They are charged with what the kernel keeps them in.
const recorderRoom = 512 << 20

// recorderSnap is more than any frame has: 64 KiB of a super-segment, and its headers.
const recorderSnap = 128 << 10

// record begins to record what passes an interface of the lab's namespace.
func (l *lab) record(path, device string) (*recorder, error) {
	if l.ns == nil {
		return nil, errors.New("frames are recorded in namespaces only")
	}
	var fd int
	var err error
	l.ns.do(func() { fd, err = packetSocket(device) })
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", device, err)
	}
	r := &recorder{socket: os.NewFile(uintptr(fd), device), over: make(chan error, 1),
		frame: make([]byte, recorderSnap), control: make([]byte, unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))))}
	if r.file, err = os.Create(path); err != nil {
		r.socket.Close()
		return nil, err
	}
	r.out = bufio.NewWriterSize(r.file, 1<<20)
	go func() { r.over <- r.run() }()
	return r, nil
}

// packetSocket is a packet socket that gets everything that passes an interface in either direction, with the time. It is
// opened in the namespace of the thread.
func packetSocket(device string) (int, error) {
	i, err := net.InterfaceByName(device)
	if err != nil {
		return -1, err
	}
	// Protocol 0 gets nothing before the socket is bound to its interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, recorderRoom)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err == nil {
		all := wire.NativeEndian.Uint16(wire.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index})
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// run writes what comes until the socket's deadline, and then what has come by then.
func (r *recorder) run() error {
	// A capture file (draft-ietf-opsawg-pcap) with nanoseconds, of Ethernet.
	head := wire.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	head = append(head, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	head = wire.LittleEndian.AppendUint32(head, recorderSnap)
	head = wire.LittleEndian.AppendUint32(head, 1)
	r.out.Write(head)
	conn, err := r.socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Read(func(fd uintptr) bool {
		failed = r.take(int(fd))
		return failed != nil
	})
	if failed == nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		failed = err
	}
	var stats *unix.TpacketStats
	err = conn.Control(func(fd uintptr) {
		if failed == nil {
			failed = r.take(int(fd))
		}
		if failed == nil {
			stats, failed = unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
		}
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return err
	case stats.Drops != 0:
		return fmt.Errorf("the recording is not complete: %d of %d frames were lost", stats.Drops, stats.Packets)
	}
	return nil
}

// take writes the frames that have come.
func (r *recorder) take(fd int) error {
	for {
		n, controls, flags, _, err := unix.Recvmsg(fd, r.frame, r.control, 0)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case flags&unix.MSG_TRUNC != 0:
			return fmt.Errorf("a frame is longer than %d bytes", recorderSnap)
		}
		seconds, nanos := uint32(0), uint32(0)
		told, _ := unix.ParseSocketControlMessage(r.control[:controls])
		for _, m := range told {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
				at := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
				seconds, nanos = uint32(at.Sec), uint32(at.Nsec)
			}
		}
		head := wire.LittleEndian.AppendUint32(nil, seconds)
		head = wire.LittleEndian.AppendUint32(head, nanos)
		head = wire.LittleEndian.AppendUint32(head, uint32(n))
		head = wire.LittleEndian.AppendUint32(head, uint32(n))
		r.out.Write(head)
		if _, err := r.out.Write(r.frame[:n]); err != nil {
			return err
		}
	}
}

// stop ends the recording, which must be complete.
func (r *recorder) stop() error {
	// What the programs have left to each other may still be on its way: the last acknowledgements.
	time.Sleep(100 * time.Millisecond)
	r.socket.SetReadDeadline(time.Now())
	defer r.kill()
	if err := <-r.over; err != nil {
		return fmt.Errorf("recording %s: %w", r.socket.Name(), err)
	}
	if err := r.out.Flush(); err != nil {
		return err
	}
	return r.file.Close()
}

// kill gives the recording up, if it was not ended.
func (r *recorder) kill() {
	r.socket.Close()
	r.file.Close()
}
