package link

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// OpenTAP attaches to the TAP interface of this name, as a station on a cable whose other end the interface is. An
// interface that is missing is made and set up, and vanishes with Close; its other end has no address then, which `ip addr
// add` gives it. One that is made before with `ip tuntap add dev … mode tap user …` needs no privilege here.
func OpenTAP(name string, o TAPOptions) (Adapter, error) {
	a, err := openTAP(name, o)
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", name, err)
	}
	return a, nil
}

type tap struct {
	info   Info
	net    *network
	queues []*tapQueue
}

func openTAP(name string, o TAPOptions) (_ *tap, err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	t := &tap{info: Info{Name: name, Kind: "tap", Queues: max(o.Queues, 1)}}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if t.net, err = openNetwork(); err != nil {
		return nil, err
	}
	_, missing := t.net.status(name)
	for range t.info.Queues {
		fd, err := openTAPQueue(name, t.info.Queues > 1, o.Wire)
		if err != nil {
			return nil, err
		}
		t.queues = append(t.queues, newTAPQueue(fd, o))
	}
	if missing != nil {
		if err := setUp(name); err != nil {
			return nil, err
		}
	}
	s, err := t.net.status(name)
	if err != nil {
		return nil, err
	}
	t.queues[0].net, t.queues[0].name, t.queues[0].lost = t.net, name, s.txDrops
	t.info.MTU = s.mtu
	if t.info.MAC = o.MAC; o.MAC == (MAC{}) {
		t.info.MAC = besides(name, s.mac)
	}
	if t.info.MAC == s.mac || t.info.MAC.IsMulticast() {
		return nil, fmt.Errorf("the address %s is %s: a TAP needs one of its own, such as %s", t.info.MAC,
			map[bool]string{true: "a group's", false: "the interface's"}[t.info.MAC.IsMulticast()], besides(name, s.mac))
	}
	if !o.Wire {
		t.info.Offloads = Offloads{TxChecksum: true, RxChecksum: true, TSO4: true, TSO6: true, MaxSegment: maxSuper}
	}
	return t, nil
}

// openTAPQueue opens one queue of the interface, and makes the interface when it is missing.
func openTAPQueue(name string, several, wire bool) (fd int, err error) {
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV):
		return -1, errors.New("this system has no /dev/net/tun: load the module with `modprobe tun`")
	case err != nil:
		return -1, fmt.Errorf("/dev/net/tun: %w: give the user access to it", err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return -1, err
	}
	flags := uint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	attach := func(flags uint16) error {
		ifr.SetUint16(flags)
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if several {
		err = attach(flags | unix.IFF_MULTI_QUEUE)
	} else if err = attach(flags); errors.Is(err, unix.EINVAL) { // one queue of an interface made for several
		err = attach(flags | unix.IFF_MULTI_QUEUE)
	}
	switch {
	case errors.Is(err, unix.EPERM):
		return -1, fmt.Errorf("%w: this needs CAP_NET_ADMIN: run as root, or make the interface for your user with"+
			" `ip tuntap add dev %s mode tap user $USER`, or give the program the capability with `setcap cap_net_admin+ep`", unix.EPERM, name)
	case errors.Is(err, unix.EBUSY):
		return -1, errors.New("another program uses the interface")
	case errors.Is(err, unix.EINVAL):
		return -1, fmt.Errorf("the interface exists and is no TAP interface%s", map[bool]string{
			true: " with several queues, which `ip tuntap add … mode tap multi_queue` makes"}[several])
	case err != nil:
		return -1, os.NewSyscallError("TUNSETIFF", err)
	}
	offload := unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6
	if wire {
		offload = 0
	}
	if err = unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, offload); err != nil {
		return -1, os.NewSyscallError("TUNSETOFFLOAD", err)
	}
	// Another program may have left the header of an existing interface longer.
	if err = unix.IoctlSetPointerInt(fd, unix.TUNSETVNETHDRSZ, vnetLen); err != nil {
		return -1, os.NewSyscallError("TUNSETVNETHDRSZ", err)
	}
	return fd, nil
}

// besides makes our address from the interface's: locally administered, and the same for as long as the interface exists.
func besides(name string, its MAC) MAC {
	h := fnv.New64a()
	h.Write([]byte(name))
	h.Write(its[:])
	m := MAC(h.Sum(nil)[:6])
	m[0] = m[0]&^3 | 2
	if m == its {
		m[5]++
	}
	return m
}

func (t *tap) Info() Info        { return t.info }
func (t *tap) Queue(i int) Queue { return t.queues[i] }

func (t *tap) Close() error {
	for _, q := range t.queues {
		q.park.close()
		unix.Close(q.fd)
	}
	t.queues = nil
	if t.net != nil {
		t.net.close()
		t.net = nil
	}
	return nil
}

// tapQueue is one descriptor of the interface. Each read and each write is one frame: the interface knows no other way. The
// calls are raw: they cannot block, so the scheduler need not know. A write runs the kernel's whole receive path.
type tapQueue struct {
	fd   int
	wire bool
	park parking

	// Frames are read one behind the other into the arena, each with room for the longest, of which it keeps what it needs.
	// So a batch of short frames is a few cache lines apart, and a super-segment lies in one piece.
	arena []byte
	used  int   // bytes of the arena that the last Receive gave out
	ahead Frame // read while parking; the next Receive begins with it

	out     []byte // one frame to be sent, behind its header
	pending int    // bytes in out that the interface has not taken
	full    bool   // Reserve has returned nil since the last wait
	report  error  // for Flush
	down    bool

	net  *network // of the first queue only: the kernel counts its drops for the interface
	name string
	lost uint64 // drops of the interface before it was opened
	c    Counters
}

const arenaDefault = 256 << 10

func newTAPQueue(fd int, o TAPOptions) *tapQueue {
	if o.Ring <= 0 {
		o.Ring = arenaDefault
	}
	q := &tapQueue{fd: fd, wire: o.Wire, arena: make([]byte, max(o.Ring, 2*tapRead)), out: make([]byte, 2048)}
	q.park.fd, q.park.ready = fd, q.readAhead
	return q
}

const tapRead = vnetLen + MaxFrame

// What a read found.
type found uint8

const (
	foundNone found = iota
	foundFrame
	foundMalformed
	foundGone
)

// read takes one frame into the arena, from the offset given on.
func (q *tapQueue) read(at int) (f Frame, end int, what found) {
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(q.fd), uintptr(unsafe.Pointer(&q.arena[at])), tapRead)
		switch errno {
		case 0:
			if n < vnetLen {
				q.c.Malformed++
				reasonMalformed.Reach()
				return f, at, foundMalformed
			}
			b := q.arena[at+vnetLen : at+int(n) : at+int(n)]
			m, ok := parseVnet(q.arena[at:at+vnetLen], b)
			if !ok {
				q.c.Malformed++
				reasonMalformed.Reach()
				return f, at, foundMalformed
			}
			if q.wire {
				m.Checksum = ChecksumNone // verify it, as if it came over a cable
			}
			q.c.ReceivedFrames++
			q.c.ReceivedBytes += uint64(len(b))
			return Frame{b, m}, (at + int(n) + 63) &^ 63, foundFrame
		case unix.EAGAIN:
			return f, at, foundNone
		case unix.EINTR:
			continue
		}
		// EBADFD, and EFAULT while it is being removed: the descriptor has no interface any more.
		return f, at, foundGone
	}
}

func (q *tapQueue) Receive(frames []Frame) (n int, err error) {
	used := 0
	if q.ahead.Data != nil && len(frames) > 0 {
		frames[0], q.ahead.Data = q.ahead, nil
		n, used = 1, q.used
	}
	for n < len(frames) {
		if len(q.arena)-used < tapRead {
			err = ErrMore
			break
		}
		f, end, what := q.read(used)
		if what == foundFrame {
			frames[n] = f
			n++
			used = end
			continue
		}
		if what == foundMalformed {
			continue
		}
		if what == foundGone {
			err = ErrGone
		}
		break
	}
	q.used = used
	return n, err
}

// readAhead is asked before the goroutine is parked and when the descriptor is ready. Only a read can tell.
func (q *tapQueue) readAhead() bool {
	for q.ahead.Data == nil {
		if len(q.arena)-q.used < tapRead {
			return true // no room beside what was given out; the next Receive has it
		}
		f, end, what := q.read(q.used)
		switch what {
		case foundFrame:
			q.ahead, q.used = f, end
		case foundNone:
			return false
		case foundGone:
			return true
		}
	}
	return true
}

func (q *tapQueue) Reserve(n int) []byte {
	if q.pending > 0 && !q.send() {
		q.c.TransmitFull++
		q.full = true
		reasonFull.Reach()
		return nil
	}
	if need := vnetLen + n; need > len(q.out) {
		q.out = make([]byte, max(need, tapRead))
	}
	return q.out[vnetLen : vnetLen+n : vnetLen+n]
}

// Commit sends at once: the interface takes frames one by one, and who waits for this one can begin meanwhile.
func (q *tapQueue) Commit(n int, m Meta) {
	putVnet(q.out, m)
	q.pending = vnetLen + n
	q.send()
}

// send writes the pending frame. False: the interface takes no more now.
func (q *tapQueue) send() bool {
	for {
		_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(q.fd), uintptr(unsafe.Pointer(&q.out[0])), uintptr(q.pending))
		switch errno {
		case 0:
			q.c.SentFrames++
			q.c.SentBytes += uint64(q.pending - vnetLen)
			q.down = false
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			q.refuse(errno)
		}
		q.pending = 0
		return true
	}
}

// refuse gives a frame up that the kernel will never take.
func (q *tapQueue) refuse(errno syscall.Errno) {
	q.c.Refused++
	reasonRefused.Reach()
	switch errno {
	case unix.EIO: // the interface is down
		if !q.down {
			q.down = true
			q.c.Downs++
			q.report = ErrDown
			reasonDown.Reach()
		}
	case unix.EBADFD, unix.EFAULT:
		q.report = ErrGone
	}
}

func (q *tapQueue) Flush() error {
	if q.pending > 0 {
		q.send()
	}
	err := q.report
	q.report = nil
	return err
}

func (q *tapQueue) Descriptor() int { return q.fd }
func (q *tapQueue) Interrupt()      { q.park.interrupt() }

func (q *tapQueue) Wait(until, now int64) error {
	full := q.full
	q.full = false
	return q.park.wait(until, now, full)
}

func (q *tapQueue) Counters() Counters {
	if q.net != nil {
		if s, err := q.net.status(q.name); err == nil && s.txDrops-q.lost > q.c.Overruns {
			reasonOverrun.Reach() // once for all that were lost since the last look
			q.c.Overruns = s.txDrops - q.lost
		}
	}
	return q.c
}
