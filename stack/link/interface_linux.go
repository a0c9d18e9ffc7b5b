package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// network asks the kernel about interfaces, in the network namespace in which it was opened, from whichever thread.
type network struct {
	mu  sync.Mutex // queues on several goroutines may ask for their counters
	fd  int
	buf [8192]byte
}

// status is what the kernel says of an interface.
type status struct {
	index   int
	mtu     int
	mac     MAC
	carrier bool   // of a TAP: a program is at its other end
	txDrops uint64 // frames for us that the interface had no room for
}

func openNetwork() (*network, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	return &network{fd: fd}, nil
}

func (n *network) close() { unix.Close(n.fd) }

// status asks about an interface by name: RTM_GETLINK of rtnetlink(7).
func (n *network) status(name string) (s status, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	value := append([]byte(name), 0)
	req := make([]byte, 0, 64)
	total := unix.SizeofNlMsghdr + unix.SizeofIfInfomsg + unix.SizeofRtAttr + (len(value)+3)&^3
	req = binary.NativeEndian.AppendUint32(req, uint32(total))
	req = binary.NativeEndian.AppendUint16(req, unix.RTM_GETLINK)
	req = binary.NativeEndian.AppendUint16(req, unix.NLM_F_REQUEST)
	req = append(req, make([]byte, 8+unix.SizeofIfInfomsg)...)
	req = binary.NativeEndian.AppendUint16(req, uint16(unix.SizeofRtAttr+len(value)))
	req = binary.NativeEndian.AppendUint16(req, unix.IFLA_IFNAME)
	req = append(req, value...)
	req = append(req, make([]byte, total-len(req))...)
	if err := unix.Sendto(n.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return s, os.NewSyscallError("sendto", err)
	}
	got, _, err := unix.Recvfrom(n.fd, n.buf[:], 0)
	if err != nil {
		return s, os.NewSyscallError("recvfrom", err)
	}
	messages, err := syscall.ParseNetlinkMessage(n.buf[:got])
	if err != nil || len(messages) == 0 {
		return s, fmt.Errorf("asking about interface %s: no answer that can be read", name)
	}
	m := messages[0]
	if m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4 {
		return s, syscall.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
	}
	attrs, err := syscall.ParseNetlinkRouteAttr(&m)
	if err != nil || len(m.Data) < unix.SizeofIfInfomsg {
		return s, fmt.Errorf("asking about interface %s: no answer that can be read", name)
	}
	s.index = int(binary.NativeEndian.Uint32(m.Data[4:]))
	for _, a := range attrs {
		switch {
		case a.Attr.Type == unix.IFLA_ADDRESS && len(a.Value) == len(s.mac):
			s.mac = MAC(a.Value)
		case a.Attr.Type == unix.IFLA_MTU && len(a.Value) >= 4:
			s.mtu = int(binary.NativeEndian.Uint32(a.Value))
		case a.Attr.Type == unix.IFLA_CARRIER && len(a.Value) >= 1:
			s.carrier = a.Value[0] != 0
		case a.Attr.Type == unix.IFLA_STATS64 && len(a.Value) >= 64: // struct rtnl_link_stats64
			s.txDrops = binary.NativeEndian.Uint64(a.Value[7*8:])
		}
	}
	return s, nil
}

// setUp does what `ip link set … up` does.
func setUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		return os.NewSyscallError("SIOCGIFFLAGS", err)
	}
	ifr.SetUint16(ifr.Uint16() | unix.IFF_UP)
	return os.NewSyscallError("SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr))
}

// checkName says what is wrong with an interface's name before the kernel says EINVAL.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("an interface needs a name, such as tap0")
	case len(name) >= unix.IFNAMSIZ:
		return fmt.Errorf("the interface name %q is too long: it has %d bytes, and the system allows %d", name, len(name), unix.IFNAMSIZ-1)
	case name == "." || name == ".." || strings.ContainsAny(name, "/: \t\n\x00%"):
		return fmt.Errorf("the interface name %q has a character that the system does not allow", name)
	}
	return nil
}
