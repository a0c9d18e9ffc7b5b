package link

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"

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
	before, missing := t.net.status(name)
	for range t.info.Queues {
		fd, err := openTAPQueue(name, t.info.Queues > 1, o.Wire)
		if err != nil {
			return nil, err
		}
		t.queues = append(t.queues, newTAPQueue(fd, o))
		if before.carrier { // an interface for several queues takes anybody's, and spreads the flows over all
			return nil, errInUse
		}
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

var errInUse = errors.New("another program uses the interface")

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
		return -1, errInUse
	case errors.Is(err, unix.EINVAL) && !isTap(name):
		return -1, fmt.Errorf("%s exists and is no TAP interface: did you mean packet:%[1]s?", name)
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

// isTap reports whether an interface is one of the TUN/TAP driver's, as far as it can be found out.
func isTap(name string) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	return err != nil || unix.ByteSliceToString(info.Driver[:]) == "tun"
}
